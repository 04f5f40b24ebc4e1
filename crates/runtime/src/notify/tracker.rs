//! Which commits still have notifications outstanding, and so how far the cursor may go. Holds no notification.

use belfry_ports::Seq;
use std::collections::BTreeMap;

/// Outstanding notifications by commit, in the order of the log.
#[derive(Debug)]
pub(crate) struct Tracker {
    consumed: Seq,
    /// Those that have some: what is delivered is forgotten even while older ones wait.
    outstanding: BTreeMap<Seq, u32>,
    /// Whether anything came since the last save that the cursor should remember.
    news: bool,
    saved: Option<Seq>,
}

impl Tracker {
    pub(crate) fn at(after: Seq) -> Self {
        Self { consumed: after, outstanding: BTreeMap::new(), news: false, saved: None }
    }

    /// A commit was read, and `count` notifications came of it. `news` tells that it is not one of the notifier's own.
    pub(crate) fn consumed(&mut self, seq: Seq, count: u32, news: bool) {
        self.consumed = seq;
        self.news |= news;
        if count > 0 {
            self.outstanding.insert(seq, count);
        }
    }

    /// One notification of this commit is delivered, parked or dropped.
    pub(crate) fn done(&mut self, seq: Seq) {
        if let Some(count) = self.outstanding.get_mut(&seq) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.outstanding.remove(&seq);
            }
        }
    }

    /// The last commit that was read.
    pub(crate) fn last(&self) -> Seq {
        self.consumed
    }

    /// The last commit of which, and before which, nothing is outstanding.
    pub(crate) fn cursor(&self) -> Seq {
        self.outstanding.first_key_value().map_or(self.consumed, |(seq, _)| seq - 1)
    }

    /// The cursor, when it is worth saving; then it counts as saved.
    pub(crate) fn next_save(&mut self) -> Option<Seq> {
        let cursor = self.cursor();
        if self.saved.is_some() && !(self.news && self.saved < Some(cursor)) {
            return None;
        }
        // News that the cursor does not cover yet are news next time as well.
        self.news = !self.outstanding.is_empty();
        self.saved = Some(cursor);
        Some(cursor)
    }

    /// What [`Self::next_save`] gave could not be saved.
    pub(crate) fn unsaved(&mut self) {
        self.saved = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_delivered_is_forgotten_while_older_ones_wait() {
        let mut t = Tracker::at(0);
        t.consumed(1, 1, true);
        for seq in 2..1000 {
            t.consumed(seq, 2, true);
            (0..2).for_each(|_| t.done(seq));
        }
        assert_eq!((t.outstanding.len(), t.cursor()), (1, 0));
        t.done(1);
        assert_eq!(t.cursor(), 999);
    }

    #[test]
    fn the_cursor_waits_for_the_oldest() {
        let mut t = Tracker::at(10);
        assert_eq!(t.next_save(), Some(10));
        assert_eq!(t.next_save(), None);
        t.consumed(11, 0, false);
        assert_eq!(t.next_save(), None, "its own commits are no news");
        t.consumed(12, 2, true);
        t.consumed(13, 1, true);
        assert_eq!(t.next_save(), Some(11));
        t.done(13);
        t.done(12);
        assert_eq!(t.cursor(), 11);
        t.done(12);
        assert_eq!(t.next_save(), Some(13));
        assert_eq!(t.next_save(), None);
    }
}
