//! Every state in which a person can find the page, drawn once with names that try to break out.
//! The pages are left in the target folder for whoever wants to look at them.

use std::path::Path;
use std::sync::Mutex;

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::engine::StartRequest;
use gangway::ids::{AccountId, ConnectorId, CycleId, OnboardingId, TenantId};
use gangway::onboarding::{
    Account, AuthKind, Blueprint, Command, Gain, Origin, Outcome, Problem, ProblemCode, Profile,
    Question, ReturnUrls, SeenConnector,
};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::gallery::{Shown, in_other_languages};
use super::{Answer, Browser, Site};

/// How names of others look in a test: harmless, or out to break the page.
#[derive(Clone, Copy)]
pub(super) struct Names {
    folder: &'static str,
    tail: &'static str,
}

pub(super) const PLAIN: Names = Names { folder: "plain", tail: "" };
const EVIL: Names = Names { folder: "evil", tail: "<script>alert(1)</script>\"' onload='x" };

struct Stage {
    site: Site,
    id: OnboardingId,
    names: Names,
    browser: Browser,
    shown: Mutex<Vec<Shown>>,
}

impl Stage {
    async fn open(names: Names) -> Self {
        let site = Site::open().await;
        let tail = names.tail;
        let blueprint: Blueprint = serde_json::from_value(json!({
            "key": "stage",
            "name": format!("CRM to newsletter{tail}"),
            "templates": [
                { "template_id": Uuid::from_u128(1), "name": format!("New contacts to list{tail}"),
                  "schedule": { "interval_minutes": 15 } },
                { "template_id": Uuid::from_u128(2), "schedule": { "run_once": true } }
            ],
            "brand": { "name": format!("Tidemark{tail}"),
                       "support_email": format!("help@tidemark.example{tail}") },
            "return_urls": ["https://app.example.com/in", "https://app.example.com/out?a=b"]
        }))
        .unwrap();
        let published = site.house.store.publish(blueprint).await.unwrap();
        let url = |text| Some(Url::parse(text).unwrap());
        let request = StartRequest {
            tenant: TenantId::parse("northwind").unwrap(),
            profile: Profile {
                name: format!("Northwind Traders{tail}"),
                return_urls: ReturnUrls {
                    success: url("https://app.example.com/in"),
                    failure: url("https://app.example.com/out?a=b"),
                    incomplete: None,
                },
                ..crate::house::profile("northwind")
            },
            blueprint_id: published.id,
            blueprint: published.blueprint,
            idempotency: None,
            actor: "test".to_owned(),
        };
        let answer = site
            .house
            .engine
            .start(request, std::sync::Arc::new(|_, _| (201, String::new())))
            .await
            .unwrap();
        let browser = site.visit(answer.shows.unwrap().onboarding).await;
        let shown = Mutex::default();
        Self { site, id: answer.shows.unwrap().onboarding, names, browser, shown }
    }

    async fn gain(&self, gain: Gain) {
        self.site.apply(self.id, Outcome::Done(gain)).await;
    }

    fn connector(&self, id: i64, name: &str, auth: AuthKind, authenticated: bool) -> SeenConnector {
        SeenConnector {
            connector: ConnectorId(id),
            name: format!("{name}{}", self.names.tail),
            auth: Some(auth),
            authenticated,
            details: None,
        }
    }

    /// Both templates installed; three accounts to connect.
    async fn install(&self) {
        let id = AccountId::parse("northwind").unwrap();
        self.gain(Gain::Account(Account { id, origin: Origin::Made })).await;
        let connectors = vec![
            self.connector(51, "Harbour CRM", AuthKind::OAuth, false),
            self.connector(52, "Parcel Mail", AuthKind::ApiKey, false),
            self.connector(53, "Depot FTP", AuthKind::Basic, false),
        ];
        for (slot, connectors) in [(0, connectors), (1, Vec::new())] {
            let cycle = CycleId(Uuid::from_u128(100 + u128::try_from(slot).unwrap()));
            let origin = Origin::Made;
            self.gain(Gain::Installed { slot, cycle, origin, connectors, seen_paused_at: None })
                .await;
        }
    }

    async fn connect(&self, id: i64, name: &str, auth: AuthKind) {
        self.gain(Gain::Connections(vec![self.connector(id, name, auth, true)])).await;
    }

    /// The page as it is now: drawn, checked, and left for looking at.
    async fn show(&self, name: &str) -> Answer {
        let (page, cookie) = (&self.browser.page, Some(&*self.browser.cookie));
        let answer = self.site.get(page, cookie).await;
        self.leave(name, &answer);
        let others = in_other_languages(&self.site, name, page, cookie).await;
        self.shown.lock().unwrap().extend(others);
        answer
    }

    #[track_caller]
    fn leave(&self, name: &str, answer: &Answer) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages").join(self.names.folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.html")), &answer.body).unwrap();
        let body = &answer.body;
        self.shown.lock().unwrap().push(Shown::of(name, "en", answer));
        assert!(!body.contains("<script>") && !body.contains("onload='"), "{name}: {body}");
        assert!(!body.contains("\"' onload") && !body.contains(")</script>"), "{name}: {body}");
        assert!(!answer.heading().is_empty());
        // Every input has its label, every description is there.
        for attribute in [" for=\"", "aria-describedby=\"", "href=\"#"] {
            let values = body.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap());
            for id in values.flat_map(str::split_whitespace) {
                assert!(body.contains(&format!(" id=\"{id}\"")), "{name}: no {id}\n{body}");
            }
        }
    }
}

fn questions(tail: &str) -> Vec<Question> {
    let options = |n: usize| (1..=n).map(|i| format!("Option {i}{tail}")).collect::<Vec<_>>();
    let with_tail = |text: &str| format!("{text}{tail}");
    serde_json::from_value(json!([
        { "key": "pipeline", "label": with_tail("Which contacts should we copy?"), "kind": "one_of",
          "help": with_tail("Contacts of one pipeline are copied. You can change this later."),
          "options": options(3) },
        { "key": "list", "label": with_tail("Which mailing list should they join?"),
          "help": "The name of a list in Parcel Mail.", "example": with_tail("Customers"),
          "default": with_tail("Customers") },
        { "key": "limit", "label": "How many contacts a day, at most?", "kind": "number",
          "example": "500", "required": false },
        { "key": "consent", "label": "Copy only contacts who agreed to it?", "kind": "boolean" },
        { "key": "sender", "label": "Which address should newsletters come from?",
          "kind": "email", "help": "Your subscribers see it as the sender." },
        { "key": "site", "label": "Your website", "kind": "url", "required": false },
        { "key": "region", "label": "Region", "kind": "one_of", "options": options(7) }
    ]))
    .unwrap()
}

#[tokio::test]
async fn every_state_has_its_page() {
    Box::pin(every_state(PLAIN)).await;
}

#[tokio::test]
async fn no_name_breaks_out_of_its_place() {
    Box::pin(every_state(EVIL)).await;
}

/// Gives all pages that there were.
pub(super) async fn every_state(names: Names) -> Vec<Shown> {
    let stage = Stage::open(names).await;
    before_the_accounts(&stage).await;
    the_accounts(&stage).await;
    the_questions(&stage).await;
    stage.gain(Gain::Activated { slot: 0, once: false, retired: Vec::new() }).await;
    let page = stage.show("09-switching-on").await;
    assert_eq!(page.heading(), "Step 4 of 4: Switching it on");
    stage.gain(Gain::Activated { slot: 1, once: false, retired: Vec::new() }).await;
    let page = stage.show("10-done").await;
    assert_eq!(page.heading(), "All done");
    for words in ["Runs every 15 minutes.", "Runs a single time, beginning now.", ", part 2"] {
        assert!(page.body.contains(words), "{words}");
    }
    let back = format!("https://app.example.com/in?status=success&#38;onboarding={}", stage.id);
    assert!(page.body.contains(&back), "{}", page.body);
    let mut all = stage.shown.into_inner().unwrap();
    all.extend(beside_the_way(names).await);
    all
}

async fn before_the_accounts(stage: &Stage) {
    let page = stage.show("01-getting-ready").await;
    assert_eq!(page.heading(), "Step 1 of 4: Getting things ready");
    assert!(page.body.contains("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"));
    let problem = Problem::new(ProblemCode::CyclrUnreachable);
    let after = TimeDelta::seconds(5);
    stage.site.apply(stage.id, Outcome::Retry { after, problem, doubt: false }).await;
    let page = stage.show("02-takes-longer").await;
    assert!(page.body.contains("This is taking longer than usual."));
}

async fn the_accounts(stage: &Stage) {
    stage.install().await;
    let page = stage.show("03-connect-oauth").await;
    assert!(page.heading().starts_with("Step 2 of 4: Connect Harbour CRM"));
    assert!(page.body.contains("An API key of Parcel Mail"), "what to have at hand");
    assert_eq!(page.body.matches("aria-current=\"step\"").count(), 1);
    stage.site.obey(stage.id, Command::OpenAttempt { connector: ConnectorId(51) }).await;
    let page = stage.show("04-sign-in-open").await;
    assert!(page.body.contains("is under way"));
    stage.site.house.advance(TimeDelta::minutes(31));
    let page = stage.show("05-sign-in-over").await;
    assert!(page.body.contains("was not finished"));
    stage.connect(51, "Harbour CRM", AuthKind::OAuth).await;
    let page = stage.show("06-connect-key").await;
    assert!(page.heading().starts_with("Step 2 of 4: Connect Parcel Mail"));
    assert_eq!(page.body.matches("type=\"password\"").count(), 1);
    let token = stage.site.form_token(&stage.browser).await;
    let path = format!("{}/connections/52/details", stage.browser.page);
    let form = [("form-token", &*token), ("api_key", "")];
    let refused = stage.site.post(&path, &stage.browser.cookie, &form).await;
    stage.leave("06-connect-key-refused", &refused);
    stage.connect(52, "Parcel Mail", AuthKind::ApiKey).await;
    let page = stage.show("07-connect-basic").await;
    assert!(page.body.contains(">User name</label>") && page.body.contains(">Password</label>"));
    let path = format!("{}/connections/53/details", stage.browser.page);
    let form = [("form-token", &*token), ("user_name", "a:b"), ("password", "c")];
    let refused = stage.site.post(&path, &stage.browser.cookie, &form).await;
    assert!(refused.body.contains("cannot hold a colon"));
    stage.connect(53, "Depot FTP", AuthKind::Basic).await;
}

async fn the_questions(stage: &Stage) {
    stage.gain(Gain::Questions(vec![(0, questions(stage.names.tail))])).await;
    let page = stage.show("08-questions").await;
    assert_eq!(page.heading(), "Step 3 of 4: Answer a few questions");
    assert_eq!(page.body.matches("(optional)").count(), 2);
    assert_eq!(page.body.matches("(required)").count(), 0);
    assert_eq!(page.body.matches("<fieldset").count(), 2);
    assert_eq!(page.body.matches("<option").count(), 8);
    assert_eq!(page.body.matches(" checked").count(), 0);
    let token = stage.site.form_token(&stage.browser).await;
    let evil = format!("no number{}", stage.names.tail);
    let form = [
        ("form-token", &*token),
        ("limit", &*evil),
        ("consent", "true"),
        ("site", "javascript:alert(1)"),
    ];
    let path = format!("{}/answers", stage.browser.page);
    let refused = stage.site.post(&path, &stage.browser.cookie, &form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.body.matches("class=\"mistake\"").count(), 6);
    assert_eq!(refused.body.matches(" checked").count(), 1);
    stage.leave("08-questions-refused", &refused);
    let answers = [
        ("pipeline", "Option 1"),
        ("list", "Customers"),
        ("consent", "true"),
        ("sender", "ada@northwind.example"),
        ("region", "Option 2"),
    ];
    if stage.names.tail.is_empty() {
        stage.site.house.answer(stage.id, &answers).await;
    } else {
        stage.gain(Gain::Questions(vec![(0, Vec::new())])).await;
    }
    let page = stage.show("08-settings-put-in").await;
    assert_eq!(page.heading(), "Step 3 of 4: Putting in your settings");
    for slot in 0..2 {
        stage.gain(Gain::Mapped { slot, retired: Vec::new() }).await;
    }
}

/// Stuck, closed, saved, and the pages that belong to nobody.
async fn beside_the_way(names: Names) -> Vec<Shown> {
    let stage = Stage::open(names).await;
    let leave = format!("{}/leave", stage.browser.page);
    let saved = stage.site.get(&leave, Some(&stage.browser.cookie)).await;
    assert_eq!(saved.heading(), "Saved for later");
    stage.leave("11-saved", &saved);
    let problem = Problem::with(ProblemCode::TemplateMissing, "canary-detail");
    stage.site.apply(stage.id, Outcome::Stuck(problem)).await;
    let page = stage.show("12-stuck").await;
    assert!(page.heading().ends_with("We need to look into this"));
    assert!(!page.body.contains("canary-detail") && !page.body.contains("template_missing"));
    let back =
        format!("https://app.example.com/out?a=b&#38;status=failure&#38;onboarding={}", stage.id);
    assert!(page.body.contains(&back), "{}", page.body);
    stage.site.obey(stage.id, Command::Cancel { reason: "canary-reason".into() }).await;
    let page = stage.show("13-closed").await;
    assert_eq!(page.heading(), "This setup was closed");
    assert!(!page.body.contains("canary-reason"));
    for (name, path) in
        [("14-link-over", "/l/x"), ("15-open-again", "/o/GW-0000-0000"), ("16-nothing", "/nowhere")]
    {
        let page = stage.site.get(path, None).await;
        stage.leave(name, &page);
        let others = in_other_languages(&stage.site, name, path, None).await;
        stage.shown.lock().unwrap().extend(others);
    }
    stage.shown.into_inner().unwrap()
}

#[tokio::test]
async fn who_leaves_is_sent_where_the_integrator_said() {
    let stage = Stage::open(PLAIN).await;
    let mut second = crate::house::unattended();
    second["key"] = json!("second");
    let key = stage.site.house.publish(second).await;
    let published = stage.site.house.store.find_blueprint(&key, None).await.unwrap().unwrap();
    let incomplete = Some(Url::parse("https://app.example.com/later?x=1").unwrap());
    let request = StartRequest {
        tenant: TenantId::parse("leaver").unwrap(),
        profile: Profile {
            return_urls: ReturnUrls { incomplete, ..ReturnUrls::default() },
            ..crate::house::profile("leaver")
        },
        blueprint_id: published.id,
        blueprint: published.blueprint,
        idempotency: None,
        actor: "test".to_owned(),
    };
    let engine = &stage.site.house.engine;
    let id = engine
        .start(request, std::sync::Arc::new(|_, _| (201, String::new())))
        .await
        .unwrap()
        .shows
        .unwrap()
        .onboarding;
    let browser = stage.site.visit(id).await;
    let left = stage.site.get(&format!("{}/leave", browser.page), Some(&browser.cookie)).await;
    assert_eq!(left.status, StatusCode::SEE_OTHER);
    let expected = format!("https://app.example.com/later?x=1&status=incomplete&onboarding={id}");
    assert_eq!(left.header("location"), expected);
}
