//! Which language a browser gets: what its person chose, then the contact's, then the browser's own.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::words::{Language, Words};

/// The cookie that keeps a choice. It is no secret and says nothing else.
const COOKIE: &str = "gangway-language";

/// What is known of a browser's language without knowing whose it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes {
    /// By the address, now or earlier.
    chosen: Option<Language>,
    /// By `Accept-Language`.
    accepted: Option<Language>,
}

impl Wishes {
    pub fn of(query: Option<&str>, headers: &HeaderMap) -> Self {
        let kept = || Language::of_tag(CookieJar::from_headers(headers).get(COOKIE)?.value());
        let wishes = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            chosen: asked_for(query).or_else(kept),
            accepted: wishes.and_then(Language::of_wishes),
        }
    }

    /// For somebody whose language may be known, on pages that speak one if nothing else is known.
    pub fn words(self, contact: Option<&str>, otherwise: Option<&str>) -> Words {
        let language = self
            .chosen
            .or_else(|| contact.and_then(Language::of_tag))
            .or(self.accepted)
            .or_else(|| otherwise.and_then(Language::of_tag));
        Words::new(language.unwrap_or_default())
    }
}

/// `lang=` in an address.
fn asked_for(query: Option<&str>) -> Option<Language> {
    let mut pairs = url::form_urlencoded::parse(query?.as_bytes());
    pairs.find_map(|(name, value)| (name == "lang").then(|| Language::of_tag(&value))?)
}

/// Reads the wishes once for whoever answers, and keeps a choice that the address makes.
pub async fn read_wishes(mut request: Request, next: Next) -> Response {
    let query = request.uri().query();
    let wishes = Wishes::of(query, request.headers());
    let chosen = asked_for(query);
    request.extensions_mut().insert(wishes);
    let mut response = next.run(request).await;
    if let Some(chosen) = chosen {
        let cookie = Cookie::build((COOKIE, chosen.code()))
            .path("/")
            .same_site(SameSite::Lax)
            .http_only(true)
            .build();
        if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_goes_before_the_contact_and_the_contact_before_the_browser() {
        let wishes = |query, cookie: &str, accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, format!("gangway-language={cookie}").parse().unwrap());
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            Wishes::of(query, &headers)
        };
        for (query, cookie, contact, accepted, otherwise, expected) in [
            (Some("lang=ja"), "fr", Some("de"), "es", Some("en"), "ja"),
            (Some("lang=xx"), "fr", Some("de"), "es", Some("en"), "fr"),
            (None, "", Some("de-AT"), "es", Some("en"), "de"),
            (None, "", Some("pt"), "es", Some("fr"), "es"),
            (None, "", None, "pt", Some("fr"), "fr"),
            (None, "", None, "pt", None, "en"),
        ] {
            let words = wishes(query, cookie, accepted).words(contact, otherwise);
            assert_eq!(words.code(), expected);
        }
    }
}
