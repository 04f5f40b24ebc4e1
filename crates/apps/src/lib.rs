//! Every application of the product, by name. Generated from the folders under `apps/` by `cargo xtask codegen`.
#![forbid(unsafe_code)]

use belfry_kit::Hosted;

/// The applications.
#[rustfmt::skip]
pub fn all() -> Vec<Hosted> {
    vec![
        belfry_app_registers::app(),
        belfry_app_transport::app(),
    ]
}
