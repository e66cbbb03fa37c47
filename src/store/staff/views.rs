//! Lists that somebody has saved under a name, for themselves or for all staff.

use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Act, Role, StaffMember, insert_act};
use crate::ids::{StaffId, ViewId};
use crate::store::{Error, Store};

/// A list under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    pub id: ViewId,
    pub owner: StaffId,
    pub owner_name: String,
    pub name: String,
    /// What stands behind the list's address.
    pub query: String,
    pub is_shared: bool,
}

impl SavedView {
    /// Longest name, in characters.
    pub const LONGEST_NAME: usize = 60;
    /// Longest query, in bytes.
    pub const LONGEST_QUERY: usize = 4000;
    /// Most of them for one person.
    pub const MOST: i64 = 50;

    /// For whoever is shown it: everybody, once it is shared.
    pub fn may_be_deleted_by(&self, member: &StaffMember) -> bool {
        self.owner == member.id || (self.is_shared && member.role == Role::Admin)
    }

    /// As the audit keeps it.
    fn told(&self) -> Value {
        json!({ "name": self.name, "query": self.query, "shared": self.is_shared })
    }
}

/// What is to be saved. It was checked: the query was written by the program.
#[derive(Debug, Clone)]
pub struct NewView {
    /// Which of the owner's views it is; otherwise the one of the same name, or a new one.
    pub instead_of: Option<ViewId>,
    pub name: String,
    pub query: String,
    pub is_shared: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error("another view of this owner has this name")]
    NameTaken,
    #[error("this owner has as many views as anybody may have")]
    TooMany,
    #[error("there is no such view for whoever asks")]
    Unknown,
    /// What all staff see is not a viewer's to change.
    #[error("sharing takes an operator")]
    NeedsOperator,
    /// Somebody else has shared it.
    #[error("it is somebody else's")]
    NotTheirs,
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<sqlx::Error> for ViewError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(|error| error.constraint()) {
            Some("saved_view_name_key") => Self::NameTaken,
            Some(_) | None => Self::Store(error.into()),
        }
    }
}

struct ViewRow {
    view_id: Uuid,
    staff_id: Uuid,
    owner_name: String,
    name: String,
    query: String,
    is_shared: bool,
}

impl From<ViewRow> for SavedView {
    fn from(row: ViewRow) -> Self {
        Self {
            id: ViewId(row.view_id),
            owner: StaffId(row.staff_id),
            owner_name: row.owner_name,
            name: row.name,
            query: row.query,
            is_shared: row.is_shared,
        }
    }
}

impl Store {
    /// What is shown to this member: their own by name, then what others have shared.
    pub async fn list_views(&self, member: StaffId) -> Result<Vec<SavedView>, Error> {
        let asking = sqlx::query_as!(
            ViewRow,
            "SELECT v.view_id, v.staff_id, m.name AS owner_name, v.name, v.query, v.is_shared
             FROM saved_view v JOIN staff m ON m.staff_id = v.staff_id
             WHERE v.staff_id = $1 OR v.is_shared
             ORDER BY v.staff_id <> $1, lower(v.name), v.view_id LIMIT 500",
            member.0,
        )
        .fetch_all(&self.pool);
        Ok(self.within(asking).await?.into_iter().map(SavedView::from).collect())
    }

    /// Saves a list under a name, anew or over the one that is there.
    pub async fn save_view(&self, owner: &StaffMember, new: &NewView) -> Result<(), ViewError> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            let before = find_own(&mut tx, owner, new).await?;
            let after = SavedView {
                id: before.as_ref().map_or_else(|| ViewId(Uuid::now_v7()), |before| before.id),
                owner: owner.id,
                owner_name: owner.name.clone(),
                name: new.name.clone(),
                query: new.query.clone(),
                is_shared: new.is_shared,
            };
            let was_shared = before.as_ref().is_some_and(|before| before.is_shared);
            let concerns_all = was_shared || after.is_shared;
            if concerns_all && owner.role < Role::Operator {
                return Err(ViewError::NeedsOperator);
            }
            // A form that was sent twice says nothing new.
            if before.as_ref() == Some(&after) {
                return Ok(());
            }
            sqlx::query!(
                "INSERT INTO saved_view (view_id, staff_id, name, query, is_shared, created_at,
                                         changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $6)
                 ON CONFLICT ON CONSTRAINT saved_view_pkey
                 DO UPDATE SET name = $3, query = $4, is_shared = $5, changed_at = $6",
                after.id.0,
                owner.id.0,
                after.name,
                after.query,
                after.is_shared,
                now,
            )
            .execute(&mut *tx)
            .await?;
            if concerns_all {
                let (before, told) = (before.map(|before| before.told()), Some(after.told()));
                let act = Act { before, after: told, ..Act::new("save_view", &after.name) };
                insert_act(&mut tx, &owner.actor(), &act, now).await?;
            }
            tx.commit().await?;
            Ok(())
        };
        self.within(work).await
    }

    /// By its owner; what is shared, by an administrator as well.
    pub async fn delete_view(&self, id: ViewId, member: &StaffMember) -> Result<(), ViewError> {
        let now = self.clock.now();
        let work = async {
            let mut tx = self.pool.begin().await?;
            let found = sqlx::query_as!(
                ViewRow,
                "SELECT v.view_id, v.staff_id, m.name AS owner_name, v.name, v.query, v.is_shared
                 FROM saved_view v JOIN staff m ON m.staff_id = v.staff_id
                 WHERE v.view_id = $1 AND (v.staff_id = $2 OR v.is_shared) FOR UPDATE OF v",
                id.0,
                member.id.0,
            )
            .fetch_optional(&mut *tx)
            .await?;
            let view = SavedView::from(found.ok_or(ViewError::Unknown)?);
            if !view.may_be_deleted_by(member) {
                return Err(ViewError::NotTheirs);
            }
            sqlx::query!("DELETE FROM saved_view WHERE view_id = $1", id.0)
                .execute(&mut *tx)
                .await?;
            if view.is_shared {
                let before = Some(view.told());
                let act = Act { before, ..Act::new("delete_view", &view.name) };
                insert_act(&mut tx, &member.actor(), &act, now).await?;
            }
            tx.commit().await?;
            Ok(())
        };
        self.within(work).await
    }
}

/// The view that is saved over, if there is one. One saving of an owner at a time: two that each find room
/// for one more could together be one too many.
async fn find_own(
    session: &mut PgConnection,
    owner: &StaffMember,
    new: &NewView,
) -> Result<Option<SavedView>, ViewError> {
    sqlx::query!("SELECT staff_id FROM staff WHERE staff_id = $1 FOR NO KEY UPDATE", owner.id.0)
        .fetch_one(&mut *session)
        .await?;
    let found = sqlx::query_as!(
        ViewRow,
        r#"SELECT view_id, staff_id, $4 AS "owner_name!", name, query, is_shared
         FROM saved_view
         WHERE staff_id = $1 AND (view_id = $2 OR ($2::uuid IS NULL AND name = $3))"#,
        owner.id.0,
        new.instead_of.map(|id| id.0),
        new.name,
        owner.name,
    )
    .fetch_optional(&mut *session)
    .await?;
    if found.is_none() {
        if new.instead_of.is_some() {
            return Err(ViewError::Unknown);
        }
        let count = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM saved_view WHERE staff_id = $1"#,
            owner.id.0
        )
        .fetch_one(session)
        .await?;
        if count >= SavedView::MOST {
            return Err(ViewError::TooMany);
        }
    }
    Ok(found.map(SavedView::from))
}
