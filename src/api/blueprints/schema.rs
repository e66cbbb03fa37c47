//! The blueprint document, described for readers of the API.
//!
//! The room `onboarding` has the real types and knows no API; these say the same to the OpenAPI
//! document and are made by nobody. A test holds both to one example that has every field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a tenant is to get.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Blueprint {
    /// 1 to 64 of lower-case letters, digits, `-` and `_`. The name across all versions.
    key: String,
    /// What the tenant's people are told they are setting up.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Installed, mapped and activated in this order.
    #[schema(min_items = 1, max_items = 20)]
    templates: Vec<TemplatePlan>,
    #[serde(default)]
    #[schema(max_items = 100)]
    questions: Vec<Question>,
    /// Where a person may be sent afterwards. Compared as whole addresses.
    #[serde(default)]
    return_urls: Vec<String>,
    #[serde(default)]
    brand: Brand,
    /// What the pages speak where nothing else is known: `en`, `de`, `fr`, `es` or `ja`.
    #[schema(max_length = 35)]
    locale: Option<String>,
    #[serde(default)]
    sign_in: SignInWindow,
    #[serde(default)]
    limits: Limits,
    /// Days after which contact, data, answers and metadata are erased, counted from when an onboarding went
    /// live or was given up. Absent: they are kept. While it is live, what mapping rules read stays.
    #[schema(minimum = 1, maximum = 36500)]
    retention_days: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct TemplatePlan {
    /// The template's id at Cyclr.
    template_id: Uuid,
    /// Shown to people instead of Cyclr's name.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[serde(default)]
    #[schema(max_items = 500)]
    mapping: Vec<Rule>,
    #[serde(default)]
    schedule: Schedule,
    /// A cycle that is running while it has to be mapped may be stopped, and is started again
    /// afterwards; its running transactions end for good. Not for one that runs a single time.
    #[serde(default)]
    stop_to_change: bool,
}

/// What goes into one parameter or field of a step.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MappingRule)]
pub(in crate::api) struct Rule {
    /// The step's name at Cyclr; may be left out where the target's name is enough. A rule that names
    /// the step goes before one that does not; two rules for the same step and target are refused.
    /// Names are compared without regard to case and to white space around them.
    #[schema(min_length = 1, max_length = 200)]
    step: Option<String>,
    /// The parameter's or field's name at Cyclr.
    #[schema(min_length = 1, max_length = 200)]
    target: String,
    value: RuleValue,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = MappingValue)]
pub(in crate::api) enum RuleValue {
    /// Written as it stands: 1 to 4000 characters. Only here a merge field (`{{`) may be used.
    Constant(String),
    /// Taken from what was told of the tenant.
    From {
        /// `tenant.id`, `tenant.name`, `tenant.timezone`, `tenant.locale`, `tenant.contact_name`,
        /// `tenant.contact_email`, or `data.` and names separated by dots, at most 10. Digits name an
        /// element of an array, counted from 0: `data.contacts.0.email`.
        #[schema(max_length = 200)]
        path: String,
        /// Applied in order to what was found.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schema(max_items = 10)]
        apply: Vec<Function>,
        /// Written as it stands where there is no value. Without it an optional target is left as it is,
        /// and a required one makes the onboarding stuck with `mapping_rule_failed`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(min_length = 1, max_length = 4000)]
        default: Option<String>,
    },
    /// Asked on the hosted pages, by the key of a question.
    Ask(String),
    /// Left unmapped on purpose.
    Ignore,
}

/// One change of a value. A list is changed element by element until it is joined. Texts in it are at
/// most 200 characters and hold no `{{`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = MappingFunction)]
pub(in crate::api) enum Function {
    /// Without white space at both ends.
    Trim,
    Lower,
    Upper,
    /// What the table says for the whole value, letter by letter: 1 to 500 entries. What it does not
    /// list is no value, and the default takes its place.
    Map(BTreeMap<String, String>),
    /// The elements of a list as one text with this between them.
    Join(String),
    /// With this before it.
    Prefix(String),
    /// With this after it.
    Suffix(String),
}

/// When an active cycle runs.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::api) struct Schedule {
    /// Minutes between two runs: 1, 5, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440 or 10080.
    interval_minutes: u32,
    /// Run a single time; the interval is not used then.
    run_once: bool,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Question {
    /// 1 to 64 of lower-case letters, digits and `_`. At least one mapping rule asks it.
    key: String,
    #[schema(min_length = 1, max_length = 200)]
    label: String,
    /// `text`, `number`, `boolean`, `email`, `url`, `date`, `date_time` or `one_of`; `text` if left out.
    #[serde(default = "text")]
    kind: String,
    #[schema(min_length = 1, max_length = 500)]
    help: Option<String>,
    #[schema(min_length = 1, max_length = 500)]
    example: Option<String>,
    /// Stands in the form until something else is entered.
    default: Option<String>,
    /// For `one_of` alone. Left out, the values are offered that Cyclr lists, or that the connected account
    /// has at that moment.
    #[serde(default)]
    #[schema(max_items = 500)]
    options: Vec<String>,
    /// `true` if left out.
    #[serde(default = "yes")]
    required: bool,
}

/// How the hosted pages look and whom they name.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Brand {
    name: Option<String>,
    support_email: Option<String>,
    /// The id of an image that was uploaded with `POST /v1/logos`.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    logo: Option<String>,
    /// The colour of buttons and links, as `#rrggbb`; refused below a contrast of 4.5 to the page.
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
    accent: Option<String>,
    /// The same on a dark page; made of `accent` if left out.
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$")]
    accent_dark: Option<String>,
    #[schema(format = Uri)]
    privacy_url: Option<String>,
    #[schema(format = Uri)]
    terms_url: Option<String>,
    /// Scheme and host under which people reach the pages, if not under the deployment's own.
    #[schema(format = Uri)]
    pages_url: Option<String>,
}

/// Where people sign in at a provider.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum SignInWindow {
    /// The whole way in one window.
    #[default]
    Same,
    /// In a window of its own, which ends on Gangway's return page.
    Popup,
    /// In a window of its own, which sends a message to the page that opened it.
    Message,
}

/// How long people and retries get.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::api) struct Limits {
    /// Hours that the tenant's people have to do what is asked of them.
    #[schema(minimum = 1, maximum = 8760)]
    waiting_hours: u32,
    /// Failed tries of one step before it is stuck.
    #[schema(minimum = 1, maximum = 100)]
    tries: u32,
    /// Hours of retrying one step before it is stuck, however few the tries were.
    #[schema(minimum = 1, maximum = 8760)]
    retry_hours: u32,
    /// Minutes for which an open sign-in is looked after.
    #[schema(minimum = 1, maximum = 1440)]
    attempt_minutes: u32,
    /// Where a step needs limits of its own.
    steps: StepTable,
}

/// One entry for each step that fails and is tried again.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = LimitsOfSteps)]
pub(in crate::api) struct StepTable {
    create_account: Option<StepLimits>,
    install: Option<StepLimits>,
    connect: Option<StepLimits>,
    map: Option<StepLimits>,
    activate: Option<StepLimits>,
}

/// What one step gets; what is left out is as for all steps.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = LimitsOfStep)]
pub(in crate::api) struct StepLimits {
    #[schema(minimum = 1, maximum = 100)]
    tries: Option<u32>,
    #[schema(minimum = 1, maximum = 8760)]
    retry_hours: Option<u32>,
}

fn text() -> String {
    "text".to_owned()
}

const fn yes() -> bool {
    true
}

impl Default for Schedule {
    fn default() -> Self {
        let real = crate::onboarding::Schedule::default();
        Self { interval_minutes: real.interval_minutes, run_once: real.run_once }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let real = crate::onboarding::Limits::default();
        Self {
            waiting_hours: real.waiting_hours,
            tries: real.tries,
            retry_hours: real.retry_hours,
            attempt_minutes: real.attempt_minutes,
            steps: StepTable::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn through<T: Serialize + serde::de::DeserializeOwned>(document: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<T>(document.clone()).unwrap()).unwrap()
    }

    #[test]
    fn the_description_has_the_fields_of_the_document() {
        let document = json!({
            "key": "crm-sync", "name": "CRM sync",
            "templates": [{
                "template_id": "6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11", "name": "Contacts",
                "mapping": [
                    { "step": "Upsert", "target": "Region", "value": { "constant": "EU" } },
                    { "step": "Upsert", "target": "Name",
                      "value": { "from": { "path": "tenant.name", "default": "?" } } },
                    { "step": "Upsert", "target": "Countries", "value": { "from": {
                        "path": "data.countries",
                        "apply": ["trim", "lower", "upper", { "map": { "DE": "Germany" } },
                                  { "join": ", " }, { "prefix": "in " }, { "suffix": "." }],
                    } } },
                    { "step": "Upsert", "target": "List", "value": { "ask": "list" } },
                    { "step": "Upsert", "target": "Tag", "value": "ignore" },
                ],
                "schedule": { "interval_minutes": 15, "run_once": false },
                "stop_to_change": true,
            }],
            "questions": [{
                "key": "list", "label": "Which list?", "kind": "one_of", "help": "h", "example": "e",
                "default": "A", "options": ["A", "B"], "required": true,
            }],
            "return_urls": ["https://app.example.com/done"],
            "brand": {
                "name": "Example", "support_email": "help@example.com",
                "logo": "0".repeat(64), "accent": "#0b6b4f", "accent_dark": "#7fd6c0",
                "privacy_url": "https://example.com/privacy",
                "terms_url": "https://example.com/terms", "pages_url": "https://setup.example.com/",
            },
            "locale": "de",
            "sign_in": "popup",
            "limits": {
                "waiting_hours": 24, "tries": 3, "retry_hours": 5, "attempt_minutes": 10,
                "steps": {
                    "create_account": { "tries": 1, "retry_hours": 1 },
                    "install": { "tries": 2, "retry_hours": 2 },
                    "connect": { "tries": 3, "retry_hours": 3 },
                    "map": { "tries": 4, "retry_hours": 4 },
                    "activate": { "tries": 5, "retry_hours": 5 },
                },
            },
            "retention_days": 365,
        });
        assert_eq!(through::<Blueprint>(&document), document);
        assert_eq!(through::<crate::onboarding::Blueprint>(&document), document);
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out_of_both() {
        let least = json!({
            "key": "k", "name": "n",
            "templates": [{ "template_id": "6c0b8b6e-5f0e-4a7c-9a55-0d0b7a3f1c11" }],
            "questions": [{ "key": "q", "label": "l" }],
        });
        let described = through::<Blueprint>(&least);
        let real = through::<crate::onboarding::Blueprint>(&least);
        for name in ["waiting_hours", "tries", "attempt_minutes"] {
            assert_eq!(described["limits"][name], real["limits"][name], "{name}");
        }
        assert_eq!(described["templates"][0]["schedule"], real["templates"][0]["schedule"]);
        assert_eq!(described["questions"][0]["kind"], real["questions"][0]["kind"]);
    }
}
