//! Addresses that subscriptions and bridges name: MQTT endpoints, and what is called over HTTP.

use crate::text;
use belfry_connect_mqtt::Endpoint;
use belfry_connect_payload::check_name;

/// Runs the target: the URL of a broker.
pub fn run(data: &[u8]) {
    let Some(text) = text::of(data) else { return };
    let Ok(endpoint) = Endpoint::parse(text) else { return };
    assert!(!endpoint.host.is_empty() && endpoint.port != 0, "{text:?}");
    assert!(endpoint.topic.as_deref().is_none_or(|topic| check_name(topic).is_ok()), "{text:?}");
    let bare = Endpoint { username: None, password: None, ..endpoint.clone() };
    assert_eq!(format!("{endpoint:?}"), format!("{bare:?}"), "no log shows who connects");
}
