//! What the store does when the disk, the clock or a reader misbehaves: it refuses with a clear error, never answers
//! wrongly, reads on, and recovers without help. Kills of the process are tested in `kill`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "fault/checkpoint.rs"]
mod checkpoint;
#[path = "fault/clock.rs"]
mod clock;
#[path = "fault/damage.rs"]
mod damage;
#[path = "fault/disk.rs"]
mod disk;
#[path = "fault/feed.rs"]
mod feed;
#[path = "fault/full.rs"]
mod full;
#[path = "fault/history.rs"]
mod history;
#[path = "fault/housekeeping.rs"]
mod housekeeping;
#[path = "fault/panic.rs"]
mod panic;
#[path = "fault/relaxed.rs"]
mod relaxed;
#[path = "fault/sync.rs"]
mod sync;
#[path = "fault/town.rs"]
mod town;
