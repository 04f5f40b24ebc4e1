//! What tests share: a clock under control, brief makers of entities, a collector of traces, the conformance suite that
//! every store passes.

pub mod clock;
pub mod collector;
pub mod conformance;
pub mod entity;

pub use clock::MockClock;
