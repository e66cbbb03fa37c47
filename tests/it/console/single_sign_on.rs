//! Coming in by a provider of identities: the whole way over HTTP, and every way in which it must not work.

use axum::http::StatusCode;
use chrono::TimeDelta;
use gangway::identity::{Provider as Client, Settings};
use gangway::secret::Secret;
use gangway::store::{Role, StaffChange};
use serde_json::{Value, json};
use url::Url;

use super::provider::{CLIENT, Mood, Provider, SECRET};
use super::{Desk, Staff, by_command_line};
use crate::hosted::{Answer, Site};

const START: &str = "/console/sign-in/start?next=%2Fconsole%2Faccount";

/// The console with a provider beside it.
struct Office {
    desk: Desk,
    provider: Provider,
}

/// A browser that has gone to the provider.
struct Away {
    page: Url,
    cookie: String,
}

impl Office {
    async fn open() -> Self {
        let provider = Provider::open().await;
        let mut site = Site::open().await;
        let settings = Settings {
            issuer: provider.issuer(),
            client_id: CLIENT.to_owned(),
            client_secret: Secret::from(SECRET),
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            groups_claim: "groups".to_owned(),
            viewers: vec!["sales".to_owned()],
            operators: vec!["support".to_owned(), "second line".to_owned()],
            admins: vec!["leads".to_owned()],
            word: "Acme <b>".to_owned(),
        };
        let client = Client::new(settings, site.house.clock.clone()).unwrap();
        site.state = site.state.proven_by(Some(client));
        Self { desk: Desk::around(site), provider }
    }

    fn now(&self) -> i64 {
        self.desk.site.house.clock.now().timestamp()
    }

    async fn leave(&self, start: &str, cookie: &str) -> Away {
        let answer = self.desk.get(start, cookie).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = Url::parse(answer.header("location")).unwrap();
        Away { page, cookie: merged(cookie, &answer) }
    }

    /// The whole way of somebody of whom the provider says this.
    async fn come(&self, claims: Value) -> Answer {
        let away = self.leave(START, "").await;
        let back = self.provider.sign_in(&away.page, self.now(), &claims);
        self.desk.get(&back, &away.cookie).await
    }

    async fn enter(&self, claims: Value) -> Staff {
        let answer = self.come(claims).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(answer.header("location"), "/console/account");
        let cookie = merged("", &answer);
        let page = self.desk.get("/console/account", &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let (_, rest) = page.body.split_once("name=\"form-token\" value=\"").unwrap();
        Staff { cookie, form_token: rest.split_once('"').unwrap().0.to_owned() }
    }

    /// Nobody is in, and the page says so in words for people.
    #[track_caller]
    fn refused(answer: &Answer, status: StatusCode, words: &str) {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
        assert!(answer.body.contains("nothing was changed") || answer.body.contains("Nothing was"));
        for internal in ["nonce", "token", "oops", "Oops", "JWT", "OIDC", "invalid_grant"] {
            assert!(!answer.body.contains(internal), "{internal}: {}", answer.body);
        }
        let sessions = answer.headers.get_all("set-cookie").iter();
        let mut sessions = sessions.map(|cookie| cookie.to_str().unwrap());
        assert!(!sessions.any(|cookie| cookie.starts_with("__Host-gangway-staff")));
    }

    /// All that a sign-in may change.
    async fn rows(&self) -> Vec<Value> {
        let query = "SELECT to_jsonb(t) FROM staff t UNION ALL SELECT to_jsonb(t) FROM staff_session t \
                     UNION ALL SELECT to_jsonb(t) FROM audit t ORDER BY 1";
        sqlx::query_scalar(query).fetch_all(&self.desk.site.house.pool().await).await.unwrap()
    }

    async fn staff(&self) -> Vec<(String, String)> {
        let query = "SELECT email, role FROM staff ORDER BY email";
        sqlx::query_as(query).fetch_all(&self.desk.site.house.pool().await).await.unwrap()
    }
}

/// The browser's cookies after this answer.
fn merged(before: &str, answer: &Answer) -> String {
    let mut kept: Vec<_> = before.split("; ").filter(|cookie| !cookie.is_empty()).collect();
    for set in answer.headers.get_all("set-cookie") {
        let set = set.to_str().unwrap().split(';').next().unwrap();
        let (name, value) = set.split_once('=').unwrap();
        kept.retain(|cookie| cookie.split_once('=').unwrap().0 != name);
        if !value.is_empty() {
            kept.push(set);
        }
    }
    kept.join("; ")
}

fn pair(email: &str, role: &str) -> (String, String) {
    (email.to_owned(), role.to_owned())
}

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
async fn whoever_may_not_come_in_changes_nothing() {
    let office = Office::open().await;
    office.desk.add("ada@example.com", Role::Viewer).await;
    office.enter(json!({ "sub": "eve", "email": "eve@example.com" })).await;
    office.enter(json!({ "sub": "max", "email": "max@example.com", "groups": ["leads"] })).await;
    let actor = by_command_line();
    let store = &office.desk.site.house.store;
    store.change_staff("eve@example.com", StaffChange::Disable, &actor).await.unwrap();
    let before = office.rows().await;
    for (claims, status, words) in [
        (json!({ "sub": "new" }), StatusCode::CONFLICT, "Your address belongs to another account"),
        (
            json!({ "sub": "new", "email": "n@example.com", "groups": [] }),
            StatusCode::FORBIDDEN,
            "You are in no group",
        ),
        (
            json!({ "sub": "new", "email": "n@example.com", "groups": ["Support"] }),
            StatusCode::FORBIDDEN,
            "You are in no group",
        ),
        (
            json!({ "sub": "max", "email": "max@example.com", "groups": null }),
            StatusCode::FORBIDDEN,
            "You are in no group",
        ),
        (
            json!({ "sub": "eve", "email": "eve@example.com" }),
            StatusCode::FORBIDDEN,
            "You are not let in any more",
        ),
        (
            json!({ "sub": "max", "email": "max@example.com" }),
            StatusCode::CONFLICT,
            "You are the last administrator",
        ),
    ] {
        Office::refused(&office.come(claims).await, status, words);
        assert_eq!(office.rows().await, before, "{words}");
    }
    office.desk.add("boss@example.com", Role::Admin).await;
    office.enter(json!({ "sub": "max", "email": "max@example.com" })).await;
    store.change_staff("eve@example.com", StaffChange::Enable, &actor).await.unwrap();
    office.enter(json!({ "sub": "eve", "email": "eve@example.com" })).await;
}

#[tokio::test]
async fn what_comes_back_is_for_this_browser_now_and_once() {
    let office = Office::open().await;
    let away = office.leave(START, "").await;
    let other = office.leave(START, "").await;
    let back = office.provider.sign_in(&away.page, office.now(), &json!({}));
    let before = office.rows().await;
    let (path, query) = back.split_once('?').unwrap();
    let code = query.split('&').find(|field| field.starts_with("code=")).unwrap();
    for (back, cookie) in [
        (back.as_str(), ""),
        (back.as_str(), other.cookie.as_str()),
        (back.as_str(), "__Host-gangway-sign-in=AAAA"),
        (&format!("{path}?{code}"), &away.cookie),
        (&format!("{path}?{code}&state=forged"), &away.cookie),
        (&format!("{back}&iss=https%3A%2F%2Fevil.example"), &away.cookie),
        (&format!("{path}?error=access_denied&state=forged"), &away.cookie),
    ] {
        let answer = office.desk.get(back, cookie).await;
        Office::refused(&answer, StatusCode::BAD_REQUEST, "This sign-in was not begun here");
    }
    assert_eq!(office.rows().await, before);
    assert!(!office.provider.heard().contains(&"token"), "no code went anywhere");

    let in_time = office.desk.get(&back, &away.cookie).await;
    assert_eq!(in_time.status, StatusCode::SEE_OTHER, "{}", in_time.body);
    assert!(!merged(&away.cookie, &in_time).contains("gangway-sign-in"), "it is thrown away");
    let before = office.rows().await;
    let again = office.desk.get(&back, &away.cookie).await;
    Office::refused(&again, StatusCode::CONFLICT, "This sign-in was used before");
    assert_eq!(office.provider.heard().iter().filter(|call| **call == "token").count(), 1);

    let late = office.provider.sign_in(&other.page, office.now() + 600, &json!({}));
    office.desk.site.house.advance(TimeDelta::minutes(10));
    let late = office.desk.get(&late, &other.cookie).await;
    Office::refused(&late, StatusCode::BAD_REQUEST, "The sign-in took too long");
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn a_token_that_does_not_hold_proves_nobody() {
    let office = Office::open().await;
    let now = office.now();
    let words = "The sign-in cannot be believed";
    for claims in [
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "aud": "somebody-else" }),
        json!({ "aud": [CLIENT, "somebody-else"] }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": now }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
    ] {
        let answer = office.come(claims.clone()).await;
        Office::refused(&answer, StatusCode::FORBIDDEN, words);
        assert_eq!(office.rows().await, Vec::<Value>::new(), "{claims}");
    }
    for algorithm in ["none", "HS256", "RS256"] {
        office.provider.claims_to_sign_by(algorithm);
        let answer = office.come(json!({})).await;
        assert!([403, 502].contains(&answer.status.as_u16()), "{algorithm}: {}", answer.body);
        assert_eq!(office.rows().await, Vec::<Value>::new(), "{algorithm}");
    }
    office.provider.claims_to_sign_by("EdDSA");
    office.enter(json!({ "aud": [CLIENT] })).await;
    office.provider.is_impersonated();
    let before = office.rows().await;
    Office::refused(&office.come(json!({})).await, StatusCode::FORBIDDEN, words);
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn new_keys_are_fetched_but_not_at_anybodys_pace() {
    let office = Office::open().await;
    office.enter(json!({})).await;
    office.provider.changes_keys();
    let words = "The sign-in cannot be believed";
    Office::refused(&office.come(json!({})).await, StatusCode::FORBIDDEN, words);
    assert_eq!(office.provider.heard().iter().filter(|call| **call == "keys").count(), 1);
    office.desk.site.house.advance(TimeDelta::minutes(1));
    office.enter(json!({})).await;
    assert_eq!(office.provider.heard().iter().filter(|call| **call == "keys").count(), 1);
}

#[tokio::test]
async fn a_provider_in_trouble_is_told_of_and_asked_again_later() {
    let office = Office::open().await;
    for (mood, words) in [
        (Mood::Away, "The sign-in cannot be reached"),
        (Mood::Redirects, "The sign-in cannot be reached"),
    ] {
        office.provider.is(mood);
        let answer = office.desk.get(START, "").await;
        Office::refused(&answer, StatusCode::BAD_GATEWAY, words);
    }
    for (mood, words) in [
        (Mood::Says(200, "rubbish"), "The sign-in cannot be understood"),
        (Mood::Says(200, "{}"), "The sign-in cannot be understood"),
        (Mood::Says(200, r#"{"access_token":"a","token_type":"Bearer"}"#), "cannot be understood"),
        (Mood::Says(400, r#"{"error":"invalid_grant"}"#), "The sign-in was not confirmed"),
        (Mood::Says(302, ""), "The sign-in cannot be understood"),
        (Mood::Floods, "The sign-in cannot be understood"),
        (Mood::Away, "The sign-in cannot be"),
    ] {
        office.provider.is(Mood::Good);
        let away = office.leave(START, "").await;
        let back = office.provider.sign_in(&away.page, office.now(), &json!({}));
        office.provider.is(mood);
        let answer = office.desk.get(&back, &away.cookie).await;
        Office::refused(&answer, StatusCode::BAD_GATEWAY, words);
    }
    office.provider.is(Mood::Good);
    for (error, status, words) in [
        ("access_denied", StatusCode::FORBIDDEN, "The sign-in was refused"),
        ("server_error", StatusCode::BAD_GATEWAY, "The sign-in did not work out"),
    ] {
        let away = office.leave(START, "").await;
        let (_, state) = away.page.query_pairs().find(|(name, _)| name == "state").unwrap();
        let back = format!("/console/sign-in/return?error={error}&state={state}");
        Office::refused(&office.desk.get(&back, &away.cookie).await, status, words);
    }
    assert_eq!(office.rows().await, Vec::<Value>::new());
    office.enter(json!({})).await;
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
async fn what_cannot_be_taken_back_asks_for_a_sign_in_of_just_now() {
    let office = Office::open().await;
    office.desk.add("bob@example.com", Role::Viewer).await;
    let begun = office.now();
    let admin = json!({ "groups": ["leads"], "auth_time": begun });
    let ada = office.enter(admin.clone()).await;
    let change = async || {
        let form = [("to", "operator")];
        office.desk.act("/console/staff/bob%40example.com", &ada, &form).await
    };
    assert_eq!(change().await.header("location"), "/console/staff", "signed in just now");
    office.desk.site.house.advance(TimeDelta::minutes(16));
    let prove = change().await.header("location").to_owned();
    assert_eq!(prove, "/console/prove?next=%2Fconsole%2Fstaff");
    let page = office.desk.get(&prove, &ada.cookie).await.body;
    let start = "/console/prove/start?next=%2Fconsole%2Fstaff";
    assert!(page.contains(start) && !page.contains("type=\"password\""), "{page}");

    let before = office.rows().await;
    let now = office.now();
    for (claims, words) in [
        (admin.clone(), "You were not asked again who you are"),
        (json!({ "groups": ["leads"] }), "You were not asked again who you are"),
        (
            json!({ "sub": "eve", "email": "eve@example.com", "auth_time": now }),
            "Somebody else has signed in",
        ),
    ] {
        let away = office.leave(start, &ada.cookie).await;
        let back = office.provider.sign_in(&away.page, now, &claims);
        let answer = office.desk.get(&back, &away.cookie).await;
        Office::refused(&answer, StatusCode::FORBIDDEN, words);
        assert_eq!(office.rows().await, before, "{words}");
    }
    let away = office.leave(start, &ada.cookie).await;
    let query: std::collections::HashMap<_, _> = away.page.query_pairs().into_owned().collect();
    assert_eq!((query["prompt"].as_str(), query["max_age"].as_str()), ("login", "0"));
    let back =
        office.provider.sign_in(&away.page, now, &json!({ "groups": ["leads"], "auth_time": now }));
    // Not for whoever has the cookie of the sign-in alone.
    let pending = away.cookie.split("; ").find(|cookie| cookie.contains("sign-in")).unwrap();
    let alone = office.desk.get(&back, pending).await;
    Office::refused(&alone, StatusCode::UNAUTHORIZED, "You are not signed in any more");
    let away = office.leave(start, &ada.cookie).await;
    let back =
        office.provider.sign_in(&away.page, now, &json!({ "groups": ["leads"], "auth_time": now }));
    let proven = office.desk.get(&back, &away.cookie).await;
    assert_eq!(
        (proven.status, proven.header("location")),
        (StatusCode::SEE_OTHER, "/console/staff")
    );
    assert_eq!(change().await.header("location"), "/console/staff");
    // A sign-in of which the provider does not say when it was is none of just now.
    let unsaid = office.enter(json!({ "groups": ["leads"] })).await;
    let answer =
        office.desk.act("/console/staff/bob%40example.com", &unsaid, &[("to", "viewer")]).await;
    assert_eq!(answer.header("location"), prove);
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
