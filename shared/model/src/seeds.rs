//! One generator per tree from one seed.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator of one tree. Both numbers are mixed, so that neither neighbouring seeds nor neighbouring trees share
/// part of their sequences.
pub(crate) fn generator(seed: u64, tree: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(splitmix(splitmix(seed).wrapping_add(tree)))
}

/// One step of `SplitMix64` (Steele, Lea, Flood 2014): a bijection whose every output bit hangs on every input bit.
fn splitmix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn generators_of_neighbouring_seeds_and_trees_differ() {
        let mut first: Vec<u64> =
            (0..50).flat_map(|seed| (0..50).map(move |tree| generator(seed, tree).random())).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 2500);
    }
}
