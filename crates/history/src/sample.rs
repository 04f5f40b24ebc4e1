//! A sample: one instance of a series, borrowed for writing and owned for reading. Knows nothing of what it means.

use std::sync::Arc;

use belfry_kernel::Time;

/// A value to be stored, borrowed from the caller.
#[derive(Clone, Copy, Debug)]
pub enum ValueRef<'a> {
    /// No value, as in a tombstone.
    None,
    /// A number.
    F64(f64),
    /// A whole number.
    I64(i64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(&'a str),
    /// Anything else, opaque.
    Bytes(&'a [u8]),
}

/// A value that was read.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value, as in a tombstone.
    None,
    /// A number.
    F64(f64),
    /// A whole number.
    I64(i64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(Arc<str>),
    /// Anything else, opaque.
    Bytes(Arc<[u8]>),
}

impl Value {
    /// Borrows it.
    pub fn as_ref(&self) -> ValueRef<'_> {
        match self {
            Self::None => ValueRef::None,
            Self::F64(x) => ValueRef::F64(*x),
            Self::I64(x) => ValueRef::I64(*x),
            Self::Bool(x) => ValueRef::Bool(*x),
            Self::Text(x) => ValueRef::Text(x),
            Self::Bytes(x) => ValueRef::Bytes(x),
        }
    }
}

impl PartialEq for Value {
    /// Numbers compare by their bits: a NaN equals itself, and 0 differs from -0.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits(),
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            _ => false,
        }
    }
}

impl ValueRef<'_> {
    /// Copies it.
    pub fn to_owned(self) -> Value {
        match self {
            Self::None => Value::None,
            Self::F64(x) => Value::F64(x),
            Self::I64(x) => Value::I64(x),
            Self::Bool(x) => Value::Bool(x),
            Self::Text(x) => Value::Text(x.into()),
            Self::Bytes(x) => Value::Bytes(x.into()),
        }
    }
}

/// What a sample says about its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// It had this value.
    #[default]
    Normal,
    /// It ceased to be (a tombstone; left out of every aggregation).
    Deleted,
}

/// A sample to be stored.
#[derive(Clone, Copy, Debug)]
pub struct SampleRef<'a> {
    /// Arrival, microseconds since the epoch: unique in its series, and so its identity.
    pub stamp: i64,
    /// When it was observed, if that is known.
    pub observed: Option<Time>,
    /// Its value.
    pub value: ValueRef<'a>,
    /// What else belongs to it, opaque; costs next to nothing while it stays equal from sample to sample.
    pub rest: &'a [u8],
    /// Value or tombstone.
    pub kind: Kind,
}

/// A sample that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Arrival, microseconds since the epoch: unique in its series, and so its identity.
    pub stamp: i64,
    /// When it was observed, if that is known.
    pub observed: Option<Time>,
    /// Its value.
    pub value: Value,
    /// What else belongs to it, opaque.
    pub rest: Arc<[u8]>,
    /// Value or tombstone.
    pub kind: Kind,
}

impl Sample {
    /// Borrows it.
    pub fn as_ref(&self) -> SampleRef<'_> {
        SampleRef {
            stamp: self.stamp,
            observed: self.observed,
            value: self.value.as_ref(),
            rest: &self.rest,
            kind: self.kind,
        }
    }

    /// Its place on the chosen axis; `None` when it was never said when it was observed.
    pub fn time(&self, by: By) -> Option<i64> {
        match by {
            By::Stamp => Some(self.stamp),
            By::Observed => self.observed.map(Time::micros),
        }
    }
}

impl SampleRef<'_> {
    /// Copies it; its remainder is that of the sample before where they are equal.
    pub(crate) fn to_owned_beside(self, last_rest: &mut Arc<[u8]>) -> Sample {
        if **last_rest != *self.rest {
            *last_rest = self.rest.into();
        }
        Sample {
            stamp: self.stamp,
            observed: self.observed,
            value: self.value.to_owned(),
            rest: Arc::clone(last_rest),
            kind: self.kind,
        }
    }

    /// Copies it.
    pub fn to_owned(self) -> Sample {
        self.to_owned_beside(&mut Arc::default())
    }
}

/// The axis of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// By arrival.
    Stamp,
    /// By observation; samples that do not say when they were observed are left out.
    Observed,
}

/// The direction of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first (with a limit: the last N).
    Descending,
}
