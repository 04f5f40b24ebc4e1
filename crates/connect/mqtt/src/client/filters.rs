//! What a client subscribes to: filters that another one covers are left out, and each has an identifier of its own, so that
//! the copies that a broker sends for those that cross can be told apart. No socket.

use crate::codec::{QoS, Subscription};
use belfry_connect_payload::{Filter, Mapping, TopicTrie};
use hashbrown::HashSet;

/// The largest subscription identifier (5.0 section 3.8.2.1.2).
const LARGEST: u64 = 268_435_455;

/// One subscription.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub filter: String,
    pub options: Subscription,
    /// Its identifier, for a broker that knows them: made from the filter, so that one that the session still has from an
    /// earlier configuration has another.
    pub identifier: u32,
}

impl Wanted {
    fn new(filter: &str, retain_handling: u8) -> Self {
        let digest = xxhash_rust::xxh3::xxh3_64(filter.as_bytes());
        let identifier = u32::try_from(digest % LARGEST + 1).unwrap_or(1);
        let options = Subscription { retain_handling, ..Subscription::new(QoS::AtLeastOnce) };
        Self { filter: filter.to_owned(), options, identifier }
    }

    /// A topic that discovery named and that no filter matches.
    pub fn topic(topic: &str) -> Self {
        Self::new(topic, 1)
    }
}

/// The subscriptions for a mapping and further filters, and the filters that they make needless. `apart`: the broker tells
/// for which subscription a copy is.
pub(super) fn plan(mapping: &Mapping, further: &[Filter], apart: bool) -> (Vec<Wanted>, Vec<String>) {
    let all: Vec<&Filter> = mapping.filters().into_iter().chain(further).collect();
    // The retained messages of discovery are wanted at every start and no others are, so it has a subscription of its own
    // where copies can be told apart.
    let discovery: HashSet<&str> = mapping.discovery_filters().map(Filter::as_str).collect();
    let discovers: Vec<bool> = all.iter().map(|f| discovery.contains(f.as_str())).collect();
    let mut trie = TopicTrie::default();
    all.iter().enumerate().for_each(|(i, filter)| trie.insert(filter, i));
    let covered = |i: usize| {
        let mut found = false;
        trie.each_covering(all[i], |&j: &usize| {
            let same = all[i].as_str() == all[j].as_str();
            found |= if same { j < i } else { !apart || discovers[j] || !discovers[i] };
        });
        found
    };
    let (needless, kept): (Vec<usize>, Vec<usize>) = (0..all.len()).partition(|i| covered(*i));
    let wanted: Vec<Wanted> = kept.iter().map(|&i| Wanted::new(all[i].as_str(), u8::from(!discovers[i]))).collect();
    let mut dropped: Vec<String> = needless.iter().map(|i| all[*i].as_str().to_owned()).collect();
    let asked: HashSet<&str> = kept.iter().map(|&i| all[i].as_str()).collect();
    dropped.retain(|f| !asked.contains(f.as_str()));
    dropped.dedup();
    (wanted, dropped)
}

/// Above this number filters are taken to cross without looking at each pair.
const MANY: usize = 500;

/// Whether a topic may match two of them.
pub(super) fn cross(wanted: &[Wanted]) -> bool {
    if wanted.len() > MANY {
        return true;
    }
    let all: Vec<Filter> = wanted.iter().filter_map(|w| Filter::parse(&w.filter).ok()).collect();
    all.iter().enumerate().any(|(i, a)| all[i + 1..].iter().any(|b| a.meets(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(rules: &[(&str, &str)], further: &[&str], apart: bool) -> (Vec<(String, u8)>, Vec<String>) {
        let rules = rules.iter().map(|(topic, format)| format!("[[rule]]\ntopic = '{topic}'\nformat = '{format}'\n"));
        let mapping = Mapping::parse(&rules.collect::<String>()).unwrap();
        let further: Vec<Filter> = further.iter().map(|f| Filter::parse(f).unwrap()).collect();
        let (wanted, dropped) = plan(&mapping, &further, apart);
        for w in &wanted {
            assert!(wanted.iter().all(|o| o == w || o.identifier != w.identifier), "{wanted:?}");
        }
        (wanted.into_iter().map(|w| (w.filter, w.options.retain_handling)).collect(), dropped)
    }

    #[test]
    fn many_filters_are_planned_at_once() {
        let further: Vec<Filter> = (0..20_000).map(|n| Filter::parse(&format!("a/+/{n}/x")).unwrap()).collect();
        let all: Vec<Filter> = further.iter().cloned().chain([Filter::parse("a/+/7/#").unwrap()]).collect();
        let begun = std::time::Instant::now();
        let mapping = Mapping::parse("[[rule]]\ntopic = 'z'\nformat = 'json'\n").unwrap();
        let (wanted, dropped) = plan(&mapping, &all, true);
        assert_eq!((wanted.len(), dropped), (20_001, vec!["a/+/7/x".to_owned()]));
        // Pair by pair it would take minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn each_message_comes_by_as_few_filters_as_can_be() {
        let texts = |f: &[&str]| f.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
        let one = |f: &str, retain| (f.to_owned(), retain);
        assert_eq!(
            planned(&[("town/+/soil/{s}", "json")], &["town/#", "town/#"], true),
            (vec![one("town/#", 1)], texts(&["town/+/soil/+"]))
        );
        assert_eq!(
            planned(&[("a/+", "json"), ("b", "json")], &["+/b"], true),
            (vec![one("a/+", 1), one("b", 1), one("+/b", 1)], texts(&[]))
        );
        let discovery = [("homeassistant/#", "homeassistant"), ("z/+", "json")];
        assert_eq!(planned(&discovery, &["#"], true), (vec![one("homeassistant/#", 0), one("#", 1)], texts(&["z/+"])));
        assert_eq!(planned(&discovery, &["#"], false).0, [one("#", 1)]);
    }
}
