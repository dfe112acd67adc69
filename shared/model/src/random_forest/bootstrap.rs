//! Bootstrap samples.

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A row in a tree's sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    pub(super) row: u32,
    /// How often it was drawn.
    pub(super) copies: u16,
    /// Its class; 0 where there are none.
    pub(super) class: u16,
}

/// As many draws as there are rows, with replacement: how often each row was drawn.
pub(super) fn draw(rows: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<u16> {
    let mut copies = vec![0_u16; rows];
    for _ in 0..rows {
        let copies = &mut copies[rng.random_range(0..rows)];
        *copies = copies.saturating_add(1);
    }
    copies
}
