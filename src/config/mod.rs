//! The environment, turned into each room's settings. The only place that reads it.
//!
//! Every mistake is told at once, by the variable's name and never with its value.

mod identity;
mod keeping;
mod parts;
mod telling;
mod variables;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use url::Url;

use crate::engine::ErrorHook;
use crate::ids::AccountId;
use crate::secret::{MasterKey, Secret};
use crate::{cyclr, engine, web, webhooks};

pub use keeping::master_key;
pub use parts::{Parts, ShownValue, UnknownVariable, listen, warn_of_unknown};
pub use telling::{log_settings, trace_settings};
pub use variables::{VARIABLES, Variable};

/// All that `serve` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    /// Where `/metrics` is shown, apart from the public doors.
    pub metrics_listen: Option<SocketAddr>,
    pub public_url: Url,
    pub master_key: MasterKey,
    pub database: DatabaseSettings,
    pub cyclr: cyclr::Settings,
    pub engine: engine::Settings,
    pub keep: engine::Keep,
    pub webhooks: webhooks::Settings,
    pub rates: web::RateSettings,
    /// Who says who staff are; `None`: their own passwords alone.
    pub identity: Option<crate::identity::Settings>,
    /// How long requests are taken yet after the order to stop.
    pub drain: Duration,
}

/// Where the rows are.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `None`: a private server of our own (`serve --embedded`, `demo`).
    pub url: Option<Secret>,
    pub connections: u32,
}

/// `DATABASE_URL`, for the commands that need nothing else. An empty one counts as not set.
pub fn database_url() -> Option<Secret> {
    std::env::var("DATABASE_URL").ok().filter(|url| !url.trim().is_empty()).map(Secret::from)
}

/// `GANGWAY_API_KEY`, for the commands that ask a running service.
pub fn api_key() -> Option<Secret> {
    std::env::var("GANGWAY_API_KEY").ok().filter(|key| !key.trim().is_empty()).map(Secret::from)
}

/// `GANGWAY_URL`, for the commands that ask a running service; where one listens by default if it is not
/// set.
pub fn service_url() -> Result<Url, Mistakes> {
    let set = std::env::var("GANGWAY_URL").ok().filter(|url| !url.trim().is_empty());
    let url = set.unwrap_or_else(|| "http://127.0.0.1:4000".to_owned());
    let rule = "GANGWAY_URL must be an address, like https://go.example.com";
    url.trim().parse().map_err(|_| Mistakes(vec![rule.to_owned()]))
}

/// What is wrong with the environment, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration has mistakes:\n  {}", .0.join("\n  "))]
pub struct Mistakes(pub Vec<String>);

impl Config {
    /// Reads the process's environment.
    pub fn from_environment() -> Result<Self, Mistakes> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads from anywhere. An empty value counts as not set.
    pub fn read(source: impl Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let mut reader = Reader { source: &source, mistakes: Vec::new() };
        let config = reader.config();
        let mistakes = reader.mistakes;
        config.filter(|_| mistakes.is_empty()).ok_or(Mistakes(mistakes))
    }
}

struct Reader<'a> {
    source: &'a dyn Fn(&str) -> Option<String>,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    /// `None` once there is a mistake; all variables are read all the same.
    fn config(&mut self) -> Option<Config> {
        let listen = self.parse("GANGWAY_LISTEN", "an address and port, like 127.0.0.1:4000");
        let metrics_listen = self.metrics_listen();
        let public_url =
            self.parse::<Url>("GANGWAY_PUBLIC_URL", "an address, like https://go.example.com");
        let master_key = self.master_key();
        let database = self.database();
        let cyclr = self.cyclr();
        let engine = self.engine(public_url.clone(), cyclr.as_ref(), master_key.as_ref());
        let keep = self.keep();
        let webhooks = self.webhooks();
        let rates = self.rates();
        let identity = self.identity();
        let drain = self.seconds("GANGWAY_DRAIN_SECONDS", 0, 15);
        self.telling();
        Some(Config {
            listen: listen?,
            metrics_listen,
            public_url: public_url?,
            master_key: master_key?,
            database: database?,
            cyclr: cyclr?,
            engine: engine?,
            keep: keep?,
            webhooks: webhooks?,
            rates: rates?,
            identity,
            drain: drain?,
        })
    }

    fn rates(&mut self) -> Option<web::RateSettings> {
        let rate = self.number("GANGWAY_RATE_LIMIT", 0, 1_000_000);
        let name = "GANGWAY_TRUSTED_PROXIES";
        let networks = self.value(name).unwrap_or_default();
        let networks = networks.split(',').map(str::trim).filter(|network| !network.is_empty());
        let trusted_proxies: Option<Vec<_>> =
            networks.map(|network| network.parse().ok()).collect();
        if trusted_proxies.is_none() {
            self.mistake(name, "networks with commas, like 10.0.0.0/8, fd00::/8");
        }
        let per_key = u32::try_from(rate?).ok().and_then(NonZeroU32::new);
        Some(web::RateSettings { per_key, trusted_proxies: trusted_proxies? })
    }

    fn metrics_listen(&mut self) -> Option<SocketAddr> {
        let name = "GANGWAY_METRICS_LISTEN";
        self.value(name).filter(|value| !value.is_empty())?;
        self.parse(name, "an address and port, like 127.0.0.1:4003")
    }

    fn database(&mut self) -> Option<DatabaseSettings> {
        let url = (self.source)("DATABASE_URL").filter(|url| !url.trim().is_empty());
        let connections = self.number("GANGWAY_DATABASE_CONNECTIONS", 2, 1000);
        Some(DatabaseSettings {
            url: url.map(Secret::from),
            connections: u32::try_from(connections?).unwrap_or(u32::MAX),
        })
    }

    fn cyclr(&mut self) -> Option<cyclr::Settings> {
        let api_base = self.parse("CYCLR_API_BASE", "an address, like https://api.cyclr.com");
        let service_domain =
            self.parse("CYCLR_SERVICE_DOMAIN", "an address, like https://acme-h.cyclr.com");
        let client_id = self.text("CYCLR_CLIENT_ID");
        let client_secret = self.text("CYCLR_CLIENT_SECRET");
        let other = self.value("CYCLR_OTHER_CLIENT_SECRET").filter(|text| !text.is_empty());
        let deadline = self.seconds("CYCLR_TIMEOUT_SECONDS", 1, 300);
        let calls_at_once = self.number("CYCLR_CALLS_AT_ONCE", 1, 10_000);
        let plain_http = self.parse("GANGWAY_ALLOW_HTTP_CYCLR", "true or false");
        Some(cyclr::Settings {
            api_base: api_base?,
            service_domain: service_domain?,
            client_id: client_id?,
            client_secret: client_secret?.into(),
            other_client_secret: other.map(Secret::from),
            call_deadline: deadline?,
            connect_deadline: deadline?.min(Duration::from_secs(5)),
            body_limit: 1024 * 1024,
            calls_at_once: usize::try_from(calls_at_once?).unwrap_or(usize::MAX),
            pressure: cyclr::PressureSettings::default(),
            plain_http: plain_http?,
        })
    }

    fn engine(
        &mut self,
        public_url: Option<Url>,
        cyclr: Option<&cyclr::Settings>,
        master_key: Option<&MasterKey>,
    ) -> Option<engine::Settings> {
        let deployment = self.text("GANGWAY_DEPLOYMENT");
        let account_prefix = self.account_prefix();
        let lease = self.seconds("GANGWAY_LEASE_SECONDS", 5, 3600);
        let quiet_period = self.seconds("GANGWAY_QUIET_SECONDS", 1, 3600);
        let at_once = self.number("GANGWAY_AT_ONCE", 1, 100_000);
        let poll = self.number("GANGWAY_POLL_MILLISECONDS", 50, 60_000);
        let link_days = self.number("GANGWAY_LINK_DAYS", 1, 365);
        let look_hours = self.number("GANGWAY_LOOK_HOURS", 1, 24 * 30);
        let looks = self.number("GANGWAY_LOOKS_PER_SECOND", 0, 1000);
        let (lease, quiet_period) = (lease?, quiet_period?);
        let commit_margin = Duration::from_secs(2);
        let deadline = cyclr?.call_deadline;
        // Half a lease is the least that a worker may find left when it begins a step.
        if lease < (deadline + commit_margin) * 2 {
            self.mistake("GANGWAY_LEASE_SECONDS", "at least twice CYCLR_TIMEOUT_SECONDS plus 4");
        }
        if quiet_period <= deadline {
            self.mistake("GANGWAY_QUIET_SECONDS", "more than CYCLR_TIMEOUT_SECONDS");
        }
        let public_url = public_url?;
        let error_hook = ErrorHook::new(public_url.clone(), master_key?.derive("cyclr errors"));
        Some(engine::Settings {
            deployment: deployment?,
            account_prefix: account_prefix?,
            public_url,
            lease,
            commit_margin,
            quiet_period,
            at_once: usize::try_from(at_once?).unwrap_or(usize::MAX),
            poll: Duration::from_millis(poll?),
            most_claims: 5,
            link_life: TimeDelta::days(i64::try_from(link_days?).unwrap_or(7)),
            usual_look: TimeDelta::hours(i64::try_from(look_hours?).unwrap_or(24)),
            looks_per_second: u16::try_from(looks?).unwrap_or(u16::MAX),
            error_hook,
        })
    }

    fn webhooks(&mut self) -> Option<webhooks::Settings> {
        let timeout = self.seconds("GANGWAY_WEBHOOK_TIMEOUT_SECONDS", 1, 30);
        let at_once = self.number("GANGWAY_WEBHOOKS_AT_ONCE", 1, 1000);
        let give_up = self.number("GANGWAY_WEBHOOK_GIVE_UP_DAYS", 1, 30);
        // Longer than the longest that a message is tried.
        let keep = self.number("GANGWAY_WEBHOOK_KEEP_DAYS", 7, 365);
        let insecure = self.parse("GANGWAY_ALLOW_INSECURE_WEBHOOKS", "true or false");
        Some(webhooks::Settings {
            timeout: timeout?,
            at_once: u16::try_from(at_once?).unwrap_or(u16::MAX),
            poll: Duration::from_secs(1),
            give_up_after: TimeDelta::days(i64::try_from(give_up?).unwrap_or(5)),
            keep: TimeDelta::days(i64::try_from(keep?).unwrap_or(30)),
            insecure: insecure?,
        })
    }

    fn account_prefix(&mut self) -> Option<String> {
        let prefix = self.value("GANGWAY_ACCOUNT_PREFIX").unwrap_or_default();
        if prefix.is_empty() || (prefix.len() <= 16 && AccountId::parse(prefix.clone()).is_ok()) {
            return Some(prefix);
        }
        self.mistake("GANGWAY_ACCOUNT_PREFIX", "at most 16 of letters, digits, '.', '-' and '_'");
        None
    }

    /// The value set, or the default.
    fn value(&self, name: &str) -> Option<String> {
        let default = VARIABLES.iter().find(|variable| variable.name == name)?.default;
        let set = (self.source)(name).map(|value| value.trim().to_owned());
        set.filter(|value| !value.is_empty()).or_else(|| default.map(str::to_owned))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let value = self.value(name);
        if value.is_none() {
            self.mistakes.push(format!("{name} is not set"));
        }
        value
    }

    fn parse<T: FromStr>(&mut self, name: &str, rule: &str) -> Option<T> {
        let parsed = self.text(name)?.parse().ok();
        if parsed.is_none() {
            self.mistake(name, rule);
        }
        parsed
    }

    fn number(&mut self, name: &str, least: u64, most: u64) -> Option<u64> {
        let rule = format!("a number from {least} to {most}");
        let number = self.parse::<u64>(name, &rule)?;
        if (least..=most).contains(&number) {
            return Some(number);
        }
        self.mistake(name, &rule);
        None
    }

    fn seconds(&mut self, name: &str, least: u64, most: u64) -> Option<Duration> {
        self.number(name, least, most).map(Duration::from_secs)
    }

    fn mistake(&mut self, name: &str, rule: &str) {
        self.mistakes.push(format!("{name} must be {rule}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(name: &str) -> Option<String> {
        let value = match name {
            "GANGWAY_PUBLIC_URL" => "https://go.example.com",
            "GANGWAY_SECRET_KEY" => "canary-canary-canary-canary-canary-canary",
            "CYCLR_API_BASE" => "https://api.cyclr.com",
            "CYCLR_SERVICE_DOMAIN" => "https://acme-h.cyclr.com",
            "CYCLR_CLIENT_ID" => "client",
            "CYCLR_CLIENT_SECRET" => "canary-of-the-client-secret",
            "DATABASE_URL" => "postgres://gangway:canary-of-the-database@localhost/gangway",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_least_that_must_be_set_is_enough_and_no_secret_prints() {
        let config = Config::read(good).unwrap();
        assert_eq!(config.engine.lease, Duration::from_mins(1));
        assert!(!format!("{config:?}").contains("canary"));
    }

    #[test]
    fn every_mistake_is_told_at_once_by_name() {
        let Mistakes(mistakes) = Config::read(|name| {
            Some(match name {
                "GANGWAY_LISTEN" => "nowhere".to_owned(),
                "GANGWAY_SECRET_KEY" => "canary".to_owned(),
                "CYCLR_TIMEOUT_SECONDS" => "0".to_owned(),
                "CYCLR_CLIENT_ID" => " ".to_owned(),
                _ => return good(name),
            })
        })
        .unwrap_err();
        let names: Vec<_> = mistakes.iter().map(|m| m.split(' ').next().unwrap()).collect();
        assert_eq!(
            names,
            ["GANGWAY_LISTEN", "GANGWAY_SECRET_KEY", "CYCLR_CLIENT_ID", "CYCLR_TIMEOUT_SECONDS"]
        );
        assert!(!mistakes.join(" ").contains("canary"));
        let nothing = Config::read(|_| None).unwrap_err();
        assert_eq!(
            nothing.0.len(),
            VARIABLES.iter().filter(|variable| variable.default.is_none()).count()
        );
    }

    #[test]
    fn the_other_key_is_a_key_and_another_one() {
        let with = |other: &'static str| {
            Config::read(move |name| match name {
                "GANGWAY_OTHER_SECRET_KEY" => Some(other.to_owned()),
                _ => good(name),
            })
        };
        assert!(with("  ").is_ok());
        assert!(with("an-other-canary-that-is-long-enough-too").is_ok());
        for wrong in ["canary", "canary-canary-canary-canary-canary-canary "] {
            let Mistakes(mistakes) = with(wrong).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(mistakes[0].starts_with("GANGWAY_OTHER_SECRET_KEY must be"), "{mistakes:?}");
            assert!(!mistakes[0].contains("canary"));
        }
    }

    #[test]
    fn a_lease_outlasts_its_calls() {
        let short = |name: &str| match name {
            "GANGWAY_LEASE_SECONDS" => Some("30".to_owned()),
            "GANGWAY_QUIET_SECONDS" => Some("20".to_owned()),
            _ => good(name),
        };
        assert_eq!(Config::read(short).unwrap_err().0.len(), 2);
    }
}
