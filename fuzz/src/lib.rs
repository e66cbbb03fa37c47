//! What is done with each input, and what must hold whatever it is. The fuzzer calls these, and so
//! does `tests/it/fuzz_seeds.rs`, which includes this file.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use gangway::api::{read_cursor, write_cursor};
use gangway::cyclr::{ReplyKind, Understood, parse_retry_after, read_reply, refusal_words};
use gangway::ids::{ConnectorId, CycleStepId, OnboardingId, TenantId};
use gangway::onboarding::{
    Blueprint, Part, Profile, Question, QuestionKey, QuestionKind, ReturnUrls, RuleValue, Target,
    TemplatePlan, TemplateRules, plan,
};
use gangway::secret::{MasterKey, Secret};
use gangway::web::{ColleagueGrant, LinkGrant, LinkKeys, read_json};
use uuid::Uuid;

/// A target, by the name of its seeds' folder.
pub type Body = fn(&[u8]);

pub const TARGETS: [(&str, Body); 7] = [
    ("cyclr_reply", cyclr_reply),
    ("cyclr_refusal", cyclr_refusal),
    ("retry_after", retry_after),
    ("link_token", link_token),
    ("cursor", cursor),
    ("blueprint", blueprint),
    ("answer", answer),
];

/// The first byte chooses what the rest is an answer to, counted from `A`.
pub fn cyclr_reply(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let kind = ReplyKind::ALL[usize::from(choice.wrapping_sub(b'A')) % ReplyKind::ALL.len()];
    let read = read_reply(kind, body);
    assert_eq!(read, read_reply(kind, body), "the same body reads the same");
    match read {
        // A text in it may be escaped twice over; what Gangway itself adds is bounded per object.
        Ok(understood) => {
            assert!(format!("{understood:?}").len() < 4_096 + 64 * body.len());
            if body.iter().all(u8::is_ascii_whitespace) {
                assert_eq!(understood, Understood::Done, "an empty body brings no object");
            }
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
}

/// The words of a refusal, with a bearer token and a credential that must not show.
pub fn cyclr_refusal(data: &[u8]) {
    let (bearer, credential) = ("bearer-canary", "credential-canary");
    for sent in [None, Some(Secret::from(credential))] {
        let words = refusal_words(data, Some(&Secret::from(bearer)), sent.as_ref());
        assert!(words.chars().count() <= 300, "{} characters", words.chars().count());
        assert!(!words.chars().any(char::is_control), "one line: {words:?}");
        assert!(!words.contains(bearer), "{words}");
        assert!(sent.is_none() || !words.contains(credential), "{words}");
    }
}

pub fn retry_after(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for now in [0, 1_700_000_000, 4_000_000_000] {
        let now = DateTime::<Utc>::from_timestamp(now, 0).unwrap_or_default();
        let wait = parse_retry_after(text, now);
        assert!(wait.is_none_or(|wait| wait.as_secs() <= 3_600), "{wait:?}");
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(!digits || wait.is_some(), "a number of seconds is always understood");
    }
}

fn keys(letter: &str) -> LinkKeys {
    let master = MasterKey::from_text(&letter.repeat(MasterKey::LEAST_CHARACTERS));
    LinkKeys::new(&master.unwrap_or_else(|| unreachable!("it is long enough")))
}

/// What comes in as a link or as a visit's cookie opens nothing, unless we made it.
pub fn link_token(data: &[u8]) {
    let (ours, foreign) = (keys("a"), keys("b"));
    if let Ok(text) = std::str::from_utf8(data) {
        if let Some(grant) = ours.read_link(text) {
            assert_eq!(ours.link_token(&grant), text, "only what we make is a link");
        }
        assert!(ours.read_session(text).is_none(), "nobody knows a session that is not open");
    }
    // One made for what the data says, and then altered as it says.
    let mut bytes = [0; 24];
    let length = data.len().min(bytes.len());
    bytes[..length].copy_from_slice(&data[..length]);
    let [id @ .., g1, g2, g3, g4, place, with, _, _] = bytes;
    let onboarding = OnboardingId(Uuid::from_bytes(id));
    let generation = i32::from_be_bytes([g1, g2, g3, g4]);
    let only = (with % 2 == 1).then(|| ColleagueGrant {
        connector: ConnectorId(generation.into()),
        turn: u32::from(place),
    });
    let grant = LinkGrant { onboarding, generation, only };
    let link = ours.link_token(&grant);
    assert_eq!(ours.read_link(&link), Some(grant), "ours reads back");
    assert_eq!(foreign.read_link(&link), None, "another deployment's is nobody's");
    let (session, cookie) = ours.open_session(grant);
    assert_eq!(ours.read_session(&cookie), Some(session));
    assert_eq!(foreign.read_session(&cookie), None);
    for (text, opens) in [
        (&link, (|keys, text| keys.read_link(text).is_some()) as fn(&LinkKeys, &str) -> bool),
        (&cookie, |keys, text| keys.read_session(text).is_some()),
    ] {
        let mut altered = text.clone().into_bytes();
        let place = usize::from(place) % altered.len();
        altered[place] = with & 0x7f;
        let altered = String::from_utf8_lossy(&altered);
        assert!(altered == text.as_str() || !opens(&ours, &altered), "altered: {altered:?}");
    }
}

pub fn cursor(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(id) = read_cursor(text)
    {
        assert_eq!(write_cursor(id), text, "only what we write is a cursor");
    }
    if let Some(bytes) = data.first_chunk() {
        let id = OnboardingId(Uuid::from_bytes(*bytes));
        assert_eq!(read_cursor(&write_cursor(id)), Some(id), "what we write reads back");
    }
}

/// What an operator publishes, and then what mapping makes of it for a tenant with hostile data.
pub fn blueprint(data: &[u8]) {
    let blueprint = match read_json::<Blueprint>(data) {
        Ok(blueprint) => blueprint,
        Err(error) => {
            assert!(error.detail.len() < 4_096);
            for field in error.fields {
                assert!(field.reason.len() < 2_048 && field.pointer.len() < 2_048);
            }
            return;
        }
    };
    let stored = serde_json::to_vec(&blueprint).unwrap_or_default();
    assert_eq!(read_json::<Blueprint>(&stored).ok().as_ref(), Some(&blueprint), "reads back");
    let mistakes = blueprint.mistakes();
    assert!(mistakes.iter().all(|mistake| mistake.reason.len() < 1_024));
    if mistakes.is_empty() {
        for template in &blueprint.templates {
            map(&blueprint, template);
        }
    }
}

fn map(blueprint: &Blueprint, template: &TemplatePlan) {
    let targets: Vec<_> = (0..).zip(&template.mapping).map(|(id, rule)| target(id, rule)).collect();
    let data = serde_json::json!({
        "a": "{{evil}}", "b": { "c": "x{{y" }, "d": 7, "list": [{ "c": "{evil" }], "words": ["{", "", "{"],
    });
    let profile = Profile {
        name: "{{Acme}}".to_owned(),
        timezone: Some("Europe/{{".to_owned()),
        locale: None,
        contact: None,
        named_account: None,
        data: data.as_object().cloned().unwrap_or_default(),
        return_urls: ReturnUrls::default(),
        tags: Vec::new(),
        metadata: serde_json::Map::new(),
        pages_url: None,
        retention_days: None,
        erased: None,
    };
    let Ok(tenant) = TenantId::parse("{{acme}}") else { return };
    let answer = |question: &Question| question.check("{{x}}", None, None).ok().flatten();
    let answers: BTreeMap<QuestionKey, String> = blueprint
        .questions
        .iter()
        .filter_map(|question| Some((question.key.clone(), answer(question)?)))
        .collect();
    let constant = |text: &str| {
        template.mapping.iter().any(|rule| rule.value == RuleValue::Constant(text.to_owned()))
    };
    let rules =
        TemplateRules { template: 0, rules: &template.mapping, questions: &blueprint.questions };
    if let Ok(plan) = plan(rules, &targets, (&tenant, &profile), &answers) {
        assert!(plan.writes.len() <= targets.len());
        for write in plan.writes {
            let value = write.setting.value();
            assert!(!value.contains("{{") || constant(value), "a merge field: {value}");
        }
    }
}

/// An input of Cyclr's that the rule fits.
fn target(id: i64, rule: &gangway::onboarding::Rule) -> Target {
    Target {
        step: CycleStepId(Uuid::from_u128(1)),
        step_name: rule.step.clone().unwrap_or_default(),
        part: if id % 2 == 0 { Part::Parameter } else { Part::Field },
        id,
        name: rule.target.clone(),
        help: None,
        required: id % 3 == 0,
        options: if id % 5 == 4 { vec!["7".to_owned()] } else { Vec::new() },
        lookup: None,
        mapped: false,
        value: None,
    }
}

/// The first byte chooses the kind of question.
pub fn answer(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let kinds = [
        QuestionKind::Text,
        QuestionKind::Number,
        QuestionKind::Boolean,
        QuestionKind::Email,
        QuestionKind::Url,
        QuestionKind::OneOf,
        QuestionKind::Date,
        QuestionKind::DateTime,
    ];
    let question = Question {
        key: QuestionKey("q".to_owned()),
        label: "Question".to_owned(),
        kind: kinds[usize::from(choice.wrapping_sub(b'A')) % kinds.len()],
        help: None,
        example: None,
        default: None,
        options: vec!["one".to_owned(), " two ".to_owned(), "{{three}}".to_owned()],
        required: choice % 2 == 0,
        lookup: None,
    };
    if let Ok(kept) = question.check(text, None, None) {
        assert!(kept.is_some() || !question.required);
        let kept = kept.unwrap_or_default();
        assert!(kept.chars().count() <= Question::LONGEST_ANSWER);
        assert!(!kept.contains("{{") && !kept.chars().any(char::is_control), "{kept:?}");
        assert!(
            question.check(&kept, None, None).is_ok_and(|again| again.unwrap_or_default() == kept)
        );
    }
}
