//! The sweeper: removes entities and attribute instances that have expired (ETSI GS CIM 009 clause 4.23). Reads already
//! leave them out; this takes them out of the store, with a commit that subscribers see.

use crate::write::write;
use belfry_kernel::{Clock, Error, Time};
use belfry_ports::{Change, ChangeKind, ChangeSet, EntityChange, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// How many entities go in one commit.
const AT_ONCE: usize = 500;

/// Sweeps one store until the platform stops.
pub async fn expired(store: Arc<dyn Store>, clock: Arc<dyn Clock>, mut stopping: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            _ = tick.tick() => {}
        }
        loop {
            match sweep(&*store, clock.now()).await {
                Ok(swept) if swept == AT_ONCE => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(?error, "expired entities could not be removed; it will be tried again");
                    break;
                }
            }
        }
    }
}

/// Removes what expired at or before `now`; how many entities were touched.
async fn sweep(store: &dyn Store, now: Time) -> Result<usize, Error> {
    let ids = store.expired(now, AT_ONCE)?;
    if ids.is_empty() {
        return Ok(0);
    }
    let count = ids.len();
    write(store, move |read, at| {
        let mut set = ChangeSet::default();
        for id in ids {
            let Some(current) = read.entity(id.as_str())? else { continue };
            if current.expires_at.is_some_and(|t| t <= now) {
                set.entities.push(EntityChange::Delete { id, last: current });
                continue;
            }
            let gone = |t: Option<Time>| t.is_some_and(|t| t <= now);
            let changes: Vec<Change> = current
                .attributes
                .iter()
                .filter(|a| gone(a.expires_at))
                .map(|a| Change {
                    name: a.name,
                    dataset_id: a.dataset_id.clone(),
                    kind: ChangeKind::Deleted,
                    before: Some(Box::new(a.clone())),
                })
                .collect();
            if changes.is_empty() {
                continue;
            }
            let mut after = Arc::unwrap_or_clone(current);
            after.attributes.retain(|a| !gone(a.expires_at));
            after.modified_at = at;
            set.entities.push(EntityChange::Put { entity: Arc::new(after), created: false, head: false, changes });
        }
        Ok((set, ()))
    })
    .await?;
    Ok(count)
}
