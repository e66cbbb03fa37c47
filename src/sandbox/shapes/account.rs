//! An account, as it is answered.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::account::Account;
use super::date;

/// Settable fields of an account besides its name (OBS).
pub(in super::super) const ACCOUNT_SETTINGS: [&str; 9] = [
    "Description",
    "Timezone",
    "AuditInfo",
    "TaskAuditInfo",
    "NextBillDateUtc",
    "StepDataSuccessRetentionHours",
    "StepDataErroredRetentionHours",
    "TransactionErrorWebhookUrl",
    "TransactionErrorWebhookEnabled",
];

/// Settable as well, but a truth value that is never null.
pub(in super::super) const WITH_WARNINGS: &str = "TransactionErrorWebhookIncludeWarnings";

pub(in super::super) fn account(id: &str, account: &Account) -> Value {
    let mut shown = json!({
        "CreatedDate": date(account.created_at),
        "Id": id,
        "Name": account.name,
        "TransactionErrorWebhookEnabled": false,
        WITH_WARNINGS: false,
    });
    for name in ACCOUNT_SETTINGS.iter().chain([&WITH_WARNINGS]) {
        match account.settings.get(*name) {
            Some(value) => shown[*name] = value.clone(),
            None if shown.get(*name).is_none() => shown[*name] = Value::Null,
            None => {}
        }
    }
    shown
}

/// The name as Cyclr writes it; names are matched without regard to case (OBS).
pub(in super::super) fn setting_name(name: &str) -> Option<&'static str> {
    let mut known = ACCOUNT_SETTINGS.into_iter().chain([WITH_WARNINGS]);
    known.find(|known| known.eq_ignore_ascii_case(name))
}

pub(in super::super) fn is_account_setting(name: &str) -> bool {
    setting_name(name).is_some()
}

/// Tasks of all cycles since the account began.
pub(in super::super) fn usage(id: &str, account: &Account, now: DateTime<Utc>) -> Value {
    let tasks: u64 = account.cycles.iter().map(|cycle| cycle.history.tasks_used).sum();
    json!({
        "Id": id,
        "TasksUsed": tasks,
        "StartTime": date(account.created_at),
        "EndTime": date(now),
    })
}
