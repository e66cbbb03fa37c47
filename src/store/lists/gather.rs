//! All that match, for orders to many.

use std::collections::HashSet;

use super::Filter;
use super::picks::{Match, Picks, check, pick};

use crate::ids::OnboardingId;
use crate::store::{Error, Sight, Store};

/// Onboardings looked at together.
const AT_ONCE: usize = 5000;

impl Store {
    /// All that match at one moment, oldest first.
    pub async fn gather(&self, filter: &Filter, sight: &Sight) -> Result<Vec<OnboardingId>, Error> {
        self.within(async {
            let mut tx = self.snapshot().await?;
            let mut ids = Vec::new();
            let show = |found: &Match| ids.push(OnboardingId(found.id));
            self.visit_matching(&mut tx, (filter, sight), AT_ONCE, show).await?;
            tx.rollback().await?;
            ids.sort_unstable();
            // An onboarding that was picked may stand in a stretch as well.
            ids.dedup();
            Ok(ids)
        })
        .await
    }

    /// Those of these that match now, with the version in which they do.
    pub async fn still_matching(
        &self,
        ids: &[OnboardingId],
        filter: &Filter,
        sight: &Sight,
    ) -> Result<Vec<(OnboardingId, i64)>, Error> {
        self.within(async {
            let mut tx = self.snapshot().await?;
            let asked = self.ask(&mut tx, filter, sight).await?;
            let Picks { only, beginning } = pick(&mut tx, &asked).await?;
            let only = only.map(HashSet::<_>::from_iter);
            let wanted = ids.iter().map(|id| id.0);
            let wanted = wanted.filter(|id| only.as_ref().is_none_or(|only| only.contains(id)));
            let wanted: Vec<_> = wanted.collect();
            let found = check(&mut tx, &asked, &wanted, beginning.as_deref()).await?;
            tx.rollback().await?;
            Ok(found.iter().map(|found| (OnboardingId(found.id), found.version)).collect())
        })
        .await
    }
}
