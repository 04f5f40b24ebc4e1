//! A sync that fails: what waited for it is refused whole, what comes later is not hurt by it.

use crate::town::{Numbers, Town, feed_seqs, numbers, write, write_many};
use belfry_kernel::Kind;
use belfry_ports::Store;
use belfry_store_embedded::check;

#[tokio::test(flavor = "multi_thread")]
async fn refuses_its_batch_and_nothing_else() {
    let town = Town::new();
    let mut store = town.open();
    let mut known = Numbers::new();
    let (mut refused, mut next) = (0, 0);
    for round in 0..30 {
        if round % 3 == 1 {
            // More failures than segments tried for one batch in some rounds, one in others.
            town.disk.fail_syncs(1 + round % 4);
        }
        for (n, outcome) in write_many(&store, next..next + 40).await {
            match outcome {
                Ok(()) => drop(known.insert(format!("urn:p:{n}"), n)),
                Err(e) => {
                    assert_eq!(e.kind(), Kind::Unavailable);
                    assert!(e.public().contains("nothing was written"), "{e:?}");
                    refused += 1;
                }
            }
        }
        next += 40;
        town.disk.fail_syncs(0);
        assert_eq!(numbers(&store), known, "round {round}");
        write(&store, "urn:p:0", next).await.expect("a later write works");
        known.insert("urn:p:0".into(), next);
        assert_eq!(store.health().refusing_writes, None);
        if round % 10 == 9 {
            let last = store.health().seq;
            assert_eq!(feed_seqs(&store, 0, last).await, (1..=last).collect::<Vec<_>>());
            drop(store);
            let report = check(&town.options()).unwrap();
            assert!(report.is_sound(), "{:?}", report.findings);
            store = town.open();
            assert_eq!(numbers(&store), known, "after a restart");
        }
    }
    assert!(refused > 0, "no write met a failing sync");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_never_rests_on_a_refused_one() {
    let town = Town::new();
    let store = town.open();
    write(&store, "urn:count", 0).await.unwrap();
    for round in 0..20_u64 {
        if round % 4 == 3 {
            town.disk.fail_syncs(1);
        }
        let increments: Vec<_> = (0..30)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    // Reads what is there and adds one, so that a lost base would show as a number too many.
                    store
                        .write(Box::new(|read, now| {
                            let before = read.entity("urn:count")?.expect("it is there");
                            let n = crate::town::number_of(&before) as f64 + 1.0;
                            let both = ["a", "b"].map(|term| belfry_testkit::entity::number(term, n, now));
                            let after = belfry_testkit::entity::entity("urn:count", "Pair", both.to_vec(), now);
                            Ok(belfry_ports::ChangeSet::of(belfry_testkit::entity::put(read, after)?))
                        }))
                        .await
                        .is_ok()
                })
            })
            .collect();
        let before = count(&store);
        let mut done = 0;
        for one in increments {
            done += u64::from(one.await.unwrap());
        }
        town.disk.fail_syncs(0);
        let now = count(&store);
        // Some were done before the first look.
        assert!(now <= before + done && now >= done, "round {round}: {before} + {done} but {now}");
        let all = store.health().seq - 1;
        assert_eq!(now, all, "round {round}: as many as were committed");
    }
    let counted = count(&store);
    drop(store);
    assert_eq!(count(&town.open()), counted);
}

fn count(store: &belfry_store_embedded::EmbeddedStore) -> u64 {
    crate::town::number_of(&store.entity("urn:count").unwrap().expect("it is there"))
}
