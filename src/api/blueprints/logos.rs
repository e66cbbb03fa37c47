//! Images of brands. What arrives is looked at before anybody's browser is shown it.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imagesize::ImageType;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::api::caller::{Caller, ForBlueprints};
use crate::api::repeatable::{Repeatable, find_earlier, send, spell};
use crate::ids::LogoId;
use crate::store::Logo;
use crate::web::fields::Mistakes;
use crate::web::{AppState, Error};

/// Longest image, in bytes; the table says the same.
const LONGEST: usize = 128 * 1024;
/// Pixels of a side.
const SIDES: std::ops::RangeInclusive<usize> = 16..=2000;

/// An image for a blueprint's brand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLogo)]
pub(in crate::api) struct NewLogo {
    /// A PNG, JPEG or WebP image in base64: at most 128 KiB, 16 to 2,000 pixels a side.
    #[schema(content_encoding = "base64")]
    image: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Logo)]
pub(in crate::api) struct LogoBody {
    /// For `brand.logo`. Made of the content: the same image has the same id.
    id: String,
    media_type: &'static str,
    width: usize,
    height: usize,
}

/// Upload a logo.
///
/// Name it in a blueprint as `brand.logo`; it stands at the head of the pages. It is never changed and never
/// taken away from a published version.
#[utoipa::path(post, path = "/v1/logos", operation_id = "upload_logo", tag = "blueprints",
    request_body = NewLogo, responses((status = CREATED, body = LogoBody)))]
pub(in crate::api) async fn upload(
    caller: Caller<ForBlueprints>,
    State(state): State<AppState>,
    asked: Repeatable<NewLogo>,
) -> Result<Response, Error> {
    let key = asked.idempotency(&caller);
    let answer = match read(&asked.body.image) {
        Ok((id, logo, shown)) => {
            let render = || spell(StatusCode::CREATED, &shown);
            state.store().keep_logo_once(&id, &logo, key.as_ref(), &render).await?
        }
        Err(refusal) => find_earlier(&state, key.as_ref(), refusal).await?,
    };
    send(&answer, answer.body.clone(), None)
}

fn read(text: &str) -> Result<(LogoId, Logo, LogoBody), Error> {
    let mut mistakes = Mistakes::default();
    let looked = look(text);
    if let Err(rule) = &looked {
        mistakes.require("/image", false, rule);
    }
    mistakes.or_value(looked.ok())
}

fn look(text: &str) -> Result<(LogoId, Logo, LogoBody), &'static str> {
    let image = STANDARD.decode(text).map_err(|_| "an image in base64")?;
    if image.len() > LONGEST {
        return Err("at most 128 KiB");
    }
    let kind = "a PNG, JPEG or WebP image";
    let media_type = match imagesize::image_type(&image) {
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Jpeg) => "image/jpeg",
        Ok(ImageType::Webp) => "image/webp",
        Ok(_) | Err(_) => return Err(kind),
    };
    let size = imagesize::blob_size(&image).map_err(|_| kind)?;
    if !SIDES.contains(&size.width) || !SIDES.contains(&size.height) {
        return Err("16 to 2000 pixels a side");
    }
    let mut digits = String::new();
    for byte in Sha256::digest(&image) {
        let _ = write!(digits, "{byte:02x}"); // writing to a String cannot fail
    }
    let id = LogoId::parse(digits.clone()).map_err(|_| kind)?;
    let shown = LogoBody { id: digits, media_type, width: size.width, height: size.height };
    Ok((id, Logo { media_type: media_type.to_owned(), image }, shown))
}
