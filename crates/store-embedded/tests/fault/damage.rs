//! A flipped byte, wherever it is: found and named, and never part of an answer.

use crate::town::{Town, numbers, write};
use belfry_kernel::{Error, Time};
use belfry_ports::temporal::{TemporalRange, TimeProperty};
use belfry_ports::{ChangeSet, Store};
use belfry_store_embedded::{EmbeddedStore, check};
use belfry_testkit::entity::{entity, put, text};
use std::fs;
use std::path::Path;

/// What an error says to whoever runs the machine.
fn said(error: &Error) -> String {
    format!("{}: {:?}", error.public(), error.cause().map(|cause| cause.to_string()))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let into = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &into);
        } else {
            fs::copy(entry.path(), into).unwrap();
        }
    }
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 0x20;
    fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_log_is_named_and_never_answered_from() {
    for with_checkpoint in [false, true] {
        let town = Town::new();
        let store = town.open();
        for n in 0..400 {
            write(&store, &format!("urn:p:{}", n % 20), n).await.unwrap();
            if n == 200 && with_checkpoint {
                store.checkpoint().unwrap();
            }
        }
        let known = numbers(&store);
        drop(store);
        let segments = town.files("log", "seg");
        let (mut refused, mut opened) = (0, 0);
        for segment in &segments {
            let content = fs::read(segment).unwrap().iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            for at in (0..content).step_by(content / 11 + 1) {
                let other = Town::new();
                copy(&town.path(), &other.path());
                let damaged = other.path().join("log").join(segment.file_name().unwrap());
                flip(&damaged, at);
                let report = check(&other.options()).unwrap();
                let name = damaged.file_name().unwrap().to_str().unwrap();
                match EmbeddedStore::open(&other.options()) {
                    Ok(store) => {
                        opened += 1;
                        assert_eq!(numbers(&store), known, "{name}, byte {at}: a wrong answer");
                    }
                    Err(e) => {
                        refused += 1;
                        let text = said(&e);
                        assert!(text.contains(name) && text.contains("byte"), "{name}, byte {at}: {text}");
                        assert!(!report.is_sound(), "{name}, byte {at}");
                        let finding = report.findings.join("\n");
                        assert!(finding.contains(name) && finding.contains("byte"), "{name}, byte {at}: {finding}");
                    }
                }
            }
        }
        assert!(refused > 10, "{refused} refused, {opened} opened");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_run_of_history_costs_its_series_and_no_other() {
    let town = Town::new();
    let store = town.open();
    // Texts that hardly compress, so that the run has several blocks.
    let mut seed = 1_u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:08x}", seed >> 32)
    };
    for n in 0..60 {
        let id = format!("urn:n:{}", n % 6);
        let long: String = (0..2000).map(|_| noise()).collect();
        let change = move |read: &dyn belfry_ports::Read, now| {
            Ok(ChangeSet::of(put(read, entity(&id, "Noise", vec![text("t", &long, now)], now))?))
        };
        store.write(Box::new(change)).await.unwrap();
    }
    store.checkpoint().unwrap();
    let past = |store: &EmbeddedStore, id: &str| {
        let by = TimeProperty::ModifiedAt;
        let range = TemporalRange { by, from: Time::MIN, to: Time::MAX, last_n: None, limit: 10_000, every: false };
        store.evolution(id, None, &range).map(|found| format!("{:?}", found.expect("it has a past").instances))
    };
    let ids: Vec<String> = (0..6).map(|n| format!("urn:n:{n}")).collect();
    let whole: Vec<String> = ids.iter().map(|id| past(&store, id).unwrap()).collect();
    let known: Vec<_> = ids.iter().map(|id| store.entity(id).unwrap()).collect();
    drop(store);
    let run = town.files("history", "bhr").pop().expect("a run");
    let sound = fs::read(&run).unwrap();
    let (mut lost, mut read) = (0, 0);
    for at in (0..sound.len()).step_by(sound.len() / 40 + 1) {
        flip(&run, at);
        let findings = check(&town.options()).unwrap().findings.join("\n");
        assert!(findings.contains(run.file_name().unwrap().to_str().unwrap()), "byte {at}: {findings}");
        let store = town.open();
        let state: Vec<_> = ids.iter().map(|id| store.entity(id).unwrap()).collect();
        assert_eq!(state, known, "the current state does not need history");
        for (id, whole) in ids.iter().zip(&whole) {
            match past(&store, id) {
                Ok(found) => {
                    read += 1;
                    assert_eq!(&found, whole, "byte {at}: a wrong answer for {id}");
                }
                Err(e) => {
                    lost += 1;
                    assert!(said(&e).contains(".bhr"), "byte {at}: {}", said(&e));
                }
            }
        }
        write(&store, "urn:p", at as u64).await.expect("writes go on");
        drop(store);
        fs::write(&run, &sound).unwrap();
    }
    assert!(lost > 10, "no damage was ever met");
    assert!(read > lost, "most series are not hurt: {read} read, {lost} lost");
}
