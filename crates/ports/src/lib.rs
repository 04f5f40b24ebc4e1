//! The ports: what the platform asks of a store, as traits and plain types. No engine detail, no I/O of its own:
//! every backend (embedded, PostgreSQL) implements [`Store`] and passes the same conformance suite in testkit.

mod change;
mod document;
mod feed;
mod outcome;
mod query;
mod stop;
mod store;
pub mod temporal;

pub use change::{Change, ChangeKind, ChangeSet, Commit, EntityChange, Sample, Seq};
pub use document::{Collection, Document, DocumentChange};
pub use feed::{Feed, FeedItem};
pub use outcome::{Current, change_of, with_gone};
pub use query::{Answer, AttributeInfo, Lent, Page, Paged, Search, TypeInfo, Visit};
pub use stop::Stop;
pub use store::{Ack, BoxFuture, Copied, Decide, Read, Store, StoreHealth};
