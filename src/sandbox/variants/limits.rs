//! What is too long, strange or missing, as the variant that is set has it.

use super::super::cycle::{Mapping, Status};
use super::super::request::Refusal;
use super::super::runs::Start;
use super::{
    AccountIdLimits, ActivateNoInterval, DeactivatedStatus, ValueLength, VariableLacking, Variants,
};

/// Characters of an account's id where they are limited.
const LONGEST_ID: usize = 64;
/// Characters of a mapping's value where they are limited.
const LONGEST_VALUE: usize = 255;

impl Variants {
    /// An id that a caller has chosen.
    pub(in super::super) fn account_id(self, id: &str) -> Result<(), Refusal> {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || ".-_".contains(sign);
        match self.account_id_limits {
            AccountIdLimits::Narrow if id.len() > LONGEST_ID || !id.chars().all(plain) => {
                Err(Refusal::bad("Id is not valid"))
            }
            AccountIdLimits::Any | AccountIdLimits::Narrow => Ok(()),
        }
    }

    pub(in super::super) fn value_fits(self, told: &Mapping) -> Result<(), Refusal> {
        let length = told.value.as_ref().map_or(0, |value| value.chars().count());
        match self.value_length {
            ValueLength::Short if length > LONGEST_VALUE => {
                Err(Refusal::bad("The value is too long."))
            }
            ValueLength::Any | ValueLength::Short => Ok(()),
        }
    }

    /// One that runs once needs no interval.
    pub(in super::super) fn has_interval(self, start: &Start) -> Result<(), Refusal> {
        match self.activate_no_interval {
            ActivateNoInterval::Refused if start.interval.is_none() && !start.once => {
                Err(Refusal::bad("An interval is required."))
            }
            ActivateNoInterval::Hourly | ActivateNoInterval::Refused => Ok(()),
        }
    }

    /// The code under which a variable without a value is told.
    pub(in super::super) fn variable_code(self) -> i64 {
        match self.variable_lacking {
            VariableLacking::Unknown => 0,
            VariableLacking::Mapping => 30,
        }
    }

    pub(in super::super) fn after_deactivation(self) -> Status {
        match self.deactivated_status {
            DeactivatedStatus::Paused => Status::Paused,
            DeactivatedStatus::Stopped => Status::Stopped,
        }
    }
}
