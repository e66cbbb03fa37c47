//! Forms that only our own pages can send.

use axum::body::to_bytes;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use url::Url;

use super::{AppState, Error, Kind, Session, StaffToken};

/// Longest form, in bytes as sent.
const LONGEST_FORM: usize = 64 * 1024;

/// The field that carries the form token. The hyphen keeps it apart from every question's key.
pub const FORM_TOKEN: &str = "form-token";

/// Where the visit's pages are, if not at the public URL. The proof of the visit leaves it in the request.
#[derive(Debug, Clone)]
pub struct PagesAt(pub Url);

/// What a form of this visit's session sent, or of somebody signed in to the console. The proof of that must
/// be taken before it: it leaves the [`Session`] or the [`StaffToken`] in the request, and without one every
/// form is refused.
#[derive(Debug)]
pub struct Protected<T>(pub T);

/// What the form of a page sent that is shown before anybody is known: it comes from a page of ours, and
/// that is all there is to say.
#[derive(Debug)]
pub struct FirstForm<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for FirstForm<T>
where
    AppState: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let state = AppState::from_ref(state);
        parse_fields(&read_fields(request, state.public_url()).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Protected<T>
where
    AppState: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let state = AppState::from_ref(state);
        let visit = request.extensions().get::<Session>().cloned();
        let staff = request.extensions().get::<StaffToken>().cloned();
        let own = request.extensions().get::<PagesAt>().map(|at| at.0.clone());
        let ours = own.as_ref().unwrap_or(state.public_url());
        let mut fields = read_fields(request, ours).await?;
        let genuine = fields.iter().any(|(name, value)| {
            let of_visit = |session| state.links.form_token_is_genuine(session, value);
            let of_staff = |token| state.links.staff_form_token_is_genuine(token, value);
            name == FORM_TOKEN
                && (visit.as_ref().is_some_and(of_visit) || staff.as_ref().is_some_and(of_staff))
        });
        if !genuine {
            return Err(not_from_here());
        }
        fields.retain(|(name, _)| name != FORM_TOKEN);
        parse_fields(&fields).map(Self)
    }
}

type Fields = Vec<(String, String)>;

async fn read_fields(request: Request, ours: &Url) -> Result<Fields, Error> {
    check_origin(request.headers(), ours)?;
    check_kind(request.headers())?;
    let body = to_bytes(request.into_body(), LONGEST_FORM).await.map_err(|_| too_large())?;
    Ok(url::form_urlencoded::parse(&body).into_owned().collect())
}

fn parse_fields<T: DeserializeOwned>(fields: &Fields) -> Result<T, Error> {
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    serde_urlencoded::from_str(&fields)
        .map_err(|_| Error::new(Kind::Malformed, "The form has other fields than its page."))
}

fn not_from_here() -> Error {
    Error::new(Kind::NotFromHere, "Open the page again and send its form from there.")
}

fn too_large() -> Error {
    Error::new(Kind::TooLarge, "A form may have 64 KiB.")
}

/// A second wall behind the form token. Our pages ask for `no-referrer`, and browsers then say
/// `Origin: null` even to us, so `null` proves nothing either way: `Sec-Fetch-Site` does, where the
/// browser sends it.
fn check_origin(headers: &HeaderMap, ours: &Url) -> Result<(), Error> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site_fits =
        text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin_fits = text("origin")
        .is_none_or(|origin| origin == "null" || origin == ours.origin().ascii_serialization());
    if site_fits && origin_fits { Ok(()) } else { Err(not_from_here()) }
}

fn check_kind(headers: &HeaderMap) -> Result<(), Error> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if essence.is_some_and(|e| e.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
        return Ok(());
    }
    Err(Error::new(Kind::WrongMediaType, "A form is sent as application/x-www-form-urlencoded."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_website_is_told_by_either_header() {
        let ours = Url::parse("https://setup.example.com/").unwrap();
        for (site, origin, fits) in [
            (None, None, true),
            (Some("same-origin"), Some("null"), true),
            (Some("same-origin"), Some("https://setup.example.com"), true),
            (Some("none"), None, true),
            (None, Some("https://setup.example.com"), true),
            (Some("cross-site"), Some("null"), false),
            (Some("same-site"), Some("https://setup.example.com"), false),
            (Some("same-origin"), Some("https://example.com"), false),
            (None, Some("http://setup.example.com"), false),
            (None, Some("https://setup.example.com:8443"), false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(check_origin(&headers, &ours).is_ok(), fits, "{site:?} {origin:?}");
        }
    }
}
