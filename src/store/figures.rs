//! How many there are of what, for operators.

use std::time::Duration;

use super::{Error, Store};
use crate::onboarding::{ProblemCode, StepKind};

/// What operators watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    pub at_rest: Vec<AtRest>,
    /// A worker has them right now.
    pub driven: u64,
    /// A worker could take them, and none has.
    pub due: u64,
    /// How long the oldest of these has been due.
    pub oldest_due: Duration,
}

/// Onboardings that stand alike, counted together. What is running is in it only while no worker has
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtRest {
    pub status: String,
    /// Where they rest; none for what is live or about to be driven.
    pub step: Option<StepKind>,
    pub problem: Option<ProblemCode>,
    pub count: u64,
}

impl Store {
    /// From the tally and from indexes. Whoever shows it remembers it for a while.
    pub async fn figures(&self) -> Result<Figures, Error> {
        let mut tx = self.pool.begin().await?;
        // Planned for what there is now; see `app::connect`.
        sqlx::query!("SET LOCAL plan_cache_mode = force_custom_plan").execute(&mut *tx).await?;
        let groups = sqlx::query!(
            r#"
            SELECT p.status AS "status!", p.step AS "step!", p.problem_code AS "problem_code!",
                   sum(p.n)::bigint AS "count!"
            FROM (
                -- Where people stopped is another matter: what waits is counted together.
                SELECT status, step, CASE WHEN status <> 'waiting' THEN problem_code ELSE '' END
                           AS problem_code, count AS n
                FROM tally
                UNION ALL
                SELECT status, step, CASE WHEN status <> 'waiting' THEN problem_code ELSE '' END,
                       by_how_many
                FROM tally_change
                UNION ALL
                SELECT r.status, '', '', 1 FROM (SELECT DISTINCT blueprint_key FROM blueprint) b
                CROSS JOIN LATERAL (
                    SELECT o.status FROM onboarding o
                    WHERE o.blueprint_key = b.blueprint_key AND o.status = 'running'
                      AND o.rests_at = '' AND o.lease_token IS NULL
                ) r
            ) p
            GROUP BY p.status, p.step, p.problem_code
            HAVING sum(p.n) > 0
            "#
        )
        .fetch_all(&mut *tx)
        .await?;
        let now = self.clock.for_database();
        let queue = sqlx::query!(
            r#"
            SELECT (SELECT count(*) FROM onboarding WHERE lease_token IS NOT NULL) AS "leased!",
                   (SELECT count(*) FROM onboarding WHERE status <> 'live' AND due_at <= coalesce($1, now())) AS "due!",
                   coalesce(extract(epoch FROM coalesce($1, now()) - (
                       SELECT min(due_at) FROM onboarding
                       WHERE status <> 'live' AND due_at <= coalesce($1, now())
                   ))::float8, 0) AS "oldest!"
            "#,
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let at_rest = groups.into_iter().map(|group| AtRest {
            status: group.status,
            step: StepKind::parse(&group.step).filter(|step| *step != StepKind::Live),
            problem: ProblemCode::parse(&group.problem_code),
            count: count(group.count),
        });
        Ok(Figures {
            at_rest: at_rest.collect(),
            driven: count(queue.leased),
            due: count(queue.due),
            oldest_due: Duration::try_from_secs_f64(queue.oldest).unwrap_or_default(),
        })
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
