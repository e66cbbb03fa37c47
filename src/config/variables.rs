//! All variables that are read, for the reader and for whoever documents them.

/// One variable: its name, its default, and what it is for. The README's table is held to this list.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    /// `None`: it must be set.
    pub default: Option<&'static str>,
    pub meaning: &'static str,
}

const fn variable(
    name: &'static str,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Variable {
    Variable { name, default, meaning }
}

pub const VARIABLES: &[Variable] = &[
    variable("DATABASE_URL", Some(""), "Postgres. Not needed with `--embedded`"),
    variable("GANGWAY_LISTEN", Some("127.0.0.1:4000"), "Address and port to listen on"),
    variable("GANGWAY_METRICS_LISTEN", Some(""), "Address and port for `/metrics`; empty: none"),
    variable("GANGWAY_PUBLIC_URL", None, "Where browsers reach Gangway; links are made from it"),
    variable("GANGWAY_SECRET_KEY", None, "At least 32 random characters; links are proven with it"),
    variable(
        "GANGWAY_OTHER_SECRET_KEY",
        Some(""),
        "A second key that is taken beside it, while one takes over from the other; empty: none",
    ),
    variable(
        "GANGWAY_DEPLOYMENT",
        Some("gangway"),
        "Names this deployment in the accounts it makes",
    ),
    variable(
        "GANGWAY_ACCOUNT_PREFIX",
        Some(""),
        "Put before every account id made from a tenant id",
    ),
    variable("GANGWAY_LINK_DAYS", Some("7"), "Days that a link stays good"),
    variable(
        "GANGWAY_LOOK_HOURS",
        Some("24"),
        "Hours between two looks at a live onboarding that is well",
    ),
    variable(
        "GANGWAY_LOOKS_PER_SECOND",
        Some("20"),
        "Looks at live onboardings that one process begins in a second; 0: none",
    ),
    variable("GANGWAY_LEASE_SECONDS", Some("60"), "How long a worker has an onboarding to itself"),
    variable("GANGWAY_QUIET_SECONDS", Some("35"), "How long an unclear install is left alone"),
    variable("GANGWAY_AT_ONCE", Some("2000"), "Onboardings driven side by side by one process"),
    variable("GANGWAY_POLL_MILLISECONDS", Some("1000"), "How often the table is looked at unasked"),
    variable("GANGWAY_DATABASE_CONNECTIONS", Some("16"), "Database connections of one process"),
    variable(
        "GANGWAY_DRAIN_SECONDS",
        Some("2"),
        "How long requests are still taken after the order to stop",
    ),
    variable(
        "GANGWAY_WEBHOOK_TIMEOUT_SECONDS",
        Some("20"),
        "Total time of one attempt to deliver a webhook",
    ),
    variable(
        "GANGWAY_WEBHOOKS_AT_ONCE",
        Some("16"),
        "Attempts under way at once to one endpoint, by one process",
    ),
    variable(
        "GANGWAY_WEBHOOK_GIVE_UP_DAYS",
        Some("5"),
        "Days of failure after which an endpoint is disabled",
    ),
    variable(
        "GANGWAY_WEBHOOK_KEEP_DAYS",
        Some("30"),
        "Days that messages can be looked at and replayed",
    ),
    variable(
        "GANGWAY_KEEP_JOURNAL_DAYS",
        Some("0"),
        "Days that the timeline of an ended onboarding is kept; 0: for ever",
    ),
    variable(
        "GANGWAY_KEEP_CALLS_DAYS",
        Some("90"),
        "Days that calls to Cyclr and tries at signing in are kept; 0: for ever",
    ),
    variable(
        "GANGWAY_KEEP_ANSWERS_DAYS",
        Some("2"),
        "Days that a request is known again by its `Idempotency-Key`",
    ),
    variable("GANGWAY_KEEP_BULK_ORDERS_DAYS", Some("90"), "Days that an order to many is kept"),
    variable(
        "GANGWAY_ALLOW_INSECURE_WEBHOOKS",
        Some("false"),
        "Webhooks over plain http and to private addresses; for development",
    ),
    variable(
        "GANGWAY_RATE_LIMIT",
        Some("1000"),
        "Requests a second of one API key, in each process; 0: no limit",
    ),
    variable(
        "GANGWAY_TRUSTED_PROXIES",
        Some(""),
        "Networks whose `X-Forwarded-For` is believed, like 10.0.0.0/8, with commas",
    ),
    variable(
        "GANGWAY_OIDC_ISSUER",
        Some(""),
        "Provider that staff sign in at (OpenID Connect), like https://id.example.com; empty: none",
    ),
    variable("GANGWAY_OIDC_CLIENT_ID", Some(""), "What Gangway is called at that provider"),
    variable("GANGWAY_OIDC_CLIENT_SECRET", Some(""), "Its secret at that provider"),
    variable(
        "GANGWAY_OIDC_SCOPES",
        Some("openid email profile"),
        "What the provider is asked for, with blanks between",
    ),
    variable("GANGWAY_OIDC_GROUPS_CLAIM", Some("groups"), "The claim that holds somebody's groups"),
    variable("GANGWAY_OIDC_VIEWER_GROUPS", Some(""), "Groups that become viewers, with commas"),
    variable("GANGWAY_OIDC_OPERATOR_GROUPS", Some(""), "Groups that become operators, with commas"),
    variable("GANGWAY_OIDC_ADMIN_GROUPS", Some(""), "Groups that become admins, with commas"),
    variable(
        "GANGWAY_OIDC_WORD",
        Some("single sign-on"),
        "What the console's button calls the provider: Sign in with …",
    ),
    variable("CYCLR_API_BASE", None, "Cyclr's API host, like https://api.cyclr.com"),
    variable(
        "CYCLR_SERVICE_DOMAIN",
        None,
        "Cyclr's host for browsers, like https://acme-h.cyclr.com",
    ),
    variable("CYCLR_CLIENT_ID", None, "Partner credentials of the Cyclr console"),
    variable("CYCLR_CLIENT_SECRET", None, "Partner credentials of the Cyclr console"),
    variable(
        "CYCLR_OTHER_CLIENT_SECRET",
        Some(""),
        "A second secret that is tried where that is refused; empty: none",
    ),
    variable("CYCLR_TIMEOUT_SECONDS", Some("20"), "Total time of one call to Cyclr"),
    variable("CYCLR_CALLS_AT_ONCE", Some("128"), "Calls to Cyclr under way at once"),
    variable("GANGWAY_LOG", Some("info"), "What is logged, in the form of RUST_LOG"),
    variable(
        "GANGWAY_LOG_FORMAT",
        Some("auto"),
        "`json`, `text`, or `auto`: text on a terminal, JSON elsewhere",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        Some(""),
        "Collector that traces are sent to (OTLP over HTTP), like http://localhost:4318; empty: none",
    ),
    variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        Some(""),
        "Headers for the collector, like authorization=Bearer%20…, with commas",
    ),
    variable("OTEL_SERVICE_NAME", Some("gangway"), "What this service is called in traces"),
    variable("GANGWAY_ALLOW_HTTP_CYCLR", Some("false"), "Plain http to a sandbox; never for Cyclr"),
];
