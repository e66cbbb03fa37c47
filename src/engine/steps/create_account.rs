//! The tenant's account: ours by its id and its mark, or the one that the integrator named.

use chrono::TimeDelta;

use super::{StepContext, Trouble};
use crate::cyclr::{self, AccountRecord, NewAccount};
use crate::ids::AccountId;
use crate::onboarding::{Account, Gain, Origin, Outcome, Problem, ProblemCode};

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let profile = &context.onboarding.profile;
    if let Some(named) = &profile.named_account {
        return read_named(context, named).await;
    }
    let id = context.onboarding.facts.account_id.clone();
    let id = id.ok_or(Trouble::Lacking("the account's id"))?;
    if let Some(outcome) = look_after_doubt(context, &id).await? {
        return Ok(outcome);
    }
    if !context.has_time_for_a_call() {
        return Err(Trouble::OutOfTime);
    }
    let new = NewAccount {
        id: id.clone(),
        name: profile.name.clone(),
        description: format!("Made by Gangway, {}", context.onboarding.reference),
        timezone: profile.timezone.clone(),
        audit_info: context.mark(),
        error_webhook: Some(context.settings().error_hook.address(&id)),
        tells_errors: true,
    };
    // The id is ours, so a second try cannot make a second account: it finds the first one.
    match context.partner().create_account(&new).await {
        Ok(made) if !made.id.eq_ignore_ascii_case(id.as_str()) => {
            made_another(context, id, &made.id).await
        }
        Ok(made) if made.audit_info.as_deref() == Some(&new.audit_info) => {
            Ok(ready(id, Origin::Made))
        }
        // Some answer of this kind could hand us an account that was there before: look whose it is.
        Ok(_) => adopt(context, id).await,
        Err(error) if is_taken(&error) => adopt(context, id).await,
        // The words of a refusal may be lost on the way: only a look tells what it was about.
        Err(error) if error.status() == Some(400) => match look(context, &id).await? {
            Some(outcome) => Ok(outcome),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// After a doubt the account may be there, or may still come. That a second `POST` with the same id is
/// refused was seen (OBS); should it make a second account instead, waiting and looking still leave
/// one. `None`: it was not made, and nothing is under way any more.
async fn look_after_doubt(
    context: &StepContext<'_>,
    id: &AccountId,
) -> Result<Option<Outcome>, Trouble> {
    let doubted_at = context.onboarding.facts.account_doubted_at;
    if doubted_at.is_none() && !context.takeover {
        return Ok(None);
    }
    if let Some(outcome) = look(context, id).await? {
        return Ok(Some(outcome));
    }
    // What a worker that vanished had begun has had the rest of its lease.
    let Some(doubted_at) = doubted_at else { return Ok(None) };
    let still_quiet = context.still_quiet(doubted_at);
    Ok((still_quiet > TimeDelta::zero()).then(|| Outcome::Retry {
        after: still_quiet,
        problem: Problem::with(
            ProblemCode::CyclrAnswerUnclear,
            "whether the account was made is not known yet",
        ),
        doubt: false,
    }))
}

/// Cyclr took the order and made an account under an id of its own, which may be what it does when
/// ours is taken (UNK). Whatever stands under our id is not what we have just made. Trying again would
/// make yet another one.
async fn made_another(
    context: &StepContext<'_>,
    id: AccountId,
    other: &str,
) -> Result<Outcome, Trouble> {
    tracing::warn!(%id, other, "Cyclr made an account under an id of its own; it is left over");
    Ok(look(context, &id).await?.unwrap_or_else(|| {
        let detail = format!("Cyclr made account {other} instead of {id}");
        Outcome::Stuck(Problem::with(ProblemCode::CyclrRejected, detail))
    }))
}

/// 400 with Cyclr's text is what was seen (OBS); a 409 would mean the same (INF).
fn is_taken(error: &cyclr::Error) -> bool {
    error.is_id_in_use() || error.status() == Some(409)
}

fn adopt_if_ours(context: &StepContext<'_>, id: AccountId, account: &AccountRecord) -> Outcome {
    let mark = context.mark();
    if account.audit_info.as_deref() == Some(&mark) {
        return ready(id, Origin::Adopted);
    }
    Outcome::Stuck(Problem::with(
        ProblemCode::AccountTaken,
        format!("account {id} does not carry the mark \"{mark}\""),
    ))
}

/// `None`: there is no such account.
async fn look(context: &StepContext<'_>, id: &AccountId) -> Result<Option<Outcome>, Trouble> {
    let found = context.partner().find_account(id).await?;
    Ok(found.map(|account| adopt_if_ours(context, id.clone(), &account)))
}

async fn adopt(context: &StepContext<'_>, id: AccountId) -> Result<Outcome, Trouble> {
    Ok(match look(context, &id).await? {
        Some(outcome) => outcome,
        // Taken, and not there: Cyclr contradicts itself for the moment.
        None => context.retry(Problem::with(
            ProblemCode::CyclrUnreachable,
            format!("account {id} is said to exist and cannot be read"),
        )),
    })
}

async fn read_named(context: &StepContext<'_>, named: &AccountId) -> Result<Outcome, Trouble> {
    Ok(match context.partner().find_account(named).await? {
        Some(_) => ready(named.clone(), Origin::Named),
        None => Outcome::Stuck(Problem::with(
            ProblemCode::AccountMissing,
            format!("there is no account {named}"),
        )),
    })
}

fn ready(id: AccountId, origin: Origin) -> Outcome {
    Outcome::Done(Gain::Account(Account { id, origin }))
}
