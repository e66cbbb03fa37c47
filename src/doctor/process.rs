//! What the system lets this process do.

use rustix::process::{Resource, getrlimit};

use super::Finding;

const CHECK: &str = "file_descriptors";
/// One for each connection of a customer, of a waiting program, and to the database.
const FEWEST: u64 = 4096;

pub(super) fn judge() -> Vec<Finding> {
    let limit = getrlimit(Resource::Nofile).current;
    match limit {
        Some(limit) if limit < FEWEST => {
            let found = format!("At most {limit} files and connections may be open at once.");
            let advice = "Raise it for the service: LimitNOFILE= with systemd, --ulimit nofile= with containers.";
            vec![Finding::attention(CHECK, found, advice)]
        }
        Some(limit) => vec![Finding::ok(CHECK, format!("{limit} may be open at once."))],
        None => vec![Finding::ok(CHECK, "As many may be open as there is room for.")],
    }
}
