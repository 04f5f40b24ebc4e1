//! The log on a simulated disk that tears, forgets, fills up and fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod damage;
mod failures;
mod random;
mod sim;
