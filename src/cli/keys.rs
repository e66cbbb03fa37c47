//! `gangway key …`.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use uuid::Uuid;

use crate::ids::BlueprintKey;
use crate::store::{ApiKey, KeyScope, NewApiKey, Sight};

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it. It is not shown again.
    Create {
        /// What the key is for; it stands in the journal beside what is done with it.
        name: String,
        /// What it is good for: read, write, blueprints, webhooks, admin. All of it if left out.
        #[arg(long = "scope", value_parser = parse_scope)]
        scopes: Vec<KeyScope>,
        /// The key of a blueprint whose onboardings it may see. All if left out; with it the key has
        /// the scopes read, write and blueprints at most.
        #[arg(long = "blueprint", value_parser = parse_blueprint_key)]
        blueprints: Vec<BlueprintKey>,
        /// Days until it ends. It does not end if left out.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        expires_in_days: Option<u16>,
    },
    /// List the keys, newest first: what they are for, and when they were used last.
    List,
    /// End a key. It opens nothing from the next request on.
    Revoke {
        /// As `key list` shows it.
        id: Uuid,
    },
}

pub fn parse_scope(name: &str) -> Result<KeyScope, String> {
    let known = KeyScope::ALL.map(KeyScope::name).join(", ");
    KeyScope::parse(name).ok_or_else(|| format!("it is none of {known}"))
}

pub fn parse_blueprint_key(key: &str) -> Result<BlueprintKey, String> {
    BlueprintKey::parse(key).map_err(|invalid| invalid.to_string())
}

/// What was asked for cannot be had together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key for some blueprints has the scopes read, write and blueprints at most")]
pub struct TooMuch;

/// Without scopes a key gets all that it can have.
pub fn choose(
    name: String,
    mut scopes: Vec<KeyScope>,
    blueprints: Vec<BlueprintKey>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<NewApiKey, TooMuch> {
    let restricted = !blueprints.is_empty();
    let fits = |scope: &KeyScope| !restricted || scope.fits_restricted();
    if scopes.is_empty() {
        scopes = KeyScope::ALL.into_iter().filter(fits).collect();
    }
    if !scopes.iter().all(fits) {
        return Err(TooMuch);
    }
    let sight = if restricted { Sight::Only(blueprints) } else { Sight::All };
    Ok(NewApiKey { name, scopes, sight, expires_at })
}

/// Id, beginning, scopes, blueprints, last use, end, and what it is for, with two blanks in between.
pub fn line(key: &ApiKey) -> String {
    let minute = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%MZ").to_string();
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.name()).collect();
    let sight = match &key.sight {
        Sight::All => "all".to_owned(),
        Sight::Only(keys) => keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    };
    let used = key.last_used_at.map_or_else(|| "never".to_owned(), minute);
    let end = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", minute(at)),
        (None, Some(at)) => format!("until {}", minute(at)),
        (None, None) => "no end".to_owned(),
    };
    let name: String = key.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let begins = key.prefix.as_deref().unwrap_or("gwk_");
    format!("{}  {begins}  {}  {sight}  used {used}  {end}  {name}", key.id.0, scopes.join(","))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::ApiKeyId;

    #[test]
    fn a_key_for_some_blueprints_gets_what_it_can_have() {
        let crm = vec![BlueprintKey::parse("crm").unwrap()];
        let all = choose("a".to_owned(), Vec::new(), Vec::new(), None).unwrap();
        assert_eq!((all.scopes.len(), all.sight), (5, Sight::All));
        let some = choose("a".to_owned(), Vec::new(), crm.clone(), None).unwrap();
        assert_eq!(some.scopes, [KeyScope::Read, KeyScope::Write, KeyScope::Blueprints]);
        assert_eq!(some.sight, Sight::Only(crm.clone()));
        for scope in [KeyScope::Admin, KeyScope::Webhooks] {
            let refused = choose("a".to_owned(), vec![KeyScope::Read, scope], crm.clone(), None);
            assert_eq!(refused.err(), Some(TooMuch));
        }
    }

    #[test]
    fn a_line_steers_no_terminal() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let key = ApiKey {
            id: ApiKeyId(Uuid::nil()),
            name: "shop\n\u{1b}[31m".to_owned(),
            prefix: Some("gwk_abcdefgh".to_owned()),
            scopes: vec![KeyScope::Read],
            sight: Sight::All,
            created_at: at,
            last_used_at: Some(at),
            expires_at: Some(at),
            revoked_at: None,
        };
        assert_eq!(
            line(&key),
            "00000000-0000-0000-0000-000000000000  gwk_abcdefgh  read  all  used 2023-11-14T22:13Z  \
             until 2023-11-14T22:13Z  shop  [31m"
        );
    }
}
