//! A tenant whose store cannot be opened: it alone is unavailable.

use belfry_kernel::{Error, Kind};
use belfry_ports::{ChangeSet, Store};
use belfry_runtime::{Stores, SystemClock, Tenants};
use belfry_store_embedded::{EmbeddedStore, Options};
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;

struct Dirs(PathBuf);

impl Stores for Dirs {
    fn open(&self, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        let mut options = Options::new(self.0.join(format!("t-{tenant}")), Arc::new(SystemClock));
        options.log.segment_bytes = 1 << 20;
        Ok(Arc::new(EmbeddedStore::open(&options)?))
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        Ok(vec!["broken".into(), "well".into()])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_opened_leaves_the_others_in_service() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("t-broken");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("FORMAT"), "something else\n").unwrap();
    let opened = Arc::new(Mutex::new(Vec::new()));
    let noted = opened.clone();
    let on_open = Box::new(move |tenant: &str, _: &Arc<dyn Store>| noted.lock().push(tenant.to_owned()));
    let tenants = Tenants::open(Arc::new(Dirs(dir.path().to_owned())), 3, on_open).unwrap();
    assert_eq!(*opened.lock(), ["", "well"]);
    for tenant in ["", "well"] {
        let store = tenants.get(tenant).unwrap();
        store.write(Box::new(|_, _| Ok(ChangeSet::default()))).await.unwrap();
    }
    // Neither absent, which would invite to make it anew, nor anything else than out of service.
    for refused in [tenants.get("broken").err(), tenants.get_or_create("broken").err()] {
        let refused = refused.unwrap();
        assert_eq!(refused.kind(), Kind::Unavailable);
        assert!(!refused.public().contains("something else"), "{refused:?}");
    }
    assert_eq!(std::fs::read_to_string(broken.join("FORMAT")).unwrap(), "something else\n");
    assert_eq!(tenants.get("absent").err().unwrap().kind(), Kind::NonexistentTenant);
    // It counts towards how many there may be.
    tenants.get_or_create("third").unwrap();
    assert_eq!(tenants.get_or_create("fourth").err().unwrap().kind(), Kind::Unavailable);
}
