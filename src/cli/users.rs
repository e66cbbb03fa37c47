//! `gangway user …`: who may use the console, before there is anybody who could say so there.

use clap::Subcommand;

use crate::secret::{ExposeSecret as _, Secret, hash_password, random_token};
use crate::store::{Actor, NewStaff, Role, StaffChange, StaffError, StaffMember, Store};

use super::harmless;

/// Characters of a password that is made here: 144 bits of chance.
const LENGTH: usize = 24;

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Let somebody use the console, and print their first password. It is not shown again.
    Create {
        email: String,
        /// As others see them; the address if left out.
        #[arg(long)]
        name: Option<String>,
        /// viewer (looks), operator (repairs onboardings) or admin (sees to staff as well).
        #[arg(long, value_parser = parse_role)]
        role: Role,
    },
    /// List everybody: address, role, since when, name.
    List,
    /// Give somebody another password and print it. Their browsers are signed out.
    Password { email: String },
    /// Let somebody in no more, from the next request on.
    Disable { email: String },
    /// Let them in again.
    Enable { email: String },
}

fn parse_role(name: &str) -> Result<Role, String> {
    let known = Role::ALL.map(Role::name).join(", ");
    Role::parse(name).ok_or_else(|| format!("it is none of {known}"))
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{0} is not an e-mail address")]
    NoAddress(String),
    #[error("there is not enough memory to keep a password safely")]
    NoMemory,
    #[error(transparent)]
    Staff(#[from] StaffError),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

/// What is to be printed.
pub async fn manage(store: &Store, command: UserCommand) -> Result<Vec<String>, Refused> {
    let actor = Actor { name: "command line".to_owned(), staff: None };
    Ok(match command {
        UserCommand::Create { email, name, role } => {
            let fits =
                email.contains('@') && !email.chars().any(|c| c.is_whitespace() || c.is_control());
            if !fits {
                return Err(Refused::NoAddress(harmless(&email)));
            }
            let name = name.unwrap_or_else(|| email.clone());
            let (password, password_hash) = make_password()?;
            store.add_staff(&NewStaff { email, name, role, password_hash }, &actor).await?;
            vec![password.expose_secret().to_owned()]
        }
        UserCommand::List => store.list_staff().await?.iter().map(line).collect(),
        UserCommand::Password { email } => {
            let (password, hash) = make_password()?;
            store.set_password(&email, &hash, None, &actor).await?;
            vec![password.expose_secret().to_owned()]
        }
        UserCommand::Disable { email } => {
            vec![line(&store.change_staff(&email, StaffChange::Disable, &actor).await?)]
        }
        UserCommand::Enable { email } => {
            vec![line(&store.change_staff(&email, StaffChange::Enable, &actor).await?)]
        }
    })
}

/// A password that nobody thought of, and what is kept of it.
pub fn make_password() -> Result<(Secret, Secret), Refused> {
    let password: String = random_token().chars().take(LENGTH).collect();
    let password = Secret::from(password);
    let hash = hash_password(&password).ok_or(Refused::NoMemory)?;
    Ok((password, hash))
}

/// Address, role, since when, name, with two blanks in between.
fn line(member: &StaffMember) -> String {
    let since = member.created_at.format("%Y-%m-%d");
    let end = if member.disabled_at.is_some() { "  disabled" } else { "" };
    let line = format!("{}  {}  {since}{end}  {}", member.email, member.role.name(), member.name);
    harmless(&line)
}
