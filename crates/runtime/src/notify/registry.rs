//! The notifiers of all tenants: one for each store, started when the store is opened.

use super::budget::Budget;
use super::flights::Flights;
use super::target::micros;
use super::{KeepBefore, Notifier, Options, Publish, Tools};
use crate::context::Contexts;
use crate::outbound::Outbound;
use crate::telemetry::Tracer;
use belfry_kernel::{Clock, Error, Rng};
use belfry_ngsi_ld::subscription::{DeliveryStatus, Subscription};
use belfry_ports::Store;
use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use std::sync::Arc;

/// What notifiers work with, whatever the tenant.
#[derive(Clone)]
pub struct Parts {
    /// How notifications are delivered.
    pub options: Options,
    /// Reaches HTTP endpoints, under the policy for them.
    pub outbound: Arc<Outbound>,
    /// Reaches MQTT endpoints, when the wiring has that.
    pub publish: Option<Arc<dyn Publish>>,
    /// Where now comes from.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub rng: Arc<dyn Rng>,
    /// Counts the subscriptions that want to see what was before.
    pub keep_before: Arc<KeepBefore>,
    /// Traces attempts, when there is a collector.
    pub tracer: Option<Arc<Tracer>>,
}

/// Every tenant's notifier.
pub struct Notifiers {
    parts: Parts,
    budget: Arc<Budget>,
    flights: Arc<Flights>,
    running: RwLock<HashMap<Box<str>, Arc<Notifier>>>,
    begun: Mutex<Begun>,
}

enum Begun {
    /// Stores that were opened before contexts could be had.
    Waiting(Vec<(Box<str>, Arc<dyn Store>)>),
    With(Arc<Contexts>),
}

impl Notifiers {
    /// Whether a subscription could be served: its endpoint called, as far as the URL tells, and its period granted.
    ///
    /// # Errors
    /// `BadRequestData` saying why not.
    pub fn check(&self, subscription: &Subscription) -> Result<(), Error> {
        self.parts
            .outbound
            .check_endpoint(&subscription.notification.endpoint.uri)
            .map_err(|error| Error::bad_data(format!("notification.endpoint.uri: it cannot be called: {error}")))?;
        let least = self.parts.options.min_interval;
        match subscription.time_interval {
            Some(every) if every < micros(least) => {
                Err(Error::bad_data(format!("timeInterval: it must be at least {} s", least.as_secs_f64())))
            }
            _ => Ok(()),
        }
    }

    /// None yet.
    pub fn new(parts: Parts) -> Self {
        let budget = Arc::new(Budget::new(parts.options.max_bytes, parts.options.max_bytes_each));
        let flights = Arc::new(Flights::new(parts.options.max_in_flight));
        Self { parts, budget, flights, running: RwLock::default(), begun: Mutex::new(Begun::Waiting(Vec::new())) }
    }

    /// A store was opened: its notifier starts, now or at [`Self::begin`]. Must be called within a tokio runtime once
    /// begun.
    pub fn open(&self, tenant: &str, store: &Arc<dyn Store>) {
        let contexts = match &mut *self.begun.lock() {
            Begun::Waiting(waiting) => {
                waiting.push((tenant.into(), store.clone()));
                return;
            }
            Begun::With(contexts) => contexts.clone(),
        };
        self.start(tenant, store.clone(), &contexts);
    }

    /// Contexts can be had from now on: starts what waited for them. Must be called within a tokio runtime.
    pub fn begin(&self, contexts: Arc<Contexts>) {
        let at_hand = contexts.clone();
        let before = std::mem::replace(&mut *self.begun.lock(), Begun::With(contexts));
        if let Begun::Waiting(waiting) = before {
            for (tenant, store) in waiting {
                self.start(&tenant, store, &at_hand);
            }
        }
    }

    fn start(&self, tenant: &str, store: Arc<dyn Store>, contexts: &Arc<Contexts>) {
        let contexts = contexts.clone();
        let Parts { options, outbound, publish, clock, rng, keep_before, tracer } = self.parts.clone();
        let (budget, flights) = (self.budget.clone(), self.flights.clone());
        let name = tenant.into();
        let tools = Tools {
            tenant: name,
            store,
            contexts,
            outbound,
            publish,
            clock,
            rng,
            keep_before,
            options,
            budget,
            flights,
            tracer,
        };
        match Notifier::start(tools) {
            Ok(notifier) => {
                self.running.write().insert(tenant.into(), Arc::new(notifier));
            }
            Err(error) => {
                tracing::error!(tenant, %error, cause = ?error.cause(), "notifications cannot be delivered");
            }
        }
    }

    /// The notifier of a tenant.
    pub fn get(&self, tenant: &str) -> Option<Arc<Notifier>> {
        self.running.read().get(tenant).cloned()
    }

    /// How the notifications of a subscription fare.
    pub fn status(&self, tenant: &str, subscription: &str) -> Option<DeliveryStatus> {
        self.get(tenant)?.status(subscription)
    }

    /// Stops all of them; see [`Notifier::stop`].
    pub async fn stop(&self) {
        let all: Vec<Arc<Notifier>> = self.running.write().drain().map(|(_, notifier)| notifier).collect();
        futures_util::future::join_all(all.iter().map(|notifier| notifier.stop())).await;
        // Lets go of the stores that contexts are kept in.
        *self.begun.lock() = Begun::Waiting(Vec::new());
    }
}
