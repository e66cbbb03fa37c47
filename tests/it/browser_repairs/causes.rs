//! How an onboarding comes to each problem, and what is put right at Cyclr before somebody orders it on.

use chrono::TimeDelta;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Command, Onboarding, Outcome, Problem, ProblemCode, Status};
use gangway::sandbox::{Catalogue, Fault, FaultKind};
use serde_json::{Value, json};

use super::{Desk, code_of};
use crate::crashes::{TEMPLATE, ledger_blueprint};

/// A template that Cyclr does not start, whatever is answered.
const DEFECTIVE: &str = "11111111-2222-4333-8444-666666666666";

pub(super) const ACCOUNTS: &str = "/v1.0/accounts";
pub(super) const CONNECTOR: &str = "/v1.0/account/connectors/*";
pub(super) const INSTALL: &str = "/v1.0/templates/*/install";
pub(super) const ACTIVATE: &str = "/v1.0/cycles/*/activate";

/// How it comes to it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Comes {
    /// Cyclr refuses these calls.
    Refused(&'static str, &'static str, u16),
    /// These calls find nobody.
    Unanswered(&'static str, &'static str),
    /// This call is performed, and its answer is lost.
    AnswerLost(&'static str, &'static str),
    /// Cyclr takes what was answered for no value of the field.
    AnswerRefused,
    /// The account's id is somebody else's.
    AccountOfAnother,
    /// The account that was named is nowhere.
    NamedAccountMissing,
    /// An install whose answer was lost, and another one by hand.
    TwoInstalls,
    /// A prerequisite that no answer fulfils.
    DefectiveTemplate,
    /// A rule for a field that there is not.
    RuleForNothing,
    /// Staff passed over what Cyclr needs.
    MappingPassedOver,
    /// A single run whose beginning is on its way for longer than anybody would think.
    SingleRunLate,
    /// Cyclr asked for a pause in the middle of its being away.
    HeldBack,
    /// Somebody at Cyclr's console changes something while a call of ours is under way.
    Meddled(Meddling),
    /// Something happens at Cyclr once it is live.
    After(AfterLive),
    /// What the sandbox cannot be brought to: written as the step would have written it.
    Written,
}

/// What happens at Cyclr after it went live.
#[derive(Debug, Clone, Copy)]
pub(super) enum AfterLive {
    Stopped,
    Changed,
    Fails,
}

/// What somebody changes, after that call was performed and before it is answered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meddling {
    StopsTheCycle,
    MapsOtherwise,
    /// Signs in again, just when Cyclr has said that somebody must.
    SignsInAgain,
}

impl Meddling {
    fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::StopsTheCycle => ("PUT", ACTIVATE),
            Self::MapsOtherwise => ("PUT", "/v1.0/steps/*"),
            Self::SignsInAgain => ("GET", "/v1.0/cycles/*/prerequisites"),
        }
    }
}

/// What is put right at Cyclr before the order is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mended {
    /// The faults are over.
    Faults,
    AccountRemoved,
    AccountMade,
    /// Somebody has mapped it in Cyclr's console.
    Mapped,
    /// Some minutes have passed.
    Time,
    /// The next run succeeds.
    RunsAgain,
}

/// The ledger of other tests, and a template that cannot be started.
pub(super) fn world() -> Catalogue {
    let step = json!({
        "name": "Post", "connector": 1, "method": { "id": 9, "name": "Post" },
        "parameters": [{ "id": 1, "name": "Book" }]
    });
    let world = json!({
        "connectors": [{
            "id": 1, "name": "Ledger Cloud", "version": "1.0",
            "auth_type": "OAuth2", "oauth2_type": "ClientCredentials"
        }],
        "templates": [
            { "id": TEMPLATE, "name": "Ledger", "steps": [step] },
            { "id": DEFECTIVE, "name": "Loose ends", "steps": [step],
              "prerequisites": [{ "reason_code": 9, "reason": "A step is not joined" }] }
        ]
    });
    Catalogue::parse(&world.to_string()).unwrap()
}

/// Of one tenant alone, so that each may be as its row needs it.
fn blueprint(comes: Comes) -> Value {
    let rule = |target: &str, value: Value| json!({ "target": target, "value": value });
    let (constant, ask) = (json!({ "constant": "main" }), json!({ "ask": "book" }));
    let question = json!({ "key": "book", "label": "Which book?" });
    let mut blueprint = ledger_blueprint();
    let asks = matches!(
        comes,
        Comes::AnswerRefused | Comes::MappingPassedOver | Comes::Meddled(_) | Comes::Written
    );
    let mut rules = vec![rule("Book", if asks { ask } else { constant })];
    if matches!(comes, Comes::RuleForNothing) {
        rules.push(rule("Nowhere", json!({ "constant": "x" })));
    }
    blueprint["templates"][0]["mapping"] = rules.into();
    if asks {
        blueprint["questions"] = json!([question]);
    }
    match comes {
        Comes::DefectiveTemplate => blueprint["templates"][0]["template_id"] = DEFECTIVE.into(),
        Comes::SingleRunLate => {
            blueprint["templates"][0]["schedule"] = json!({ "run_once": true });
        }
        // The first failure is the last try.
        Comes::Refused(..) | Comes::Unanswered(..) | Comes::AnswerLost(..) | Comes::Meddled(_) => {
            blueprint["limits"] = json!({ "tries": 1 });
        }
        Comes::AnswerRefused
        | Comes::AccountOfAnother
        | Comes::NamedAccountMissing
        | Comes::TwoInstalls
        | Comes::RuleForNothing
        | Comes::MappingPassedOver
        | Comes::HeldBack
        | Comes::After(_)
        | Comes::Written => {}
    }
    blueprint
}

fn refusal(status: u16) -> FaultKind {
    FaultKind::Refuse { status, message: "because".to_owned(), retry_after: None }
}

fn lasting(method: &str, path: &str, kind: FaultKind) -> Fault {
    Fault { times: 1000, ..Fault::once(method, path, kind) }
}

fn mapped_to(value: &str) -> Value {
    json!({ "MappingType": "StaticValue", "Value": value })
}

impl Desk {
    /// An onboarding of a tenant named after its problem, stuck with it.
    pub(super) async fn bring_about(&self, (code, comes): (ProblemCode, Comes)) -> OnboardingId {
        let (house, tenant) = (self.house(), code.name().replace('_', "-"));
        let mut blueprint = blueprint(comes);
        blueprint["key"] = tenant.clone().into();
        let key = house.publish(blueprint).await;
        self.let_go_wrong(comes, &tenant).await;
        let named = matches!(comes, Comes::NamedAccountMissing).then_some("named-account");
        let id = house.start_in(&tenant, &key, named).await;
        self.lead_there(id, code, comes, &tenant).await;
        self.wait_until(id, |now| code_of(now) == Some(code)).await;
        id
    }

    /// What is wrong before it starts.
    async fn let_go_wrong(&self, comes: Comes, tenant: &str) {
        let sandbox = &self.house().sandbox;
        match comes {
            Comes::Refused(method, path, status) => {
                sandbox.inject(lasting(method, path, refusal(status)));
            }
            Comes::Unanswered(method, path) => {
                sandbox.inject(lasting(method, path, FaultKind::DropBefore));
            }
            Comes::AnswerLost(method, path) => {
                sandbox.inject(Fault::once(method, path, FaultKind::LoseAnswer));
            }
            Comes::AnswerRefused => {
                sandbox.inject(lasting("PUT", "/v1.0/steps/*", refusal(422)));
            }
            Comes::AccountOfAnother => self.house().make_account(tenant, "Somebody else").await,
            Comes::TwoInstalls => {
                sandbox.inject(Fault::once("POST", INSTALL, FaultKind::LoseAnswer));
            }
            Comes::SingleRunLate => {
                let late = FaultKind::CommitLate { seconds: 600.0 };
                sandbox.inject(Fault::once("PUT", ACTIVATE, late));
            }
            Comes::HeldBack => {
                sandbox.inject(lasting("GET", CONNECTOR, FaultKind::DropBefore));
            }
            Comes::NamedAccountMissing
            | Comes::DefectiveTemplate
            | Comes::RuleForNothing
            | Comes::MappingPassedOver
            | Comes::Meddled(_)
            | Comes::After(_)
            | Comes::Written => {}
        }
    }

    /// What somebody does on the way.
    async fn lead_there(&self, id: OnboardingId, code: ProblemCode, comes: Comes, tenant: &str) {
        let (house, site) = (self.house(), &self.served.site);
        let waits = |now: &Onboarding| matches!(now.status, Status::Waiting { .. });
        match comes {
            Comes::AnswerRefused => {
                self.wait_until(id, waits).await;
                house.answer(id, &[("book", "main")]).await;
            }
            Comes::TwoInstalls => {
                self.wait_until(id, |now| code_of(now).is_some()).await;
                let path = format!("/v1.0/templates/{TEMPLATE}/install");
                house.by_hand("POST", &path, tenant, &json!({})).await;
            }
            Comes::MappingPassedOver => {
                self.wait_until(id, waits).await;
                let skip = Command::Skip { connector: None, reason: "they will".to_owned() };
                site.obey(id, skip).await;
            }
            Comes::HeldBack => {
                // The worker may be at it in this very moment, and then it has the last word.
                while code_of(&house.read(id).await) != Some(code) {
                    self.wait_until(id, |now| code_of(now).is_some()).await;
                    let (problem, after) = (Problem::new(code), TimeDelta::hours(1));
                    site.apply(id, Outcome::HeldBack { after, problem }).await;
                }
            }
            Comes::Meddled(meddling) => {
                self.wait_until(id, waits).await;
                self.meddle(id, meddling, tenant).await;
            }
            Comes::After(what) => {
                self.wait_until(id, |now| now.status == Status::Live).await;
                self.happen(id, what, tenant).await;
                site.obey(id, Command::Check { reason: None }).await;
            }
            Comes::Written => {
                self.wait_until(id, waits).await;
                site.apply(id, Outcome::Stuck(Problem::with(code, "the <b>detail</b>"))).await;
            }
            Comes::Refused(..)
            | Comes::Unanswered(..)
            | Comes::AnswerLost(..)
            | Comes::AccountOfAnother
            | Comes::NamedAccountMissing
            | Comes::DefectiveTemplate
            | Comes::RuleForNothing
            | Comes::SingleRunLate => {}
        }
    }

    async fn happen(&self, id: OnboardingId, what: AfterLive, tenant: &str) {
        let house = self.house();
        let cycle = house.read(id).await.facts.slots[0].cycle.unwrap();
        let place = format!("/v1.0/cycles/{cycle}");
        let stop = async || {
            house.by_hand("PUT", &format!("{place}/deactivate"), tenant, &json!({})).await;
        };
        match what {
            AfterLive::Stopped => stop().await,
            AfterLive::Changed => {
                stop().await;
                let steps =
                    house.by_hand("GET", &format!("{place}/steps"), tenant, &json!({})).await;
                let first = steps[0]["Id"].as_str().unwrap();
                let path = format!("/v1.0/steps/{first}/parameters/1");
                house.by_hand("PUT", &path, tenant, &mapped_to("by-hand")).await;
                let again = json!({ "Interval": 60, "RunOnce": false });
                house.by_hand("PUT", &format!("{place}/activate"), tenant, &again).await;
            }
            AfterLive::Fails => self.let_run(id, "fail").await,
        }
    }

    /// The next run ends like this, at once.
    async fn let_run(&self, id: OnboardingId, outcome: &str) {
        let house = self.house();
        let onboarding = house.read(id).await;
        let (account, cycle) = (onboarding.tenant.to_string(), onboarding.facts.slots[0].cycle);
        let order = json!({
            "account": account, "cycle": cycle, "outcomes": [outcome], "at_once": true,
        });
        house.by_hand("POST", "/_sandbox/runs", "", &order).await;
    }

    async fn meddle(&self, id: OnboardingId, meddling: Meddling, tenant: &str) {
        let house = self.house();
        let accounts = house.accounts();
        let account = accounts.iter().find(|account| account["Id"] == *tenant).unwrap();
        let text = |value: &Value| value.to_string().trim_matches('"').to_owned();
        let cycle = format!("/v1.0/cycles/{}", text(&account["cycles"][0]["Id"]));
        let connector =
            format!("/v1.0/account/connectors/{}", text(&account["connectors"][0]["Id"]));
        let change = async |path: &str, body: Value| {
            house.by_hand("PUT", path, tenant, &body).await;
        };
        if matches!(meddling, Meddling::SignsInAgain) {
            change(&format!("{connector}/deauthenticate"), json!({})).await;
        }
        let (method, path) = meddling.call();
        house.sandbox.inject(Fault::once(method, path, FaultKind::HoldAfter));
        house.answer(id, &[("book", "main")]).await;
        house.sandbox.wait_until_held().await;
        match meddling {
            Meddling::StopsTheCycle => change(&format!("{cycle}/deactivate"), json!({})).await,
            Meddling::MapsOtherwise => {
                let step = text(&account["cycles"][0]["steps"][0]["Id"]);
                change(&format!("/v1.0/steps/{step}/parameters/1"), mapped_to("other")).await;
            }
            Meddling::SignsInAgain => change(&connector, json!({ "AuthValue": "{}" })).await,
        }
        house.sandbox.clear_faults();
    }

    pub(super) async fn mend(&self, mended: Mended, case: &Onboarding) {
        let (house, tenant) = (self.house(), case.tenant.to_string());
        house.sandbox.clear_faults();
        match mended {
            Mended::Faults => {}
            Mended::AccountRemoved => {
                let path = format!("{ACCOUNTS}/{tenant}");
                house.by_hand("DELETE", &path, "", &json!({})).await;
            }
            Mended::AccountMade => house.make_account("named-account", "Made for them").await,
            Mended::Mapped => {
                let cycle = case.facts.slots[0].cycle.unwrap();
                let steps = format!("/v1.0/cycles/{cycle}/steps");
                let steps = house.by_hand("GET", &steps, &tenant, &json!({})).await;
                let step = steps[0]["Id"].as_str().unwrap();
                let path = format!("/v1.0/steps/{step}/parameters/1");
                house.by_hand("PUT", &path, &tenant, &mapped_to("main")).await;
            }
            Mended::RunsAgain => {
                house.advance(TimeDelta::minutes(1));
                self.let_run(case.id, "succeed").await;
            }
            Mended::Time => {
                house.advance(TimeDelta::minutes(10));
                house.sandbox.wait_until_none_late().await;
            }
        }
    }
}
