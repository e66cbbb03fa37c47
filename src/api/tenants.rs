//! All that is kept of a tenant: to be handed over, and to be erased.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Admin, Caller};
use super::orders::check_reason;
use super::repeatable::{Repeatable, send, spell};
use crate::engine::Erasing;
use crate::ids::{OnboardingId, TenantId};
use crate::store::{self, TenantExport, TenantPart};
use crate::web::{AppState, Error, Kind};

/// Why a tenant's data is erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EraseOrder)]
pub(super) struct EraseBody {
    /// 1 to 500 characters, for the audit.
    reason: String,
}

/// What was erased.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(super) struct ErasedBody {
    tenant_id: String,
    /// How many onboardings of it there are. Nothing is known of its people in any of them.
    onboardings: u64,
}

/// All that is kept of a tenant. The entries stand there as they are kept; fields come and go with versions
/// of Gangway.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantExport)]
pub(super) struct ExportBody {
    /// Its id, and the Cyclr account that it has or gets.
    #[schema(value_type = Object)]
    tenant: Value,
    /// Each with what it is and what was answered, and with the lists `journal`, `other_calls`, `sign_ins`,
    /// `messages` and `audit`.
    #[schema(value_type = Vec<Object>)]
    onboardings: Vec<Value>,
}

/// All that is kept of a tenant, as one document.
///
/// It comes in pieces and may be long. A document that breaks off is no JSON: ask again.
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/export", operation_id = "export_tenant",
    tag = "tenants", params(("tenant_id" = String, Path)),
    responses((status = OK, body = ExportBody)))]
pub(super) async fn export(
    _caller: Caller<Admin>,
    State(state): State<AppState>,
    Path(tenant): Path<String>,
) -> Result<Response, Error> {
    let tenant = parse_tenant(&tenant)?;
    let export = TenantExport::new(state.store().clone());
    let row = export.tenant(&tenant).await?.ok_or_else(Error::not_found)?;
    let head = format!("{{\"tenant\":{row},\"onboardings\":[");
    let mut response = Response::new(Body::from_stream(pieces(export, tenant, head)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

/// Erase what is known of a tenant's people.
///
/// Contact, names, data, answers, tags, metadata and notes are gone for good, from all its onboardings and from
/// the messages that told of them. What stays says what was done, when, and with which account and cycles at
/// Cyclr. Refused while an onboarding of it is open.
#[utoipa::path(post, path = "/v1/tenants/{tenant_id}/erase", operation_id = "erase_tenant",
    tag = "tenants", params(("tenant_id" = String, Path)), request_body = EraseBody,
    responses((status = OK, body = ErasedBody)))]
pub(super) async fn erase(
    caller: Caller<Admin>,
    State(state): State<AppState>,
    Path(tenant): Path<String>,
    asked: Repeatable<EraseBody>,
) -> Result<Response, Error> {
    let tenant = parse_tenant(&tenant)?;
    let reason = check_reason(&asked.body.reason)?;
    let once = asked.idempotency(&caller);
    let render = |onboardings| {
        spell(StatusCode::OK, &ErasedBody { tenant_id: tenant.to_string(), onboardings })
    };
    let erasing =
        state.engine.erase_tenant(&tenant, (&caller.actor, &reason), once.as_ref(), &render);
    match erasing.await? {
        Erasing::Unknown => Err(Error::not_found()),
        Erasing::Open(reference) => Err(Error::new(
            Kind::Conflict,
            format!(
                "Onboarding {reference} of this tenant is open, and needs what is known. Cancel it, or wait \
                 until it is live, and send this again. Nothing was erased."
            ),
        )),
        Erasing::Done(answer) => {
            let body = answer.body.clone();
            send(&answer, body, None)
        }
    }
}

fn parse_tenant(text: &str) -> Result<TenantId, Error> {
    TenantId::parse(text).map_err(|_| Error::not_found())
}

/// Where the document is.
enum Place {
    Head(String),
    /// The next onboarding comes after this one.
    Onboarding {
        after: OnboardingId,
        is_first: bool,
    },
    Part {
        id: OnboardingId,
        part: usize,
        from: usize,
    },
    End,
}

/// A piece at a time, as fast as it is read. A piece that cannot be had breaks the answer off.
fn pieces(
    export: TenantExport,
    tenant: TenantId,
    head: String,
) -> impl Stream<Item = Result<String, store::Error>> + Send {
    stream::try_unfold(Place::Head(head), move |place| {
        let (export, tenant) = (export.clone(), tenant.clone());
        async move { next_piece(&export, &tenant, place).await }
    })
}

async fn next_piece(
    export: &TenantExport,
    tenant: &TenantId,
    place: Place,
) -> Result<Option<(String, Place)>, store::Error> {
    Ok(match place {
        Place::Head(head) => {
            let after = OnboardingId(Uuid::nil());
            Some((head, Place::Onboarding { after, is_first: true }))
        }
        Place::Onboarding { after, is_first } => {
            Some(match export.onboarding_after(tenant, after).await? {
                Some((id, row)) => {
                    let comma = if is_first { "" } else { "," };
                    // Its parts are put in before it is closed.
                    let open = row.to_string();
                    let open = open.strip_suffix('}').unwrap_or(&open);
                    (format!("{comma}{open}"), Place::Part { id, part: 0, from: 0 })
                }
                None => ("]}".to_owned(), Place::End),
            })
        }
        Place::Part { id, part, from } => match TenantPart::ALL.get(part) {
            Some(kind) => {
                let rows = export.part(*kind, id, from).await?;
                let is_last = rows.len() < TenantExport::PIECE;
                let text = list_piece(*kind, from, &rows, is_last);
                let (part, from) = if is_last { (part + 1, 0) } else { (part, from + rows.len()) };
                Some((text, Place::Part { id, part, from }))
            }
            None => Some(("}".to_owned(), Place::Onboarding { after: id, is_first: false })),
        },
        Place::End => None,
    })
}

fn list_piece(part: TenantPart, from: usize, rows: &[Value], is_last: bool) -> String {
    let mut text = if from == 0 { format!(",\"{}\":[", part.name()) } else { String::new() };
    for (place, row) in rows.iter().enumerate() {
        let comma = if from + place == 0 { "" } else { "," };
        text.push_str(comma);
        text.push_str(&row.to_string());
    }
    if is_last {
        text.push(']');
    }
    text
}
