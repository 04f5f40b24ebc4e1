//! Notifications: how they are delivered, and MQTT endpoints joined to the publisher.

use super::dial::Dialer;
use belfry_config::Config;
use belfry_connect_mqtt::codec::{QoS, Version};
use belfry_connect_mqtt::{Endpoint, Publisher, PublisherConfig};
use belfry_kernel::{Clock, Rng};
use belfry_ports::BoxFuture;
use belfry_runtime::notify::{KeepBefore, Message, Options, Parts, Publish};
use belfry_runtime::outbound::{AddressPolicy, Outbound, Trust};
use belfry_runtime::telemetry::Tracer;
use std::sync::Arc;
use std::time::Duration;

/// What the notifiers work with.
pub fn parts(
    config: &Config,
    trust: &Trust,
    clock: &Arc<dyn Clock>,
    rng: &Arc<dyn Rng>,
    keep_before: &Arc<KeepBefore>,
    tracer: Option<Arc<Tracer>>,
) -> Parts {
    let n = &config.notify;
    let policy = AddressPolicy { loopback: n.allow_loopback, private: n.allow_private, hosts: Vec::new() };
    let brokers = PublisherConfig { max_brokers: n.max_mqtt_brokers, ..PublisherConfig::default() };
    let publisher = Publisher::new(brokers, Arc::new(Dialer::under(policy.clone(), trust)), rng.clone());
    Parts {
        options: Options {
            timeout: Duration::from_millis(n.timeout_ms),
            max_in_flight: n.max_in_flight,
            max_pending: n.max_pending_per_subscription,
            max_bytes_each: n.max_pending_bytes_per_subscription,
            max_bytes: n.max_pending_bytes,
            min_interval: Duration::from_millis(n.min_time_interval_ms),
            entities_per_period: n.max_period_entities,
            retry_min: Duration::from_millis(n.retry_min_ms),
            retry_max: Duration::from_millis(n.retry_max_ms),
            give_up_after: Duration::from_secs(n.give_up_after_s),
            ..Options::default()
        },
        outbound: Arc::new(Outbound::trusting(policy, trust)),
        publish: Some(Arc::new(Mqtt(publisher))),
        clock: clock.clone(),
        rng: rng.clone(),
        keep_before: keep_before.clone(),
        tracer,
    }
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
