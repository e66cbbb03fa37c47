//! What an order's form says, made into a command; or what is wrong with it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::engine;
use crate::ids::{BlueprintKey, ConnectorId, CycleId};
use crate::onboarding::{
    Action, Command, DriftChoice, DriftCode, Listed, Onboarding, QuestionKey, Restart, RestartStep,
};
use crate::web::fields::{LONGEST_LINK, LONGEST_NOTE, LONGEST_REASON, is_assignee, is_text};
use crate::web::{AppState, Error};

/// Stands before a question's key in the name of its field.
pub(super) const ANSWER: &str = "answer-";

/// What a form has sent, by the names of its fields.
pub(super) type Given = BTreeMap<String, String>;

/// An order that can be given, with its reason for the audit.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) command: Command,
    pub(super) reason: String,
}

/// What is wrong, in words for whoever typed it.
pub(super) type Mistake = String;

pub(super) async fn read(
    app: &AppState,
    onboarding: &Onboarding,
    action: Action,
    given: &Given,
) -> Result<Result<Order, Mistake>, Error> {
    if action == Action::Answer {
        let answers = answers(given);
        let listed = app.engine.look_up_changed(onboarding, &answers).await?;
        return Ok(read_answers(onboarding, given, (&answers, &listed)));
    }
    if action == Action::Upgrade {
        let key = onboarding.blueprint.key.clone();
        return read_upgrade(app, key, given).await;
    }
    Ok(read_plain(action, given, (app.clock().now(), app.engine.link_life())))
}

/// For many: what is not about one onboarding alone.
pub(super) async fn read_for_many(
    app: &AppState,
    action: Action,
    given: &Given,
) -> Result<Result<Order, Mistake>, Error> {
    if action == Action::Upgrade {
        let Ok(key) = BlueprintKey::parse(text(given, "blueprint").to_owned()) else {
            return Ok(Err("Name the blueprint by its key.".to_owned()));
        };
        return read_upgrade(app, key, given).await;
    }
    Ok(read_plain(action, given, (app.clock().now(), app.engine.link_life())))
}

async fn read_upgrade(
    app: &AppState,
    key: BlueprintKey,
    given: &Given,
) -> Result<Result<Order, Mistake>, Error> {
    let reason = match read_reason(given) {
        Ok(reason) => reason,
        Err(mistake) => return Ok(Err(mistake)),
    };
    let Ok(version) = text(given, "version").parse() else {
        return Ok(Err("Give the number of a published version.".to_owned()));
    };
    match app.engine.prepare_upgrade((key, version), reason.clone()).await {
        Ok(upgrade) => Ok(Ok(Order { command: Command::Upgrade(upgrade), reason })),
        Err(engine::Error::Invalid(why)) => Ok(Err(why.reason.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Notes say it themselves, and assignments go without.
pub(super) const fn needs_reason(action: Action) -> bool {
    !matches!(action, Action::Note | Action::Assign)
}

/// What needs to know no onboarding; [`Action::Answer`] does.
#[expect(clippy::too_many_lines, reason = "a case for each action")]
pub(super) fn read_plain(
    action: Action,
    given: &Given,
    (now, link_life): (DateTime<Utc>, TimeDelta),
) -> Result<Order, Mistake> {
    let reason = || read_reason(given);
    let life = || read_hours(given).map(|hours| now + hours.unwrap_or(link_life));
    let order = |command, reason| Ok(Order { command, reason });
    match action {
        Action::Retry => {
            let reason = reason()?;
            order(Command::Retry { reason: Some(reason.clone()) }, reason)
        }
        Action::Adopt => {
            let cycle = text(given, "cycle").parse().map(CycleId);
            let cycle = cycle.map_err(|_| "Choose one of the cycles.".to_owned())?;
            let reason = reason()?;
            order(Command::ChooseCandidate { cycle, reason: reason.clone() }, reason)
        }
        Action::Skip => {
            let (connector, reason) = (read_connector(given)?, reason()?);
            order(Command::Skip { connector, reason: reason.clone() }, reason)
        }
        Action::RestartFrom => {
            let from =
                RestartStep::ALL.into_iter().find(|from| from.step().name() == text(given, "from"));
            let from = from.ok_or_else(|| "Choose the step to go back to.".to_owned())?;
            let (reason, ask_again) = (reason()?, !text(given, "ask_again").is_empty());
            let restart = Restart { from, ask_again, reason: reason.clone() };
            order(Command::RestartFrom(restart), reason)
        }
        Action::Cancel => {
            let reason = reason()?;
            order(Command::Cancel { reason: reason.clone() }, reason)
        }
        Action::RotateLink => order(Command::RotateLink { expires_at: life()? }, reason()?),
        Action::RevokeLink => order(Command::RevokeLink, reason()?),
        Action::ExtendLink => order(Command::ExtendLink { expires_at: life()? }, reason()?),
        Action::Note => {
            let text = read_text(given, "text", LONGEST_NOTE)?;
            order(Command::Note { text: text.clone() }, text)
        }
        Action::Assign => {
            let assignee = text(given, "assignee");
            let assignee = (!assignee.is_empty()).then(|| assignee.to_owned());
            if !assignee.as_deref().is_none_or(is_assignee) {
                return Err("Name one person, in at most 100 characters.".to_owned());
            }
            let told = assignee.as_deref().map_or("to nobody", |name| name).to_owned();
            order(Command::Assign { assignee }, told)
        }
        Action::Snooze => {
            let (until, reason) = (read_until(given, now)?, reason()?);
            order(Command::Snooze { until, reason: Some(reason.clone()) }, reason)
        }
        Action::Check => {
            let reason = reason()?;
            order(Command::Check { reason: Some(reason.clone()) }, reason)
        }
        Action::Reauthorize => {
            let (connector, reason) = (read_connector(given)?, reason()?);
            let link_expires_at = now + link_life;
            let command =
                Command::Reauthorize { connector, reason: reason.clone(), link_expires_at };
            order(command, reason)
        }
        Action::SettleDrift => {
            let (choice, code, object) = read_settlement(given)?;
            let reason = reason()?;
            order(Command::SettleDrift { code, object, choice, reason: reason.clone() }, reason)
        }
        Action::Offboard => {
            let reason = reason()?;
            order(Command::Offboard { reason: reason.clone() }, reason)
        }
        // Read with what the connected accounts list, or what the version holds.
        Action::Answer | Action::Upgrade => Err("This is read by itself.".to_owned()),
    }
}

fn text<'a>(given: &'a Given, name: &str) -> &'a str {
    given.get(name).map_or("", |value| value.trim())
}

fn read_connector(given: &Given) -> Result<Option<ConnectorId>, Mistake> {
    match text(given, "connector") {
        "" => Ok(None),
        named => {
            let named = named.parse().map(ConnectorId);
            named.map(Some).map_err(|_| "Choose a connection.".to_owned())
        }
    }
}

fn read_settlement(given: &Given) -> Result<(DriftChoice, DriftCode, String), Mistake> {
    let mut words = text(given, "settle").splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (choice, code, object) = (DriftChoice::parse(word()), word(), word());
    let code = DriftCode::ALL.into_iter().find(|known| known.name() == code);
    let chosen = choice.zip(code).map(|(choice, code)| (choice, code, object.to_owned()));
    chosen.ok_or_else(|| "Choose a difference and what is done about it.".to_owned())
}

fn read_reason(given: &Given) -> Result<String, Mistake> {
    read_text(given, "reason", LONGEST_REASON).map_err(|_| {
        format!("Say why, in 1 to {LONGEST_REASON} characters: it stands in the timeline.")
    })
}

fn read_text(given: &Given, name: &str, most: usize) -> Result<String, Mistake> {
    // A browser sends line ends as two characters.
    let text = text(given, name).replace("\r\n", "\n");
    if is_text(&text, most) { Ok(text) } else { Err(format!("Write 1 to {most} characters.")) }
}

fn read_hours(given: &Given) -> Result<Option<TimeDelta>, Mistake> {
    let hours = match text(given, "hours") {
        "" => return Ok(None),
        hours => hours.parse::<u32>().ok().filter(|hours| (1..=LONGEST_LINK).contains(hours)),
    };
    let hours = hours.map(|hours| TimeDelta::hours(hours.into()));
    hours.map(Some).ok_or_else(|| format!("Give 1 to {LONGEST_LINK} hours (90 days)."))
}

/// A day begins at midnight UTC, as all times here.
fn read_until(given: &Given, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Mistake> {
    let typed = text(given, "until");
    if typed.is_empty() {
        return Ok(None);
    }
    let day = || NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let until = NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M").ok().or_else(day);
    let until = until.map(|until| until.and_utc()).filter(|until| *until > now);
    let until = until.filter(|until| *until - now < TimeDelta::days(366));
    until.map(Some).ok_or_else(|| "Give a time to come, within a year.".to_owned())
}

/// The answers that the form holds.
fn answers(given: &Given) -> BTreeMap<QuestionKey, String> {
    let answers = given.iter().filter_map(|(name, value)| {
        let key = name.strip_prefix(ANSWER)?;
        Some((QuestionKey(key.to_owned()), value.trim().to_owned()))
    });
    answers.collect()
}

fn read_answers(
    onboarding: &Onboarding,
    given: &Given,
    (answers, listed): (&BTreeMap<QuestionKey, String>, &Listed),
) -> Result<Order, Mistake> {
    let reason = read_reason(given)?;
    match onboarding.check_answers(answers, listed) {
        Ok(checked) => Ok(Order { command: Command::Correct(checked), reason }),
        Err(wrong) => {
            let label = |key: &QuestionKey| {
                let mut questions = onboarding.facts.questions();
                questions.find(|question| question.key == *key).map_or("?", |known| &known.label)
            };
            let told: Vec<_> =
                wrong.iter().map(|(key, why)| format!("{}: {why}.", label(key))).collect();
            Err(told.join(" "))
        }
    }
}

/// What was typed, to be shown again: nobody types twice because of a mistake. Without what no page shows.
pub(super) fn shown(given: &Given, name: &str) -> String {
    let typed = text(given, name).replace("\r\n", "\n");
    let can_be_seen = |c: &char| !c.is_control() || *c == '\n';
    typed.chars().filter(can_be_seen).take(2 * LONGEST_NOTE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Given {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn read(action: Action, pairs: &[(&str, &str)]) -> Result<Order, Mistake> {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        read_plain(action, &given(pairs), (now, TimeDelta::days(7)))
    }

    #[test]
    fn nothing_is_done_without_a_reason_but_notes_and_assignments() {
        let by_itself = |action: &Action| matches!(action, Action::Answer | Action::Upgrade);
        for action in Action::ALL.into_iter().filter(|action| !by_itself(action)) {
            let fields = [
                ("cycle", "7ad2265e-2ff0-477b-b913-cae1dfde2ea8"),
                ("from", "map"),
                ("settle", "ignore cycle_stopped 7ad2265e-2ff0-477b-b913-cae1dfde2ea8"),
                ("text", "They call."),
            ];
            let free = matches!(action, Action::Note | Action::Assign);
            assert_eq!(read(action, &fields).is_ok(), free, "{action:?}");
            let mut fields = fields.to_vec();
            fields.push(("reason", " asked to \r\n twice "));
            let order = read(action, &fields).unwrap();
            assert!(free || order.reason == "asked to \n twice", "{action:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (action, name, value) in [
            (Action::Adopt, "cycle", "7"),
            (Action::Skip, "connector", "x"),
            (Action::Reauthorize, "connector", "x"),
            (Action::SettleDrift, "settle", "ignore nothing x"),
            (Action::SettleDrift, "settle", "forget cycle_stopped x"),
            (Action::RestartFrom, "from", "live"),
            (Action::RotateLink, "hours", "0"),
            (Action::ExtendLink, "hours", "2161"),
            (Action::Snooze, "until", "2020-01-01"),
            (Action::Snooze, "until", "2999-01-01T10:00"),
            (Action::Snooze, "until", "tomorrow"),
            (Action::Note, "text", "a\u{0}b"),
            (Action::Assign, "assignee", &"a".repeat(101)),
        ] {
            assert!(
                read(action, &[(name, value), ("reason", "why")]).is_err(),
                "{action:?} {value}"
            );
        }
        let until =
            |text| read(Action::Snooze, &[("until", text), ("reason", "why")]).unwrap().command;
        let Command::Snooze { until: Some(day), .. } = until("2027-02-01") else { panic!() };
        assert_eq!(day.to_rfc3339(), "2027-02-01T00:00:00+00:00");
        let Command::Snooze { until: None, .. } = until("") else { panic!() };
    }
}
