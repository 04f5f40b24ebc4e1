//! Workers: each takes one item of a subscription at a time and sends it. A handful for a subscription, kept while there
//! is work; none for one that is at rest.

use super::flights::Flight;
use super::item::{Item, Origin};
use super::render::{Ready, Spec};
use super::target::{Outcome, Pick, Target};
use super::{Message, Shared, park};
use crate::outbound::{Call, OutboundError};
use crate::telemetry::{Span, SpanKind};
use belfry_kernel::TraceContext;
use belfry_ngsi_ld::subscription::Binding;
use bytes::Bytes;
use http::Uri;
use std::sync::Arc;
use std::time::Duration;

/// How long a worker without work stays.
const IDLE: Duration = Duration::from_secs(5);
/// The largest answer that is read, bytes; answers to notifications are empty.
const MAX_ANSWER: usize = 1 << 20;

/// Adds an item to what waits for a subscription, and sees to it that a worker takes it.
pub(super) fn enqueue(shared: &Arc<Shared>, target: &Arc<Target>, item: Item) {
    let mut work = target.work();
    let before = work.status.dropped;
    let dropped = work.enqueue(item, shared.tools.options.max_pending);
    let spawn = if work.idle > 0 {
        work.idle -= 1;
        target.ready.notify_one();
        false
    } else {
        let wanted = work.wants_worker(&shared.tools.options) && !work.is_failing();
        work.workers += usize::from(wanted);
        wanted
    };
    if work.status.dropped > before {
        shared.note_stale(target, &mut work);
    }
    drop(work);
    shared.done(&dropped);
    if spawn {
        tokio::spawn(run(shared.clone(), target.clone()));
    }
}

/// Wakes or starts one worker, for what became due.
pub(super) fn wake(shared: &Arc<Shared>, target: &Arc<Target>) {
    let mut work = target.work();
    if work.idle > 0 {
        work.idle -= 1;
        target.ready.notify_one();
    } else if work.wants_worker(&shared.tools.options) {
        work.workers += 1;
        drop(work);
        tokio::spawn(run(shared.clone(), target.clone()));
    }
}

async fn run(shared: Arc<Shared>, target: Arc<Target>) {
    let mut given_up = Vec::new();
    loop {
        if *shared.stopping.borrow() {
            target.work().workers -= 1;
            return;
        }
        let spec = target.spec();
        let now = shared.tools.clock.now();
        let pick = {
            let mut work = target.work();
            let pick = work.pick(now, spec.subscription.state(now), &shared.tools.options, &mut given_up);
            match pick {
                Pick::Nothing => work.idle += 1,
                Pick::Exit => work.workers -= 1,
                Pick::Item(_) | Pick::Parked => {}
            }
            pick
        };
        if !given_up.is_empty() {
            shared.done(&given_up);
            given_up.clear();
        }
        match pick {
            Pick::Exit => return,
            Pick::Item(mut item) => {
                let bytes = item.bytes();
                match deliver(&shared, &target, &spec, &mut item).await {
                    Some(outcome) => finish(&shared, &target, item, bytes, outcome),
                    None => {
                        let gone = target.work().not_tried(item);
                        shared.done(gone.as_slice());
                    }
                }
            }
            Pick::Parked => park::deliver(&shared, &target).await,
            Pick::Nothing => {
                if tokio::time::timeout(IDLE, target.ready.notified()).await.is_err() {
                    let mut work = target.work();
                    if work.idle > 0 {
                        work.idle -= 1;
                        work.workers -= 1;
                        return;
                    }
                }
            }
        }
    }
}

fn finish(shared: &Arc<Shared>, target: &Arc<Target>, item: Item, bytes: usize, outcome: Outcome) {
    let now = shared.tools.clock.now();
    let mut work = target.work();
    let cooldown = target.spec().subscription.notification.endpoint.cooldown;
    let done = work.finish(item, bytes, outcome, now, &|attempts| shared.pause(attempts, cooldown));
    shared.after_attempt(target, &mut work);
    // What waited for this item's entities may start, on another worker as well.
    let more = work.idle > 0 && work.has_work() && !work.is_failing();
    if more {
        work.idle -= 1;
        target.ready.notify_one();
    }
    drop(work);
    if let Some(item) = done {
        shared.done(std::slice::from_ref(&item));
    }
}

/// One attempt; none when the platform stops before there is room for it.
async fn deliver(shared: &Shared, target: &Target, spec: &Spec, item: &mut Item) -> Option<Outcome> {
    // The body is made when it can be sent, so that those that wait are not there twice.
    let flight = take_off(shared, target).await?;
    let ready = spec.ready(&shared.tools.contexts).await;
    let body = match &item.body {
        Some(body) => body.clone(),
        None => {
            let body = spec.body(item, &ready.context, shared.tools.clock.now());
            item.keep_body(body.clone());
            body
        }
    };
    let cause = match item.origin {
        Origin::Commit(trace) => Cause::Commit(trace),
        Origin::Held | Origin::Period => Cause::Own,
    };
    Some(send(shared, flight, spec, &body, &ready, &cause).await)
}

/// Waits until one more notification of a subscription may be under way; none when the platform stops before.
pub(super) async fn take_off(shared: &Shared, target: &Target) -> Option<Flight> {
    let mut stopping = shared.stopping.subscribe();
    tokio::select! {
        biased;
        flight = target.share.start() => flight,
        _ = stopping.wait_for(|stop| *stop) => None,
    }
}

/// Which trace an attempt belongs to.
pub(super) enum Cause {
    /// That of the commit that it tells of, if that is traced.
    Commit(Option<TraceContext>),
    /// One of its own: it tells of several commits, or of one that is long past.
    Own,
}

/// Sends a body to the endpoint.
pub(super) async fn send(
    shared: &Shared,
    mut flight: Flight,
    spec: &Spec,
    body: &Bytes,
    ready: &Ready,
    cause: &Cause,
) -> Outcome {
    // There is one for each flight.
    let _under_way = shared.under_way.acquire().await;
    let outcome = attempt(shared, spec, body, ready, cause).await;
    if !matches!(outcome, Outcome::Failed(_)) {
        flight.answered();
    }
    outcome
}

async fn attempt(shared: &Shared, spec: &Spec, body: &Bytes, ready: &Ready, cause: &Cause) -> Outcome {
    let endpoint = &spec.subscription.notification.endpoint;
    let own = endpoint.timeout.and_then(|t| u64::try_from(t).ok()).map(Duration::from_micros);
    let timeout = own.unwrap_or(shared.tools.options.timeout).min(Duration::from_secs(600));
    let mut span = span(shared, spec, cause);
    let traceparent = span.as_ref().map(|span| span.context().to_string());
    if let Binding::Mqtt { qos, v5 } = endpoint.binding {
        let Some(publish) = &shared.tools.publish else {
            return Outcome::Failed("this server does not speak MQTT".to_owned());
        };
        let payload = spec.message(body, &ready.context);
        let tenant = shared.tools.tenant.clone();
        let message = Message { tenant, url: endpoint.uri.clone(), v5, qos, payload, traceparent };
        let (outcome, failure) = match tokio::time::timeout(timeout, publish.publish(message)).await {
            Ok(Ok(())) => return Outcome::Delivered,
            Ok(Err(reason)) => (Outcome::Failed(reason), "not_published"),
            Err(_) => (Outcome::Failed("the broker took too long".to_owned()), "timeout"),
        };
        failed(&mut span, failure);
        return outcome;
    }
    let peer = match &ready.peer {
        Ok(peer) => peer,
        Err(error) => {
            failed(&mut span, error.name());
            return Outcome::Refused(error.to_string());
        }
    };
    let call = Call { timeout, max_bytes: MAX_ANSWER, redirects: 0 };
    let answer = shared.tools.outbound.post(peer, traceparent.as_deref(), body, &call).await;
    if let Some(span) = &mut span {
        match &answer {
            Ok(status) => {
                span.number("http.response.status_code", *status);
                if *status >= 400 {
                    span.error(status.to_string());
                }
            }
            Err(error) => span.error(error.name()),
        }
    }
    match answer {
        Ok(200..=299) => Outcome::Delivered,
        // The receiver is there and says that it will not have it; asking again changes nothing.
        Ok(status @ 400..=499) if !matches!(status, 401 | 403 | 404 | 408 | 425 | 429) => {
            Outcome::Refused(format!("the endpoint answered {status}"))
        }
        Ok(status) => Outcome::Failed(format!("the endpoint answered {status}")),
        Err(error @ (OutboundError::Url | OutboundError::Refused(_))) => Outcome::Refused(error.to_string()),
        Err(OutboundError::TooLarge(_)) => Outcome::Delivered,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn failed(span: &mut Option<Span>, failure: &'static str) {
    if let Some(span) = span {
        span.error(failure);
    }
}

/// The span of an attempt, when it is traced. Of the endpoint it holds host and port: paths and queries of the URLs that
/// subscribers name carry secrets more often than not.
fn span(shared: &Shared, spec: &Spec, cause: &Cause) -> Option<Span> {
    let tracer = shared.tools.tracer.as_ref()?;
    let endpoint = &spec.subscription.notification.endpoint;
    let (name, kind) = match endpoint.binding {
        Binding::Http => ("POST", SpanKind::Client),
        Binding::Mqtt { .. } => ("publish", SpanKind::Producer),
    };
    let mut span = match cause {
        Cause::Commit(trace) => tracer.child(trace.as_ref()?, name, kind),
        Cause::Own => tracer.root(name, kind)?,
    };
    match endpoint.binding {
        Binding::Http => span.text("http.request.method", "POST"),
        Binding::Mqtt { .. } => span.text("messaging.system", "mqtt"),
    }
    if let Ok(uri) = endpoint.uri.parse::<Uri>() {
        span.text("server.address", uri.host().unwrap_or_default().to_owned());
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("http") => Some(80),
            Some("https") => Some(443),
            Some("mqtt") => Some(1883),
            Some("mqtts") => Some(8883),
            _ => None,
        });
        if let Some(port) = port {
            span.number("server.port", port);
        }
    }
    span.text("belfry.subscription.id", spec.subscription.id.to_string());
    Some(span)
}

impl Shared {
    /// Items are delivered, parked or dropped.
    pub(super) fn done(&self, items: &[Item]) {
        let mut tracker = self.tracker.lock();
        for item in items.iter().filter(|item| item.is_tracked()) {
            tracker.done(item.seq);
        }
    }

    /// How long to wait after so many failed attempts: twice as long each time, give or take a quarter.
    pub(super) fn pause(&self, attempts: u32, cooldown: Option<i64>) -> Duration {
        let options = &self.tools.options;
        let whole = options.retry_min.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(options.retry_max);
        let mut byte = [0_u8];
        self.tools.rng.fill(&mut byte);
        let varied = whole.mul_f64(0.75 + f64::from(byte[0]) / 512.0);
        let least = cooldown.and_then(|c| u64::try_from(c).ok()).map_or(Duration::ZERO, Duration::from_micros);
        varied.max(least)
    }

    /// After the state of an endpoint may have changed: its document is out of date, and a retry may be due later.
    pub(super) fn after_attempt(&self, target: &Arc<Target>, work: &mut super::target::Work) {
        if let Some(next) = work.next_attempt() {
            self.timers.set(next, target);
        }
        self.note_stale(target, work);
    }
}
