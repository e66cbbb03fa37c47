//! The provider of identities: all of it, or nothing.

use url::Url;

use super::Reader;
use crate::identity::{Settings, is_safe_address};

const ISSUER: &str = "GANGWAY_OIDC_ISSUER";
const CLIENT: [&str; 2] = ["GANGWAY_OIDC_CLIENT_ID", "GANGWAY_OIDC_CLIENT_SECRET"];
const GROUPS: [&str; 3] =
    ["GANGWAY_OIDC_VIEWER_GROUPS", "GANGWAY_OIDC_OPERATOR_GROUPS", "GANGWAY_OIDC_ADMIN_GROUPS"];

impl Reader<'_> {
    /// `None` if there is to be none, or after a mistake.
    pub(super) fn identity(&mut self) -> Option<Settings> {
        let all = CLIENT.iter().chain(&GROUPS).chain([&ISSUER]);
        if all.clone().all(|name| self.filled(name).is_none()) {
            return None;
        }
        let issuer = self.issuer();
        let [client_id, client_secret] = CLIENT.map(|name| self.wanted(name));
        let [viewers, operators, admins] = GROUPS.map(|name| self.names(name));
        if viewers.is_empty() && operators.is_empty() && admins.is_empty() {
            self.mistake(GROUPS[2], "the name of a group, or nobody could sign in that way");
        }
        let scopes = self.value("GANGWAY_OIDC_SCOPES").unwrap_or_default();
        let scopes: Vec<_> = scopes.split_whitespace().map(str::to_owned).collect();
        if !scopes.iter().any(|scope| scope == "openid") {
            self.mistake("GANGWAY_OIDC_SCOPES", "scopes with blanks between, one of them openid");
        }
        let groups_claim = self.value("GANGWAY_OIDC_GROUPS_CLAIM");
        let word = self.value("GANGWAY_OIDC_WORD");
        Some(Settings {
            issuer: issuer?,
            client_id: client_id?,
            client_secret: client_secret?.into(),
            scopes,
            groups_claim: groups_claim?,
            viewers,
            operators,
            admins,
            word: word?,
        })
    }

    /// Kept as it is spelled: the provider's tokens have it letter by letter.
    fn issuer(&mut self) -> Option<String> {
        let issuer = self.wanted(ISSUER)?;
        let url = Url::parse(&issuer).ok();
        let plain = |url: &Url| url.query().is_none() && url.fragment().is_none();
        if url.is_some_and(|url| is_safe_address(&url) && plain(&url)) {
            return Some(issuer);
        }
        self.mistake(ISSUER, "an address that begins with https:// (http:// on this machine only)");
        None
    }

    fn wanted(&mut self, name: &str) -> Option<String> {
        let value = self.filled(name);
        if value.is_none() {
            self.mistakes.push(format!("{name} is not set, and other GANGWAY_OIDC variables are"));
        }
        value
    }

    fn filled(&self, name: &str) -> Option<String> {
        self.value(name).filter(|value| !value.is_empty())
    }

    fn names(&self, name: &str) -> Vec<String> {
        let names = self.value(name).unwrap_or_default();
        let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Mistakes};

    fn read(set: &[(&str, &str)]) -> Result<Config, Mistakes> {
        Config::read(|name| {
            let value = match name {
                "GANGWAY_PUBLIC_URL" => "https://go.example.com",
                "GANGWAY_SECRET_KEY" => "canary-canary-canary-canary-canary-canary",
                "CYCLR_API_BASE" => "https://api.cyclr.com",
                "CYCLR_SERVICE_DOMAIN" => "https://acme-h.cyclr.com",
                "CYCLR_CLIENT_ID" | "CYCLR_CLIENT_SECRET" => "client",
                name => set.iter().find(|(set, _)| *set == name)?.1,
            };
            Some(value.to_owned())
        })
    }

    const WHOLE: [(&str, &str); 4] = [
        ("GANGWAY_OIDC_ISSUER", "https://id.example.com/realms/acme"),
        ("GANGWAY_OIDC_CLIENT_ID", "gangway"),
        ("GANGWAY_OIDC_CLIENT_SECRET", "canary-of-the-provider"),
        ("GANGWAY_OIDC_OPERATOR_GROUPS", "support, second line"),
    ];

    #[test]
    fn nothing_is_enough_and_so_is_the_whole() {
        assert!(read(&[]).unwrap().identity.is_none());
        let config = read(&WHOLE).unwrap();
        assert!(!format!("{config:?}").contains("canary"));
        let identity = config.identity.unwrap();
        assert_eq!(identity.issuer, "https://id.example.com/realms/acme");
        assert_eq!(identity.operators, ["support", "second line"]);
        assert_eq!(identity.scopes, ["openid", "email", "profile"]);
        assert_eq!((&*identity.groups_claim, &*identity.word), ("groups", "single sign-on"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_told_by_name() {
        for (name, _) in WHOLE {
            let rest: Vec<_> = WHOLE.into_iter().filter(|(other, _)| *other != name).collect();
            let Mistakes(mistakes) = read(&rest).unwrap_err();
            let missing = name.replace("OPERATOR", "ADMIN");
            assert!(mistakes.len() == 1 && mistakes[0].starts_with(&missing), "{mistakes:?}");
        }
        for (name, value) in [
            ("GANGWAY_OIDC_ISSUER", "http://id.example.com"),
            ("GANGWAY_OIDC_ISSUER", "https://id.example.com?realm=acme"),
            ("GANGWAY_OIDC_ISSUER", "id.example.com"),
            ("GANGWAY_OIDC_SCOPES", "email"),
        ] {
            let mut set = WHOLE.to_vec();
            set.insert(0, (name, value));
            let Mistakes(mistakes) = read(&set).unwrap_err();
            assert!(mistakes.len() == 1 && mistakes[0].starts_with(name), "{mistakes:?}");
        }
    }
}
