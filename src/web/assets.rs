//! The stylesheet and the script of all pages, and a brand's colours: named by their content, kept for
//! long.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Error;
use crate::onboarding::{Colour, DARK_GROUND};
use crate::secret::digest;

const CSS: &str =
    concat!(include_str!("../../static/colours.css"), include_str!("../../static/gangway.css"));
const SCRIPT: &str = include_str!("../../static/gangway.js");

/// Where pages find the stylesheet. Changes with its content.
pub(super) static CSS_ADDRESS: LazyLock<String> =
    LazyLock::new(|| asset_address("/static/gangway.css", CSS));
/// Where pages find the script. Changes with its content.
pub(super) static SCRIPT_ADDRESS: LazyLock<String> =
    LazyLock::new(|| asset_address("/static/gangway.js", SCRIPT));

/// Where something is found that never changes under its address.
pub fn asset_address(path: &str, content: &str) -> String {
    format!("{path}?v={}", URL_SAFE_NO_PAD.encode(&digest(content)[..9]))
}

/// The routes of what pages refer to.
pub fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/static/gangway.css", get(|| async { asset("text/css; charset=utf-8", CSS) }))
        .route(
            "/static/gangway.js",
            get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route("/static/theme/{colours}", get(theme))
}

/// Where a page finds a brand's colours; all that they are stands in the address.
pub(super) fn theme_address(light: Colour, dark: Option<Colour>) -> String {
    let dark = dark.unwrap_or_else(|| light.for_dark());
    format!("/static/theme/{}-{}.css", light.digits(), dark.digits())
}

async fn theme(Path(colours): Path<String>) -> Response {
    let digits = colours.strip_suffix(".css").and_then(|colours| colours.split_once('-'));
    let parse = |digits| Colour::parse(&format!("#{digits}")).ok();
    match digits.and_then(|(light, dark)| Some((parse(light)?, parse(dark)?))) {
        Some((light, dark)) => {
            asset("text/css; charset=utf-8", theme_css(light, dark)).into_response()
        }
        None => Error::not_found().into_response(),
    }
}

fn theme_css(light: Colour, dark: Colour) -> String {
    let scheme = |accent: Colour, strong: Colour, tint: Colour| {
        format!(
            ":root{{--accent:{accent};--accent-strong:{strong};--on-accent:{};--tint:{tint}}}",
            accent.ink()
        )
    };
    let by_day =
        scheme(light, light.mixed_with(Colour::BLACK, 20), Colour::WHITE.mixed_with(light, 7));
    let by_night =
        scheme(dark, dark.mixed_with(Colour::WHITE, 35), DARK_GROUND.mixed_with(dark, 12));
    format!("{by_day}\n@media (prefers-color-scheme:dark){{{by_night}}}\n")
}

/// As it is sent that never changes under its address.
pub fn asset(kind: &'static str, content: impl IntoResponse) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onboarding::LIGHT_GROUND;

    /// The last value of a custom property before the first or in the second scheme.
    fn property(name: &str, dark: bool) -> Colour {
        let (light, rest) = CSS.split_once("@media (prefers-color-scheme: dark)").unwrap();
        let scheme = if dark { rest } else { light };
        let (_, rest) = scheme.split_once(&format!("{name}: ")).unwrap();
        Colour::parse(rest.split(';').next().unwrap()).unwrap()
    }

    #[test]
    fn what_colours_are_held_against_is_what_the_pages_lie_on() {
        assert_eq!(property("--ground", false), LIGHT_GROUND);
        assert_eq!(property("--card", true), DARK_GROUND);
        // Of the two surfaces each is the one with the least contrast.
        let accent = |dark| property("--accent", dark);
        assert!(
            accent(false).contrast(LIGHT_GROUND)
                <= accent(false).contrast(property("--card", false))
        );
        assert!(
            accent(true).contrast(DARK_GROUND) <= accent(true).contrast(property("--ground", true))
        );
    }

    #[test]
    fn a_brand_keeps_its_buttons_and_links_legible() {
        for number in (0..0x0100_0000_u32).step_by(400_009) {
            let digits = format!("#{number:06x}");
            let light = Colour::parse(&digits).unwrap();
            if light.contrast(LIGHT_GROUND) < Colour::LEAST_CONTRAST {
                continue;
            }
            let css = theme_css(light, light.for_dark());
            let value = |name: &str, scheme: usize| {
                let rest = css.split(&format!("{name}:")).nth(scheme).unwrap();
                Colour::parse(rest.split([';', '}']).next().unwrap()).unwrap()
            };
            for scheme in [1, 2] {
                let (accent, ink) = (value("--accent", scheme), value("--on-accent", scheme));
                let (strong, tint) = (value("--accent-strong", scheme), value("--tint", scheme));
                assert!(accent.contrast(ink) >= Colour::LEAST_CONTRAST, "{digits} {css}");
                assert!(strong.contrast(ink) >= Colour::LEAST_CONTRAST, "{digits} {css}");
                assert!(strong.contrast(tint) >= Colour::LEAST_CONTRAST, "{digits} {css}");
            }
        }
    }
}
