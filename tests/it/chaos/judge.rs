//! When the chaos is over: does each get there, and is there one of each in Cyclr's world?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use super::driver::{Accepted, client};
use super::stage::Stage;
use super::world::{BLUEPRINTS, template};
use crate::program::PATIENCE;

/// One surplus cycle in so many onboardings, at most.
const MOST_SURPLUS: usize = 20;

/// How the accepted ones got to their end.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Problems for which a person was asked, and how often.
    persons: BTreeMap<String, usize>,
    /// Each onboarding as it is told at the end.
    told: BTreeMap<String, Value>,
    surplus: usize,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a person was asked for {:?}; ", self.persons)?;
        write!(f, "{} surplus cycles that never ran", self.surplus)
    }
}

/// Lets everything come to rest; a person does what the problems ask for.
pub(super) async fn settle(stage: &mut Stage, accepted: &[Accepted]) -> Verdict {
    let http = client();
    let mut verdict = Verdict::default();
    let mut open: Vec<_> = accepted.iter().collect();
    let mut progress = Instant::now();
    while !open.is_empty() {
        stage.keep_up();
        assert!(
            progress.elapsed() < 4 * PATIENCE,
            "{} never come to rest, like {:?}: {:#?}",
            open.len(),
            open[0],
            verdict.told.get(&open[0].id)
        );
        let mut left = Vec::new();
        for one in open {
            let Some(told) = look(stage, &http, &one.id).await else {
                left.push(one);
                continue;
            };
            match told["status"].as_str().unwrap() {
                "live" => progress = Instant::now(),
                "stuck" => {
                    help(stage, &http, one, &told, &mut verdict).await;
                    left.push(one);
                }
                "retrying" => {
                    order(stage, &http, &one.id, "retry", &json!({})).await;
                    left.push(one);
                }
                _ => left.push(one),
            }
            verdict.told.insert(one.id.clone(), told);
        }
        open = left;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    verdict.surplus = count_surplus(stage, &verdict);
    verdict
}

/// `None` while no process answers. An accepted one that is unknown is lost.
async fn look(stage: &Stage, http: &Client, id: &str) -> Option<Value> {
    for replica in &stage.replicas {
        let asked =
            http.get(format!("{}/v1/onboardings/{id}", replica.url)).bearer_auth(&stage.key);
        let Ok(answer) = asked.send().await else { continue };
        assert_ne!(answer.status().as_u16(), 404, "{id} was accepted and is lost");
        if answer.status().is_success()
            && let Ok(told) = answer.json().await
        {
            return Some(told);
        }
    }
    None
}

async fn order(stage: &Stage, http: &Client, id: &str, what: &str, body: &Value) {
    for replica in &stage.replicas {
        let asked = http.post(format!("{}/v1/onboardings/{id}/{what}", replica.url));
        // Refused, it has moved on meanwhile; the next look tells.
        if asked.bearer_auth(&stage.key).json(body).send().await.is_ok() {
            return;
        }
    }
}

/// What the problem's own words ask of staff.
async fn help(stage: &Stage, http: &Client, one: &Accepted, told: &Value, verdict: &mut Verdict) {
    let code = told["problem"]["code"].as_str().unwrap_or("unnamed").to_owned();
    if code != "activation_unclear" {
        eprintln!("chaos: {one:?} is stuck at {}: {}", told["step"], told["problem"]);
    }
    if code == "ambiguous_install" {
        let cycle = &told["problem"]["candidates"][0]["cycle_id"];
        let choice = json!({ "cycle_id": cycle, "reason": "the first one" });
        order(stage, http, &one.id, "adopt", &choice).await;
    } else {
        order(stage, http, &one.id, "retry", &json!({})).await;
    }
    *verdict.persons.entry(code).or_default() += 1;
}

fn accounts(stage: &Stage) -> Vec<Value> {
    stage.sandbox.world()["accounts"].as_array().unwrap().clone()
}

fn cycles(account: &Value) -> impl Iterator<Item = &Value> {
    let all = account["cycles"].as_array().unwrap().iter();
    all.filter(|cycle| cycle["Status"] != "DeleteScheduled")
}

fn recorded(verdict: &Verdict) -> BTreeSet<String> {
    let templates = verdict.told.values().flat_map(|told| told["templates"].as_array().unwrap());
    templates.filter_map(|one| one["cycle_id"].as_str()).map(str::to_owned).collect()
}

fn count_surplus(stage: &Stage, verdict: &Verdict) -> usize {
    let recorded = recorded(verdict);
    let known = |cycle: &&Value| !recorded.contains(cycle["Id"].as_str().unwrap());
    accounts(stage).iter().map(|account| cycles(account).filter(known).count()).sum()
}

/// Everything that is wrong, one line each.
pub(super) async fn judge(stage: &Stage, accepted: &[Accepted], verdict: &Verdict) -> Vec<String> {
    stage.sandbox.wait_until_none_late().await;
    let accounts: BTreeMap<_, _> = accounts(stage)
        .into_iter()
        .map(|account| (account["Id"].as_str().unwrap().to_owned(), account))
        .collect();
    let mut wrong = Vec::new();
    for one in accepted {
        let told = &verdict.told[&one.id];
        match accounts.get(&one.tenant) {
            Some(account) if told["account_id"] == one.tenant => {
                wrong.extend(judge_one(one, told, account));
            }
            _ => wrong.push(format!("{one:?}: live without its account {}", told["account_id"])),
        }
    }
    let recorded = recorded(verdict);
    let tenants: BTreeSet<_> = accepted.iter().map(|one| &one.tenant).collect();
    for (id, account) in &accounts {
        if !tenants.contains(id) {
            wrong.push(format!("account {id}: nobody asked for it"));
        }
        for cycle in cycles(account) {
            let known = recorded.contains(cycle["Id"].as_str().unwrap());
            if !known && (cycle["Status"] == "Active" || cycle["activations"] != 0) {
                wrong.push(format!("account {id}: a second cycle was activated: {cycle}"));
            }
        }
    }
    // A process that was frozen in the middle of an install may make a second one when it wakes.
    // Whoever installed again without looking would make many.
    if verdict.surplus * MOST_SURPLUS > accepted.len().max(MOST_SURPLUS) {
        wrong.push(format!("{} cycles were installed for nothing", verdict.surplus));
    }
    let ids: BTreeSet<_> = accepted.iter().map(|one| &one.id).collect();
    if ids.len() != accepted.len() {
        wrong.push("two starts were answered with one onboarding".to_owned());
    }
    wrong
}

fn judge_one(one: &Accepted, told: &Value, account: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let letters = [&['a'][..], &['b'], &['c', 'd']];
    let place = BLUEPRINTS.iter().position(|key| *key == one.blueprint).unwrap();
    let plans = told["templates"].as_array().unwrap();
    for (letter, plan) in letters[place].iter().zip(plans) {
        let found = cycles(account).find(|cycle| cycle["Id"] == plan["cycle_id"]);
        let Some(cycle) = found.filter(|cycle| cycle["TemplateId"] == template(*letter)) else {
            wrong.push(format!("{one:?}: live without its cycle of template {letter}: {plan}"));
            continue;
        };
        let runs =
            if *letter == 'b' { cycle["activations"] == 1 } else { cycle["Status"] == "Active" };
        let step = &cycle["steps"][0];
        let told_right = step["parameters"][0]["Value"] == "main"
            && step["fields"][0]["Value"] == one.tenant.as_str();
        if !runs || !told_right {
            wrong.push(format!("{one:?}: live with a cycle that is not as it should be: {cycle}"));
        }
    }
    if letters[place].len() != plans.len() {
        wrong.push(format!("{one:?}: {} templates", plans.len()));
    }
    if told["status"] != "live" {
        wrong.push(format!("{one:?}: {}", told["status"]));
    }
    wrong
}
