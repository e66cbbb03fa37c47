//! Whether the database can be used: reached, of an age that is known, safe, ours to change, and on time.

use std::str::FromStr as _;

use chrono::TimeDelta;
use sqlx::postgres::PgConnectOptions;

use super::Finding;
use crate::app;
use crate::clock::Clock;
use crate::config::Parts;
use crate::secret::ExposeSecret as _;
use crate::store::{DatabaseFacts, Error, Shape, Store};

const DATABASE: &str = "database";
const SETTINGS: &str = "database_settings";
const PRIVILEGES: &str = "database_privileges";
const CLOCK: &str = "database_clock";
const MIGRATIONS: &str = "migrations";

/// The oldest that the statements are tried on.
const OLDEST: i32 = 140_000;
/// Leases and due times go by the database's clock, deadlines by ours.
const SKEW: TimeDelta = TimeDelta::seconds(2);
const WORST_SKEW: TimeDelta = TimeDelta::minutes(1);

pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    /// Where webhooks go, if that could be read.
    pub(super) endpoints: Vec<String>,
}

pub(super) async fn examine(parts: &Parts, clock: &Clock) -> Examined {
    let mut examined = Examined { findings: Vec::new(), endpoints: Vec::new() };
    let Some(url) = &parts.database_url else {
        let advice = "Set it, but for `serve --embedded`, which brings its own.";
        examined.findings = vec![Finding::wrong(DATABASE, "DATABASE_URL is not set.", advice)];
        return examined;
    };
    let Ok(options) = PgConnectOptions::from_str(url.expose_secret()) else {
        let advice = "Correct DATABASE_URL first.";
        examined.findings = vec![Finding::wrong(DATABASE, "There is no address to ask.", advice)];
        return examined;
    };
    let store = match app::connect(options, 2).await {
        Ok(store) => store,
        Err(error) => {
            examined.findings = vec![Finding::wrong(DATABASE, told(&error), UNREACHABLE)];
            return examined;
        }
    };
    examined.findings.extend(facts(&store, parts, clock).await);
    let shape = store.database_shape().await;
    let fits = matches!(shape, Ok(Shape::Fits));
    examined.findings.push(judge_shape(shape));
    if fits && let Ok(endpoints) = store.list_endpoints().await {
        let open = endpoints.into_iter().filter(|endpoint| endpoint.disabled.is_none());
        examined.endpoints = open.map(|endpoint| endpoint.url).collect();
    }
    examined
}

const UNREACHABLE: &str = "Check host, port, user, password and database in DATABASE_URL, and that the server takes connections from here.";

/// With what led to it: which of host, password and database it is stands there.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

async fn facts(store: &Store, parts: &Parts, clock: &Clock) -> Vec<Finding> {
    let before = clock.now();
    let facts = match store.database_facts().await {
        Ok(facts) => facts,
        Err(error) => return vec![Finding::wrong(DATABASE, told(&error), UNREACHABLE)],
    };
    let took = clock.now() - before;
    // The server looked at its clock somewhere in between.
    let skew = facts.now - (before + took / 2);
    let connections = parts.whole.as_ref().map_or(0, |config| config.database.connections);
    let mut findings = vec![judge_version(&facts)];
    findings.extend(judge_settings(&facts, connections));
    findings.push(judge_privileges(&facts));
    findings.push(judge_skew(skew));
    findings
}

fn judge_version(facts: &DatabaseFacts) -> Finding {
    let (major, minor) = (facts.version / 10_000, facts.version % 10_000);
    if facts.version < OLDEST {
        let found = format!("It answers and is Postgres {major}.{minor}.");
        return Finding::wrong(DATABASE, found, "Use Postgres 14 or newer.");
    }
    if facts.read_only {
        let advice = "Point DATABASE_URL at the primary server, not at a standby.";
        return Finding::wrong(DATABASE, "It answers and takes no changes.", advice);
    }
    Finding::ok(DATABASE, format!("Postgres {major}.{minor} answers and takes changes."))
}

fn judge_settings(facts: &DatabaseFacts, connections: u32) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, value) in
        [("synchronous_commit", &facts.synchronous_commit), ("fsync", &facts.fsync)]
    {
        if value == "off" {
            let found =
                format!("{name} is off: what was confirmed can be lost when the server fails.");
            let advice =
                format!("Set {name} = on in the server's configuration, or for this user.");
            findings.push(Finding::wrong(SETTINGS, found, advice));
        }
    }
    if facts.full_page_writes == "off" {
        let found = "full_page_writes is off: a power cut can spoil the server's files.";
        let advice = "Set it to on, unless the file system writes whole pages.";
        findings.push(Finding::attention(SETTINGS, found, advice));
    }
    let most = u32::try_from(facts.most_connections).unwrap_or_default();
    if connections.saturating_mul(2) > most {
        let found = format!(
            "The server takes {most} connections, and two processes of {connections} each need more."
        );
        let advice = "Raise max_connections, or lower GANGWAY_DATABASE_CONNECTIONS.";
        findings.push(Finding::attention(SETTINGS, found, advice));
    }
    if findings.is_empty() {
        let found = format!(
            "synchronous_commit is {}, fsync is {}, and {most} connections are taken.",
            facts.synchronous_commit, facts.fsync
        );
        findings.push(Finding::ok(SETTINGS, found));
    }
    findings
}

fn judge_privileges(facts: &DatabaseFacts) -> Finding {
    if facts.barred_tables > 0 {
        let found =
            format!("{} tables may not be read or written by this user.", facts.barred_tables);
        let advice = "Grant SELECT, INSERT, UPDATE and DELETE on all tables of the schema to the user of DATABASE_URL.";
        return Finding::wrong(PRIVILEGES, found, advice);
    }
    if facts.may_create {
        return Finding::ok(PRIVILEGES, "Tables can be made, read and written.");
    }
    let found = "Tables can be read and written, but not made: migrations will fail.";
    let advice = "Grant CREATE on the schema, or run `gangway migrate` as another user before each new version.";
    Finding::attention(PRIVILEGES, found, advice)
}

fn judge_skew(skew: TimeDelta) -> Finding {
    let far = skew.abs();
    let words = if skew < TimeDelta::zero() { "behind" } else { "ahead of" };
    let found =
        format!("The database's clock is {} ms {words} this machine's.", far.num_milliseconds());
    let advice =
        "Let both machines keep time by NTP: deadlines go by one clock, leases by the other.";
    if far > WORST_SKEW {
        Finding::wrong(CLOCK, found, advice)
    } else if far > SKEW {
        Finding::attention(CLOCK, found, advice)
    } else {
        Finding::ok(CLOCK, found)
    }
}

fn judge_shape(shape: Result<Shape, Error>) -> Finding {
    match shape {
        Ok(Shape::Fits) => Finding::ok(MIGRATIONS, "The database has this version's shape."),
        Ok(Shape::Behind(missing)) => {
            let found = format!("{missing} migrations are to come.");
            let advice = "`gangway serve` carries them out before it listens; `gangway migrate` does so alone.";
            Finding::attention(MIGRATIONS, found, advice)
        }
        Ok(Shape::Ahead(more)) => {
            let found =
                format!("The database has {more} migrations that this version does not know.");
            let advice = "Use the newer version of the program that was here before, or restore a backup from before it.";
            Finding::wrong(MIGRATIONS, found, advice)
        }
        Ok(Shape::Broken(version)) => {
            let found =
                format!("Migration {version} was not finished, or was another one than ours.");
            let advice = "See docs/operations.md, \"A migration fails\".";
            Finding::wrong(MIGRATIONS, found, advice)
        }
        Err(error) => Finding::wrong(MIGRATIONS, told(&error), UNREACHABLE),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn good() -> DatabaseFacts {
        DatabaseFacts {
            version: 170_002,
            synchronous_commit: "on".to_owned(),
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            read_only: false,
            most_connections: 100,
            may_create: true,
            barred_tables: 0,
            now: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn worst(facts: &DatabaseFacts) -> Level {
        let mut all = judge_settings(facts, 16);
        all.extend([judge_version(facts), judge_privileges(facts)]);
        assert!(all.iter().all(|f| (f.level == Level::Ok) == f.advice.is_none()), "{all:?}");
        all.iter().map(|finding| finding.level).max().unwrap()
    }

    #[test]
    fn each_fact_that_does_harm_is_told() {
        assert_eq!(worst(&good()), Level::Ok);
        let off = || "off".to_owned();
        for (facts, level) in [
            (DatabaseFacts { version: 130_009, ..good() }, Level::Wrong),
            (DatabaseFacts { synchronous_commit: off(), ..good() }, Level::Wrong),
            (DatabaseFacts { fsync: off(), ..good() }, Level::Wrong),
            (DatabaseFacts { full_page_writes: off(), ..good() }, Level::Attention),
            (DatabaseFacts { read_only: true, ..good() }, Level::Wrong),
            (DatabaseFacts { most_connections: 20, ..good() }, Level::Attention),
            (DatabaseFacts { may_create: false, ..good() }, Level::Attention),
            (DatabaseFacts { barred_tables: 3, ..good() }, Level::Wrong),
        ] {
            assert_eq!(worst(&facts), level, "{facts:?}");
        }
    }

    #[test]
    fn clocks_that_differ_are_told_either_way() {
        for (seconds, level) in [
            (0, Level::Ok),
            (-1, Level::Ok),
            (5, Level::Attention),
            (-5, Level::Attention),
            (90, Level::Wrong),
            (-90, Level::Wrong),
        ] {
            assert_eq!(judge_skew(TimeDelta::seconds(seconds)).level, level, "{seconds}");
        }
    }

    #[test]
    fn shapes_are_told_apart() {
        for (shape, level) in [
            (Shape::Fits, Level::Ok),
            (Shape::Behind(1), Level::Attention),
            (Shape::Ahead(1), Level::Wrong),
            (Shape::Broken(1), Level::Wrong),
        ] {
            assert_eq!(judge_shape(Ok(shape)).level, level);
        }
    }
}
