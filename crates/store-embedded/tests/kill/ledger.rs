//! What must be in the store after a kill, by the lines that the killed process said and by the sequence of each writer; and
//! whether it is.

use crate::sequence::{CONSUMERS, Step, WRITERS, What, number_in, number_of, numbers, place_of};
use belfry_kernel::Time;
use belfry_ngsi_ld::query::TimeProperty;
use belfry_ports::temporal::TemporalRange;
use belfry_ports::{Collection, FeedItem, Seq, Store};
use belfry_testkit::entity::name;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// All that was ever committed.
#[derive(Default)]
pub struct Ledger {
    /// The number of each writer's last step.
    last: HashMap<u64, u64>,
    /// What history must hold of each entity: numbers, none where it was deleted. By identifier.
    past: BTreeMap<String, Vec<Option<u64>>>,
    /// The commit of each sequence number, from 1 on.
    commits: Vec<What>,
    /// The place that each consumer last saved.
    places: [Seq; CONSUMERS.len()],
    pub acknowledged: u64,
    /// Commits that consumers were given by the killed processes, those that came again too.
    pub consumed: u64,
}

/// What one process said before it was killed.
#[derive(Default)]
struct Said {
    /// The acknowledged steps, and how the commit of each was numbered.
    numbered: Vec<(Seq, Step)>,
    /// By consumer: what it was given, and which place it last saved.
    seen: [Vec<(Seq, What)>; CONSUMERS.len()],
    saved: [Seq; CONSUMERS.len()],
}

impl Said {
    /// Each line is one that the process says.
    fn read(round: u64, lines: &[String]) -> Self {
        let mut said = Self::default();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(words[0] != "failed", "round {round}: {line}");
            match words.as_slice() {
                ["acknowledged", seq, writer, number, "."] => {
                    let step = Step { writer: writer.parse().unwrap(), number: number.parse().unwrap() };
                    said.numbered.push((seq.parse().unwrap(), step));
                }
                ["seen", consumer, seq, kind, first, second, "."] => {
                    let seen = (seq.parse().unwrap(), What::parse(kind, first, second).unwrap());
                    said.seen[consumer.parse::<usize>().unwrap()].push(seen);
                }
                ["saved", consumer, seq, "."] => {
                    said.saved[consumer.parse::<usize>().unwrap()] = seq.parse().unwrap();
                }
                // What the test's frame says, or the line in which the kill fell.
                _ => {}
            }
        }
        said
    }
}

impl Ledger {
    /// Takes in what a process said, and compares all with the store that it left.
    pub async fn prove(&mut self, round: u64, lines: &[String], store: &dyn Store) {
        let said = Said::read(round, lines);
        self.acknowledged += said.numbered.len() as u64;
        let fresh = self.steps(round, &said, store);
        self.states(round, store);
        self.history(round, store);
        self.feed(round, &said, &fresh, store).await;
    }

    /// How far each writer came: to its last acknowledged step or the one after it. Returns the new steps of each.
    fn steps(&mut self, round: u64, said: &Said, store: &dyn Store) -> Vec<Vec<Step>> {
        let mut fresh = Vec::new();
        for writer in 0..WRITERS {
            let own = store.entity(&Step::own(writer)).unwrap();
            let number = own.map(|e| numbers(&e)[0]);
            let document = store.document(Collection::Audit, &Step::document(writer)).unwrap();
            assert_eq!(number, number_in(document.as_deref()), "round {round}: half a commit of writer {writer}");
            let before = self.last.get(&writer).copied().unwrap_or_default();
            let mut sure = before;
            for (_, step) in said.numbered.iter().filter(|(_, step)| step.writer == writer) {
                sure += 1;
                assert_eq!(step.number, sure, "round {round}: writer {writer} goes on where it was");
            }
            let found = number.unwrap_or_default();
            assert!(
                found == sure || found == sure + 1,
                "round {round}: writer {writer} is at {sure} by what was acknowledged, and the store is at {found}"
            );
            self.last.insert(writer, found);
            let steps: Vec<Step> = (before + 1..=found).map(|number| Step { writer, number }).collect();
            for step in &steps {
                self.past.entry(step.entity()).or_default().push((!step.deletes()).then_some(step.number));
                self.past.entry(Step::own(writer)).or_default().push(Some(step.number));
            }
            fresh.push(steps);
        }
        fresh
    }

    /// Every entity is as its last step left it: there with that number, or gone.
    fn states(&self, round: u64, store: &dyn Store) {
        let mut there = 0;
        for (id, past) in &self.past {
            let found = store.entity(id).unwrap().map(|e| numbers(&e));
            let width = attributes(id).len();
            let wanted = past.last().copied().flatten().map(|number| vec![number; width]);
            assert_eq!(found, wanted, "round {round}: {id}");
            there += u64::from(wanted.is_some());
        }
        assert_eq!(store.health().entities, there, "round {round}: there is something that nobody wrote");
    }

    /// History holds each step once and nothing else: by count, sum, least and greatest all of it, the newest ones one by
    /// one, and now and then all of them.
    fn history(&self, round: u64, store: &dyn Store) {
        let last_n = if round.is_multiple_of(25) { usize::MAX } else { 60 };
        for (id, past) in &self.past {
            let newest = TemporalRange {
                by: TimeProperty::ModifiedAt,
                from: Time::MIN,
                to: Time::MAX,
                last_n: Some(last_n),
                limit: usize::MAX,
                every: false,
            };
            let instances = store.evolution(id, None, &newest).unwrap().map(|e| e.instances).unwrap_or_default();
            let tail = &past[past.len().saturating_sub(last_n)..];
            for term in attributes(id) {
                let of_term = instances.iter().filter(|i| i.attribute.name == name(term));
                let found: Vec<Option<u64>> =
                    of_term.map(|i| (!i.deleted).then(|| number_of(&i.attribute.value))).collect();
                assert_eq!(found, tail, "round {round}: the history of {id}, {term}");
            }
            let bounds = [Time::from_micros(0), Time::from_micros(i64::MAX / 2)];
            let sums = store.aggregate(id, None, TimeProperty::ModifiedAt, &bounds, false).unwrap().unwrap_or_default();
            let whole: Vec<u64> = past.iter().flatten().copied().collect();
            assert_eq!(sums.len(), attributes(id).len(), "round {round}: the series of {id}");
            for of_series in &sums {
                let bucket = of_series.buckets.first();
                let found = bucket.map(|b| (b.count, b.sum, b.min, b.max));
                let edge = |n: Option<&u64>| n.map(|n| *n as f64);
                // Exact: the sums stay far below the whole numbers that a double cannot hold.
                let sum = edge(Some(&whole.iter().sum::<u64>()));
                let wanted = (whole.len() as u64, sum, edge(whole.first()), edge(whole.last()));
                assert_eq!(found, (!whole.is_empty()).then_some(wanted), "round {round}: all history of {id}");
            }
        }
    }

    /// A consumer is given each commit, in order and without a hole, from its saved place on; a commit never changes
    /// after it was given; and the commits are the steps, each once, in each writer's order.
    async fn feed(&mut self, round: u64, said: &Said, fresh: &[Vec<Step>], store: &dyn Store) {
        let (known, last) = (self.commits.len(), store.health().seq);
        for (consumer, called) in CONSUMERS.into_iter().enumerate() {
            let (begun_at, seen) = (self.places[consumer], &said.seen[consumer]);
            self.consumed += seen.len() as u64;
            self.given(round, begun_at, seen);
            let (least, most) = (said.saved[consumer].max(begun_at), seen.last().map_or(begun_at, |(seq, _)| *seq));
            let place = place_of(store, consumer);
            assert!(
                (least..=most).contains(&place),
                "round {round}: the {called} consumer saved {least}, was given up to {most}, and the store says {place}"
            );
            self.places[consumer] = place;
        }
        // What the next process would be given: the prompt consumer all that is left, the late one at least its next.
        for (consumer, until) in [(0, last), (1, last.min(self.places[1] + 1))] {
            let place = self.places[consumer];
            let (mut feed, mut rest) = (store.feed(place), Vec::new());
            while rest.last().map_or(place, |(seq, _)| *seq) < until {
                let item = tokio::time::timeout(Duration::from_secs(20), feed.next()).await;
                match item.unwrap_or_else(|_| panic!("round {round}: the feed stands still before {until}: {rest:?}")) {
                    Some(Ok(FeedItem::Commit(commit))) => rest.push((commit.seq, What::of(&commit).unwrap())),
                    other => panic!("round {round}: the {} consumer gets {other:?}", CONSUMERS[consumer]),
                }
            }
            self.given(round, place, &rest);
        }
        assert_eq!(self.commits.len() as u64, last, "round {round}: what was given is lost");
        for (seq, step) in &said.numbered {
            assert_eq!(self.commits.get(*seq as usize - 1), Some(&What::Step(*step)), "round {round}: commit {seq}");
        }
        for (writer, steps) in fresh.iter().enumerate() {
            let of_writer = self.commits[known..].iter().filter_map(|what| match what {
                What::Step(step) if step.writer == writer as u64 => Some(*step),
                _ => None,
            });
            assert_eq!(&of_writer.collect::<Vec<_>>(), steps, "round {round}: the commits of writer {writer}");
        }
    }

    fn given(&mut self, round: u64, after: Seq, items: &[(Seq, What)]) {
        for (wanted, (seq, what)) in (after + 1..).zip(items) {
            assert_eq!(*seq, wanted, "round {round}: the feed after {after} has a hole or comes again");
            match self.commits.get(wanted as usize - 1) {
                Some(known) => assert_eq!(known, what, "round {round}: commit {seq} is another than it was"),
                None => self.commits.push(*what),
            }
        }
    }
}

fn attributes(id: &str) -> &'static [&'static str] {
    if id.starts_with("urn:own:") { &["done"] } else { &["a", "b"] }
}
