//! What there is to be installed, and what goes wrong at Cyclr.

use gangway::sandbox::{Catalogue, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};

/// Of the calls that change something.
const SHARE: f64 = 0.35;

/// Longest time after which a call is performed that was given up.
const LATEST: f64 = 2.0;

pub(super) fn template(letter: char) -> String {
    format!("0000000{letter}-2222-4333-8444-555555555555")
}

/// Every step of each template changes something, and none needs a person.
pub(super) fn catalogue() -> Catalogue {
    let templates = ['a', 'b', 'c', 'd'].map(|letter| {
        json!({
            "id": template(letter), "name": format!("Ledger {letter}"), "steps": [{
                "name": "Post", "connector": 1, "method": { "id": 9, "name": "Post" },
                "parameters": [{ "id": 1, "name": "Book" }],
                "fields": [{ "id": 2, "name": "Company" }]
            }]
        })
    });
    let world = json!({
        "connectors": [{
            "id": 1, "name": "Ledger Cloud", "version": "1.0",
            "auth_type": "OAuth2", "oauth2_type": "ClientCredentials"
        }],
        "templates": templates
    });
    Catalogue::parse(&world.to_string()).unwrap()
}

/// One that runs hourly, one that runs a single time, and one of two templates.
pub(super) const BLUEPRINTS: [&str; 3] = ["steady", "once", "pair"];

pub(super) fn blueprint(key: &str) -> Value {
    let plan = |letter: char| {
        json!({
            "template_id": template(letter),
            "mapping": [
                { "target": "Book", "value": { "constant": "main" } },
                { "target": "Company", "value": { "from": { "path": "tenant.name" } } }
            ],
            "schedule": { "run_once": letter == 'b' }
        })
    };
    let templates = match key {
        "steady" => vec![plan('a')],
        "once" => vec![plan('b')],
        _ => vec![plan('c'), plan('d')],
    };
    json!({ "key": key, "name": key, "templates": templates })
}

/// Together they strike `SHARE` of the calls, each kind as often as the others.
pub(super) fn begin_to_strike(sandbox: &Sandbox, seed: u64) {
    let refuse = |status, retry_after: Option<&str>| FaultKind::Refuse {
        status,
        message: "not now".to_owned(),
        retry_after: retry_after.map(str::to_owned),
    };
    let kinds = [
        refuse(429, Some("1")),
        refuse(503, None),
        refuse(500, None),
        FaultKind::DropBefore,
        FaultKind::LoseAnswer,
        FaultKind::Html { status: 200 },
        FaultKind::Truncated,
        FaultKind::Drip,
        FaultKind::StallBefore { seconds: 1.5 },
        FaultKind::StallAfter { seconds: 1.5 },
        FaultKind::CommitLate { seconds: 0.5 },
        FaultKind::CommitLate { seconds: LATEST },
    ];
    let each = SHARE / f64::from(u32::try_from(kinds.len()).unwrap());
    for method in ["POST", "PUT", "DELETE"] {
        // A fault sees what those before it let pass.
        let mut left = 1.0;
        for kind in kinds.clone() {
            let fault = Fault::once(method, "/v1.0/*", kind);
            sandbox.inject(Fault { times: u32::MAX, chance: Some(each / left), seed, ..fault });
            left -= each;
        }
    }
}
