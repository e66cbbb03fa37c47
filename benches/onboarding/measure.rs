//! What is read off the machine and off Postgres.

use std::time::{Duration, Instant};

use gangway::ids::OnboardingId;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// Looks at the database past the store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Meter(PgPool);

impl Meter {
    pub(crate) async fn open(options: PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        sqlx::query("CREATE TABLE IF NOT EXISTS bench_commit (n bigint)")
            .execute(&pool)
            .await
            .unwrap();
        Self(pool)
    }

    /// Bytes of WAL since the beginning of time.
    pub(crate) async fn wal(&self) -> f64 {
        sqlx::query_scalar("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8")
            .fetch_one(&self.0)
            .await
            .unwrap()
    }

    /// For what is not measured.
    pub(crate) async fn run(&self, statement: &str) {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&self.0).await.unwrap();
    }

    /// So many onboardings that nobody started.
    pub(crate) async fn fill(&self, count: i64) {
        self.run(
            "INSERT INTO blueprint SELECT 'rare', 1, document, published_at FROM blueprint
             WHERE blueprint_key = 'bench' AND version = 1 ON CONFLICT DO NOTHING",
        )
        .await;
        sqlx::query(include_str!("fill.sql")).bind(count).execute(&self.0).await.unwrap();
        self.run("VACUUM ANALYZE").await;
        self.run("CHECKPOINT").await;
    }

    /// Transactions of all sessions so far.
    pub(crate) async fn statements(&self) -> f64 {
        self.counted("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()").await
    }

    /// Rows and index entries that were looked at so far.
    pub(crate) async fn rows_read(&self) -> f64 {
        self.counted("SELECT tup_returned + tup_fetched FROM pg_stat_database WHERE datname = current_database()").await
    }

    async fn counted(&self, query: &'static str) -> f64 {
        let count: i64 = sqlx::query_scalar(query).fetch_one(&self.0).await.unwrap();
        count as f64
    }

    /// Onboardings made after `after` that are under way.
    pub(crate) async fn not_live(&self, after: OnboardingId) -> i64 {
        let query = "SELECT count(*) FROM onboarding WHERE onboarding_id > $1 AND status <> 'live'";
        sqlx::query_scalar(query).bind(after.0).fetch_one(&self.0).await.unwrap()
    }

    /// Milliseconds of one small durable commit, the median of `times`.
    pub(crate) async fn one_commit(&self, times: usize) -> f64 {
        let mut took = Vec::with_capacity(times);
        for n in 0..i64::try_from(times).unwrap() {
            let began = Instant::now();
            sqlx::query("INSERT INTO bench_commit VALUES ($1)")
                .bind(n)
                .execute(&self.0)
                .await
                .unwrap();
            took.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        percentile(&took, 0.5)
    }

    /// Waits until so many of those made after `after` are live.
    pub(crate) async fn wait_for_live(&self, after: OnboardingId, count: usize) {
        self.wait_for_live_but(after, count, "").await;
    }

    async fn is_any_under_way(&self, after: OnboardingId, but: &str) -> bool {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM (
                 SELECT status, tenant_id FROM onboarding WHERE onboarding_id > $1
                 ORDER BY onboarding_id DESC) newest
             WHERE status <> 'live' AND tenant_id NOT LIKE $2)",
        )
        .bind(after.0)
        .bind(but)
        .fetch_one(&self.0)
        .await
        .unwrap()
    }

    /// As `wait_for_live`, without the tenants whose name is like that.
    pub(crate) async fn wait_for_live_but(&self, after: OnboardingId, count: usize, but: &str) {
        // Counting them all costs as much as some of the work; the first that is not live is soon found.
        while self.is_any_under_way(after, but).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        loop {
            let live: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM onboarding
                 WHERE onboarding_id > $1 AND status = 'live' AND tenant_id NOT LIKE $2",
            )
            .bind(after.0)
            .bind(but)
            .fetch_one(&self.0)
            .await
            .unwrap();
            if live >= i64::try_from(count).unwrap() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Milliseconds from start to live of each one made after `after`.
    pub(crate) async fn latencies(&self, after: OnboardingId) -> Vec<f64> {
        self.latencies_but(after, "").await
    }

    /// As `latencies`, without the tenants whose name is like that.
    pub(crate) async fn latencies_but(&self, after: OnboardingId, but: &str) -> Vec<f64> {
        sqlx::query_scalar(
            "SELECT extract(epoch FROM since - created_at)::float8 * 1000
             FROM onboarding WHERE onboarding_id > $1 AND status = 'live' AND tenant_id NOT LIKE $2",
        )
        .bind(after.0)
        .bind(but)
        .fetch_all(&self.0)
        .await
        .unwrap()
    }
}

/// The value below which that part of all values lies.
pub(crate) fn percentile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    let place = ((values.len() - 1) as f64 * part).round() as usize;
    values[place]
}

/// CPU time of this process so far; nothing where the kernel has no `/proc`.
pub(crate) fn cpu() -> Duration {
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else { return Duration::ZERO };
    // Fields 14 and 15, counted after the name, which may hold blanks; in hundredths of a second.
    let after_name = stat.rsplit(')').next().unwrap();
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// MiB that this process keeps in memory now; nothing where the kernel has no `/proc`.
pub(crate) fn memory() -> f64 {
    kept("VmRSS:")
}

/// The most that it ever kept.
pub(crate) fn most_memory() -> f64 {
    kept("VmHWM:")
}

fn kept(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
