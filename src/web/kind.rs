//! All kinds of failure that a request may meet, with their words. The reference is made from this.

use axum::http::StatusCode;

/// One kind: what it is called, and what whoever meets it can do.
#[derive(Debug)]
struct Entry {
    kind: Kind,
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    advice: &'static str,
}

macro_rules! catalogue {
    ($($variant:ident, $status:ident, $code:literal, $title:literal, $advice:literal;)*) => {
        /// What kind of failure it is. Codes are stable: added, never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $($variant,)*
        }

        const CATALOGUE: &[Entry] = &[$(Entry {
            kind: Kind::$variant,
            status: StatusCode::$status,
            code: $code,
            title: $title,
            advice: $advice,
        },)*];
    };
}

catalogue! {
    Malformed, BAD_REQUEST, "malformed", "The request could not be read",
        "The body is no JSON, or the address is broken. The detail names the place. Sending the same \
         again will not help.";
    UnsupportedVersion, BAD_REQUEST, "unsupported_version", "There is no such version of the API",
        "Leave the header Gangway-Version out, or send one of the versions that the detail names.";
    Unauthenticated, UNAUTHORIZED, "unauthenticated", "A valid API key is needed",
        "Send a key that exists, is not revoked and has not ended, as Authorization: Bearer.";
    Forbidden, FORBIDDEN, "forbidden", "The API key is not good for this",
        "Use a key with the scope that the detail names.";
    NotFromHere, FORBIDDEN, "not_from_here", "This form was not sent from our page",
        "For people on the pages: open the page again and send its form from there.";
    NotFound, NOT_FOUND, "not_found", "There is nothing here",
        "It does not exist, or this key does not see it: the two are not told apart.";
    WrongMethod, METHOD_NOT_ALLOWED, "wrong_method", "This method is not offered here",
        "The header Allow names those that are.";
    TimedOut, REQUEST_TIMEOUT, "timed_out", "The request took too long",
        "Send it again, with the same Idempotency-Key if it changes something.";
    Conflict, CONFLICT, "conflict", "The present state does not allow this",
        "The detail says why. Where it is about an onboarding, `onboarding` shows how it stands now and \
         `allowed_actions` what it takes.";
    InFlight, CONFLICT, "idempotency_in_flight", "The same request is being carried out",
        "Wait as long as Retry-After says and send it again for its answer.";
    TooLarge, PAYLOAD_TOO_LARGE, "too_large", "The request is too large",
        "A body may have 256 KiB.";
    WrongMediaType, UNSUPPORTED_MEDIA_TYPE, "wrong_media_type",
        "The request has the wrong content type",
        "Send the body as JSON, with the header Content-Type: application/json.";
    Invalid, UNPROCESSABLE_ENTITY, "invalid", "The request has invalid fields",
        "`errors` names each field and what it must be. All mistakes are told at once.";
    KeyReused, UNPROCESSABLE_ENTITY, "idempotency_key_reused",
        "The idempotency key was used for another request",
        "Use a fresh Idempotency-Key for a request with another body.";
    RateLimited, TOO_MANY_REQUESTS, "rate_limited", "More was asked than this caller may ask",
        "Nothing was done. Wait as long as Retry-After says; the header RateLimit tells what is left.";
    Internal, INTERNAL_SERVER_ERROR, "internal", "Something failed on our side",
        "What was confirmed before is safe. Try again, with the same Idempotency-Key if it changes \
         something; if it stays, tell support the request id.";
    Upstream, BAD_GATEWAY, "upstream", "The integration service did not answer",
        "Nothing was lost. Try again in a moment.";
    Unavailable, SERVICE_UNAVAILABLE, "unavailable", "The service cannot answer right now",
        "Whether the request was carried out is not known. Wait as long as Retry-After says and send it \
         again with the same Idempotency-Key.";
}

impl Kind {
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUE.iter().map(|entry| entry.kind)
    }

    /// Entries stand in the order of the enum; a test holds them to it.
    const fn entry(self) -> &'static Entry {
        &CATALOGUE[self as usize]
    }

    pub const fn status(self) -> StatusCode {
        self.entry().status
    }

    pub const fn code(self) -> &'static str {
        self.entry().code
    }

    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// What whoever meets it can do.
    pub const fn advice(self) -> &'static str {
        self.entry().advice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_words() {
        for (place, kind) in Kind::all().enumerate() {
            assert_eq!(kind as usize, place);
            assert!(kind.advice().ends_with('.'), "{kind:?}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
            assert_eq!(Kind::all().filter(|other| other.code() == kind.code()).count(), 1);
        }
    }
}
