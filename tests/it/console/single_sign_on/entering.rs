//! Who comes in, and as what.

use axum::http::StatusCode;
use gangway::secret::Secret;
use gangway::store::Role;
use serde_json::{Value, json};
use url::Url;

use super::{Office, START, pair};
use crate::console::{Desk, by_command_line};

#[tokio::test]
async fn there_is_a_button_where_a_provider_is_and_none_elsewhere() {
    let office = Office::open().await;
    let page = office.desk.get("/console/sign-in?next=%2Fconsole%2Faudit", "").await.body;
    assert!(page.contains("Sign in with Acme &#60;b&#62;"), "{page}");
    assert!(page.contains("/console/sign-in/start?next=%2Fconsole%2Faudit"), "{page}");
    let without = Desk::open().await;
    assert!(!without.get("/console/sign-in", "").await.body.contains("sign-in/start"));
    for path in [START, "/console/sign-in/return?code=a&state=b"] {
        assert_eq!(without.get(path, "").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn what_goes_to_the_provider_is_bound_and_what_stays_here_is_sealed() {
    let office = Office::open().await;
    let answer = office.desk.get(START, "").await;
    let page = Url::parse(answer.header("location")).unwrap();
    let query: std::collections::HashMap<_, _> = page.query_pairs().into_owned().collect();
    assert_eq!(query["redirect_uri"], "https://go.example.com/console/sign-in/return");
    assert_eq!(query["scope"], "openid email profile");
    assert!(query["state"].len() >= 43 && query["nonce"].len() >= 43);
    assert!(!query.contains_key("prompt") && !query.contains_key("max_age"));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-gangway-sign-in="), "{cookie}");
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    for secret in [&query["state"], &query["nonce"]] {
        assert!(!cookie.contains(secret.as_str()));
    }
}

#[tokio::test]
async fn the_first_sign_in_makes_somebody_and_the_next_one_finds_them() {
    let office = Office::open().await;
    let groups = json!({ "groups": ["support", "choir"] });
    let first = office.enter(groups.clone()).await;
    assert_eq!(office.staff().await, [pair("ada@example.com", "operator")]);
    assert_eq!(
        office.desk.get("/console/staff", &first.cookie).await.status,
        StatusCode::FORBIDDEN
    );
    let account = office.desk.get("/console/account", &first.cookie).await.body;
    assert!(account.contains("no password of yours here"), "{account}");
    // Known by the provider's own name, whatever their address is by now.
    office.enter(json!({ "email": "ada@new.example", "groups": ["support"] })).await;
    assert_eq!(office.staff().await, [pair("ada@example.com", "operator")]);
    let audit = office.desk.audit().await;
    let word = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    let told: Vec<_> =
        audit.iter().map(|line| (word(line, "actor"), word(line, "action"))).collect();
    let own = "staff:ada@example.com";
    let expected = [("single sign-on", "add_staff"), (own, "sign_in"), (own, "sign_in")];
    assert_eq!(told, expected.map(|(actor, action)| (actor.to_owned(), action.to_owned())));
    // There is no password that would open the account, and none can be given to it.
    let store = &office.desk.site.house.store;
    assert!(store.find_staff("ada@example.com").await.unwrap().is_none());
    let hash = Secret::from("hash");
    assert!(store.set_password("ada@example.com", &hash, None, &by_command_line()).await.is_err());
}

#[tokio::test]
async fn the_role_follows_the_groups_at_every_sign_in() {
    let office = Office::open().await;
    office.desk.add("boss@example.com", Role::Admin).await;
    for (groups, role) in [
        (json!(["sales"]), "viewer"),
        (json!(["sales", "leads", "support"]), "admin"),
        (json!("second line"), "operator"),
    ] {
        office.enter(json!({ "groups": groups })).await;
        let expected = [pair("ada@example.com", role), pair("boss@example.com", "admin")];
        assert_eq!(office.staff().await, expected);
    }
    let audit = office.desk.audit().await;
    let changes: Vec<_> = audit.iter().filter(|line| line["action"] == "change_staff").collect();
    assert_eq!(changes.len(), 2);
    assert_eq!(
        (&changes[0]["before"]["role"], &changes[0]["after"]["role"]),
        (&json!("viewer"), &json!("admin"))
    );
}

#[tokio::test]
async fn an_address_that_nobody_verified_is_not_shown_as_theirs() {
    let office = Office::open().await;
    office.enter(json!({ "email": "boss@example.com", "email_verified": false })).await;
    assert_eq!(office.staff().await, [pair("ada-1", "operator")]);
}

#[tokio::test]
async fn what_a_short_token_leaves_out_is_asked_for() {
    let office = Office::open().await;
    let short = json!({ "email": null, "email_verified": null, "name": null, "groups": null });
    let more = json!({ "sub": "ada-1", "email": "ada@example.com", "email_verified": true,
                       "name": "Ada", "groups": ["leads"] });
    office.provider.tells(more.clone());
    office.enter(short.clone()).await;
    assert_eq!(office.staff().await, [pair("ada@example.com", "admin")]);
    let before = office.rows().await;
    let mut others = more;
    others["sub"] = json!("somebody-else");
    office.provider.tells(others);
    let answer = office.come(short).await;
    Office::refused(&answer, StatusCode::BAD_GATEWAY, "The sign-in cannot be understood");
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn two_first_sign_ins_at_once_are_one_person() {
    let office = Office::open().await;
    let come = (0..4).map(|_| office.come(json!({})));
    for answer in futures_util::future::join_all(come).await {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }
    assert_eq!(office.staff().await, [pair("ada@example.com", "operator")]);
}
