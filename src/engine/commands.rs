//! What people and the integrator want of an onboarding.

use super::by_staff::StaffOrder;
use super::drive::call_lines;
use super::{Engine, Error, count};
use crate::cyclr::CallLog;
use crate::ids::{BulkOrderId, OnboardingId, TenantId};
use crate::onboarding::{Command, InvalidTransition, Onboarding, Status, Transition};
use crate::store::{
    self, Answer, IdempotencyKey, KeptOrder, NewAttempt, OnceError, Order, Overruling, Shown, Sight,
};
use crate::telemetry::traces;

/// Tries at an order that others keep overtaking.
const MOST_CONFLICTS: usize = 8;

/// Makes the answer to an order from the onboarding: its status and its body.
pub type OrderRender<'a> = &'a (dyn Fn(&Onboarding) -> (u16, String) + Send + Sync);

/// What an order comes with.
pub(super) struct Ordered<'a> {
    /// Token and browser session of a try at signing in.
    attempt: Option<(&'a str, &'a str)>,
    log: &'a CallLog,
    once: Option<(&'a IdempotencyKey, OrderRender<'a>)>,
    /// The order to many that this is part of, and the version in which the onboarding matched.
    bulk: Option<(BulkOrderId, i64)>,
    /// It is given by staff, who have seen the onboarding.
    staff: Option<StaffOrder<'a>>,
}

impl<'a> Ordered<'a> {
    fn plain(log: &'a CallLog) -> Self {
        Self { attempt: None, log, once: None, bulk: None, staff: None }
    }

    pub(super) fn by_staff(order: StaffOrder<'a>, log: &'a CallLog) -> Self {
        Self { staff: Some(order), ..Self::plain(log) }
    }
}

pub(super) enum Changed {
    Now(Box<Onboarding>),
    /// By the same request, some time ago.
    Before(Answer),
    /// It has had its turn, or there are no more turns.
    NoTurn,
}

/// What became of an onboarding's turn in an order to many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    Done,
    Refused(InvalidTransition),
    /// There is no such onboarding in sight any more.
    Gone,
    /// It has changed since it was seen to match: it has to be looked at again.
    Moved,
    /// It has had it, or there are no more.
    Over,
}

impl Engine {
    /// Carries out a person's command.
    pub async fn order(
        &self,
        id: OnboardingId,
        command: Command,
        actor: &str,
    ) -> Result<Onboarding, Error> {
        self.change_now(id, command, actor, None, &CallLog::default()).await
    }

    /// Carries out a command for somebody who may not see everything, once for each key; the answer
    /// is kept with what it tells of. `render` makes it from the onboarding.
    pub async fn order_once(
        &self,
        (id, sight): (OnboardingId, &Sight),
        command: Command,
        actor: &str,
        key: Option<&IdempotencyKey>,
        render: OrderRender<'_>,
    ) -> Result<Answer, Error> {
        let once = key.map(|key| (key, render));
        let log = CallLog::default();
        let ordered = Ordered { once, ..Ordered::plain(&log) };
        match self.change((id, sight), command, actor, ordered).await? {
            Changed::Now(onboarding) => Ok(answer(&onboarding, render)),
            Changed::Before(answer) => Ok(answer),
            Changed::NoTurn => Err(store::Error::Conflict.into()),
        }
    }

    /// Carries out an order to many for one of them, which matched in this version. That it was done
    /// is kept with it.
    pub(super) async fn take_turn(
        &self,
        (id, sight): (OnboardingId, &Sight),
        command: Command,
        actor: &str,
        bulk: (BulkOrderId, i64),
    ) -> Result<Turn, Error> {
        let log = CallLog::default();
        let ordered = Ordered { bulk: Some(bulk), ..Ordered::plain(&log) };
        match self.change((id, sight), command, actor, ordered).await {
            Ok(Changed::Now(_)) => Ok(Turn::Done),
            Ok(Changed::NoTurn | Changed::Before(_)) => Ok(Turn::Over),
            Err(Error::Invalid(why)) => Ok(Turn::Refused(why)),
            Err(Error::Unknown) => Ok(Turn::Gone),
            Err(Error::Store(store::Error::Conflict)) => Ok(Turn::Moved),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn change_now(
        &self,
        id: OnboardingId,
        command: Command,
        actor: &str,
        attempt: Option<(&str, &str)>,
        log: &CallLog,
    ) -> Result<Onboarding, Error> {
        let ordered = Ordered { attempt, ..Ordered::plain(log) };
        match self.change((id, &Sight::All), command, actor, ordered).await? {
            Changed::Now(onboarding) => Ok(*onboarding),
            // Without a key nothing is known as a repetition, and nobody else takes turns.
            Changed::Before(_) | Changed::NoTurn => Err(store::Error::Conflict.into()),
        }
    }

    /// Reads, obeys and keeps, again if somebody was quicker. What the state refuses stays refused,
    /// unless it was carried out before: then the state is another one because of that.
    pub(super) async fn change(
        &self,
        (id, sight): (OnboardingId, &Sight),
        command: Command,
        actor: &str,
        Ordered { attempt, log, once, bulk, staff }: Ordered<'_>,
    ) -> Result<Changed, Error> {
        let calls = call_lines(log);
        let mut calls = calls.as_slice();
        for _ in 0..MOST_CONFLICTS {
            let onboarding = self.store().find_in_sight(id, sight).await?.ok_or(Error::Unknown)?;
            if bulk.is_some_and(|(_, matched)| onboarding.version != matched) {
                return Err(store::Error::Conflict.into());
            }
            if staff.is_some_and(|staff| staff.seen != onboarding.stand(staff.action)) {
                return Err(Error::MovedOn);
            }
            let blueprint = self.store().load_blueprint(&onboarding.blueprint).await?;
            let now = self.clock().now();
            let transition = match onboarding.obey(command.clone(), &blueprint.limits, now) {
                Ok(transition) => transition,
                Err(invalid) => {
                    // The calls were made all the same.
                    self.store().log_calls(id, calls).await?;
                    return match self.find_answer(once).await? {
                        Some(answer) => Ok(Changed::Before(answer)),
                        None => Err(invalid.into()),
                    };
                }
            };
            let attempt = attempt.and_then(|names| new_attempt(&transition, &command, names));
            let answer = once.map(|(key, render)| (key, answer(&transition.to, render)));
            let act = staff.map(|staff| staff.act(&onboarding, &transition.to));
            // On the heap: whoever orders something is large enough already.
            let kept = Box::pin(self.store().overrule(Overruling {
                transition: &transition,
                order: effect_on_work(&command, &onboarding, &transition),
                actor,
                attempt: attempt.as_ref(),
                calls,
                once: answer.as_ref().map(|(key, answer)| (*key, answer)),
                bulk: bulk.map(|(id, _)| id),
                audit: staff.map(|staff| staff.actor).zip(act.as_ref()),
            }));
            match kept.await {
                Ok(KeptOrder::Now) => {
                    count::step_change(onboarding.step(), &transition);
                    self.tell_of(&transition).await;
                    return Ok(Changed::Now(Box::new(transition.to)));
                }
                Ok(KeptOrder::Before(answer)) => return Ok(Changed::Before(answer)),
                Ok(KeptOrder::NoTurn) => return Ok(Changed::NoTurn),
                // The calls are kept by now, whatever becomes of the order.
                Err(OnceError::Store(store::Error::Conflict)) => calls = &[],
                Err(error) => return Err(error.into()),
            }
        }
        Err(store::Error::Conflict.into())
    }

    async fn find_answer(
        &self,
        once: Option<(&IdempotencyKey, OrderRender<'_>)>,
    ) -> Result<Option<Answer>, Error> {
        match once {
            Some((key, _)) => Ok(self.store().find_answer(key).await?),
            None => Ok(None),
        }
    }

    /// Says that an order was kept to whoever may wait for it.
    async fn tell_of(&self, transition: &Transition) {
        let to = &transition.to;
        traces::touched(to.id.0);
        self.tell_changed(to.id);
        if transition.connects() {
            self.tell_siblings(&to.tenant, to.id).await;
        }
        if to.due_at(self.clock().now()).is_some() {
            self.wake().await;
        }
    }

    /// Something became due: for this process at once, for the others by NOTIFY.
    pub(super) async fn wake(&self) {
        self.0.due.notify_one();
        if let Err(error) = self.store().notify().await {
            tracing::info!(%error, "others were not woken; they will see it when they poll");
        }
    }

    /// A connector may be shared by the tenant's onboardings: whoever waits for it has a look. Without
    /// this a person would be asked to sign in again; nothing else depends on it.
    pub(super) async fn tell_siblings(&self, tenant: &TenantId, except: OnboardingId) {
        match self.store().wake_siblings(tenant, except).await {
            Ok(0) => {}
            Ok(_) => self.0.due.notify_one(),
            Err(error) => tracing::info!(%error, "the tenant's others were not woken"),
        }
    }

    pub(super) fn tell_changed(&self, id: OnboardingId) {
        // Nobody waiting is no fault.
        drop(self.0.changed.send(id));
    }

    /// Waits until a person or a problem is next, or all is done, or `patience` is over; then says
    /// how the onboarding stands. Looks at the table now and then: the hint may come from nowhere.
    pub async fn settled(
        &self,
        id: OnboardingId,
        patience: std::time::Duration,
    ) -> Result<Onboarding, Error> {
        self.wait_until(id, patience, |onboarding| onboarding.status != Status::Running).await
    }

    /// Waits until `done` says so, `patience` is over or this process stops; then says how the
    /// onboarding stands.
    pub async fn wait_until(
        &self,
        id: OnboardingId,
        patience: std::time::Duration,
        done: impl Fn(&Onboarding) -> bool,
    ) -> Result<Onboarding, Error> {
        let mut changes = self.0.changed.subscribe();
        let until = tokio::time::Instant::now() + patience;
        loop {
            let onboarding = self.store().find(id).await?.ok_or(Error::Unknown)?;
            let now = tokio::time::Instant::now();
            if done(&onboarding) || now >= until || self.is_stopping() {
                return Ok(onboarding);
            }
            let look_again = until.min(now + std::time::Duration::from_millis(400));
            let told = async { while changes.recv().await.is_ok_and(|changed| changed != id) {} };
            // An overrun of the channel ends the wait too; then we simply look.
            let told = self.0.stopping.run_until_cancelled(told);
            drop(tokio::time::timeout_at(look_again, told).await);
        }
    }
}

/// The answer to an order, as it is kept.
fn answer(onboarding: &Onboarding, render: OrderRender<'_>) -> Answer {
    let (status, body) = render(onboarding);
    Answer { status, body, shows: Some(Shown::of(onboarding)) }
}

fn effect_on_work(command: &Command, before: &Onboarding, transition: &Transition) -> Order {
    match command {
        // Nothing that a worker is about changes, unless one could still adopt the cycle.
        Command::Disown { .. } if transition.to.facts == before.facts => Order::LeavesWorkAlone,
        Command::RotateLink { .. }
        | Command::RevokeLink
        | Command::ExtendLink { .. }
        | Command::WantLink
        | Command::Note { .. }
        | Command::Assign { .. }
        | Command::Snooze { .. }
        | Command::NoteRetired { .. } => Order::LeavesWorkAlone,
        Command::Disown { .. }
        | Command::ChooseCandidate { .. }
        | Command::OpenAttempt { .. }
        | Command::CredentialGiven(_)
        | Command::Answer(_)
        | Command::Correct(_)
        | Command::LookNow
        | Command::CameBack { .. }
        | Command::Opened
        | Command::HandOver { .. }
        | Command::AskApproval { .. }
        | Command::Retry { .. }
        | Command::Skip { .. }
        | Command::RestartFrom(_)
        | Command::Check { .. }
        | Command::Reauthorize { .. }
        | Command::SettleDrift { .. }
        | Command::Upgrade(_)
        | Command::Offboard { .. }
        | Command::HearOfError { .. }
        | Command::Cancel { .. } => Order::EndsWork,
    }
}

fn new_attempt(
    transition: &Transition,
    command: &Command,
    (token, session): (&str, &str),
) -> Option<NewAttempt> {
    let Command::OpenAttempt { connector } = command else { return None };
    let attempt = transition.to.facts.connection(*connector)?.attempt?;
    Some(NewAttempt {
        connector: *connector,
        token: token.to_owned(),
        session: session.to_owned(),
        opened_at: attempt.opened_at,
        closes_at: attempt.closes_at,
    })
}
