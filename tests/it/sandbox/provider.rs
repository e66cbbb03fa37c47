//! The pretend provider, as a client and as a person meets it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use gangway::sandbox::CRM_TO_MAIL;
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Rig, stopped_clock};

const BACK: &str = "https://gangway.example/return";
const CLIENT: &str = "cyclr-for-2101";
const SECRET: &str = "pretend-secret-of-2101";
const VERIFIER: &str = "a-verifier-of-the-test-with-at-least-43-signs";

/// A client of the provider that is not Cyclr but knows its credentials.
struct Guest {
    rig: Rig,
    connector: Value,
}

impl Guest {
    async fn new() -> Self {
        let rig = Rig::with_account(stopped_clock()).await;
        let connector =
            rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
        Self { rig, connector }
    }

    fn callback(&self) -> String {
        format!("{}/connector/callback", self.rig.base)
    }

    /// A sound request, with some values replaced.
    fn request(&self, other: &[(&str, &str)]) -> Url {
        let callback = self.callback();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut said = vec![
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", &callback),
            ("scope", "read"),
            ("state", "s&t"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in other {
            said.retain(|(one, _)| one != name);
            said.push((name, value));
        }
        Url::parse_with_params(&format!("{}/provider/authorize", self.rig.base), said).unwrap()
    }

    async fn ask(&self, other: &[(&str, &str)]) -> Response {
        self.rig.http.get(self.request(other)).send().await.unwrap()
    }

    async fn code(&self) -> String {
        let given = self.rig.press(&self.request(&[]), "allow").await;
        let given = Url::parse(given.headers()["location"].to_str().unwrap()).unwrap();
        let value =
            |name: &str| given.query_pairs().find(|(one, _)| one == name).unwrap().1.into_owned();
        assert_eq!(value("state"), "s&t");
        value("code")
    }

    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let asked = self.rig.http.post(format!("{}/provider/token", self.rig.base));
        let answer = asked.form(form).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A code with some values of the sound form replaced.
    async fn exchange(&self, code: &str, other: &[(&str, &str)]) -> (u16, Value) {
        let callback = self.callback();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &callback),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in other {
            form.retain(|(one, _)| one != name);
            form.push((name, value));
        }
        self.token(&form).await
    }
}

fn refusal((status, body): (u16, Value)) -> (u16, String) {
    assert!(body["error_description"].is_string() && body["access_token"].is_null(), "{body}");
    (status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn cyclr_asks_for_a_code_with_a_challenge_and_a_state_of_its_own() {
    let guest = Guest::new().await;
    let (rig, mut asked) = (&guest.rig, Vec::new());
    for _ in 0..2 {
        let consent = rig.reach_consent(&guest.connector, BACK).await;
        assert_eq!(
            consent.as_str().split('?').next(),
            Some(&*format!("{}/provider/authorize", rig.base))
        );
        asked.push(consent.query_pairs().into_owned().collect::<Vec<_>>());
    }
    let names: Vec<_> = asked[0].iter().map(|(name, _)| name.as_str()).collect();
    let wanted = ["response_type", "client_id", "redirect_uri", "scope", "state"];
    assert_eq!(names[..5], wanted);
    assert_eq!(names[5..], ["code_challenge", "code_challenge_method"]);
    let values: Vec<_> = asked[0].iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values[..4], ["code", CLIENT, &guest.callback(), "read write"]);
    assert_eq!((values[5].len(), values[6]), (43, "S256"));
    assert_ne!((values[4], values[5]), (&*asked[1][4].1, &*asked[1][5].1));
    assert!(values[4].len() >= 22);
}

#[tokio::test]
async fn a_code_works_once_for_sixty_seconds_for_its_client_address_and_verifier() {
    let guest = Guest::new().await;
    let code = guest.code().await;
    let (status, told) = guest.exchange(&code, &[]).await;
    assert_eq!(status, 200);
    assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(told["scope"], "read");
    assert!(told["access_token"].is_string() && told["refresh_token"].is_string());
    let used = (400, "invalid_grant".to_owned());
    assert_eq!(refusal(guest.exchange(&code, &[]).await), used, "replayed");

    let elsewhere = format!("{}/", guest.callback());
    let wrong = [
        ("code_verifier", "another-verifier-of-the-test-with-43-signs-"),
        ("code_verifier", ""),
        ("redirect_uri", elsewhere.as_str()),
        ("redirect_uri", ""),
    ];
    for wrong in wrong {
        let code = guest.code().await;
        assert_eq!(refusal(guest.exchange(&code, &[wrong]).await), used, "{wrong:?}");
        assert_eq!(refusal(guest.exchange(&code, &[]).await), used, "it was spent: {wrong:?}");
    }
    let other = [("client_id", "cyclr-for-2103"), ("client_secret", "pretend-secret-of-2103")];
    assert_eq!(refusal(guest.exchange(&guest.code().await, &other).await), used);

    let code = guest.code().await;
    guest.rig.sandbox.advance(TimeDelta::seconds(59));
    assert_eq!(guest.exchange(&code, &[]).await.0, 200);
    let code = guest.code().await;
    guest.rig.sandbox.advance(TimeDelta::seconds(60));
    assert_eq!(refusal(guest.exchange(&code, &[]).await), used);
}

#[tokio::test]
async fn a_client_proves_who_it_is_in_the_form_or_in_a_header() {
    let guest = Guest::new().await;
    let unknown = (401, "invalid_client".to_owned());
    let code = guest.code().await;
    for wrong in [
        ("client_secret", "x"),
        ("client_secret", ""),
        ("client_id", "x"),
        ("client_id", "cyclr-for-02101"),
    ] {
        assert_eq!(refusal(guest.exchange(&code, &[wrong]).await), unknown, "{wrong:?}");
    }
    // A stranger does not spend the code.
    let basic = |secret: &str| STANDARD.encode(format!("{CLIENT}:{secret}"));
    let callback = guest.callback();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &callback),
        ("code_verifier", VERIFIER),
    ];
    for (secret, status) in [("x", 401), (SECRET, 200)] {
        let asked = guest.rig.http.post(format!("{}/provider/token", guest.rig.base)).form(&form);
        let asked = asked.header("authorization", format!("Basic {}", basic(secret)));
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401);
    }
    let wrong = guest.exchange("x", &[("grant_type", "password")]).await;
    assert_eq!(refusal(wrong), (400, "unsupported_grant_type".to_owned()));
    let wrong = guest.exchange("x", &[("grant_type", "")]).await;
    assert_eq!(refusal(wrong), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_refresh_token_gives_new_access_to_its_client_and_no_more_than_was_granted() {
    let guest = Guest::new().await;
    let (_, first) = guest.exchange(&guest.code().await, &[]).await;
    let refresh = first["refresh_token"].as_str().unwrap();
    let ask = async |other: (&'static str, &'static str)| {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
        ];
        form.retain(|(name, _)| *name != other.0);
        form.push(other);
        guest.token(&form).await
    };
    let (status, second) = ask(("scope", "")).await;
    assert_eq!(status, 200);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(
        (&second["scope"], &second["refresh_token"]),
        (&json!("read"), &first["refresh_token"])
    );
    assert_eq!(refusal(ask(("scope", "read write")).await), (400, "invalid_scope".to_owned()));
    assert_eq!(refusal(ask(("refresh_token", "x")).await), (400, "invalid_grant".to_owned()));
    guest.rig.sandbox.advance(TimeDelta::days(90));
    assert_eq!(refusal(ask(("scope", "")).await), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn a_code_that_is_sent_twice_takes_back_what_it_gave() {
    let guest = Guest::new().await;
    let refresh = async |told: &Value| {
        let token = told["refresh_token"].as_str().unwrap();
        let form = [("client_id", CLIENT), ("client_secret", SECRET), ("refresh_token", token)];
        guest.token(&[&form[..], &[("grant_type", "refresh_token")]].concat()).await
    };
    let (code, other) = (guest.code().await, guest.code().await);
    let (first, second) = (guest.exchange(&code, &[]).await.1, guest.exchange(&other, &[]).await.1);
    // A stranger takes nothing away.
    guest.exchange(&code, &[("client_secret", "x")]).await;
    assert_eq!(refresh(&first).await.0, 200);
    // Whenever that is.
    guest.rig.sandbox.advance(TimeDelta::days(2));
    guest.code().await;
    assert_eq!(guest.exchange(&code, &[]).await.0, 400);
    assert_eq!(refusal(refresh(&first).await), (400, "invalid_grant".to_owned()));
    assert_eq!(refresh(&second).await.0, 200, "only what this code gave");
}

#[tokio::test]
async fn who_asks_wrongly_is_sent_back_only_to_a_registered_address() {
    let guest = Guest::new().await;
    let callback = guest.callback();
    let (slash, query) = (format!("{callback}/"), format!("{callback}?x=1"));
    let stays = [
        ("client_id", "x"),
        ("client_id", ""),
        ("client_id", "cyclr-for-99999"),
        ("redirect_uri", "https://evil.example/connector/callback"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", &slash),
        ("redirect_uri", &query),
        ("redirect_uri", ""),
    ];
    for wrong in stays {
        for answer in
            [guest.ask(&[wrong]).await, guest.rig.press(&guest.request(&[wrong]), "allow").await]
        {
            assert_eq!(answer.status(), 400, "{wrong:?}");
            assert!(answer.headers().get("location").is_none());
            assert!(answer.text().await.unwrap().contains("This sign-in cannot begin"));
        }
    }
    let returns = [
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("scope", "read admin"), "invalid_scope"),
    ];
    for (wrong, error) in returns {
        for answer in
            [guest.ask(&[wrong]).await, guest.rig.press(&guest.request(&[wrong]), "allow").await]
        {
            let to = answer.headers()["location"].to_str().unwrap().to_owned();
            assert!(to.starts_with(&format!("{callback}?error={error}&")), "{to}");
            assert!(to.ends_with("&state=s%26t") && !to.contains("code="), "{to}");
        }
    }
}

#[tokio::test]
async fn the_consent_screen_repeats_what_it_was_asked_and_nothing_runs_on_it() {
    let guest = Guest::new().await;
    let answer = guest.ask(&[("state", "\"><script>alert(1)</script>")]).await;
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"));
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    let page = answer.text().await.unwrap();
    assert!(!page.contains("<script") && page.contains("lang=\"en\""));
    assert!(page.contains("read what is in it") && !page.contains("change what is in it"));
    assert!(!page.contains(SECRET));
}

#[tokio::test]
async fn every_answer_of_a_person_ends_as_they_chose() {
    let guest = Guest::new().await;
    let rig = &guest.rig;
    let refused = [
        ("deny", "access_denied", "The user refused to grant access."),
        ("needs_admin", "consent_required", "An administrator has to grant access"),
        ("fail", "server_error", "Something broke at the provider."),
    ];
    for (decision, error, description) in refused {
        let consent = rig.reach_consent(&guest.connector, BACK).await;
        let page = rig.decide(&consent, decision).await;
        assert_eq!(page.status(), 200);
        let text = page.text().await.unwrap();
        assert!(text.contains(error) && text.contains(description), "{text}");
        assert!(!text.contains("gangway.example"), "no way back to targetOrigin");
    }
    let consent = rig.reach_consent(&guest.connector, BACK).await;
    for decision in ["", "allow%00", "ALLOW"] {
        let answer = rig.press(&consent, decision).await;
        assert_eq!(answer.status(), 400, "{decision}");
        assert!(answer.text().await.unwrap().contains("Nothing was decided"));
    }
    // Away, and back again: the question still stands.
    let left = rig.http.get(format!("{}/provider/left", rig.base)).send().await.unwrap();
    assert!(left.text().await.unwrap().contains("Nothing was decided"));
    assert_eq!(rig.http.get(consent.clone()).send().await.unwrap().status(), 200);
    assert_eq!(rig.sandbox.world()["consents_undecided"], 1);
    assert_eq!(rig.sandbox.world()["accounts"][0]["connectors"][0]["Authenticated"], false);
    assert_eq!(rig.decide(&consent, "allow").await.headers()["location"], BACK);
    assert_eq!(rig.sandbox.world()["consents_undecided"], 0);
}

#[tokio::test]
async fn a_slow_answer_comes_when_the_sandboxs_clock_has_gone_on() {
    let guest = Guest::new().await;
    let rig = &guest.rig;
    let consent = rig.reach_consent(&guest.connector, BACK).await;
    let waits = rig.press(&consent, "slow").await;
    assert_eq!(waits.status(), 303);
    for passed in [0, 14] {
        rig.sandbox.advance(TimeDelta::seconds(passed));
        let page = rig.follow(&waits).await;
        assert_eq!(
            (page.status().as_u16(), &page.headers()["refresh"]),
            (200, &"1".parse().unwrap())
        );
        let text = page.text().await.unwrap();
        assert!(
            text.contains("One moment") && !text.contains("<script") && !text.contains("code=")
        );
        assert_eq!(rig.sandbox.world()["accounts"][0]["connectors"][0]["Authenticated"], false);
    }
    rig.sandbox.advance(TimeDelta::seconds(1));
    let ready = rig.follow(&waits).await;
    assert_eq!(ready.status(), 302);
    let again = rig.follow(&waits).await;
    assert_eq!(again.headers()["location"], ready.headers()["location"], "looking changes nothing");
    assert_eq!(rig.follow(&ready).await.headers()["location"], BACK);
    assert_eq!(rig.sandbox.world()["accounts"][0]["connectors"][0]["Authenticated"], true);
    assert_eq!(rig.follow(&ready).await.status(), 400, "its state is used");

    rig.sandbox.advance(TimeDelta::seconds(60));
    let gone = rig.follow(&waits).await;
    assert_eq!(gone.status(), 400);
    assert!(gone.text().await.unwrap().contains("This answer is gone"));
}

#[tokio::test]
async fn a_tenants_own_client_is_used_with_its_own_secret() {
    let guest = Guest::new().await;
    let rig = &guest.rig;
    let path = format!("/v1.0/account/connectors/{}/properties", guest.connector);
    let id = json!({ "Name": "ClientId", "Value": "acmes-app" });
    assert_eq!(rig.call("POST", &path, id).await.0, 200);
    let consent = rig.reach_consent(&guest.connector, BACK).await;
    assert!(consent.as_str().contains("client_id=acmes-app"));
    // Its secret is not the built-in client's.
    let page = rig.decide(&consent, "allow").await.text().await.unwrap();
    assert!(page.contains("invalid_client"), "{page}");
    let secret = json!({ "Name": "ClientSecret", "Value": "hush&hush" });
    assert_eq!(rig.call("POST", &path, secret).await.0, 200);
    let consent = rig.reach_consent(&guest.connector, BACK).await;
    assert_eq!(rig.decide(&consent, "allow").await.headers()["location"], BACK);
}
