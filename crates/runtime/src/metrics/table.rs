//! The table of every metric: the one place where their names are. Counts nothing.

use super::{Metric, MetricKind};

macro_rules! metrics {
    ($($constant:ident $kind:ident $name:literal [$($label:literal),*] $about:literal;)*) => {
        $(
            #[doc = $about]
            pub static $constant: Metric =
                Metric { name: $name, kind: MetricKind::$kind, labels: &[$($label),*], about: $about };
        )*
        /// Every metric, in the order of the reference page.
        pub static ALL: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    // The HTTP door.
    HTTP_REQUESTS Counter "belfry_http_requests_total" ["operation", "status"] "Answered requests.";
    HTTP_SECONDS Histogram "belfry_http_request_seconds" ["operation"] "Time from the head of a request to that of its answer.";
    HTTP_CONNECTIONS Gauge "belfry_http_connections" [] "Open connections.";
    HTTP_CONNECTIONS_TOTAL Counter "belfry_http_connections_total" [] "Connections since the start.";
    HTTP_STREAMS Gauge "belfry_http_event_streams" [] "Open event streams.";
    // The stores.
    ENTITIES Gauge "belfry_entities" ["tenant"] "Entities in the current state.";
    LOG_SEQ Gauge "belfry_log_seq" ["tenant"] "The last commit.";
    LOG_BYTES Gauge "belfry_log_bytes" ["tenant"] "Bytes of the commit log on disk.";
    HISTORY_BYTES Gauge "belfry_history_bytes" ["tenant"] "Bytes of history on disk.";
    REFUSING_WRITES Gauge "belfry_refusing_writes" ["tenant"] "1 while writes are refused.";
    FEED_GAPS Gauge "belfry_feed_gaps" ["tenant"] "Consumers of the change feed given up as too far behind, since the start.";
    // What devices report, whatever they speak.
    INGEST_STORED Counter "belfry_ingest_messages_stored_total" [] "Messages of devices that were made durable.";
    INGEST_SAMPLES Counter "belfry_ingest_samples_committed_total" [] "Values of devices that were made durable.";
    INGEST_DUPLICATES Counter "belfry_ingest_messages_duplicate_total" [] "Messages of devices that were durable before and were not stored again.";
    INGEST_REFUSED Counter "belfry_ingest_messages_refused_total" ["reason"] "Messages of devices that were understood and refused.";
    // MQTT.
    MQTT_CONNECTIONS Gauge "belfry_mqtt_connections" ["connector"] "Open connections: of clients to the listener, to a broker 1 or 0.";
    MQTT_CONNECTIONS_TOTAL Counter "belfry_mqtt_connections_total" ["connector"] "Connections since the start.";
    MQTT_TURNED_AWAY Counter "belfry_mqtt_connections_refused_total" ["connector"] "Connections turned away: too many, or wrong credentials.";
    MQTT_RECONNECTS Counter "belfry_mqtt_reconnects_total" ["connector"] "Times that a connection to a broker was lost or could not be made, and is tried again.";
    MQTT_PROTOCOL_ERRORS Counter "belfry_mqtt_protocol_errors_total" ["connector"] "Connections closed for a malformed packet or a broken rule of the protocol.";
    MQTT_RECEIVED Counter "belfry_mqtt_messages_received_total" ["connector"] "Messages that came in, those to topics that their client may not use left out.";
    MQTT_UNMAPPED Counter "belfry_mqtt_messages_unmapped_total" ["connector"] "Messages that no rule of the mapping is for.";
    MQTT_FAILED Counter "belfry_mqtt_messages_failed_total" ["connector"] "Messages of which at least one rule of the mapping could not use the payload.";
    MQTT_STORED Counter "belfry_mqtt_messages_stored_total" ["connector"] "Messages that were made durable.";
    MQTT_DUPLICATES Counter "belfry_mqtt_messages_duplicate_total" ["connector"] "Messages that were durable before and were not stored again.";
    MQTT_REFUSED Counter "belfry_mqtt_messages_refused_total" ["connector", "reason"] "Messages that were not taken.";
    MQTT_SENT Counter "belfry_mqtt_messages_sent_total" ["connector"] "Messages sent to subscribers.";
    MQTT_DROPPED Counter "belfry_mqtt_messages_dropped_total" ["connector"] "Messages for subscribers that were dropped since their queue was full.";
    // Traces.
    SPANS_EXPORTED Counter "belfry_telemetry_spans_exported_total" [] "Spans that the collector took.";
    SPANS_DROPPED Counter "belfry_telemetry_spans_dropped_total" ["reason"] "Spans that did not reach the collector.";
    SPANS_QUEUED Gauge "belfry_telemetry_spans_queued" [] "Spans that wait to be sent.";
}

/// What the values of labels mean.
pub(super) const LABELS: &[(&str, &str)] = &[
    ("operation", "the `operationId` of the [API description](openapi.json)"),
    ("status", "the class of the answer's status: `1xx` to `5xx`"),
    ("tenant", "the tenant's name, empty for the default one"),
    ("connector", "`listener`, or `CLIENT_ID@HOST:PORT` for a broker of the configuration"),
    (
        "reason",
        "of `belfry_ingest_messages_refused_total`: `unregistered` (no entity of that id, and `mqtt.register_only` is set), \
         `no_entity` (the mapping names no entity for the device), `refused_name` (the deny vocabulary), `bad_value` (a value \
         that cannot be stored). Of `belfry_mqtt_messages_refused_total`: `payload` (no rule could use it), `topic` (the \
         client may not publish there), `ingest` (refused as counted by the other). Of \
         `belfry_telemetry_spans_dropped_total`: `queue_full`, `unreachable` (or busy at every attempt), `refused`",
    ),
];
