//! Traces, sent by OTLP over HTTP where a collector is set.
//!
//! Each onboarding has one trace, whose id is the onboarding's, and whose root is the moment of its start,
//! with the last half of that id as its own. So every process knows both without being told: what drives
//! the onboarding, asks Cyclr for it or tells of it hangs below that root, whoever does it and whenever. The
//! request that started it has a trace of its own, as all requests have, and the two are linked both ways;
//! a later order is linked to the onboarding's root.
//!
//! Decided against: a trace id in the row (it would say nothing that the id does not), a trace context taken
//! from callers or told to Cyclr (anybody could write into others' traces), and the request as the root (most
//! of the life of an onboarding has none, and it may last for weeks).
//!
//! Nobody waits for the collector: spans go through a queue of bounded length to a thread of its own, and
//! what finds no place there is dropped.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider};
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;
use uuid::Uuid;

/// How long the collector may take for one batch.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take for the last ones.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// Set while traces are sent. Nothing is done for them otherwise.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Where traces are sent.
#[derive(Debug, Clone)]
pub struct TraceSettings {
    /// The collector's address, to which `/v1/traces` is added.
    pub endpoint: Url,
    /// What this service is called there.
    pub service: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("the collector's client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    #[error("traces cannot be sent as the variables say: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("the thread that makes the collector's client ended early")]
    Thread,
}

/// What sends them; [`Sending::end`] sends what is left.
#[derive(Debug)]
pub(super) struct Sending(SdkTracerProvider);

impl Sending {
    pub(super) fn begin(settings: &TraceSettings) -> Result<Self, SetupError> {
        // The client has a runtime of its own, which cannot be made inside of ours.
        let client = std::thread::spawn(client).join().map_err(|_| SetupError::Thread)??;
        let endpoint = settings.endpoint.as_str().trim_end_matches('/');
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .build()?;
        let resource = Resource::builder()
            .with_service_name(settings.service.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", Uuid::new_v4().to_string()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_id_generator(Ids::default())
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    /// Our own spans, and what went wrong in them; nothing of the libraries.
    pub(super) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let tracer = self.0.tracer("gangway");
        let _ = TRACER.set(tracer.clone());
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(FilterFn::new(is_told).with_max_level_hint(Level::INFO))
            .boxed()
    }

    /// Waits for the collector, but not for long.
    pub(super) fn end(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_PATIENCE) {
            tracing::info!(%error, "the last traces were not sent");
        }
    }
}

fn client() -> Result<reqwest::blocking::Client, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
}

fn is_told(metadata: &Metadata<'_>) -> bool {
    let least = if metadata.is_span() { Level::INFO } else { Level::WARN };
    metadata.target().starts_with("gangway") && *metadata.level() <= least
}

/// The root of an onboarding's trace.
fn root_of(onboarding: Uuid) -> SpanContext {
    let id = onboarding.as_u128();
    #[expect(clippy::cast_possible_truncation, reason = "the last half is what is wanted")]
    let half = id as u64;
    let (trace, span) = (TraceId::from(id), SpanId::from(half));
    SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE)
}

/// What happens in this span is part of the onboarding's trace.
pub fn belongs_to(span: &Span, onboarding: Uuid) {
    if TRACER.get().is_some() {
        let root = Context::new().with_remote_span_context(root_of(onboarding));
        // A span that is not recorded needs no parent.
        let _ = span.set_parent(root);
    }
}

/// The request that is being answered started this onboarding: here its trace begins.
pub fn began(onboarding: Uuid, reference: &str) {
    let Some(tracer) = TRACER.get() else { return };
    let request = Span::current().context().span().span_context().clone();
    let root = root_of(onboarding);
    let attributes = [
        KeyValue::new("onboarding.id", onboarding.to_string()),
        KeyValue::new("onboarding.reference", reference.to_owned()),
    ];
    let links = if request.is_valid() { vec![Link::with_context(request)] } else { Vec::new() };
    let builder =
        SpanBuilder::from_name("onboarding.start").with_attributes(attributes).with_links(links);
    NEXT.set(Some((root.trace_id(), root.span_id())));
    // It ends when it is dropped, at once.
    drop(tracer.build_with_context(builder, &Context::new()));
    NEXT.set(None);
    Span::current().add_link(root);
}

/// The request that is being answered changed this onboarding.
pub fn touched(onboarding: Uuid) {
    if TRACER.get().is_some() {
        Span::current().add_link(root_of(onboarding));
    }
}

thread_local! {
    /// The ids of the span that is being made, where they are not left to chance.
    static NEXT: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

#[derive(Debug, Default)]
struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        NEXT.get().map_or_else(|| self.0.new_trace_id(), |(trace, _)| trace)
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.get().map_or_else(|| self.0.new_span_id(), |(_, span)| span)
    }
}
