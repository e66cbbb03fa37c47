//! How the state changes: what each worker does next, what Cyclr makes of it, and the faults.

use stateright::{Model, Property};

use super::properties;
use super::state::{
    Action, Cycle, Cycles, Doing, Doubt, Found, MOST_CYCLES, Row, Rules, State, Stuck, Worker,
};

impl Model for Rules {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.actions_of_workers(state, actions);
        Self::actions_of_cyclr(state, actions);
        self.actions_of_people(state, actions);
        if state.faults < self.faults {
            self.faults_now(state, actions);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        next.faults += u8::from(action.is_fault());
        match action {
            Action::Claim(worker) => self.claim(&mut next, worker),
            Action::Go(worker) => self.go(&mut next, worker),
            Action::QuietIsOver => next.row.install = Doubt::Look,
            Action::QuietIsOverForActivation => next.row.activation = Doubt::Look,
            Action::InstallArrives { late, lost } => {
                next.underway.installs[usize::from(late)] -= 1;
                if !lost {
                    make(&mut next);
                }
            }
            Action::ActivationArrives { late, cycle, lost } => {
                next.underway.activations[usize::from(late)] &= !bit(cycle);
                if !lost {
                    self.activate(&mut next, cycle);
                }
            }
            Action::DeletionArrives { cycle, lost } => {
                next.underway.deletions &= !bit(cycle);
                if !lost {
                    next.cycles[usize::from(cycle)] = Cycle::Deleted;
                }
            }
            Action::Adopt(cycle) => {
                next.row.stuck = None;
                record(&mut next, cycle);
            }
            Action::Retry => {
                if next.row.stuck.take() == Some(Stuck::ActivationUnclear) {
                    next.row.activation = Doubt::Vouched;
                }
            }
            Action::GiveUp(worker) => self.give_up(&mut next, worker),
            Action::Crash(worker) => {
                leave_underway(&mut next, worker);
                next.workers[worker] = Worker::default();
            }
            Action::Freeze(worker) => {
                next.workers[worker].late = true;
                next.late = true;
            }
            Action::LoseCommit(worker) => {
                self.go(&mut next, worker);
                next.workers[worker] = Worker::default();
            }
            Action::Order => end_lease(&mut next, self.order_leaves_doubt),
        }
        // It does not matter which of the two it is.
        next.workers.sort();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

// What may happen.
impl Rules {
    fn actions_of_workers(&self, state: &State, actions: &mut Vec<Action>) {
        let row = &state.row;
        let quiet = row.install == Doubt::Quiet || row.activation == Doubt::Quiet;
        let at_work = |worker: &Worker| !worker.is_idle() && !worker.late;
        // What ends a lease early leaves the row at rest until it would have ended by itself.
        let taken = if self.rests_after_order {
            state.workers.iter().any(at_work)
        } else {
            row.held && state.workers.iter().any(|worker| at_work(worker) && !worker.fenced)
        };
        let idle = state.workers.iter().position(|worker| worker.is_idle());
        if let Some(worker) = idle
            && !(quiet || taken || row.live || row.stuck.is_some())
        {
            actions.push(Action::Claim(worker));
        }
        let busy = (0..2).filter(|worker| !state.workers[*worker].is_idle());
        actions.extend(busy.map(Action::Go));
    }

    fn actions_of_cyclr(state: &State, actions: &mut Vec<Action>) {
        let underway = &state.underway;
        if state.row.install == Doubt::Quiet && underway.installs[0] == 0 {
            actions.push(Action::QuietIsOver);
        }
        if state.row.activation == Doubt::Quiet && underway.activations[0] == 0 {
            actions.push(Action::QuietIsOverForActivation);
        }
        for lost in [false, true] {
            for late in [false, true] {
                if underway.installs[usize::from(late)] > 0 {
                    actions.push(Action::InstallArrives { late, lost });
                }
                let activations = members(underway.activations[usize::from(late)]);
                actions.extend(activations.map(|cycle| Action::ActivationArrives {
                    late,
                    cycle,
                    lost,
                }));
            }
            let deletions = members(underway.deletions);
            actions.extend(deletions.map(|cycle| Action::DeletionArrives { cycle, lost }));
        }
    }

    fn actions_of_people(&self, state: &State, actions: &mut Vec<Action>) {
        match state.row.stuck {
            None => {}
            Some(Stuck::AmbiguousInstall) => {
                actions.extend(members(candidates(state)).map(Action::Adopt));
                actions.push(Action::Retry);
            }
            Some(Stuck::ActivationUnclear) => {
                let asleep = |worker: &Worker| worker.late && worker.doing.may_activate();
                let may_come =
                    state.workers.iter().any(asleep) || state.underway.activations[1] > 0;
                if !(self.wakes_before_vouching && may_come) {
                    actions.push(Action::Retry);
                }
            }
        }
    }

    fn faults_now(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, worker) in state.workers.iter().enumerate().filter(|(_, w)| !w.is_idle()) {
            actions.push(Action::Crash(place));
            if !worker.late {
                actions.push(Action::Freeze(place));
            }
            if matches!(worker.doing, Doing::Commit(_)) && self.accepts(*worker) {
                actions.push(Action::LoseCommit(place));
            } else if worker.doing.changes_cyclr() {
                actions.push(Action::GiveUp(place));
            }
        }
        if state.row.held && state.row.stuck.is_none() && !state.row.live {
            actions.push(Action::Order);
        }
    }
}

// What workers do.
impl Rules {
    fn claim(&self, state: &mut State, worker: usize) {
        let takeover = state.row.unfinished;
        for other in &mut state.workers {
            other.fenced = true;
        }
        state.row.held = true;
        state.row.unfinished = true;
        let doing = self.first_of_step(&state.row, takeover);
        state.workers[worker] = Worker { doing, fenced: false, late: false };
    }

    /// The step that is next, as whoever begins it decides.
    fn first_of_step(&self, row: &Row, takeover: bool) -> Doing {
        if !row.account {
            return Doing::CreateAccount;
        }
        let Some(cycle) = row.recorded else {
            return match row.install {
                _ if takeover && self.intent => Doing::Commit(Found::InstallUnclear),
                Doubt::None => Doing::Install { looked: None },
                Doubt::Quiet | Doubt::Look | Doubt::Vouched => Doing::ListToInstall,
            };
        };
        let must_rest = self.run_once && self.quiet_before_activation_look;
        match row.activation {
            _ if takeover && must_rest => Doing::Commit(Found::ActivationUnclear),
            Doubt::None | Doubt::Vouched if takeover => {
                Doing::LookAtActivation { cycle, vouched: false }
            }
            Doubt::Vouched if self.look_after_vouching => {
                Doing::LookAtActivation { cycle, vouched: true }
            }
            Doubt::None | Doubt::Vouched => self.before_activation(row, cycle),
            Doubt::Quiet | Doubt::Look => Doing::LookAtActivation { cycle, vouched: false },
        }
    }

    fn before_activation(&self, row: &Row, cycle: u8) -> Doing {
        if row.install != Doubt::None && self.look_before_activation {
            Doing::ListToActivate { cycle }
        } else {
            Doing::Activate { cycle }
        }
    }

    /// The call under way is performed and answered.
    fn go(&self, state: &mut State, worker: usize) {
        let doing = match state.workers[worker].doing {
            Doing::Nothing => Doing::Nothing,
            Doing::CreateAccount => {
                self.create_account(state);
                Doing::Commit(Found::Account)
            }
            Doing::ListToInstall => {
                let ours = candidates(state);
                match (ours.count_ones(), members(ours).next()) {
                    (1, Some(cycle)) => Doing::Commit(Found::Ours(cycle)),
                    (0, _) => Doing::Install { looked: Some(present(state)) },
                    _ => Doing::Commit(Found::Ambiguous),
                }
            }
            Doing::Install { looked } => {
                let made = make(state);
                match looked {
                    Some(there) if !self.record_before_retiring => {
                        Doing::ListToRetire { made, there }
                    }
                    Some(_) | None => Doing::Commit(Found::Made(made)),
                }
            }
            Doing::ListToRetire { made, there } => {
                retire_early(made, paused(state) & !there & !bit(made))
            }
            Doing::RetireEarly { made, surplus } => retire_early(made, delete_one(state, surplus)),
            Doing::ListToActivate { cycle } => retire(cycle, paused(state) & !bit(cycle)),
            Doing::Retire { cycle, surplus } => retire(cycle, delete_one(state, surplus)),
            Doing::LookAtActivation { cycle, vouched } => self.look(state, cycle, vouched),
            Doing::Activate { cycle } => {
                self.activate(state, cycle);
                Doing::Commit(Found::Activated { cycle })
            }
            Doing::Commit(found) => return self.commit(state, worker, found),
            Doing::Disown { made } => self.disown(state, made),
            Doing::Delete { cycle } => {
                delete_one(state, bit(cycle));
                Doing::Nothing
            }
        };
        state.workers[worker].doing = doing;
        rest_if_done(&mut state.workers[worker]);
    }

    fn look(&self, state: &State, cycle: u8, vouched: bool) -> Doing {
        match state.cycles[usize::from(cycle)] {
            Cycle::Active(_) => Doing::Commit(Found::Activated { cycle }),
            Cycle::NotMade | Cycle::Deleted => Doing::Commit(Found::Nothing),
            Cycle::Paused if self.run_once && self.run_once_waits && !vouched => {
                Doing::Commit(Found::NotSeenToRun)
            }
            Cycle::Paused => self.before_activation(&state.row, cycle),
        }
    }

    fn accepts(&self, worker: Worker) -> bool {
        !(worker.fenced && self.fence)
    }

    fn commit(&self, state: &mut State, worker: usize, found: Found) {
        if !self.accepts(state.workers[worker]) {
            let doing =
                if let Found::Made(made) = found { Doing::Disown { made } } else { Doing::Nothing };
            state.workers[worker].doing = doing;
            rest_if_done(&mut state.workers[worker]);
            return;
        }
        let goes_on = match found {
            Found::Account => {
                state.row.account = true;
                true
            }
            Found::Made(cycle) | Found::Ours(cycle) => {
                state.row.live = false;
                record(state, cycle);
                true
            }
            Found::InstallUnclear
            | Found::Ambiguous
            | Found::Activated { .. }
            | Found::ActivationUnclear
            | Found::NotSeenToRun
            | Found::Nothing => {
                self.commit_rest(&mut state.row, found);
                false
            }
        };
        let fenced = state.workers[worker].fenced;
        if goes_on {
            // The lease is renewed with it.
            let doing = self.first_of_step(&state.row, false);
            state.workers[worker] = Worker { doing, fenced, late: false };
        } else {
            state.workers[worker] = Worker::default();
            if !fenced {
                state.row.held = false;
                state.row.unfinished = false;
            }
        }
    }

    fn commit_rest(&self, row: &mut Row, found: Found) {
        let rest = |quiet: bool| if quiet { Doubt::Quiet } else { Doubt::Look };
        match found {
            Found::InstallUnclear if self.intent => row.install = rest(self.quiet_before_look),
            Found::ActivationUnclear => {
                row.activation = rest(self.run_once && self.quiet_before_activation_look);
            }
            Found::Ambiguous => row.stuck = Some(Stuck::AmbiguousInstall),
            Found::NotSeenToRun => row.stuck = Some(Stuck::ActivationUnclear),
            Found::Activated { cycle } => {
                row.recorded = Some(cycle);
                row.live = true;
            }
            Found::InstallUnclear
            | Found::Account
            | Found::Made(_)
            | Found::Ours(_)
            | Found::Nothing => {}
        }
    }

    /// Under the row's lock.
    fn disown(&self, state: &mut State, made: u8) -> Doing {
        match state.row.recorded {
            Some(recorded) if recorded == made => return Doing::Nothing,
            None if self.disown => {
                state.row.disowned |= bit(made);
                if self.disown_ends_lease && state.row.held {
                    end_lease(state, true);
                }
            }
            Some(_) | None => {}
        }
        Doing::Delete { cycle: made }
    }

    fn create_account(&self, state: &mut State) {
        if state.accounts == 0 || !self.own_account_id {
            state.accounts += 1;
        }
    }

    fn activate(&self, state: &mut State, cycle: u8) {
        let place = &mut state.cycles[usize::from(cycle)];
        match *place {
            Cycle::Paused => *place = Cycle::Active(1),
            Cycle::Active(times) if self.run_once => *place = Cycle::Active(times + 1),
            Cycle::Active(_) | Cycle::NotMade | Cycle::Deleted => {}
        }
    }

    /// No answer in time. The request may still be on its way.
    fn give_up(&self, state: &mut State, worker: usize) {
        leave_underway(state, worker);
        let doing = match state.workers[worker].doing {
            Doing::CreateAccount => {
                self.create_account(state);
                Doing::Commit(Found::Nothing)
            }
            Doing::Install { .. } => Doing::Commit(Found::InstallUnclear),
            Doing::RetireEarly { made, .. } => Doing::Commit(Found::Made(made)),
            Doing::Activate { .. } => Doing::Commit(Found::ActivationUnclear),
            Doing::Retire { .. } => Doing::Commit(Found::Nothing),
            Doing::Delete { .. }
            | Doing::Nothing
            | Doing::ListToInstall
            | Doing::ListToRetire { .. }
            | Doing::ListToActivate { .. }
            | Doing::LookAtActivation { .. }
            | Doing::Commit(_)
            | Doing::Disown { .. } => Doing::Nothing,
        };
        state.workers[worker].doing = doing;
        rest_if_done(&mut state.workers[worker]);
    }
}

fn retire_early(made: u8, surplus: Cycles) -> Doing {
    if surplus == 0 {
        Doing::Commit(Found::Made(made))
    } else {
        Doing::RetireEarly { made, surplus }
    }
}

fn retire(cycle: u8, surplus: Cycles) -> Doing {
    if surplus == 0 { Doing::Activate { cycle } } else { Doing::Retire { cycle, surplus } }
}

fn rest_if_done(worker: &mut Worker) {
    if worker.is_idle() {
        *worker = Worker::default();
    }
}

fn leave_underway(state: &mut State, worker: usize) {
    let Worker { doing, late, .. } = state.workers[worker];
    let underway = &mut state.underway;
    match doing {
        Doing::Install { .. } => underway.installs[usize::from(late)] += 1,
        Doing::Activate { cycle } => underway.activations[usize::from(late)] |= bit(cycle),
        Doing::Delete { cycle } => underway.deletions |= bit(cycle),
        Doing::Retire { surplus, .. } | Doing::RetireEarly { surplus, .. } => {
            underway.deletions |= surplus & surplus.wrapping_neg();
        }
        Doing::CreateAccount
        | Doing::Nothing
        | Doing::ListToInstall
        | Doing::ListToRetire { .. }
        | Doing::ListToActivate { .. }
        | Doing::LookAtActivation { .. }
        | Doing::Commit(_)
        | Doing::Disown { .. } => {}
    }
}

fn end_lease(state: &mut State, doubted: bool) {
    for worker in &mut state.workers {
        worker.fenced = true;
    }
    state.row.held = false;
    state.row.unfinished = doubted;
}

fn record(state: &mut State, cycle: u8) {
    state.row.recorded = Some(cycle);
    state.row.surplus = present(state) & !bit(cycle);
}

fn make(state: &mut State) -> u8 {
    let place = state.cycles.iter().position(|cycle| *cycle == Cycle::NotMade);
    let place = place.unwrap_or_else(|| panic!("more than {MOST_CYCLES} cycles were made"));
    state.cycles[place] = Cycle::Paused;
    u8::try_from(place).unwrap()
}

/// Deletes the first of these and says which are left.
fn delete_one(state: &mut State, cycles: Cycles) -> Cycles {
    if let Some(first) = members(cycles).next() {
        state.cycles[usize::from(first)] = Cycle::Deleted;
    }
    cycles & cycles.wrapping_sub(1)
}

pub(super) const fn bit(cycle: u8) -> Cycles {
    1 << cycle
}

pub(super) fn members(cycles: Cycles) -> impl Iterator<Item = u8> {
    (0..16).filter(move |cycle| cycles & bit(*cycle) != 0)
}

fn those(state: &State, wanted: impl Fn(Cycle) -> bool) -> Cycles {
    let wanted = state.cycles.iter().enumerate().filter(|(_, cycle)| wanted(**cycle));
    wanted.fold(0, |all, (place, _)| all | 1 << place)
}

/// Cycles that Cyclr lists.
pub(super) fn present(state: &State) -> Cycles {
    those(state, |cycle| matches!(cycle, Cycle::Paused | Cycle::Active(_)))
}

fn paused(state: &State) -> Cycles {
    those(state, |cycle| cycle == Cycle::Paused)
}

/// Cycles that could be the one whose install was unclear.
pub(super) fn candidates(state: &State) -> Cycles {
    present(state) & !state.row.disowned
}
