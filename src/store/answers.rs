//! Answers already given.

use super::start::find_answer;
use super::{Answer, IdempotencyKey, StartError, Store};

impl Store {
    /// The answer that was given to this request before. For a repetition that would be refused
    /// today: it is answered as it was, unless the key was used for another request.
    pub async fn find_answer(&self, key: &IdempotencyKey) -> Result<Option<Answer>, StartError> {
        self.within(async {
            let mut tx = self.pool.begin().await?;
            find_answer(&mut tx, key).await
        })
        .await
    }
}
