//! Small records that are not entities: subscriptions, hosted contexts, cursors, tokens. Opaque bytes to the store,
//! committed in the same log as entities.

use std::sync::Arc;

/// Which kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Collection {
    /// NGSI-LD subscriptions.
    Subscription = 1,
    /// Hosted @contexts.
    Context = 2,
    /// How far each consumer of the feed has come.
    Cursor = 3,
    /// Deliveries set aside until their receiver is back.
    Parked = 4,
    /// Access tokens (hashed).
    Token = 5,
    /// Registered devices.
    Device = 6,
    /// Context source registrations.
    Registration = 7,
    /// What operators and rules did.
    Audit = 8,
    /// Delivery state of subscriptions: counters, last times, due timers.
    Delivery = 9,
    /// State of a resumable import.
    Import = 10,
    /// Remote @contexts as they were fetched.
    RemoteContext = 11,
    /// Small records of applications; a key begins with the application's name.
    App = 12,
    /// Files of applications: a head, and the content in pieces. Likewise.
    File = 13,
}

impl Collection {
    /// Every collection.
    pub const ALL: [Self; 13] = [
        Self::Subscription,
        Self::Context,
        Self::Cursor,
        Self::Parked,
        Self::Token,
        Self::Device,
        Self::Registration,
        Self::Audit,
        Self::Delivery,
        Self::Import,
        Self::RemoteContext,
        Self::App,
        Self::File,
    ];

    /// The collection of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|c| *c as u8 == number)
    }
}

/// A document as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its key within the collection.
    pub key: Box<str>,
    /// Its content.
    pub bytes: Arc<[u8]>,
}

/// A change of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentChange {
    /// Where.
    pub collection: Collection,
    /// Which.
    pub key: Box<str>,
    /// The content from now on; none to delete.
    pub bytes: Option<Arc<[u8]>>,
}
