//! What every request needs, made once by the wiring. Holds references and limits, no behaviour.

use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::ops::backup::Copies;
use belfry_identity::Guard;
use belfry_kernel::{Clock, Rng, Time};
use belfry_ngsi_ld::form;
use belfry_runtime::context::Contexts;
use belfry_runtime::metrics::Source;
use belfry_runtime::notify::{KeepBefore, Notifiers};
use belfry_runtime::telemetry::Tracer;
use belfry_runtime::{Apps, Tenants};
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Semaphore, watch};

/// Bodies as large as files that are read and worked on at one time.
const MAX_LARGE: usize = 2;

/// The shared parts of the HTTP door.
pub struct App {
    /// The stores.
    pub tenants: Arc<Tenants>,
    /// The applications.
    pub apps: Arc<Apps>,
    /// Every operation, those of applications included.
    pub operations: Vec<Arc<Operation>>,
    /// The description of the API, made when it is first asked for.
    pub description: OnceLock<Bytes>,
    /// Who may read a body as large as a file.
    pub(crate) large: Semaphore,
    /// The @contexts of users.
    pub contexts: Arc<Contexts>,
    /// Who may do what.
    pub guard: Arc<Guard>,
    /// What one client, connection or request may take.
    pub limits: belfry_config::Limits,
    /// How large an entity may be, and which names are refused.
    pub reading: form::Limits,
    /// Where now comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub rng: Arc<dyn Rng>,
    /// Whether commits carry the attribute instances as they were before: while a subscription wants to see them.
    pub keep_before: Arc<KeepBefore>,
    /// How notifications fare, once the wiring has said who delivers them.
    pub notifiers: OnceLock<Arc<Notifiers>>,
    /// Where backups are put, once the wiring has said so.
    pub backups: OnceLock<PathBuf>,
    /// Backups that were begun since the start.
    pub(crate) copies: Arc<Copies>,
    /// Reads of the state of an instant that may still begin.
    pub states: Arc<Semaphore>,
    /// Counters.
    pub metrics: Metrics,
    /// Who else has numbers for the metrics, once the wiring has said so.
    pub sources: OnceLock<Vec<Arc<dyn Source>>>,
    /// Traces requests, once the wiring has said so; without it a request pays one branch.
    pub tracer: OnceLock<Arc<Tracer>>,
    /// Names of hosts under which this server is known, beside loopback ones.
    pub names: Vec<String>,
    /// When this process started.
    pub started_at: Time,
    /// Becomes true when the server is to stop: event streams end then.
    pub stopping: watch::Receiver<bool>,
}

/// What the wiring hands in; see the fields of [`App`].
pub struct Parts {
    /// The stores.
    pub tenants: Arc<Tenants>,
    /// The applications.
    pub apps: Arc<Apps>,
    /// The @contexts of users.
    pub contexts: Arc<Contexts>,
    /// Who may do what.
    pub guard: Arc<Guard>,
    /// What one client, connection or request may take.
    pub limits: belfry_config::Limits,
    /// How large an entity may be, and which names are refused: see [`reading`].
    pub reading: form::Limits,
    /// Where now comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub rng: Arc<dyn Rng>,
    /// Whether commits are to carry what was before.
    pub keep_before: Arc<KeepBefore>,
    /// Becomes true when the server is to stop.
    pub stopping: watch::Receiver<bool>,
}

/// What an entity may be: the configured limits, and the names to refuse.
pub fn reading(limits: &belfry_config::Limits, deny: Arc<form::Deny>) -> form::Limits {
    form::Limits {
        json_depth: limits.max_depth,
        attributes: limits.max_attributes_per_entity,
        batch: limits.max_batch,
        entity_bytes: limits.max_entity_bytes,
        deny,
        ..form::Limits::default()
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Arc<Self> {
        let operations = crate::router::operations(parts.apps.hosted());
        let started_at = parts.clock.now();
        let names = crate::request::host::names(parts.contexts.own());
        let states = Arc::new(Semaphore::new(parts.limits.max_state_reads));
        Arc::new(Self {
            names,
            metrics: Metrics::new(operations.len()),
            operations,
            description: OnceLock::new(),
            large: Semaphore::new(MAX_LARGE),
            apps: parts.apps,
            states,
            copies: Arc::default(),
            tenants: parts.tenants,
            contexts: parts.contexts,
            guard: parts.guard,
            limits: parts.limits,
            reading: parts.reading,
            clock: parts.clock,
            rng: parts.rng,
            keep_before: parts.keep_before,
            notifiers: OnceLock::new(),
            backups: OnceLock::new(),
            sources: OnceLock::new(),
            tracer: OnceLock::new(),
            started_at,
            stopping: parts.stopping,
        })
    }
}
