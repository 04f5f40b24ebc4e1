//! MQTT: the embedded listener and the clients of brokers elsewhere, joined to ingest.

mod measures;

use super::dial::Dialer;
use anyhow::Context as _;
use belfry_config::{Config, Mode};
use belfry_connect_mqtt::{
    Access, Authenticator, Client, ClientConfig, Credentials, Endpoint, Grant, Listener, ListenerConfig, Message,
    Outcome, Parts, PipelineLimits, Refusal, Sink,
};
use belfry_connect_payload::{Filter, Lesson, Mapper, Mapping};
use belfry_identity::{Guard, Permission};
use belfry_kernel::{Clock, Error, Rng};
use belfry_ports::{Collection, Store};
use belfry_runtime::Tenants;
use belfry_runtime::ingest::{Ingest, Learned, Message as Taken, Repeat, Taken as Became};
use belfry_runtime::metrics::Source;
use belfry_runtime::outbound::Trust;
use belfry_runtime::telemetry::{SpanKind, Tracer, within_sync};
use futures_util::future::BoxFuture;
use measures::{Measured, Measures};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The mapping when none is configured: `belfry/<type>/<id>/<attribute>` with a plain value, and the same without an
/// attribute with a JSON object of attributes.
const DEFAULT_MAPPING: &str = include_str!("default-mapping.toml");

/// How often it is looked whether a line about what was not taken is due.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What runs.
pub struct Connectors {
    listener: Option<Listener>,
    clients: Vec<Client>,
    measures: Arc<Measures>,
    telling: JoinHandle<()>,
}

impl Connectors {
    /// Where the listener listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.as_ref().map(Listener::local_addr)
    }

    /// What the connectors count.
    pub fn measures(&self) -> Arc<dyn Source> {
        self.measures.clone()
    }

    /// Acknowledges what is under way and closes.
    pub async fn stop(self) {
        self.telling.abort();
        // It holds what is counted, and with that the stores, until it is gone.
        let _ = self.telling.await;
        if let Some(listener) = self.listener {
            listener.shutdown().await;
        }
        for client in self.clients {
            client.shutdown().await;
        }
    }
}

/// What connectors work with.
pub struct Means<'a> {
    /// Whose certificates brokers may show.
    pub trust: &'a Trust,
    /// Where now comes from.
    pub clock: &'a Arc<dyn Clock>,
    /// Where randomness comes from.
    pub rng: &'a Arc<dyn Rng>,
    /// Traces batches, when there is a collector.
    pub tracer: Option<Arc<Tracer>>,
}

/// Starts the listener, if it is enabled, and a client for each broker. `further` are rules after those of the listener's mapping.
pub async fn start(
    config: &Config,
    ingest: Arc<Ingest>,
    tenants: &Tenants,
    guard: Arc<Guard>,
    means: Means<'_>,
    further: &str,
) -> anyhow::Result<Connectors> {
    let Means { trust, clock, rng, tracer } = means;
    let mut measured = Vec::new();
    let sink = |name: &str| {
        Arc::new(IngestSink { ingest: ingest.clone(), prefix: learned_prefix(name), tracer: tracer.clone() })
    };
    let l = &config.mqtt.listener;
    let listener = if l.enabled {
        let settings = ListenerConfig {
            address: l.listen,
            max_connections: l.max_connections,
            max_packet_bytes: l.max_packet_bytes,
            receive_maximum: u16::try_from(l.max_in_flight).unwrap_or(u16::MAX),
            connect_timeout: Duration::from_secs(l.connect_timeout_s),
            ..ListenerConfig::default()
        };
        let mapper = mapper(l.mapping.as_deref(), further)?;
        for (tenant, store) in tenants.all() {
            recall(&mapper, LISTENER, &tenant, &*store)?;
        }
        let parts = Parts {
            sink: sink(LISTENER),
            mapper,
            authenticator: Arc::new(Door { guard, open: config.security.mode == Mode::Open }),
            clock: clock.clone(),
            rng: rng.clone(),
        };
        let started = Listener::start(settings, parts).await;
        let started = started.with_context(|| format!("cannot listen on {} (mqtt.listener.listen)", l.listen))?;
        measured.push(Measured::listener(started.handle()));
        Some(started)
    } else {
        None
    };
    let mut clients = Vec::new();
    for broker in &config.mqtt.brokers {
        let mut endpoint = Endpoint::parse(&broker.url).with_context(|| format!("mqtt.brokers: {}", broker.url))?;
        endpoint.username.clone_from(&broker.username);
        if let Some(path) = &broker.password_file {
            let text = std::fs::read_to_string(path).with_context(|| format!("mqtt.brokers: {}", path.display()))?;
            endpoint.password = text.lines().next().map(str::to_owned);
        }
        let name = format!("{}@{}:{}", broker.client_id, endpoint.host, endpoint.port);
        let mut settings = ClientConfig::new(endpoint, &broker.client_id);
        settings.tenant.clone_from(&broker.tenant);
        for topic in &broker.topics {
            settings.filters.push(Filter::parse(topic).with_context(|| format!("mqtt.brokers: topic {topic}"))?);
        }
        settings.pipeline = PipelineLimits::default();
        let mapper = mapper(broker.mapping.as_deref(), "")?;
        let tenant = broker.tenant.as_deref().unwrap_or_default();
        if let Ok(store) = tenants.get(tenant) {
            recall(&mapper, &name, tenant, &*store)?;
        }
        let dialer = Arc::new(Dialer::anywhere(trust));
        let client = Client::start(settings, sink(&name), mapper, clock.clone(), rng.clone(), dialer);
        measured.push(Measured::client(name, client.counters().clone(), client.connected()));
        clients.push(client);
    }
    let measures = Arc::new(Measures(measured));
    let (told, clock) = (measures.clone(), clock.clone());
    let telling = tokio::spawn(async move {
        loop {
            tokio::time::sleep(TELL_EVERY).await;
            told.tell(clock.now());
            ingest.tell();
            ingest.forget().await;
        }
    });
    Ok(Connectors { listener, clients, measures, telling })
}

/// Reads a mapping file, with further rules after its own, and runs the tests in it.
fn mapper(path: Option<&Path>, further: &str) -> anyhow::Result<Arc<Mapper>> {
    let (name, mut text) = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("the mapping {}", path.display()))?;
            (path.display().to_string(), text)
        }
        None => ("the built-in mapping".to_owned(), DEFAULT_MAPPING.to_owned()),
    };
    text.push('\n');
    text.push_str(further);
    let mapping = Mapping::parse(&text).map_err(|e| anyhow::anyhow!("{name}: {e}"))?;
    let failures = belfry_connect_payload::check(&text);
    anyhow::ensure!(
        failures.is_empty(),
        "{name}: its own tests fail: {}",
        failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    );
    Ok(Arc::new(Mapper::new(mapping)))
}

/// The listener's name among those whose mappers learn; the others are those of clients.
const LISTENER: &str = "listener";
/// How many documents are read at a time.
const PAGE: usize = 1000;

/// What the keys of a connector's lessons begin with.
fn learned_prefix(connector: &str) -> String {
    format!("learned:{connector}:")
}

/// Gives a mapper back what births and discovery taught it before a restart.
fn recall(mapper: &Mapper, connector: &str, tenant: &str, store: &dyn Store) -> anyhow::Result<()> {
    let prefix = learned_prefix(connector);
    let (mut lessons, mut after) = (Vec::new(), prefix.clone());
    loop {
        let page = store.documents(Collection::Device, Some(&after), PAGE)?;
        let full = page.len() == PAGE;
        for document in page {
            let Some(topic) = document.key.strip_prefix(prefix.as_str()) else {
                mapper.recall(tenant, lessons);
                return Ok(());
            };
            lessons.push(Lesson { topic: topic.into(), payload: Some(document.bytes.to_vec()) });
            after = document.key.into();
        }
        if !full {
            mapper.recall(tenant, lessons);
            return Ok(());
        }
    }
}

struct IngestSink {
    ingest: Arc<Ingest>,
    /// See [`learned_prefix`].
    prefix: String,
    tracer: Option<Arc<Tracer>>,
}

impl IngestSink {
    fn learned(&self, lesson: Lesson) -> Learned {
        Learned { key: format!("{}{}", self.prefix, lesson.topic).into(), bytes: lesson.payload.map(Into::into) }
    }
}

impl Sink for IngestSink {
    fn submit(&self, batch: Vec<Message>) -> BoxFuture<'static, Result<Vec<Outcome>, Error>> {
        let tenant = batch.first().and_then(|m| m.source.tenant.clone());
        let mut span = self.tracer.as_ref().and_then(|tracer| tracer.root("process mqtt", SpanKind::Consumer));
        if let Some(span) = &mut span {
            span.text("messaging.system", "mqtt");
            span.text("messaging.operation.name", "process");
            span.text("messaging.operation.type", "process");
            span.number("messaging.batch.message_count", batch.len());
        }
        let batch = batch
            .into_iter()
            .map(|m| Taken {
                readings: m.readings,
                repeat: m.dedup.map(|d| Repeat {
                    sender: format!("{}@{}", m.source.client, m.source.principal).into(),
                    key: d.key,
                    suspect: d.suspect,
                }),
                learned: m.lessons.into_iter().map(|l| self.learned(l)).collect(),
            })
            .collect();
        let submit = || self.ingest.submit(tenant.as_deref(), batch);
        let taken = match &span {
            Some(span) => within_sync(span, submit),
            None => submit(),
        };
        Box::pin(async move {
            let taken = taken.await;
            if let Some(span) = &mut span {
                match &taken {
                    Ok(all) => span
                        .number("belfry.ingest.stored", all.iter().filter(|one| matches!(one, Became::Stored)).count()),
                    Err(error) => span.error(format!("{:?}", error.kind())),
                }
            }
            drop(span);
            let became = taken?.into_iter().map(|t| match t {
                Became::Stored => Outcome::Stored,
                Became::Duplicate => Outcome::Duplicate,
                Became::Refused(_, why) => Outcome::Refused(why),
            });
            Ok(became.collect())
        })
    }
}

/// Lets devices in: everyone when the platform is open, else whoever shows a token as the password (or, without one, as
/// the user name).
struct Door {
    guard: Arc<Guard>,
    open: bool,
}

impl Authenticator for Door {
    fn authenticate(&self, credentials: Credentials) -> BoxFuture<'_, Result<Grant, Refusal>> {
        Box::pin(async move {
            if self.open {
                return Ok(Grant {
                    principal: credentials.client_id,
                    tenant: None,
                    publish: Access::All,
                    subscribe: Access::All,
                });
            }
            let shown = credentials.password.and_then(|p| String::from_utf8(p).ok()).or(credentials.username);
            let header = shown.map(|token| format!("Bearer {token}"));
            let check = |permission| self.guard.check_own(header.as_deref(), permission);
            let principal = check(Permission::Ingest).map_err(|_| Refusal::BadCredentials)?;
            let token = principal.token;
            Ok(Grant {
                principal: token.as_ref().map_or_else(|| credentials.client_id.clone(), |t| t.id.clone()),
                tenant: token.and_then(|t| t.tenant.clone()),
                publish: Access::All,
                subscribe: if check(Permission::Read).is_ok() { Access::All } else { Access::Nothing },
            })
        })
    }
}
