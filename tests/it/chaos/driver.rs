//! An integrator's backend: it asks with the same key until it is told that the start is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::stage::Stage;
use super::world::BLUEPRINTS;

/// A start that was answered with 2xx.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub(super) id: String,
    pub(super) tenant: String,
    pub(super) blueprint: &'static str,
}

pub(super) struct Driver {
    asking: JoinSet<Accepted>,
    allowed: Arc<Semaphore>,
    given: usize,
    onboardings: usize,
}

/// Starts at one of the processes, and goes round when that one does not answer.
struct Backend {
    http: Client,
    urls: Vec<String>,
    key: String,
    next: AtomicUsize,
}

impl Driver {
    /// Every fourth tenant has two onboardings, which share its account.
    pub(super) fn new(stage: &Stage, onboardings: usize) -> Self {
        let backend = Arc::new(Backend {
            http: client(),
            urls: stage.replicas.iter().map(|replica| replica.url.clone()).collect(),
            key: stage.key.clone(),
            next: AtomicUsize::new(0),
        });
        let allowed = Arc::new(Semaphore::new(0));
        let mut asking = JoinSet::new();
        for number in 0..onboardings {
            let shares = number % 4 == 1;
            let tenant = format!("tenant-{}", if shares { number - 1 } else { number });
            let blueprint = BLUEPRINTS[number % BLUEPRINTS.len()];
            let (backend, allowed) = (Arc::clone(&backend), Arc::clone(&allowed));
            asking.spawn(async move {
                allowed.acquire().await.unwrap().forget();
                backend.start(tenant, blueprint).await
            });
        }
        Self { asking, allowed, given: 0, onboardings }
    }

    /// Lets that part of all onboardings be started.
    pub(super) fn let_start(&mut self, part: usize, of: usize) {
        let wanted = self.onboardings * part / of;
        self.allowed.add_permits(wanted.saturating_sub(self.given));
        self.given = self.given.max(wanted);
    }

    /// Waits until all are accepted; the processes live again.
    pub(super) async fn finish(mut self, stage: &mut Stage) -> Vec<Accepted> {
        stage.all_up();
        let mut accepted = Vec::new();
        loop {
            tokio::select! {
                next = self.asking.join_next() => match next {
                    Some(one) => accepted.push(one.unwrap()),
                    None => return accepted,
                },
                () = tokio::time::sleep(Duration::from_millis(50)) => stage.keep_up(),
            }
        }
    }
}

impl Backend {
    async fn start(&self, tenant: String, blueprint: &'static str) -> Accepted {
        let body = json!({ "tenant_id": tenant, "name": tenant, "blueprint": blueprint });
        loop {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.urls.len();
            let asked = self.http.post(format!("{}/v1/onboardings", self.urls[turn]));
            let asked = asked.bearer_auth(&self.key).json(&body);
            let asked = asked.header("Idempotency-Key", format!("{tenant}/{blueprint}"));
            if let Some(id) = accepted(asked.send().await).await {
                return Accepted { id, tenant, blueprint };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The onboarding's id; `None` means that it is not known whether it was accepted.
async fn accepted(answer: reqwest::Result<reqwest::Response>) -> Option<String> {
    let answer = answer.ok()?;
    let status = answer.status();
    if status.is_success() {
        let body: Value = answer.json().await.ok()?;
        return Some(body["id"].as_str().unwrap().to_owned());
    }
    let passing = status.is_server_error() || matches!(status.as_u16(), 408 | 409 | 429);
    assert!(passing, "a start was refused: {status} {}", answer.text().await.unwrap_or_default());
    None
}

/// One that gives up on a frozen process.
pub(super) fn client() -> Client {
    let builder = Client::builder().no_proxy().timeout(Duration::from_secs(3));
    builder.build().unwrap()
}
