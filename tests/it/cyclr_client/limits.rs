//! Deadlines, slots, waits, and what a client refuses to start with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gangway::cyclr::{CallLog, Client, Error, Fault, NotSent, Settings, SetupError};
use gangway::ids::{CycleId, TemplateId};
use gangway::secret::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

use super::stand_in::{Play, StandIn, acme, clock, say, settings};

fn hasty(address: SocketAddr) -> Settings {
    Settings { call_deadline: Duration::from_millis(300), ..settings(address) }
}

#[tokio::test]
async fn the_deadline_is_for_the_whole_call_and_not_for_its_silence() {
    for play in [|| Play::Stall, || Play::Drip] {
        let host = StandIn::answering(move |_| play()).await;
        let client = Client::new(hasty(host.address), clock()).unwrap();
        let log = CallLog::default();
        let account = client.in_account(&acme(), &log);
        let started = Instant::now();
        let error = account.install(TemplateId(Uuid::nil())).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(2));
        assert!(matches!(error, Error::NoAnswer { mutating: true, .. }), "{error:?}");
        assert_eq!(error.fault(), Fault::Ambiguous);
        assert_eq!(log.take()[1].outcome, "no_answer");
        let error = account.find_cycle(CycleId(Uuid::nil())).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Transient);
    }
}

#[tokio::test]
async fn a_token_that_does_not_come_in_time_leaves_the_call_unsent() {
    let host = StandIn::scripted(|_| Play::Stall).await;
    let client = Client::new(hasty(host.address), clock()).unwrap();
    let account = client.in_account(&acme(), &CallLog::default());
    let error = account.install(TemplateId(Uuid::nil())).await.unwrap_err();
    assert!(matches!(error, Error::Unsent { reason: NotSent::NoToken(_), .. }), "{error:?}");
    assert_eq!(error.fault(), Fault::Transient);
}

#[tokio::test]
async fn a_call_that_gets_no_slot_is_unsent() {
    let host = StandIn::answering(|_| Play::Stall).await;
    let one = Settings { calls_at_once: 1, ..hasty(host.address) };
    let client = Client::new(one, clock()).unwrap();
    let log = CallLog::default();
    let mut tasks = JoinSet::new();
    for _ in 0..2 {
        let account = client.in_account(&acme(), &log);
        tasks.spawn(async move { account.install(TemplateId(Uuid::nil())).await.unwrap_err() });
    }
    let faults: Vec<Fault> = tasks.join_all().await.iter().map(Error::fault).collect();
    assert!(faults.contains(&Fault::Ambiguous) && faults.contains(&Fault::Transient), "{faults:?}");
    assert_eq!(host.calls().len(), 1);
    let outcomes: Vec<_> = log.take().iter().map(|call| call.outcome).collect();
    assert!(outcomes.contains(&"unsent"), "{outcomes:?}");
}

#[tokio::test]
async fn a_host_that_is_not_there_or_speaks_no_tls_leaves_the_call_unsent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let plain = StandIn::saying(200, "{}").await;
    let absent = settings(address);
    let mut untrusted = settings(plain.address);
    untrusted.api_base = Url::parse(&format!("https://{}", plain.address)).unwrap();
    for settings in [absent, untrusted] {
        let client = Client::new(settings, clock()).unwrap();
        let account = client.in_account(&acme(), &CallLog::default());
        let error = account.install(TemplateId(Uuid::nil())).await.unwrap_err();
        assert!(matches!(error, Error::Unsent { .. }), "{error:?}");
        assert_eq!(error.fault(), Fault::Transient);
    }
    assert!(plain.heard().is_empty());
}

/// Gives a token to the first request, and to the second what `answer` says, before it hangs up.
async fn blunt_host(tasks: &mut JoinSet<()>, answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let length = socket.read(&mut request).await.unwrap();
            let token = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"t\"}";
            let is_token = request[..length].starts_with(b"POST /oauth/token");
            let answer = if is_token { token } else { answer };
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_host_that_hangs_up_leaves_doubt() {
    for answer in
        ["", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"Id\":", "not HTTP at all\r\n\r\n"]
    {
        let mut tasks = JoinSet::new();
        let address = blunt_host(&mut tasks, answer).await;
        let client = Client::new(settings(address), clock()).unwrap();
        let account = client.in_account(&acme(), &CallLog::default());
        let error = account.install(TemplateId(Uuid::nil())).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Ambiguous, "{error:?}");
        let error = account.find_cycle(CycleId(Uuid::nil())).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Transient, "{error:?}");
    }
}

#[tokio::test]
async fn a_mutation_on_a_kept_connection_that_is_cut_is_not_sent_twice() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let installs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&installs);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            while let Ok(length @ 1..) = socket.read(&mut request).await {
                if !request[..length].starts_with(b"POST /oauth/token") {
                    counted.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                let token = "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"t\"}";
                socket.write_all(token.as_bytes()).await.unwrap();
            }
        }
    });
    let client = Client::new(settings(address), clock()).unwrap();
    let account = client.in_account(&acme(), &CallLog::default());
    let error = account.install(TemplateId(Uuid::nil())).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Ambiguous, "{error:?}");
    assert_eq!(installs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn retry_after_is_read_in_every_form_and_never_beyond_an_hour() {
    // The clock stands at 03:04:05 on Friday, 2 January 2026.
    for (text, seconds) in [
        ("0", Some(0)),
        (" 7 ", Some(7)),
        ("3600", Some(3600)),
        ("1000000000", Some(3600)),
        ("99999999999999999999999999", Some(3600)),
        ("Fri, 02 Jan 2026 03:05:05 GMT", Some(60)),
        ("Friday, 02-Jan-26 03:05:05 GMT", Some(60)),
        ("Fri Jan  2 03:05:05 2026", Some(60)),
        ("Sat, 02 Jan 2027 03:05:05 GMT", Some(3600)),
        ("Fri, 02 Jan 2026 03:04:00 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        let header = vec![("retry-after", text.to_owned())];
        let host = StandIn::answering(move |_| Play::With(429, header.clone(), Vec::new())).await;
        let error = host.account().deactivate(CycleId(Uuid::nil())).await.unwrap_err();
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(error.fault(), Fault::Throttled { retry_after }, "{text:?}");
    }
}

#[tokio::test]
async fn a_call_whose_caller_went_away_is_in_the_log() {
    let host = StandIn::answering(|heard| match heard.method.as_str() {
        "POST" => Play::Stall,
        _ => say(404, ""),
    })
    .await;
    let log = CallLog::default();
    let account = host.client().in_account(&acme(), &log);
    account.find_cycle(CycleId(Uuid::nil())).await.unwrap();
    let install = account.install(TemplateId(Uuid::nil()));
    assert!(tokio::time::timeout(Duration::from_millis(50), install).await.is_err());
    let outcomes: Vec<_> = log.take().iter().map(|call| (call.name, call.outcome)).collect();
    let expected =
        [("get access token", "ok"), ("find cycle", "missing"), ("install template", "abandoned")];
    assert_eq!(outcomes, expected);
    assert!(log.take().is_empty());
}

#[test]
fn a_client_is_not_made_from_settings_that_would_leak_or_never_work() {
    let good = || settings(([127, 0, 0, 1], 9).into());
    let with_base = |base: &str| Settings { api_base: Url::parse(base).unwrap(), ..good() };
    for base in
        ["https://api.cyclr.com", "http://localhost:1/base/", "http://[::1]:1", "http://127.8.8.8"]
    {
        assert!(Client::new(with_base(base), clock()).is_ok(), "{base}");
    }
    for base in [
        "http://api.cyclr.com",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "ftp://localhost",
        "https://user@api.cyclr.com",
        "https://:pw@api.cyclr.com",
        "https://api.cyclr.com?x=1",
        "https://api.cyclr.com#x",
        "mailto:someone",
    ] {
        assert!(Client::new(with_base(base), clock()).is_err(), "{base}");
    }
    let silent = Settings { client_secret: Secret::from(""), ..good() };
    let error = Client::new(silent, clock()).err().unwrap();
    assert!(matches!(error, SetupError::Empty { setting: "client_secret" }));
}
