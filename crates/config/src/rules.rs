//! Ranges (from the schema) and the rules across keys. Each message says what to do. Holds no reading.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use belfry_kernel::Period;
use serde_json::Value;

use crate::keys::{Key, Kind};
use crate::model::{Broker, Config, Mode, Retention};
use crate::places::Places;
use crate::problem::Problem;

/// Everything that is wrong with a configuration whose types are right.
pub(crate) fn broken(config: &Config, root: &Key, places: &Places) -> Vec<Problem> {
    let mut rules = Rules { places, found: Vec::new() };
    match serde_json::to_value(config) {
        Ok(values) => rules.ranges(root, &values, ""),
        Err(error) => rules.refuse("", format!("this configuration cannot be written down: {error}")),
    }
    rules.doors(config);
    rules.limits(config);
    rules.urls(config);
    for (index, policy) in config.history.retention.iter().enumerate() {
        rules.retention(&format!("history.retention[{index}]"), policy);
    }
    rules.brokers(&config.mqtt.brokers);
    rules.texts(config);
    rules.found
}

struct Rules<'a> {
    places: &'a Places,
    found: Vec<Problem>,
}

impl Rules<'_> {
    fn refuse(&mut self, key: &str, message: impl Into<String>) {
        let place = self.places.of(key);
        self.found.push(Problem { place, key: key.to_owned(), message: message.into(), suggestion: None });
    }

    fn require(&mut self, holds: bool, key: &str, message: impl Into<String>) {
        if !holds {
            self.refuse(key, message);
        }
    }

    /// Every number within the range that its field declares.
    fn ranges(&mut self, key: &Key, value: &Value, path: &str) {
        match (&key.kind, value) {
            (Kind::Integer { min, max }, Value::Number(number)) => {
                let within = number.as_i64().is_some_and(|n| (*min..=*max).contains(&n));
                self.require(within, path, format!("{path} must be from {min} to {max}, not {number}"));
            }
            (Kind::Table(children), _) => {
                for child in children {
                    let path = if path.is_empty() { child.name.clone() } else { format!("{path}.{}", child.name) };
                    self.ranges(child, &value[&child.name], &path);
                }
            }
            (Kind::List(item), Value::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.ranges(item, value, &format!("{path}[{index}]"));
                }
            }
            (Kind::Choice { tables, .. }, Value::Object(chosen)) => {
                for key in tables {
                    if let Some(value) = chosen.get(&key.name) {
                        self.ranges(key, value, &format!("{path}.{}", key.name));
                    }
                }
            }
            _ => {}
        }
    }

    /// Open mode on loopback only; two doors never on one port.
    fn doors(&mut self, config: &Config) {
        let (server, listener) = (config.server.listen, &config.mqtt.listener);
        let mut doors = vec![("server.listen", server)];
        if listener.enabled {
            doors.push(("mqtt.listener.listen", listener.listen));
            self.require(
                listener.listen.port() == 0 || listener.listen != server,
                "mqtt.listener.listen",
                format!("mqtt.listener.listen and server.listen are both {server}; give one of them another port"),
            );
        }
        for (key, door) in doors {
            if config.security.mode == Mode::Open && !is_loopback(door) {
                let loopback = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), door.port());
                self.refuse(
                    key,
                    format!(
                        "{key} is {door}, which other machines reach, but security.mode is \"open\", which lets anyone \
                         do everything; set security.mode = \"tokens\" and make a token with `belfry token`, or listen \
                         on {loopback}"
                    ),
                );
            }
        }
    }

    fn limits(&mut self, config: &Config) {
        let limits = &config.server.limits;
        self.require(
            limits.page_default <= limits.page_max,
            "server.limits.page_default",
            format!(
                "server.limits.page_default ({}) must not exceed page_max ({})",
                limits.page_default, limits.page_max
            ),
        );
        self.require(
            limits.page_max <= limits.sorted_max,
            "server.limits.sorted_max",
            format!(
                "server.limits.sorted_max ({}) must not be less than page_max ({}): a page of an ordered answer lies within it",
                limits.sorted_max, limits.page_max
            ),
        );
        self.require(
            config.context.fetch_timeout_ms < limits.request_timeout_s.saturating_mul(1000),
            "context.fetch_timeout_ms",
            format!(
                "context.fetch_timeout_ms ({}) must be less than server.limits.request_timeout_s ({} s): a request whose \
                 @context does not come is to be told so",
                config.context.fetch_timeout_ms, limits.request_timeout_s
            ),
        );
        self.require(
            limits.max_url_bytes <= limits.max_header_bytes,
            "server.limits.max_url_bytes",
            format!(
                "server.limits.max_url_bytes ({}) must not exceed max_header_bytes ({}): the URL is part of the head",
                limits.max_url_bytes, limits.max_header_bytes
            ),
        );
        let store = &config.store;
        self.require(
            store.segment_bytes <= store.checkpoint_log_bytes,
            "store.checkpoint_log_bytes",
            format!(
                "store.checkpoint_log_bytes ({}) must be at least segment_bytes ({})",
                store.checkpoint_log_bytes, store.segment_bytes
            ),
        );
        let apps = &config.apps;
        self.require(
            apps.max_file_bytes <= apps.max_files_bytes,
            "apps.max_file_bytes",
            format!(
                "apps.max_file_bytes ({}) must not exceed max_files_bytes ({})",
                apps.max_file_bytes, apps.max_files_bytes
            ),
        );
        let notify = &config.notify;
        self.require(
            notify.retry_min_ms <= notify.retry_max_ms,
            "notify.retry_min_ms",
            format!(
                "notify.retry_min_ms ({}) must not exceed retry_max_ms ({})",
                notify.retry_min_ms, notify.retry_max_ms
            ),
        );
        self.require(
            notify.max_pending_bytes_per_subscription <= notify.max_pending_bytes,
            "notify.max_pending_bytes_per_subscription",
            format!(
                "notify.max_pending_bytes_per_subscription ({}) must not exceed max_pending_bytes ({})",
                notify.max_pending_bytes_per_subscription, notify.max_pending_bytes
            ),
        );
        self.require(
            config.outbound.public_authorities || !config.outbound.ca_files.is_empty(),
            "outbound.public_authorities",
            "outbound.public_authorities is false, so outbound.ca_files must name at least one file",
        );
        self.require(
            notify.retry_max_ms <= notify.give_up_after_s.saturating_mul(1000),
            "notify.retry_max_ms",
            format!(
                "notify.retry_max_ms ({}) must not exceed give_up_after_s ({} s)",
                notify.retry_max_ms, notify.give_up_after_s
            ),
        );
    }

    fn urls(&mut self, config: &Config) {
        if let Some(url) = &config.server.public_url {
            let fine = host_of(url, &["http://", "https://"]).is_some() && !url.contains(['?', '#']);
            let message =
                format!("server.public_url must be like https://host.example or http://host:port, not {url:?}");
            self.require(fine, "server.public_url", message);
        }
        if let Some(url) = &config.telemetry.endpoint {
            let rest = host_of(url, &["http://", "https://"]);
            let fine = rest.is_some_and(|rest| {
                let authority = rest.split('/').next().unwrap_or_default();
                is_authority(authority) && !rest.contains(['?', '#', '@'])
            });
            let message =
                "telemetry.endpoint must be like http://host:4318 or https://host/path, without a user name, \
                           query or fragment"
                    .to_owned();
            self.require(fine, "telemetry.endpoint", message);
        }
        for (index, host) in config.context.allow_hosts.iter().enumerate() {
            let bare = host.strip_prefix("*.").unwrap_or(host);
            let fine = !bare.is_empty() && !bare.contains(['/', ':', '*', '@', '?', '#']) && !has_blank(bare);
            let key = format!("context.allow_hosts[{index}]");
            self.require(fine, &key, format!("{host:?} is no host name; write \"example.org\" or \"*.example.org\""));
        }
    }

    fn retention(&mut self, key: &str, policy: &Retention) {
        if let Some(every) = &policy.then_every {
            let fine = Period::parse(every).is_ok_and(|period| !period.is_zero());
            self.require(
                fine,
                &format!("{key}.then_every"),
                format!("then_every must be an ISO 8601 duration such as \"PT1H\", not {every:?}"),
            );
        }
    }

    fn brokers(&mut self, brokers: &[Broker]) {
        let mut sessions = BTreeSet::new();
        for (index, broker) in brokers.iter().enumerate() {
            let key = format!("mqtt.brokers[{index}]");
            let url = &broker.url;
            let fine = host_of(url, &["mqtt://", "mqtts://"]).is_some_and(|rest| !rest.contains(['/', '?', '#', '@']));
            self.require(
                fine,
                &format!("{key}.url"),
                format!("url must be like mqtt://host:port or mqtts://host:port, not {url:?}"),
            );
            let named =
                !broker.client_id.is_empty() && !broker.client_id.contains('\0') && broker.client_id.len() <= 65_535;
            self.require(
                named,
                &format!("{key}.client_id"),
                "client_id must not be empty: the session is kept under it",
            );
            self.require(
                sessions.insert((&broker.url, &broker.client_id)),
                &format!("{key}.client_id"),
                format!("two brokers share url and client_id {:?}; they would throw each other out", broker.client_id),
            );
            self.require(
                !broker.topics.is_empty(),
                &format!("{key}.topics"),
                "topics must name at least one topic filter",
            );
            for (position, topic) in broker.topics.iter().enumerate() {
                self.require(
                    is_topic_filter(topic),
                    &format!("{key}.topics[{position}]"),
                    format!("{topic:?} is no topic filter: `+` stands for a whole level, `#` only at the end"),
                );
            }
        }
    }

    fn texts(&mut self, config: &Config) {
        self.require(
            !config.store.data_dir.as_os_str().is_empty(),
            "store.data_dir",
            "store.data_dir must not be empty",
        );
        for (index, name) in config.deny.extra_names.iter().enumerate() {
            let fine = name.chars().any(char::is_alphanumeric);
            self.require(fine, &format!("deny.extra_names[{index}]"), format!("{name:?} holds no letter or digit"));
        }
        let name = &config.telemetry.service_name;
        self.require(
            !name.trim().is_empty() && name.len() <= 255 && !name.chars().any(char::is_control),
            "telemetry.service_name",
            "telemetry.service_name must be 1 to 255 characters on one line",
        );
        let level = &config.log.level;
        self.require(
            level.split(',').all(is_log_directive),
            "log.level",
            format!("log.level must be like \"info\" or \"info,belfry_http=debug\", not {level:?}"),
        );
    }
}

/// Whether only this machine reaches the address.
fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// What follows the scheme, when the scheme is one of these and a host does follow.
fn host_of<'a>(url: &'a str, schemes: &[&str]) -> Option<&'a str> {
    let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme))?;
    let host = rest.split(['/', ':', '?', '#']).next()?;
    (!host.is_empty() && !has_blank(url)).then_some(rest)
}

/// Whether a text is `host` or `host:port`, the host a name, an IPv4 address or an IPv6 address in brackets.
fn is_authority(text: &str) -> bool {
    let (fine, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
            None => return false,
        },
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            (!host.is_empty() && host.bytes().all(legal), port)
        }
    };
    let number = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    fine && (port.is_empty() || port.strip_prefix(':').is_some_and(number))
}

fn has_blank(text: &str) -> bool {
    text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// MQTT 5.0, clause 4.7.1.
fn is_topic_filter(topic: &str) -> bool {
    let levels: Vec<_> = topic.split('/').collect();
    !topic.is_empty()
        && !topic.contains('\0')
        && topic.len() <= 65_535
        && levels.iter().enumerate().all(|(index, level)| match *level {
            "+" => true,
            "#" => index + 1 == levels.len(),
            level => !level.contains(['+', '#']),
        })
}

fn is_log_directive(directive: &str) -> bool {
    let level = match directive.trim().split_once('=') {
        Some((module, level)) if !module.is_empty() && !has_blank(module) => level,
        Some(_) => return false,
        None => directive.trim(),
    };
    ["off", "error", "warn", "info", "debug", "trace"].contains(&level)
}
