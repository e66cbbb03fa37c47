//! The calls of one onboarding and nothing else: no decoding, no durability.

use reqwest::{Client, Method};
use url::Url;
use uuid::Uuid;

/// Calls that an onboarding of the benchmark's blueprint makes.
pub(crate) const CALLS: u64 = 10;
pub(crate) struct Caller {
    client: Client,
    base: Url,
}

impl Caller {
    pub(crate) fn new(base: &Url) -> Self {
        let client = Client::builder().no_proxy().http1_only().build().unwrap();
        Self { client, base: base.clone() }
    }

    pub(crate) async fn onboard(&self, tenant: &str) {
        self.create_account(tenant).await;
        let cycle = self.install(tenant).await;
        self.map(tenant, cycle).await;
        self.activate(tenant, cycle).await;
    }

    pub(crate) async fn create_account(&self, tenant: &str) {
        let body =
            format!(r#"{{"Id":"{tenant}","Name":"Acme","AuditInfo":"gangway:bench:{tenant}"}}"#);
        self.call(Method::POST, tenant, "v1.0/accounts", body).await;
    }

    pub(crate) async fn install(&self, tenant: &str) -> Uuid {
        let path = "v1.0/templates/7ad2265e-2ff0-477b-b913-cae1dfde2ea8/install";
        let answer = self.call(Method::POST, tenant, path, "{}".to_owned()).await;
        let place = answer.find(r#""Id":""#).unwrap() + 6;
        answer[place..place + 36].parse().unwrap()
    }

    pub(crate) async fn map(&self, tenant: &str, cycle: Uuid) {
        let get = |path: String| self.call(Method::GET, tenant, path, String::new());
        get(format!("v1.0/cycles/{cycle}/steps")).await;
        let step = cycle;
        tokio::join!(
            get(format!("v1.0/steps/{step}/parameters")),
            get(format!("v1.0/steps/{step}/fieldmappings"))
        );
        let body = r#"{"MappingType":"StaticValue","Value":"Acme"}"#.to_owned();
        self.call(Method::PUT, tenant, format!("v1.0/steps/{step}/fieldmappings/1"), body).await;
        tokio::join!(
            get(format!("v1.0/steps/{step}/fieldmappings")),
            get(format!("v1.0/cycles/{cycle}/prerequisites"))
        );
    }

    pub(crate) async fn activate(&self, tenant: &str, cycle: Uuid) {
        let body = r#"{"Interval":60,"RunOnce":false}"#.to_owned();
        self.call(Method::PUT, tenant, format!("v1.0/cycles/{cycle}/activate"), body).await;
        self.call(Method::GET, tenant, format!("v1.0/cycles/{cycle}"), String::new()).await;
    }

    async fn call(
        &self,
        method: Method,
        tenant: &str,
        path: impl AsRef<str>,
        body: String,
    ) -> String {
        let url = self.base.join(path.as_ref()).unwrap();
        let request = self.client.request(method, url).bearer_auth("bench");
        let request =
            request.header("X-Cyclr-Account", tenant).header("content-type", "application/json");
        let answer = request.body(body).send().await.unwrap();
        assert!(answer.status().is_success());
        answer.text().await.unwrap()
    }
}
