//! Whoever asks may go away at any moment: a client that hangs up, a time that is over. The session that
//! they used must be as if they had never come.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use gangway::clock::Clock;
use gangway::store::{NewApiKey, Store};
use sqlx::postgres::PgPoolOptions;

use crate::database::TestDb;
use crate::house::dawn;

#[tokio::test]
async fn no_transaction_is_left_open_by_one_who_goes_away() {
    let database = TestDb::fresh().await;
    let watching = database.pool().await;
    let options = gangway::app::session(database.options());
    // One session, so that the next one who asks gets the very same.
    let pool = PgPoolOptions::new().max_connections(1);
    let store = Store::open(pool, options, Clock::stopped_at(dawn())).await.unwrap();
    let new = NewApiKey::unlimited("backend");
    let render = |_: &_, _: &_| (201, String::new(), String::new());
    let mut gone_early = 0;
    while !goes_away_after(gone_early + 1, Box::pin(store.order_api_key(&new, None, &render))).await
    {
        gone_early += 1;
        // What the next one writes is kept.
        let name = format!("after {gone_early}");
        store.create_api_key(&name).await.unwrap();
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM api_key WHERE name = $1")
            .bind(&name)
            .fetch_one(&watching)
            .await
            .unwrap();
        assert_eq!(kept, 1, "{name}: it stands in a transaction that nobody ends");
    }
    assert!(gone_early >= 1, "nobody went away early");
}

/// Waits for it so many times, then no more. Says whether it was done before that.
async fn goes_away_after(most: u32, mut asked: impl Future + Unpin) -> bool {
    let mut waited = 0;
    poll_fn(|context| {
        waited += 1;
        match Pin::new(&mut asked).poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if waited < most => Poll::Pending,
            Poll::Pending => Poll::Ready(false),
        }
    })
    .await
}
