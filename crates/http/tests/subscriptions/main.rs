//! Subscriptions from end to end: a real server over the embedded store, a real receiver, notifications counted.

mod delivery;
mod receiver;
mod server;
mod timing;
mod transport;
