//! What the endpoints ask: one short question each, answered by the variant that is set.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::super::Sandbox;
use super::super::account::Account;
use super::super::cycle::{Cycle, Mapping, MappingType, Sort, Status};
use super::super::request::Refusal;
use super::super::shapes::output;
use super::super::world::World;
use super::{
    AccountHeader, AccountTokenMaySignIn, ActivateActive, ActivateBadInterval, ActivateNotReady,
    AuthenticatedLag, CredentialCheck, CredentialShown, DefaultPageSize, DeleteWhileActive,
    FieldsForMapping, ForeignAccount, InstallReuse, InstalledStatus, LargestPage, MapWhileRunning,
    MissingAccountHeader, NameInInstall, PropertyTwice, ReturnQuery, RunOnceStatus, SecondCreate,
    SecondDelete, SignInWithoutUsername, TestValuesCopied, TotalPagesHeader, UnknownTimezone,
    ValueListChecked, Variants,
};

/// The intervals that are documented, in minutes.
const INTERVALS: [u32; 13] = [1, 5, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 10_080];

/// Where a create goes on.
pub(in super::super) enum Created {
    /// A new account under this id.
    Under(String),
    /// Nothing is made; this one is shown.
    Existing(String),
}

/// How lists are cut into pages.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Paging {
    pub(in super::super) usual: usize,
    pub(in super::super) most: usize,
    pub(in super::super) tells_total: bool,
}

fn refused(status: StatusCode, message: &str) -> Refusal {
    Refusal::new(status, message)
}

/// Accounts and who may enter them.
impl Variants {
    pub(in super::super) fn create_under(
        self,
        world: &World,
        id: String,
    ) -> Result<Created, Refusal> {
        if !world.accounts.contains_key(&id) {
            return Ok(Created::Under(id));
        }
        let taken = "ID already in use";
        match self.second_create {
            SecondCreate::Refused => Err(Refusal::bad(taken)),
            SecondCreate::Conflict => Err(refused(StatusCode::CONFLICT, taken)),
            SecondCreate::Existing => Ok(Created::Existing(id)),
            SecondCreate::SecondAccount => Ok(Created::Under(Uuid::new_v4().to_string())),
        }
    }

    pub(in super::super) fn timezone(self, name: Option<&str>) -> Result<(), Refusal> {
        match (self.unknown_timezone, name) {
            (UnknownTimezone::Refused, Some(name)) if !is_timezone(name) => {
                Err(Refusal::bad(format!("{name} is not a valid time zone")))
            }
            (UnknownTimezone::Refused | UnknownTimezone::Accepted, _) => Ok(()),
        }
    }

    pub(in super::super) fn delete_account(self, account: &Account) -> Result<(), Refusal> {
        match self.delete_while_active {
            DeleteWhileActive::Conflict if account.cycles.iter().any(Cycle::is_running) => {
                Err(refused(StatusCode::CONFLICT, "The account has an active cycle."))
            }
            DeleteWhileActive::Conflict | DeleteWhileActive::Deleted => Ok(()),
        }
    }

    /// What the header says is the account; asked for every call in one.
    pub(in super::super) fn account_of(
        self,
        header: Option<&str>,
        sandbox: &Sandbox,
    ) -> Result<String, Refusal> {
        let Some(named) = header else {
            let text = "X-Cyclr-Account header is required.";
            return Err(match self.missing_account_header {
                MissingAccountHeader::Bad => Refusal::bad(text),
                MissingAccountHeader::Denied => Refusal::denied(),
                MissingAccountHeader::Forbidden => refused(StatusCode::FORBIDDEN, text),
                MissingAccountHeader::Missing => Refusal::missing("Account"),
            });
        };
        // The usual answers need no look: without an account each endpoint says 404 by itself.
        if (self.foreign_account, self.account_header)
            == (ForeignAccount::Missing, AccountHeader::ChosenId)
        {
            return Ok(named.to_owned());
        }
        let found = sandbox.read(|world, _| self.find_account(world, named));
        found.ok_or_else(|| {
            let text = "The account is not known.";
            match self.foreign_account {
                ForeignAccount::Missing => Refusal::missing("Account"),
                ForeignAccount::Forbidden => refused(StatusCode::FORBIDDEN, text),
                ForeignAccount::Denied => Refusal::denied(),
                ForeignAccount::Bad => Refusal::bad(text),
            }
        })
    }

    fn find_account(self, world: &World, named: &str) -> Option<String> {
        if world.accounts.contains_key(named) {
            return Some(named.to_owned());
        }
        match (self.account_header, Uuid::try_parse(named)) {
            (AccountHeader::EitherId, Ok(id)) => {
                let mut accounts = world.accounts.iter();
                accounts.find(|(_, one)| one.internal_id == id).map(|(name, _)| name.clone())
            }
            (AccountHeader::EitherId | AccountHeader::ChosenId, _) => None,
        }
    }

    pub(in super::super) fn sign_in(
        self,
        user: Option<&str>,
        by_account_token: bool,
    ) -> Result<(), Refusal> {
        if by_account_token && self.account_token_may_sign_in == AccountTokenMaySignIn::Refused {
            return Err(refused(StatusCode::FORBIDDEN, "The token is for one account only."));
        }
        let nameless = user.is_none_or(str::is_empty);
        if nameless && self.sign_in_without_username == SignInWithoutUsername::Refused {
            return Err(Refusal::bad("Username is required"));
        }
        Ok(())
    }
}

/// An area and a place, as the names of the zone database are built; the list itself is long.
fn is_timezone(name: &str) -> bool {
    const AREAS: [&str; 11] = [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Etc",
        "Europe",
        "Indian",
        "Pacific",
    ];
    let in_area = |(area, place): (&str, &str)| AREAS.contains(&area) && !place.is_empty();
    ["UTC", "GMT"].contains(&name) || name.split_once('/').is_some_and(in_area)
}

/// Installs and connectors.
impl Variants {
    pub(in super::super) fn reuses_connectors(self) -> bool {
        match self.install_reuse {
            InstallReuse::Reused => true,
            InstallReuse::Fresh => false,
        }
    }

    /// After an install: its name, its status and its first values.
    pub(in super::super) fn finish_install(
        self,
        cycle: &mut Cycle,
        name: Option<String>,
        now: DateTime<Utc>,
    ) {
        match (self.name_in_install, name) {
            (NameInInstall::Used, Some(name)) if !name.is_empty() => cycle.name = name,
            (NameInInstall::Used | NameInInstall::Ignored, _) => {}
        }
        match self.installed_status {
            InstalledStatus::Paused => {}
            InstalledStatus::Stopped => cycle.pause(Status::Stopped),
            InstalledStatus::Active => {
                cycle.status = Status::Active;
                cycle.next_run_at = Some(now + chrono::TimeDelta::hours(1));
            }
        }
        match self.test_values_copied {
            TestValuesCopied::NotCopied => {}
            TestValuesCopied::Copied => copy_test_values(cycle),
        }
    }

    /// What becomes of a property that is posted under a name that is there.
    pub(in super::super) fn posts_over(self, is_there: bool) -> Result<bool, Refusal> {
        match (self.property_twice, is_there) {
            (PropertyTwice::Added, _) | (_, false) => Ok(false),
            (PropertyTwice::Refused, true) => Err(Refusal::bad("The property exists already.")),
            (PropertyTwice::Replaced, true) => Ok(true),
        }
    }

    /// What is stored of a credential.
    pub(in super::super) fn credential(
        self,
        value: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        let wrong = value.as_deref().is_some_and(|value| value.starts_with("wrong"));
        match (self.credential_check, wrong) {
            (CredentialCheck::Stored, _) | (_, false) => Ok(value),
            (CredentialCheck::Refused, true) => Err(Refusal::bad("The credential was refused.")),
            (CredentialCheck::LeftOpen, true) => Ok(None),
        }
    }

    /// An account connector that is read, not written.
    pub(in super::super) fn read_connector(self, mut shown: Value) -> Value {
        match self.credential_shown {
            CredentialShown::InClear => {}
            CredentialShown::Hidden => shown["AuthValue"] = Value::Null,
        }
        shown
    }

    /// Where the browser is sent after a sign-in.
    pub(in super::super) fn way_back(self, target: &str) -> String {
        match self.return_query {
            ReturnQuery::AsGiven => target.to_owned(),
            ReturnQuery::Appended => format!("{target}?result=success"),
            ReturnQuery::Merged => match Url::parse(target) {
                Ok(mut url) => {
                    url.query_pairs_mut().append_pair("result", "success");
                    url.to_string()
                }
                Err(_) => target.to_owned(),
            },
        }
    }

    pub(in super::super) fn sign_in_lag(self) -> Option<Duration> {
        match self.authenticated_lag {
            AuthenticatedLag::AtOnce | AuthenticatedLag::ThirdRead => None,
            AuthenticatedLag::TenSeconds => Some(Duration::from_secs(10)),
        }
    }

    /// How often a connector is read after a sign-in before that shows.
    pub(in super::super) fn unseen_reads(self) -> u8 {
        match self.authenticated_lag {
            AuthenticatedLag::AtOnce | AuthenticatedLag::TenSeconds => 0,
            AuthenticatedLag::ThirdRead => 2,
        }
    }
}

fn copy_test_values(cycle: &mut Cycle) {
    let template = cycle.template.clone();
    for (step, made_from) in cycle.steps.iter_mut().zip(&template.steps) {
        for (sort, told) in
            [(Sort::Parameter, &mut step.parameters), (Sort::Field, &mut step.fields)]
        {
            for (mapping, input) in told.iter_mut().zip(made_from.inputs(sort)) {
                if let Some(value) = &input.test_value {
                    mapping.kind = Some(MappingType::StaticValue);
                    mapping.value = Some(value.clone());
                }
            }
        }
    }
}

/// Cycles and their mappings.
impl Variants {
    pub(in super::super) fn delete_again(self) -> Result<StatusCode, Refusal> {
        match self.second_delete {
            SecondDelete::Missing => Err(Refusal::missing("Cycle")),
            SecondDelete::Accepted => Ok(StatusCode::OK),
        }
    }

    pub(in super::super) fn change_mapping(self, running: bool) -> Result<(), Refusal> {
        match (self.map_while_running, running) {
            (MapWhileRunning::Refused, true) => Err(Refusal::running()),
            (MapWhileRunning::Refused | MapWhileRunning::Accepted, _) => Ok(()),
        }
    }

    /// The fields that a step may take from those before it.
    pub(in super::super) fn earlier_fields(self, cycle: &Cycle, place: usize) -> Value {
        let earlier = cycle.template.steps.iter().take(place);
        match self.fields_for_mapping {
            FieldsForMapping::Flat => {
                earlier.flat_map(|made_from| &made_from.outputs).map(output).collect()
            }
            FieldsForMapping::Grouped => earlier
                .zip(&cycle.steps)
                .enumerate()
                .map(|(place, (made_from, step))| {
                    let fields: Value = made_from.outputs.iter().map(output).collect();
                    json!({ "Id": step.id, "Name": cycle.step_name(place), "Fields": fields })
                })
                .collect(),
        }
    }

    pub(in super::super) fn listed(self, told: &Mapping, values: &[String]) -> Result<(), Refusal> {
        let chosen = told.kind == Some(MappingType::ValueList);
        let is_one = told.value.as_ref().is_some_and(|value| values.contains(value));
        match self.value_list_checked {
            ValueListChecked::Checked if chosen && !is_one => {
                Err(Refusal::bad("The value is not in the list."))
            }
            ValueListChecked::Checked | ValueListChecked::Unchecked => Ok(()),
        }
    }

    /// Whether an activation goes on; `None` when it is accepted and nothing comes of it.
    pub(in super::super) fn activate(
        self,
        ready: bool,
        active: bool,
    ) -> Result<Option<()>, Refusal> {
        if !ready {
            let text = "Please set up all the steps correctly before starting the cycle.";
            return match self.activate_not_ready {
                ActivateNotReady::Refused => Err(Refusal::bad(text)),
                ActivateNotReady::Conflict => Err(refused(StatusCode::CONFLICT, text)),
                ActivateNotReady::StaysPaused => Ok(None),
            };
        }
        let text = "The cycle is active already.";
        match (self.activate_active, active) {
            (ActivateActive::Again, _) | (_, false) => Ok(Some(())),
            (ActivateActive::Refused, true) => Err(Refusal::bad(text)),
            (ActivateActive::Conflict, true) => Err(refused(StatusCode::CONFLICT, text)),
        }
    }

    pub(in super::super) fn interval(self, given: Option<u32>) -> Result<Option<u32>, Refusal> {
        let Some(minutes) = given.filter(|minutes| !INTERVALS.contains(minutes)) else {
            return Ok(given);
        };
        match self.activate_bad_interval {
            ActivateBadInterval::Accepted => Ok(given),
            ActivateBadInterval::Clamped => {
                let longer = INTERVALS.into_iter().find(|one| *one >= minutes);
                Ok(longer.or(INTERVALS.last().copied()))
            }
            ActivateBadInterval::Refused => {
                Err(Refusal::bad("The interval is not one of those offered."))
            }
        }
    }

    pub(in super::super) fn after_single_run(self) -> Status {
        match self.run_once_status {
            RunOnceStatus::Paused => Status::Paused,
            RunOnceStatus::Stopped => Status::Stopped,
        }
    }

    pub(in super::super) fn paging(self) -> Paging {
        let usual = match self.default_page_size {
            DefaultPageSize::Hundred => 100,
            DefaultPageSize::Twenty => 20,
            DefaultPageSize::Thousand => 1000,
        };
        let most = match self.largest_page {
            LargestPage::Thousand => 1000,
            LargestPage::Hundred => 100,
        };
        let tells_total = match self.total_pages_header {
            TotalPagesHeader::Sent => true,
            TotalPagesHeader::Absent => false,
        };
        Paging { usual, most, tells_total }
    }
}
