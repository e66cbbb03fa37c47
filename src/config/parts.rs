//! The environment for whoever looks what is wrong with it: every part that can be read, whatever the others
//! are like, and the names that nobody knows.

use std::fmt;
use std::net::SocketAddr;

use serde::Serialize;
use url::Url;

use super::{Config, Mistakes, Reader, VARIABLES, Variable};
use crate::secret::{MasterKey, Secret};
use crate::{cyclr, webhooks};

/// Read elsewhere than for `serve`: by the commands that ask a running service, and by the tests.
const OTHERS: [&str; 3] = ["GANGWAY_URL", "GANGWAY_API_KEY", "GANGWAY_BROWSER_TESTS"];
/// What all of our variables begin with, but `DATABASE_URL`.
const OURS: [&str; 2] = ["GANGWAY_", "CYCLR_"];
/// More letters than these apart, one name is no misspelling of another.
const FARTHEST: usize = 8;

/// What could be read, part by part.
#[derive(Debug)]
pub struct Parts {
    /// As `serve` reads it.
    pub whole: Result<Config, Mistakes>,
    pub database_url: Option<Secret>,
    pub public_url: Option<Url>,
    pub cyclr: Option<cyclr::Settings>,
    pub webhooks: Option<webhooks::Settings>,
    pub master_key: Option<MasterKey>,
    /// As it was written, to be judged and not to be shown.
    pub secret_text: Option<Secret>,
    /// The one beside it, while one takes over from the other.
    pub other_secret_text: Option<Secret>,
    pub identity: Option<crate::identity::Settings>,
    /// All that is known, as it stands or by default.
    pub values: Vec<ShownValue>,
    pub unknown: Vec<UnknownVariable>,
}

/// What a variable is, without what must not be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownValue {
    pub name: &'static str,
    /// `None`: it is set and secret, or it is not set.
    pub value: Option<String>,
    pub set: bool,
}

impl fmt::Display for ShownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.as_deref();
        let value = value.unwrap_or(if self.set { "(set, not shown)" } else { "(not set)" });
        let origin = if self.set { "" } else { "  (default)" };
        write!(f, "{}={value}{}", self.name, if self.value.is_some() { origin } else { "" })
    }
}

/// A variable that nobody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownVariable {
    pub name: String,
    /// The known one that is spelled most like it.
    pub nearest: Option<&'static str>,
}

impl Parts {
    pub fn from_environment() -> Self {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        Self::read(|name| std::env::var(name).ok(), names)
    }

    /// Reads from anywhere; `names` are those of everything that is set.
    pub fn read(
        source: impl Fn(&str) -> Option<String>,
        names: impl Iterator<Item = String>,
    ) -> Self {
        let whole = Config::read(&source);
        let mut reader = Reader { source: &source, mistakes: Vec::new() };
        Self {
            whole,
            database_url: reader.database().and_then(|database| database.url),
            public_url: reader.parse("GANGWAY_PUBLIC_URL", ""),
            cyclr: reader.cyclr(),
            webhooks: reader.webhooks(),
            master_key: reader.master_key(),
            secret_text: reader.value("GANGWAY_SECRET_KEY").map(Secret::from),
            other_secret_text: reader
                .value("GANGWAY_OTHER_SECRET_KEY")
                .filter(|text| !text.is_empty())
                .map(Secret::from),
            identity: reader.identity(),
            values: VARIABLES.iter().map(|variable| shown(variable, &source)).collect(),
            unknown: unknown(names),
        }
    }
}

fn shown(variable: &Variable, source: impl Fn(&str) -> Option<String>) -> ShownValue {
    let written = source(variable.name).map(|value| value.trim().to_owned());
    let written = written.filter(|value| !value.is_empty());
    let set = written.is_some();
    let value = written.or_else(|| variable.default.map(str::to_owned));
    ShownValue {
        name: variable.name,
        value: value.filter(|value| !is_secret(variable.name, value)),
        set,
    }
}

/// By its name, or because an address has a password in it.
fn is_secret(name: &str, value: &str) -> bool {
    let named = ["SECRET", "KEY", "PASSWORD", "TOKEN", "DATABASE_URL"];
    !value.is_empty() && (named.iter().any(|named| name.contains(named)) || value.contains('@'))
}

/// `GANGWAY_LISTEN`, for whoever asks the process that listens there.
pub fn listen() -> Option<SocketAddr> {
    let source = |name: &str| std::env::var(name).ok();
    Reader { source: &source, mistakes: Vec::new() }.parse("GANGWAY_LISTEN", "")
}

/// Warns of those in the process's environment, in the log.
pub fn warn_of_unknown() {
    for unknown in unknown(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        let nearest = unknown.nearest.unwrap_or("none");
        tracing::warn!(nearest, "{} is set, and nothing reads it", unknown.name);
    }
}

/// Those of ours, by their beginning, that nobody reads; in order.
fn unknown(names: impl Iterator<Item = String>) -> Vec<UnknownVariable> {
    let known = |name: &str| {
        VARIABLES.iter().any(|variable| variable.name == name) || OTHERS.contains(&name)
    };
    let ours = |name: &String| OURS.iter().any(|ours| name.starts_with(ours));
    let mut unknown: Vec<_> = names
        .filter(|name| ours(name) && !known(name))
        .map(|name| UnknownVariable { nearest: nearest(&name), name })
        .collect();
    unknown.sort_by(|one, other| one.name.cmp(&other.name));
    unknown
}

fn nearest(name: &str) -> Option<&'static str> {
    let known = VARIABLES.iter().map(|variable| variable.name).chain(OTHERS);
    let far = |known: &str| strsim::damerau_levenshtein(name, known);
    let found = known.map(|known| (far(known), known)).min()?;
    (found.0 <= FARTHEST).then_some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_nobody_knows_is_told_with_the_one_that_was_meant() {
        let names = [
            "GANGWAY_PUBLIC_ULR",
            "GANGWAY_LISTEN",
            "GANGWAY_URL",
            "PATH",
            "CYCLR_CLIENTSECRET",
            "GANGWAY_SOMETHING_THAT_IS_NOTHING_LIKE_ANY_OTHER",
        ];
        let told = unknown(names.map(str::to_owned).into_iter());
        let told: Vec<_> = told.iter().map(|told| (&*told.name, told.nearest)).collect();
        assert_eq!(
            told,
            [
                ("CYCLR_CLIENTSECRET", Some("CYCLR_CLIENT_SECRET")),
                ("GANGWAY_PUBLIC_ULR", Some("GANGWAY_PUBLIC_URL")),
                ("GANGWAY_SOMETHING_THAT_IS_NOTHING_LIKE_ANY_OTHER", None),
            ]
        );
    }

    #[test]
    fn what_is_right_is_read_beside_what_is_wrong() {
        let parts = Parts::read(
            |name| match name {
                "GANGWAY_LISTEN" => Some("nowhere".to_owned()),
                "GANGWAY_PUBLIC_URL" => Some("https://go.example.com".to_owned()),
                _ => None,
            },
            std::iter::empty(),
        );
        assert!(parts.whole.is_err());
        assert_eq!(parts.public_url.unwrap().as_str(), "https://go.example.com/");
        assert!(parts.webhooks.is_some() && parts.cyclr.is_none() && parts.master_key.is_none());
    }
}
