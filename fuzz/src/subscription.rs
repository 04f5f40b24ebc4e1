//! Subscriptions: what is accepted is kept, read back, shown and patched.

use belfry_kernel::Time;
use belfry_ngsi_ld::subscription::{Subscription, compacted, expanded, patched};
use belfry_ngsi_ld::{Context, Json};

/// Runs the target: a subscription in JSON; it also stands for a fragment of itself.
pub fn run(data: &[u8]) {
    let now = Time::from_micros(1_767_225_600_000_000);
    let context = Context::core();
    let Ok(body) = Json::parse(data, 64) else { return };
    let Ok(members) = expanded(body.clone(), context, None) else { return };
    let Ok(subscription) = Subscription::read(members, Some(now)) else { return };
    let kept = Subscription::decode(&subscription.encode()).expect("what is kept is read");
    assert_eq!(kept.body, subscription.body);
    assert_eq!(format!("{kept:?}"), format!("{subscription:?}"), "it means the same after a restart");
    // What a client is shown, it may send again.
    let shown = Json::Object(compacted(&kept.body, context));
    let again = expanded(shown, context, None).and_then(|members| Subscription::read(members, Some(now)));
    let again = again.unwrap_or_else(|e| panic!("what is shown is refused: {e:?}"));
    assert_eq!((again.q, again.watched), (kept.q.clone(), kept.watched.clone()));
    let _ = patched(&kept, body, context, now);
}
