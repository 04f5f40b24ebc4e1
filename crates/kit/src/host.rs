//! What the kit asks of the platform for one tenant, as a narrow trait that the runtime implements. An application never
//! names it: it acts through its [`crate::Ctx`].

use belfry_kernel::{Error, Time};
use belfry_ngsi_ld::form;
use belfry_ports::{Ack, BoxFuture, Decide};
use std::time::Duration;

/// What holds for the writes of applications.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How large an entity may be, and which names are refused.
    pub limits: form::Limits,
    /// Whether commits are to carry what was before, for subscriptions that show it.
    pub keep_before: bool,
    /// The largest file, bytes.
    pub max_file_bytes: usize,
    /// All files of one application together, bytes.
    pub max_files_bytes: usize,
}

/// The platform, to the applications of one tenant.
pub trait Host: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Time;

    /// What holds for writes now.
    fn rules(&self) -> Rules;

    /// Hands a decision to the tenant's store; resolves once it is durable.
    fn commit(&self, decide: Decide) -> Ack;

    /// Runs work that computes for long or blocks where that keeps nobody waiting. Only so much runs at one time; the rest
    /// waits its turn.
    ///
    /// # Errors
    /// `Internal` when the work panicked; `Unavailable` when the platform is stopping.
    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> BoxFuture<'static, Result<(), Error>>;

    /// Runs a task beside; when the platform stops, it ends where it waits.
    fn spawn(&self, what: &str, task: BoxFuture<'static, ()>);

    /// Resolves after this long.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}
