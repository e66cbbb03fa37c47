//! Keeps what the server says, in a file that cannot grow without bound.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

/// A full file is put aside, over the one before: twice this much is kept at most.
const FULL: u64 = 4 * 1024 * 1024;
/// How much of the end is shown when the server does not start.
const TAIL: u64 = 2 * 1024;

/// Copies what the server says into the file at `path` until it says no more.
pub(super) fn keep(
    mut said: impl Read + Send + 'static,
    path: PathBuf,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("postgres-log".into()).spawn(move || {
        let mut buffer = [0; 8 * 1024];
        loop {
            match said.read(&mut buffer) {
                Ok(0) => break,
                // A full disk must not stop the reading: the server would wait for us.
                Ok(length) => {
                    let _ = append(&path, &buffer[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    })
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|file| file.len() > FULL) {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    File::options().create(true).append(true).open(path)?.write_all(bytes)
}

/// The end of the file, as far as it can be read.
pub(super) fn tail(path: &Path) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside_once() {
        let folder = std::env::temp_dir().join(format!("gangway-log-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("server.log");
        let chunk = vec![b'x'; 1024 * 1024];
        for _ in 0..12 {
            append(&path, &chunk).unwrap();
        }
        append(&path, b"the end").unwrap();
        let kept: u64 = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(kept <= 2 * (FULL + 1024 * 1024), "{kept}");
        assert!(tail(&path).ends_with("the end"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
