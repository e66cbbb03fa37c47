//! Lists that are saved under a name: by whom, for whom, and what is kept of them.

use axum::http::StatusCode;
use gangway::store::Role;

use super::{Answer, Desk, Staff};
use crate::hosted::Site;
use crate::house::{attended, unattended};

const LIST: &str = "/console/onboardings";

impl Desk {
    async fn save(&self, staff: &Staff, name: &str, query: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![("name", name), ("query", query)];
        form.extend(more);
        self.act("/console/views", staff, &form).await
    }

    async fn list(&self, staff: &Staff, query: &str) -> String {
        let page = self.get(&format!("{LIST}?{query}"), &staff.cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.body);
        page.body
    }

    async fn acts(&self) -> Vec<String> {
        let lines = self.audit().await.into_iter();
        let lines = lines.filter(|line| line["action"].as_str().unwrap().ends_with("_view"));
        lines
            .map(|line| format!("{} {}", line["action"], line["object"]).replace('"', ""))
            .collect()
    }

    async fn views(&self) -> Vec<(String, String, bool)> {
        let query = "SELECT name, query, is_shared FROM saved_view ORDER BY created_at, name";
        sqlx::query_as(query).fetch_all(&self.site.house.pool().await).await.unwrap()
    }
}

/// Where the view's name leads, and whether it says that one is there.
#[track_caller]
fn link(page: &str, name: &str) -> (String, bool) {
    let (before, _) = page.split_once(&format!("<bdi>{name}</bdi>")).unwrap_or_else(|| {
        panic!("{name} is not shown\n{page}");
    });
    let tag = before.rsplit_once("<a href=\"").unwrap().1;
    let address = tag.split_once('"').unwrap().0.replace("&#38;", "&");
    (address, tag.contains("aria-current=\"page\""))
}

/// What the form on the list would save over: its id, or nothing.
#[track_caller]
fn shown_view(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"view\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_list_is_saved_and_found_again_by_the_same_filters() {
    let (mut site, waiting) = Site::with(attended()).await;
    let key = site.house.publish(unattended()).await;
    let live = site.house.start("beta", &key).await;
    site.house.settle().await;
    site.house.advance(chrono::TimeDelta::minutes(61));
    let desk = Desk::around(site);
    let viewer = desk.staff(Role::Viewer).await;
    let typed = "status=waiting&step=&q=&order=longest_in_step&older_than=60m&utm=//evil.example&cursor=AAAA";
    let saved = desk.save(&viewer, "  Mine & <b>yours</b> ", typed, &[]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let there = format!("{LIST}?status=waiting&older_than=1h&order=longest_in_step");
    assert_eq!(saved.header("location"), there);
    let page = desk.list(&viewer, "order=longest_in_step&older_than=60m&status=waiting").await;
    let name = "Mine &#38; &#60;b&#62;yours&#60;/b&#62;";
    assert_eq!(link(&page, name), (there.clone(), true), "however it is typed");
    assert!(!page.contains("<b>yours"));
    assert_eq!(link(&desk.list(&viewer, "").await, name), (there.clone(), false));
    let page = desk.get(&there, &viewer.cookie).await.body;
    let reference = async |id| desk.site.house.read(id).await.reference.to_string();
    let (waiting, live) = (reference(waiting).await, reference(live).await);
    assert!(page.contains(&waiting) && !page.contains(&live), "{waiting} {live}\n{page}");
    assert!(desk.acts().await.is_empty(), "one's own view is nobody else's business");
}

#[tokio::test]
async fn a_view_is_saved_over_and_renamed() {
    let desk = Desk::open().await;
    let operator = desk.staff(Role::Operator).await;
    desk.save(&operator, "Trouble", "blocker=cyclr", &[]).await;
    desk.save(&operator, "Trouble", "blocker=provider,cyclr&order=deadline", &[]).await;
    let query = "blocker=provider%2Ccyclr&order=deadline";
    assert_eq!(desk.views().await, [("Trouble".into(), query.into(), false)]);
    let id = shown_view(&desk.list(&operator, query).await);
    assert!(shown_view(&desk.list(&operator, "blocker=cyclr").await).is_empty());
    let over = [("view", &*id), ("share", "yes")];
    for _ in 0..2 {
        let answer = desk.save(&operator, "Big trouble", query, &over).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }
    assert_eq!(desk.views().await, [("Big trouble".into(), query.into(), true)]);
    assert_eq!(desk.acts().await, ["save_view Big trouble"], "sent twice, done once");
    desk.save(&operator, "Other", "status=live", &[]).await;
    let answer = desk.save(&operator, "Other", query, &over).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("another view of yours has this name"));
    // To oneself again: others see it no more, and that stands in the audit.
    desk.save(&operator, "Big trouble", query, &[("view", &*id)]).await;
    let line = desk.audit().await.pop().unwrap();
    assert_eq!(
        (&line["before"]["shared"], &line["after"]["shared"]),
        (&true.into(), &false.into())
    );
    // Gone meanwhile: nothing is lost of what was typed, and saved again it is a new one.
    desk.act(&format!("/console/views/{id}/delete"), &operator, &[]).await;
    let gone = desk.save(&operator, "Big trouble", query, &over).await;
    assert_eq!(gone.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(gone.body.contains("deleted meanwhile") && gone.body.contains("value=\"Big trouble\""));
    assert!(shown_view(&gone.body).is_empty());
}

#[tokio::test]
async fn what_is_shared_is_seen_by_all_and_the_rest_by_nobody_else() {
    let desk = Desk::open().await;
    let operator = desk.staff(Role::Operator).await;
    let viewer = desk.staff(Role::Viewer).await;
    desk.save(&operator, "For all", "status=stuck", &[("share", "yes")]).await;
    desk.save(&operator, "For me", "status=live", &[]).await;
    desk.save(&viewer, "Z of the viewer", "status=waiting", &[]).await;
    let page = desk.list(&viewer, "").await;
    assert_eq!(link(&page, "For all").0, format!("{LIST}?status=stuck"));
    assert!(page.contains("by <bdi>Ada &#60;i&#62;</bdi>"), "its owner's name");
    assert!(!page.contains("For me"));
    assert!(page.find("Z of the viewer") < page.find("For all"), "one's own stand first");
    assert!(!desk.list(&operator, "").await.contains("Z of the viewer"));
    // Somebody else's view is not saved over: theirs is another one.
    assert!(shown_view(&desk.list(&viewer, "status=stuck").await).is_empty());
    let audit = desk.audit().await;
    let line = audit.last().unwrap();
    assert_eq!((&line["action"], &line["object"]), (&"save_view".into(), &"For all".into()));
    assert_eq!(line["after"]["query"], "status=stuck");
    assert_eq!(line["actor"], "staff:operator@example.com");
}

#[tokio::test]
async fn a_viewer_shares_nothing() {
    let desk = Desk::open().await;
    let viewer = desk.staff(Role::Viewer).await;
    assert!(!desk.list(&viewer, "").await.contains("Show it to all staff"));
    let refused = desk.save(&viewer, "For all", "status=stuck", &[("share", "yes")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("shared by operators and admins"), "{}", refused.body);
    assert!(desk.views().await.is_empty() && desk.acts().await.is_empty());
    // Nor is changed what they have shared when they were an operator.
    let operator = desk.staff(Role::Operator).await;
    desk.save(&operator, "For all", "status=stuck", &[("share", "yes")]).await;
    let pool = desk.site.house.pool().await;
    sqlx::query("UPDATE staff SET role = 'viewer'").execute(&pool).await.unwrap();
    let refused = desk.save(&operator, "For all", "status=live", &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.views().await, [("For all".into(), "status=stuck".into(), true)]);
}

#[tokio::test]
async fn only_its_owner_or_an_administrator_deletes_a_view() {
    let desk = Desk::open().await;
    let operator = desk.staff(Role::Operator).await;
    let viewer = desk.staff(Role::Viewer).await;
    let admin = desk.staff(Role::Admin).await;
    desk.save(&operator, "For all", "status=stuck", &[("share", "yes")]).await;
    desk.save(&operator, "For me", "status=live", &[]).await;
    let id = async |query| shown_view(&desk.list(&operator, query).await);
    let (shared, own) = (id("status=stuck").await, id("status=live").await);
    let delete = async |id: &str, who: &Staff| {
        desk.act(&format!("/console/views/{id}/delete"), who, &[]).await.status
    };
    assert_eq!(delete(&shared, &viewer).await, StatusCode::FORBIDDEN);
    assert_eq!(delete(&own, &viewer).await, StatusCode::NOT_FOUND, "it does not exist for them");
    assert_eq!(delete(&own, &admin).await, StatusCode::NOT_FOUND);
    assert_eq!(desk.views().await.len(), 2);
    let button = format!("/console/views/{shared}/delete");
    assert!(!desk.list(&viewer, "").await.contains(&button));
    assert!(desk.list(&admin, "").await.contains(&button));
    assert_eq!(delete(&shared, &admin).await, StatusCode::SEE_OTHER);
    assert_eq!(delete(&own, &operator).await, StatusCode::SEE_OTHER);
    assert!(desk.views().await.is_empty());
    assert_eq!(desk.acts().await, ["save_view For all", "delete_view For all"]);
    for action in ["save_view", "delete_view"] {
        let page = desk.get(&format!("/console/audit?action={action}"), &admin.cookie).await.body;
        assert!(page.contains(&format!("value=\"{action}\" selected")), "{page}");
        assert!(page.contains("For all"), "{page}");
    }
}

#[tokio::test]
async fn names_and_numbers_have_their_limits() {
    let desk = Desk::open().await;
    let operator = desk.staff(Role::Operator).await;
    for name in ["", " \t ", &"ü".repeat(61), "a\u{0}b", "a\nb"] {
        let refused = desk.save(&operator, name, "status=stuck", &[]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
        assert!(refused.body.contains("a name of 1 to 60 characters"), "{}", refused.body);
    }
    let evil = "\"><script>alert(1)</script>\u{202e}' onclick='x";
    desk.save(&operator, evil, "status=stuck", &[("share", "yes")]).await;
    desk.save(&operator, &"ü".repeat(60), "status=live", &[]).await;
    assert_eq!(desk.views().await.len(), 2);
    let page = desk.list(&operator, "status=stuck").await;
    assert!(page.contains("&#34;&#62;&#60;script&#62;alert(1)"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains("' onclick='"), "{page}");
    for query in ["status=funny", "stuck=true&stuck=false", &format!("q={}", "x".repeat(201))] {
        let refused = desk.save(&operator, "wrong", query, &[]).await;
        assert!(refused.status.is_client_error(), "{query}: {}", refused.status);
    }
    let parts =
        ["status=waiting", "step=connect", "blocker=support", "problem=poison"].map(|part| {
            let value = part.split('=').nth(1).unwrap();
            format!("{part}{}", format!(",{value}").repeat(110))
        });
    let refused = desk.save(&operator, "long", &parts.join("&"), &[]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("more than can be kept"), "{}", refused.body);
    for number in 3..=50 {
        let name = format!("number {number}");
        assert_eq!(
            desk.save(&operator, &name, "order=oldest", &[]).await.status,
            StatusCode::SEE_OTHER
        );
    }
    let refused = desk.save(&operator, "one more", "order=oldest", &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("you have 50 views"), "{}", refused.body);
    assert_eq!(desk.views().await.len(), 50);
    // What is there can still be saved over.
    let over = desk.save(&operator, "number 7", "status=live", &[]).await;
    assert_eq!(over.status, StatusCode::SEE_OTHER);
}

/// The last wall: what is kept cannot lead anywhere but to the list.
#[tokio::test]
async fn the_database_keeps_nothing_but_a_query() {
    let desk = Desk::open().await;
    desk.staff(Role::Viewer).await;
    let pool = desk.site.house.pool().await;
    for (query, fits) in [
        ("status=stuck&q=a%2Fb+c", true),
        ("", true),
        ("//evil.example", false),
        ("q=a#b", false),
        ("q=\"", false),
        ("q=a\nb", false),
    ] {
        let insert = "INSERT INTO saved_view (view_id, staff_id, name, query, is_shared, created_at,
                      changed_at) SELECT gen_random_uuid(), staff_id, $1 || 'x', $1, false, now(), now()
                      FROM staff";
        let kept = sqlx::query(insert).bind(query).execute(&pool).await;
        assert_eq!(kept.is_ok(), fits, "{query}: {kept:?}");
    }
}
