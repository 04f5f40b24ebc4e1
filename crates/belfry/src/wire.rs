//! The wiring: the only place that names adapters. Makes stores, connectors and the HTTP door from a configuration and
//! joins them. Holds no logic of theirs.

mod dial;
mod mqtt;
mod notify;
mod stores;
mod telemetry;
#[cfg(test)]
mod tests;

pub use stores::{backup, check, format_of, open_default, restore, store_dirs};

use anyhow::Context as _;
use belfry_config::{Config, Mode};
use belfry_http::app::{App, Parts, reading};
use belfry_identity::Guard;
use belfry_kernel::{Clock, Rng};
use belfry_ngsi_ld::context::{CoreVersion, Limits};
use belfry_ngsi_ld::form::Deny;
use belfry_ngsi_ld::{Context, Name};
use belfry_ports::Store;
use belfry_runtime::apps::{self, Apps};
use belfry_runtime::context::{self, Contexts, Fetching, KeptLimits, Options as ContextOptions};
use belfry_runtime::ingest::{self, Ingest};
use belfry_runtime::metrics::Source;
use belfry_runtime::notify::{KeepBefore, Notifiers};
use belfry_runtime::outbound::{AddressPolicy, Outbound, Trust};
use belfry_runtime::telemetry::Tracer;
use belfry_runtime::tenant::DEFAULT;
use belfry_runtime::{SystemClock, SystemRng, Tenants, sweep};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stores::Embedded;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running platform.
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    http: JoinHandle<belfry_http::Served>,
    connectors: mqtt::Connectors,
    notifiers: Arc<Notifiers>,
    apps: Arc<Apps>,
    tracer: Option<Arc<Tracer>>,
    /// Keeps remote contexts, once more at the end.
    remembering: JoinHandle<()>,
    stores: Arc<Embedded>,
    /// Keeps the stores open until the last checkpoint is taken.
    tenants: Arc<Tenants>,
}

/// Starts everything.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    start_with(config, "").await
}

/// Starts everything, the MQTT listener with further rules after those of its mapping.
pub async fn start_with(config: &Config, further: &str) -> anyhow::Result<Running> {
    let version = CoreVersion::parse(config.context.core_version.as_str()).context("the core context's version")?;
    anyhow::ensure!(Context::choose_core(version), "another version of the core context is in use already");
    Name::limit(config.store.max_names);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rng: Arc<dyn Rng> = Arc::new(SystemRng);
    // First the doors, so that an address in use is said before any file is touched.
    let listener = TcpListener::bind(config.server.listen)
        .await
        .with_context(|| format!("cannot listen on {} (server.listen)", config.server.listen))?;
    let address = listener.local_addr()?;
    let trust = Trust::new(config.outbound.public_authorities, &config.outbound.ca_files)
        .context("outbound.ca_files: the authorities that outgoing calls are to trust")?;
    let tracer = telemetry::tracer(config, &trust, &clock, &rng)?;
    let stores = Arc::new(Embedded::new(config, clock.clone()));
    let (stop, stopping) = watch::channel(false);
    let keep_before = Arc::<KeepBefore>::default();
    let notifiers = Arc::new(Notifiers::new(notify::parts(config, &trust, &clock, &rng, &keep_before, tracer.clone())));
    let reading = reading(&config.server.limits, Arc::new(deny(config)));
    let apps = Arc::new(Apps::new(
        belfry_apps::all(),
        apps::Parts {
            clock: clock.clone(),
            limits: reading.clone(),
            keep_before: keep_before.clone(),
            options: app_options(config),
        },
    ));
    let tenants = {
        let (stores, clock, stopping) = (stores.clone(), clock.clone(), stopping.clone());
        let (notifiers, apps) = (notifiers.clone(), apps.clone());
        let on_open: belfry_runtime::tenant::OnOpen = Box::new(move |tenant, store: &Arc<dyn Store>| {
            tokio::spawn(sweep::expired(store.clone(), clock.clone(), stopping.clone()));
            notifiers.open(tenant, store);
            apps.open(tenant, store);
        });
        let max = config.tenants.max;
        // Recovery reads files and takes a while on a large town.
        tokio::task::spawn_blocking(move || Tenants::open(stores, max, on_open)).await??
    };
    let tenants = Arc::new(tenants);
    let app = App::new(Parts {
        contexts: Arc::new(contexts(config, &trust, address, &tenants, &clock)?),
        guard: Arc::new(Guard::new(mode(config), tenants.get(DEFAULT)?, clock.clone())),
        limits: config.server.limits.clone(),
        reading,
        apps: apps.clone(),
        clock: clock.clone(),
        rng: rng.clone(),
        keep_before,
        stopping: stopping.clone(),
        tenants: tenants.clone(),
    });
    // Set once: nobody set it before.
    let _ = app.notifiers.set(notifiers.clone());
    let _ = app.backups.set(config.store.backup_dir.clone());
    notifiers.begin(app.contexts.clone());
    let remembering = tokio::spawn(context::remember(app.contexts.clone(), stopping.clone()));
    let ingest = Arc::new(Ingest::new(
        tenants.clone(),
        app.reading.clone(),
        clock.clone(),
        app.keep_before.clone(),
        ingest::Options {
            register_only: config.mqtt.register_only,
            commit_bytes: config.mqtt.commit_bytes,
            remember: Duration::from_secs(config.mqtt.remember_senders_s),
            max_senders: config.mqtt.max_remembered_senders,
        },
    ));
    let guard = app.guard.clone();
    let means = mqtt::Means { trust: &trust, clock: &clock, rng: &rng, tracer: tracer.clone() };
    let connectors = mqtt::start(config, ingest.clone(), &tenants, guard, means, further).await?;
    let mut sources: Vec<Arc<dyn Source>> = vec![ingest, connectors.measures()];
    if let Some(tracer) = &tracer {
        sources.push(tracer.clone());
        let _ = app.tracer.set(tracer.clone());
    }
    let _ = app.sources.set(sources);
    let mut stopped = stopping;
    let shutdown = async move {
        // The sender lives in `Running`; when it is gone, stopping is due too.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let http = tokio::spawn(belfry_http::serve(listener, app, shutdown));
    Ok(Running { address, stop, http, connectors, notifiers, apps, tracer, remembering, stores, tenants })
}

impl Running {
    /// Where HTTP is answered.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where MQTT is taken, if it is.
    pub fn mqtt_address(&self) -> Option<SocketAddr> {
        self.connectors.address()
    }

    /// Finishes what is under way, takes a checkpoint of each store and closes it.
    pub async fn stop(self) {
        // Nobody listening any more is as good as being told.
        let _ = self.stop.send(true);
        self.connectors.stop().await;
        if let Ok(served) = self.http.await
            && served.cut_off > 0
        {
            tracing::warn!(connections = served.cut_off, "connections were cut off, they did not end in time");
        }
        self.apps.stop().await;
        self.notifiers.stop().await;
        if let Some(tracer) = self.tracer {
            tracer.stop().await;
        }
        // It ends by itself: it was told above.
        let _ = self.remembering.await;
        let (stores, tenants) = (self.stores, self.tenants);
        let closed = tokio::task::spawn_blocking(move || {
            let taken = stores.checkpoint();
            drop(tenants);
            taken
        })
        .await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(%error, "no checkpoint at the end; the next start takes longer");
        }
    }
}

fn mode(config: &Config) -> belfry_identity::Mode {
    match config.security.mode {
        Mode::Open => belfry_identity::Mode::Open,
        Mode::Tokens => belfry_identity::Mode::Tokens,
    }
}

fn deny(config: &Config) -> Deny {
    let mut deny = Deny::default();
    for name in &config.deny.extra_names {
        deny.add(name, "the town's own configuration refuses it (deny.extra_names)");
    }
    deny
}

fn app_options(config: &Config) -> apps::Options {
    let max_working = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (max_file_bytes, max_files_bytes) = (config.apps.max_file_bytes, config.apps.max_files_bytes);
    apps::Options { max_file_bytes, max_files_bytes, max_working }
}

fn contexts(
    config: &Config,
    trust: &Trust,
    address: SocketAddr,
    tenants: &Tenants,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Contexts> {
    let c = &config.context;
    let policy = AddressPolicy { loopback: c.allow_loopback, private: c.allow_private, hosts: c.allow_hosts.clone() };
    let outbound = Outbound::trusting(policy, trust);
    let here = format!("http://{address}");
    let mut own = vec![config.server.public_url.clone().unwrap_or_else(|| here.clone())];
    if own[0] != here {
        own.push(here);
    }
    own.push(format!("http://localhost:{}", address.port()));
    let options = ContextOptions {
        limits: Limits { depth: c.max_depth, bytes: c.max_bytes.max(Limits::default().bytes), ..Limits::default() },
        cached: c.cache_entries,
        cached_bytes: c.cache_bytes,
        kept: KeptLimits { count: c.max_hosted, bytes: c.max_hosted_bytes, bytes_of_one: c.max_bytes },
        fetching: Fetching {
            enabled: c.fetch,
            max_bytes: c.max_bytes,
            timeout: Duration::from_millis(c.fetch_timeout_ms),
            documents: c.cache_entries,
            at_once: c.max_fetches,
            documents_bytes: c.cache_bytes,
            ..Fetching::default()
        },
        own,
    };
    Ok(Contexts::new(options, tenants.get(DEFAULT)?, Arc::new(outbound), clock.clone()))
}
