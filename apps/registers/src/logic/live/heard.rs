//! What was heard of the change feed: at which place of the log entities of each type changed last. The feed is read when somebody
//! asks, so a tenant whose map nobody looks at costs nothing. Reads no state.

use super::Layer;
use belfry_kit::{Commit, Ctx, EntityChange, Error, Feed, FeedItem, Seq};
use futures_util::future::FutureExt;
use std::collections::HashMap;

/// Commits that are read one by one for an answer; of more than these, everything counts as changed.
const MOST: Seq = 4096;
/// Types that are remembered; of more than these, everything counts as changed.
const MAX_TYPES: usize = 4096;

/// The last changes.
#[derive(Default)]
pub(super) struct Heard {
    feed: Option<Box<dyn Feed>>,
    /// Up to where the feed was read.
    place: Seq,
    /// The last change of anything.
    any: Seq,
    /// Before this, changes were not told apart.
    all: Seq,
    types: HashMap<&'static str, Seq>,
}

impl Heard {
    /// The place in the log of the last change of a layer, as far as is known: never one that is too early.
    ///
    /// # Errors
    /// `Internal` when the log proves damaged.
    pub(super) fn last(&mut self, ctx: &Ctx, layer: &Layer) -> Result<Seq, Error> {
        self.catch_up(ctx)?;
        Ok(match layer {
            Layer::All => self.any.max(self.all),
            Layer::Of(names) => names.iter().filter_map(|name| self.types.get(name)).fold(self.all, |a, b| a.max(*b)),
        })
    }

    fn catch_up(&mut self, ctx: &Ctx) -> Result<(), Error> {
        let now = ctx.seq();
        if self.feed.is_none() || now.saturating_sub(self.place) > MOST {
            self.begin_at(ctx, now);
            return Ok(());
        }
        while self.place < now {
            let next = self.feed.as_mut().and_then(|feed| feed.next().now_or_never());
            match next {
                // What is durable and not handed out yet: the state may show it already.
                None | Some(None) => {
                    self.begin_at(ctx, now);
                    return Ok(());
                }
                Some(Some(Err(error))) => {
                    self.feed = None;
                    return Err(error);
                }
                Some(Some(Ok(FeedItem::Gap { .. }))) => self.begin_at(ctx, now),
                Some(Some(Ok(FeedItem::Commit(commit)))) => self.hear(&commit),
            }
        }
        Ok(())
    }

    /// From here on changes are told apart again.
    fn begin_at(&mut self, ctx: &Ctx, place: Seq) {
        self.feed = Some(ctx.follow(place));
        (self.place, self.any, self.all) = (place, place, place);
        self.types.clear();
    }

    fn hear(&mut self, commit: &Commit) {
        self.place = commit.seq;
        for change in &commit.changes.entities {
            let entity = match change {
                EntityChange::Put { entity, .. } => entity,
                EntityChange::Delete { last, .. } => last,
            };
            self.any = commit.seq;
            // One that lost a type is on the tiles of that type no more.
            if matches!(change, EntityChange::Put { head: true, .. }) || self.types.len() >= MAX_TYPES {
                self.all = commit.seq;
            }
            for name in &entity.types {
                self.types.insert(name.as_str(), commit.seq);
            }
        }
    }
}
