//! People whom a provider of identities has proven: taken on at first sight, and what they may follows what
//! the provider says at each sign-in.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::orders::{lock_admins, some_admin_is_left};
use super::{Act, Actor, Identity, Role, StaffError, StaffMember, StaffRow, insert_act};
use crate::ids::StaffId;
use crate::secret::digest;
use crate::store::{Error, Store};

/// Somebody who has come from the provider.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub identity: Identity,
    /// What they are called by if they are new; whoever is known keeps what they have.
    pub email: String,
    pub name: String,
    pub role: Role,
}

impl Store {
    /// The staff member that this is, made if there is none, with the role that was given. Nobody who is
    /// disabled, and nobody in the place of a local account.
    pub async fn admit(&self, arrival: &Arrival) -> Result<StaffMember, StaffError> {
        let now = self.clock.now();
        let actor = Actor { name: "single sign-on".to_owned(), staff: None };
        let work = async {
            let mut tx = self.pool.begin().await.map_err(StaffError::from)?;
            lock_admins(&mut tx).await?;
            let known = find(&mut tx, &arrival.identity).await?;
            let known = match known {
                None if insert(&mut tx, arrival, (&actor, now)).await? => None,
                // Somebody's two first sign-ins at one moment are one person.
                None => find(&mut tx, &arrival.identity).await?,
                known => known,
            };
            if let Some(known) = known {
                follow(&mut tx, known, arrival, (&actor, now)).await?;
            }
            let member = find(&mut tx, &arrival.identity).await?.ok_or(StaffError::Unknown)?;
            tx.commit().await?;
            Ok(member)
        };
        self.within(work).await
    }

    /// Whether this sign-in has not come back before. It has from now on.
    pub async fn spend_sign_in(&self, state: &str, ends_at: DateTime<Utc>) -> Result<bool, Error> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            sqlx::query!("DELETE FROM spent_sign_in WHERE ends_at < $1", now)
                .execute(&mut *tx)
                .await?;
            let spent = sqlx::query!(
                "INSERT INTO spent_sign_in (state_digest, ends_at) VALUES ($1, $2)
                 ON CONFLICT (state_digest) DO NOTHING",
                digest(state),
                ends_at,
            )
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(spent.rows_affected() == 1)
        };
        Ok(self.within(work).await?)
    }
}

async fn find(
    session: &mut PgConnection,
    identity: &Identity,
) -> Result<Option<StaffMember>, StaffError> {
    let row = sqlx::query_as!(
        StaffRow,
        "SELECT staff_id, email, name, role, created_at, disabled_at, issuer, subject FROM staff
         WHERE issuer = $1 AND subject = $2 FOR UPDATE",
        identity.issuer,
        identity.subject,
    )
    .fetch_optional(session)
    .await?;
    Ok(row.map(StaffRow::read).transpose()?)
}

/// Whether they were new. An address that somebody else has is refused.
async fn insert(
    session: &mut PgConnection,
    arrival: &Arrival,
    (actor, now): (&Actor, DateTime<Utc>),
) -> Result<bool, StaffError> {
    let email = arrival.email.to_lowercase();
    let inserted = sqlx::query!(
        "INSERT INTO staff (staff_id, email, name, role, issuer, subject, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT ON CONSTRAINT staff_identity_key DO NOTHING",
        Uuid::now_v7(),
        email,
        arrival.name,
        arrival.role.name(),
        arrival.identity.issuer,
        arrival.identity.subject,
        now,
    )
    .execute(&mut *session)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    let after = Some(json!({
        "role": arrival.role.name(),
        "issuer": arrival.identity.issuer,
        "subject": arrival.identity.subject,
    }));
    insert_act(session, actor, &Act { after, ..Act::new("add_staff", email) }, now).await?;
    Ok(true)
}

/// Brings somebody known to what the provider says now.
async fn follow(
    session: &mut PgConnection,
    known: StaffMember,
    arrival: &Arrival,
    (actor, now): (&Actor, DateTime<Utc>),
) -> Result<(), StaffError> {
    if known.disabled_at.is_some() {
        return Err(StaffError::Disabled);
    }
    if known.role == arrival.role && known.name == arrival.name {
        return Ok(());
    }
    let StaffId(id) = known.id;
    sqlx::query!(
        "UPDATE staff SET role = $2, name = $3 WHERE staff_id = $1",
        id,
        arrival.role.name(),
        arrival.name,
    )
    .execute(&mut *session)
    .await?;
    if known.role == Role::Admin {
        some_admin_is_left(session).await?;
    }
    if known.role != arrival.role {
        let told = |role: Role| Some(json!({ "role": role.name() }));
        let (before, after) = (told(known.role), told(arrival.role));
        let act = Act { before, after, ..Act::new("change_staff", known.email) };
        insert_act(session, actor, &act, now).await?;
    }
    Ok(())
}
