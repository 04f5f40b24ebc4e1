//! The store's own numbers for names. A number, once given, is never given again, so stored bytes can hold it.
//! Readers look names up without a lock; only the writer adds.

use crate::codec::Damaged;
use belfry_ngsi_ld::Name;
use hashbrown::HashMap;
use parking_lot::RwLock;

/// Number to name and back.
#[derive(Default)]
pub(crate) struct Dictionary {
    names: boxcar::Vec<Name>,
    numbers: RwLock<HashMap<Name, u32>>,
}

impl Dictionary {
    /// The number of a name, given now if it has none.
    pub(crate) fn number(&self, name: Name) -> u32 {
        if let Some(n) = self.known(name) {
            return n;
        }
        let mut numbers = self.numbers.write();
        *numbers.entry(name).or_insert_with(|| self.names.push(name) as u32)
    }

    /// The number of a name that has one.
    pub(crate) fn known(&self, name: Name) -> Option<u32> {
        self.numbers.read().get(&name).copied()
    }

    /// The name of a stored number.
    pub(crate) fn name(&self, number: u64) -> Result<Name, Damaged> {
        self.names.get(number as usize).copied().ok_or(Damaged("they use a name that the dictionary lacks"))
    }

    /// How many names have numbers: 0 to this, exclusive.
    pub(crate) fn len(&self) -> usize {
        self.names.count()
    }

    /// Says again what a stored record said: `name` has `number`.
    pub(crate) fn restore(&self, number: u64, name: Name) -> Result<(), Damaged> {
        match self.names.get(number as usize) {
            Some(known) if *known == name => Ok(()),
            Some(_) => Err(Damaged("two names have one number")),
            None if self.number(name) as u64 == number => Ok(()),
            None => Err(Damaged("the dictionary's numbers have a hole")),
        }
    }
}
