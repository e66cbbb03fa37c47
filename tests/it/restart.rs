//! The real program dies for real and goes on where it was.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::house::browser;
use crate::program::{Demo, PATIENCE};

#[tokio::test]
async fn killed_in_the_middle_of_an_install_it_goes_on_and_makes_no_second_cycle() {
    let mut demo = Demo::start();
    let hold = json!({
        "method": "POST", "path": "/v1.0/templates/*/install", "times": 1, "kind": "hold_after"
    });
    let told = browser().post(format!("{}/_sandbox/faults", demo.sandbox())).json(&hold);
    assert!(told.send().await.unwrap().status().is_success());
    let link = demo.sign_up("acme").await;
    wait_for_install(&demo).await;
    demo.kill();

    demo.start_again();
    demo.page_saying(&link, "Connect Harbour CRM").await;
    let world = demo.world().await;
    assert_eq!(world["accounts"].as_array().unwrap().len(), 1, "{world:#}");
    assert_eq!(world["accounts"][0]["cycles"].as_array().unwrap().len(), 1, "{world:#}");
}

/// Until the sandbox has made the cycle. The answer is held back.
async fn wait_for_install(demo: &Demo) {
    let begun = Instant::now();
    loop {
        let calls = demo.calls().await;
        let installs = |call: &serde_json::Value| {
            call["path"].as_str().unwrap().ends_with("/install") && call["performed"] == true
        };
        if calls.iter().any(installs) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "no install was heard: {calls:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn told_to_stop_in_the_middle_of_a_call_it_ends_well_and_a_second_signal_ends_it_at_once() {
    for signals in [1, 2] {
        let mut demo = Demo::start();
        let hold = json!({
            "method": "POST", "path": "/v1.0/templates/*/install", "times": 1, "kind": "hold_after"
        });
        let told = browser().post(format!("{}/_sandbox/faults", demo.sandbox())).json(&hold);
        assert!(told.send().await.unwrap().status().is_success());
        let link = demo.sign_up("acme").await;
        wait_for_install(&demo).await;
        let status = demo.terminate(signals);
        if signals == 2 {
            assert_eq!(status.code(), Some(130));
            continue;
        }
        assert!(status.success(), "{status}");
        demo.start_again();
        demo.page_saying(&link, "Connect Harbour CRM").await;
        let world = demo.world().await;
        assert_eq!(world["accounts"][0]["cycles"].as_array().unwrap().len(), 1, "{world:#}");
    }
}

#[tokio::test]
async fn ctrl_c_stops_everything_and_leaves_no_process_behind() {
    let mut demo = Demo::start();
    let link = demo.sign_up("acme").await;
    demo.page_saying(&link, "Connect Harbour CRM").await;
    assert!(!demo.relatives().is_empty(), "the look for relatives finds the running demo");
    let status = demo.interrupt();
    assert!(status.success(), "{status}");
    assert_eq!(demo.relatives(), [""; 0]);

    // Started again it is where it was: the same link, the same page.
    demo.start_again();
    demo.page_saying(&link, "Connect Harbour CRM").await;
}
