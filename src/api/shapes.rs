//! What the API sends and takes: the only serialised types of this door.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::onboarding::{
    Abandonment, Action, Approval, AuthKind, Candidate, Connection, Health, Onboarding,
    Requirement, Slot, StuckBecause,
};
use crate::store::{Counts, Published};
use crate::web::AppState;

/// One tenant on its way through one blueprint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Onboarding)]
pub(super) struct OnboardingBody {
    pub(super) id: Uuid,
    /// The short code on every page and message of it, for people to read out.
    pub(super) reference: String,
    pub(super) tenant_id: String,
    pub(super) blueprint: BlueprintRef,
    /// `running`, `retrying`, `waiting`, `stuck`, `live` or `cancelled`.
    pub(super) status: &'static str,
    /// `create_account`, `install`, `connect`, `map`, `activate`, `live` or `offboard`.
    pub(super) step: &'static str,
    /// Who must act next: `end_user`, `customer_admin`, `integrator`, `support`, `provider`, `cyclr`
    /// or `none`.
    pub(super) blocker: &'static str,
    /// In one sentence, for staff: why it stands there, since when, what happens next by itself and when,
    /// and who must act.
    pub(super) explanation: String,
    pub(super) requirements: Requirements,
    /// Why it is retrying or stuck, or live and unhealthy.
    #[schema(required)]
    pub(super) problem: Option<ProblemBody>,
    /// While it waits for a person, where they stopped: `not_opened`, `opened_not_started`,
    /// `left_at_provider`, `denied`, `needs_admin`, `returned_unverified` or `mapping_idle`. `null` while
    /// somebody is signing in.
    #[schema(required)]
    pub(super) abandonment: Option<&'static str>,
    /// Whether somebody has to look: it is stuck, or it waits beyond its deadline, or it should have
    /// gone on by itself long ago, or it is live and unhealthy.
    pub(super) is_stuck: bool,
    /// `problem`, `deadline_passed`, `overdue` or `unhealthy`.
    #[schema(required)]
    pub(super) stuck_because: Option<&'static str>,
    /// Failed tries in a row at the present step.
    pub(super) tries: u32,
    /// Of a live one: `unproven`, `healthy`, or `unhealthy` for the reason in `problem`.
    #[schema(required)]
    pub(super) health: Option<&'static str>,
    /// Since when status and step are what they are.
    pub(super) since: DateTime<Utc>,
    /// Until when a person has time, while one is waited for.
    #[schema(required)]
    pub(super) deadline: Option<DateTime<Utc>>,
    /// When it is tried again by itself.
    #[schema(required)]
    pub(super) retry_at: Option<DateTime<Utc>>,
    pub(super) link: LinkBody,
    pub(super) connections: Vec<ConnectionBody>,
    pub(super) templates: Vec<TemplateBody>,
    /// The Cyclr account, once it is proven to be the tenant's.
    #[schema(required)]
    pub(super) account_id: Option<String>,
    #[schema(required)]
    pub(super) contact: Option<ContactBody>,
    /// Each once, in the order of the alphabet.
    pub(super) tags: Vec<String>,
    /// As it was given.
    #[schema(value_type = Object)]
    pub(super) metadata: Map<String, Value>,
    /// Who of your people looks after it.
    #[schema(required)]
    pub(super) assignee: Option<String>,
    /// Until when nobody needs to look.
    #[schema(required)]
    pub(super) snoozed_until: Option<DateTime<Utc>>,
    /// What may be ordered of it as it stands: `retry`, `answer`, `adopt`, `skip`, `restart_from`,
    /// `cancel`, `rotate_link`, `revoke_link`, `extend_link`, `note`, `assign`, `snooze`.
    pub(super) allowed_actions: Vec<&'static str>,
    pub(super) created_at: DateTime<Utc>,
}

/// A published version of a blueprint.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BlueprintRef {
    pub(super) key: String,
    pub(super) version: i32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Requirements {
    /// What is missing right now; empty while nobody has to do anything.
    pub(super) currently_due: Vec<RequirementBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Requirement)]
pub(super) struct RequirementBody {
    /// `connect_account`, `needs_admin_approval`, `answer_question` or `resolve_problem`.
    pub(super) code: &'static str,
    /// The connector, the question or the problem that it is about.
    pub(super) object: String,
    pub(super) blocker: &'static str,
    pub(super) for_customer: String,
    pub(super) for_staff: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OnboardingProblem)]
pub(super) struct ProblemBody {
    /// From a catalogue: codes are added, never renamed.
    pub(super) code: &'static str,
    #[schema(required)]
    pub(super) detail: Option<String>,
    pub(super) for_staff: &'static str,
    /// For `ambiguous_install`: the cycles that could be this onboarding's, to choose from with
    /// `adopt`. Empty otherwise.
    pub(super) candidates: Vec<CandidateBody>,
}

/// A cycle that could be the onboarding's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Candidate)]
pub(super) struct CandidateBody {
    pub(super) cycle_id: Uuid,
    pub(super) name: String,
    /// As Cyclr says it.
    pub(super) status: String,
    #[schema(required)]
    pub(super) created_at: Option<DateTime<Utc>>,
}

/// The address of the hosted pages. Whoever has it can act for the tenant there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub(super) struct LinkBody {
    /// `null` once it has expired, and while the integrator has to put something right before anybody
    /// can begin.
    #[schema(required)]
    pub(super) url: Option<String>,
    pub(super) expires_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
#[expect(clippy::struct_excessive_bools, reason = "a fact each, as integrators read them")]
pub(super) struct ConnectionBody {
    pub(super) connector_id: String,
    pub(super) name: String,
    /// `oauth`, `oauth_unattended`, `api_key`, `basic`, `fields` or `open`; `null` until it is known.
    #[schema(required)]
    pub(super) auth: Option<&'static str>,
    pub(super) connected: bool,
    /// It was authenticated before anybody was asked.
    pub(super) found_connected: bool,
    /// A colleague of whoever has the link was asked to connect it.
    pub(super) handed_over: bool,
    /// An administrator has to approve it at the provider: since when that is known, and when to ask again.
    #[schema(required)]
    pub(super) approval: Option<ApprovalBody>,
    /// Passed over, or it belonged to a cycle that was given up: nobody is asked for it.
    pub(super) skipped: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Approval)]
pub(super) struct ApprovalBody {
    pub(super) asked_at: DateTime<Utc>,
    pub(super) remind_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Template)]
pub(super) struct TemplateBody {
    pub(super) template_id: Uuid,
    /// `null` until it is installed.
    #[schema(required)]
    pub(super) cycle_id: Option<Uuid>,
    pub(super) mapped: bool,
    /// Its mapping was passed over.
    pub(super) mapping_skipped: bool,
    pub(super) active: bool,
}

/// Whom to ask at the tenant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Contact)]
pub(super) struct ContactBody {
    /// 1 to 200 characters on one line.
    pub(super) name: Option<String>,
    #[schema(format = Email)]
    pub(super) email: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OnboardingPage {
    /// In the order that was asked for.
    pub(super) data: Vec<OnboardingBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required)]
    pub(super) next_cursor: Option<String>,
}

/// How many onboardings match.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Counts)]
pub(super) struct CountsBody {
    pub(super) total: u64,
    pub(super) by_status: BTreeMap<String, u64>,
    pub(super) by_step: BTreeMap<&'static str, u64>,
    pub(super) by_blocker: BTreeMap<&'static str, u64>,
    pub(super) by_problem: BTreeMap<&'static str, u64>,
    /// Of those that wait for a person.
    pub(super) by_abandonment: BTreeMap<&'static str, u64>,
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        let Counts { total, by_status, by_step, by_blocker, by_problem, by_abandonment } = counts;
        Self { total, by_status, by_step, by_blocker, by_problem, by_abandonment }
    }
}

/// A blueprint as it was published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublishedBlueprint)]
pub(super) struct PublishedBody {
    pub(super) key: String,
    pub(super) version: i32,
    pub(super) published_at: DateTime<Utc>,
    #[schema(value_type = super::blueprints::schema::Blueprint)]
    pub(super) document: Value,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(super) struct HealthBody {
    pub(super) status: &'static str,
}

impl OnboardingBody {
    /// As it stands, with the link's address as far as it may be given out.
    pub(super) fn show(onboarding: &Onboarding, state: &AppState) -> Self {
        let url = state.open_link_url(onboarding);
        Self::with_link(onboarding, url, state.clock().now())
    }

    /// As it is kept: with a placeholder where the link's address will stand.
    pub(super) fn to_keep(onboarding: &Onboarding, state: &AppState) -> Self {
        let shown = state.open_link_url(onboarding);
        Self::with_link(
            onboarding,
            shown.map(|_| state.link_to_keep(onboarding)),
            state.clock().now(),
        )
    }

    /// `now` decides what is overdue.
    fn with_link(onboarding: &Onboarding, url: Option<String>, now: DateTime<Utc>) -> Self {
        let stuck = onboarding.stuck_because(now);
        let problem = onboarding.problem();
        let facts = &onboarding.facts;
        let due = onboarding.requirements().into_iter().map(RequirementBody::from).collect();
        Self {
            id: onboarding.id.0,
            reference: onboarding.reference.to_string(),
            tenant_id: onboarding.tenant.to_string(),
            blueprint: BlueprintRef {
                key: onboarding.blueprint.key.to_string(),
                version: onboarding.blueprint.version,
            },
            status: onboarding.status.name(),
            step: onboarding.step().name(),
            blocker: onboarding.blocker().name(),
            explanation: onboarding.explain(now),
            requirements: Requirements { currently_due: due },
            problem: problem.map(|problem| ProblemBody {
                code: problem.code.name(),
                detail: problem.detail.clone(),
                for_staff: problem.code.for_staff(),
                candidates: onboarding.candidates().iter().map(CandidateBody::from).collect(),
            }),
            abandonment: onboarding.abandonment().map(Abandonment::name),
            is_stuck: stuck.is_some(),
            stuck_because: stuck.map(StuckBecause::name),
            tries: onboarding.tries,
            health: onboarding.health().map(Health::name),
            since: kept(onboarding.since),
            deadline: onboarding.status.deadline().map(kept),
            retry_at: onboarding.status.retry_at().map(kept),
            link: LinkBody { url, expires_at: kept(onboarding.link.expires_at) },
            connections: facts.connections.iter().map(ConnectionBody::from).collect(),
            templates: facts.slots.iter().map(TemplateBody::from).collect(),
            account_id: facts.account.as_ref().map(|account| account.id.to_string()),
            contact: onboarding.profile.contact.as_ref().map(|contact| ContactBody {
                name: contact.name.clone(),
                email: contact.email.clone(),
            }),
            tags: onboarding.profile.tags.clone(),
            metadata: onboarding.profile.metadata.clone(),
            assignee: onboarding.assignee.clone(),
            snoozed_until: onboarding.snoozed_until.filter(|until| *until > now).map(kept),
            allowed_actions: onboarding.allowed_actions(now).map(Action::name).collect(),
            created_at: kept(onboarding.created_at),
        }
    }
}

/// A time as precise as the database keeps it, so that it reads the same before and after.
pub(super) fn kept(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

impl From<Requirement> for RequirementBody {
    fn from(requirement: Requirement) -> Self {
        Self {
            code: requirement.code.name(),
            object: requirement.object,
            blocker: requirement.blocker.name(),
            for_customer: requirement.for_customer,
            for_staff: requirement.for_staff,
        }
    }
}

impl From<&Candidate> for CandidateBody {
    fn from(candidate: &Candidate) -> Self {
        Self {
            cycle_id: candidate.cycle.0,
            name: candidate.name.clone(),
            status: candidate.status.clone(),
            created_at: candidate.created_at,
        }
    }
}

impl From<&Connection> for ConnectionBody {
    fn from(connection: &Connection) -> Self {
        Self {
            connector_id: connection.connector.to_string(),
            name: connection.name.clone(),
            auth: connection.auth.map(AuthKind::name),
            connected: connection.authenticated.stands(),
            found_connected: connection.found_connected,
            handed_over: connection.handed_over.stands(),
            approval: connection.approval.filter(|_| connection.is_open()).map(
                |Approval { asked_at, remind_at }| ApprovalBody {
                    asked_at: kept(asked_at),
                    remind_at: kept(remind_at),
                },
            ),
            skipped: connection.is_passed_over(),
        }
    }
}

impl From<&Slot> for TemplateBody {
    fn from(slot: &Slot) -> Self {
        Self {
            template_id: slot.template.0,
            cycle_id: slot.cycle.map(|cycle| cycle.0),
            mapped: slot.mapped.stands(),
            mapping_skipped: slot.mapping_skipped.stands(),
            active: slot.active.stands(),
        }
    }
}

impl From<&Published> for PublishedBody {
    fn from(published: &Published) -> Self {
        Self {
            key: published.id.key.to_string(),
            version: published.id.version,
            published_at: kept(published.published_at),
            // The document is the one form in which a blueprint exists outside of the program.
            document: serde_json::to_value(&*published.blueprint).unwrap_or_default(),
        }
    }
}
