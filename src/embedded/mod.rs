//! A private Postgres on top of a server that is installed on this machine.
//!
//! For the demo, for `serve --embedded` and for the tests. A leaf: it uses nothing of ours.
//!
//! What always holds:
//! - The server is reached through a Unix socket in a folder that only its owner may enter. It
//!   listens on no port.
//! - One program per folder: a file lock says who it is.
//! - The server never outlives the program. A small shell between the two holds a pipe from us,
//!   and stops the server once the pipe closes, however we went.
//! - A server that dies while it is wanted is started again.
//! - Whatever a killed run left behind is dealt with at the next start.
//!
//! One plain thread looks after the server, so that it belongs to no async runtime.
//!
//! Decided against: a downloaded or compiled-in server (as root, or after `kill -9`, the crates
//! at hand fail or leave orphans) and `pg_ctl` (it starts a daemon that nobody waits for).

mod cluster;
mod find;
mod folder;
mod lifeline;
mod log;
mod supervisor;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::oneshot;

use crate::embedded::lifeline::{Force, Rope};
use crate::embedded::supervisor::Ready;

/// The user and the database that the server comes with.
const NAME: &str = "gangway";
/// How long an ordered stop may take before it is forced.
const ORDERLY_STOP: Duration = Duration::from_secs(20);
/// How long a forced stop may take before the next harder one.
const FORCED_STOP: Duration = Duration::from_secs(5);

/// Where the server keeps its files, and how carefully.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server lives in a folder `postgres` below this one, or, where its user cannot enter
    /// this one, below `/var/lib/gangway`.
    pub data_dir: PathBuf,
    pub durability: Durability,
}

/// What a commit is worth when the machine goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A committed row survives a power cut.
    Durable,
    /// For tests: nothing is flushed, a power cut may ruin the folder.
    Fast,
}

/// A running server. Dropping it stops the server without waiting; [`Embedded::stop`] waits.
#[derive(Debug)]
pub struct Embedded {
    bin_dir: PathBuf,
    folder: PathBuf,
    socket_dir: PathBuf,
    rope: Rope,
    ended: oneshot::Receiver<()>,
}

impl Embedded {
    /// Finds a server, makes its folder if it is new, starts it, and waits until it can be used.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let rope = Rope::default();
        let (ready, started) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let lifeline = rope.lifeline();
        std::thread::Builder::new()
            .name("postgres".into())
            .spawn(move || {
                supervisor::run(&settings, &lifeline, ready);
                drop(end);
            })
            .map_err(Error::Thread)?;
        let Ready { bin_dir, folder, socket_dir } =
            started.await.map_err(|_| Error::Cancelled)??;
        let embedded = Self { bin_dir, folder, socket_dir, rope, ended };
        embedded.create_database().await?;
        Ok(embedded)
    }

    /// How sqlx reaches the server.
    pub fn connect_options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.socket_dir)
            .port(folder::PORT)
            .username(NAME)
            .database(NAME)
            .ssl_mode(PgSslMode::Disable)
    }

    /// The same as a `DATABASE_URL`, good for sqlx and for `psql`.
    pub fn url(&self) -> String {
        let host = percent_encoded(&self.socket_dir);
        format!("postgres://{NAME}@localhost/{NAME}?host={host}")
    }

    /// Where the server's programs are.
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// Where the server's files and its log are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends all sessions, writes everything out, stops the server, and waits for its end.
    pub async fn stop(self) {
        let Self { rope, mut ended, .. } = self;
        rope.cut();
        if tokio::time::timeout(ORDERLY_STOP, &mut ended).await.is_ok() {
            return;
        }
        for force in [Force::Immediate, Force::Kill] {
            tracing::warn!(?force, "Postgres does not stop; forcing it");
            rope.force(force);
            if tokio::time::timeout(FORCED_STOP, &mut ended).await.is_ok() {
                return;
            }
        }
    }

    async fn create_database(&self) -> Result<(), sqlx::Error> {
        let mut connection = self.connect_options().database("postgres").connect().await?;
        let exists: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'gangway')")
                .fetch_one(&mut connection)
                .await?;
        if !exists {
            sqlx::query("CREATE DATABASE gangway").execute(&mut connection).await?;
        }
        connection.close().await
    }
}

/// `psql` takes a plus sign for a plus sign, so a blank must be `%20`: no form encoding here.
fn percent_encoded(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;

    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Why there is no private server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "No Postgres server (version {} or later) was found on this machine. `./dev demo` and \
         `./dev test` install one; on Debian and Ubuntu the package is `postgresql`. A server \
         elsewhere is used when DATABASE_URL names it, an installation in an unusual place when \
         PG_BIN_DIR names the folder of its programs.",
        find::OLDEST
    )]
    NoServer,
    #[error(
        "PG_BIN_DIR is {0}, but there is no `postgres` of version {oldest} or later with its \
         `initdb` in it. Correct PG_BIN_DIR, or unset it to use what is installed.",
        oldest = find::OLDEST
    )]
    WrongBinDir(PathBuf),
    #[error(
        "The data in {folder} was written by Postgres {version}, which is not installed. Install \
         that version, or move the folder away to begin with an empty one."
    )]
    OtherVersion { folder: PathBuf, version: u32 },
    #[error(
        "The database in {folder} is already in use by {holder}. Stop that one first, or choose \
         another folder."
    )]
    InUse { folder: PathBuf, holder: String },
    #[error("The database folder {folder} cannot be used")]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error(
        "Running as root, which Postgres refuses, and there is no user to run it as: neither `postgres` nor `nobody` is known here."
    )]
    NoUser,
    #[error("The program {program} could not be run")]
    Program { program: PathBuf, source: std::io::Error },
    #[error("`initdb` could not make a database in {folder}:\n{said}")]
    NotMade { folder: PathBuf, said: String },
    #[error("Postgres ended before it was ready ({status}). Its last words, from {log}:\n{said}")]
    Died { status: ExitStatus, log: PathBuf, said: String },
    #[error("Postgres was not ready after {} seconds. Its log is {log}.", after.as_secs())]
    Slow { after: Duration, log: PathBuf },
    #[error("Postgres was told to stop before it was ready")]
    Cancelled,
    #[error("No thread could be started to look after Postgres")]
    Thread(#[source] std::io::Error),
    #[error("Postgres runs, but cannot be used")]
    Database(#[from] sqlx::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_an_address_is_encoded_byte_by_byte() {
        assert_eq!(percent_encoded(Path::new("/a b/ü&+?#/c")), "/a%20b/%C3%BC%26%2B%3F%23/c");
    }

    #[test]
    fn without_a_server_the_message_says_what_to_do() {
        let message = Error::NoServer.to_string();
        for word in ["./dev", "`postgresql`", "DATABASE_URL"] {
            assert!(message.contains(word), "{message}");
        }
    }
}
