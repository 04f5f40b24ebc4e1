//! Random histories: what a restart finds is exactly what was acknowledged, whatever was torn, forgotten or refused.

use std::sync::Arc;
use std::time::Duration;

use belfry_log::{Durability, Log, Options, Recovered, check_on};
use proptest::prelude::*;

use crate::sim::{Faults, SimDisk};

const DIR: &str = "/log";

#[derive(Clone, Debug)]
enum Act {
    Commit(Vec<u16>),
    Truncate(u8),
    Sync,
    FailSync(u8),
    FailWrite(u8, u16),
    ShortWrites(u8),
    NoNewFiles(bool),
    Die(u8),
    Kill,
    PowerCut(u64),
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => prop::collection::vec(0..3000_u16, 1..6).prop_map(Act::Commit),
        2 => any::<u8>().prop_map(Act::Truncate),
        2 => Just(Act::Sync),
        1 => (0..3_u8).prop_map(Act::FailSync),
        1 => (0..3_u8, 0..6000_u16).prop_map(|(n, written)| Act::FailWrite(n, written)),
        1 => (1..200_u8).prop_map(Act::ShortWrites),
        1 => any::<bool>().prop_map(Act::NoNewFiles),
        1 => (0..20_u8).prop_map(Act::Die),
        1 => Just(Act::Kill),
        2 => any::<u64>().prop_map(Act::PowerCut),
        1 => Just(Act::Reopen),
    ]
}

fn payload(seq: u64, len: u16) -> Vec<u8> {
    (0..u64::from(len)).map(|at| (seq * 31 + at * at) as u8).collect()
}

/// The disk, the log on it, and what the log owes.
struct World {
    disk: SimDisk,
    options: Options,
    log: Option<Log>,
    /// Everything committed, by sequence from 1.
    committed: Vec<Vec<u8>>,
    /// How much of it a power cut must not take.
    durable: usize,
    /// The batch whose commit failed on a dead disk: it may come back whole.
    undecided: Vec<Vec<u8>>,
    dead: bool,
}

impl World {
    fn open(&mut self) -> Recovered {
        let (log, recovered) = Log::open_on(Arc::new(self.disk.clone()), DIR, self.options.clone()).unwrap();
        self.log = Some(log);
        recovered
    }

    fn log(&mut self) -> &mut Log {
        self.log.as_mut().expect("the log is open between acts")
    }

    fn commit(&mut self, lens: &[u16]) {
        if self.dead {
            return;
        }
        let mut batch = Vec::new();
        for &len in lens {
            let bytes = payload(self.committed.len() as u64 + batch.len() as u64 + 1, len);
            self.log().append(&bytes).unwrap();
            batch.push(bytes);
        }
        let outcome = self.log().commit();
        match outcome {
            Ok(last) => {
                self.committed.extend(batch);
                assert_eq!(last, self.committed.len() as u64);
            }
            Err(error) => {
                assert!(!error.is_corrupt(), "{error}");
                // Whether the disk died under this commit shows in whether anything still works.
                if self.disk.is_dead() {
                    self.dead = true;
                    self.undecided = batch;
                }
            }
        }
        self.durable = self.log().durable_seq() as usize;
        self.verify(self.committed.len());
    }

    fn verify(&mut self, last: usize) {
        let log = self.log.as_ref().expect("the log is open between acts");
        assert_eq!(log.last_seq(), last as u64);
        let first = log.first_seq();
        let mut next = first;
        for entry in log.reader(first).unwrap() {
            let entry = entry.unwrap();
            assert_eq!((entry.seq, &entry.payload), (next, &self.committed[next as usize - 1]));
            next += 1;
        }
        assert_eq!(next, last as u64 + 1);
    }

    fn restart(&mut self, image: SimDisk, at_least: usize) {
        self.disk.faults(|faults| *faults = Faults { die_after: Some(0), ..Faults::default() });
        self.log = None;
        self.disk = image;
        let report = check_on(&self.disk, DIR.as_ref()).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
        let found = self.open().last_seq as usize;
        if found == self.committed.len() + self.undecided.len() {
            self.committed.append(&mut self.undecided);
        }
        assert!((at_least..=self.committed.len()).contains(&found), "{found}, at least {at_least}");
        self.committed.truncate(found);
        self.undecided.clear();
        self.durable = found;
        self.dead = false;
        self.verify(found);
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Commit(ref lens) => self.commit(lens),
            Act::Truncate(part) => {
                let before = self.committed.len() as u64 * u64::from(part) / 256;
                let _ = self.log().truncate_before(before);
                self.verify(self.committed.len());
            }
            Act::Sync => {
                let _ = self.log().sync();
                self.durable = self.log().durable_seq() as usize;
                self.verify(self.committed.len());
            }
            Act::FailSync(after) => self.disk.faults(|faults| faults.fail_sync = Some(after.into())),
            Act::FailWrite(after, written) => {
                self.disk.faults(|faults| faults.fail_write = Some((after.into(), written.into())));
            }
            Act::ShortWrites(len) => self.disk.faults(|faults| faults.short_write = (len > 100).then_some(len.into())),
            Act::NoNewFiles(refuse) => self.disk.faults(|faults| faults.no_new_files = refuse),
            Act::Die(after) => self.disk.faults(|faults| faults.die_after = Some(after.into())),
            Act::Kill => {
                // In relaxed mode what a dying disk refused is promised to nobody.
                let at_least = if self.disk.had_faults() { self.durable } else { self.committed.len() };
                self.restart(self.disk.killed(), at_least);
            }
            Act::PowerCut(seed) => {
                let mut state = seed | 1;
                let keeps = || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    state >> 63 == 1
                };
                let image = self.disk.power_cut(keeps);
                self.restart(image, self.durable);
            }
            Act::Reopen => {
                if !self.dead && !self.disk.had_faults() {
                    self.log = None;
                    let recovered = self.open();
                    assert_eq!(recovered.torn, None);
                    self.durable = self.committed.len();
                    self.verify(self.committed.len());
                }
            }
        }
    }
}

fn live(acts: &[Act], durability: Durability) {
    let options = Options { segment_bytes: 16 << 10, reserve_bytes: 0, durability, ..Options::default() };
    let mut world = World {
        disk: SimDisk::default(),
        options,
        log: None,
        committed: Vec::new(),
        durable: 0,
        undecided: Vec::new(),
        dead: false,
    };
    world.open();
    for act in acts {
        world.act(act);
    }
    let durable = world.durable;
    let image = world.disk.power_cut(|| false);
    world.restart(image, durable);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_finds_exactly_what_was_acknowledged(acts in prop::collection::vec(act(), 1..60)) {
        live(&acts, Durability::Sync);
    }

    #[test]
    fn a_relaxed_log_loses_at_most_its_unsynced_end(acts in prop::collection::vec(act(), 1..60)) {
        live(&acts, Durability::Interval(Duration::from_secs(3600)));
    }

    #[test]
    fn no_bytes_make_the_parser_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..2000), flips in prop::collection::vec((any::<u16>(), any::<u8>()), 0..4)) {
        let _ = belfry_log::parse_segment(&bytes);
        let disk = SimDisk::default();
        let (mut log, _) = Log::open_on(Arc::new(disk.clone()), DIR, Options { segment_bytes: 16 << 10, ..Options::default() }).unwrap();
        for part in bytes.chunks(300) {
            log.append(part).unwrap();
        }
        log.commit().unwrap();
        drop(log);
        let path = disk.files().into_iter().find(|path| path.ends_with("00000000000000000001.seg")).unwrap();
        bytes = disk.bytes(&path);
        for (at, flip) in flips {
            let len = bytes.len();
            bytes[at as usize % len] ^= flip;
        }
        let _ = belfry_log::parse_segment(&bytes);
    }
}
