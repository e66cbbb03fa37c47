//! The page that shows what exists and what was heard.

use gangway::sandbox::{CRM_TO_MAIL, Fault, FaultKind};
use serde_json::json;

use super::{ACCOUNT, Rig, stopped_clock};

async fn page(rig: &Rig) -> String {
    let answer = rig.http.get(format!("{}/", rig.base)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn the_page_tells_what_exists_what_was_heard_and_what_is_there_twice() {
    let rig = Rig::new(stopped_clock()).await;
    let empty = page(&rig).await;
    assert!(
        empty.contains("There is no account yet")
            && empty.contains("Harbour CRM &#62; Parcel Mail")
            || empty.contains("Harbour CRM &gt; Parcel Mail"),
        "{empty}"
    );
    let account = json!({ "Id": ACCOUNT, "Name": "<b>Acme</b>" });
    assert_eq!(rig.call("POST", "/v1.0/accounts", account).await.0, 200);
    rig.install(CRM_TO_MAIL).await;
    let shown = page(&rig).await;
    assert!(!shown.contains("<b>Acme") && shown.contains("not ready"));
    assert!(shown.contains(&format!("created account {ACCOUNT}")), "{shown}");
    assert!(!shown.contains(r#"<li class="bad">"#));
    rig.sandbox.inject(Fault::once("POST", "/v1.0/*", FaultKind::LoseAnswer));
    let lost = rig.send("POST", &super::install_path(), json!({})).await;
    assert!(lost.is_err());
    let shown = page(&rig).await;
    assert!(shown.contains(r#"<li class="bad"><b>1</b>"#) && shown.contains("a fault struck it"));
    assert!(!shown.contains(&rig.token) && shown.contains("sandbox-client token"));
    let reset = rig.http.post(format!("{}/_sandbox/page/reset", rig.base)).send().await.unwrap();
    assert_eq!(reset.status(), 303);
    assert!(page(&rig).await.contains("There is no account yet"));
}

#[tokio::test]
async fn its_buttons_move_the_clock_and_nothing_else_does() {
    let rig = Rig::new(stopped_clock()).await;
    let press = async |seconds: &str| {
        let form = [("seconds", seconds)];
        let pressed = rig.http.post(format!("{}/_sandbox/page/clock", rig.base)).form(&form);
        assert_eq!(pressed.send().await.unwrap().status(), 303);
    };
    press("3600").await;
    assert!(page(&rig).await.contains("Sunday, 1 March 2026, 11:00:00 UTC"));
    for wrong in ["-3600", "7", "", "1e9"] {
        press(wrong).await;
    }
    assert!(page(&rig).await.contains("Sunday, 1 March 2026, 11:00:00 UTC"));
}
