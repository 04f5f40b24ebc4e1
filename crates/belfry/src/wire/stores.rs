//! The embedded stores of all tenants: where they lie and how they are configured.

use anyhow::Context as _;
use belfry_config::{Config, Durability};
use belfry_kernel::{Clock, Error, Kind, Period, Time};
use belfry_ngsi_ld::Context;
use belfry_ports::{Copied, Store};
use belfry_runtime::SystemClock;
use belfry_runtime::tenant::{DEFAULT, Stores, check_name};
use belfry_store_embedded::{Durability as Log, EmbeddedStore, Options, Report, Retention};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

const TENANTS: &str = "tenants";

/// Opens embedded stores below the data directory.
pub struct Embedded {
    config: Config,
    clock: Arc<dyn Clock>,
    open: Mutex<Vec<Weak<EmbeddedStore>>>,
}

impl Embedded {
    pub fn new(config: &Config, clock: Arc<dyn Clock>) -> Self {
        Self { config: config.clone(), clock, open: Mutex::default() }
    }

    /// Takes a checkpoint of every open store.
    pub fn checkpoint(&self) -> Result<(), Error> {
        let open: Vec<_> = self.open.lock().iter().filter_map(Weak::upgrade).collect();
        open.iter().try_for_each(|store| store.checkpoint())
    }
}

impl Stores for Embedded {
    fn open(&self, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        let dir = dir_of(&self.config, tenant);
        let store = Arc::new(EmbeddedStore::open(&options(&self.config, &dir, self.clock.clone())?)?);
        let mut open = self.open.lock();
        open.retain(|s| s.strong_count() > 0);
        open.push(Arc::downgrade(&store));
        Ok(store)
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        tenants_in(&self.config.store.data_dir.join(TENANTS))
    }
}

/// The names of the tenants that have a directory below this one, sorted; none when it is not there.
fn tenants_in(dir: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |e: std::io::Error| Error::new(Kind::Unavailable, format!("{}: {e}", dir.display()));
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(unreadable(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(unreadable)?.file_name().into_string().unwrap_or_default();
        if check_name(&name).is_ok() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn dir_of(config: &Config, tenant: &str) -> PathBuf {
    let data = &config.store.data_dir;
    if tenant == DEFAULT { data.clone() } else { data.join(TENANTS).join(tenant) }
}

fn options(config: &Config, dir: &Path, clock: Arc<dyn Clock>) -> Result<Options, Error> {
    let mut options = Options::new(dir, clock);
    options.log.segment_bytes = config.store.segment_bytes;
    options.log.durability = match config.store.durability {
        Durability::Sync => Log::Sync,
        Durability::IntervalMs(ms) => Log::Interval(Duration::from_millis(ms)),
    };
    options.max_entities = config.store.max_entities;
    options.sorted_max = config.server.limits.sorted_max;
    options.sorted_max_bytes = config.server.limits.sorted_max_bytes;
    options.keep_log_bytes = config.store.keep_log_bytes;
    options.feed_keep_bytes = config.store.feed_keep_bytes;
    options.checkpoint_log_bytes = config.store.checkpoint_log_bytes;
    options.retention = config.history.retention.iter().map(retention).collect::<Result<_, _>>()?;
    if config.history.enabled {
        if let Some(history) = &mut options.history {
            history.open_bytes = config.history.memtable_bytes;
            history.open_bytes_max = config.history.memtable_bytes.saturating_mul(4);
            history.cache_bytes = config.history.block_cache_bytes;
        }
    } else {
        options.history = None;
    }
    Ok(options)
}

fn retention(policy: &belfry_config::Retention) -> Result<Retention, Error> {
    let names = |terms: &[String]| terms.iter().map(|t| Context::core().expand(t)).collect::<Result<Vec<_>, _>>();
    let then_every = match &policy.then_every {
        Some(text) => {
            let wrong = |e| Error::invalid(format!("history.retention: then_every {text:?}: {e}"));
            Some((Period::parse(text).map_err(wrong)?, text.clone()))
        }
        None => None,
    };
    Ok(Retention {
        types: names(&policy.types)?,
        attributes: names(&policy.attributes)?,
        keep: Duration::from_secs(u64::from(policy.keep_days) * 86_400),
        then_every,
    })
}

/// The store directories below a data directory that exist, with their tenants' names; the default one is first.
pub fn store_dirs(config: &Config) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let data = &config.store.data_dir;
    anyhow::ensure!(
        data.join("FORMAT").is_file(),
        "{} is no data directory: name it with --data or store.data_dir",
        data.display()
    );
    let stores = Embedded::new(config, Arc::new(SystemClock));
    let mut dirs = vec![(DEFAULT.to_owned(), data.clone())];
    dirs.extend(stores.list()?.into_iter().map(|name| (name.clone(), dir_of(config, &name))));
    Ok(dirs)
}

/// Opens the default tenant's store by itself, for a command.
pub fn open_default(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let options = options(config, &config.store.data_dir, Arc::new(SystemClock))?;
    Ok(Arc::new(EmbeddedStore::open(&options).context("the data directory cannot be opened; is its server running?")?))
}

/// Checks a store directory, with the limits under which its server opens it.
pub fn check(config: &Config, dir: &Path) -> anyhow::Result<Report> {
    belfry_store_embedded::check(&options(config, dir, Arc::new(SystemClock))?)
        .with_context(|| format!("{} cannot be checked; is its server running?", dir.display()))
}

/// Copies a store directory.
pub fn backup(config: &Config, dir: &Path, into: &Path) -> anyhow::Result<Copied> {
    let store = EmbeddedStore::open(&options(config, dir, Arc::new(SystemClock))?)
        .context("the data directory cannot be opened; of a running server take the backup through its door")?;
    store.backup(into).context("the backup failed")
}

/// A tenant that was restored; the default one has an empty name.
pub struct Restored {
    pub tenant: String,
    pub dir: PathBuf,
    pub copied: Copied,
}

/// Restores a data directory: the default tenant and every other of the backup, and with a log (`DATA/log` of the
/// directory that was backed up) all of them to the same instant, those made after the backup included.
pub fn restore(
    config: &Config,
    from: &Path,
    log: Option<&Path>,
    until: Option<Time>,
    into: &Path,
) -> anyhow::Result<Vec<Restored>> {
    let made = options(config, into, Arc::new(SystemClock))?.log;
    let failed = |tenant: &str| match tenant {
        DEFAULT => "the restore failed; throw its directory away".to_owned(),
        name => format!("the restore of the tenant {name} failed; throw the restored directory away"),
    };
    let copied = belfry_store_embedded::restore(from, log, until, into, &made).with_context(|| failed(DEFAULT))?;
    let mut done = vec![Restored { tenant: DEFAULT.to_owned(), dir: into.to_owned(), copied }];
    let backed_up = tenants_in(&from.join(TENANTS))?;
    let live = log.and_then(Path::parent).map(|data| data.join(TENANTS));
    for tenant in &backed_up {
        let own = live.as_ref().map(|tenants| tenants.join(tenant).join("log"));
        if let Some(own) = own.as_ref().filter(|own| !own.is_dir()) {
            anyhow::bail!(
                "the backup holds the tenant {tenant}, and {} is not there: --log is the log within the whole data directory",
                own.display()
            );
        }
        let dir = into.join(TENANTS).join(tenant);
        let backup = from.join(TENANTS).join(tenant);
        let copied = belfry_store_embedded::restore(&backup, own.as_deref(), until, &dir, &made);
        done.push(Restored { tenant: tenant.clone(), copied: copied.with_context(|| failed(tenant))?, dir });
    }
    let Some(live) = live else { return Ok(done) };
    for tenant in tenants_in(&live)?.into_iter().filter(|name| !backed_up.contains(name)) {
        let dir = into.join(TENANTS).join(&tenant);
        let copied = belfry_store_embedded::rebuild(&live.join(&tenant).join("log"), until, &dir, &made);
        let copied = copied.with_context(|| failed(&tenant)).context("it was made after the backup")?;
        if copied.seq == 0 {
            // It was not there yet at that instant.
            std::fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
            continue;
        }
        done.push(Restored { tenant, dir, copied });
    }
    Ok(done)
}

/// The format that a directory says it has.
pub fn format_of(dir: &Path) -> anyhow::Result<String> {
    let path = dir.join("FORMAT");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(text.trim().to_owned())
}
