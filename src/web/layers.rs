//! What stands around every door: a name for each request, its trace, its limits, common headers.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Error, Kind, ProblemPage, dress_as_problem};
use crate::telemetry::meters;

/// Longest request body, in bytes.
pub const BODY_LIMIT: usize = 256 * 1024;

/// Longest body of what others tell by themselves.
const HOOK_BODY_LIMIT: usize = 64 * 1024;

/// What a door's routes are held to, so that a crowd at one door leaves the others alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteClass {
    /// Programs with a key.
    Api,
    /// The tenant's people.
    Hosted,
    /// Staff.
    Console,
    /// What others tell by themselves.
    Hook,
}

impl RouteClass {
    /// Total time for a request, its body included, until the answer begins. Longer than the longest wait that
    /// a caller may ask for, and than a call to Cyclr. Nobody waits this long for the database, which the
    /// store sees to. A stream has begun by then; how many there are of those is `Watch`'s to say.
    const fn patience(self) -> Duration {
        match self {
            Self::Api | Self::Hosted | Self::Console => Duration::from_secs(30),
            Self::Hook => Duration::from_secs(10),
        }
    }

    /// Most requests at once that are not answered yet. Those that wait with `?wait=` count as well.
    const fn places(self) -> usize {
        match self {
            Self::Api => 8192,
            Self::Hosted => 2048,
            Self::Console => 256,
            Self::Hook => 128,
        }
    }

    /// Longest body, in bytes.
    const fn body_limit(self) -> usize {
        match self {
            Self::Api | Self::Hosted | Self::Console => BODY_LIMIT,
            Self::Hook => HOOK_BODY_LIMIT,
        }
    }
}

/// Asked by whoever watches the process: a crowd is no reason to end it.
const HEALTH: [&str; 2] = ["/livez", "/readyz"];

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Set unless the door says otherwise: an answer may show a link, so no cache keeps it, and what is
/// not meant to be a page cannot act as one.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Longest request id that is taken from a caller.
const LONGEST_ID: usize = 64;

/// Around all doors together: request id, span, common headers, and a last net for what no door
/// has dressed, which `problems` explains.
pub fn shared_layers(router: Router, problems: ProblemPage) -> Router {
    router
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn_with_state(problems.clone(), dress_as_problem))
        .layer(map_response_with_state(problems, add_headers))
        .layer(from_fn(identify))
}

/// Around each door's routes, within whatever dresses its failures: a panic, a request that takes
/// too long, one too many and a body that is too large become an [`Error`] like any other.
pub fn guards<S>(router: Router<S>, class: RouteClass) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let (patience, places) = (class.patience(), class.places());
    guards_with(router.layer(DefaultBodyLimit::max(class.body_limit())), patience, places)
}

fn guards_with<S>(router: Router<S>, patience: Duration, places: usize) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let places = Arc::new(Semaphore::new(places));
    router
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn(move |request, next| limit_time(patience, request, next)))
        .layer(from_fn(move |request, next| limit_crowd(Arc::clone(&places), request, next)))
}

/// The request's name, for answers, pages and the log. [`shared_layers`] gives each request one.
pub fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok())
}

/// The caller's own name for it where that is harmless in a log, a fresh one otherwise.
fn choose_id(headers: &HeaderMap) -> String {
    let harmless = |text: &&str| {
        (1..=LONGEST_ID).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let given = request_id(headers).filter(harmless);
    given.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

/// Logs a failure's cause. For whatever dresses a failure, once for each.
pub fn log_failure(error: &Error) {
    let code = error.kind.code();
    let cause = error.cause.as_deref().map(chain).unwrap_or_default();
    match error.kind {
        Kind::Internal => tracing::error!(code, cause, "a request failed: {code}"),
        Kind::Unavailable | Kind::Upstream => {
            tracing::warn!(code, cause, "a request failed: {code}");
        }
        Kind::Malformed
        | Kind::Invalid
        | Kind::Unauthenticated
        | Kind::Forbidden
        | Kind::NotFound
        | Kind::WrongMethod
        | Kind::Conflict
        | Kind::KeyReused
        | Kind::InFlight
        | Kind::TooLarge
        | Kind::WrongMediaType
        | Kind::TimedOut
        | Kind::NotFromHere
        | Kind::UnsupportedVersion
        | Kind::RateLimited => tracing::debug!(code, cause, "a request was refused: {code}"),
    }
}

/// An error with everything that led to it, outermost first.
fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

async fn identify(mut request: Request, next: Next) -> Response {
    let id = choose_id(request.headers());
    // The route as it was declared: an address can hold a link's token, a query anything.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = tracing::info_span!(
        "http.request",
        otel.kind = "server",
        request.id = id,
        http.method = %request.method(),
        http.route = route,
    );
    let value = HeaderValue::from_str(&id).ok();
    if let Some(value) = value.clone() {
        request.headers_mut().insert(X_REQUEST_ID, value);
    }
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, ms) = (response.status().as_u16(), began.elapsed().as_millis());
    span.in_scope(|| tracing::info!(http.status = status, ms, "answered with {status}"));
    if let Some(value) = value {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

async fn add_headers(State(service): State<ProblemPage>, mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if service.is_https() {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    response
}

/// Turns away at once who comes when all places are taken: a queue would make everybody wait.
async fn limit_crowd(places: Arc<Semaphore>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if HEALTH.contains(&route) {
        return next.run(request).await;
    }
    let Ok(_place) = places.try_acquire() else {
        meters::request_refused("crowd");
        let detail =
            "More is asked right now than this process takes. Nothing was done; try again soon.";
        return Error::new(Kind::Unavailable, detail).into_response();
    };
    next.run(request).await
}

async fn limit_time(patience: Duration, request: Request, next: Next) -> Response {
    let (request, arrived) = watch_body(request);
    tokio::time::timeout(patience, next.run(request)).await.unwrap_or_else(|_| {
        // Who was slow decides who is told to do something about it.
        let kind = if arrived.load(Ordering::Relaxed) { Kind::Unavailable } else { Kind::TimedOut };
        let detail = "It may still take effect. Send the same request again, or look first.";
        Error::new(kind, detail).into_response()
    })
}

/// Tells when all of the body has come.
fn watch_body(request: Request) -> (Request, Arc<AtomicBool>) {
    let arrived = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    if arrived.load(Ordering::Relaxed) {
        return (request, arrived);
    }
    let told = Arc::clone(&arrived);
    let end = stream::poll_fn(move |_| {
        told.store(true, Ordering::Relaxed);
        Poll::Ready(None)
    });
    let request = request.map(|body| Body::from_stream(body.into_data_stream().chain(end)));
    (request, arrived)
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the payload over")]
fn answer_panic(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    Error::internal(Panicked(text.unwrap_or("without words").to_owned())).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    fn door() -> Router {
        let routes = Router::new()
            .route("/fine", get(async || "fine"))
            .route("/livez", get(async || "alive"))
            .route("/page", get(async || [(header::CONTENT_SECURITY_POLICY, "default-src 'self'")]))
            .route("/panic", get(async || -> &'static str { panic!("with a secret") }))
            .route("/read", axum::routing::post(async |body: String| body))
            .route("/slow", get(async || std::future::pending::<&'static str>().await));
        let problems = ProblemPage::at(&"https://go.example.com/".parse().unwrap());
        let dress = from_fn_with_state(problems.clone(), dress_as_problem);
        let routes = guards_with(routes, Duration::from_millis(50), 1);
        shared_layers(routes.layer(dress), problems)
    }

    async fn ask(path: &str, id: &[u8]) -> (StatusCode, HeaderMap, String) {
        let request =
            Request::get(path).header("x-request-id", HeaderValue::from_bytes(id).unwrap());
        let answer = door().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_request_id_is_taken_where_it_is_harmless() {
        let (status, headers, _) = ask("/fine", b"abc-123").await;
        assert_eq!(
            (status, &headers["x-request-id"]),
            (StatusCode::OK, &"abc-123".parse().unwrap())
        );
        for bad in [&b""[..], b"a b", b"a\"b", b"\xff", &[b'x'; 65]] {
            let (_, headers, _) = ask("/fine", bad).await;
            assert_eq!(headers["x-request-id"].len(), 36, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing() {
        let (status, headers, body) = ask("/panic", b"abc").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert!(body.contains("\"request_id\":\"abc\"") && !body.contains("secret"), "{body}");
    }

    #[tokio::test]
    async fn a_request_does_not_take_for_ever() {
        let (status, headers, body) = ask("/slow", b"abc").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(headers.contains_key("retry-after"));
        assert!(body.contains("\"code\":\"unavailable\""), "{body}");
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_the_callers_fault() {
        let body = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let answer = door().oneshot(Request::post("/read").body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn the_router_s_own_refusals_are_problems_and_common_headers_yield() {
        let (status, headers, body) = ask("/nowhere", b"abc").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(
            body.contains("\"type\":\"https://go.example.com/docs/problems#not_found\""),
            "{body}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cache-control"], "no-store");
        let (_, headers, _) = ask("/page", b"abc").await;
        assert_eq!(headers["content-security-policy"], "default-src 'self'");
    }
    #[tokio::test]
    async fn a_crowd_is_turned_away_and_health_still_answers() {
        let door = door();
        let ask = |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            door.clone().oneshot(request)
        };
        // Asked in this order, so the first has the only place until its time is up.
        let (slow, late, alive) = tokio::join!(ask("/slow"), ask("/fine"), ask("/livez"));
        let late = late.unwrap();
        assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(late.headers().contains_key("retry-after"));
        assert_eq!(alive.unwrap().status(), StatusCode::OK);
        drop(slow);
        assert_eq!(ask("/fine").await.unwrap().status(), StatusCode::OK, "the place is given back");
    }
}
