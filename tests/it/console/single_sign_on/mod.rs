//! Coming in by a provider of identities: the whole way over HTTP, and every way in which it must not work.

mod entering;
mod proving_again;
mod turned_away;

use axum::http::StatusCode;
use gangway::identity::{Provider as Client, Settings};
use serde_json::Value;
use url::Url;

use crate::console::provider::Provider;
use crate::console::{Desk, Staff};
use crate::hosted::{Answer, Site};

const START: &str = "/console/sign-in/start?next=%2Fconsole%2Faccount";

/// The console with a provider beside it.
struct Office {
    desk: Desk,
    provider: Provider,
}

/// A browser that has gone to the provider.
struct Away {
    page: Url,
    cookie: String,
}

impl Office {
    async fn open() -> Self {
        let provider = Provider::open().await;
        let mut site = Site::open().await;
        let settings = Settings {
            viewers: vec!["sales".to_owned()],
            operators: vec!["support".to_owned(), "second line".to_owned()],
            ..provider.settings()
        };
        let client = Client::new(settings, site.house.clock.clone()).unwrap();
        site.state = site.state.proven_by(Some(client));
        Self { desk: Desk::around(site), provider }
    }

    fn now(&self) -> i64 {
        self.desk.site.house.clock.now().timestamp()
    }

    async fn leave(&self, start: &str, cookie: &str) -> Away {
        let answer = self.desk.get(start, cookie).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = Url::parse(answer.header("location")).unwrap();
        Away { page, cookie: merged(cookie, &answer) }
    }

    /// The whole way of somebody of whom the provider says this.
    async fn come(&self, claims: Value) -> Answer {
        let away = self.leave(START, "").await;
        let back = self.provider.sign_in(&away.page, self.now(), &claims);
        self.desk.get(&back, &away.cookie).await
    }

    async fn enter(&self, claims: Value) -> Staff {
        let answer = self.come(claims).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(answer.header("location"), "/console/account");
        let cookie = merged("", &answer);
        let page = self.desk.get("/console/account", &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let (_, rest) = page.body.split_once("name=\"form-token\" value=\"").unwrap();
        Staff { cookie, form_token: rest.split_once('"').unwrap().0.to_owned() }
    }

    /// Nobody is in, and the page says so in words for people.
    #[track_caller]
    fn refused(answer: &Answer, status: StatusCode, words: &str) {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(words), "{words}: {}", answer.body);
        assert!(answer.body.contains("nothing was changed") || answer.body.contains("Nothing was"));
        for internal in ["nonce", "token", "oops", "Oops", "JWT", "OIDC", "invalid_grant"] {
            assert!(!answer.body.contains(internal), "{internal}: {}", answer.body);
        }
        let sessions = answer.headers.get_all("set-cookie").iter();
        let mut sessions = sessions.map(|cookie| cookie.to_str().unwrap());
        assert!(!sessions.any(|cookie| cookie.starts_with("__Host-gangway-staff")));
    }

    /// All that a sign-in may change.
    async fn rows(&self) -> Vec<Value> {
        let query = "SELECT to_jsonb(t) FROM staff t UNION ALL SELECT to_jsonb(t) FROM staff_session t \
                     UNION ALL SELECT to_jsonb(t) FROM audit t ORDER BY 1";
        sqlx::query_scalar(query).fetch_all(&self.desk.site.house.pool().await).await.unwrap()
    }

    async fn staff(&self) -> Vec<(String, String)> {
        let query = "SELECT email, role FROM staff ORDER BY email";
        sqlx::query_as(query).fetch_all(&self.desk.site.house.pool().await).await.unwrap()
    }
}

/// The browser's cookies after this answer.
fn merged(before: &str, answer: &Answer) -> String {
    let mut kept: Vec<_> = before.split("; ").filter(|cookie| !cookie.is_empty()).collect();
    for set in answer.headers.get_all("set-cookie") {
        let set = set.to_str().unwrap().split(';').next().unwrap();
        let (name, value) = set.split_once('=').unwrap();
        kept.retain(|cookie| cookie.split_once('=').unwrap().0 != name);
        if !value.is_empty() {
            kept.push(set);
        }
    }
    kept.join("; ")
}

fn pair(email: &str, role: &str) -> (String, String) {
    (email.to_owned(), role.to_owned())
}
