//! Pages that only say something, to browsers whose visit nobody can prove.

use crate::web::{Notice, Tone, Way};
use crate::words::Words;

fn trouble(notice: Notice) -> Notice {
    Notice { tone: Tone::Trouble, ..notice }
}

/// For every link that opens nothing, whatever the reason, and the same to the letter: the button sends
/// the address that is open.
pub(super) fn link_over(words: Words) -> Notice {
    let lines = ["link-over-what", "link-over-means", "link-over-do"];
    let way = Way::post("", words.say("link-request"), "");
    Notice { ways: vec![way], ..trouble(Notice::new(words, "link-over", lines)) }
}

pub(super) fn link_requested(words: Words) -> Notice {
    Notice::new(words, "link-requested", ["link-requested-what", "link-requested-do"])
}

pub(super) fn visit_over(words: Words) -> Notice {
    let lines = ["visit-over-what", "link-over-means", "visit-over-do", "visit-over-cookies"];
    trouble(Notice::new(words, "visit-over", lines))
}

/// For a return address that was never given out.
pub(super) fn unknown_return(words: Words) -> Notice {
    let lines = ["returned-unknown-what", "returned-unknown-means", "returned-unknown-do"];
    trouble(Notice::new(words, "returned-unknown", lines))
}

/// For a browser that did not set out itself. Tells nothing of the onboarding, nor how it went.
pub(super) fn returned_elsewhere(words: Words) -> Notice {
    let lines = ["returned-elsewhere-what", "returned-elsewhere-do"];
    Notice::new(words, "returned-elsewhere", lines)
}

/// For a colleague who is not asked any more.
pub(super) fn colleague_over(words: Words) -> Notice {
    Notice::new(words, "returned-elsewhere", ["colleague-over"])
}
