//! The file in which the world survives a restart.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use super::world::World;

/// Raised when the stored shape changes; an older file is then refused by name.
const FORMAT: u32 = 1;

#[derive(Debug)]
pub(super) struct Keeper(PathBuf);

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    world: &'a World,
}

#[derive(Deserialize)]
struct Read {
    format: u32,
    world: World,
}

impl Keeper {
    pub(super) fn new(file: PathBuf) -> Self {
        Self(file)
    }

    /// None when there is no file yet.
    pub(super) fn load(&self) -> Result<Option<World>, Error> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(Error::Unreadable { file: self.0.clone(), source });
            }
        };
        let damaged = |why: String| Error::Damaged { file: self.0.clone(), why };
        let read: Read =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if read.format != FORMAT {
            return Err(damaged(format!("it has format {}, not {FORMAT}", read.format)));
        }
        Ok(Some(read.world))
    }

    /// Replaces the file as a whole: a reader, or a restart after a crash, sees the old world or
    /// the new one.
    pub(super) fn save(&self, world: &World) -> io::Result<()> {
        if let Some(folder) = self.0.parent().filter(|folder| *folder != Path::new("")) {
            fs::create_dir_all(folder)?;
        }
        let beside = self.0.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(&Written { format: FORMAT, world })?)?;
        // Without this a power cut could leave the new name on an empty file.
        file.sync_data()?;
        fs::rename(&beside, &self.0)
    }
}
