//! `gangway replay`: a private Postgres for as long as it takes, and what it came to.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Error, History, Verdict, replay};
use crate::embedded::{self, Durability, Embedded};

#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// What `gangway export` has written.
    pub file: PathBuf,
    /// Say what it came to as JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the private Postgres keeps its files meanwhile; they are removed at the end.
    #[arg(long, default_value = ".gangway/replay")]
    pub data_dir: PathBuf,
}

/// It did not come to the same, or could not be played: that was told already.
#[derive(Debug, thiserror::Error)]
#[error("the history did not come to the same")]
pub struct Unlike(pub u8);

/// What it came to, once it was played.
pub async fn run(options: &Options, out: &mut impl Write) -> Result<Result<(), Unlike>, Error> {
    let history = History::parse(&read(&options.file)?)?;
    let folder = options.data_dir.join(uuid::Uuid::new_v4().to_string());
    let settings = embedded::Settings { data_dir: folder.clone(), durability: Durability::Fast };
    make(&folder)?;
    let private = Embedded::start(settings).await?;
    let played = replay(&history, private.connect_options()).await;
    let files = private.folder().to_owned();
    private.stop().await;
    // What stays behind is of no use, and no reason to fail.
    drop((std::fs::remove_dir_all(files), std::fs::remove_dir_all(folder)));
    let verdict = played?;
    say(&verdict, options.json, out);
    Ok(match verdict.exit_code() {
        0 => Ok(()),
        code => Err(Unlike(code)),
    })
}

/// Nobody reading is no failure: the exit code says it as well.
fn say(verdict: &Verdict, json: bool, out: &mut impl Write) {
    if json {
        drop(writeln!(out, "{}", verdict.to_json()));
    } else {
        verdict.tell().iter().for_each(|line| drop(writeln!(out, "{line}")));
    }
}

fn read(file: &Path) -> Result<String, Error> {
    let unread = |source| Error::File { path: file.display().to_string(), source };
    std::fs::read_to_string(file).map_err(unread)
}

fn make(folder: &Path) -> Result<(), Error> {
    let unmade = |source| Error::File { path: folder.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(unmade)
}
