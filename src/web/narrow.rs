//! What lists, counts and bulk orders are narrowed to: read from a query or a body, checked whole.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Error;
use super::fields::{ASSIGNEE_RULE, Mistakes, is_assignee, is_tag};
use super::parameters::refuse;
use crate::ids::{BlueprintKey, TemplateId, TenantId};
use crate::onboarding::{Abandonment, Blocker, ProblemCode, Status, StepKind};
use crate::store::{Cursor, Filter, ListOrder, Search};

/// All that is given must hold. Where a field may have several values, they are separated by commas
/// and one of them must hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
#[schema(as = Filter)]
pub struct FilterParams {
    /// `running`, `retrying`, `waiting`, `stuck`, `live` or `cancelled`; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// `create_account`, `install`, `connect`, `map`, `activate` or `live`; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    /// Who must act next, as in the onboarding's `blocker`; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocker: Option<String>,
    /// A code, as in `problem.code`; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// Where people stopped, as in the onboarding's `abandonment`; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    abandonment: Option<String>,
    /// The key of a blueprint, in any version; several with commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    blueprint: Option<String>,
    /// The id of a template that the onboarding's blueprint has.
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
    /// The name of a connection, or the id of its account connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<String>,
    /// One of the onboarding's `tags`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// For at least so long with the present status and step: a number with `m`, `h` or `d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    older_than: Option<String>,
    /// `true`: somebody has to look at it, as in `is_stuck`. `false`: nobody has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    stuck: Option<String>,
    /// Who looks after it, as in the onboarding's `assignee`.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    /// `true`: it is put off for now. `false`: it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed: Option<String>,
    /// The reference in any spelling; the id of the onboarding, of a cycle or of an account
    /// connector; the tenant's id or name, or what it begins with; the contact's e-mail address; the
    /// id of the Cyclr account; a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    q: Option<String>,
}

/// Entries of a page if nothing else is asked.
pub(super) const USUAL_LIMIT: u16 = 25;
/// Longest text of one of these fields, in characters.
const LONGEST: usize = 1000;
/// Longest age, in days.
const OLDEST: i64 = 3650;

impl FilterParams {
    /// What somebody typed to find an onboarding.
    pub fn searched(&self) -> Option<&str> {
        self.q.as_deref()
    }

    /// What is wrong is noted under the names of the fields, after `at`.
    pub fn parse(&self, at: &str, mistakes: &mut Mistakes) -> Filter {
        let place = |name: &str| format!("{at}{name}");
        let several = self.several(at, mistakes);
        let one = |text: Option<&String>| text.map(|text| text.trim().to_owned());
        let template = self.template.as_deref().map(Uuid::try_parse);
        mistakes.require(&place("template"), !matches!(template, Some(Err(_))), "a template's id");
        let tenant = self.tenant_id.clone().map(TenantId::parse);
        let tenant = tenant.and_then(|tenant| mistakes.parsed(&place("tenant_id"), tenant));
        let connector = one(self.connector.as_ref());
        let fits = |text: &String| (1..=200).contains(&text.chars().count());
        mistakes.require(
            &place("connector"),
            connector.as_ref().is_none_or(fits),
            "1 to 200 characters",
        );
        let tag = one(self.tag.as_ref());
        mistakes.require(&place("tag"), tag.as_deref().is_none_or(is_tag), TAG_RULE);
        let age = self.older_than.as_deref().map(parse_age);
        let rule = "a number with m, h or d, like 90m, 12h or 3d; at most ten years";
        mistakes.require(&place("older_than"), age != Some(None), rule);
        let stuck = parse_flag(self.stuck.as_deref(), &place("stuck"), mistakes);
        let snoozed = parse_flag(self.snoozed.as_deref(), &place("snoozed"), mistakes);
        let assignee = one(self.assignee.as_ref());
        mistakes.require(
            &place("assignee"),
            assignee.as_deref().is_none_or(is_assignee),
            ASSIGNEE_RULE,
        );
        let search = self.q.as_deref().map(Search::parse);
        mistakes.require(&place("q"), search != Some(None), "1 to 200 characters on one line");
        Filter {
            template: template.and_then(Result::ok).map(TemplateId),
            tenant,
            connector,
            tag,
            older_than: age.flatten(),
            stuck,
            assignee,
            snoozed,
            search: search.flatten(),
            ..several
        }
    }

    /// What may have several values; the rest is left open.
    fn several(&self, at: &str, mistakes: &mut Mistakes) -> Filter {
        let blockers = Blocker::ALL.map(Blocker::name).join(", ");
        let statuses = Status::NAMES.join(", ");
        let steps = StepKind::ALL.map(StepKind::name).join(", ");
        let status = |name: &str| Status::NAMES.contains(&name).then(|| name.to_owned());
        let several = Several { mistakes, at };
        let (several, statuses) = several.read("status", self.status.as_deref(), &statuses, status);
        let (several, steps) = several.read("step", self.step.as_deref(), &steps, StepKind::parse);
        let (several, blockers) =
            several.read("blocker", self.blocker.as_deref(), &blockers, Blocker::parse);
        let rule = "a code from the catalogue of problems";
        let (several, problems) =
            several.read("problem", self.problem.as_deref(), rule, ProblemCode::parse);
        let classes = Abandonment::ALL.map(Abandonment::name).join(", ");
        let (several, abandoned) =
            several.read("abandonment", self.abandonment.as_deref(), &classes, Abandonment::parse);
        let key = |key: &str| BlueprintKey::parse(key).ok();
        let (_, blueprints) =
            several.read("blueprint", self.blueprint.as_deref(), BlueprintKey::RULE, key);
        Filter { statuses, steps, blockers, problems, abandoned, blueprints, ..Filter::default() }
    }
}

/// What a tag must look like.
pub const TAG_RULE: &str = "1 to 50 of lower-case letters, digits, '_', ':' and '-'";

/// Fields with several values.
struct Several<'a> {
    mistakes: &'a mut Mistakes,
    at: &'a str,
}

impl Several<'_> {
    fn read<T>(
        self,
        name: &str,
        text: Option<&str>,
        known: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> (Self, Vec<T>) {
        let Some(text) = text else { return (self, Vec::new()) };
        let words = text.split(',').map(str::trim);
        let values: Option<Vec<_>> =
            (text.len() <= LONGEST).then(|| words.map(parse).collect()).flatten();
        let rule = format!("one of {known}, or several of them with commas");
        self.mistakes.require(&format!("{}{name}", self.at), values.is_some(), &rule);
        (self, values.unwrap_or_default())
    }
}

fn parse_flag(text: Option<&str>, place: &str, mistakes: &mut Mistakes) -> Option<bool> {
    let flag = text.map(|text| text.parse().ok());
    mistakes.require(place, flag != Some(None), "true or false");
    flag.flatten()
}

fn parse_age(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number: i64 = plain.then(|| number.parse().ok())??;
    let age = match unit {
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => None,
    };
    age.filter(|age| *age <= TimeDelta::days(OLDEST))
}

/// How a list is read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PagingParams {
    /// `newest` (if left out), `oldest`, `longest_in_step` (without what is live or cancelled) or
    /// `deadline` (least time left; only what is waiting).
    pub order: Option<String>,
    /// The `next_cursor` of the page before. It belongs to its filter and order.
    pub cursor: Option<String>,
    /// Most entries of a page; 25 if left out.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}

/// A query with both.
#[derive(Debug)]
pub struct Narrowed(pub FilterParams, pub PagingParams);

const OF_PAGING: [&str; 3] = ["order", "cursor", "limit"];

impl<S: Send + Sync> FromRequestParts<S> for Narrowed {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

impl Narrowed {
    /// Refuses what is unknown or there twice.
    pub fn read(query: &str) -> Result<Self, Error> {
        let (paging, filter): (Vec<_>, Vec<_>) = url::form_urlencoded::parse(query.as_bytes())
            .partition(|(name, _)| OF_PAGING.contains(&&**name));
        let filter = read_filter(&filter)?;
        // The only number is read by hand: here all values are texts.
        let mut read = PagingParams::default();
        let mut seen = Vec::new();
        for (name, value) in paging {
            if seen.contains(&name) {
                return Err(refuse(&format!("duplicate field `{name}`")));
            }
            match &*name {
                "order" => read.order = Some(value.into_owned()),
                "cursor" => read.cursor = Some(value.into_owned()),
                _ => {
                    let limit = value.parse::<u16>();
                    let limit = limit.map_err(|error| refuse(&format!("limit: {error}")))?;
                    read.limit = Some(limit);
                }
            }
            seen.push(name);
        }
        Ok(Self(filter, read))
    }
}

/// A list's filter, order, place and length, read from what was asked.
pub type Asked = (Filter, ListOrder, Option<Cursor>, u16);

/// All mistakes at once.
pub fn read_asked(filter: &FilterParams, paging: &PagingParams) -> Result<Asked, Error> {
    let mut mistakes = Mistakes::default();
    let filter = filter.parse("", &mut mistakes);
    let order = paging.order.as_deref().map_or(Some(ListOrder::default()), ListOrder::parse);
    let names = ListOrder::ALL.map(ListOrder::name).join(", ");
    mistakes.require("order", order.is_some(), &format!("one of {names}"));
    let limit = paging.limit.unwrap_or(USUAL_LIMIT);
    mistakes.require("limit", (1..=100).contains(&limit), "1 to 100");
    let cursor = paging.cursor.as_deref().map(Cursor::read);
    let rule = "the next_cursor of an earlier page with the same filter and order";
    let fits = match (&cursor, order) {
        (Some(Some(cursor)), Some(order)) => cursor.fits(&filter, order),
        (Some(None), _) => false,
        (Some(Some(_)) | None, _) => true,
    };
    mistakes.require("cursor", fits, rule);
    let asked = order.map(|order| (filter, order, cursor.flatten(), limit));
    mistakes.or_value(asked)
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

fn read_filter(pairs: &[Pair<'_>]) -> Result<FilterParams, Error> {
    let mut query = url::form_urlencoded::Serializer::new("/?".to_owned());
    // What it wrote is always an address: everything else is percent-encoded.
    let address = query.extend_pairs(pairs).finish().parse().map_err(|_| refuse("unreadable"))?;
    axum::extract::Query::try_from_uri(&address)
        .map(|axum::extract::Query(filter)| filter)
        .map_err(|refusal| refuse(&refusal.body_text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_with_a_unit() {
        for (text, minutes) in [("90m", 90), ("12h", 720), ("3d", 4320), ("0m", 0)] {
            assert_eq!(parse_age(text), Some(TimeDelta::minutes(minutes)), "{text}");
        }
        for text in
            ["", "d", "3", "-1d", "+1d", "1.5h", "3 d", "3w", "9999999999999999999d", "4000d", "1é"]
        {
            assert_eq!(parse_age(text), None, "{text}");
        }
    }
}
