//! When long work is to be given up. What that depends on (a time, a client that is gone) is handed in: nothing here reads a
//! clock.

use belfry_kernel::{Error, Kind};
use std::fmt;

/// Says whether work is to be given up. Asked once for some hundred entities or series, so it may cost a look at a clock.
#[derive(Clone, Copy)]
pub struct Stop<'a>(&'a (dyn Fn() -> bool + Sync));

impl<'a> Stop<'a> {
    /// Never.
    pub const NEVER: Stop<'static> = Stop(&|| false);

    /// As soon as this says so.
    pub fn when(due: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self(due)
    }

    /// Whether it is time.
    pub fn is_due(self) -> bool {
        (self.0)()
    }

    /// Goes on, unless it is time to give up.
    ///
    /// # Errors
    /// `Timeout`.
    pub fn check(self) -> Result<(), Error> {
        if self.is_due() { Err(Error::new(Kind::Timeout, "the request took longer than it may")) } else { Ok(()) }
    }
}

impl fmt::Debug for Stop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}
