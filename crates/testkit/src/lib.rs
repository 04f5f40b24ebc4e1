//! What tests share: a clock under control, brief makers of entities and any entity there may be, a collector of traces, the conformance suite that
//! every store passes.

pub mod arbitrary;
pub mod clock;
pub mod collector;
pub mod conformance;
pub mod entity;

pub use clock::MockClock;
