//! A list's query, written by the program after it was read: what is kept of it never is what was sent.

use chrono::TimeDelta;

use super::Error;
use super::narrow::{Narrowed, USUAL_LIMIT, read_asked};
use crate::store::{Filter, ListOrder};

/// What a list's address is made of, but for the place within the list.
const KEPT: [&str; 17] = [
    "status",
    "step",
    "blocker",
    "problem",
    "abandonment",
    "blueprint",
    "template",
    "tenant_id",
    "connector",
    "tag",
    "older_than",
    "stuck",
    "assignee",
    "snoozed",
    "q",
    "order",
    "limit",
];

/// A list's query, read and written anew: the same list, with nothing left of how it was typed. What no list
/// knows is dropped, and so is the place within the list.
pub fn write_anew(query: &str) -> Result<String, Error> {
    let pairs = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| KEPT.contains(&&**name) && !value.trim().is_empty());
    let known = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let Narrowed(filter, paging) = Narrowed::read(&known)?;
    let (filter, order, _, limit) = read_asked(&filter, &paging)?;
    Ok(write(&filter, order, limit))
}

fn write(filter: &Filter, order: ListOrder, limit: u16) -> String {
    // All of them are named: one that is added has to be written as well.
    let Filter {
        statuses,
        steps,
        blockers,
        problems,
        abandoned,
        blueprints,
        template,
        tenant,
        connector,
        tag,
        older_than,
        stuck,
        assignee,
        snoozed,
        search,
    } = filter;
    let values = [
        several(statuses, Clone::clone),
        several(steps, |step| step.name().to_owned()),
        several(blockers, |blocker| blocker.name().to_owned()),
        several(problems, |problem| problem.name().to_owned()),
        several(abandoned, |class| class.name().to_owned()),
        several(blueprints, ToString::to_string),
        template.map(|template| template.to_string()),
        tenant.as_ref().map(ToString::to_string),
        connector.clone(),
        tag.clone(),
        older_than.map(write_age),
        stuck.map(|stuck| stuck.to_string()),
        assignee.clone(),
        snoozed.map(|snoozed| snoozed.to_string()),
        search.as_ref().map(|search| search.text.clone()),
        (order != ListOrder::default()).then(|| order.name().to_owned()),
        (limit != USUAL_LIMIT).then(|| limit.to_string()),
    ];
    let given = KEPT.into_iter().zip(values).filter_map(|(name, value)| Some((name, value?)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
}

fn several<T>(values: &[T], name: impl Fn(&T) -> String) -> Option<String> {
    let names: Vec<_> = values.iter().map(name).collect();
    (!names.is_empty()).then(|| names.join(","))
}

/// As it is read from an address, in the largest unit that it is whole in.
fn write_age(age: TimeDelta) -> String {
    match age.num_minutes() {
        minutes if minutes % 1440 == 0 => format!("{}d", minutes / 1440),
        minutes if minutes % 60 == 0 => format!("{}h", minutes / 60),
        minutes => format!("{minutes}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_anew_and_asks_for_the_same() {
        for (typed, written) in [
            ("", ""),
            ("cursor=AAAA&status=&utm=x&//evil.example", ""),
            ("order=newest&limit=25", ""),
            ("order=deadline&limit=100&stuck=true&cursor=x", "stuck=true&order=deadline&limit=100"),
            (
                "q=+Acme+%26+Co%2F%3Cb%3E+&status=stuck+,+waiting",
                "status=stuck%2Cwaiting&q=Acme+%26+Co%2F%3Cb%3E",
            ),
            ("older_than=4320m&snoozed=false", "older_than=3d&snoozed=false"),
            ("older_than=90m&assignee=a%40b.example", "older_than=90m&assignee=a%40b.example"),
            ("older_than=120m&tag=vip", "tag=vip&older_than=2h"),
        ] {
            let anew = write_anew(typed).unwrap();
            assert_eq!(anew, written, "{typed}");
            assert_eq!(write_anew(&anew).unwrap(), anew);
        }
        for wrong in ["status=funny", "stuck=true&stuck=true", "limit=0", "q=a%00b"] {
            assert!(write_anew(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_part_of_a_list_survives_being_written() {
        let whole = "status=stuck&step=connect&blocker=support&problem=poison&abandonment=denied\
                     &blueprint=newsletter&template=00000000-0000-0000-0000-000000000001&tenant_id=acme\
                     &connector=Harbour+CRM&tag=vip&older_than=3d&stuck=true&assignee=ada%40example.com\
                     &snoozed=false&q=acme&order=oldest&limit=7";
        assert_eq!(write_anew(whole).unwrap(), whole);
        assert_eq!(whole.split('&').count(), KEPT.len());
    }
}
