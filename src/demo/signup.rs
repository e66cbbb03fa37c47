//! The signup page of a pretend SaaS company. Does what an integrator's own backend would do: one
//! call to the public API, then off to the link in the answer.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ids::BlueprintKey;
use crate::secret::{ExposeSecret as _, Secret, random_token};

/// What the page's handlers hold.
#[derive(Clone)]
struct Shop {
    api: reqwest::Client,
    onboardings: Arc<str>,
    page: Arc<str>,
    key: Secret,
    blueprint: BlueprintKey,
}

pub(super) fn router(
    service_url: &str,
    page_url: &str,
    key: &Secret,
    blueprint: &BlueprintKey,
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
        key: key.clone(),
        blueprint: blueprint.clone(),
    };
    Ok(Router::new()
        .route("/", get(show).post(sign_up))
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
    mistake: Option<&'static str>,
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
}

#[derive(Deserialize)]
struct Returned {
    status: Option<String>,
}

async fn show() -> SignupPage {
    SignupPage { form: random_token(), company: String::new(), email: String::new(), mistake: None }
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
        return again(signup, "Enter your company's name.");
    }
    match start(&shop, &tenant, &signup).await {
        Some(link) => Redirect::to(&link).into_response(),
        None => again(signup, "We could not set up your integrations just now. Try again."),
    }
}

fn again(signup: Signup, mistake: &'static str) -> Response {
    let page = SignupPage {
        form: signup.form,
        company: signup.company,
        email: signup.email,
        mistake: Some(mistake),
    };
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// The one call that an integrator makes. The same form sent twice is the same request to Gangway.
async fn start(shop: &Shop, tenant: &str, signup: &Signup) -> Option<String> {
    let contact =
        (!signup.email.trim().is_empty()).then(|| json!({ "email": signup.email.trim() }));
    let body = json!({
        "tenant_id": tenant,
        "name": signup.company.trim(),
        "blueprint": shop.blueprint,
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
