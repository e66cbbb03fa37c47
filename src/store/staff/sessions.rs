//! Browsers that staff have signed in with.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Act, Actor, StaffMember, StaffRow, insert_act};
use crate::ids::{StaffId, StaffSessionId};
use crate::secret::digest;
use crate::store::{Error, Store};

/// Without a request for so long, it is over.
const IDLE: TimeDelta = TimeDelta::hours(2);
/// The end, however busy it is.
const LIFE: TimeDelta = TimeDelta::hours(12);
/// How far behind `seen_at` may be: not every look at a page is a write.
const SEEN_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// A session that is good right now.
#[derive(Debug, Clone)]
pub struct StaffSession {
    pub id: StaffSessionId,
    pub member: StaffMember,
    pub browser: String,
    pub created_at: DateTime<Utc>,
    /// Behind by a minute at most.
    pub seen_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// When they last proved who they are: typed the password, or signed in at the provider.
    pub proven_at: DateTime<Utc>,
}

/// A sign-in that went well.
#[derive(Debug)]
pub struct NewSession<'a> {
    pub member: &'a StaffMember,
    /// What the cookie holds; kept as a digest.
    pub token: &'a str,
    /// As the browser names itself.
    pub browser: &'a str,
    /// A session that this browser had before: it ends.
    pub instead_of: Option<&'a str>,
    /// When they proved who they are, which at a provider may be long ago.
    pub proven_at: DateTime<Utc>,
}

impl Store {
    pub async fn open_session(&self, new: NewSession<'_>) -> Result<(), Error> {
        let now = self.clock.now();
        let browser: String = new.browser.chars().filter(|c| !c.is_control()).take(200).collect();
        let work = async {
            let mut tx = self.pool.begin().await?;
            sqlx::query!(
                "DELETE FROM staff_session WHERE token_digest = $1 OR ends_at < $2",
                new.instead_of.map(digest).unwrap_or_default(),
                now,
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query!(
                "INSERT INTO staff_session (token_digest, staff_id, session_id, browser, created_at,
                                            seen_at, proven_at, ends_at)
                 VALUES ($1, $2, $3, $4, $5, $5, $7, $6)",
                digest(new.token),
                new.member.id.0,
                Uuid::now_v7(),
                browser,
                now,
                now + LIFE,
                new.proven_at.min(now),
            )
            .execute(&mut *tx)
            .await?;
            let act = Act::new("sign_in", &new.member.email);
            insert_act(&mut tx, &new.member.actor(), &act, now).await?;
            tx.commit().await
        };
        Ok(self.within(work).await?)
    }

    /// The session that the token opens, if it is neither over nor its owner's last.
    pub async fn find_session(&self, token: &str) -> Result<Option<StaffSession>, Error> {
        let now = self.clock.now();
        let token = digest(token);
        let asking = sqlx::query!(
            "SELECT s.session_id, s.browser, s.created_at, s.seen_at, s.ends_at, s.proven_at,
                    m.staff_id, m.email, m.name, m.role, m.created_at AS member_since,
                    m.issuer, m.subject
             FROM staff_session s JOIN staff m ON m.staff_id = s.staff_id
             WHERE s.token_digest = $1 AND s.ends_at > $2 AND s.seen_at > $3
               AND m.disabled_at IS NULL",
            token,
            now,
            now - IDLE,
        )
        .fetch_optional(&self.pool);
        let Some(row) = self.within(asking).await? else { return Ok(None) };
        if now - row.seen_at >= SEEN_AGAIN {
            let work = sqlx::query!(
                "UPDATE staff_session SET seen_at = greatest(seen_at, $2) WHERE token_digest = $1",
                token,
                now
            );
            self.within(work.execute(&self.pool)).await?;
        }
        let member = StaffRow {
            staff_id: row.staff_id,
            email: row.email,
            name: row.name,
            role: row.role,
            created_at: row.member_since,
            disabled_at: None,
            issuer: row.issuer,
            subject: row.subject,
        };
        Ok(Some(StaffSession {
            id: StaffSessionId(row.session_id),
            member: member.read()?,
            browser: row.browser,
            created_at: row.created_at,
            seen_at: row.seen_at,
            ends_at: row.ends_at,
            proven_at: row.proven_at,
        }))
    }

    /// Its owner has just proven again who they are.
    pub async fn prove_session(&self, id: StaffSessionId) -> Result<(), Error> {
        let work = sqlx::query!(
            "UPDATE staff_session SET proven_at = $2 WHERE session_id = $1",
            id.0,
            self.clock.now()
        );
        self.within(work.execute(&self.pool)).await?;
        Ok(())
    }

    /// Somebody's sessions that are not over, newest first: id, browser, beginning, last look.
    pub async fn list_sessions(
        &self,
        staff: StaffId,
    ) -> Result<Vec<(StaffSessionId, String, DateTime<Utc>, DateTime<Utc>)>, Error> {
        let now = self.clock.now();
        let asking = sqlx::query!(
            "SELECT session_id, browser, created_at, seen_at FROM staff_session
             WHERE staff_id = $1 AND ends_at > $2 AND seen_at > $3
             ORDER BY created_at DESC LIMIT 100",
            staff.0,
            now,
            now - IDLE,
        )
        .fetch_all(&self.pool);
        let rows = self.within(asking).await?.into_iter();
        Ok(rows
            .map(|row| (StaffSessionId(row.session_id), row.browser, row.created_at, row.seen_at))
            .collect())
    }

    /// Ends a session of this member. Says whether there was one.
    pub async fn end_session(
        &self,
        owner: &StaffMember,
        id: StaffSessionId,
        actor: &Actor,
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            let gone = sqlx::query!(
                "DELETE FROM staff_session WHERE session_id = $1 AND staff_id = $2",
                id.0,
                owner.id.0,
            )
            .execute(&mut *tx)
            .await?;
            if gone.rows_affected() == 0 {
                return Ok(false);
            }
            insert_act(&mut tx, actor, &Act::new("sign_out", &owner.email), now).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(true)
        };
        Ok(self.within(work).await?)
    }
}
