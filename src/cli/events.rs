//! `gangway events`: a timeline, told as it was or while it happens.

use std::io::Write;
use std::time::Duration;

use serde_json::Value;

use super::harmless;
use super::onboardings::{Manner, find, id_of, say};
use super::remote::{Failure, Remote};

/// How soon a line that broke is asked for again, and how often in a row at most.
const COME_BACK: Duration = Duration::from_secs(2);
const MOST_RETURNS: u32 = 30;

pub async fn events(
    remote: &Remote,
    named: &str,
    follow: bool,
    manner: Manner,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let found = find(remote, named).await?;
    let path = format!("v1/onboardings/{}/events", id_of(&found)?);
    if follow {
        return follow_events(remote, &path, manner, out).await;
    }
    let mut cursor: Option<String> = None;
    loop {
        let query: Vec<_> = cursor.take().map(|cursor| ("cursor", cursor)).into_iter().collect();
        let page = remote.get(&path, &query).await?;
        for event in page["data"].as_array().into_iter().flatten() {
            say(out, &event_line(event, manner))?;
        }
        let Some(next) = page["next_cursor"].as_str() else { return Ok(()) };
        cursor = Some(next.to_owned());
    }
}

/// Until it is over. A line that breaks is taken up where it broke.
async fn follow_events(
    remote: &Remote,
    path: &str,
    manner: Manner,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let path = format!("{path}/stream");
    let (mut last, mut returns) = (0, 0);
    loop {
        let heard = listen(remote, &path, &mut last, manner, out).await;
        match heard {
            Ok(Heard::End) => return Ok(()),
            Ok(Heard::Broke { something }) => returns = if something { 0 } else { returns + 1 },
            Err(Failure::Unreachable(_)) if returns < MOST_RETURNS => returns += 1,
            Err(failure) => return Err(failure),
        }
        if returns > MOST_RETURNS {
            return Err(Failure::Unreachable("the line breaks again and again".to_owned()));
        }
        tokio::time::sleep(COME_BACK).await;
    }
}

enum Heard {
    /// It is live or cancelled.
    End,
    Broke {
        something: bool,
    },
}

async fn listen(
    remote: &Remote,
    path: &str,
    last: &mut i64,
    manner: Manner,
    out: &mut impl Write,
) -> Result<Heard, Failure> {
    let mut line = remote.listen(path, *last).await?;
    let (mut unread, mut something) = (Vec::new(), false);
    while let Ok(Some(piece)) = line.chunk().await {
        unread.extend_from_slice(&piece);
        while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
            let text: Vec<u8> = unread.drain(..=end).collect();
            let text = String::from_utf8_lossy(&text);
            // Each event of this stream has its data on one line.
            let Some(data) = text.strip_prefix("data:") else { continue };
            let Ok(event) = serde_json::from_str::<Value>(data.trim()) else { continue };
            say(out, &event_line(&event, manner))?;
            out.flush().map_err(|_| Failure::Unread)?;
            something = true;
            *last = event["version"].as_i64().unwrap_or(*last);
            if event["status"] == "live" || event["status"] == "cancelled" {
                return Ok(Heard::End);
            }
        }
    }
    Ok(Heard::Broke { something })
}

fn event_line(event: &Value, manner: Manner) -> String {
    if manner.json {
        return event.to_string();
    }
    let text = |name: &str| harmless(event[name].as_str().unwrap_or_default());
    let fields = event["detail"].as_object().filter(|fields| !fields.is_empty());
    let detail = fields
        .map_or_else(String::new, |_| format!("  {}", harmless(&event["detail"].to_string())));
    format!(
        "{}  {}  {} at {}  {}{detail}",
        text("at"),
        text("kind"),
        text("status"),
        text("step"),
        text("actor")
    )
}
