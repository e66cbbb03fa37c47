//! What holds of planning whatever the rules, the inputs at Cyclr and the tenant's data.

use std::collections::BTreeMap;

use proptest::bool::weighted;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::super::{Contact, ReturnUrls};
use super::*;

/// Pieces of which names, values and paths are made, so that they meet.
const WORDS: [&str; 12] =
    ["a", "b", "A", " a ", "0", "1", "{", "{{", "}}", "", "data", "tenant.name"];
const PATHS: [&str; 13] = [
    "tenant.id",
    "tenant.name",
    "tenant.timezone",
    "tenant.contact_email",
    "data.a",
    "data.a.0",
    "data.a.b",
    "data.a.0.b",
    "data.b.1.a.0",
    "data.0",
    "data",
    "data..",
    "",
];
const KEYS: [&str; 3] = ["one", "two", "three"];

fn word() -> impl Strategy<Value = String> {
    vec(select(&WORDS[..]), 0..4).prop_map(|words| words.concat())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            any_object(inner).prop_map(Value::Object),
        ]
    })
}

fn any_object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    btree_map(select(&WORDS[..]), inner, 0..4)
        .prop_map(|object| object.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn any_function() -> impl Strategy<Value = Function> {
    prop_oneof![
        select(vec![Function::Trim, Function::Lower, Function::Upper]),
        btree_map(word(), word(), 0..4).prop_map(Function::Map),
        word().prop_map(Function::Join),
        word().prop_map(Function::Prefix),
        word().prop_map(Function::Suffix),
    ]
}

fn any_value() -> impl Strategy<Value = RuleValue> {
    let path = prop_oneof![
        4 => select(&PATHS[..]).prop_map(SourcePath::from),
        1 => any::<String>().prop_map(|path| SourcePath::from(path.as_str())),
    ];
    let from = (path, vec(any_function(), 0..4), option::of(word()))
        .prop_map(|(path, apply, default)| RuleValue::From { path, apply, default });
    prop_oneof![
        1 => word().prop_map(RuleValue::Constant),
        4 => from,
        1 => select(&KEYS[..]).prop_map(|key| RuleValue::Ask(QuestionKey(key.to_owned()))),
        1 => Just(RuleValue::Ignore),
    ]
}

fn any_target(id: i64) -> impl Strategy<Value = Target> {
    let step = select(&[(1, "first"), (2, "second")][..]);
    let names = (step, select(&["a", "b", "c"][..]));
    let stands = (any::<bool>(), option::of(word()), option::weighted(0.3, vec(word(), 1..4)));
    (names, any::<bool>(), any::<bool>(), stands).prop_map(
        move |((step, name), field, required, (mapped, value, options))| Target {
            step: CycleStepId(uuid::Uuid::from_u128(step.0)),
            step_name: step.1.to_owned(),
            part: if field { Part::Field } else { Part::Parameter },
            id,
            name: name.to_owned(),
            help: None,
            required,
            options: options.unwrap_or_default(),
            lookup: None,
            mapped: mapped || value.is_some(),
            value,
        },
    )
}

/// Rules that mostly fit one of the targets.
fn any_rule() -> impl Strategy<Value = Rule> {
    let step = option::of(select(&["first", " SECOND"][..]).prop_map(str::to_owned));
    (step, select(&["a", "B ", "c"][..]), any_value()).prop_map(|(step, target, value)| Rule {
        step,
        target: target.to_owned(),
        value,
    })
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let contact = option::of(option::of(word()).prop_map(|email| Contact { name: None, email }));
    (word(), option::of(word()), contact, any_object(any_json())).prop_map(
        |(name, timezone, contact, data)| Profile {
            name,
            timezone,
            locale: None,
            contact,
            named_account: None,
            data,
            return_urls: ReturnUrls::default(),
            tags: Vec::new(),
            metadata: Map::new(),
            pages_url: None,
            retention_days: None,
            erased: None,
        },
    )
}

/// All that a plan is made of.
#[derive(Debug, Clone)]
struct World {
    rules: Vec<Rule>,
    questions: Vec<Question>,
    targets: Vec<Target>,
    profile: Profile,
    answers: BTreeMap<QuestionKey, String>,
}

fn any_world() -> impl Strategy<Value = World> {
    let targets = (0..5_i64).map(any_target).collect::<Vec<_>>();
    // A rule that fits nothing fails before anything else is looked at, so such worlds are few.
    let kept = (vec(any::<bool>(), 5), weighted(0.1));
    let one_of = any::<[bool; 3]>();
    (vec(any_rule(), 0..7), one_of, (targets, kept), any_profile(), vec(option::of(word()), 8))
        .prop_map(|(mut rules, one_of, (targets, (kept, strays)), profile, given)| {
            let targets: Vec<_> =
                targets.into_iter().zip(kept).filter_map(|(t, kept)| kept.then_some(t)).collect();
            rules.retain(|rule| strays || targets.iter().any(|target| rule.fits(target)));
            let questions: Vec<_> = KEYS.iter().zip(one_of).map(|(k, c)| question(k, c)).collect();
            let own: Vec<_> = targets.iter().map(question_for).collect();
            let answers = questions.iter().cloned().chain(own).zip(given);
            // As answers are kept: only what the question lets pass.
            let answers = answers.filter_map(|(question, given)| {
                Some((
                    question.key.clone(),
                    question.check(&given?, None, None).ok()?.unwrap_or_default(),
                ))
            });
            World { rules, targets, profile, answers: answers.collect(), questions }
        })
}

fn question(key: &str, choice: bool) -> Question {
    let kind = if choice { "one_of" } else { "text" };
    let question = json!({ "key": key, "label": key, "kind": kind, "required": false });
    serde_json::from_value(question).unwrap()
}

impl World {
    fn plan(&self) -> Result<Plan, RuleFailure> {
        let rules = TemplateRules { template: 7, rules: &self.rules, questions: &self.questions };
        let tenant = TenantId::parse("{{acme").unwrap();
        plan(rules, &self.targets, (&tenant, &self.profile), &self.answers)
    }

    fn target(&self, write: &Write) -> &Target {
        let mut targets = self.targets.iter();
        targets.find(|t| (t.step, t.part, t.id) == (write.step, write.part, write.id)).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_the_same_each_time_and_written_once(world in any_world()) {
        let planned = world.plan();
        prop_assert_eq!(&planned, &world.plan());
        let Ok(planned) = planned else { return Ok(()) };
        let mut written = world.clone();
        for write in &planned.writes {
            let id = world.target(write).id;
            let target = written.targets.iter_mut().find(|target| target.id == id).unwrap();
            prop_assert_ne!(target.value.as_deref(), Some(write.setting.value()));
            target.value = Some(write.setting.value().to_owned());
            target.mapped = true;
        }
        let again = written.plan();
        prop_assert!(again.is_ok(), "{:?}", again);
        prop_assert_eq!(again.unwrap_or_default().writes, vec![]);
    }

    #[test]
    fn a_merge_field_comes_from_a_constant_and_a_listed_value_from_the_list(world in any_world()) {
        let planned = world.plan().unwrap_or_default();
        for write in &planned.writes {
            let target = world.target(write);
            let value = write.setting.value();
            let listed = target.options.iter().any(|option| option == value);
            match &write.setting {
                Setting::Listed(_) => prop_assert!(listed),
                Setting::Static(_) => prop_assert!(!listed),
            }
            let fitting = || world.rules.iter().filter(|rule| rule.fits(target));
            let constant = fitting().any(|rule| matches!(rule.value, RuleValue::Constant(_)));
            prop_assert!(constant || !value.contains("{{"), "{}", value);
            let sourced = fitting().count() > 0 && fitting().all(|rule| rule.path().is_some());
            prop_assert!(!sourced || listed || target.options.is_empty(), "{}", value);
            prop_assert!(!value.is_empty() && value.chars().count() <= LONGEST_VALUE);
        }
        let mut keys: Vec<_> = planned.questions.iter().map(|question| &question.key).collect();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), planned.questions.len(), "each is asked once");
    }

    #[test]
    fn a_failure_names_a_rule_that_is_there_and_nothing_of_the_data(world in any_world()) {
        if let Err(failure) = world.plan() {
            let place = failure.pointer().strip_prefix("/templates/7/mapping/").unwrap();
            let place: usize = place.parse().unwrap();
            prop_assert!(place < world.rules.len());
            // The same rules for another tenant fail in the same words or not at all.
            let mut other = world.clone();
            other.profile.name = "canary".to_owned();
            other.profile.data = json!({ "a": "canary{{", "b": ["canary"], "0": "canary" })
                .as_object().cloned().unwrap();
            let shown = other.plan().err().map(|failure| failure.to_string()).unwrap_or_default();
            prop_assert!(!shown.contains("canary"), "{}", shown);
        }
    }

    #[test]
    fn any_rule_is_published_or_told_and_reads_back(rules in vec(any_rule(), 0..5)) {
        let document = json!({
            "key": "b", "name": "B",
            "templates": [{ "template_id": uuid::Uuid::nil(), "mapping": rules }],
            "questions": KEYS.map(|key| question(key, false)),
        });
        let read: super::super::Blueprint = serde_json::from_value(document.clone()).unwrap();
        let mistakes = read.mistakes();
        for mistake in &mistakes {
            let there = document.pointer(&mistake.pointer).is_some();
            prop_assert!(there, "{} is not in the document", mistake);
        }
        prop_assert_eq!(mistakes, read.mistakes());
        prop_assert_eq!(&read.templates[0].mapping, &rules);
    }
}

/// What two inputs named "T" get by these rules, in step "first" and in step "second".
fn outcome(mapping: Value, data: &Value, required: bool, options: &[&str]) -> Vec<String> {
    let target = |id: i64, step_name: &str| Target {
        step: CycleStepId(uuid::Uuid::nil()),
        step_name: step_name.to_owned(),
        part: Part::Field,
        id,
        name: "T".to_owned(),
        help: None,
        required,
        options: options.iter().map(|&option| option.to_owned()).collect(),
        lookup: None,
        mapped: false,
        value: None,
    };
    let profile = json!({ "name": "Acme", "data": data });
    let world = World {
        rules: serde_json::from_value(mapping).unwrap(),
        questions: vec![question("one", false)],
        targets: vec![target(1, "first"), target(2, "second")],
        profile: serde_json::from_value(profile).unwrap(),
        answers: BTreeMap::from([(QuestionKey("one".to_owned()), "B".to_owned())]),
    };
    match world.plan() {
        Ok(plan) => plan.writes.iter().map(|w| format!("{} {:?}", w.id, w.setting)).collect(),
        Err(failure) => vec![failure.to_string()],
    }
}

#[test]
fn a_value_is_found_replaced_left_alone_or_told() {
    let data = json!({ "list": ["a"], "object": {}, "half": "{", "evil": "{{x}}", "b": " B " });
    let run = |from: Value, required, options: &[&str]| {
        let rules = json!([{ "step": "first", "target": "T", "value": { "from": from } },
                           { "step": "second", "target": "T", "value": "ignore" }]);
        outcome(rules, &data, required, options).concat()
    };
    let told = |why: &str, path: &str| {
        format!("/templates/7/mapping/0: {why}. Target: first / T. Path: {path}.")
    };
    let nothing = "the tenant's data has no value there, and the target must have one";
    let nested = "there is no single value there, but an object or array";
    let list = "there is a list there, which no function joins";
    let merge = "the value holds {{, which Cyclr would read as a merge field";
    let unlisted = "the value is not one of those that Cyclr lists for the target";
    let map = json!([{ "map": { "a": "A" } }]);
    for (from, required, expected) in [
        (json!({ "path": "data.no" }), false, String::new()),
        (json!({ "path": "data.no" }), true, told(nothing, "data.no")),
        (json!({ "path": "data.no", "default": "" }), true, told(nothing, "data.no")),
        (json!({ "path": "data.no", "default": "d" }), false, "1 Static(\"d\")".into()),
        (json!({ "path": "data.no", "default": "{{d" }), false, told(merge, "data.no")),
        (json!({ "path": "data.list" }), false, told(list, "data.list")),
        (json!({ "path": "data.list", "default": "d" }), true, "1 Static(\"d\")".into()),
        (json!({ "path": "data.object" }), false, told(nested, "data.object")),
        (json!({ "path": "data.object", "default": "d" }), true, "1 Static(\"d\")".into()),
        (json!({ "path": "data.evil", "default": "d" }), false, told(merge, "data.evil")),
        (
            json!({ "path": "data.half", "apply": [{ "prefix": "{" }] }),
            false,
            told(merge, "data.half"),
        ),
        (json!({ "path": "data.half" }), false, "1 Static(\"{\")".into()),
        (json!({ "path": "data.list.0", "apply": map }), true, "1 Static(\"A\")".into()),
        (json!({ "path": "data.b", "apply": map }), true, told(nothing, "data.b")),
        (json!({ "path": "data.b", "apply": map, "default": "d" }), true, "1 Static(\"d\")".into()),
    ] {
        assert_eq!(run(from.clone(), required, &[]), expected, "{from}");
    }
    // Cyclr's own spelling is what is written; what it does not list is not.
    for (from, options, expected) in [
        (json!({ "path": "data.b" }), ["A", "B "], "1 Listed(\"B \")".to_owned()),
        (json!({ "path": "data.b" }), ["B", " B "], "1 Listed(\" B \")".to_owned()),
        (json!({ "path": "data.b" }), ["b", "A"], told(unlisted, "data.b")),
        (json!({ "path": "data.no", "default": "d" }), ["b", "A"], told(unlisted, "data.no")),
    ] {
        assert_eq!(run(from.clone(), true, &options), expected, "{from} {options:?}");
    }
    let long = json!({ "list": vec!["x".repeat(100); 200] });
    let rules = json!([{ "target": "T", "value": { "from": {
        "path": "data.list", "apply": [{ "join": "" }] } } }]);
    let told = outcome(rules, &long, false, &[]).concat();
    assert!(told.contains("longer than 16384 characters"), "{told}");
}

#[test]
fn what_was_published_in_earlier_days_means_what_it_meant() {
    // Two for the same target, a path that nobody may publish, a text that is too long: all are read.
    let rule = |step: Option<&str>, value: Value| match step {
        Some(step) => json!({ "step": step, "target": "T", "value": value }),
        None => json!({ "target": "T", "value": value }),
    };
    let constant = |text: &str| json!({ "constant": text });
    let doubled = json!([rule(None, constant("a")), rule(None, constant("b"))]);
    assert_eq!(outcome(doubled, &json!({}), true, &[]), ["1 Static(\"a\")", "2 Static(\"a\")"]);
    let general =
        json!([rule(None, constant("a")), rule(Some(" SECOND"), json!({ "ask": "one" }))]);
    assert_eq!(outcome(general, &json!({}), true, &[]), ["1 Static(\"a\")", "2 Static(\"B\")"]);
    let nowhere = json!([rule(None, json!({ "from": { "path": "tenant.age", "default": "x" } }))]);
    assert_eq!(outcome(nowhere, &json!({}), true, &[]), ["1 Static(\"x\")", "2 Static(\"x\")"]);
    let merge = json!([rule(None, constant("{{LastSuccessfulRunDate}}"))]);
    assert_eq!(outcome(merge, &json!({}), false, &[]).len(), 2);
    let lost =
        json!([rule(None, constant("a")), { "step": "no", "target": "T", "value": "ignore" }]);
    let why =
        "/templates/7/mapping/1: the template has no such parameter or field. Target: no / T.";
    assert_eq!(outcome(lost, &json!({}), false, &[]), [why]);
}
