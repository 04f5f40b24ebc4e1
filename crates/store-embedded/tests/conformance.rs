//! The embedded store passes the suite that every store passes.

use belfry_ports::Store;
use belfry_store_embedded::{EmbeddedStore, Options};
use belfry_testkit::MockClock;
use belfry_testkit::conformance::{Backend, Bench, checks};
use std::sync::Arc;

struct Embedded(tempfile::TempDir);

impl Backend for Embedded {
    fn open(&mut self, clock: Arc<MockClock>) -> Arc<dyn Store> {
        let mut options = Options::new(self.0.path().join("store"), clock);
        options.log.segment_bytes = 1 << 20;
        // So that the suite's queries are answered with and without indexes.
        options.index_from = 50;
        Arc::new(EmbeddedStore::open(&options).expect("the store opens"))
    }
}

#[test]
fn the_embedded_store_conforms() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (name, check) in checks() {
        println!("- {name}");
        let mut backend = Embedded(tempfile::tempdir().unwrap());
        runtime.block_on(check(&mut Bench::new(&mut backend)));
    }
}
