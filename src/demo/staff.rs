//! Somebody who may use the demo's console.

use std::path::Path;

use super::{Error, kept_chance};
use crate::secret::{Secret, hash_password, is_password};
use crate::store::{Actor, NewStaff, Role, StaffError, Store};

/// Under which address one signs in.
pub(super) const EMAIL: &str = "support@demo.example";
/// The file in the demo's folder that the password stands in.
const PASSWORD: &str = "console-password";

/// The same person with the same password at each start; gives the password, to be shown.
pub(super) async fn prepare(store: &Store, data_dir: &Path) -> Result<String, Error> {
    let text = kept_chance(data_dir, PASSWORD)?;
    let password = Secret::from(text.as_str());
    let known = store.find_staff(EMAIL).await?;
    if known.as_ref().is_some_and(|(_, hash)| is_password(&password, Some(hash))) {
        return Ok(text);
    }
    let actor = Actor { name: "demo".to_owned(), staff: None };
    let password_hash = hash_password(&password).ok_or(Error::Own("console password"))?;
    let done = if known.is_some() {
        store.set_password(EMAIL, &password_hash, None, &actor).await
    } else {
        let (email, name) = (EMAIL.to_owned(), "Sam Support".to_owned());
        let new = NewStaff { email, name, role: Role::Admin, password_hash };
        store.add_staff(&new, &actor).await.map(drop)
    };
    match done {
        Ok(()) => Ok(text),
        Err(StaffError::Store(error)) => Err(error.into()),
        Err(
            StaffError::EmailTaken
            | StaffError::Unknown
            | StaffError::LastAdmin
            | StaffError::Disabled
            | StaffError::NoPassword,
        ) => Err(Error::Own("console account")),
    }
}
