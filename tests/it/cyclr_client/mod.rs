//! The client of Cyclr's API against a host that plays whatever is asked of it.

mod credentials;
mod hostile;
mod limits;
mod shapes;
pub(crate) mod stand_in;
mod writes;
