//! The integrator's door, called in-process. No worker runs: an onboarding stays as it was started.

mod after_live;
mod blueprints;
mod bulk;
mod contract;
mod door;
mod keys;
mod lists;
mod more_orders;
mod narrowing;
mod orders;
mod preflight;
mod rate_limits;
mod reference;
mod refusals;
mod repeats;
mod return_urls;
mod staff;
mod starts;
mod stream;
