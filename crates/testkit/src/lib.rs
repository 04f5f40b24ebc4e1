//! What tests share: a clock under control, brief makers of entities, the conformance suite that every store passes.

pub mod clock;
pub mod conformance;
pub mod entity;

pub use clock::MockClock;
