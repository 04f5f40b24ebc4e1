//! Topic filters in a trie, so that a topic costs by its levels and not by the number of filters. Holds values, no sessions.

use crate::topic::Filter;
use hashbrown::HashMap;

/// A map from topic filters to values; several values may sit at one filter.
#[derive(Debug)]
pub struct TopicTrie<T> {
    root: Node<T>,
    len: usize,
}

#[derive(Debug)]
struct Node<T> {
    children: HashMap<Box<str>, Node<T>>,
    plus: Option<Box<Node<T>>>,
    here: Vec<T>,
    hash: Vec<T>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { children: HashMap::new(), plus: None, here: Vec::new(), hash: Vec::new() }
    }
}

impl<T> Node<T> {
    fn is_bare(&self) -> bool {
        self.children.is_empty() && self.plus.is_none() && self.here.is_empty() && self.hash.is_empty()
    }

    fn values(&mut self, mut levels: std::str::Split<'_, char>) -> &mut Vec<T> {
        match levels.next() {
            None => &mut self.here,
            Some("#") => &mut self.hash,
            Some("+") => self.plus.get_or_insert_with(Box::default).values(levels),
            Some(level) => self.children.entry(level.into()).or_default().values(levels),
        }
    }

    fn retain(&mut self, mut levels: std::str::Split<'_, char>, keep: &mut dyn FnMut(&T) -> bool) -> usize {
        let cut = |values: &mut Vec<T>, keep: &mut dyn FnMut(&T) -> bool| {
            let before = values.len();
            values.retain(keep);
            before - values.len()
        };
        match levels.next() {
            None => cut(&mut self.here, keep),
            Some("#") => cut(&mut self.hash, keep),
            Some("+") => {
                let Some(plus) = &mut self.plus else { return 0 };
                let gone = plus.retain(levels, keep);
                if plus.is_bare() {
                    self.plus = None;
                }
                gone
            }
            Some(level) => {
                let Some(child) = self.children.get_mut(level) else {
                    return 0;
                };
                let gone = child.retain(levels, keep);
                if child.is_bare() {
                    self.children.remove(level);
                }
                gone
            }
        }
    }

    fn visit<'t>(&'t self, mut levels: std::str::Split<'_, char>, wild: bool, with: &mut dyn FnMut(&'t T)) {
        if wild {
            self.hash.iter().for_each(&mut *with);
        }
        match levels.next() {
            None => self.here.iter().for_each(with),
            Some(level) => {
                if let Some(child) = self.children.get(level) {
                    child.visit(levels.clone(), true, with);
                }
                if wild && let Some(plus) = &self.plus {
                    plus.visit(levels, true, with);
                }
            }
        }
    }
}

impl<T> Node<T> {
    fn covering<'t>(&'t self, mut levels: std::str::Split<'_, char>, wild: bool, with: &mut dyn FnMut(&'t T)) {
        if wild {
            self.hash.iter().for_each(&mut *with);
        }
        let Some(level) = levels.next() else { return self.here.iter().for_each(with) };
        if level != "+"
            && let Some(child) = self.children.get(level)
        {
            child.covering(levels.clone(), true, with);
        }
        if wild
            && level != "#"
            && let Some(plus) = &self.plus
        {
            plus.covering(levels, true, with);
        }
    }
}

impl<T> Default for TopicTrie<T> {
    fn default() -> Self {
        Self { root: Node::default(), len: 0 }
    }
}

impl<T> TopicTrie<T> {
    /// Adds a value at a filter.
    pub fn insert(&mut self, filter: &Filter, value: T) {
        self.root.values(filter.as_str().split('/')).push(value);
        self.len += 1;
    }

    /// Takes away the values at exactly this filter that `keep` does not want, and the branches left bare. Returns how many went.
    pub fn retain(&mut self, filter: &Filter, mut keep: impl FnMut(&T) -> bool) -> usize {
        let gone = self.root.retain(filter.as_str().split('/'), &mut keep);
        self.len -= gone;
        gone
    }

    /// Hands every value whose filter matches `topic` to `with`. The depth of the walk is the number of levels.
    pub fn each_match<'t>(&'t self, topic: &str, mut with: impl FnMut(&'t T)) {
        if self.len > 0 {
            self.root.visit(topic.split('/'), !topic.starts_with('$'), &mut with);
        }
    }

    /// Hands every value whose filter covers `filter` (its own too) to `with`, at a cost that does not grow with the others.
    pub fn each_covering<'t>(&'t self, filter: &Filter, mut with: impl FnMut(&'t T)) {
        let text = filter.as_str();
        self.root.covering(text.split('/'), !text.starts_with('$'), &mut with);
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter() -> impl Strategy<Value = String> {
        (prop::collection::vec("[ab+]|\\$x|", 1..5), any::<bool>())
            .prop_map(|(levels, hash)| levels.join("/") + if hash { "/#" } else { "" })
            .prop_filter("not empty", |f| !f.is_empty())
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(filters in prop::collection::vec(filter(), 0..20), topic in "(\\$x|[ab]|)(/(a|b|\\$x|)){0,4}") {
            let filters: Vec<Filter> = filters.iter().map(|f| Filter::parse(f).unwrap()).collect();
            let mut trie = TopicTrie::default();
            for (i, f) in filters.iter().enumerate() {
                trie.insert(f, i);
            }
            let mut found = Vec::new();
            trie.each_match(&topic, |i| found.push(*i));
            found.sort_unstable();
            let scanned: Vec<usize> = (0..filters.len()).filter(|i| filters[*i].matches(&topic)).collect();
            prop_assert_eq!(found, scanned);
            for f in &filters {
                for g in &filters {
                    prop_assert!(f.meets(g) || !(f.matches(&topic) && g.matches(&topic)), "{f:?} {g:?}");
                    prop_assert!(f.meets(g) || !f.covers(g), "{f:?} {g:?}");
                }
                let mut covering = Vec::new();
                trie.each_covering(f, |i| covering.push(*i));
                covering.sort_unstable();
                let scanned: Vec<usize> = (0..filters.len()).filter(|i| filters[*i].covers(f)).collect();
                prop_assert_eq!(covering, scanned, "{:?}", f);
            }
            for (i, f) in filters.iter().enumerate() {
                prop_assert_eq!(trie.retain(f, |v| *v != i), 1);
            }
            prop_assert!(trie.is_empty() && trie.root.is_bare());
        }
    }
}
