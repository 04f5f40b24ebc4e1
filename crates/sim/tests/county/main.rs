//! The county as others see it: what it says, what is true of it, and what others make of its files.

mod balance;
mod buses;
mod faults;
mod real;
mod same;
mod scenarios;
mod support;
mod wire;
