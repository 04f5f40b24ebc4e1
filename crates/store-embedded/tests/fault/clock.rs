//! A clock that jumps: commits stay in order, and the past is read as it was.

use crate::town::{Town, number_of, write};
use belfry_ports::Store;
use belfry_store_embedded::check;

const HOUR: i64 = 3_600_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn back_and_forth_keeps_the_order_of_commits() {
    let town = Town::new();
    let mut seen = Vec::new();
    // Forth, back behind the start, standing still, a little, over a checkpoint and a restart.
    for (round, jump) in [0, 48, -100, 0, 1, -1, 500, -900, 3].into_iter().enumerate() {
        let store = town.open();
        town.clock.advance_micros(jump * HOUR);
        for n in 0..10 {
            let value = round as u64 * 10 + n;
            let commit = write(&store, "urn:p", value).await.unwrap();
            seen.push((commit.at, value));
            town.clock.advance_micros(if n % 3 == 0 { -HOUR } else { 1 });
        }
        if round % 2 == 0 {
            store.checkpoint().unwrap();
        }
        assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "round {round}: commits go back in time");
        for (at, value) in &seen {
            let then = store.entity_at("urn:p", *at).unwrap().expect("it was there");
            assert_eq!(number_of(&then), *value, "round {round}: as of {at:?}");
        }
        let before = belfry_kernel::Time::from_micros(seen[0].0.micros() - 1);
        assert!(store.entity_at("urn:p", before).unwrap().is_none());
    }
    let report = check(&town.options()).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
}
