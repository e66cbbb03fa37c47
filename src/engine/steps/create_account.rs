//! The tenant's account: ours by its id and its mark, or the one that the integrator named.

use super::{StepContext, Trouble};
use crate::cyclr::{self, NewAccount};
use crate::ids::AccountId;
use crate::onboarding::{Account, Gain, Origin, Outcome, Problem, ProblemCode};

pub(super) async fn run(context: &StepContext<'_>) -> Result<Outcome, Trouble> {
    let profile = &context.onboarding.profile;
    if let Some(named) = &profile.named_account {
        return read_named(context, named).await;
    }
    let id = context.onboarding.facts.account_id.clone();
    let id = id.ok_or(Trouble::Lacking("the account's id"))?;
    let new = NewAccount {
        id: id.clone(),
        name: profile.name.clone(),
        description: format!("Made by Gangway, {}", context.onboarding.reference),
        timezone: profile.timezone.clone(),
        audit_info: context.mark(),
    };
    // The id is ours, so a second try cannot make a second account: it finds the first one.
    match context.partner().create_account(&new).await {
        Ok(made) if made.audit_info.as_deref() == Some(&new.audit_info) => {
            let origin = if context.may_have_acted() { Origin::Adopted } else { Origin::Made };
            Ok(ready(id, origin))
        }
        // Some answer of this kind could hand us an account that was there before: look whose it is.
        Ok(_) => adopt(context, id, &new.audit_info).await,
        Err(error) if is_taken(&error) => adopt(context, id, &new.audit_info).await,
        Err(error) => Err(error.into()),
    }
}

/// 400 with Cyclr's text is what was seen (OBS); a 409 would mean the same (INF).
fn is_taken(error: &cyclr::Error) -> bool {
    error.is_id_in_use() || error.status() == Some(409)
}

async fn adopt(context: &StepContext<'_>, id: AccountId, mark: &str) -> Result<Outcome, Trouble> {
    let found = context.partner().find_account(&id).await?;
    Ok(match found {
        Some(account) if account.audit_info.as_deref() == Some(mark) => ready(id, Origin::Adopted),
        Some(_) => Outcome::Stuck(Problem::with(
            ProblemCode::AccountTaken,
            format!("account {id} does not carry the mark \"{mark}\""),
        )),
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
