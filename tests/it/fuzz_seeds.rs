//! The fuzz targets of `fuzz/`, run over their seeds and over alterations of these, so that an input
//! that was once found, or is near to one that people use, is tried at each change.
//!
//! `GANGWAY_FUZZ_INPUTS` sets the number of alterations, `GANGWAY_FUZZ_SEED` the dice.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use targets::TARGETS;

#[expect(unreachable_pub, reason = "a library for the fuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Alterations, over all targets.
const USUAL_INPUTS: u64 = 20_000;
/// What a longer input becomes by being altered.
const LONGEST: usize = 8_192;
/// What readers stumble over.
const PIECES: [&[u8]; 16] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\\",
    b"\\u0000",
    b"{{",
    b"null",
    b"-1",
    b"99999999999999999999",
    b"1e999",
    b"\xff",
    "\u{202e}".as_bytes(),
];

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

fn altered(seeds: &[Vec<u8>], dice: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut input = seeds[dice.random_range(0..seeds.len())].clone();
    for _ in 0..dice.random_range(1..5) {
        let at = dice.random_range(0..=input.len());
        let end = (at + dice.random_range(0..32)).min(input.len());
        match dice.random_range(0..7) {
            0 if at < input.len() => input[at] ^= 1 << dice.random_range(0..8),
            1 if at < input.len() => input[at] = dice.random(),
            2 => drop(input.drain(at..end)),
            3 => input.truncate(at),
            4 => {
                let twice = input[at..end].to_vec();
                input.splice(at..at, twice);
            }
            5 => {
                let other = &seeds[dice.random_range(0..seeds.len())];
                let from = dice.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let piece = PIECES[dice.random_range(0..PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
        }
    }
    input.truncate(LONGEST);
    input
}

fn try_one(target: &str, body: targets::Body, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(input))) {
        eprintln!("{target} fails for {:?}", String::from_utf8_lossy(input));
        eprintln!("as bytes: {input:?}");
        resume_unwind(panic);
    }
}

#[test]
fn no_input_near_the_seeds_breaks_a_target() {
    let share = number("GANGWAY_FUZZ_INPUTS").unwrap_or(USUAL_INPUTS) / TARGETS.len() as u64;
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(number("GANGWAY_FUZZ_SEED").unwrap_or(1));
    for (target, body) in TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for seed in &seeds {
            try_one(target, body, seed);
        }
        for _ in 0..share {
            try_one(target, body, &altered(&seeds, &mut dice));
        }
    }
}

/// A target without a line in the fuzzer's manifest would never be run by it.
#[test]
fn every_target_can_be_run_by_the_fuzzer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let explained = fs::read_to_string(folder.join("README.md")).unwrap();
    for (target, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
        assert!(explained.contains(&format!("| `{target}` |")), "{target}");
        let program = fs::read_to_string(folder.join(format!("fuzz_targets/{target}.rs"))).unwrap();
        assert!(program.contains(&format!("gangway_fuzz::{target}(")), "{target}");
    }
}
