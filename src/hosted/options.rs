//! What the connected accounts have to choose from, asked for when a page needs it.
//!
//! A look may take as long as the third party takes. No page waits for that: whoever comes first has it
//! asked in the background, waits a moment, and is shown that it is loading if that was not enough.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::ids::OnboardingId;
use crate::onboarding::{Choice, Listed, Onboarding, Question, QuestionKey};
use crate::web::AppState;

/// How long a page is held back for lists that are being loaded.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long a list is good.
const FRESH: TimeDelta = TimeDelta::minutes(5);
/// How soon somebody may have a list loaded again.
const AGAIN: TimeDelta = TimeDelta::seconds(2);
/// Lists that are remembered. Beyond that, those that nobody needs any more go.
const MOST: usize = 2_000;
/// Choices of one list that are shown.
const MOST_CHOICES: usize = 5_000;

/// How a list stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Options {
    Loading,
    /// Cyclr or the third party did not answer.
    Failed,
    There(Arc<Vec<Choice>>),
}

#[derive(Debug)]
pub(super) struct LiveOptions {
    clock: Clock,
    looking: TaskTracker,
    lists: Mutex<HashMap<Place, List>>,
}

type Place = (OnboardingId, QuestionKey);

#[derive(Debug)]
struct List {
    asked_at: DateTime<Utc>,
    state: watch::Receiver<Options>,
}

impl LiveOptions {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), looking: TaskTracker::new(), lists: Mutex::default() }
    }

    /// The lists of these questions, as far as they come in a moment. `again`: what was loaded before will
    /// not do.
    pub(super) async fn get(
        &self,
        state: &AppState,
        onboarding: &Onboarding,
        questions: &[&Question],
        again: bool,
    ) -> HashMap<QuestionKey, Options> {
        let mut waiting = Vec::new();
        for question in questions.iter().filter(|question| question.lookup.is_some()) {
            let list = self.find(state, onboarding, question, again);
            waiting.push((question.key.clone(), list));
        }
        let until = tokio::time::Instant::now() + PATIENCE;
        let mut found = HashMap::new();
        for (key, mut list) in waiting {
            let settled = list.wait_for(|options| *options != Options::Loading);
            // Too long, or given up: what is there then is what there is to show.
            drop(tokio::time::timeout_at(until, settled).await);
            let options = list.borrow().clone();
            found.insert(key, options);
        }
        found
    }

    /// A list that is good, under way, or asked for now.
    fn find(
        &self,
        state: &AppState,
        onboarding: &Onboarding,
        question: &Question,
        again: bool,
    ) -> watch::Receiver<Options> {
        let now = self.clock.now();
        let place = (onboarding.id, question.key.clone());
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = lists.get(&place) {
            let age = now - list.asked_at;
            let good = match &*list.state.borrow() {
                Options::Loading => true,
                Options::Failed => !again && age < AGAIN,
                Options::There(_) => age < if again { AGAIN } else { FRESH },
            };
            if good {
                return list.state.clone();
            }
        }
        if lists.len() >= MOST {
            lists.retain(|_, list| now - list.asked_at < FRESH);
        }
        let (told, state_of) = watch::channel(Options::Loading);
        if lists.len() < MOST {
            lists.insert(place, List { asked_at: now, state: state_of.clone() });
        }
        drop(lists);
        let (engine, onboarding, question) =
            (state.engine.clone(), onboarding.clone(), question.clone());
        // Ends with its call, which has a deadline; nothing waits for it but the pages.
        self.looking.spawn(async move {
            let looked = engine.look_up(&onboarding, &[&question]).await;
            let choices = looked.ok().and_then(|mut listed| listed.remove(&question.key));
            let options = choices.map_or(Options::Failed, |mut choices| {
                choices.truncate(MOST_CHOICES);
                Options::There(Arc::new(choices))
            });
            // Nobody may be waiting any more.
            drop(told.send(options));
        });
        state_of
    }
}

/// What answers are held against: the lists that are there.
pub(super) fn listed(options: &HashMap<QuestionKey, Options>) -> Listed {
    let there = options.iter().filter_map(|(key, options)| match options {
        Options::There(choices) => Some((key.clone(), choices.to_vec())),
        Options::Loading | Options::Failed => None,
    });
    there.collect()
}
