//! Notifications: how they are delivered, and MQTT endpoints joined to the publisher.

use super::dial::Dialer;
use belfry_config::Config;
use belfry_connect_mqtt::codec::{QoS, Version};
use belfry_connect_mqtt::{Endpoint, Publisher, PublisherConfig};
use belfry_kernel::{Clock, Rng};
use belfry_ports::BoxFuture;
use belfry_runtime::notify::{KeepBefore, Message, Options, Parts, Publish};
use belfry_runtime::outbound::{AddressPolicy, Outbound};
use belfry_runtime::telemetry::Tracer;
use std::sync::Arc;
use std::time::Duration;

/// What the notifiers work with.
pub fn parts(
    config: &Config,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
    keep_before: &Arc<KeepBefore>,
    tracer: Option<Arc<Tracer>>,
) -> anyhow::Result<Parts> {
    let n = &config.notify;
    let policy = AddressPolicy { loopback: n.allow_loopback, private: n.allow_private, hosts: Vec::new() };
    let publisher = Publisher::new(PublisherConfig::default(), Arc::new(Dialer::under(policy.clone())?), rng.clone());
    Ok(Parts {
        options: Options {
            timeout: Duration::from_millis(n.timeout_ms),
            max_in_flight: n.max_in_flight,
            max_pending: n.max_pending_per_subscription,
            retry_min: Duration::from_millis(n.retry_min_ms),
            retry_max: Duration::from_millis(n.retry_max_ms),
            give_up_after: Duration::from_secs(n.give_up_after_s),
            ..Options::default()
        },
        outbound: Arc::new(Outbound::new(policy)),
        publish: Some(Arc::new(Mqtt(publisher))),
        clock: clock.clone(),
        rng: rng.clone(),
        keep_before: keep_before.clone(),
        tracer,
    })
}

struct Mqtt(Publisher);

impl Publish for Mqtt {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let endpoint = Endpoint::parse(&message.url).map_err(|e| e.to_string())?;
            let topic = endpoint.topic.clone().ok_or("the endpoint's URL names no topic")?;
            let version = if message.v5 { Version::V5 } else { Version::V311 };
            let qos = match message.qos {
                0 => QoS::AtMostOnce,
                1 => QoS::AtLeastOnce,
                _ => QoS::ExactlyOnce,
            };
            // The name that W3C's draft for MQTT gives to the user property.
            let trace = message.traceparent.as_deref().map(|place| ("traceparent", place));
            let user = trace.as_slice();
            let publisher = self.0.owned_by(&message.tenant);
            publisher.publish(&endpoint, version, &topic, message.payload, qos, user).await.map_err(|e| e.to_string())
        })
    }
}
