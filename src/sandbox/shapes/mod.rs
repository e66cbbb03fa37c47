//! The JSON of Cyclr's documented replies, one file per resource.

mod account;
mod account_connector;
mod catalogue;
mod cycle;
mod step;

use chrono::{DateTime, Timelike, Utc};
use serde_json::{Value, json};

pub(super) use account::{
    ACCOUNT_SETTINGS, WITH_WARNINGS, account, is_account_setting, setting_name, usage,
};
pub(super) use account_connector::{account_connector, property};
pub(super) use catalogue::{Details, catalogue_connector, connector_method, template};
pub(super) use cycle::{cycle, cycle_prerequisites, incident, transaction, variable};
pub(super) use step::{mapping, mapping_name, output, step, step_prerequisites};

/// Seven digits after the second and a `Z`, as Cyclr writes dates (DOC).
pub(super) fn date(at: DateTime<Utc>) -> String {
    let ticks = at.nanosecond() % 1_000_000_000 / 100;
    format!("{}.{ticks:07}Z", at.format("%Y-%m-%dT%H:%M:%S"))
}

/// An entry of a list of what is missing (DOC).
fn prerequisite(code: i64, reason: &str, object: &str, id: impl Into<Value>) -> Value {
    json!({ "ReasonCode": code, "Reason": reason, "ObjectType": object, "ObjectId": id.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_seven_digits_after_the_second() {
        let at = DateTime::from_timestamp(1_512_577_306, 49_982_912).unwrap();
        assert_eq!(date(at), "2017-12-06T16:21:46.0499829Z");
    }
}
