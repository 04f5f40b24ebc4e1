//! The HTTP API as a client sees it: a real server on a real socket over the embedded store.

mod entities;
mod server;
