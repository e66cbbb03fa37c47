//! One sandbox signs people in at another one, which stands in for a real provider.

use std::path::PathBuf;

use gangway::sandbox::{CRM_TO_MAIL, Catalogue, Sandbox, Settings};
use reqwest::Response;
use serde_json::{Value, json};
use url::Url;

use super::{Rig, stopped_clock};

const BACK: &str = "https://gangway.example/return";
const SERVICE_DOMAIN: &str = "https://acme-h.cyclr.example";
const CALLBACK: &str = "https://acme-h.cyclr.example/connector/callback";
const SECRET: &str = "hush:&hush";

/// The one that people come from and the one that asks them.
struct Two {
    cyclr: Rig,
    provider: Rig,
    connector: Value,
}

impl Two {
    async fn new(more: Value, kept_in: Option<PathBuf>) -> Self {
        let client = json!({ "client_id": "a guest", "client_secret": SECRET,
            "connector": 2101, "redirect_uris": ["https://other.example/", CALLBACK] });
        let provider = Rig::new(with(|catalogue| catalogue["provider_clients"] = json!([client])));
        let provider = provider.await;
        let mut config = json!({
            "authorize_url": format!("{}/provider/authorize?tenant=7", provider.base),
            "token_url": format!("{}/provider/token", provider.base),
            "client_id": "a guest", "client_secret": SECRET, "scopes": ["read"],
            "authorize_parameters": { "access_type": "offline & more" },
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let settings = with(|catalogue| catalogue["connectors"][0]["provider"] = config);
        let service_domain = Url::parse(SERVICE_DOMAIN).ok();
        let cyclr = Rig::with_account(Settings { service_domain, kept_in, ..settings }).await;
        let connector =
            cyclr.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
        Self { cyclr, provider, connector }
    }

    /// Address of the other sandbox's consent screen.
    async fn begin(&self) -> Url {
        let back = [("targetOrigin", BACK)];
        let opened = self.cyclr.open(&self.connector, &self.cyclr.mint().await, &back).await;
        assert_eq!(opened.status(), 302);
        Url::parse(opened.headers()["location"].to_str().unwrap()).unwrap()
    }

    /// From the button at the provider to what Cyclr shows.
    async fn decide(&self, consent: &Url, decision: &str) -> Response {
        let answer = self.provider.press(consent, decision).await;
        let there = answer.headers()["location"].to_str().unwrap();
        assert!(there.starts_with(CALLBACK), "{there}");
        self.cyclr.follow(&answer).await
    }

    async fn credential(&self) -> Option<Value> {
        let path = format!("/v1.0/account/connectors/{}", self.connector);
        let shown = self.cyclr.get(&path).await;
        shown["AuthValue"].as_str().map(|text| serde_json::from_str(text).unwrap())
    }
}

/// Settings whose built-in catalogue was changed.
fn with(change: impl FnOnce(&mut Value)) -> Settings {
    let mut catalogue = serde_json::to_value(Catalogue::built_in()).unwrap();
    change(&mut catalogue);
    Settings { catalogue: Catalogue::parse(&catalogue.to_string()).unwrap(), ..stopped_clock() }
}

#[tokio::test]
async fn another_sandbox_takes_the_providers_place_by_configuration_alone() {
    for client_auth in ["body", "basic"] {
        let two = Two::new(json!({ "client_auth": client_auth }), None).await;
        let consent = two.begin().await;
        assert!(consent.as_str().starts_with(&two.provider.base), "{consent}");
        let said: Vec<_> = consent.query_pairs().into_owned().collect();
        for pair in [("tenant", "7"), ("access_type", "offline & more"), ("scope", "read")] {
            let pair = (pair.0.to_owned(), pair.1.to_owned());
            assert_eq!(said.iter().filter(|one| **one == pair).count(), 1, "{said:?}");
        }
        let page = two.provider.http.get(consent.clone()).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains("a guest") && page.contains("Harbour CRM"), "{page}");
        assert!(!page.contains(SECRET) && !consent.as_str().contains("hush"));

        let answer = two.decide(&consent, "allow").await;
        assert_eq!(answer.status(), 302);
        assert_eq!(answer.headers()["location"], BACK);
        let kept = two.credential().await.unwrap();
        assert!(kept["AccessToken"].is_string() && kept["RefreshToken"].is_string());
        assert_eq!(kept["Expires"], "2026-03-01T11:00:00Z");
        assert_eq!(two.provider.sandbox.world()["accounts"], json!([]), "it knows no account");
    }
}

#[tokio::test]
async fn what_another_sandbox_refuses_ends_on_cyclrs_error_page() {
    let two = Two::new(json!({}), None).await;
    for (decision, error) in [("deny", "access_denied"), ("fail", "server_error")] {
        let page = two.decide(&two.begin().await, decision).await;
        assert_eq!(page.status(), 200);
        let text = page.text().await.unwrap();
        assert!(text.contains("Connector callback error") && text.contains(error), "{text}");
        assert!(!text.contains("gangway.example"));
    }
    let two = Two::new(json!({ "client_secret": "wrong" }), None).await;
    let text = two.decide(&two.begin().await, "allow").await.text().await.unwrap();
    assert!(text.contains("invalid_client"), "{text}");
    let two = Two::new(json!({ "pkce": false }), None).await;
    let page = two.decide(&two.begin().await, "allow").await;
    assert!(page.text().await.unwrap().contains("invalid_request"));
    assert_eq!(two.credential().await, None);
    // Registered for another address only.
    let mut consent = two.begin().await;
    let said: Vec<_> = consent.query_pairs().into_owned().collect();
    let elsewhere = said.into_iter().map(|(name, value)| {
        let value = if name == "redirect_uri" { format!("{CALLBACK}/") } else { value };
        (name, value)
    });
    let elsewhere: Vec<_> = elsewhere.collect();
    consent.query_pairs_mut().clear().extend_pairs(elsewhere);
    let stays = two.provider.press(&consent, "allow").await;
    assert_eq!(stays.status(), 400);
    assert!(stays.headers().get("location").is_none());
}

#[tokio::test]
async fn a_providers_secret_is_not_in_the_file_of_the_world() {
    let folder = std::env::temp_dir().join(format!("gangway-two-{}", uuid::Uuid::new_v4()));
    let file = folder.join("world.json");
    let two = Two::new(json!({}), Some(file.clone())).await;
    assert_eq!(two.decide(&two.begin().await, "allow").await.status(), 302);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("a guest") && !kept.contains("hush"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_exchange_goes_to_the_sandbox_itself_whatever_host_the_browser_names() {
    let rig = Rig::with_account(stopped_clock()).await;
    let connector = rig.install(CRM_TO_MAIL).await["Connectors"][0]["AccountConnectorId"].clone();
    let go = async |path: String| {
        let asked = rig.http.get(format!("{}{path}", rig.base)).header("host", "elsewhere.invalid");
        let answer = asked.send().await.unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    let query = [("id", connector.to_string()), ("token", rig.mint().await)];
    let open = "http://x/connectorauth/updateaccountconnectoroauth?targetOrigin=https://a.example/";
    let open = Url::parse_with_params(open, query).unwrap();
    let consent = go(open.as_str()["http://x".len()..].to_owned()).await;
    let (_, said) = consent.split_once('?').unwrap();
    assert!(consent.starts_with("http://elsewhere.invalid/provider/authorize?"), "{consent}");
    let asked = rig.http.post(format!("{}/provider/decide", rig.base));
    let asked = asked.header("host", "elsewhere.invalid").body(format!("{said}&decision=allow"));
    let given = asked.send().await.unwrap();
    let given = given.headers()["location"].to_str().unwrap();
    let callback = given.strip_prefix("http://elsewhere.invalid").unwrap().to_owned();
    assert_eq!(go(callback).await, "https://a.example/");
}

#[test]
fn a_provider_client_that_cannot_work_keeps_the_sandbox_from_opening() {
    let told = |client: Value| {
        let mut catalogue = serde_json::to_value(Catalogue::built_in()).unwrap();
        catalogue["provider_clients"] = json!([client]);
        let catalogue: Catalogue = serde_json::from_value(catalogue).unwrap();
        assert!(!format!("{catalogue:?}").contains("hush"));
        Sandbox::open(Settings { catalogue, ..stopped_clock() }).err().unwrap().to_string()
    };
    let client = json!({ "client_id": "guest", "client_secret": "", "connector": 7,
        "redirect_uris": ["javascript:alert(1)"] });
    let wrong = told(client);
    for what in ["`guest`", "client_secret", "redirect_uri", "unknown connector 7"] {
        assert!(wrong.contains(what), "{wrong}");
    }
}
