//! What a person does to make a connection: set out to sign in, or enter what it needs.

use std::collections::BTreeMap;

use url::Url;

use super::drive::call_lines;
use super::{ConnectionDetails, Engine, Error, steps};
use crate::cyclr::{self, AccountConnector, CallLog, ConnectorChange, WayBack};
use crate::ids::{ConnectorId, OnboardingId};
use crate::onboarding::{
    AuthKind, Choice, Command, Connection, InvalidTransition, Listed, Lookup, Onboarding, Question,
    QuestionKey, Status,
};
use crate::secret::{Secret, random_token};

/// How the page that sets out wants to hear of the end of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInMode {
    /// The browser comes back to our return address, in the window in which it set out.
    Redirect,
    /// The same in a window of its own, which ends there.
    Window,
    /// Cyclr's page sends a message to the window that opened it.
    Message,
}

/// A sign-in that is about to begin. Both are secrets of the browser that sets out.
#[derive(Debug)]
pub struct SignIn {
    /// Where the browser is to go.
    pub address: Secret,
    /// What names this try, in the return address or as the message.
    pub token: Secret,
}

/// What became of the details that a person entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    Connected,
    /// Taken, and there is more to do: to sign in.
    GoOn,
    NotAccepted,
}

impl Engine {
    /// Opens a try at signing in and says where the browser is to go. The sign-in token in that
    /// address lives five minutes, works once and is a login: it is made here, on the click, and kept
    /// nowhere.
    pub async fn open_attempt(
        &self,
        id: OnboardingId,
        connector: ConnectorId,
        session: &str,
        mode: SignInMode,
    ) -> Result<SignIn, Error> {
        let token = random_token();
        let command = Command::OpenAttempt { connector };
        let attempt = Some((&*token, session));
        let onboarding =
            self.change_now(id, command, "visitor", attempt, &CallLog::default()).await?;
        let account = onboarding.facts.account.as_ref().ok_or(Error::Unknown)?;
        let base = onboarding.profile.pages_url.as_ref().unwrap_or(&self.0.settings.public_url);
        let way_back = way_back(mode, base, &token)?;
        let log = CallLog::default();
        // One user per tenant: a name per click would litter the account.
        let user = format!("gangway@{}", account.id);
        let minted = self.0.cyclr.partner(&log).mint_sign_in_token(&account.id, &user).await;
        self.store().log_calls(id, &call_lines(&log)).await?;
        let address = self.0.cyclr.sign_in_page(connector, &minted?, &way_back);
        Ok(SignIn { address, token: Secret::from(token) })
    }

    /// Hands what a person entered to Cyclr. What it holds then is noted, never what was entered.
    pub async fn give_details(
        &self,
        id: OnboardingId,
        connector: ConnectorId,
        details: ConnectionDetails,
    ) -> Result<Given, Error> {
        let onboarding = self.store().find(id).await?.ok_or(Error::Unknown)?;
        let connection = onboarding.facts.connection(connector).ok_or(Error::Unknown)?;
        let kind = kind_of(connection, &details);
        let (Some(kind), true) = (kind, is_asked(&onboarding, connection)) else {
            let reason = "This account is not to be connected now.";
            return Err(InvalidTransition { reason }.into());
        };
        let account = onboarding.facts.account.as_ref().ok_or(Error::Unknown)?;
        let log = CallLog::default();
        let cyclr = self.0.cyclr.in_account(&account.id, &log);
        match hand_over(&cyclr, connector, kind, &details).await {
            Ok(shown) => {
                let needs = self.needs_of(&cyclr, &shown).await;
                let mut seen = steps::seen(connector, &shown, needs.as_deref());
                // The way that was chosen is the one to go on with.
                seen.auth = Some(kind);
                let signs_in_next = kind == AuthKind::OAuth;
                if !shown.authenticated && !signs_in_next {
                    // Asked for once more, whatever of it Cyclr has kept.
                    seen.ask_again();
                }
                let given = Command::CredentialGiven(seen);
                self.change_now(id, given, "visitor", None, &log).await?;
                Ok(match (shown.authenticated, signs_in_next) {
                    (true, _) => Given::Connected,
                    (false, true) => Given::GoOn,
                    (false, false) => Given::NotAccepted,
                })
            }
            Err(error) => {
                self.store().log_calls(id, &call_lines(&log)).await?;
                Err(error.into())
            }
        }
    }

    /// The same for those questions alone to which these answers differ from the ones that are known.
    pub async fn look_up_changed(
        &self,
        onboarding: &Onboarding,
        given: &BTreeMap<QuestionKey, String>,
    ) -> Result<Listed, Error> {
        let known = &onboarding.facts.answers;
        let differs = |key| given.contains_key(key) && known.get(key) != given.get(key);
        let questions = onboarding.facts.questions();
        let asked: Vec<_> = questions
            .filter(|question| question.lookup.is_some() && differs(&question.key))
            .collect();
        if asked.is_empty() { Ok(Listed::new()) } else { self.look_up(onboarding, &asked).await }
    }

    /// What the connected accounts have to choose from, for those of these questions that ask for it. What
    /// could not be asked just now is missing.
    pub async fn look_up(
        &self,
        onboarding: &Onboarding,
        questions: &[&Question],
    ) -> Result<Listed, Error> {
        let Some(account) = onboarding.facts.account.as_ref() else { return Ok(Listed::new()) };
        let log = CallLog::default();
        let cyclr = self.0.cyclr.in_account(&account.id, &log);
        let looks = questions.iter().filter_map(|question| {
            let lookup = question.lookup.as_ref()?;
            Some(async { (question.key.clone(), look_up(&cyclr, lookup).await) })
        });
        let looked = futures_util::future::join_all(looks).await;
        self.store().log_calls(onboarding.id, &call_lines(&log)).await?;
        Ok(looked.into_iter().filter_map(|(key, found)| Some((key, found.ok()?))).collect())
    }

    /// Keeps what somebody has typed and not confirmed.
    pub async fn save_draft(
        &self,
        id: OnboardingId,
        typed: &BTreeMap<QuestionKey, String>,
    ) -> Result<(), Error> {
        Ok(self.store().save_draft(id, typed, self.clock().now()).await?)
    }

    /// What was typed is confirmed, or of no use any more.
    pub async fn drop_draft(&self, id: OnboardingId) -> Result<(), Error> {
        Ok(self.store().drop_draft(id).await?)
    }
}

async fn look_up(account: &cyclr::Account, lookup: &Lookup) -> Result<Vec<Choice>, cyclr::Error> {
    let Lookup { step, parameter, connector, trigger } = lookup;
    let found = match (parameter, connector) {
        (Some(parameter), _) => account.look_up(*step, *parameter, *trigger).await?,
        (None, Some(connector)) => account.look_up_at_connector(*connector, *trigger).await?,
        (None, None) => Vec::new(),
    };
    let choice = |found: cyclr::LookedUp| Choice { value: found.value, label: found.name };
    Ok(found.into_iter().map(choice).collect())
}

fn way_back(mode: SignInMode, base: &Url, token: &str) -> Result<WayBack, InvalidTransition> {
    match mode {
        SignInMode::Redirect | SignInMode::Window => {
            let window = if mode == SignInMode::Window { "/window" } else { "" };
            let address = base.join(&format!("return/{token}{window}"));
            let reason = "The return address cannot be made.";
            Ok(WayBack::Redirect(address.map_err(|_| InvalidTransition { reason })?))
        }
        SignInMode::Message => {
            Ok(WayBack::Message { origin: base.clone(), message: Secret::from(token) })
        }
    }
}

fn is_asked(onboarding: &Onboarding, connection: &Connection) -> bool {
    connection.is_open() && matches!(onboarding.status, Status::Waiting { .. })
}

/// How the connection will be authenticated, if the details fit that.
fn kind_of(connection: &Connection, details: &ConnectionDetails) -> Option<AuthKind> {
    let kind = match &details.way {
        Some(id) => connection.ways.iter().find(|way| way.id == *id)?.auth,
        None => connection.auth?,
    };
    let fits = match &details.credential {
        Some(credential) => credential.kind() == kind,
        None => !matches!(kind, AuthKind::ApiKey | AuthKind::Basic),
    };
    fits.then_some(kind)
}

/// Everything in one change. A property that the answer does not show is set by its own route, and where
/// Cyclr has to try for itself it is told to.
async fn hand_over(
    account: &cyclr::Account,
    connector: ConnectorId,
    kind: AuthKind,
    details: &ConnectionDetails,
) -> Result<AccountConnector, cyclr::Error> {
    let credential = details.credential.as_ref().map(super::Credential::auth_value);
    let change = ConnectorChange {
        way: details.way.as_deref(),
        credential: credential.as_ref(),
        properties: &details.inputs,
    };
    let mut shown = account.change_connector(connector, &change).await?;
    let mut set_alone = false;
    for (name, value) in &details.inputs {
        if !shown.has_property(name) {
            account.set_property(connector, name, value).await?;
            set_alone = true;
        }
    }
    let tries_itself = matches!(kind, AuthKind::OAuthUnattended | AuthKind::Fields);
    if tries_itself && (set_alone || !shown.authenticated) {
        shown = account.authenticate_by_itself(connector).await?;
    } else if set_alone {
        shown = account.find_connector(connector).await?.unwrap_or(shown);
    }
    Ok(shown)
}
