//! Support repairs each problem of the catalogue, in headless Chromium: the stuck onboarding is found from the
//! overview, its page says what happened, what it means and what to do, and clicks alone put it right.

mod causes;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use fantoccini::Locator;
use gangway::ids::OnboardingId;
use gangway::onboarding::{Onboarding, ProblemCode};
use gangway::store::Role;
use serde_json::Value;

use crate::browser::Browser;
use crate::console::{PASSWORD, add_staff};
use crate::hosted::Served;
use crate::house::House;
use crate::program::PATIENCE;
use causes::{ACCOUNTS, ACTIVATE, AfterLive, CONNECTOR, Comes, INSTALL, Meddling, Mended, world};

const EMAIL: &str = "ada@example.com";
const REASON: &str = "The cause is put right <really>";

/// What is clicked on the page of the case.
#[derive(Debug, Clone, Copy)]
enum Order {
    Retry,
    Adopt,
    Answer(&'static str),
    Skip,
    RestartFrom(&'static str),
    Cancel,
    Settle(&'static str),
    Check,
}

type Row = (ProblemCode, Comes, Mended, Order, &'static str);

/// Each problem: how it comes to it, what is put right, what is ordered, how it stands afterwards.
const ROWS: [Row; 28] = {
    use AfterLive::{Changed, Fails, Stopped};
    use Comes::{
        AccountOfAnother, After, AnswerLost, AnswerRefused, DefectiveTemplate, HeldBack,
        MappingPassedOver, Meddled, NamedAccountMissing, Refused, RuleForNothing, SingleRunLate,
        TwoInstalls, Unanswered, Written,
    };
    use Meddling::{MapsOtherwise, SignsInAgain, StopsTheCycle};
    use Mended::{AccountMade, AccountRemoved, Faults, Mapped, RunsAgain, Time};
    use Order::{Adopt, Answer, Cancel, Check, RestartFrom, Retry, Settle, Skip};
    use ProblemCode as Code;
    [
        (Code::CyclrUnreachable, Unanswered("GET", CONNECTOR), Faults, Retry, "live"),
        (Code::CyclrThrottled, Refused("POST", INSTALL, 429), Faults, Retry, "live"),
        (Code::CyclrPaused, HeldBack, Faults, Retry, "live"),
        (Code::CyclrAnswerUnclear, AnswerLost("POST", ACCOUNTS), Faults, Retry, "live"),
        (Code::CyclrContradicts, Meddled(SignsInAgain), Faults, Retry, "live"),
        (Code::CyclrRefusedCredentials, Refused("POST", ACCOUNTS, 401), Faults, Retry, "live"),
        (Code::CyclrRejected, AnswerRefused, Faults, Answer("side"), "live"),
        (Code::AccountTaken, AccountOfAnother, AccountRemoved, Retry, "live"),
        (Code::AccountMissing, NamedAccountMissing, AccountMade, Retry, "live"),
        (Code::TemplateMissing, Refused("POST", INSTALL, 404), Faults, Retry, "live"),
        (Code::AmbiguousInstall, TwoInstalls, Faults, Adopt, "live"),
        (Code::CycleMissing, Refused("GET", "/v1.0/cycles/*/steps", 404), Faults, Retry, "live"),
        (Code::ConnectorMissing, Refused("GET", CONNECTOR, 404), Faults, Retry, "live"),
        (Code::UnknownAuthKind, Written, Faults, Retry, "waiting"),
        (Code::ConnectorRefused, Written, Faults, Retry, "waiting"),
        (Code::TemplateDefect, DefectiveTemplate, Faults, Cancel, "cancelled"),
        (Code::MappingRuleFailed, RuleForNothing, Mapped, Skip, "live"),
        (Code::MappingNotKept, Meddled(MapsOtherwise), Faults, Retry, "live"),
        (Code::SkippedIsNeeded, MappingPassedOver, Faults, RestartFrom("map"), "waiting"),
        (Code::CycleRunning, Refused("PUT", "/v1.0/steps/*", 409), Faults, Retry, "live"),
        (Code::ActivationRefused, Refused("PUT", ACTIVATE, 400), Faults, Retry, "live"),
        (Code::ActivationUnclear, SingleRunLate, Time, Retry, "live"),
        (Code::NotActiveYet, Meddled(StopsTheCycle), Faults, Retry, "live"),
        (Code::CycleStopped, After(Stopped), Faults, Settle("reapply"), "live"),
        (Code::MappingChanged, After(Changed), Faults, Settle("adopt"), "live"),
        (Code::RunsFailing, After(Fails), RunsAgain, Check, "live"),
        (Code::Poison, Written, Faults, Retry, "waiting"),
        (Code::InternalFault, Written, Faults, Retry, "waiting"),
    ]
};

#[tokio::test]
async fn a_stuck_onboarding_of_each_problem_is_found_understood_and_repaired_by_clicks_alone() {
    assert!(ROWS.iter().map(|row| row.0).eq(ProblemCode::all()), "each has its row");
    let Some(browser) = Browser::open(1280).await else { return };
    let desk = Desk { served: Served::open_in(world()).await, browser };
    desk.enter().await;
    for (place, row) in ROWS.into_iter().enumerate() {
        let id = desk.bring_about((row.0, row.1)).await;
        let case = desk.house().read(id).await;
        desk.find(&case, row.0, place % 3 == 2).await;
        desk.understand(&case, row.0, row.3).await;
        desk.mend(row.2, &case).await;
        desk.give_order(row.3).await;
        desk.wait_until(id, |now| now.status.name() == row.4 && code_of(now) != Some(row.0)).await;
        desk.look_again(&case, &row).await;
    }
    desk.browser.close().await;
}

fn code_of(onboarding: &Onboarding) -> Option<ProblemCode> {
    onboarding.problem().map(|problem| problem.code)
}

/// Somebody at the console of a house.
struct Desk {
    served: Served,
    browser: Browser,
}

impl Desk {
    fn house(&self) -> &House {
        &self.served.site.house
    }

    async fn goto(&self, path: &str) {
        self.browser.client.goto(&format!("{}{path}", self.served.service.base)).await.unwrap();
    }

    async fn enter(&self) {
        add_staff(&self.house().store, (EMAIL, "Ada"), Role::Operator).await;
        self.goto("/console").await;
        self.browser.type_into("#email", EMAIL).await;
        self.browser.type_into("#password", PASSWORD).await;
        self.browser.click("main button").await;
        self.browser.wait_for_heading("Overview").await;
    }

    /// Time passes meanwhile.
    async fn wait_until(&self, id: OnboardingId, holds: impl Fn(&Onboarding) -> bool) {
        let begun = Instant::now();
        loop {
            let now = self.house().read(id).await;
            if holds(&now) {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} never comes to it: {:?}",
                now.tenant,
                now.status
            );
            self.house().sandbox.wait_until_none_late().await;
            self.house().advance(TimeDelta::seconds(2));
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// From the overview: by the line of all that have this problem, or by what the customer quotes.
    async fn find(&self, case: &Onboarding, code: ProblemCode, searches: bool) {
        self.goto("/console").await;
        if searches {
            let quoted = format!("{}\n", case.tenant);
            self.browser.wait_for("#q").await.send_keys(&quoted).await.unwrap();
        } else {
            let line = format!("[data-lines] a[href*=\"onboardings?problem={}&\"]", code.name());
            self.browser.click(&line).await;
            self.browser.wait_for_heading("Onboardings").await;
            self.browser.click("table.list tbody a").await;
        }
        self.browser.wait_for_heading(&case.profile.name).await;
    }

    async fn text(&self, selector: &str) -> String {
        self.browser.wait_for(selector).await.text().await.unwrap()
    }

    /// What happened, what it means, what to do.
    async fn understand(&self, case: &Onboarding, code: ProblemCode, order: Order) {
        let (what, meaning) = (self.text(".lead").await, self.text(".trouble").await);
        assert!(what.contains(case.step().name()) && what.contains("must act"), "{code:?}: {what}");
        let parts = [code.name(), code.in_short(), code.advice()];
        let detail = case.problem().unwrap().detail.clone();
        for part in parts.into_iter().chain(detail.as_deref()) {
            assert!(meaning.contains(part), "{code:?}: {part}\n{meaning}");
        }
        let button = format!("a#a-{}", order.name());
        assert!(self.browser.wait_for(&button).await.is_displayed().await.unwrap());
        // The words name what is then clicked.
        let said = code.for_staff().to_lowercase();
        let named = order.words().iter().any(|word| said.contains(word));
        assert!(named, "{code:?} is not told to {order:?}: {said}");
    }

    /// With a reason; whoever has been away for long types the password again.
    async fn give_order(&self, order: Order) {
        let browser = &self.browser;
        browser.click(&format!("a#a-{}", order.name())).await;
        browser.wait_for("main form button.button").await;
        if browser.client.find(Locator::Css("#password")).await.is_ok() {
            browser.type_into("#password", PASSWORD).await;
            browser.click("main form button.button").await;
        }
        browser.type_into("#reason", REASON).await;
        match order {
            Order::RestartFrom(step) => {
                let choice = browser.wait_for("#i-from").await;
                choice.select_by_value(step).await.unwrap();
            }
            Order::Answer(answer) => browser.type_into("#i-answer-book", answer).await,
            Order::Adopt => drop(browser.wait_for("#i-cycle").await),
            Order::Settle(what) => {
                let choice = browser.wait_for("#i-settle").await;
                let option = format!("option[value^=\"{what} \"]");
                let option = choice.find(Locator::Css(&option)).await.unwrap();
                let value = option.attr("value").await.unwrap().unwrap();
                choice.select_by_value(&value).await.unwrap();
            }
            Order::Retry | Order::Skip | Order::Cancel | Order::Check => {}
        }
        browser.click("main form button.button").await;
        assert!(self.text(".told.good").await.contains("Done"));
    }

    /// Its page says nothing any more of what is over, and who put it right and why.
    async fn look_again(&self, case: &Onboarding, (code, _, _, order, ends): &Row) {
        self.goto(&format!("/console/onboardings/{}", case.reference)).await;
        assert_eq!(self.text("h1 .chip").await, *ends, "{code:?}");
        let page = self.browser.client.source().await.unwrap();
        let small = format!("<span class=\"code soft\">{}</span>", code.name());
        assert!(!page.contains(&small), "{code:?}");
        assert!(page.contains("put right &lt;really&gt;"), "{code:?}: no reason");
        let query = "SELECT to_jsonb(a) FROM audit a ORDER BY audit_id DESC LIMIT 1";
        let pool = self.house().pool().await;
        let line: Value = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
        let told = ["action", "object", "actor", "reason"].map(|name| line[name].clone());
        let actor = format!("staff:{EMAIL}");
        assert_eq!(told, [order.name(), &case.reference.to_string(), &actor, REASON], "{code:?}");
    }
}

impl Order {
    const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Adopt => "adopt",
            Self::Answer(_) => "answer",
            Self::Skip => "skip",
            Self::RestartFrom(_) => "restart_from",
            Self::Cancel => "cancel",
            Self::Settle(_) => "settle_drift",
            Self::Check => "check",
        }
    }

    /// One of them stands in the words about a problem that it repairs.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Retry => &["retry", "by itself"],
            Self::Adopt => &["choose"],
            Self::Answer(_) => &["answer"],
            Self::Skip => &["pass the mapping over"],
            Self::RestartFrom(_) => &["restart"],
            Self::Cancel => &["cancel"],
            Self::Settle(_) => &["settle"],
            Self::Check => &["by itself"],
        }
    }
}
