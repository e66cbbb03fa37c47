//! The people who use the console: who they are and what they may, how they came, their sessions, their failed
//! tries at signing in, the lists they have saved, and what they did.
//!
//! What always holds:
//! - What somebody does to staff, sessions or what all staff see stands in the audit, written in the same
//!   transaction.
//! - There is always an administrator who can come in: the last one is neither disabled nor lowered.
//! - An account is opened in one way: by a password that is kept here as a hash, or by a provider of identities.

mod arrivals;
mod audit;
mod failures;
mod orders;
mod sessions;
mod views;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use arrivals::Arrival;
pub(super) use audit::insert as insert_act;
pub use audit::{Act, Actor, AuditFilter, AuditLine, AuditPage};
pub use failures::Bucket;
pub use orders::{NewStaff, StaffChange, StaffError};
pub use sessions::{NewSession, StaffSession};
pub use views::{NewView, SavedView, ViewError};

use super::{Error, Store};
use crate::ids::StaffId;
use crate::secret::Secret;

/// What somebody may do. Each may what the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks, and changes nothing.
    Viewer,
    /// Repairs onboardings.
    Operator,
    /// Sees to staff as well.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// As stored and as shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Somebody who may use the console, without what opens the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    pub id: StaffId,
    /// In lower case.
    pub email: String,
    pub name: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Who proves them; `None` for a local account, which has a password.
    pub identity: Option<Identity>,
}

/// Somebody as a provider of identities knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
}

impl StaffMember {
    /// As the timeline and the audit name them.
    pub fn actor(&self) -> Actor {
        Actor { name: format!("staff:{}", self.email), staff: Some(self.id) }
    }
}

struct StaffRow {
    staff_id: Uuid,
    email: String,
    name: String,
    role: String,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
    issuer: Option<String>,
    subject: Option<String>,
}

impl StaffRow {
    fn read(self) -> Result<StaffMember, Error> {
        let role = Role::parse(&self.role);
        Ok(StaffMember {
            id: StaffId(self.staff_id),
            role: role.ok_or_else(|| Error::inconsistent("staff", "role", self.staff_id))?,
            email: self.email,
            name: self.name,
            created_at: self.created_at,
            disabled_at: self.disabled_at,
            identity: identity(self.issuer, self.subject),
        })
    }
}

/// One is not set without the other: the table holds that.
fn identity(issuer: Option<String>, subject: Option<String>) -> Option<Identity> {
    issuer.zip(subject).map(|(issuer, subject)| Identity { issuer, subject })
}

impl Store {
    /// Somebody who may come in with a password, and the hash that a password is held against.
    pub async fn find_staff(&self, email: &str) -> Result<Option<(StaffMember, Secret)>, Error> {
        let asking = sqlx::query!(
            r#"SELECT staff_id, email, name, role, created_at, disabled_at,
                      password_hash AS "password_hash!"
               FROM staff
               WHERE email = $1 AND disabled_at IS NULL AND password_hash IS NOT NULL"#,
            email.to_lowercase(),
        )
        .fetch_optional(&self.pool);
        let Some(row) = self.within(asking).await? else { return Ok(None) };
        let member = StaffRow {
            staff_id: row.staff_id,
            email: row.email,
            name: row.name,
            role: row.role,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
            issuer: None,
            subject: None,
        };
        Ok(Some((member.read()?, Secret::from(row.password_hash))))
    }

    /// Everybody who ever might, by address. There are few.
    pub async fn list_staff(&self) -> Result<Vec<StaffMember>, Error> {
        let asking = sqlx::query_as!(
            StaffRow,
            "SELECT staff_id, email, name, role, created_at, disabled_at, issuer, subject
             FROM staff ORDER BY email LIMIT 1000",
        )
        .fetch_all(&self.pool);
        self.within(asking).await?.into_iter().map(StaffRow::read).collect()
    }
}
