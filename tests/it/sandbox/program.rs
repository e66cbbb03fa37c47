//! The sandbox as a program: its files, its two addresses, HTTPS.

use std::path::PathBuf;

use gangway::sandbox::Options;
use reqwest::Certificate;
use tokio::task::JoinSet;

fn options() -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        error_link: None,
        service_domain: None,
        service_domain_url: None,
        faults: None,
        variants: None,
        catalogue: None,
        keep: None,
        tls_certificate: None,
        tls_key: None,
    }
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/sandbox").join(name)
}

/// Opens and serves it; gives the addresses it has told.
async fn start(options: Options) -> (Vec<String>, JoinSet<std::io::Result<()>>) {
    let opened = options.open().await.unwrap();
    let addresses = opened.addresses().unwrap();
    let mut server = JoinSet::new();
    server.spawn(opened.serve(std::future::pending()));
    let address = |line: &String| {
        let (_, rest) = line.split_once(" at ").unwrap();
        rest.trim_end_matches("/.").to_owned()
    };
    (addresses.iter().map(address).collect(), server)
}

async fn status(url: String) -> u16 {
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(url)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn pages_can_have_an_address_of_their_own() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let service_domain = Some("127.0.0.1:0".parse().unwrap());
    let (told, _server) = start(Options { service_domain, ..options() }).await;
    let [api, pages] = told.as_slice() else { panic!("{told:?}") };
    let page =
        "/connectorauth/updateaccountconnectoroauth?id=1&token=t&targetOrigin=https://a.example";
    assert_eq!(status(format!("{api}{page}")).await, 404);
    assert_eq!(status(format!("{pages}{page}")).await, 403);
    assert_eq!(status(format!("{api}/v1.0/templates")).await, 401);
    assert_eq!(status(format!("{pages}/v1.0/templates")).await, 404);
    assert_eq!(status(format!("{api}/_sandbox/world")).await, 200);
}

#[tokio::test]
async fn it_speaks_https_with_a_given_certificate() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let files = (Some(data("localhost.pem")), Some(data("localhost.key")));
    let (told, _server) =
        start(Options { tls_certificate: files.0, tls_key: files.1, ..options() }).await;
    let port = told[0].rsplit(':').next().unwrap();
    assert!(told[0].starts_with("https://"));
    let trusted = Certificate::from_pem(&std::fs::read(data("localhost.pem")).unwrap()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let answer =
        client.get(format!("https://localhost:{port}/_sandbox/world")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let world = answer.json::<serde_json::Value>().await.unwrap();
    assert_eq!(world["accounts"], serde_json::json!([]));
    // What providers return to is an https address then.
    for (scheme, status) in [("https", 200), ("http", 400)] {
        let back = format!("{scheme}://localhost:{port}/connector/callback");
        let page = client.get(format!("https://localhost:{port}/provider/authorize")).query(&[
            ("response_type", "code"),
            ("client_id", "cyclr-for-2101"),
            ("redirect_uri", &back),
            ("code_challenge", &"x".repeat(43)),
            ("code_challenge_method", "S256"),
        ]);
        assert_eq!(page.send().await.unwrap().status(), status, "{back}");
    }
}

#[tokio::test]
async fn faults_and_variants_come_from_files() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let files = (Some(data("faults.toml")), Some(data("variants.toml")));
    let (told, _server) = start(Options { faults: files.0, variants: files.1, ..options() }).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let variants = client.get(format!("{}/_sandbox/variants", told[0])).send().await.unwrap();
    let variants: Vec<serde_json::Value> = variants.json().await.unwrap();
    let second = variants.iter().find(|one| one["name"] == "second_create").unwrap();
    assert_eq!(second["present"], "conflict");
    let templates = format!("{}/v1.0/templates", told[0]);
    assert_eq!(status(templates.clone()).await, 503);
    assert_eq!(status(templates).await, 401);
}

#[tokio::test]
async fn a_wrong_file_is_told_before_anything_is_served() {
    let told = |options: Options| async move {
        let Err(error) = options.open().await else { panic!("it opened") };
        error.to_string()
    };
    let nothing = Options { catalogue: Some(data("none.toml")), ..options() };
    assert!(told(nothing).await.contains("none.toml"));
    let wrong = Options { faults: Some(data("harbour.toml")), ..options() };
    assert!(!told(wrong).await.is_empty());
    let wrong = Options { variants: Some(data("faults.toml")), ..options() };
    assert!(told(wrong).await.contains("fault"));
    let files = (Some(data("harbour.toml")), Some(data("localhost.key")));
    let wrong = Options { tls_certificate: files.0, tls_key: files.1, ..options() };
    assert!(told(wrong).await.contains("harbour.toml cannot be used for TLS"));
    let key = (Some(data("localhost.pem")), Some(data("harbour.toml")));
    let wrong = Options { tls_certificate: key.0, tls_key: key.1, ..options() };
    assert!(told(wrong).await.contains("harbour.toml cannot be used for TLS"));
}
