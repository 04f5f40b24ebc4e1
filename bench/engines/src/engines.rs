//! The engines behind one small trait: upsert a batch durably, read one value. Each set up for its best durable group commit.

use std::collections::HashMap;
use std::path::Path;

use belfry_log::{Log, Options};
use redb::{ReadableDatabase, TableDefinition};

/// An engine that holds values by number.
pub trait Engine: Send {
    const NAME: &'static str;
    fn open(dir: &Path) -> Self;
    /// Returns when all of it is on stable storage.
    fn commit(&mut self, batch: &[(u64, Vec<u8>)]);
    /// The length of a value.
    fn get(&self, key: u64) -> Option<usize>;
}

/// Our log with the state in memory. Reopening replays the whole log: without a checkpoint, the worst case.
pub struct OwnLog {
    log: Log,
    state: HashMap<u64, Box<[u8]>>,
}

impl Engine for OwnLog {
    const NAME: &'static str = "belfry-log + map in memory";

    fn open(dir: &Path) -> Self {
        let (log, _) = Log::open(dir, Options::default()).expect("the log must open");
        let mut state = HashMap::new();
        let mut reader = log.reader(1).expect("nothing was truncated");
        while let Some(record) = reader.next_record().expect("the log is sound") {
            let (key, value) = record.payload.split_at(8);
            state.insert(u64::from_le_bytes(key.try_into().expect("eight bytes")), value.into());
        }
        Self { log, state }
    }

    fn commit(&mut self, batch: &[(u64, Vec<u8>)]) {
        for (key, value) in batch {
            let write = |record: &mut Vec<u8>| {
                record.extend_from_slice(&key.to_le_bytes());
                record.extend_from_slice(value);
            };
            self.log.append_with(write).expect("the value is within the limits");
        }
        self.log.commit().expect("the disk takes it");
        for (key, value) in batch {
            self.state.insert(*key, value.as_slice().into());
        }
    }

    fn get(&self, key: u64) -> Option<usize> {
        self.state.get(&key).map(|value| value.len())
    }
}

pub struct Fjall {
    db: fjall::Database,
    values: fjall::Keyspace,
}

impl Engine for Fjall {
    const NAME: &'static str = "fjall 3";

    fn open(dir: &Path) -> Self {
        let db = fjall::Database::builder(dir).cache_size(256 << 20).open().expect("fjall must open");
        let values = db.keyspace("values", fjall::KeyspaceCreateOptions::default).expect("the keyspace must open");
        Self { db, values }
    }

    fn commit(&mut self, batch: &[(u64, Vec<u8>)]) {
        let mut writes = self.db.batch().durability(Some(fjall::PersistMode::SyncData));
        for (key, value) in batch {
            writes.insert(&self.values, key.to_be_bytes(), value.as_slice());
        }
        writes.commit().expect("the disk takes it");
    }

    fn get(&self, key: u64) -> Option<usize> {
        self.values.get(key.to_be_bytes()).expect("fjall must read").map(|value| value.len())
    }
}

const VALUES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("values");

pub struct Redb {
    db: redb::Database,
}

impl Engine for Redb {
    const NAME: &'static str = "redb 4";

    fn open(dir: &Path) -> Self {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(256 << 20);
        Self { db: builder.create(dir.join("values.redb")).expect("redb must open") }
    }

    fn commit(&mut self, batch: &[(u64, Vec<u8>)]) {
        let write = self.db.begin_write().expect("redb must write");
        {
            let mut table = write.open_table(VALUES).expect("the table must open");
            for (key, value) in batch {
                table.insert(key, value.as_slice()).expect("redb must insert");
            }
        }
        write.commit().expect("the disk takes it");
    }

    fn get(&self, key: u64) -> Option<usize> {
        let read = self.db.begin_read().expect("redb must read");
        let table = read.open_table(VALUES).expect("the table must open");
        table.get(key).expect("redb must read").map(|value| value.value().len())
    }
}

pub struct Sqlite {
    db: rusqlite::Connection,
}

impl Engine for Sqlite {
    const NAME: &'static str = "SQLite (rusqlite 0.41, WAL, synchronous=FULL)";

    fn open(dir: &Path) -> Self {
        let db = rusqlite::Connection::open(dir.join("values.sqlite")).expect("SQLite must open");
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -262144; PRAGMA mmap_size = 1073741824;
             CREATE TABLE IF NOT EXISTS held (k INTEGER PRIMARY KEY, v BLOB NOT NULL);",
        )
        .expect("SQLite must take its settings");
        Self { db }
    }

    fn commit(&mut self, batch: &[(u64, Vec<u8>)]) {
        let write = self.db.transaction().expect("SQLite must write");
        {
            let sql = "INSERT INTO held VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v";
            let mut insert = write.prepare_cached(sql).expect("the statement is right");
            for (key, value) in batch {
                insert.execute((key.cast_signed(), value)).expect("SQLite must insert");
            }
        }
        write.commit().expect("the disk takes it");
    }

    fn get(&self, key: u64) -> Option<usize> {
        let mut select = self.db.prepare_cached("SELECT v FROM held WHERE k = ?1").expect("the statement is right");
        select.query_row((key.cast_signed(),), |row| Ok(row.get_ref(0)?.as_blob().map_or(0, <[u8]>::len))).ok()
    }
}

#[cfg(feature = "rocksdb")]
pub struct RocksDb {
    db: rocksdb::DB,
}

#[cfg(feature = "rocksdb")]
impl Engine for RocksDb {
    const NAME: &'static str = "RocksDB 7.8 (WAL, sync)";

    fn open(dir: &Path) -> Self {
        let mut options = rocksdb::Options::default();
        options.create_if_missing(true);
        options.increase_parallelism(2);
        // The same memory as the others have; the log is written ahead of its use, as ours is.
        options.set_write_buffer_size(64 << 20);
        options.set_recycle_log_file_num(4);
        let mut table = rocksdb::BlockBasedOptions::default();
        table.set_block_cache(&rocksdb::Cache::new_lru_cache(256 << 20).expect("the cache must be made"));
        table.set_bloom_filter(10.0, false);
        options.set_block_based_table_factory(&table);
        Self { db: rocksdb::DB::open(&options, dir).expect("RocksDB must open") }
    }

    fn commit(&mut self, batch: &[(u64, Vec<u8>)]) {
        let mut writes = rocksdb::WriteBatch::default();
        for (key, value) in batch {
            writes.put(key.to_be_bytes(), value);
        }
        let mut how = rocksdb::WriteOptions::default();
        how.set_sync(true);
        self.db.write_opt(writes, &how).expect("the disk takes it");
    }

    fn get(&self, key: u64) -> Option<usize> {
        self.db.get_pinned(key.to_be_bytes()).expect("RocksDB must read").map(|value| value.len())
    }
}
