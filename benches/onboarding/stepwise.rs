//! The same work with one commit for each step: what an engine without group commit does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::stream::{self, StreamExt as _};
use gangway::clock::Clock;
use gangway::engine::StartRequest;
use gangway::ids::{AccountId, CycleId, OnboardingId, Reference};
use gangway::onboarding::{Account, Gain, LinkState, Onboarding, Origin, Outcome, StepKind};
use gangway::store::{Change, Kept, Leased, NewOnboarding, Render};
use uuid::Uuid;

use crate::{Bench, Run, bare};

impl Bench {
    /// What `Engine::start` makes of a request, for the variant that has no engine.
    fn new_onboarding(&self) -> NewOnboarding {
        let StartRequest { tenant, profile, blueprint_id, blueprint, idempotency, actor } =
            self.request();
        let templates = blueprint.templates.iter().map(|t| t.template_id).collect();
        let now = Clock::system().now();
        let account = AccountId::parse(tenant.as_str()).unwrap();
        let mut onboarding = Onboarding::begin(
            (OnboardingId(Uuid::now_v7()), Reference::spell(rand::random())),
            (tenant, profile),
            (blueprint_id, templates),
            LinkState { generation: 1, expires_at: now + TimeDelta::days(7) },
            now,
        );
        onboarding.facts.account_id = Some(account.clone());
        NewOnboarding { onboarding, blueprint, account, actor, idempotency }
    }

    /// The same calls, with each step's result committed by itself: what a step-by-step engine does.
    pub(crate) async fn one_commit_per_step(&self, count: usize) -> Run {
        let caller = bare::Caller::new(&self.base);
        let one = |_| async {
            let began = Instant::now();
            self.step_by_step(&caller).await;
            began.elapsed().as_secs_f64() * 1000.0
        };
        let work = stream::iter(0..count).map(one).buffer_unordered(self.calls_at_once).collect();
        self.measured(count, work, async |took| took).await
    }

    async fn step_by_step(&self, caller: &bare::Caller) {
        let lease = Duration::from_mins(1);
        let render: Render = Arc::new(|_, _| (201, String::new()));
        let started = self.store.start(self.new_onboarding(), lease, &render).await;
        let mut next = started.unwrap().leased.map(Box::new);
        let mut cycle = Uuid::nil();
        while let Some(leased) = next.take() {
            let gain = self.bare_step(&leased, caller, &mut cycle).await;
            let now = Clock::system().now();
            let transition =
                leased.onboarding().apply(Outcome::Done(gain), &leased.blueprint().limits, now);
            let change = Change::of(*leased, transition, Vec::new(), now);
            let kept = self.store.commit_all(vec![change], Duration::from_mins(1)).await.unwrap();
            next = match kept.into_iter().next().unwrap() {
                Kept::GoOn(leased) => Some(leased),
                Kept::Rests { .. } => None,
                Kept::Refused => panic!("nobody else is here"),
            };
        }
    }

    async fn bare_step(&self, leased: &Leased, caller: &bare::Caller, cycle: &mut Uuid) -> Gain {
        let tenant = leased.onboarding().tenant.as_str();
        match leased.onboarding().step() {
            StepKind::CreateAccount => {
                caller.create_account(tenant).await;
                let id = AccountId::parse(tenant).unwrap();
                Gain::Account(Account { id, origin: Origin::Made })
            }
            StepKind::Install => {
                *cycle = caller.install(tenant).await;
                let cycle = CycleId(*cycle);
                Gain::Installed {
                    slot: 0,
                    cycle,
                    origin: Origin::Made,
                    connectors: Vec::new(),
                    seen_paused_at: None,
                }
            }
            StepKind::Map => {
                caller.map(tenant, *cycle).await;
                Gain::Mapped { slot: 0, retired: Vec::new() }
            }
            StepKind::Activate => {
                caller.activate(tenant, *cycle).await;
                Gain::Activated { slot: 0, once: false, retired: Vec::new() }
            }
            StepKind::Connect | StepKind::Live | StepKind::Offboard => {
                panic!("the stand-in has no connections")
            }
        }
    }
}
