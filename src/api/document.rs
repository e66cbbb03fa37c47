//! The OpenAPI 3.1 document, made from the handlers.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref,
    ResponseBuilder,
};

use super::described_routes;
use crate::web::{ProblemDocument, ProblemField, json_text};

const KEY: &str = "api_key";

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
        .security_scheme(KEY, key)
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new::<_, [String; 0], String>(KEY, [])]))
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
