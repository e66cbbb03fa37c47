//! What must hold in every state, by name.

use stateright::Property;

use super::protocol::{bit, candidates, present};
use super::state::{Cycle, Rules, State};

pub(super) const ONE_ACTIVE: &str = "at most one cycle is active";
pub(super) const ONE_RUN: &str = "what runs once is activated once";
const ACTIVE_IS_RECORDED: &str = "an active cycle is the recorded one";
pub(super) const RECORDED_STAYS: &str = "the recorded cycle is never deleted by us";
pub(super) const LIVE_IS_ACTIVE: &str = "live means that the recorded cycle is active";
pub(super) const NO_SECOND: &str = "no second cycle, unless a worker slept past its lease";
pub(super) const TIDY: &str = "what was surplus when a cycle was recorded is gone when live";
pub(super) const ONE_ACCOUNT: &str = "at most one account";

fn active(state: &State) -> impl Iterator<Item = (usize, u8)> {
    state.cycles.iter().enumerate().filter_map(|(place, cycle)| match cycle {
        Cycle::Active(times) => Some((place, *times)),
        Cycle::NotMade | Cycle::Paused | Cycle::Deleted => None,
    })
}

pub(super) fn all() -> Vec<Property<Rules>> {
    vec![
        Property::always(ONE_ACTIVE, |_, state: &State| active(state).count() <= 1),
        Property::always(ONE_RUN, |_, state: &State| active(state).all(|(_, times)| times <= 1)),
        Property::always(ACTIVE_IS_RECORDED, |_, state: &State| {
            active(state).all(|(place, _)| state.row.recorded.map(usize::from) == Some(place))
        }),
        Property::always(RECORDED_STAYS, |_, state: &State| {
            state.row.recorded.is_none_or(|cycle| present(state) & bit(cycle) != 0)
        }),
        Property::always(LIVE_IS_ACTIVE, |_, state: &State| {
            let recorded = state.row.recorded.map(usize::from);
            !state.row.live || active(state).map(|(place, _)| Some(place)).eq([recorded])
        }),
        Property::always(NO_SECOND, |_, state: &State| {
            state.late || candidates(state).count_ones() <= 1
        }),
        Property::always(TIDY, |_, state: &State| {
            !state.row.live || present(state) & state.row.surplus == 0
        }),
        Property::always(ONE_ACCOUNT, |_, state: &State| state.accounts <= 1),
        Property::sometimes("an onboarding goes live", |_, state: &State| state.row.live),
    ]
}
