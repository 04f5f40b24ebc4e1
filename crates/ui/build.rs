//! Says clearly what is missing when the page is to be embedded but was not built. Runs no npm and touches no network.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_EMBED").is_none() {
        return;
    }
    // A directory that does not exist yet counts as changed each time, which is what makes the next build look again.
    println!("cargo::rerun-if-changed=../../web/dist");
    if !Path::new("../../web/dist/index.html").exists() {
        println!("cargo::error=the page is not built: run `npm ci && npm run build` in web/, then build again");
    }
}
