//! Looks for an installed server.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::embedded::Error;

/// The oldest major version that will do.
pub(super) const OLDEST: u32 = 14;

/// Folders that hold one folder per version, and where the programs are inside those.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"), // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),          // the Postgres project's own packages for Red Hat
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"), // Homebrew on Intel
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// An installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    pub(super) bin_dir: PathBuf,
    pub(super) version: (u32, u32),
}

/// Finds the server to run: the one that `PG_BIN_DIR` names, else the newest. Data that is there
/// already (`written_by`, a major version) can only be read by its own version.
pub(super) fn find(written_by: Option<u32>, folder: &Path) -> Result<Installed, Error> {
    match env::var_os("PG_BIN_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => {
            let dir = PathBuf::from(dir);
            let found = installed_in(&dir).ok_or(Error::WrongBinDir(dir))?;
            choose(vec![found], written_by, folder)
        }
        None => choose(
            usual_places().iter().filter_map(|dir| installed_in(dir)).collect(),
            written_by,
            folder,
        ),
    }
}

fn choose(
    found: Vec<Installed>,
    written_by: Option<u32>,
    folder: &Path,
) -> Result<Installed, Error> {
    if found.is_empty() {
        return Err(Error::NoServer);
    }
    found
        .into_iter()
        .filter(|server| written_by.is_none_or(|major| major == server.version.0))
        .max_by_key(|server| server.version)
        .ok_or_else(|| Error::OtherVersion {
            folder: folder.to_owned(),
            version: written_by.unwrap_or_default(),
        })
}

fn usual_places() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    for (parent, prefix, bin) in VERSIONED {
        let Ok(entries) = Path::new(parent).read_dir() else {
            continue;
        };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                dirs.push(entry.path().join(bin));
            }
        }
    }
    if let Some(path) = env::var_os("PATH") {
        dirs.extend(env::split_paths(&path));
    }
    dirs
}

/// What is in `dir`, if it is a whole server and new enough.
fn installed_in(dir: &Path) -> Option<Installed> {
    // A lone link to the server leads to the folder with all its programs.
    let postgres = dir.join("postgres").canonicalize().ok()?;
    let bin_dir = postgres.parent()?.to_owned();
    if !bin_dir.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let version = parse_version(&String::from_utf8_lossy(&output.stdout))?;
    (version.0 >= OLDEST).then_some(Installed { bin_dir, version })
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`, and also `18beta1` and `18devel`.
fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?
        .split(|character: char| !character.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next().and_then(|text| text.parse().ok());
    Some((major, minor.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(dir: &str, version: (u32, u32)) -> Installed {
        Installed { bin_dir: dir.into(), version }
    }

    #[test]
    fn versions_are_read_as_servers_print_them() {
        for (said, version) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some((15, 18))),
            ("postgres (PostgreSQL) 18beta1", Some((18, 0))),
            ("postgres (PostgreSQL) 9.6.24", Some((9, 6))),
            ("command not found", None),
        ] {
            assert_eq!(parse_version(said), version, "{said}");
        }
    }

    #[test]
    fn the_newest_is_chosen_unless_the_data_is_older() {
        let both = || vec![server("/a", (15, 18)), server("/b", (17, 2)), server("/c", (15, 3))];
        let folder = Path::new("/data");
        assert_eq!(choose(both(), None, folder).unwrap(), server("/b", (17, 2)));
        assert_eq!(choose(both(), Some(15), folder).unwrap(), server("/a", (15, 18)));
        assert!(matches!(
            choose(both(), Some(16), folder),
            Err(Error::OtherVersion { version: 16, .. })
        ));
        assert!(matches!(choose(Vec::new(), Some(16), folder), Err(Error::NoServer)));
    }
}
