//! A timing wheel: which of millions of devices is due next, at a cost that does not grow with their number (G. Varghese and
//! T. Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987). Two levels of lists that run through the devices
//! themselves: 8 bytes each, nothing allocated after the start.

/// Slots of the fine level, a second each.
const FINE: u32 = 4_096;
/// Slots of the coarse level, [`FINE`] seconds each: 24 days.
const COARSE: u32 = 512;
/// No device.
const NONE: u32 = u32::MAX;

/// The wheel. Times are whole seconds since the start.
#[derive(Clone, Debug)]
pub struct Wheel {
    next: Vec<u32>,
    due: Vec<u32>,
    fine: Vec<u32>,
    coarse: Vec<u32>,
    /// A bit for each fine slot in which somebody waits.
    occupied: Vec<u64>,
    /// The second that is being handed out.
    now: u32,
    waiting: usize,
}

impl Wheel {
    /// A wheel for so many devices, none of them waiting.
    pub fn new(devices: usize) -> Self {
        Self {
            next: vec![NONE; devices],
            due: vec![0; devices],
            fine: vec![NONE; FINE as usize],
            coarse: vec![NONE; COARSE as usize],
            occupied: vec![0; FINE as usize / 64],
            now: 0,
            waiting: 0,
        }
    }

    /// Lets a device wait until a second; one that is past counts as now. A device must not wait twice.
    pub fn wait(&mut self, device: u32, due: u32) {
        self.due[device as usize] = due.max(self.now);
        self.waiting += 1;
        self.put(device);
    }

    fn put(&mut self, device: u32) {
        let due = self.due[device as usize];
        let head = if due / FINE == self.now / FINE {
            let slot = due % FINE;
            self.occupied[slot as usize / 64] |= 1 << (slot % 64);
            &mut self.fine[slot as usize]
        } else {
            // What is farther away than the wheel reaches goes round it, and is looked at once each round.
            let ahead = (due / FINE - self.now / FINE).min(COARSE - 1);
            &mut self.coarse[((self.now / FINE + ahead) % COARSE) as usize]
        };
        self.next[device as usize] = *head;
        *head = device;
    }

    /// The next device that is due before `until`, with the second at which it is; none when there is no more.
    pub fn pop(&mut self, until: u32) -> Option<(u32, u32)> {
        loop {
            if self.now >= until || self.waiting == 0 {
                return None;
            }
            match self.occupied_from(self.now % FINE) {
                Some(slot) => {
                    let second = self.now / FINE * FINE + slot;
                    if second >= until {
                        return None;
                    }
                    self.now = second;
                    let device = self.fine[slot as usize];
                    self.fine[slot as usize] = self.next[device as usize];
                    if self.fine[slot as usize] == NONE {
                        self.occupied[slot as usize / 64] &= !(1 << (slot % 64));
                    }
                    self.waiting -= 1;
                    return Some((device, second));
                }
                None => {
                    let turn = (self.now / FINE + 1).saturating_mul(FINE);
                    if turn >= until || turn == u32::MAX {
                        return None;
                    }
                    self.now = turn;
                    let slot = (turn / FINE % COARSE) as usize;
                    let mut device = std::mem::replace(&mut self.coarse[slot], NONE);
                    while device != NONE {
                        let after = self.next[device as usize];
                        self.put(device);
                        device = after;
                    }
                }
            }
        }
    }

    /// The first occupied fine slot from one on.
    fn occupied_from(&self, slot: u32) -> Option<u32> {
        let (first, bit) = (slot as usize / 64, slot % 64);
        let mut word = self.occupied[first] & (u64::MAX << bit);
        for at in first..self.occupied.len() {
            if word != 0 {
                return Some(at as u32 * 64 + word.trailing_zeros());
            }
            word = *self.occupied.get(at + 1).unwrap_or(&0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Draw;
    use std::collections::BTreeSet;

    #[test]
    fn it_hands_out_what_a_sorted_set_would() {
        let mut draw = Draw::new(5, 0);
        for _ in 0..20 {
            let devices = 1 + draw.below(300) as u32;
            let mut wheel = Wheel::new(devices as usize);
            let mut set = BTreeSet::new();
            for device in 0..devices {
                let due = draw.below(6_000_000) as u32;
                wheel.wait(device, due);
                set.insert((due, device));
            }
            let mut until = 0;
            for _ in 0..3_000 {
                until += draw.below(9_000) as u32;
                while let Some((device, second)) = wheel.pop(until) {
                    assert!(set.remove(&(second, device)), "{device} at {second}");
                    assert!(set.first().is_none_or(|(first, _)| *first >= second), "out of order");
                    let due = second + draw.below(3_000_000) as u32;
                    wheel.wait(device, due);
                    set.insert((due, device));
                }
                assert!(set.first().is_none_or(|(first, _)| *first >= until), "one was not handed out by {until}");
            }
        }
    }
}
