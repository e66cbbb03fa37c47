//! A stand-in for a provider of identities, over real HTTP. It shares no type with the client but the key that
//! it signs with, and holds people to the code flow: a code is good once, for whoever knows its verifier.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gangway::identity::Settings;
use gangway::secret::Secret;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use url::Url;

pub(crate) const CLIENT: &str = "gangway";
pub(crate) const SECRET: &str = "secret of the client";

/// What it does other than it should.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Good,
    /// Answers everything with 503.
    Away,
    /// The document leads somewhere else.
    Redirects,
    /// The token endpoint says this.
    Says(u16, &'static str),
    /// The token endpoint says more than anybody reads.
    Floods,
    /// Its page sends browsers back with this error.
    SendsBack(&'static str),
    /// Its page sends nobody back before they have followed a link on it.
    Lingers,
}

#[derive(Default)]
struct World {
    mood: Mood,
    /// What a code stands for: challenge, return address, claims.
    codes: HashMap<String, (String, String, Value)>,
    /// What its user endpoint adds.
    more: Option<Value>,
    /// Signs, and what is shown as its public half.
    keys: Vec<Key>,
    algorithm: Option<&'static str>,
    /// What time it is, and who sits before the browsers that come to its page.
    visitor: (i64, Value),
    heard: Vec<&'static str>,
}

struct Key(CoreEdDsaPrivateSigningKey, String);

#[derive(Clone)]
pub(crate) struct Provider {
    world: Arc<Mutex<World>>,
    address: SocketAddr,
    _serving: Arc<JoinSet<()>>,
}

/// A key of chance: the 32 bytes of an Ed25519 key behind what PKCS#8 begins with.
fn key(name: &str) -> Key {
    let begin = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let der = [&begin[..], &rand::random::<[u8; 32]>()].concat();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    );
    let id = Some(JsonWebKeyId::new(name.to_owned()));
    Key(CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, id).unwrap(), name.to_owned())
}

impl Provider {
    pub(crate) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let world = World { keys: vec![key("first")], ..World::default() };
        let mut serving = JoinSet::new();
        let world = Arc::new(Mutex::new(world));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/elsewhere", get(document))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(more))
            .with_state((world.clone(), address));
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { world, address, _serving: Arc::new(serving) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Of a console that sends its staff here: `support` operates, `leads` administer.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            issuer: self.issuer(),
            client_id: CLIENT.to_owned(),
            client_secret: Secret::from(SECRET),
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            groups_claim: "groups".to_owned(),
            viewers: Vec::new(),
            operators: vec!["support".to_owned()],
            admins: vec!["leads".to_owned()],
            word: "Acme <b>".to_owned(),
        }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn is(&self, mood: Mood) {
        self.world().mood = mood;
    }

    pub(crate) fn tells(&self, more: Value) {
        self.world().more = Some(more);
    }

    /// Signs with another key from now on, and shows that one.
    pub(crate) fn changes_keys(&self) {
        self.world().keys = vec![key("second")];
    }

    /// Signs with a key of the same name that it does not show.
    pub(crate) fn is_impersonated(&self) {
        self.world().keys.insert(0, key("first"));
    }

    /// What its tokens say that they are signed by.
    pub(crate) fn claims_to_sign_by(&self, algorithm: &'static str) {
        self.world().algorithm = Some(algorithm);
    }

    /// Browsers that come to its page are sent back at once, as this person.
    pub(crate) fn is_visited(&self, now: i64, claims: Value) {
        self.world().visitor = (now, claims);
    }

    pub(crate) fn heard(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.world().heard)
    }

    /// Somebody signs in on its page, and is sent back: path and query of where to. `claims` go over those
    /// that a good token has.
    pub(crate) fn sign_in(&self, page: &Url, now: i64, claims: &Value) -> String {
        let back = let_in(&mut self.world(), &self.issuer(), page, (now, claims));
        format!("{}?{}", back.path(), back.query().unwrap())
    }
}

/// A code for this person, and where the browser is to take it.
fn let_in(world: &mut World, issuer: &str, page: &Url, (now, claims): (i64, &Value)) -> Url {
    let query: HashMap<_, _> = page.query_pairs().into_owned().collect();
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["client_id"], CLIENT);
    assert_eq!(query["code_challenge_method"], "S256");
    let mut whole = json!({
        "iss": issuer, "aud": CLIENT, "nonce": query["nonce"],
        "iat": now, "exp": now + 300, "sub": "ada-1", "name": "Ada",
        "email": "Ada@example.com", "email_verified": true, "groups": ["support"]
    });
    whole.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let back = query["redirect_uri"].clone();
    let code = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 8]>());
    let kept = (query["code_challenge"].clone(), back.clone(), whole);
    world.codes.insert(code.clone(), kept);
    let mut back = Url::parse(&back).unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
    back
}

/// Its page, for browsers: nobody has to press anything.
async fn authorize(State((world, address)): Shared, uri: axum::http::Uri) -> Response {
    let mut world = world.lock().unwrap();
    let issuer = format!("http://{address}");
    let page = Url::parse(&format!("{issuer}{uri}")).unwrap();
    let (now, claims) = world.visitor.clone();
    let back = let_in(&mut world, &issuer, &page, (now, &claims));
    match world.mood {
        Mood::SendsBack(error) => {
            let mut refused = back.clone();
            let kept = back.query_pairs().filter(|(name, _)| name != "code");
            refused.query_pairs_mut().clear().extend_pairs(kept).append_pair("error", error);
            axum::response::Redirect::to(refused.as_str()).into_response()
        }
        Mood::Lingers => {
            let back = back.as_str().replace('&', "&amp;");
            axum::response::Html(format!("<a id=\"go-on\" href=\"{back}\">Go on</a>"))
                .into_response()
        }
        Mood::Good | Mood::Away | Mood::Redirects | Mood::Says(..) | Mood::Floods => {
            axum::response::Redirect::to(back.as_str()).into_response()
        }
    }
}

type Shared = State<(Arc<Mutex<World>>, SocketAddr)>;

fn json_answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn document(State((world, address)): Shared, uri: axum::http::Uri) -> Response {
    let mut world = world.lock().unwrap();
    world.heard.push("document");
    match world.mood {
        Mood::Away => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Redirects if uri.path() != "/elsewhere" => {
            return axum::response::Redirect::temporary("/elsewhere").into_response();
        }
        Mood::Good
        | Mood::Redirects
        | Mood::Says(..)
        | Mood::Floods
        | Mood::SendsBack(_)
        | Mood::Lingers => {}
    }
    let base = format!("http://{address}");
    let mut document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "RS256", "HS256"]
    });
    if world.more.is_some() {
        document["userinfo_endpoint"] = json!(format!("{base}/userinfo"));
    }
    json_answer(&document)
}

async fn keys(State((world, _)): Shared) -> Response {
    let mut world = world.lock().unwrap();
    world.heard.push("keys");
    if world.mood == Mood::Away {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Key(shown, _) = world.keys.last().unwrap();
    let keys = CoreJsonWebKeySet::new(vec![shown.as_verification_key()]);
    json_answer(&serde_json::to_value(keys).unwrap())
}

async fn token(State((world, _)): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let mut world = world.lock().unwrap();
    world.heard.push("token");
    match world.mood {
        Mood::Away => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Says(status, text) => {
            let status = StatusCode::from_u16(status).unwrap();
            return (status, [(header::CONTENT_TYPE, "application/json")], text).into_response();
        }
        Mood::Floods => {
            let much = json!({ "access_token": "x".repeat(2_000_000), "token_type": "Bearer" });
            return json_answer(&much);
        }
        Mood::Good | Mood::Redirects | Mood::SendsBack(_) | Mood::Lingers => {}
    }
    let secret = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
    assert_eq!(headers[header::AUTHORIZATION], basic.as_str());
    let form: HashMap<_, _> = url::form_urlencoded::parse(&body).into_owned().collect();
    let found = world.codes.remove(&form["code"]);
    let fits = found.filter(|(challenge, back, _)| {
        let verifier = Sha256::digest(form["code_verifier"].as_bytes());
        *challenge == URL_SAFE_NO_PAD.encode(verifier) && *back == form["redirect_uri"]
    });
    let Some((_, _, claims)) = fits else {
        let refusal = json!({ "error": "invalid_grant" });
        return (StatusCode::BAD_REQUEST, json_answer(&refusal)).into_response();
    };
    let token = sign(&world, &claims);
    json_answer(&json!({ "access_token": "access", "token_type": "Bearer", "id_token": token }))
}

/// Written by hand: what is judged is not to be made by whoever judges it.
fn sign(world: &World, claims: &Value) -> String {
    let Key(key, name) = &world.keys[0];
    let algorithm = world.algorithm.unwrap_or("EdDSA");
    let head = json!({ "alg": algorithm, "kid": name, "typ": "JWT" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(claims));
    let signature = match algorithm {
        "EdDSA" => key.sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes()).unwrap(),
        "HS256" => {
            use hmac::{KeyInit as _, Mac as _};
            let mut mac = hmac::Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(signed.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        _ => Vec::new(),
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn more(State((world, _)): Shared, headers: HeaderMap) -> Response {
    let mut world = world.lock().unwrap();
    world.heard.push("userinfo");
    assert_eq!(headers[header::AUTHORIZATION], "Bearer access");
    json_answer(world.more.as_ref().unwrap())
}
