//! Makes the database files, and clears away what a killed run left behind.

use std::fs::{self, File};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, kill_process, test_kill_process};

use crate::embedded::find::Installed;
use crate::embedded::folder::Folder;
use crate::embedded::lifeline::Force;
use crate::embedded::{Durability, Error, NAME};

/// A cluster is made under a name that begins like this, and renamed once it is whole.
const UNFINISHED: &str = "data.unfinished.";

/// The major version that wrote the data, if there is any.
pub(super) fn written_by(folder: &Folder) -> Option<u32> {
    let text = fs::read_to_string(folder.cluster().join("PG_VERSION")).ok()?;
    text.trim().parse().ok()
}

/// Makes the cluster if there is none. It is there whole or not at all.
pub(super) fn create(
    folder: &Folder,
    server: &Installed,
    durability: Durability,
) -> Result<(), Error> {
    let failed = |source| Error::Folder { folder: folder.path().to_owned(), source };
    remove_unfinished(folder.path()).map_err(failed)?;
    if folder.cluster().exists() {
        return Ok(());
    }
    let unfinished = folder.path().join(format!("{UNFINISHED}{}", std::process::id()));
    initdb(folder, server, durability, &unfinished)?;
    fs::rename(&unfinished, folder.cluster())
        .and_then(|()| File::open(folder.path())?.sync_all())
        .map_err(failed)
}

fn initdb(
    folder: &Folder,
    server: &Installed,
    durability: Durability,
    into: &Path,
) -> Result<(), Error> {
    let program = server.bin_dir.join("initdb");
    let mut command = folder.command(&program);
    command
        .arg("--pgdata")
        .arg(into)
        .args(["--username", NAME, "--auth", "trust", "--encoding", "UTF8"])
        .arg("--no-instructions")
        // The same order of texts everywhere; case of all letters where the system can do it.
        .arg(if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--locale=C" });
    match durability {
        Durability::Durable => {}
        Durability::Fast => {
            command.arg("--no-sync");
        }
    }
    let output = command.output().map_err(|source| Error::Program { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::NotMade {
        folder: folder.path().to_owned(),
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Stops a server that outlived its program, and makes Postgres forget one that is long gone.
/// Says whether there was any trace of one: its sessions may then hold the data a little longer.
pub(super) fn clear_leftovers(folder: &Folder) -> io::Result<bool> {
    let left = folder.postmaster();
    // We hold the folder's lock, so a server that answers here has lost its program.
    if UnixStream::connect(folder.socket()).is_ok() {
        if let Some(left) = left {
            tracing::info!("Stopping the Postgres of an earlier run (process {})", left.pid);
            stop_orphan(folder, left.pid);
        }
        return Ok(true);
    }
    let was_locked = folder.forget_socket()?;
    if let Some(left) = left
        && is_somebody_else(left.pid, &folder.cluster())
    {
        folder.forget_postmaster()?;
    }
    Ok(left.is_some() || was_locked)
}

fn stop_orphan(folder: &Folder, pid: Pid) {
    for (force, limit) in [
        (Force::Fast, Duration::from_secs(20)),
        (Force::Immediate, Duration::from_secs(5)),
        (Force::Kill, Duration::from_secs(5)),
    ] {
        // It may be gone already: its watcher stops it too.
        let _ = kill_process(pid, force.signal());
        let began = Instant::now();
        while began.elapsed() < limit {
            let running = test_kill_process(pid).is_ok() && !is_dead(pid);
            let registered = folder.postmaster().is_some_and(|found| found.pid == pid);
            if !running || !registered {
                return;
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// Whether the process of this number certainly is not a server on `cluster`: it is dead and only
/// unburied, or the number went to another process. Without `/proc` nothing is certain.
fn is_somebody_else(pid: Pid, cluster: &Path) -> bool {
    is_dead(pid) || fs::read_link(proc_entry(pid, "cwd")).is_ok_and(|at_home| at_home != cluster)
}

/// Dead, but kept on the list because its parent does not ask (as in a container without init).
fn is_dead(pid: Pid) -> bool {
    // "42 (name, with anything in it) Z 1 …"
    fs::read_to_string(proc_entry(pid, "stat")).is_ok_and(|stat| {
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
    })
}

fn proc_entry(pid: Pid, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}
