//! One onboarding: explained, and repaired by orders.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::onboarding::{Action, Command, Outcome, Problem, ProblemCode};
use gangway::store::Role;
use serde_json::json;

use super::Desk;
use crate::hosted::Site;
use crate::house::attended;

async fn desk_with_one() -> (Desk, gangway::ids::OnboardingId, String) {
    let (site, id) = Site::with(attended()).await;
    let reference = site.house.read(id).await.reference.to_string();
    (Desk::around(site), id, reference)
}

#[tokio::test]
async fn a_case_tells_the_story_and_shows_no_link() {
    let (desk, id, reference) = desk_with_one().await;
    let viewer = desk.staff(Role::Viewer).await;
    let page = desk.get(&format!("/console/onboardings/{reference}"), &viewer.cookie).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let onboarding = desk.site.house.read(id).await;
    let account = onboarding.facts.account.as_ref().unwrap().id.to_string();
    let cycle = onboarding.facts.slots[0].cycle.unwrap().to_string();
    for part in [
        "waits for the tenant",
        &account,
        &cycle,
        "The onboarding was started.",
        "/v1.0/accounts",
        "was created at Cyclr",
        "calls to Cyclr",
        "Harbour CRM",
        "What they read there now",
    ] {
        assert!(page.body.contains(part), "{part}\n{}", page.body);
    }
    let (_, lead) = page.body.split_once("<p class=\"lead\">").unwrap();
    let (lead, _) = lead.split_once("</p>").unwrap();
    let since = onboarding.since.format("since %Y-%m-%d %H:%M:%S UTC").to_string();
    assert!(lead.contains(&since), "times as on the rest of the page: {lead}");
    let exact = onboarding.since.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert!(
        !lead.contains(&exact) && onboarding.explain(desk.site.house.clock.now()).contains(&exact)
    );
    let link = desk.site.link(id).await;
    assert!(!page.body.contains(link.trim_start_matches("/l/")));
    // However the reference is written.
    let short = reference.trim_start_matches("GW-").to_lowercase();
    let found = desk.get(&format!("/console/onboardings/{short}"), &viewer.cookie).await;
    assert_eq!(found.status, StatusCode::OK);
    for nobody in ["GW-0000-0000", "acme", "%00"] {
        let answer = desk.get(&format!("/console/onboardings/{nobody}"), &viewer.cookie).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

/// At each status staff see the page that the customer has, and nobody at Cyclr or in the journal notices.
#[tokio::test]
async fn the_customers_page_is_looked_at_without_acting_for_them() {
    let (desk, id, reference) = desk_with_one().await;
    let viewer = desk.staff(Role::Viewer).await;
    let path = format!("/console/onboardings/{reference}/preview");
    let browser = desk.site.visit(id).await;
    let look = async |states: &str| {
        let calls = desk.site.house.heard();
        let rows = desk.site.rows().await;
        let preview = desk.get(&path, &viewer.cookie).await;
        assert_eq!(preview.status, StatusCode::OK, "{states}: {}", preview.body);
        let theirs = desk.site.get(&browser.page, Some(&browser.cookie)).await;
        assert_eq!(preview.heading(), theirs.heading(), "{states}");
        assert!(preview.body.contains("You only look at it"), "{states}");
        assert!(
            !preview.body.contains("<script") && !preview.body.contains("http-equiv"),
            "{states}"
        );
        assert!(
            !preview.body.contains("data-news") && !preview.body.contains("data-opened"),
            "{states}"
        );
        let policy = preview.header("content-security-policy");
        assert!(policy.contains("form-action 'none'") && policy.ends_with("sandbox"), "{policy}");
        assert_eq!(preview.header("cache-control"), "no-store");
        for secret in theirs.body.split("name=\"form-token\" value=\"").skip(1) {
            let token = secret.split('"').next().unwrap();
            assert!(
                !preview.body.contains(token),
                "{states}: what the customer proves themselves with"
            );
        }
        assert_eq!(desk.site.house.heard(), calls, "{states}");
        assert_eq!(desk.site.rows().await, rows, "{states}");
    };
    look("waiting").await;
    let german = desk.get(&format!("{path}?lang=de"), &viewer.cookie).await;
    assert!(german.body.contains("<html lang=\"de\">"));
    let problem = Problem::new(ProblemCode::TemplateMissing);
    desk.site
        .apply(id, Outcome::Retry { after: TimeDelta::minutes(9), problem, doubt: false })
        .await;
    look("retrying").await;
    desk.site.apply(id, Outcome::Stuck(Problem::new(ProblemCode::TemplateMissing))).await;
    look("stuck").await;
    let page = desk.get(&format!("/console/onboardings/{reference}"), &viewer.cookie).await;
    assert!(page.body.contains(&format!("href=\"{path}\"")));
}

#[tokio::test]
async fn every_problem_is_explained_and_something_can_be_done() {
    let (desk, id, reference) = desk_with_one().await;
    let operator = desk.staff(Role::Operator).await;
    let path = format!("/console/onboardings/{reference}");
    for code in ProblemCode::all() {
        let problem = Problem::with(code, "the <b>detail</b>");
        desk.site.apply(id, Outcome::Stuck(problem)).await;
        let page = desk.get(&path, &operator.cookie).await.body;
        let small = format!("<span class=\"code soft\">{}</span></h2>", code.name());
        assert!(page.contains(&small), "{code:?}: the code stands small beside the words\n{page}");
        for words in [code.in_short(), code.advice()] {
            let words = words.replace('\'', "&#39;").replace('"', "&#34;");
            assert!(page.contains(&words), "{code:?}: {words}\n{page}");
        }
        assert!(page.contains("the &#60;b&#62;detail&#60;/b&#62;"), "{code:?}");
        assert!(page.contains(&format!("href=\"{path}/")), "{code:?}: nothing to do");
        let listed = format!("/console/onboardings?problem={}", code.name());
        assert!(desk.get(&listed, &operator.cookie).await.body.contains(&reference), "{code:?}");
        desk.site.obey(id, Command::Retry { reason: None }).await;
    }
}

#[tokio::test]
async fn what_the_state_does_not_allow_is_shown_with_its_reason_and_refused() {
    let (desk, id, reference) = desk_with_one().await;
    let operator = desk.staff(Role::Operator).await;
    let page = desk.get(&format!("/console/onboardings/{reference}"), &operator.cookie).await.body;
    let onboarding = desk.site.house.read(id).await;
    let now = desk.site.house.clock.now();
    let mut refused = 0;
    for action in Action::ALL {
        let link = format!("/console/onboardings/{reference}/{}\"", action.name());
        let allowed = onboarding.may(action, now);
        assert_eq!(page.contains(&link), allowed.is_ok(), "{action:?}");
        let Err(why) = allowed else { continue };
        assert!(page.contains(why.reason), "{action:?}");
        let path = format!("/console/onboardings/{reference}/{}", action.name());
        let answer = desk.get(&path, &operator.cookie).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(answer.body.contains("Nothing was done") && answer.body.contains(why.reason));
        refused += 1;
    }
    assert!(refused >= 3);
}

#[tokio::test]
async fn an_order_says_what_it_will_do_is_done_with_its_reason_and_stands_in_the_audit() {
    let (desk, id, reference) = desk_with_one().await;
    let operator = desk.staff(Role::Operator).await;
    desk.site.apply(id, Outcome::Stuck(Problem::new(ProblemCode::CyclrRejected))).await;
    let path = format!("/console/onboardings/{reference}/retry");
    let page = desk.get(&path, &operator.cookie).await;
    assert!(page.body.contains("The connections are read; nothing is changed at Cyclr."));

    let answer = desk.order(&reference, "retry", &operator, &[]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Say why"));
    assert_eq!(desk.site.house.read(id).await.status.name(), "stuck");

    let reason = [("reason", "Cyclr has <mended> it")];
    let answer = desk.order(&reference, "retry", &operator, &reason).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(answer.body.contains("Done: try again now"), "{}", answer.body);
    assert!(answer.body.contains("Cyclr has &#60;mended&#62; it"));
    let audit = desk.audit().await;
    let line = audit.last().unwrap();
    assert_eq!(line["actor"], "staff:operator@example.com");
    assert_eq!((&line["action"], &line["object"]), (&json!("retry"), &json!(reference)));
    assert_eq!(line["reason"], "Cyclr has <mended> it");
    assert_eq!(
        (&line["before"]["status"], &line["before"]["problem"]),
        (&json!("stuck"), &json!("cyclr_rejected"))
    );
    assert_ne!(line["after"]["status"], "stuck");
    let journal = desk.site.house.store.list_journal(id).await.unwrap();
    assert_eq!(journal.last().unwrap().actor, "staff:operator@example.com");
}

#[tokio::test]
async fn two_at_once_do_it_once_and_the_second_is_told() {
    let (desk, id, reference) = desk_with_one().await;
    let (one, two) = (desk.staff(Role::Operator).await, desk.staff(Role::Admin).await);
    desk.site.apply(id, Outcome::Stuck(Problem::new(ProblemCode::CyclrRejected))).await;
    let path = format!("/console/onboardings/{reference}/retry");
    let seen = desk.get(&path, &two.cookie).await.filled_in().remove("stand").unwrap();
    let reason = [("reason", "first")];
    assert_eq!(desk.order(&reference, "retry", &one, &reason).await.status, StatusCode::OK);
    let late = [("reason", "second"), ("stand", seen.as_str())];
    let answer = desk.act(&path, &two, &late).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    for part in
        ["it does not stand any more where you saw it", "staff:operator@example.com", "first"]
    {
        assert!(answer.body.contains(part), "{part}\n{}", answer.body);
    }
    let retries = desk.audit().await.into_iter().filter(|line| line["action"] == "retry").count();
    assert_eq!(retries, 1);
}

#[tokio::test]
async fn each_order_has_its_effect_and_its_line() {
    let (desk, id, reference) = desk_with_one().await;
    let operator = desk.staff(Role::Operator).await;
    let house = &desk.site.house;
    let why = ("reason", "they called");
    for (action, form) in [
        ("note", vec![("text", "They call\r\nagain.")]),
        ("assign", vec![("assignee", "ada@example.com")]),
        ("snooze", vec![("until", "2026-03-09T10:00"), why]),
        ("extend_link", vec![("hours", "240"), why]),
        ("rotate_link", vec![("hours", ""), why]),
        ("revoke_link", vec![why]),
        ("skip", vec![("connector", ""), why]),
        ("restart_from", vec![("from", "connect"), why]),
        ("cancel", vec![why]),
    ] {
        let answer = desk.order(&reference, action, &operator, &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{action}: {}", answer.body);
        let onboarding = house.read(id).await;
        match action {
            "assign" => assert_eq!(onboarding.assignee.as_deref(), Some("ada@example.com")),
            "snooze" => assert!(onboarding.snoozed_until.is_some()),
            "extend_link" => {
                assert_eq!(onboarding.link.expires_at - house.clock.now(), TimeDelta::days(10));
            }
            "rotate_link" => assert_eq!(onboarding.link.generation, 2),
            "revoke_link" => assert!(onboarding.link.expires_at <= house.clock.now()),
            "cancel" => assert_eq!(onboarding.status.name(), "cancelled"),
            _ => {}
        }
        let audit = desk.audit().await;
        assert_eq!(audit.last().unwrap()["action"], action);
    }
    let page = desk.get(&format!("/console/onboardings/{reference}"), &operator.cookie).await.body;
    assert!(page.contains("They call\nagain."), "{page}");
    let pool = house.pool().await;
    for change in ["UPDATE audit SET reason = 'x'", "DELETE FROM audit"] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(change)).execute(&pool).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

/// Something that was changed at Cyclr by hand is seen, told on the case, and settled from there.
#[tokio::test]
async fn a_live_case_says_how_it_fares_and_where_cyclr_differs() {
    let mut site = Site::open().await;
    let id = Box::pin(site.house.live_attended("acme")).await;
    let onboarding = site.house.read(id).await;
    let (reference, cycle) =
        (onboarding.reference.to_string(), onboarding.facts.slots[0].cycle.unwrap());
    let mut desk = Desk::around(site);
    let (viewer, operator) = (desk.staff(Role::Viewer).await, desk.staff(Role::Operator).await);
    let path = format!("/console/onboardings/{reference}");
    let life = async |desk: &Desk, cookie: &str| {
        let page = desk.get(&path, cookie).await.body;
        let (_, life) = page.split_once("Since it went live").expect(&page);
        life.split_once("</section>").unwrap().0.to_owned()
    };
    let told = life(&desk, &viewer.cookie).await;
    let has = |told: &str, parts: &[&str]| {
        for part in parts {
            assert!(told.contains(part), "{part}\n{told}");
        }
    };
    has(&told, &["unproven", "Live since", "Next look"]);
    assert!(!told.contains("Looked at") && !told.contains("differs"), "{told}");

    desk.site.house.let_run(cycle, &["succeed"]).await;
    desk.site.house.check(id).await;
    has(&life(&desk, &viewer.cookie).await, &["healthy", "Works since", "Compared in full"]);

    let stop = format!("/v1.0/cycles/{cycle}/deactivate");
    desk.site.house.by_hand("PUT", &stop, "acme", &json!({})).await;
    desk.site.house.check(id).await;
    let difference = format!("Cyclr has the cycle {cycle} as");
    let told = life(&desk, &viewer.cookie).await;
    has(&told, &["unhealthy", &difference, "to be settled"]);
    assert!(!told.contains("settle_drift"), "a viewer settles nothing: {told}");
    let settle = format!("{path}/settle_drift");
    has(&life(&desk, &operator.cookie).await, &[&format!("href=\"{settle}\"")]);
    let choice = format!("ignore cycle_stopped {cycle}");
    let fields = [("settle", choice.as_str()), ("reason", "they are on holiday")];
    let answer = desk.order(&reference, "settle_drift", &operator, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    has(&life(&desk, &viewer.cookie).await, &[&difference, "left as it is"]);
}

#[tokio::test]
async fn a_timeline_that_has_grown_for_years_shows_its_end() {
    let (desk, id, reference) = desk_with_one().await;
    let viewer = desk.staff(Role::Viewer).await;
    let path = format!("/console/onboardings/{reference}");
    let page = desk.get(&path, &viewer.cookie).await.body;
    assert!(page.contains("The onboarding was started.") && !page.contains("The newest 1000"));
    let grow = "INSERT INTO journal (onboarding_id, version, at, actor, kind, status, step, detail)
         SELECT $1, n, now(), 'test', 'noted', 'waiting', 'connect',
             jsonb_build_object('text', 'line ' || n)
         FROM generate_series(1001, 2000) n";
    sqlx::query(grow).bind(id.0).execute(&desk.site.house.pool().await).await.unwrap();
    let page = desk.get(&path, &viewer.cookie).await.body;
    for part in ["The newest 1000 lines", "line 1001", "line 2000"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("The onboarding was started."));
}

#[tokio::test]
async fn what_cannot_be_taken_back_asks_for_the_password_again() {
    let (desk, id, reference) = desk_with_one().await;
    let operator = desk.staff(Role::Operator).await;
    desk.site.house.advance(TimeDelta::minutes(16));
    let path = format!("/console/onboardings/{reference}/cancel");
    let answer = desk.get(&path, &operator.cookie).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let stand = desk.site.house.read(id).await.stand(Action::Cancel);
    let form = [("reason", "they <left>"), ("stand", stand.as_str())];
    let answer = desk.act(&path, &operator, &form).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    for part in ["Nothing was done yet", "they &#60;left&#62;", "href=\"/console/prove?next="] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    assert_eq!(desk.site.house.read(id).await.status.name(), "waiting");
    let prove = |password| [("password", password), ("next", path.as_str())];
    let answer = desk.act("/console/prove", &operator, &prove("wrong")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = desk.act("/console/prove", &operator, &prove(super::PASSWORD)).await;
    assert_eq!(answer.header("location"), path);
    assert_eq!(
        desk.order(&reference, "cancel", &operator, &[("reason", "why")]).await.status,
        StatusCode::OK
    );
    // What can be taken back does not.
    desk.site.house.advance(TimeDelta::minutes(16));
    let note = format!("/console/onboardings/{reference}/note");
    assert_eq!(desk.get(&note, &operator.cookie).await.status, StatusCode::OK);
}
