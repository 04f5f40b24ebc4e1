//! The store's own numbers for names. A number, once given, is never given again, so stored bytes can hold it.
//! Readers look names up without a lock; only the writer adds.

use crate::codec::Damaged;
use belfry_ngsi_ld::Name;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// Number to name and back.
#[derive(Default)]
pub(crate) struct Dictionary {
    names: boxcar::Vec<Name>,
    /// By the number that a name has in this process: one more than its number here, or 0 when it has none.
    numbers: boxcar::Vec<AtomicU32>,
    adding: Mutex<()>,
}

impl Dictionary {
    /// The number of a name, given now if it has none.
    pub(crate) fn number(&self, name: Name) -> u32 {
        self.known(name).unwrap_or_else(|| self.add(name))
    }

    fn add(&self, name: Name) -> u32 {
        let _alone = self.adding.lock();
        if let Some(number) = self.known(name) {
            return number;
        }
        let place = name.id() as usize;
        while self.numbers.count() <= place {
            self.numbers.push(AtomicU32::new(0));
        }
        let number = self.names.push(name) as u32;
        // After the name: who finds the number finds the name.
        self.numbers[place].store(number + 1, Ordering::Release);
        number
    }

    /// The number of a name that has one.
    pub(crate) fn known(&self, name: Name) -> Option<u32> {
        self.numbers.get(name.id() as usize)?.load(Ordering::Acquire).checked_sub(1)
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
