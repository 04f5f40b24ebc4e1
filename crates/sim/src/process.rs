//! What happens in the county, each process at its own pace: the truth that devices measure. Every one is a simple model
//! from the literature, named where it stands; all are coupled through what they hand each other. No device, no fault.

pub mod air;
pub mod buses;
pub mod network;
pub mod rooms;
pub mod soil;
pub mod sun;
pub mod traffic;
pub mod units;
pub mod use_of_day;
pub mod water;
pub mod weather;
