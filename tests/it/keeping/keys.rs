//! One key takes over from another while everything goes on: real processes, side by side on one database.

use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use gangway::sandbox;
use gangway::secret::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::database::TestDb;
use crate::house::{House, attended, browser, unattended};
use crate::program::PATIENCE;
use crate::webhooks::receiver::Receiver;

const OLD: &str = "old-old-old-old-old-old-old-old-old-old";
const NEW: &str = "new-new-new-new-new-new-new-new-new-new";

/// A process of the program with its keys.
struct Replica {
    url: String,
    child: Child,
}

impl Replica {
    async fn start(database: &TestDb, cyclr: &str, (key, other): (&str, &str)) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://{free}");
        let child = Command::new(env!("CARGO_BIN_EXE_gangway"))
            .arg("serve")
            .env_clear()
            .env("DATABASE_URL", database.url())
            .env("GANGWAY_LISTEN", free.to_string())
            // One address for all, as behind a load balancer.
            .env("GANGWAY_PUBLIC_URL", "http://127.0.0.1:9")
            .env("GANGWAY_SECRET_KEY", key)
            .env("GANGWAY_OTHER_SECRET_KEY", other)
            .env("GANGWAY_ALLOW_INSECURE_WEBHOOKS", "true")
            .env("GANGWAY_DATABASE_CONNECTIONS", "6")
            .env("GANGWAY_DRAIN_SECONDS", "0")
            .env("GANGWAY_POLL_MILLISECONDS", "200")
            .env("CYCLR_API_BASE", cyclr)
            .env("CYCLR_SERVICE_DOMAIN", cyclr)
            .env("CYCLR_CLIENT_ID", sandbox::CLIENT_ID)
            .env("CYCLR_CLIENT_SECRET", sandbox::CLIENT_SECRET)
            .env("GANGWAY_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let replica = Self { url, child };
        let begun = Instant::now();
        loop {
            let asked = browser().get(format!("{}/readyz", replica.url)).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return replica;
            }
            assert!(begun.elapsed() < PATIENCE, "{} is never ready", replica.url);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn post(&self, key: &str, path: &str, name: &str, body: &Value) -> (u16, Value) {
        let request = browser().post(format!("{}{path}", self.url)).bearer_auth(key);
        let answer = request.header("idempotency-key", name).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// Status and cookie of a look with a link that any process gave out.
    async fn follow(&self, link: &str) -> (u16, Option<String>) {
        let path = link.strip_prefix("http://127.0.0.1:9").unwrap();
        let opened = browser().get(format!("{}{path}", self.url)).send().await.unwrap();
        let cookie = opened.headers().get("set-cookie");
        let cookie = cookie.map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned());
        (opened.status().as_u16(), cookie)
    }

    async fn visit(&self, reference: &str, cookie: &str) -> u16 {
        let page = format!("{}/o/{reference}", self.url);
        browser().get(page).header("cookie", cookie).send().await.unwrap().status().as_u16()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn reseal(database: &TestDb, key: &str, other: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gangway"));
    command.arg("reseal").env("DATABASE_URL", database.url());
    command.env("GANGWAY_SECRET_KEY", key).env("GANGWAY_OTHER_SECRET_KEY", other);
    command.output().unwrap()
}

fn words(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// A house of which only the database, the sandbox and the API key are used; its clock stands still.
struct Ground {
    house: House,
    cyclr: String,
    key: String,
    _serving: JoinSet<std::io::Result<()>>,
}

async fn prepare() -> Ground {
    let house = House::open().await;
    house.publish(unattended()).await;
    house.publish(attended()).await;
    let (_, key) = house.store.create_api_key("backend").await.unwrap();
    // A Cyclr whose time goes on, for processes whose time does.
    let settings = sandbox::Settings::default();
    let cyclr = sandbox::Sandbox::open(settings).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(sandbox::serve(cyclr, listener, std::future::pending()));
    let key = key.expose_secret().to_owned();
    Ground { house, cyclr: address, key, _serving: serving }
}

/// One round of everything: what the one makes the other takes.
async fn round(ground: &Ground, n: usize, makes: &Replica, takes: &Replica) -> (String, String) {
    let unattended =
        json!({ "tenant_id": format!("auto-{n}"), "name": "Auto", "blueprint": "heartbeat" });
    let path = "/v1/onboardings?wait=20";
    let (status, live) = makes.post(&ground.key, path, &format!("a{n}"), &unattended).await;
    assert_eq!((status, &live["status"]), (201, &json!("live")), "{n}: {live}");
    let attended =
        json!({ "tenant_id": format!("person-{n}"), "name": "Person", "blueprint": "newsletter" });
    let (status, waiting) = makes.post(&ground.key, path, &format!("p{n}"), &attended).await;
    assert_eq!((status, &waiting["status"]), (201, &json!("waiting")), "{n}: {waiting}");
    let (status, again) = takes.post(&ground.key, path, &format!("p{n}"), &attended).await;
    assert_eq!((status, &again["id"]), (201, &waiting["id"]), "{n}: known as the same request");
    let link = waiting["link"]["url"].as_str().unwrap().to_owned();
    let text = |name: &str| waiting[name].as_str().unwrap().to_owned();
    let (id, reference) = (text("id"), text("reference"));
    let (status, cookie) = takes.follow(&link).await;
    assert_eq!(status, 303, "{n}: {link}");
    let cookie = cookie.unwrap();
    for replica in [makes, takes] {
        assert_eq!(replica.visit(&reference, &cookie).await, 200, "{n}: a visit goes on anywhere");
    }
    (id, link)
}

async fn endpoint(ground: &Ground, replica: &Replica, receiver: &Receiver) -> String {
    let body = json!({ "url": receiver.url(), "events": ["onboarding.live"] });
    let name = format!("endpoint-{}", receiver.address.port());
    let (status, made) = replica.post(&ground.key, "/v1/webhook_endpoints", &name, &body).await;
    assert_eq!(status, 201, "{made}");
    // Answered again, the secret is the same: the answer is kept sealed.
    let (_, again) = replica.post(&ground.key, "/v1/webhook_endpoints", &name, &body).await;
    assert_eq!(again, made);
    made["secret"].as_str().unwrap().to_owned()
}

async fn until_heard(receiver: &Receiver, count: usize, secret: &str) {
    let begun = Instant::now();
    while receiver.heard().len() < count {
        assert!(begun.elapsed() < PATIENCE, "{} of {count} were told", receiver.heard().len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let heard = receiver.heard();
    assert_eq!(heard.len(), count, "each is told once");
    assert!(heard.iter().all(|message| message.is_signed_with(secret)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_takes_over_under_load_and_the_old_one_is_refused_afterwards() {
    let ground = prepare().await;
    let database = &ground.house.database;
    let (first, second) = (Receiver::open().await, Receiver::open().await);
    // Before anything: one key.
    let alone = Replica::start(database, &ground.cyclr, (OLD, "")).await;
    let first_secret = endpoint(&ground, &alone, &first).await;
    let (oldest_id, oldest_link) = round(&ground, 0, &alone, &alone).await;
    until_heard(&first, 1, &first_secret).await;

    // One after the other learns of the new key; nobody makes anything with it yet.
    let old = Replica::start(database, &ground.cyclr, (OLD, NEW)).await;
    round(&ground, 1, &old, &alone).await;
    round(&ground, 2, &alone, &old).await;
    drop(alone);

    // One after the other makes with the new key: two configurations side by side.
    let new = Replica::start(database, &ground.cyclr, (NEW, OLD)).await;
    let second_secret = endpoint(&ground, &new, &second).await;
    let mut links = Vec::new();
    for pair in 0..4 {
        let (one, other) = tokio::join!(
            round(&ground, 10 + 2 * pair, &old, &new),
            round(&ground, 11 + 2 * pair, &new, &old),
        );
        links.push((one, other));
    }
    until_heard(&first, 11, &first_secret).await;
    until_heard(&second, 8, &second_secret).await;

    // All that is kept is brought under the new key while both go on.
    let done = reseal(database, NEW, OLD);
    assert_eq!(words(&done.stdout), "1 secrets sealed anew, 1 were already.\n");
    round(&ground, 30, &old, &new).await;
    round(&ground, 31, &new, &old).await;
    until_heard(&first, 13, &first_secret).await;
    until_heard(&second, 10, &second_secret).await;
    assert_eq!(
        words(&reseal(database, NEW, OLD).stdout),
        "0 secrets sealed anew, 2 were already.\n"
    );

    // The old key goes.
    drop((old, new));
    let last = Replica::start(database, &ground.cyclr, (NEW, "")).await;
    round(&ground, 40, &last, &last).await;
    until_heard(&first, 14, &first_secret).await;
    until_heard(&second, 11, &second_secret).await;
    for ((by_old, by_new), n) in links.iter().zip(0..) {
        assert_eq!(last.follow(&by_new.1).await.0, 303, "{n}");
        assert_eq!(last.follow(&by_old.1).await.0, 410, "{n}: a link by the old key");
    }
    assert_eq!(last.follow(&oldest_link).await.0, 410);
    // Whoever comes with the old key alone opens nothing that is kept.
    let refused = reseal(database, OLD, "");
    assert!(!refused.status.success());
    assert!(words(&refused.stderr).contains("2 secrets open with neither key"), "{refused:?}");
    // The onboarding itself is where it was, with a link by the new key.
    let shown = browser().get(format!("{}/v1/onboardings/{oldest_id}", last.url));
    let shown: Value = shown.bearer_auth(&ground.key).send().await.unwrap().json().await.unwrap();
    assert_eq!(last.follow(shown["link"]["url"].as_str().unwrap()).await.0, 303);
}

#[tokio::test]
async fn a_secret_that_is_moved_to_another_row_opens_for_nobody() {
    let ground = prepare().await;
    let database = &ground.house.database;
    let receivers = [Receiver::open().await, Receiver::open().await];
    let replica = Replica::start(database, &ground.cyclr, (OLD, "")).await;
    for receiver in &receivers {
        endpoint(&ground, &replica, receiver).await;
    }
    let pool = ground.house.pool().await;
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM webhook_secret").fetch_one(&pool).await.unwrap();
    assert_eq!(count, 2);
    // Each gets what was sealed for the other.
    let swap = "UPDATE webhook_secret s SET sealed = o.sealed FROM webhook_secret o
                WHERE o.secret_id <> s.secret_id";
    sqlx::query(swap).execute(&pool).await.unwrap();
    let refused = reseal(database, NEW, OLD);
    assert!(words(&refused.stderr).contains("2 secrets open with neither key"), "{refused:?}");
    assert!(words(&refused.stdout).starts_with("0 secrets sealed anew"), "{refused:?}");
    sqlx::query(swap).execute(&pool).await.unwrap();
    let done = reseal(database, NEW, OLD);
    assert_eq!(words(&done.stdout), "2 secrets sealed anew, 0 were already.\n");
}
