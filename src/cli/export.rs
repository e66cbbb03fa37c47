//! `gangway export`: all that is known of one onboarding, as one document.

use std::io::Write;
use std::path::Path;

use super::onboardings::{find, id_of, say};
use super::remote::{Failure, Remote};

/// To `output`, or to whoever reads along.
pub async fn export(
    remote: &Remote,
    named: &str,
    output: Option<&Path>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let found = find(remote, named).await?;
    let path = format!("v1/onboardings/{}/export", id_of(&found)?);
    let history = remote.get(&path, &[]).await?;
    // It came as JSON: it can be said as JSON.
    let text = serde_json::to_string_pretty(&history).unwrap_or_default();
    match output {
        None => say(out, &text),
        Some(file) => {
            let unwritten =
                |error| Failure::Failed(format!("{} cannot be written: {error}", file.display()));
            std::fs::write(file, text + "\n").map_err(unwritten)
        }
    }
}
