//! The provider: where its pages are, which keys it signs with, and what it says of whoever comes from there.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken,
    IdTokenFields, IssuerUrl, JwsSigningAlgorithm as _, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse as _,
};
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::error::Error;
use super::http::{DEADLINE, Http};
use super::person::{Claims, Others, Person};
use super::settings::{Settings, is_safe_address};
use crate::clock::Clock;
use crate::secret::{ExposeSecret as _, random_token};

/// How long the provider's document and its keys are believed: a key that it has withdrawn is not taken
/// for longer.
const BELIEVED: TimeDelta = TimeDelta::hours(1);
/// After so long they are fetched again for a token that they do not fit: keys change without a word.
/// Not sooner, or whoever sends rubbish makes us ask the provider as often.
const ASKED_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// For all that follows somebody's return: the code, their particulars, the keys once more.
const RETURN_DEADLINE: Duration = Duration::from_secs(10);
/// How far the provider's clock may be behind ours.
const LEEWAY: TimeDelta = TimeDelta::minutes(1);

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Answer = StandardTokenResponse<Fields, CoreTokenType>;
type Token =
    IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Cheap to clone; clones know the same.
#[derive(Debug, Clone)]
pub struct Provider(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    http: Http,
    clock: Clock,
    known: Mutex<Option<Known>>,
}

/// The provider's document with its keys, and since when they are known.
#[derive(Debug, Clone)]
struct Known {
    document: Arc<CoreProviderMetadata>,
    at: DateTime<Utc>,
}

/// Where somebody proves who they are, and what has to be remembered until they come back.
pub struct Asked {
    pub address: Url,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

/// What somebody came back with, and what was remembered.
pub struct Brought {
    pub code: String,
    pub nonce: String,
    pub verifier: String,
    /// They have to have proven themselves since then.
    pub since: Option<DateTime<Utc>>,
}

impl Provider {
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = Http::new(settings.issuer.starts_with("https:"))?;
        Ok(Self(Arc::new(Inner { settings, http, clock, known: Mutex::default() })))
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Begins a sign-in that comes back to this address; a fresh one on demand, whatever the provider
    /// remembers of the browser.
    pub async fn begin(&self, back: &Url, fresh: bool) -> Result<Asked, Error> {
        let known = self.known(BELIEVED).await?;
        let client = self.client(&known, back);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.0.settings.scopes.iter().filter(|scope| *scope != "openid");
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(random_token()),
                || Nonce::new(random_token()),
            )
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        if fresh {
            request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        let (address, state, nonce) = request.url();
        if !is_safe_address(&address) {
            return Err(Error::Unreadable("its sign-in page is not under https".into()));
        }
        let (state, nonce) = (state.into_secret(), nonce.secret().clone());
        Ok(Asked { address, state, nonce, verifier: verifier.into_secret() })
    }

    /// Who it is that came back to this address.
    pub async fn finish(&self, back: &Url, brought: Brought) -> Result<Person, Error> {
        let work = self.prove(back, brought);
        timeout(RETURN_DEADLINE, work).await.map_err(|late| Error::Away(late.into()))?
    }

    async fn prove(&self, back: &Url, brought: Brought) -> Result<Person, Error> {
        let known = self.known(BELIEVED).await?;
        let client = self.client(&known, back);
        let asking = client
            .exchange_code(AuthorizationCode::new(brought.code))
            .map_err(|error| Error::Unreadable(error.into()))?
            .set_pkce_verifier(PkceCodeVerifier::new(brought.verifier));
        let answer = asking.request_async(&self.0.http).await?;
        let token =
            answer.id_token().ok_or_else(|| Error::Unreadable("no identity token".into()))?;
        let nonce = Nonce::new(brought.nonce);
        let judged = self.judge(&client, &answer, token, (&nonce, brought.since));
        let (client, claims) = match judged {
            Err(ClaimsVerificationError::SignatureVerification(_)) if self.is_old(&known) => {
                let known = self.known(ASKED_AGAIN).await?;
                let client = self.client(&known, back);
                let claims = self.judge(&client, &answer, token, (&nonce, brought.since))?;
                (client, claims)
            }
            judged => (client, judged?),
        };
        let groups_claim = &self.0.settings.groups_claim;
        let mut person = Person::read(claims, groups_claim);
        if person.lacks_something() && client.user_info_url().is_some() {
            let subject = Some(claims.subject().clone());
            let asking = client
                .user_info(answer.access_token().clone(), subject)
                .map_err(|error| Error::Unreadable(error.into()))?;
            let more = asking.request_async(&self.0.http).await?;
            person.fill_in(&more, groups_claim);
        }
        Ok(person)
    }

    /// The whole judgement of the token: by the crate, with our clock and without shared secrets.
    fn judge<'a>(
        &self,
        client: &Client,
        answer: &Answer,
        token: &'a Token,
        (nonce, since): (&Nonce, Option<DateTime<Utc>>),
    ) -> Result<&'a Claims, ClaimsVerificationError> {
        let verifier = client
            .id_token_verifier()
            .set_time_fn(|| self.0.clock.now())
            .set_auth_time_verifier_fn(move |at| match (since, at) {
                (None, _) => Ok(()),
                (Some(since), Some(at)) if at + LEEWAY >= since => Ok(()),
                (Some(_), _) => Err("it was not proven just now".to_owned()),
            });
        let claims = token.claims(&verifier, nonce)?;
        if let Some(expected) = claims.access_token_hash() {
            let broken = ClaimsVerificationError::SignatureVerification;
            let key = token.signing_key(&verifier).map_err(broken)?;
            let algorithm = token.signing_alg().map_err(broken)?;
            let hash = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if hash.ok().as_ref() != Some(expected) {
                let other = "it was given with another access token".to_owned();
                return Err(ClaimsVerificationError::Other(other));
            }
        }
        Ok(claims)
    }

    fn client(&self, known: &Known, back: &Url) -> Client {
        let settings = &self.0.settings;
        let secret = ClientSecret::new(settings.client_secret.expose_secret().to_owned());
        let id = ClientId::new(settings.client_id.clone());
        let document = CoreProviderMetadata::clone(&known.document);
        let methods = document.token_endpoint_auth_methods_supported().cloned().unwrap_or_default();
        let client = Client::from_provider_metadata(document, id, Some(secret))
            .set_redirect_uri(RedirectUrl::from_url(back.clone()));
        // Without a word from the provider it is the header, which all have to take.
        let takes = |method| methods.contains(&method);
        let in_body = takes(CoreClientAuthMethod::ClientSecretPost)
            && !takes(CoreClientAuthMethod::ClientSecretBasic);
        client.set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    fn is_old(&self, known: &Known) -> bool {
        self.0.clock.now() - known.at >= ASKED_AGAIN
    }

    /// The document, fetched if it is not there or older than that. Whoever comes meanwhile waits for the
    /// same one; a failure is told and not kept.
    async fn known(&self, oldest: TimeDelta) -> Result<Known, Error> {
        let work = async {
            let mut kept = self.0.known.lock().await;
            let now = self.0.clock.now();
            if let Some(known) = kept.as_ref().filter(|known| now - known.at < oldest) {
                return Ok(known.clone());
            }
            let known = Known { document: Arc::new(self.fetch().await?), at: now };
            *kept = Some(known.clone());
            Ok(known)
        };
        timeout(DEADLINE, work).await.map_err(|late| Error::Away(late.into()))?
    }

    async fn fetch(&self) -> Result<CoreProviderMetadata, Error> {
        let issuer = IssuerUrl::new(self.0.settings.issuer.clone());
        let issuer = issuer.map_err(|error| Error::Unreadable(error.into()))?;
        let document = CoreProviderMetadata::discover_async(issuer, &self.0.http).await?;
        let algorithms = document.id_token_signing_alg_values_supported().iter();
        // Whoever knows the client secret could sign with those itself.
        let signed = algorithms.filter(|algorithm| {
            !algorithm.uses_shared_secret() && **algorithm != CoreJwsSigningAlgorithm::None
        });
        let signed = signed.cloned().collect();
        Ok(document.set_id_token_signing_alg_values_supported(signed))
    }
}
