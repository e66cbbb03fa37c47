//! The signup page of a pretend SaaS company. Does what an integrator's own backend would do: one
//! call to the public API, then off to the link in the answer.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::onboarding::{Blueprint, SignInWindow};
use crate::secret::{ExposeSecret as _, Secret, random_token};

/// What the page's handlers hold.
#[derive(Clone)]
struct Shop {
    api: reqwest::Client,
    onboardings: Arc<str>,
    page: Arc<str>,
    service: Arc<str>,
    key: Secret,
    blueprints: Arc<[Blueprint]>,
}

pub(super) fn router(
    service_url: &str,
    page_url: &str,
    key: &Secret,
    blueprints: Vec<Blueprint>,
) -> Result<Router, reqwest::Error> {
    // Chosen once for the process; a second choice of the same provider changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let api = reqwest::Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(10))
        .build()?;
    let shop = Shop {
        api,
        onboardings: format!("{service_url}v1/onboardings").into(),
        page: page_url.into(),
        service: service_url.into(),
        key: key.clone(),
        blueprints: blueprints.into(),
    };
    Ok(Router::new()
        .route("/", get(show).post(sign_up))
        .route("/signup.js", get(script))
        .route("/welcome", get(welcome))
        .route("/later", get(later))
        .with_state(shop))
}

#[derive(Template, WebTemplate)]
#[template(path = "demo/signup.html")]
struct SignupPage {
    /// Names this filled-in form: sending it twice starts one onboarding.
    form: String,
    company: String,
    email: String,
    setups: Vec<(String, String)>,
    mistake: Option<&'static str>,
}

/// What the company's own page shows that opens the setup in a window of its own.
#[derive(Template, WebTemplate)]
#[template(path = "demo/connect.html")]
struct ConnectPage {
    company: String,
    link: String,
    embed: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "demo/welcome.html")]
struct WelcomePage {
    live: bool,
}

#[derive(Deserialize)]
struct Signup {
    company: String,
    email: String,
    form: String,
    setup: Option<String>,
    /// Opened by the company's page instead of leaving it.
    in_window: Option<String>,
}

#[derive(Deserialize)]
struct Returned {
    status: Option<String>,
}

async fn show(State(shop): State<Shop>) -> SignupPage {
    page(&shop, random_token(), (String::new(), String::new()), None)
}

fn page(
    shop: &Shop,
    form: String,
    (company, email): (String, String),
    mistake: Option<&'static str>,
) -> SignupPage {
    let name = |blueprint: &Blueprint| match blueprint.sign_in {
        SignInWindow::Same => blueprint.name.clone(),
        SignInWindow::Popup => format!("{}, signing in in a window", blueprint.name),
        SignInWindow::Message => format!("{}, told by a message", blueprint.name),
    };
    let setups = shop.blueprints.iter().map(|known| (known.key.to_string(), name(known)));
    SignupPage { form, company, email, setups: setups.collect(), mistake }
}

async fn script() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("signup.js"))
}

/// A real one asks its backend; what stands in the address proves nothing.
async fn welcome(Query(returned): Query<Returned>) -> WelcomePage {
    WelcomePage { live: returned.status.as_deref() == Some("success") }
}

async fn later() -> WelcomePage {
    WelcomePage { live: false }
}

#[expect(clippy::disallowed_types, reason = "a pretend company's page, not a door of ours")]
async fn sign_up(State(shop): State<Shop>, axum::Form(signup): axum::Form<Signup>) -> Response {
    let tenant = tenant_id(&signup.company);
    if tenant.is_empty() {
        return again(&shop, signup, "Enter your company's name.");
    }
    match start(&shop, &tenant, &signup).await {
        Some(link) if signup.in_window.is_some() => {
            let embed = format!("{}embed.js", shop.service);
            ConnectPage { company: signup.company, link, embed }.into_response()
        }
        Some(link) => Redirect::to(&link).into_response(),
        None => again(&shop, signup, "We could not set up your integrations just now. Try again."),
    }
}

fn again(shop: &Shop, signup: Signup, mistake: &'static str) -> Response {
    let page = page(shop, signup.form, (signup.company, signup.email), Some(mistake));
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// The one call that an integrator makes. The same form sent twice is the same request to Gangway.
async fn start(shop: &Shop, tenant: &str, signup: &Signup) -> Option<String> {
    let contact =
        (!signup.email.trim().is_empty()).then(|| json!({ "email": signup.email.trim() }));
    let wanted = signup.setup.as_deref();
    let setup = shop.blueprints.iter().find(|known| Some(known.key.as_str()) == wanted);
    let setup = &setup.or(shop.blueprints.first())?.key;
    let body = json!({
        "tenant_id": tenant,
        "name": signup.company.trim(),
        "blueprint": setup,
        "timezone": "Europe/London",
        "contact": contact,
        "data": { "plan": "trial" },
        "return_urls": {
            "success": format!("{}welcome", shop.page),
            "incomplete": format!("{}later", shop.page),
        },
    });
    let answer = shop
        .api
        .post(&*shop.onboardings)
        .bearer_auth(shop.key.expose_secret())
        .header("idempotency-key", format!("signup-{}", signup.form))
        .json(&body)
        .send()
        .await
        .ok()?;
    let status = answer.status();
    let onboarding: Value = answer.json().await.ok()?;
    if !status.is_success() {
        tracing::warn!(%status, answer = %onboarding, "the signup page's call was refused");
    }
    onboarding["link"]["url"].as_str().map(str::to_owned)
}

/// How this company names its customers.
fn tenant_id(company: &str) -> String {
    let words = company.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-").chars().take(80).collect()
}
