//! The simulator's randomness: numbers that follow from a seed and from nothing else. Two forms of one generator: a
//! stream for what is made once, and a hash of (seed, what, count) for devices, which so keep no state of their own.
//!
//! The generator is SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
//! 2014): a counter with a golden step, mixed by two multiplications. It passes BigCrush, and any place of it can be
//! computed without those before. It is no source of secrets.

use std::f64::consts::TAU;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of SplitMix64.
fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of two numbers under a seed.
pub fn hash(seed: u64, what: u64, count: u64) -> u64 {
    mixed(mixed(seed ^ what.wrapping_mul(GOLDEN)).wrapping_add(count.wrapping_mul(GOLDEN)))
}

/// A hash as a share, 0 to below 1.
pub fn share(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// A hash as a number of mean 0 and deviation 1: the sum of four uniform ones (Irwin-Hall), so never beyond 3.47. That it is
/// bounded is wanted: "within the stated noise" can be tested without exceptions.
pub fn bell(hash: u64) -> f32 {
    let part = |shift: u32| (hash >> shift & 0xffff) as f32;
    let sum = part(0) + part(16) + part(32) + part(48);
    // Four uniform numbers of 0 to 65,535 have mean 131,070 and deviation 37,837.
    (sum - 131_070.0) / 37_837.23
}

/// The farthest that [`bell`] gets from 0.
pub const BELL_MAX: f32 = 3.47;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The stream of a seed, for one purpose.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(hash(seed, purpose, 0))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// From 0 to below 1.
    pub fn share(&mut self) -> f64 {
        share(self.bits())
    }

    /// From `low` to below `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// From 0 to below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.share() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Whether a thing of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// Normal, of mean 0 and deviation 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.share(), self.share());
        (-2.0 * a.ln()).sqrt() * (TAU * b).cos()
    }

    /// Exponential of this mean: the wait for what happens at a constant rate.
    pub fn wait(&mut self, mean: f64) -> f64 {
        -(1.0 - self.share()).ln() * mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of SplitMix64 from state 0, as its authors' C code prints them.
        let mut draw = Draw(0);
        assert_eq!([draw.bits(), draw.bits()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn forms_have_the_means_and_deviations_that_they_state() {
        let n = 200_000_u64;
        let mean = |f: &dyn Fn(u64) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
        let at = |i| f64::from(bell(hash(7, 1, i)));
        assert!(mean(&at).abs() < 0.01, "{}", mean(&at));
        assert!((mean(&|i| at(i).powi(2)) - 1.0).abs() < 0.02);
        assert!((0..n).all(|i| at(i).abs() <= f64::from(BELL_MAX)));
        assert!((mean(&|i| share(hash(7, i, 3))) - 0.5).abs() < 0.005);
        let mut draw = Draw::new(3, 4);
        let waits: f64 = (0..n).map(|_| draw.wait(5.0)).sum::<f64>() / n as f64;
        let squares: f64 = (0..n).map(|_| draw.normal().powi(2)).sum::<f64>() / n as f64;
        assert!((waits - 5.0).abs() < 0.1 && (squares - 1.0).abs() < 0.02, "{waits} {squares}");
    }
}
