//! What a catalogue must not say. Each mistake is one sentence that names its place.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Display;
use std::hash::Hash;

use uuid::Uuid;

use super::super::shapes::is_account_setting;
use super::{
    Catalogue, Connector, Input, OAuthProvider, PresentAccount, PresentConnector, PresentCycle,
    PresentMapping, Template,
};

/// Everything that is wrong with it, in the order of the file.
pub(super) fn mistakes(catalogue: &Catalogue) -> Vec<String> {
    let mut check = Check { catalogue, mistakes: Vec::new() };
    check.partner();
    check.connectors();
    check.provider_clients();
    check.templates();
    check.accounts();
    check.mistakes
}

struct Check<'a> {
    catalogue: &'a Catalogue,
    mistakes: Vec<String>,
}

impl<'a> Check<'a> {
    fn wrong(&mut self, what: String) {
        self.mistakes.push(what);
    }

    /// Says which of these occur twice.
    fn once<T: Eq + Hash + Display>(
        &mut self,
        place: &str,
        what: &str,
        ids: impl IntoIterator<Item = T>,
    ) {
        let mut seen = HashSet::new();
        for id in ids {
            let text = id.to_string();
            if !seen.insert(id) {
                self.wrong(format!("{place} has the {what} {text} twice"));
            }
        }
    }

    fn partner(&mut self) {
        let partner = &self.catalogue.partner;
        self.once("the partner", "client id", partner.iter().map(|one| &one.client_id));
        if partner.len() > 5 {
            self.wrong("the partner has more than five credentials".to_owned());
        }
        if partner.iter().any(|one| one.client_id.is_empty() || one.client_secret.is_empty()) {
            self.wrong("the partner has a credential without an id or a secret".to_owned());
        }
    }

    fn connectors(&mut self) {
        let catalogue = self.catalogue;
        let ids = catalogue.connectors.iter().map(|connector| connector.id);
        self.once("the catalogue", "connector", ids);
        for connector in &catalogue.connectors {
            self.connector(connector);
        }
    }

    fn provider_clients(&mut self) {
        let catalogue = self.catalogue;
        let clients = &catalogue.provider_clients;
        self.once("the provider", "client id", clients.iter().map(|one| &one.client_id));
        for client in clients {
            let place = format!("provider client `{}`", client.client_id);
            if client.client_id.is_empty() || client.client_secret.is_empty() {
                self.wrong(format!("{place} needs a client_id and a client_secret"));
            }
            if client.redirect_uris.iter().any(|uri| !matches!(uri.scheme(), "http" | "https")) {
                self.wrong(format!("{place} has a redirect_uri that is no http or https address"));
            }
            let unknown = client.connector;
            if !catalogue.connectors.iter().any(|one| one.id == unknown) {
                self.wrong(format!("{place} is about the unknown connector {unknown}"));
            }
        }
    }

    fn connector(&mut self, connector: &Connector) {
        let place = format!("connector `{}`", connector.name);
        if connector.name.trim().is_empty() {
            self.wrong(format!("connector {} has no name", connector.id));
        }
        for what in connector.provider.iter().flat_map(OAuthProvider::mistakes) {
            self.wrong(format!("{place} has a provider with {what}"));
        }
        let names = connector.properties.iter().map(|one| one.target_name.to_lowercase());
        self.once(&place, "property", names);
        self.once(&place, "method", connector.methods.iter().map(|one| &one.id));
        self.once(&place, "trigger", connector.triggers.iter().map(|one| one.id));
        self.once(&place, "authentication", connector.authentication.iter().map(|one| one.id));
    }

    fn templates(&mut self) {
        let catalogue = self.catalogue;
        let ids = catalogue.templates.iter().map(|template| template.id);
        self.once("the catalogue", "template", ids);
        for template in &catalogue.templates {
            self.template(template);
        }
    }

    fn template(&mut self, template: &Template) {
        let place = format!("template `{}`", template.name);
        if template.steps.is_empty() {
            self.wrong(format!("{place} has no step"));
        }
        for step in &template.steps {
            let place = format!("step `{} / {}`", template.name, step.name);
            let unknown = step.connector;
            if !self.catalogue.connectors.iter().any(|one| one.id == unknown) {
                self.wrong(format!("{place} uses the unknown connector {unknown}"));
            }
            self.inputs(&place, "parameter", &step.parameters);
            self.inputs(&place, "field", &step.fields);
            self.once(&place, "output", step.outputs.iter().map(|one| one.id));
        }
        let names = template.variables.iter().map(|one| one.system_name.to_lowercase());
        self.once(&place, "variable", names);
        for prerequisite in &template.prerequisites {
            if let Some(step) = prerequisite.step.filter(|step| *step >= template.steps.len()) {
                self.wrong(format!(
                    "{place} has a prerequisite of a step {step} that is not there"
                ));
            }
        }
    }

    fn inputs(&mut self, place: &str, what: &str, inputs: &[Input]) {
        self.once(place, what, inputs.iter().map(|input| input.id));
        for input in inputs {
            let lookup = input.lookup.iter().flat_map(|lookup| &lookup.choices);
            self.once(&format!("{place}, {what} {}", input.id), "choice", lookup.map(|c| &c.value));
        }
    }

    fn accounts(&mut self) {
        let catalogue = self.catalogue;
        let accounts = &catalogue.accounts;
        self.once("the catalogue", "account", accounts.iter().map(|account| &account.id));
        let connectors = accounts.iter().flat_map(|account| &account.connectors);
        self.once("the catalogue", "account connector", connectors.clone().map(|one| one.id));
        let properties = connectors.flat_map(|connector| &connector.properties);
        self.once("the catalogue", "property id", properties.map(|one| one.id));
        let cycles = accounts.iter().flat_map(|account| &account.cycles);
        self.once("the catalogue", "cycle", cycles.clone().map(|cycle| cycle.id));
        self.once("the catalogue", "step", cycles.flat_map(|cycle| cycle.steps.iter().copied()));
        for account in accounts {
            self.account(account);
        }
    }

    fn account(&mut self, account: &'a PresentAccount) {
        let place = format!("account `{}`", account.id);
        if account.id.is_empty() || account.name.is_empty() {
            self.wrong(format!("{place} needs an id and a name"));
        }
        let known = |id: &String| self.catalogue.accounts.iter().any(|one| one.id == *id);
        if let Some(parent) = account.parent.as_ref().filter(|parent| !known(parent)) {
            self.wrong(format!("{place} has the unknown parent `{parent}`"));
        }
        for name in account.settings.keys().filter(|name| !is_account_setting(name)) {
            self.wrong(format!("{place} has the unknown setting `{name}`"));
        }
        for connector in &account.connectors {
            self.account_connector(&place, connector);
        }
        let has: BTreeMap<_, _> = account.connectors.iter().map(|c| (c.id, c.connector)).collect();
        for cycle in &account.cycles {
            self.cycle(&has, cycle);
        }
    }

    fn account_connector(&mut self, place: &str, one: &PresentConnector) {
        let place = format!("{place}, connector {}", one.id);
        let Some(made_from) = self.catalogue.connectors.iter().find(|c| c.id == one.connector)
        else {
            self.wrong(format!("{place} is of the unknown connector {}", one.connector));
            return;
        };
        if let Some(id) = one.authentication.filter(|id| made_from.way(Some(*id)).is_none()) {
            self.wrong(format!("{place} uses the unknown authentication {id}"));
        }
    }

    /// `has` are the account's connectors with the catalogue's connector of each.
    fn cycle(&mut self, has: &BTreeMap<i64, i64>, cycle: &PresentCycle) {
        let place = format!("cycle {}", cycle.id);
        let catalogue = self.catalogue;
        let Some(template) = catalogue.templates.iter().find(|one| one.id == cycle.template) else {
            self.wrong(format!("{place} is of the unknown template {}", cycle.template));
            return;
        };
        if cycle.steps.len() != template.steps.len() {
            let (given, wanted) = (cycle.steps.len(), template.steps.len());
            self.wrong(format!("{place} has {given} steps, its template {wanted}"));
        }
        for id in cycle.account_connectors.iter().filter(|id| !has.contains_key(id)) {
            self.wrong(format!(
                "{place} uses the account connector {id}, which is not its account's"
            ));
        }
        let kinds: BTreeSet<_> = has.values().copied().collect();
        let wanted: BTreeSet<_> = template.steps.iter().map(|step| step.connector).collect();
        for kind in wanted.difference(&kinds) {
            self.wrong(format!("{place} needs an account connector of connector {kind}"));
        }
        for mapping in &cycle.mappings {
            self.mapping(&place, template, &cycle.steps, mapping);
        }
    }

    fn mapping(&mut self, place: &str, template: &Template, steps: &[Uuid], told: &PresentMapping) {
        let step = steps.iter().position(|step| *step == told.step);
        let Some(step) = step.and_then(|step| template.steps.get(step)) else {
            self.wrong(format!("{place} maps the unknown step {}", told.step));
            return;
        };
        let (what, id, inputs) = match (told.parameter, told.field) {
            (Some(id), None) => ("parameter", id, &step.parameters),
            (None, Some(id)) => ("field", id, &step.fields),
            (Some(_), Some(_)) | (None, None) => {
                self.wrong(format!("{place} has a mapping that names not one parameter or field"));
                return;
            }
        };
        if !inputs.iter().any(|input| input.id == id) {
            self.wrong(format!("{place} maps the unknown {what} {id}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(catalogue: serde_json::Value) -> Vec<String> {
        mistakes(&serde_json::from_value(catalogue).unwrap())
    }

    #[test]
    fn every_mistake_is_told_at_once_and_names_its_place() {
        let step = json!({ "name": "S", "connector": 9, "method": { "id": 1, "name": "m" } });
        let id = "5e1f0c3a-7b52-4c0e-9a41-0d6c2f8b1a01";
        let cycle = "00000000-0000-4000-8000-000000000001";
        let catalogue = json!({
            "partner": [{ "client_id": "a", "client_secret": "" }],
            "connectors": [{ "id": 1, "name": "C", "auth_type": "None" },
                           { "id": 1, "name": "D", "auth_type": "None" }],
            "templates": [{ "id": id, "name": "T", "steps": [step] },
                          { "id": cycle, "name": "U", "steps": [] }],
            "accounts": [{
                "id": "a", "name": "A", "parent": "b", "settings": { "Colour": "red" },
                "connectors": [{ "id": 5, "connector": 8 }],
                "cycles": [{ "id": cycle, "template": id, "steps": [], "account_connectors": [6] }],
            }],
        });
        assert_eq!(
            told(catalogue),
            [
                "the partner has a credential without an id or a secret",
                "the catalogue has the connector 1 twice",
                "step `T / S` uses the unknown connector 9",
                "template `U` has no step",
                "account `a` has the unknown parent `b`",
                "account `a` has the unknown setting `Colour`",
                "account `a`, connector 5 is of the unknown connector 8",
                "cycle 00000000-0000-4000-8000-000000000001 has 0 steps, its template 1",
                "cycle 00000000-0000-4000-8000-000000000001 uses the account connector 6, \
             which is not its account's",
                "cycle 00000000-0000-4000-8000-000000000001 needs an account connector of connector 9",
            ]
        );
    }

    #[test]
    fn a_mapping_names_a_step_and_one_input_of_it() {
        let (id, cycle, step) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let input = json!({ "id": 7, "name": "F" });
        let with = |mapping: serde_json::Value| {
            told(json!({
                "connectors": [{ "id": 1, "name": "C", "auth_type": "None" }],
                "templates": [{ "id": id, "name": "T", "steps": [{
                    "name": "S", "connector": 1, "method": { "id": 1, "name": "m" },
                    "fields": [input] }] }],
                "accounts": [{ "id": "a", "name": "A", "connectors": [{ "id": 5, "connector": 1 }],
                    "cycles": [{ "id": cycle, "template": id, "steps": [step],
                                 "mappings": [mapping] }] }],
            }))
        };
        let kind = "StaticValue";
        assert!(with(json!({ "step": step, "field": 7, "mapping_type": kind })).is_empty());
        let wrong = [
            (json!({ "step": step, "field": 8, "mapping_type": kind }), "unknown field 8"),
            (json!({ "step": step, "mapping_type": kind }), "not one parameter or field"),
            (json!({ "step": id, "field": 7, "mapping_type": kind }), "unknown step"),
        ];
        for (mapping, why) in wrong {
            let told = with(mapping);
            assert!(told.len() == 1 && told[0].contains(why), "{told:?}");
        }
    }
}
