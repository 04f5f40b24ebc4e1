//! The bytes that notifications may take while they wait: of one subscription and of all, whatever the tenant. Decides
//! nothing about what has to go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all subscriptions together have taken.
///
/// One may take as much as is left for the others, up to its own limit: so that a few whose endpoints are slow never take
/// all of it, and one that needs little always finds room.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    most_each: usize,
    used: AtomicUsize,
}

/// What one subscription has taken; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Account {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(most: usize, most_each: usize) -> Self {
        Self { most, most_each, used: AtomicUsize::new(0) }
    }

    fn left(&self) -> usize {
        self.most.saturating_sub(self.used.load(Ordering::Relaxed))
    }
}

impl Account {
    pub(crate) fn new(budget: &Arc<Budget>) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn give_back(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.bytes, "more is given back than was taken");
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether more is taken than this subscription may.
    pub(crate) fn is_over(&self) -> bool {
        self.bytes > self.budget.most_each.min(self.budget.left())
    }

    /// Whether more is taken than all together may.
    pub(crate) fn is_beyond_all(&self) -> bool {
        self.budget.left() == 0
    }

    /// How much more may be taken.
    pub(crate) fn left(&self) -> usize {
        let left = self.budget.left();
        // Half of what is left, as the other half is then left for others.
        (left / 2).min(self.budget.most_each.saturating_sub(self.bytes))
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_never_takes_what_others_need() {
        let budget = Arc::new(Budget::new(1000, 700));
        let (mut one, mut two) = (Account::new(&budget), Account::new(&budget));
        one.add(500);
        assert!(!one.is_over(), "as much is left for the others");
        one.add(1);
        assert!(one.is_over());
        two.add(200);
        assert!(!two.is_over() && two.left() == 149);
        one.give_back(401);
        assert!(!one.is_over() && !two.is_over());
        drop(one);
        two.add(500);
        assert!(two.is_over(), "it has a limit of its own");
        drop(two);
        assert_eq!(budget.left(), 1000);
    }
}
