//! A collector of traces that reads what it is sent, or never answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) name: String,
    pub(super) trace: String,
    pub(super) id: String,
    /// Empty for a root.
    pub(super) parent: String,
    /// Trace and span.
    pub(super) links: Vec<(String, String)>,
    pub(super) attributes: BTreeMap<String, String>,
    /// Which process told of it, and what that is called.
    pub(super) instance: String,
    pub(super) service: String,
}

#[derive(Default)]
struct Taken {
    spans: Vec<Span>,
    raw: Vec<u8>,
    headers: Vec<HeaderMap>,
}

pub(super) struct Collector {
    pub(super) url: String,
    taken: Arc<Mutex<Taken>>,
    _serving: JoinSet<()>,
}

impl Collector {
    pub(super) async fn open() -> Self {
        Self::that(true).await
    }

    /// One that takes each request and says nothing, ever.
    pub(super) async fn silent() -> Self {
        Self::that(false).await
    }

    async fn that(answers: bool) -> Self {
        let taken = Arc::<Mutex<Taken>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let take = async move |State(taken): State<Arc<Mutex<Taken>>>, headers, body| {
            take(&mut taken.lock().unwrap(), headers, &body);
            if !answers {
                std::future::pending::<()>().await;
            }
            StatusCode::OK
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(taken.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, taken, _serving: serving }
    }

    pub(super) fn spans(&self) -> Vec<Span> {
        self.taken.lock().unwrap().spans.clone()
    }

    /// Everything that came, as it came.
    pub(super) fn raw(&self) -> Vec<u8> {
        self.taken.lock().unwrap().raw.clone()
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let taken = self.taken.lock().unwrap();
        Some(taken.headers.first()?.get(name)?.to_str().unwrap().to_owned())
    }
}

fn take(taken: &mut Taken, headers: HeaderMap, body: &Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    taken.headers.push(headers);
    taken.raw.extend_from_slice(body);
    let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    for resource in request.resource_spans {
        let told = attributes(&resource.resource.unwrap().attributes);
        let scopes = resource.scope_spans.into_iter();
        taken.spans.extend(scopes.flat_map(|scope| scope.spans).map(|span| Span {
            name: span.name,
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            links:
                span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
            attributes: attributes(&span.attributes),
            instance: told["service.instance.id"].clone(),
            service: told["service.name"].clone(),
        }));
    }
}

fn attributes(told: &[KeyValue]) -> BTreeMap<String, String> {
    told.iter().map(|one| (one.key.clone(), spelled(one.value.as_ref()))).collect()
}

fn spelled(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
