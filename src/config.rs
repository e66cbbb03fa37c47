//! The environment, turned into each room's settings. The only place that reads it.
//!
//! Every mistake is told at once, by the variable's name and never with its value.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use url::Url;

use crate::ids::AccountId;
use crate::secret::{MasterKey, Secret};
use crate::{cyclr, engine, webhooks};

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
    pub webhooks: webhooks::Settings,
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

/// One variable: its name, its default, and what it is for. The README's table is held to this list.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    /// `None`: it must be set.
    pub default: Option<&'static str>,
    pub meaning: &'static str,
}

const fn variable(
    name: &'static str,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Variable {
    Variable { name, default, meaning }
}

pub const VARIABLES: &[Variable] = &[
    variable("DATABASE_URL", Some(""), "Postgres. Not needed with `--embedded`"),
    variable("GANGWAY_LISTEN", Some("127.0.0.1:4000"), "Address and port to listen on"),
    variable("GANGWAY_METRICS_LISTEN", Some(""), "Address and port for `/metrics`; empty: none"),
    variable("GANGWAY_PUBLIC_URL", None, "Where browsers reach Gangway; links are made from it"),
    variable("GANGWAY_SECRET_KEY", None, "At least 32 random characters; links are proven with it"),
    variable(
        "GANGWAY_DEPLOYMENT",
        Some("gangway"),
        "Names this deployment in the accounts it makes",
    ),
    variable(
        "GANGWAY_ACCOUNT_PREFIX",
        Some(""),
        "Put before every account id made from a tenant id",
    ),
    variable("GANGWAY_LINK_DAYS", Some("7"), "Days that a link stays good"),
    variable("GANGWAY_LEASE_SECONDS", Some("60"), "How long a worker has an onboarding to itself"),
    variable("GANGWAY_QUIET_SECONDS", Some("35"), "How long an unclear install is left alone"),
    variable("GANGWAY_AT_ONCE", Some("2000"), "Onboardings driven side by side by one process"),
    variable("GANGWAY_POLL_MILLISECONDS", Some("1000"), "How often the table is looked at unasked"),
    variable("GANGWAY_DATABASE_CONNECTIONS", Some("16"), "Database connections of one process"),
    variable(
        "GANGWAY_DRAIN_SECONDS",
        Some("2"),
        "How long requests are still taken after the order to stop",
    ),
    variable(
        "GANGWAY_WEBHOOK_TIMEOUT_SECONDS",
        Some("20"),
        "Total time of one attempt to deliver a webhook",
    ),
    variable(
        "GANGWAY_WEBHOOKS_AT_ONCE",
        Some("16"),
        "Attempts under way at once to one endpoint, by one process",
    ),
    variable(
        "GANGWAY_WEBHOOK_GIVE_UP_DAYS",
        Some("5"),
        "Days of failure after which an endpoint is disabled",
    ),
    variable(
        "GANGWAY_WEBHOOK_KEEP_DAYS",
        Some("30"),
        "Days that messages can be looked at and replayed",
    ),
    variable(
        "GANGWAY_ALLOW_INSECURE_WEBHOOKS",
        Some("false"),
        "Webhooks over plain http and to private addresses; for development",
    ),
    variable("CYCLR_API_BASE", None, "Cyclr's API host, like https://api.cyclr.com"),
    variable(
        "CYCLR_SERVICE_DOMAIN",
        None,
        "Cyclr's host for browsers, like https://acme-h.cyclr.com",
    ),
    variable("CYCLR_CLIENT_ID", None, "Partner credentials of the Cyclr console"),
    variable("CYCLR_CLIENT_SECRET", None, "Partner credentials of the Cyclr console"),
    variable("CYCLR_TIMEOUT_SECONDS", Some("20"), "Total time of one call to Cyclr"),
    variable("CYCLR_CALLS_AT_ONCE", Some("128"), "Calls to Cyclr under way at once"),
    variable("GANGWAY_LOG", Some("info"), "What is logged, in the form of RUST_LOG"),
    variable("GANGWAY_ALLOW_HTTP_CYCLR", Some("false"), "Plain http to a sandbox; never for Cyclr"),
];

/// `DATABASE_URL`, for the commands that need nothing else. An empty one counts as not set.
pub fn database_url() -> Option<Secret> {
    std::env::var("DATABASE_URL").ok().filter(|url| !url.trim().is_empty()).map(Secret::from)
}

/// `GANGWAY_LOG`, in the form of `RUST_LOG`.
pub fn log_filter() -> Option<String> {
    std::env::var("GANGWAY_LOG").ok()
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
        let engine = self.engine(public_url.clone(), cyclr.as_ref());
        let webhooks = self.webhooks();
        let drain = self.seconds("GANGWAY_DRAIN_SECONDS", 0, 15);
        Some(Config {
            listen: listen?,
            metrics_listen,
            public_url: public_url?,
            master_key: master_key?,
            database: database?,
            cyclr: cyclr?,
            engine: engine?,
            webhooks: webhooks?,
            drain: drain?,
        })
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
        let deadline = self.seconds("CYCLR_TIMEOUT_SECONDS", 1, 300);
        let calls_at_once = self.number("CYCLR_CALLS_AT_ONCE", 1, 10_000);
        let plain_http = self.parse("GANGWAY_ALLOW_HTTP_CYCLR", "true or false");
        Some(cyclr::Settings {
            api_base: api_base?,
            service_domain: service_domain?,
            client_id: client_id?,
            client_secret: client_secret?.into(),
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
    ) -> Option<engine::Settings> {
        let deployment = self.text("GANGWAY_DEPLOYMENT");
        let account_prefix = self.account_prefix();
        let lease = self.seconds("GANGWAY_LEASE_SECONDS", 5, 3600);
        let quiet_period = self.seconds("GANGWAY_QUIET_SECONDS", 1, 3600);
        let at_once = self.number("GANGWAY_AT_ONCE", 1, 100_000);
        let poll = self.number("GANGWAY_POLL_MILLISECONDS", 50, 60_000);
        let link_days = self.number("GANGWAY_LINK_DAYS", 1, 365);
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
        Some(engine::Settings {
            deployment: deployment?,
            account_prefix: account_prefix?,
            public_url: public_url?,
            lease,
            commit_margin,
            quiet_period,
            at_once: usize::try_from(at_once?).unwrap_or(usize::MAX),
            poll: Duration::from_millis(poll?),
            most_claims: 5,
            link_life: TimeDelta::days(i64::try_from(link_days?).unwrap_or(7)),
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

    fn master_key(&mut self) -> Option<MasterKey> {
        let text = self.text("GANGWAY_SECRET_KEY")?;
        let key = MasterKey::from_text(&text);
        if key.is_none() {
            let rule = format!("at least {} characters", MasterKey::LEAST_CHARACTERS);
            self.mistake("GANGWAY_SECRET_KEY", &rule);
        }
        key
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
    fn a_lease_outlasts_its_calls() {
        let short = |name: &str| match name {
            "GANGWAY_LEASE_SECONDS" => Some("30".to_owned()),
            "GANGWAY_QUIET_SECONDS" => Some("20".to_owned()),
            _ => good(name),
        };
        assert_eq!(Config::read(short).unwrap_err().0.len(), 2);
    }
}
