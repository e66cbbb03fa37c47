//! Finding: lists, searches, files, the overview.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::onboarding::{Command, Outcome, Problem, ProblemCode};
use gangway::store::Role;

use super::{Desk, Staff};
use crate::hosted::Site;
use crate::house::{attended, unattended};

#[tokio::test]
async fn whatever_a_customer_quotes_lands_on_the_case() {
    let (site, id) = Site::with(attended()).await;
    let desk = Desk::around(site);
    let viewer = desk.staff(Role::Viewer).await;
    let onboarding = desk.site.house.read(id).await;
    let facts = &onboarding.facts;
    let reference = onboarding.reference.to_string();
    for quoted in [
        reference.clone(),
        reference.to_lowercase().replace('-', ""),
        onboarding.id.to_string(),
        onboarding.tenant.to_string(),
        facts.account.as_ref().unwrap().id.to_string(),
        facts.slots[0].cycle.unwrap().to_string(),
        facts.connections[0].connector.to_string(),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(quoted.as_bytes()).collect();
        let answer = desk.get(&format!("/console/onboardings?q={query}"), &viewer.cookie).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{quoted}: {}", answer.body);
        assert_eq!(answer.header("location"), format!("/console/onboardings/{reference}"));
    }
    let answer = desk.get("/console/onboardings?q=nobody", &viewer.cookie).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("Nothing matches"));
}

#[tokio::test]
async fn a_list_is_narrowed_in_its_address_and_says_what_is_wrong_with_it() {
    let (mut site, waiting) = Site::with(attended()).await;
    let key = site.house.publish(unattended()).await;
    let stuck = site.house.start("beta", &key).await;
    site.house.settle().await;
    let desk = Desk::around(site);
    let operator = desk.staff(Role::Operator).await;
    let house = &desk.site.house;
    let (waiting, live) = (house.read(waiting).await, house.read(stuck).await);
    let shown = async |query: &str| {
        let page = desk.get(&format!("/console/onboardings?{query}"), &operator.cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        [&waiting, &live].map(|one| page.body.contains(&one.reference.to_string()))
    };
    assert_eq!(shown("").await, [true, true]);
    assert_eq!(shown("status=waiting&step=&problem=&q=").await, [true, false]);
    assert_eq!(shown("status=live").await, [false, true]);
    assert_eq!(shown("abandonment=not_opened&order=deadline").await, [true, false]);
    assert_eq!(shown("older_than=3d").await, [false, false]);
    house
        .engine
        .order(waiting.id, Command::Assign { assignee: Some("operator@example.com".into()) }, "t")
        .await
        .unwrap();
    assert_eq!(shown("assignee=operator%40example.com").await, [true, false]);

    let wrong =
        desk.get("/console/onboardings?status=funny&older_than=soon", &operator.cookie).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in ["status", "must be one of running", "older_than", "like 90m"] {
        assert!(wrong.body.contains(part), "{part}");
    }
    let unknown = desk.get("/console/onboardings?sort=name", &operator.cookie).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn pages_turn_and_the_file_has_all_of_them() {
    let mut site = Site::open().await;
    let key = site.house.publish(attended()).await;
    for number in 0..7 {
        site.house.start(&format!("tenant-{number}"), &key).await;
    }
    site.house.settle().await;
    let desk = Desk::around(site);
    let viewer = desk.staff(Role::Viewer).await;
    let mut address = "/console/onboardings?limit=3".to_owned();
    let (mut pages, mut seen) = (0, std::collections::BTreeSet::new());
    loop {
        let page = desk.get(&address, &viewer.cookie).await.body;
        pages += 1;
        seen.extend(
            page.split("href=\"/console/onboardings/GW-").skip(1).map(|rest| rest[..9].to_owned()),
        );
        let Some((_, rest)) = page.split_once("rel=\"next\" href=\"") else { break };
        address = rest.split_once('"').unwrap().0.replace("&#38;", "&");
    }
    assert_eq!((pages, seen.len()), (3, 7));

    let file = desk.get("/console/onboardings.csv?status=waiting", &viewer.cookie).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.body.lines().count(), 8);
    assert!(file.body.lines().all(|line| line.split(',').count() == 16), "{}", file.body);
    assert!(file.body.contains("tenant-6") && file.body.contains("not_opened"));
}

#[tokio::test]
async fn the_overview_counts_what_the_lists_show() {
    let (site, id) = Site::with(attended()).await;
    let desk = Desk::around(site);
    let viewer = desk.staff(Role::Viewer).await;
    let page = desk.get("/console", &viewer.cookie).await.body;
    for part in ["abandonment=not_opened", "blocker=end_user", "status=waiting", "step=connect"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(page.contains("<strong class=\"number\">0</strong> <span>to look at</span>"));
    desk.site.apply(id, Outcome::Stuck(Problem::new(ProblemCode::TemplateMissing))).await;
    let page = desk.get("/console", &viewer.cookie).await.body;
    assert!(page.contains("<strong class=\"number\">1</strong> <span>to look at</span>"));
    assert!(page.contains("/console/onboardings?problem=template_missing\">template missing</a>"));
}

#[tokio::test]
async fn the_overview_tells_what_happened_in_the_last_hour() {
    let (site, id) = Site::with(attended()).await;
    let desk = Desk::around(site);
    let viewer = desk.staff(Role::Viewer).await;
    let news = async |desk: &Desk, viewer: &Staff| {
        let page = desk.get("/console", &viewer.cookie).await.body;
        page.split_once("In the last hour")
            .unwrap()
            .1
            .split_once("</section>")
            .unwrap()
            .0
            .to_owned()
    };
    let told = news(&desk, &viewer).await;
    assert!(told.contains("Started</a></td><td class=\"number\">1<"), "{told}");
    assert!(!told.contains("Got stuck"), "{told}");
    desk.site.apply(id, Outcome::Stuck(Problem::new(ProblemCode::TemplateMissing))).await;
    let told = news(&desk, &viewer).await;
    let list = "/console/onboardings?status=stuck&#38;problem=template_missing";
    assert!(told.contains(&format!("{list}\">Got stuck: template missing</a>")), "{told}");
    desk.site.house.advance(TimeDelta::minutes(61));
    let viewer = desk.enter("viewer@example.com").await;
    let told = news(&desk, &viewer).await;
    assert!(told.contains("Nothing has happened."), "{told}");
}

/// Twenty-five tenants who are named like a case do not hide it.
#[tokio::test]
async fn a_case_is_found_by_its_reference_whatever_others_are_called() {
    let (mut site, id) = Site::with(attended()).await;
    let reference = site.house.read(id).await.reference.to_string();
    let key = site.house.publish(unattended()).await;
    for n in 0..26 {
        site.house.start(&format!("{reference}-{n}"), &key).await;
    }
    site.house.settle().await;
    let desk = Desk::around(site);
    let viewer = desk.staff(Role::Viewer).await;
    let page = desk.get(&format!("/console/onboardings/{reference}"), &viewer.cookie).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
}

#[tokio::test]
async fn what_has_the_same_problem_is_one_line_with_one_order() {
    let mut site = Site::open().await;
    let key = site.house.publish(attended()).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(site.house.start(&format!("tenant-{number}"), &key).await);
    }
    site.house.settle().await;
    let refused = |status| format!("list connectors: refused with {status}: no");
    for (place, (code, detail)) in [
        (ProblemCode::CyclrRejected, refused(422)),
        (ProblemCode::CyclrRejected, refused(422)),
        (ProblemCode::CyclrRejected, refused(400)),
        (ProblemCode::InternalFault, "the facts lack an account".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        site.house.advance(TimeDelta::minutes(1));
        site.apply(ids[place], Outcome::Stuck(Problem::with(code, detail))).await;
    }
    let store = &site.house.store;
    let found = store.overview().await.unwrap().cohorts;
    assert!(!found.is_partial);
    let told: Vec<_> = found
        .cohorts
        .iter()
        .map(|one| (one.problem.name(), one.answered, one.count, one.examples.len()))
        .collect();
    assert_eq!(told[0], ("cyclr_rejected", Some(422), 2, 2));
    assert!(told.contains(&("cyclr_rejected", Some(400), 1, 1)), "{told:?}");
    assert!(told.contains(&("internal_fault", None, 1, 1)), "{told:?}");
    let first = &found.cohorts[0];
    assert_eq!(first.connection.as_deref(), Some("Harbour CRM"));
    assert_eq!(first.last - first.first, TimeDelta::minutes(1));
    let counts =
        store.count(&gangway::store::Filter::default(), &gangway::store::Sight::All).await.unwrap();
    let counted: u64 = found.cohorts.iter().map(|one| one.count).sum();
    assert_eq!(counted, counts.by_problem.values().sum::<u64>());

    let desk = Desk::around(site);
    let operator = desk.staff(Role::Operator).await;
    let page = desk.get("/console", &operator.cookie).await.body;
    assert!(page.contains("Harbour CRM, Cyclr answered 422"), "{page}");
    let list = "problem=cyclr_rejected&#38;step=connect&#38;connector=Harbour+CRM";
    assert!(page.contains(&format!("/console/bulk/new?{list}&#38;action=retry")), "{page}");
    for others in ["and 1 that Cyclr answered otherwise", "and 2 that Cyclr answered otherwise"] {
        assert_eq!(page.matches(others).count(), 1, "{others}\n{page}");
    }
    let viewer = desk.staff(Role::Viewer).await;
    assert!(!desk.get("/console", &viewer.cookie).await.body.contains("/console/bulk/new"));
}

#[tokio::test]
async fn the_way_is_counted_as_the_lists_count_it() {
    let (mut site, id) = Site::with(attended()).await;
    let key = site.house.publish(unattended()).await;
    site.house.start("beta", &key).await;
    site.house.settle().await;
    site.house.advance(TimeDelta::hours(5));
    site.obey(id, Command::Cancel { reason: "gone".to_owned() }).await;
    let steps = site.house.store.overview().await.unwrap().funnel;
    let numbers: Vec<_> =
        steps.iter().map(|one| (one.step.name(), one.reached, one.here, one.lost)).collect();
    assert_eq!(
        numbers,
        [
            ("create_account", 2, 0, 0),
            ("install", 2, 0, 0),
            ("connect", 2, 0, 1),
            ("map", 1, 0, 0),
            ("activate", 1, 0, 0),
            ("live", 1, 1, 0),
        ]
    );
    assert_eq!(steps[0].median, Some(TimeDelta::zero()));
    assert_eq!(steps[5].median, None, "nothing comes after it");
}
