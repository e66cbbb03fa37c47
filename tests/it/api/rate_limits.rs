//! How much one caller may ask, and what others notice of it.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use gangway::secret::ExposeSecret as _;
use gangway::web::RateSettings;

use super::door::{Answer, Door, all_layers, signup};

/// Ten a second, twenty at once.
async fn limited() -> Door {
    let mut door = Door::open().await;
    let settings = RateSettings {
        per_key: NonZeroU32::new(10),
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
    };
    door.state = door.state.clone().limited_to(settings);
    door.router = all_layers(&door.state, gangway::api::router(door.state.clone()));
    door
}

impl Door {
    async fn ask_from(&self, address: &str, forwarded: Option<&str>, key: &str) -> Answer {
        let mut request = Request::get("/v1/onboardings/counts")
            .header("authorization", format!("Bearer {key}"))
            .extension(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 4711)));
        if let Some(forwarded) = forwarded {
            request = request.header("x-forwarded-for", forwarded);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn a_key_that_asks_too_much_is_told_when_to_come_back_and_nothing_is_done() {
    let door = limited().await;
    let first = door.get("/v1/onboardings").await;
    assert_eq!(first.headers["ratelimit-policy"], "\"key\";q=20;w=2");
    assert_eq!(first.headers["ratelimit"], "\"key\";r=19;t=1");
    for left in (0..19).rev() {
        let answer = door.get("/v1/onboardings/x").await;
        let told = answer.headers["ratelimit"].to_str().unwrap();
        assert!(told.starts_with(&format!("\"key\";r={left};")), "{told}, refusals count too");
    }
    let before = door.dump().await;
    let refused = door.start(&signup("acme"), Some("k1")).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.pointers("rate_limited").is_empty());
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["ratelimit"], "\"key\";r=0;t=2");
    assert_eq!(door.dump().await, before);

    // Another key does not notice.
    let (_, other) = door.state.store().create_api_key("other").await.unwrap();
    let asked = door.ask_from("198.51.100.7", None, other.expose_secret()).await;
    assert_eq!(asked.status, StatusCode::OK);

    door.clock.advance(TimeDelta::milliseconds(100));
    let started = door.start(&signup("acme"), Some("k1")).await;
    assert_eq!(started.status, StatusCode::CREATED, "its key is free: {}", started.text);
    assert_eq!(door.get("/v1/onboardings").await.status, StatusCode::TOO_MANY_REQUESTS);
    door.clock.advance(TimeDelta::seconds(2));
    assert_eq!(door.get("/v1/onboardings").await.headers["ratelimit"], "\"key\";r=19;t=1");
}

#[tokio::test]
async fn whoever_guesses_keys_is_slowed_down_and_who_has_one_is_not() {
    let door = limited().await;
    let (guesser, other) = ("203.0.113.9", "203.0.113.10");
    assert_eq!(door.ask_from(guesser, None, &door.key).await.status, StatusCode::OK);
    let guess = async |address: &str, forwarded: Option<&str>, n: u32| {
        door.ask_from(address, forwarded, &format!("gwk_guess{n}")).await
    };
    // The good key has taken one of them: it was not known either.
    for n in 0..19 {
        assert_eq!(guess(guesser, None, n).await.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    let refused = guess(guesser, None, 99).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.pointers("rate_limited").is_empty());
    assert_eq!(refused.headers["retry-after"], "1");
    // What anybody can write is not believed.
    assert_eq!(guess(guesser, Some("1.2.3.4"), 100).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(door.ask_from(guesser, None, &door.key).await.status, StatusCode::OK);
    assert_eq!(guess(other, None, 1).await.status, StatusCode::UNAUTHORIZED);
    // Behind our own proxy each has a limit of its own.
    let proxy = "10.1.1.1";
    for n in 0..20 {
        let told = guess(proxy, Some("198.51.100.1"), n).await;
        assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    let told = guess(proxy, Some("198.51.100.1"), 20).await;
    assert_eq!(told.status, StatusCode::TOO_MANY_REQUESTS);
    let told = guess(proxy, Some("198.51.100.2"), 20).await;
    assert_eq!(told.status, StatusCode::UNAUTHORIZED);
    door.clock.advance(TimeDelta::seconds(1));
    assert_eq!(guess(guesser, None, 101).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(guess(guesser, None, 102).await.status, StatusCode::TOO_MANY_REQUESTS);
}
