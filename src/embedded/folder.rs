//! The server's folder: where it is, whose it is, and who holds it.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, geteuid};
use sha2::{Digest as _, Sha256};

use crate::embedded::Error;

/// Part of the socket's name; nothing listens on a port of this number.
pub(super) const PORT: u16 = 5432;
/// The longest path that every system takes for a Unix socket (macOS: 104 bytes with the end mark).
const LONGEST_SOCKET: usize = 103;
/// Where the server goes when its user cannot enter the folder that was asked for.
const ELSEWHERE: &str = "/var/lib/gangway";

/// The folder, held by us alone until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    socket_dir: PathBuf,
    user: Option<User>,
    _lock: File,
}

/// Somebody to be when we are root, because Postgres refuses to be run by root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct User {
    uid: u32,
    gid: u32,
}

impl Folder {
    /// Makes the folder below `data_dir` if it is new, and takes hold of it.
    pub(super) fn open(data_dir: &Path) -> Result<Self, Error> {
        let user = unprivileged_user()?;
        let path = locate(data_dir, user)
            .map_err(|source| Error::Folder { folder: data_dir.to_owned(), source })?;
        let failed = |source| Error::Folder { folder: path.clone(), source };
        make_private(&path, user).map_err(failed)?;
        let lock = hold(&path)?;
        let socket_dir = socket_dir(&path, user).map_err(failed)?;
        Ok(Self { path, socket_dir, user, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.socket_dir.join(socket_name())
    }

    /// The cluster itself, in Postgres's sense of the word.
    pub(super) fn cluster(&self) -> PathBuf {
        self.path.join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// A command that runs as the server's user and sees nothing of our environment.
    pub(super) fn command(&self, program: &Path) -> Command {
        command_as(self.user, program, &self.path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.socket_dir != self.path {
            // Only an empty one goes: a server that still runs keeps its socket.
            let _ = fs::remove_dir(&self.socket_dir);
        }
    }
}

fn command_as(user: Option<User>, program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .current_dir(folder)
        .stdin(Stdio::null());
    if let Some(user) = user {
        // Taking another uid also drops all supplementary groups.
        command.gid(user.gid).uid(user.uid);
    }
    command
}

fn unprivileged_user() -> Result<Option<User>, Error> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    find_user(&users, "postgres")
        .or_else(|| find_user(&users, "nobody"))
        .ok_or(Error::NoUser)
        .map(Some)
}

fn find_user(passwd: &str, name: &str) -> Option<User> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let user = User { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? };
    (user.uid != 0).then_some(user)
}

fn locate(data_dir: &Path, user: Option<User>) -> io::Result<PathBuf> {
    fs::create_dir_all(data_dir)?;
    let data_dir = data_dir.canonicalize()?;
    let Some(user) = user else {
        return Ok(data_dir.join("postgres"));
    };
    // Starting a program in there is the one test that knows of every kind of permission.
    let can_enter = command_as(Some(user), Path::new("/bin/sh"), &data_dir)
        .args(["-c", "true"])
        .status()
        .is_ok_and(|status| status.success());
    if can_enter {
        return Ok(data_dir.join("postgres"));
    }
    fs::create_dir_all(ELSEWHERE)?;
    let folder = Path::new(ELSEWHERE).join(short_hash(&data_dir));
    tracing::info!(
        "The server's user cannot enter {}; its data is in {}",
        data_dir.display(),
        folder.display()
    );
    Ok(folder)
}

/// The folder exists, belongs to the server's user, and is closed to everybody else.
fn make_private(folder: &Path, user: Option<User>) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => match user {
            Some(user) => chown(folder, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder)?;
            let ours = [user.map_or(geteuid().as_raw(), |user| user.uid), geteuid().as_raw()];
            if !found.is_dir() || !ours.contains(&found.uid()) {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    format!("{} belongs to somebody else", folder.display()),
                ));
            }
            if let Some(user) = user {
                chown(folder, Some(user.uid), Some(user.gid))?;
            }
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        }
        Err(error) => Err(error),
    }
}

/// Locks the folder. The lock goes with our last breath, so it is never stale.
fn hold(folder: &Path) -> Result<File, Error> {
    let failed = |source| Error::Folder { folder: folder.to_owned(), source };
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join("lock"))
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)
                .and_then(|()| write!(file, "process {}", std::process::id()))
                .map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            if holder.is_empty() {
                holder.push_str("another process");
            }
            Err(Error::InUse { folder: folder.to_owned(), holder })
        }
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// The folder itself, unless the path of the socket in it would be too long for the system, or
/// has a comma, which Postgres's own clients take for the end of a name.
fn socket_dir(folder: &Path, user: Option<User>) -> io::Result<PathBuf> {
    let socket = folder.join(socket_name());
    let bytes = socket.as_os_str().as_bytes();
    if bytes.len() <= LONGEST_SOCKET && !bytes.contains(&b',') {
        return Ok(folder.to_owned());
    }
    let short = Path::new("/tmp").join(format!("gangway-{}", short_hash(folder)));
    make_private(&short, user)?;
    Ok(short)
}

fn socket_name() -> String {
    format!(".s.PGSQL.{PORT}")
}

fn short_hash(path: &Path) -> String {
    use std::fmt::Write as _;

    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What the server's own `postmaster.pid` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: Pid,
    pub(super) ready: bool,
}

impl Folder {
    fn pid_file(&self) -> PathBuf {
        self.cluster().join("postmaster.pid")
    }

    pub(super) fn postmaster(&self) -> Option<Postmaster> {
        parse_pid_file(&fs::read_to_string(self.pid_file()).ok()?)
    }

    /// Makes Postgres forget the process in its pid file, and only that. The line about shared
    /// memory stays: by it, Postgres knows whether old sessions still hold the data.
    pub(super) fn forget_postmaster(&self) -> io::Result<()> {
        let text = fs::read_to_string(self.pid_file())?;
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        // Larger than any process number can be.
        fs::write(self.pid_file(), format!("{}\n{rest}", i32::MAX))
    }

    /// Removes the lock of a socket that nobody answers, and says whether there was one. It
    /// names a process too, but protects nothing: the data has the pid file for that.
    pub(super) fn forget_socket(&self) -> io::Result<bool> {
        let lock = self.socket_dir.join(format!("{}.lock", socket_name()));
        match fs::remove_file(lock) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn parse_pid_file(text: &str) -> Option<Postmaster> {
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.trim().parse().ok().filter(|pid| *pid > 0)?)?;
    let ready = lines.nth(6).is_some_and(|state| state.trim() == "ready");
    Some(Postmaster { pid, ready })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_says_who_and_whether() {
        let file = "42\n/data\n1700000000\n5432\n/run\n\n 1 2\nready   \n";
        let pid = Pid::from_raw(42).unwrap();
        assert_eq!(parse_pid_file(file), Some(Postmaster { pid, ready: true }));
        let file = file.replace("ready   ", "starting");
        assert_eq!(parse_pid_file(&file), Some(Postmaster { pid, ready: false }));
        assert_eq!(parse_pid_file("42\n/data\n"), Some(Postmaster { pid, ready: false }));
        for broken in ["", "\n", "-42\n", "0\n", "x\n"] {
            assert_eq!(parse_pid_file(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_user_is_found_by_its_whole_name_and_is_never_root() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:\npostgres:x:5:6::/:\n";
        assert_eq!(find_user(users, "postgres"), Some(User { uid: 5, gid: 6 }));
        assert_eq!(find_user(users, "root"), None);
        assert_eq!(find_user(users, "nobody"), None);
    }
}
