//! The conformance suite of the store port: what a store promises, as checks that any backend must pass unchanged.
//! Each check gets a fresh [`Bench`], uses only the port, and panics with what was broken.

mod feed;
mod history;
mod plan;
mod query;
mod write;

use crate::MockClock;
use belfry_ports::Store;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// How a check gets a store: opens it, closes it and opens it again on the same data.
pub trait Backend {
    /// Opens the store (of the same data each time); the one before has been dropped.
    fn open(&mut self, clock: Arc<MockClock>) -> Arc<dyn Store>;
}

/// A store under test.
pub struct Bench<'a> {
    backend: &'a mut dyn Backend,
    /// Its clock.
    pub clock: Arc<MockClock>,
    store: Option<Arc<dyn Store>>,
}

impl<'a> Bench<'a> {
    /// Opens the store.
    pub fn new(backend: &'a mut dyn Backend) -> Self {
        let clock = Arc::new(MockClock::default());
        let store = Some(backend.open(clock.clone()));
        Self { backend, clock, store }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        self.store.as_ref().expect("a bench has a store between its restarts")
    }

    /// Closes the store and opens it again.
    pub fn restart(&mut self) {
        self.store = None;
        self.store = Some(self.backend.open(self.clock.clone()));
    }
}

/// A check of the suite.
pub type Check = for<'a, 'b> fn(&'a mut Bench<'b>) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// The suite: every check with its name.
pub fn checks() -> Vec<(&'static str, Check)> {
    let mut all = Vec::new();
    all.extend(write::checks());
    all.extend(query::checks());
    all.extend(plan::checks());
    all.extend(feed::checks());
    all.extend(history::checks());
    all
}
