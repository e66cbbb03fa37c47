//! Starts the server, and starts it again when it dies.

use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use rustix::process::Pid;
use tokio::sync::oneshot;

use crate::embedded::find::{self, Installed};
use crate::embedded::folder::Folder;
use crate::embedded::lifeline::{Force, Lifeline};
use crate::embedded::{Durability, Error, Settings, cluster, log};

/// How long the server may take, repairs after a crash included.
const START: Duration = Duration::from_mins(2);
/// How long we try again because sessions of a killed server still hold the data.
const LEFTOVERS: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LAST_WORDS: Duration = Duration::from_millis(500);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Stands between us and the server, as its parent. Says the server's process number, then waits
/// for two things at once: the end of the server, and the end of its own input, which is our pipe.
/// Nothing is ever written to that pipe; it ends when we close it or when we are no more.
const WATCHER: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- >&2 &
server=$!
echo "$server"
exec >&-
(read -r _; kill -INT "$server") <&3 &
reader=$!
exec 3<&-
wait "$server"
status=$?
kill "$reader" 2>/dev/null
exit "$status"
"#;

/// What the program needs to know of a server that can be used.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) bin_dir: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) socket_dir: PathBuf,
}

/// Runs the server until the lifeline is cut. `ready` hears once how the first start went.
pub(super) fn run(
    settings: &Settings,
    lifeline: &Lifeline,
    ready: oneshot::Sender<Result<Ready, Error>>,
) {
    let started = Server::prepare(settings)
        .and_then(|server| server.start(lifeline).map(|running| (server, running)));
    // Whoever no longer listens has also cut the lifeline, which `supervise` sees.
    match started {
        Ok((server, running)) => {
            let _ = ready.send(Ok(server.ready()));
            server.supervise(running, lifeline);
        }
        Err(error) => {
            let _ = ready.send(Err(error));
        }
    }
}

/// A started server: the shell above it, and the thread that writes down what it says.
struct Running {
    watcher: Child,
    log: JoinHandle<()>,
}

impl Running {
    fn wait(mut self) -> io::Result<ExitStatus> {
        let end = self.watcher.wait();
        self.let_log_finish();
        end
    }

    /// Waits until the last words are in the file. Not for ever: a session that outlives its
    /// server holds the other end of the pipe.
    fn let_log_finish(&self) {
        let began = Instant::now();
        while !self.log.is_finished() && began.elapsed() < LAST_WORDS {
            sleep(LOOK_AGAIN);
        }
    }
}

struct Server {
    folder: Folder,
    installed: Installed,
    durability: Durability,
}

impl Server {
    fn prepare(settings: &Settings) -> Result<Self, Error> {
        let folder = Folder::open(&settings.data_dir)?;
        let installed = find::find(cluster::written_by(&folder), folder.path())?;
        cluster::create(&folder, &installed, settings.durability)?;
        Ok(Self { folder, installed, durability: settings.durability })
    }

    fn ready(&self) -> Ready {
        Ready {
            bin_dir: self.installed.bin_dir.clone(),
            folder: self.folder.path().to_owned(),
            socket_dir: self.folder.socket_dir().to_owned(),
        }
    }

    /// Waits for the server's end, and begins anew for as long as it is wanted. A server that
    /// keeps dying is started at growing intervals.
    fn supervise(&self, mut running: Running, lifeline: &Lifeline) {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let began = Instant::now();
            let end = running.wait();
            lifeline.let_go();
            if lifeline.is_cut() {
                return;
            }
            tracing::error!(?end, "Postgres ended unasked; starting it again");
            if began.elapsed() > LONGEST_PAUSE {
                pause = SHORTEST_PAUSE;
            }
            running = loop {
                if lifeline.pause(pause) {
                    return;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
                match self.start(lifeline) {
                    Ok(running) => break running,
                    Err(error) => tracing::error!(%error, "Postgres could not be started again"),
                }
            };
        }
    }

    fn start(&self, lifeline: &Lifeline) -> Result<Running, Error> {
        let began = Instant::now();
        let mut leftovers = false;
        loop {
            leftovers |= cluster::clear_leftovers(&self.folder).map_err(|source| {
                Error::Folder { folder: self.folder.path().to_owned(), source }
            })?;
            match self.start_once(lifeline) {
                Err(Error::Died { .. }) if leftovers && began.elapsed() < LEFTOVERS => {
                    if lifeline.pause(Duration::from_millis(100)) {
                        return Err(Error::Cancelled);
                    }
                }
                outcome => return outcome,
            }
        }
    }

    fn start_once(&self, lifeline: &Lifeline) -> Result<Running, Error> {
        let failed = |source| Error::Program { program: self.postgres(), source };
        let (mut running, pid) = self.spawn(lifeline).map_err(failed)?;
        let began = Instant::now();
        loop {
            // Ready is a server that says so and that is our watcher's own child.
            let found = self.folder.postmaster();
            if found.is_some_and(|found| found.ready && Some(found.pid) == pid) {
                return Ok(running);
            }
            if let Some(status) = running.watcher.try_wait().map_err(failed)? {
                lifeline.let_go();
                running.let_log_finish();
                return Err(if lifeline.is_cut() { Error::Cancelled } else { self.died(status) });
            }
            if began.elapsed() > START {
                lifeline.force(Force::Immediate);
                lifeline.let_go();
                // What matters is that it has ended, not how.
                let _ = running.wait();
                return Err(Error::Slow { after: START, log: self.folder.log() });
            }
            sleep(LOOK_AGAIN);
        }
    }

    fn spawn(&self, lifeline: &Lifeline) -> io::Result<(Running, Option<Pid>)> {
        let mut watcher = self
            .folder
            .command(Path::new("/bin/sh"))
            .args(["-c", WATCHER, "gangway-postgres"])
            .arg(self.postgres())
            .args(self.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C reaches us first, and the server outlasts our last query.
            .process_group(0)
            .spawn()?;
        let (Some(pipe), Some(said), Some(errors)) =
            (watcher.stdin.take(), watcher.stdout.take(), watcher.stderr.take())
        else {
            return Err(io::Error::other("a pipe is missing"));
        };
        let log = log::keep(errors, self.folder.log())?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let pid = line.trim().parse().ok().and_then(Pid::from_raw);
        lifeline.hold(pipe, pid);
        Ok((Running { watcher, log }, pid))
    }

    fn died(&self, status: ExitStatus) -> Error {
        Error::Died { status, said: log::tail(&self.folder.log()), log: self.folder.log() }
    }

    fn postgres(&self) -> PathBuf {
        self.installed.bin_dir.join("postgres")
    }

    fn arguments(&self) -> Vec<String> {
        let quoted = self.folder.socket_dir().to_string_lossy().replace('"', "\"\"");
        let mut options = vec![
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories=\"{quoted}\""),
            "unix_socket_permissions=0700".to_owned(),
            format!("port={}", crate::embedded::folder::PORT),
            "max_connections=200".to_owned(),
        ];
        match self.durability {
            Durability::Durable => {}
            Durability::Fast => options.extend(
                ["fsync=off", "synchronous_commit=off", "full_page_writes=off"].map(String::from),
            ),
        }
        let mut arguments =
            vec!["-D".to_owned(), self.folder.cluster().to_string_lossy().into_owned()];
        for option in options {
            arguments.extend(["-c".to_owned(), option]);
        }
        arguments
    }
}
