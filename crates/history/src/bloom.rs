//! A Bloom filter over series keys (xxh3, ten bits a key): says for certain that a run does not hold a series.

use xxhash_rust::xxh3::xxh3_64;

const PROBES: u64 = 7;

/// The hash of a key that the filter is fed with.
pub(crate) fn hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// The bits.
pub(crate) struct Bloom {
    bits: Box<[u8]>,
}

impl Bloom {
    /// A filter over these hashes.
    pub(crate) fn build(hashes: &[u64]) -> Self {
        let mut bloom = Self { bits: vec![0; (hashes.len() * 10).div_ceil(8).max(8)].into_boxed_slice() };
        for &h in hashes {
            for probe in 0..PROBES {
                let bit = bloom.bit(h, probe);
                bloom.bits[bit / 8] |= 1 << (bit % 8);
            }
        }
        bloom
    }

    /// From stored bits; none at all means that every key may be there.
    pub(crate) fn from_bytes(bits: &[u8]) -> Self {
        Self { bits: bits.into() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bits
    }

    /// Whether a key with this hash may be there.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        self.bits.is_empty()
            || (0..PROBES).all(|probe| {
                let bit = self.bit(hash, probe);
                self.bits[bit / 8] & (1 << (bit % 8)) != 0
            })
    }

    fn bit(&self, hash: u64, probe: u64) -> usize {
        let step = (hash >> 32) | 1;
        (hash.wrapping_add(probe.wrapping_mul(step)) % (self.bits.len() as u64 * 8)) as usize
    }
}
