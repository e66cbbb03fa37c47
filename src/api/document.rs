//! The OpenAPI 3.1 document, made from the handlers.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref,
    RefOr, Required, ResponseBuilder,
};

use super::described_routes;
use super::repeatable::HEADER;
use crate::web::{ProblemDocument, ProblemField, json_text};

const KEY: &str = "api_key";
/// Names the header's description among the components.
const REPETITION: &str = "IdempotencyKey";

static SPELLED: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string(&document()).unwrap_or_default());

/// Show this document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "show_document", tag = "health", security(()),
    responses((status = OK, description = "OpenAPI 3.1", content_type = "application/json")))]
pub(super) async fn show() -> Response {
    json_text(StatusCode::OK, SPELLED.as_str())
}

/// What the API offers, for the command line and for `/openapi.json`.
pub fn document() -> OpenApi {
    let mut document = described_routes().into_openapi();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        operations.into_iter().flatten().for_each(describe_failures);
        let changing = [&mut item.post, &mut item.put, &mut item.delete];
        changing.into_iter().flatten().for_each(describe_repetition);
    }
    document
}

/// What the document says beside its operations.
pub(super) fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Gangway")
        .version("1")
        .description(Some("Brings your customers aboard their integrations."))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").build()))
        .build();
    let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::new()
        .schema_from::<ProblemDocument>()
        .schema_from::<ProblemField>()
        .parameter(REPETITION, repetition())
        .security_scheme(KEY, key)
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new::<_, [String; 0], String>(KEY, [])]))
        .build()
}

/// Operations that are asked with POST, PUT or DELETE and change nothing: no key is needed for them.
const CHANGE_NOTHING: [&str; 0] = [];

/// Whatever changes something can be asked again.
fn describe_repetition(operation: &mut Operation) {
    if operation.operation_id.as_deref().is_some_and(|id| CHANGE_NOTHING.contains(&id)) {
        return;
    }
    let shared = Ref::new(format!("#/components/parameters/{REPETITION}"));
    operation.parameters.get_or_insert_default().push(RefOr::Ref(shared));
}

/// Said in one place for all of them.
fn repetition() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name(HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Your own name for this request: 1 to 255 visible ASCII characters. The same key with the \
             same body gets the same answer, byte for byte, for at least 24 hours, and nothing is \
             done again; with another body it is refused with 422. While the first one is under \
             way, a repetition waits for it, and is told 409 `idempotency_in_flight` if that takes \
             long. Refusals are not kept.",
        ))
        .schema(Some(text))
        .build()
}

/// Every operation fails in the same form, so it is said in one place.
fn describe_failures(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new()
        .description("A failure, told as an RFC 9457 problem.")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), response.into());
}
