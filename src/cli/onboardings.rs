//! `gangway list`, `show` and `retry`.

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::remote::{Failure, Remote};
use super::{harmless, table};

/// Onboardings that one request asks for.
const PAGE: u32 = 100;

/// What a list is narrowed to; the words are those of the API.
#[derive(Debug, Clone, Default, Args)]
pub struct Narrowing {
    /// running, retrying, waiting, stuck, live or cancelled; several with commas.
    #[arg(long)]
    status: Option<String>,
    /// `create_account`, install, connect, map, activate or live; several with commas.
    #[arg(long)]
    step: Option<String>,
    /// Who must act: `end_user`, integrator, support, cyclr, none.
    #[arg(long)]
    blocker: Option<String>,
    /// The code of a problem.
    #[arg(long)]
    problem: Option<String>,
    /// The key of a blueprint.
    #[arg(long)]
    blueprint: Option<String>,
    /// The id of a template.
    #[arg(long)]
    template: Option<String>,
    /// The id of a tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// The name or id of a connection.
    #[arg(long)]
    connector: Option<String>,
    #[arg(long)]
    tag: Option<String>,
    #[arg(long)]
    assignee: Option<String>,
    /// For at least so long where it is: 90m, 12h, 3d.
    #[arg(long)]
    older_than: Option<String>,
    /// Only those that somebody has to look at.
    #[arg(long)]
    stuck: bool,
    /// Whatever a customer may quote: a reference, a name, an e-mail address, an id.
    #[arg(short, long = "search")]
    q: Option<String>,
    /// newest, oldest, `longest_in_step` or deadline.
    #[arg(long)]
    order: Option<String>,
}

impl Narrowing {
    fn query(&self) -> Vec<(&'static str, String)> {
        let fields = [
            ("status", &self.status),
            ("step", &self.step),
            ("blocker", &self.blocker),
            ("problem", &self.problem),
            ("blueprint", &self.blueprint),
            ("template", &self.template),
            ("tenant_id", &self.tenant),
            ("connector", &self.connector),
            ("tag", &self.tag),
            ("assignee", &self.assignee),
            ("older_than", &self.older_than),
            ("q", &self.q),
            ("order", &self.order),
        ];
        let given = fields.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        given.chain(self.stuck.then(|| ("stuck", "true".to_owned()))).collect()
    }
}

/// How it is said.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// The API's own JSON, one document per line.
    pub json: bool,
    pub now: DateTime<Utc>,
}

/// Says a line; whoever reads may have gone.
pub(super) fn say(out: &mut impl Write, line: &str) -> Result<(), Failure> {
    writeln!(out, "{line}").map_err(|_| Failure::Unread)
}

pub async fn list(
    remote: &Remote,
    narrowing: &Narrowing,
    limit: u32,
    manner: Manner,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut found: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = loop {
        let mut query = narrowing.query();
        query.push(("limit", PAGE.to_string()));
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = remote.get("v1/onboardings", &query).await?;
        found.extend(page["data"].as_array().into_iter().flatten().cloned());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if found.len() > limit || (found.len() == limit && cursor.is_some()) {
            break true;
        }
        if cursor.is_none() {
            break false;
        }
    };
    found.truncate(limit);
    if manner.json {
        return found.iter().try_for_each(|one| say(out, &one.to_string()));
    }
    let rows = found.iter().map(|one| row(one, manner.now)).collect();
    for line in table::lay_out(&HEADER, rows) {
        say(out, &line)?;
    }
    if more {
        say(out, &format!("There are more than {limit}; ask with --limit, or narrow it down."))?;
    }
    Ok(())
}

const HEADER: [&str; 7] = ["REFERENCE", "STATUS", "STEP", "BLOCKER", "SINCE", "TENANT", "PROBLEM"];

fn row(one: &Value, now: DateTime<Utc>) -> Vec<String> {
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let problem = one["problem"]["code"].as_str().unwrap_or("-").to_owned();
    let since = age(&text("since"), now);
    vec![
        text("reference"),
        text("status"),
        text("step"),
        text("blocker"),
        since,
        harmless(&text("tenant_id")),
        problem,
    ]
}

/// How long ago, in the largest unit that says enough.
fn age(since: &str, now: DateTime<Utc>) -> String {
    let Ok(since) = DateTime::parse_from_rfc3339(since) else { return "-".to_owned() };
    let gone = now.signed_duration_since(since).max(chrono::TimeDelta::zero());
    match (gone.num_days(), gone.num_hours(), gone.num_minutes()) {
        (2.., _, _) => format!("{}d", gone.num_days()),
        (_, 2.., _) => format!("{}h", gone.num_hours()),
        (_, _, 2..) => format!("{}m", gone.num_minutes()),
        _ => format!("{}s", gone.num_seconds()),
    }
}

/// The onboarding that somebody means by an id, a reference in any spelling, or a tenant's id.
pub(super) async fn find(remote: &Remote, named: &str) -> Result<Value, Failure> {
    if Uuid::try_parse(named).is_ok() {
        match remote.get(&format!("v1/onboardings/{named}"), &[]).await {
            Err(Failure::NotFound(_)) => {}
            found => return found,
        }
    }
    let query = [("q", named.to_owned()), ("limit", "3".to_owned())];
    let page = remote.get("v1/onboardings", &query).await?;
    let found: Vec<&Value> = page["data"].as_array().into_iter().flatten().collect();
    match found[..] {
        [] => Err(Failure::NotFound(format!("there is no onboarding {}", harmless(named)))),
        [one] => Ok(one.clone()),
        [..] => {
            let shown = found.iter().filter_map(|one| one["reference"].as_str());
            let shown = shown.collect::<Vec<_>>().join(", ");
            let named = harmless(named);
            Err(Failure::Failed(format!(
                "{named} may be several: {shown}. Name one by its reference"
            )))
        }
    }
}

pub(super) fn id_of(onboarding: &Value) -> Result<&str, Failure> {
    let id = onboarding["id"].as_str().filter(|id| Uuid::try_parse(id).is_ok());
    id.ok_or_else(|| Failure::Failed("the service shows an onboarding without an id".to_owned()))
}

pub async fn show(
    remote: &Remote,
    named: &str,
    manner: Manner,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let onboarding = find(remote, named).await?;
    tell(&onboarding, manner, out)
}

pub async fn retry(
    remote: &Remote,
    named: &str,
    reason: Option<&str>,
    manner: Manner,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let found = find(remote, named).await?;
    let path = format!("v1/onboardings/{}/retry", id_of(&found)?);
    let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
    let retried = remote.post(&path, &body).await?;
    tell(&retried, manner, out)
}

fn tell(one: &Value, manner: Manner, out: &mut impl Write) -> Result<(), Failure> {
    if manner.json {
        return say(out, &one.to_string());
    }
    for line in describe(one, manner.now) {
        say(out, &line)?;
    }
    Ok(())
}

/// What support wants to know first, a line each; empty ones are left out.
fn describe(one: &Value, now: DateTime<Utc>) -> Vec<String> {
    let text = |value: &Value| harmless(value.as_str().unwrap_or_default());
    let since = text(&one["since"]);
    let mut lines = vec![
        format!(
            "{}  {} at {} since {since} ({} ago)",
            text(&one["reference"]),
            text(&one["status"]),
            text(&one["step"]),
            age(&since, now),
        ),
        format!("tenant      {}", text(&one["tenant_id"])),
        format!(
            "blueprint   {} version {}",
            text(&one["blueprint"]["key"]),
            one["blueprint"]["version"]
        ),
        format!("id          {}", text(&one["id"])),
    ];
    for (name, value) in [
        ("why         ", &one["explanation"]),
        ("next        ", &one["blocker"]),
        ("problem     ", &one["problem"]["code"]),
        ("detail      ", &one["problem"]["detail"]),
        ("deadline    ", &one["deadline"]),
        ("next try    ", &one["retry_at"]),
        ("assignee    ", &one["assignee"]),
        ("put off till", &one["snoozed_until"]),
        ("account     ", &one["account_id"]),
        ("link        ", &one["link"]["url"]),
    ] {
        if value.is_string() {
            lines.push(format!(
                "{name}{}{}",
                if name.ends_with(' ') { "" } else { " " },
                text(value)
            ));
        }
    }
    for due in one["requirements"]["currently_due"].as_array().into_iter().flatten() {
        lines.push(format!("to do       {}", text(&due["for_staff"])));
    }
    for connection in one["connections"].as_array().into_iter().flatten() {
        let state = match (&connection["connected"], &connection["skipped"]) {
            (Value::Bool(true), _) => "connected",
            (_, Value::Bool(true)) => "passed over",
            (_, _) => "open",
        };
        lines.push(format!("connection  {} ({state})", text(&connection["name"])));
    }
    let actions = one["allowed_actions"].as_array().into_iter().flatten();
    let actions: Vec<_> = actions.map(text).collect();
    lines.push(format!("takes       {}", actions.join(", ")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::parse_from_rfc3339("2026-03-02T09:00:00Z").unwrap().to_utc()
    }

    #[test]
    fn an_age_is_said_in_a_unit_that_says_enough() {
        for (since, said) in [
            ("2026-03-02T08:59:30Z", "30s"),
            ("2026-03-02T08:50:00Z", "10m"),
            ("2026-03-02T05:00:00Z", "4h"),
            ("2026-02-20T09:00:00Z", "10d"),
            ("2026-03-02T10:00:00Z", "0s"),
            ("junk", "-"),
        ] {
            assert_eq!(age(since, now()), said, "{since}");
        }
    }

    #[test]
    fn what_somebody_wrote_steers_no_terminal() {
        let one = json!({
            "reference": "GW-7K3F-92QD", "status": "stuck", "step": "map", "blocker": "support",
            "since": "2026-03-02T08:00:00Z", "tenant_id": "a\u{1b}[2Jb",
            "problem": { "code": "mapping_rule_failed", "detail": "x\r\ny" },
            "connections": [{ "name": "\u{7}CRM", "connected": false, "skipped": true }],
        });
        let said = describe(&one, now()).join("\n");
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
        assert!(said.contains("problem     mapping_rule_failed"), "{said}");
        assert!(said.contains("connection   CRM (passed over)"), "{said}");
        assert!(row(&one, now()).iter().all(|cell| !cell.chars().any(char::is_control)));
    }
}
