//! A blueprint from a file.

use crate::onboarding::Blueprint;

/// Why a text is no blueprint that can be published.
#[derive(Debug, thiserror::Error)]
pub enum BlueprintError {
    #[error("the blueprint is malformed")]
    Malformed(#[from] serde_json::Error),
    #[error("the blueprint has mistakes:\n  {}", .0.join("\n  "))]
    Mistakes(Vec<String>),
}

/// Reads it; all mistakes are told at once.
pub fn read_blueprint(text: &str) -> Result<Blueprint, BlueprintError> {
    let blueprint: Blueprint = serde_json::from_str(text)?;
    let mistakes = blueprint.mistakes();
    if mistakes.is_empty() {
        return Ok(blueprint);
    }
    Err(BlueprintError::Mistakes(mistakes.iter().map(ToString::to_string).collect()))
}
