//! Bodies as documented, and looser ones.

use gangway::cyclr::{
    AuthType, CycleConnector, CycleStatus, Error, Fault, MappingLookup, OAuth2Type,
    PrerequisiteObject,
};
use gangway::ids::{ConnectorId, CycleId, CycleStepId, TemplateId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::stand_in::{StandIn, acme, date, say};

const CYCLE: &str = "cf636e9c-13dd-47ea-b0e8-88a5bf7f7b00";
const TEMPLATE: &str = "7ad2265e-2ff0-477b-b913-cae1dfde2ea8";
const STEP: &str = "709b68ba-394e-4339-9550-abd0312e8dd5";

fn cycle_id() -> CycleId {
    CycleId(CYCLE.parse().unwrap())
}

fn step_id() -> CycleStepId {
    CycleStepId(STEP.parse().unwrap())
}

fn cycle() -> Value {
    json!({
        "Id": CYCLE, "CreatedOnUtc": "2017-12-06T16:21:46.0499829Z", "TasksUsed": 0,
        "ErrorCount": 3, "WarningCount": 0,
        "Connectors": [{"Id": 2550, "AccountConnectorId": 51, "Name": "Pipedrive",
            "Version": "1.0", "Authenticated": true, "StepCount": 1, "Icon": null}],
        "Status": "Paused", "LastSuccessfulRunDate": "0001-01-01T00:00:00",
        "InProgressTransactionCount": 0, "Name": "Pipedrive > MailChimp", "Description": null,
        "Shareable": false, "StepDataSuccessRetentionHours": null, "TemplateId": TEMPLATE,
    })
}

fn connector(auth: &str, oauth2: &str) -> Value {
    json!({
        "Id": 36328, "Name": "Our Pipedrive", "Description": null, "AuthValue": "canary-key",
        "Authenticated": true,
        "Connector": {"Id": 2550, "Name": "Pipedrive", "AuthType": auth, "OAuth2Type": oauth2,
            "Parameters": [
                {"IsAccountConnectorProperty": true, "TargetName": "isSandbox", "Id": 7,
                 "IsSensitive": false, "Name": "Is Sandbox?", "IsOptional": false,
                 "Values": ["true", "false"]},
                {"IsAccountConnectorProperty": false, "TargetName": "EndpointUrl"}]},
        "Properties": [{"Id": 1, "Name": "isSandbox", "Value": "canary-property"},
                       {"Id": 2, "Name": "Url", "Value": null}],
        "CustomFields": [],
    })
}

#[tokio::test]
async fn an_account_is_read() {
    let host = StandIn::saying(
        200,
        r#"{"CreatedDate":"2017-12-06T15:54:06.6440352Z","Id":"acme-42","Name":"Acme",
            "AuditInfo":null,"Timezone":"Europe/London","StepDataSuccessRetentionHours":168}"#,
    )
    .await;
    let account = host.partner().find_account(&acme()).await.unwrap().unwrap();
    assert_eq!((account.id.as_str(), account.name.as_str()), ("acme-42", "Acme"));
    assert_eq!(account.audit_info, None);
    assert_eq!(host.calls(), ["GET /v1.0/accounts/acme-42"]);
    assert_eq!(host.heard()[1].account, None);
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let host = StandIn::saying(404, "").await;
    assert_eq!(host.partner().find_account(&acme()).await, Ok(None));
    assert_eq!(host.account().find_cycle(cycle_id()).await, Ok(None));
    assert_eq!(host.account().delete_cycle(cycle_id()).await, Ok(()));
}

#[tokio::test]
async fn a_template_is_read() {
    let host = StandIn::saying(
        200,
        json!({"Name": "P > M", "Id": TEMPLATE, "Tags": ["crm"], "Description": null,
               "Connectors": [{"Id": 2550, "Name": "Pipedrive", "Version": "1.0"},
                              {"Id": 2582, "Name": "MailChimp", "Version": null}]})
        .to_string(),
    )
    .await;
    let id = TemplateId(TEMPLATE.parse().unwrap());
    let template = host.partner().find_template(id).await.unwrap().unwrap();
    assert_eq!(template.tags, ["crm"]);
    assert_eq!(template.connectors[1].name, "MailChimp");
    assert_eq!(template.connectors[1].version, None);
}

#[tokio::test]
async fn an_installed_cycle_is_read() {
    let host = StandIn::saying(200, cycle().to_string()).await;
    let template = TemplateId(TEMPLATE.parse().unwrap());
    let cycle = host.account().install(template).await.unwrap();
    assert_eq!(cycle.id, cycle_id());
    assert_eq!(cycle.template, Some(template));
    assert_eq!(cycle.status, CycleStatus::Paused);
    assert_eq!(cycle.created_at, Some(date("2017-12-06T16:21:46.049982900Z")));
    assert_eq!((cycle.last_success_at, cycle.error_count), (None, 3));
    let pipedrive = CycleConnector {
        connector: ConnectorId(51),
        name: "Pipedrive".to_owned(),
        authenticated: true,
    };
    assert_eq!(cycle.connectors, [pipedrive]);
    let install = &host.heard()[1];
    assert_eq!(install.path, format!("/v1.0/templates/{TEMPLATE}/install"));
    assert_eq!((install.body.as_str(), install.account.as_deref()), ("{}", Some("acme-42")));
}

#[tokio::test]
async fn a_loosely_spelled_cycle_is_read_all_the_same() {
    let host = StandIn::saying(
        200,
        "\u{feff}{\"iD\" : \"CF636E9C-13DD-47EA-B0E8-88A5BF7F7B00\", \"STATUS\": \"Resting\",
          \"lastSuccessfulRunDate\": \"2026-01-01T10:00:00.5\", \"createdOnUtc\": \"soon\",
          \"connectors\": [{\"accountConnectorId\": \"52\", \"authenticated\": \"True\"},
                           {\"accountConnectorId\": null}],
          \"name\": \"a \\\"Quoted\\\": name\", \"templateId\": null, \"Errorcount\": null,
          \"Tags\": {\"New\": [1, 2.5, {\"Deep\": null}]}}",
    )
    .await;
    let cycle = host.account().find_cycle(cycle_id()).await.unwrap().unwrap();
    assert_eq!(cycle.id, cycle_id());
    assert_eq!(cycle.status, CycleStatus::Other("Resting".to_owned()));
    assert_eq!(cycle.last_success_at, Some(date("2026-01-01T10:00:00.5Z")));
    assert_eq!((cycle.created_at, cycle.template), (None, None));
    assert_eq!(cycle.name, "a \"Quoted\": name");
    assert_eq!(cycle.connectors.len(), 1);
    assert_eq!(cycle.connectors[0].connector, ConnectorId(52));
    assert!(cycle.connectors[0].authenticated);
}

#[tokio::test]
async fn prerequisites_name_their_objects_by_number_or_text() {
    let host = StandIn::saying(
        200,
        json!([
            {"ReasonCode": 20, "Reason": "Unauthenticated connector",
             "ObjectType": "AccountConnector", "ObjectId": 36328},
            {"ReasonCode": 30, "Reason": "Missing mapping", "ObjectType": "Action", "ObjectId": STEP},
            {"ReasonCode": "40", "ObjectType": "Parameter", "ObjectId": "16017"},
            {"ReasonCode": 41, "ObjectType": "ConnectorFieldMapping", "ObjectId": 283_792},
            {"ReasonCode": 99, "Reason": null, "ObjectType": "CycleVariable", "ObjectId": "Region"},
        ])
        .to_string(),
    )
    .await;
    let missing = host.account().list_prerequisites(cycle_id()).await.unwrap();
    let objects: Vec<_> = missing.iter().map(|one| (one.code, one.object.clone())).collect();
    let expected = [
        (20, PrerequisiteObject::Connector(ConnectorId(36328))),
        (30, PrerequisiteObject::Step(step_id())),
        (40, PrerequisiteObject::Parameter(16017)),
        (41, PrerequisiteObject::Field(283_792)),
        (99, PrerequisiteObject::Other("CycleVariable Region".to_owned())),
    ];
    assert_eq!(objects, expected);
}

#[tokio::test]
async fn steps_parameters_and_fields_are_read() {
    let host = StandIn::answering(|heard| match heard.path.rsplit('/').next().unwrap() {
        "steps?filter=action" => say(
            200,
            json!([{"Id": STEP, "Name": "Add",
            "AccountConnector": {"Id": 51, "Name": "MailChimp"}, "Method": {"Parameters": []}}]),
        ),
        "parameters" => say(
            200,
            json!([{"Parameter": {"Id": 16017, "Name": "List ID",
            "Description": "Select a List.", "IsOptional": false, "DataType": "Undefined",
            "TriggerName": "Lookup List", "Values": [], "Triggers": [{"MethodId": 36666}, {"TriggerId": "36601", "AccountConnectorId": 51}]},
            "MappingType": null, "Value": null}]),
        ),
        "fieldmappings" => say(
            200,
            json!([{"Field": {"Id": "283792", "Name": "Email",
            "Description": null, "IsOptional": true, "DataType": "Text", "TriggerName": null,
            "Values": ["a", 7], "Triggers": null}, "MappingType": "Ignore", "Value": null}]),
        ),
        _ => say(404, ""),
    })
    .await;
    let account = host.account();
    let steps = account.list_steps(cycle_id()).await.unwrap();
    assert_eq!((steps[0].id, steps[0].connector), (step_id(), Some(ConnectorId(51))));
    let parameter = &account.list_parameters(step_id()).await.unwrap()[0];
    assert_eq!((parameter.id, parameter.optional), (16017, false));
    // The documented one has no id, and so nobody can ask with it.
    let lookup = MappingLookup { trigger: 36601, connector: Some(ConnectorId(51)) };
    assert_eq!(parameter.lookup, Some(lookup));
    assert_eq!((&parameter.kind, &parameter.value), (&None, &None));
    let field = &account.list_field_mappings(step_id()).await.unwrap()[0];
    assert_eq!((field.id, field.lookup.is_some(), field.optional), (283_792, false, true));
    assert_eq!(field.values, ["a", "7"]);
    assert_eq!(field.kind.as_deref(), Some("Ignore"));
}

#[tokio::test]
async fn a_connector_is_read_and_its_secrets_are_not() {
    let host = StandIn::saying(200, connector("ApiKey", "Unknown").to_string()).await;
    let found = host.account().find_connector(ConnectorId(36328)).await;
    let found = found.unwrap().unwrap();
    assert_eq!((found.auth.clone(), found.oauth2.clone()), (AuthType::ApiKey, OAuth2Type::Unknown));
    assert!(found.authenticated);
    assert_eq!(found.needs.as_ref().unwrap().parameters_to_set.len(), 1);
    assert_eq!(found.needs.as_ref().unwrap().parameters_to_set[0].target_name, "isSandbox");
    assert_eq!(found.needs.as_ref().unwrap().parameters_to_set[0].values, ["true", "false"]);
    let properties = [("isSandbox".to_owned(), true), ("Url".to_owned(), false)];
    assert_eq!(found.properties, properties);
    assert!(!format!("{found:?}").contains("canary"));
}

#[tokio::test]
async fn auth_kinds_that_nobody_knows_are_kept_as_they_are() {
    for (auth, oauth2, expected) in [
        ("OAuth2", "AuthorisationCode", (AuthType::OAuth2, OAuth2Type::AuthorisationCode)),
        ("oauth2", "ClientCredentials", (AuthType::OAuth2, OAuth2Type::ClientCredentials)),
        ("Basic", "", (AuthType::Basic, OAuth2Type::Unknown)),
        (
            "Retina",
            "Dance",
            (AuthType::Other("Retina".to_owned()), OAuth2Type::Other("Dance".to_owned())),
        ),
    ] {
        let host = StandIn::saying(200, connector(auth, oauth2).to_string()).await;
        let found = host.account().find_connector(ConnectorId(1)).await.unwrap().unwrap();
        assert_eq!((found.auth, found.oauth2), expected);
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_last_page_and_never_in_part() {
    let page = |from: u128, count: u128| {
        let cycles = (from..from + count).map(|n| json!({"Id": Uuid::from_u128(n)}));
        Value::Array(cycles.collect())
    };
    for (sizes, expected) in [(&[3][..], 3), (&[100, 100, 4], 204), (&[50, 50, 0], 100)] {
        let sizes = sizes.to_vec();
        let host = StandIn::answering(move |heard| {
            let number = heard.path.split("&page=").nth(1).unwrap().split('&').next().unwrap();
            let number: usize = number.parse().unwrap();
            let from: u128 = sizes[..number - 1].iter().sum();
            say(200, page(from + 1, sizes[number - 1]))
        })
        .await;
        assert_eq!(host.account().list_cycles().await.unwrap().len(), expected);
    }
    let deaf_to_pages = StandIn::saying(200, page(1, 100).to_string()).await;
    assert_eq!(deaf_to_pages.account().list_cycles().await.unwrap().len(), 100);
    assert_eq!(deaf_to_pages.calls().len(), 2);

    let endless = StandIn::answering(move |_| say(200, page(Uuid::new_v4().as_u128(), 10))).await;
    let error = endless.account().list_cycles().await.unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Transient);

    for nothing_there in ["null", "{}", r#"[{"Id":null}]"#] {
        let host = StandIn::saying(200, nothing_there).await;
        assert!(host.account().list_cycles().await.is_err(), "{nothing_there}");
    }
}
