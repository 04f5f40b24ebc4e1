//! MQTT topic names and filters: the trie agrees with the filter itself.

use crate::text;
use belfry_connect_payload::{Filter, TopicTrie, check_name};

/// Runs the target: lines, the first a topic name, the others filters.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let mut lines = text.lines();
    let topic = lines.next().unwrap_or_default();
    let is_name = check_name(topic).is_ok();
    let mut trie = TopicTrie::default();
    let mut filters = Vec::new();
    for line in lines.take(64) {
        let _ = Filter::parse_with_captures(line);
        if let Ok(filter) = Filter::parse(line) {
            assert_eq!(filter.as_str(), line);
            trie.insert(&filter, filters.len());
            filters.push(filter);
        }
    }
    assert_eq!(trie.len(), filters.len());
    for filter in &filters {
        let mut found = Vec::new();
        trie.each_covering(filter, |index: &usize| found.push(*index));
        found.sort_unstable();
        let all: Vec<usize> = (0..filters.len()).filter(|index| filters[*index].covers(filter)).collect();
        assert_eq!(found, all, "{filter:?} of {filters:?}");
    }
    if !is_name {
        return;
    }
    let mut found = Vec::new();
    trie.each_match(topic, |index: &usize| found.push(*index));
    found.sort_unstable();
    let all: Vec<usize> = (0..filters.len()).filter(|index| filters[*index].matches(topic)).collect();
    assert_eq!(found, all, "{topic:?} of {filters:?}");
    for filter in &filters {
        trie.retain(filter, |_| false);
    }
    assert!(trie.is_empty());
}
