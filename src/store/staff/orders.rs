//! Taking somebody on, changing what they may, setting their password.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Act, Actor, Role, StaffMember, StaffRow, insert_act};
use crate::ids::{StaffId, StaffSessionId};
use crate::secret::{ExposeSecret as _, Secret};
use crate::store::{Error, Store};

/// Somebody who is to use the console.
#[derive(Debug)]
pub struct NewStaff {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub password_hash: Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffChange {
    Role(Role),
    Disable,
    Enable,
}

#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    #[error("somebody has this address already")]
    EmailTaken,
    #[error("there is nobody of this name")]
    Unknown,
    /// Somebody has to be able to see to staff.
    #[error("this is the last administrator")]
    LastAdmin,
    #[error("they are not to come in any more")]
    Disabled,
    #[error("they sign in by single sign-on and have no password here")]
    NoPassword,
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<sqlx::Error> for StaffError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|error| error.constraint()) {
            Some("staff_email_key") => Self::EmailTaken,
            Some(_) | None => Self::Store(error.into()),
        }
    }
}

impl Store {
    pub async fn add_staff(
        &self,
        new: &NewStaff,
        actor: &Actor,
    ) -> Result<StaffMember, StaffError> {
        let now = self.clock.now();
        let member = StaffMember {
            id: StaffId(Uuid::now_v7()),
            email: new.email.to_lowercase(),
            name: new.name.clone(),
            role: new.role,
            created_at: now,
            disabled_at: None,
            identity: None,
        };
        let work = async {
            let mut tx = self.pool.begin().await?;
            sqlx::query!(
                "INSERT INTO staff (staff_id, email, name, role, password_hash, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                member.id.0,
                member.email,
                member.name,
                member.role.name(),
                new.password_hash.expose_secret(),
                now,
            )
            .execute(&mut *tx)
            .await?;
            let after = Some(json!({ "role": member.role.name() }));
            let act = Act { after, ..Act::new("add_staff", &member.email) };
            insert_act(&mut tx, actor, &act, now).await?;
            tx.commit().await
        };
        self.within(work).await?;
        Ok(member)
    }

    /// Holds at their next request.
    pub async fn change_staff(
        &self,
        email: &str,
        change: StaffChange,
        actor: &Actor,
    ) -> Result<StaffMember, StaffError> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await.map_err(StaffError::from)?;
            let before = lock(&mut tx, email).await?;
            let mut after = before.clone();
            match change {
                StaffChange::Role(role) => after.role = role,
                StaffChange::Disable => after.disabled_at = Some(before.disabled_at.unwrap_or(now)),
                StaffChange::Enable => after.disabled_at = None,
            }
            sqlx::query!(
                "UPDATE staff SET role = $2, disabled_at = $3 WHERE staff_id = $1",
                after.id.0,
                after.role.name(),
                after.disabled_at,
            )
            .execute(&mut *tx)
            .await?;
            some_admin_is_left(&mut tx).await?;
            let told = |member: &StaffMember| {
                Some(json!({
                    "role": member.role.name(), "disabled": member.disabled_at.is_some()
                }))
            };
            let act = Act {
                before: told(&before),
                after: told(&after),
                ..Act::new("change_staff", &after.email)
            };
            insert_act(&mut tx, actor, &act, now).await?;
            tx.commit().await?;
            Ok(after)
        };
        self.within(work).await
    }

    /// Their other sessions end: whoever knew the old password is out.
    pub async fn set_password(
        &self,
        email: &str,
        hash: &Secret,
        except: Option<StaffSessionId>,
        actor: &Actor,
    ) -> Result<(), StaffError> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await.map_err(StaffError::from)?;
            let member = lock(&mut tx, email).await?;
            if member.identity.is_some() {
                return Err(StaffError::NoPassword);
            }
            sqlx::query!(
                "UPDATE staff SET password_hash = $2 WHERE staff_id = $1",
                member.id.0,
                hash.expose_secret(),
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query!(
                "DELETE FROM staff_session WHERE staff_id = $1 AND session_id IS DISTINCT FROM $2",
                member.id.0,
                except.map(|id| id.0),
            )
            .execute(&mut *tx)
            .await?;
            insert_act(&mut tx, actor, &Act::new("set_password", &member.email), now).await?;
            tx.commit().await?;
            Ok(())
        };
        self.within(work).await
    }
}

/// One change to staff at a time: two that each leave an administrator could together leave none.
pub(super) async fn lock_admins(session: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT staff_id FROM staff WHERE role = 'admin' ORDER BY staff_id FOR UPDATE")
        .fetch_all(session)
        .await?;
    Ok(())
}

pub(super) async fn some_admin_is_left(session: &mut PgConnection) -> Result<(), StaffError> {
    let admins = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM staff WHERE role = 'admin' AND disabled_at IS NULL"#
    )
    .fetch_one(session)
    .await?;
    if admins == 0 { Err(StaffError::LastAdmin) } else { Ok(()) }
}

async fn lock(session: &mut PgConnection, email: &str) -> Result<StaffMember, StaffError> {
    lock_admins(session).await?;
    let row = sqlx::query_as!(
        StaffRow,
        "SELECT staff_id, email, name, role, created_at, disabled_at, issuer, subject FROM staff
         WHERE email = $1 FOR UPDATE",
        email.to_lowercase(),
    )
    .fetch_optional(session)
    .await?;
    Ok(row.ok_or(StaffError::Unknown)?.read()?)
}
