//! Rows of the kernel matrix, the least recently used of which make room for others.

use rayon::prelude::*;

use super::kernel::similarities;
use crate::tiles::{LANES, Tiles};

/// Tiles that one thread takes at a time.
const TASK: usize = 128;

/// No row.
const NONE: u32 = u32::MAX;

/// Computes rows of the kernel matrix and keeps as many as fit.
pub(super) struct KernelRows<'a> {
    tiles: &'a Tiles,
    gamma: f64,
    /// Slots there may be, at least 2.
    capacity: usize,
    slots: Vec<Slot>,
    /// The slot of every row, or [`NONE`].
    slot_of: Vec<u32>,
    clock: u64,
}

struct Slot {
    row: u32,
    used: u64,
    values: Vec<f64>,
}

impl<'a> KernelRows<'a> {
    /// Keeps up to so many bytes of rows, and two rows in any case.
    pub(super) fn new(tiles: &'a Tiles, gamma: f64, bytes: usize) -> Self {
        let row_bytes = tiles.tiles() * LANES * size_of::<f64>();
        let capacity = (bytes / row_bytes.max(1)).clamp(2, tiles.len().max(2));
        Self { tiles, gamma, capacity, slots: Vec::new(), slot_of: vec![NONE; tiles.len()], clock: 0 }
    }

    /// Rows `i` and `j`, each of one value per training row at least.
    pub(super) fn pair(&mut self, i: usize, j: usize) -> (&[f64], &[f64]) {
        // The one fetched first is the last but one used, so fetching the other does not drop it.
        let slots = (self.fetch(i), self.fetch(j));
        (&self.slots[slots.0].values, &self.slots[slots.1].values)
    }

    pub(super) fn row(&mut self, row: usize) -> &[f64] {
        let slot = self.fetch(row);
        &self.slots[slot].values
    }

    fn fetch(&mut self, row: usize) -> usize {
        self.clock += 1;
        let known = self.slot_of[row];
        let slot = if known == NONE { self.room() } else { known as usize };
        self.slots[slot].used = self.clock;
        if known == NONE {
            self.slot_of[row] = slot as u32;
            self.slots[slot].row = row as u32;
            self.fill(slot, row);
        }
        slot
    }

    /// A slot to be filled: a new one, or that of the row not used for longest.
    fn room(&mut self) -> usize {
        if self.slots.len() < self.capacity {
            self.slots.push(Slot { row: NONE, used: 0, values: vec![0.0; self.tiles.tiles() * LANES] });
            return self.slots.len() - 1;
        }
        let oldest = self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.used).map_or(0, |(slot, _)| slot);
        self.slot_of[self.slots[oldest].row as usize] = NONE;
        oldest
    }

    fn fill(&mut self, slot: usize, row: usize) {
        let asked = self.tiles.row(row);
        let (tiles, gamma) = (self.tiles, self.gamma);
        self.slots[slot].values.par_chunks_mut(TASK * LANES).enumerate().for_each(|(task, values)| {
            for (at, values) in values.chunks_exact_mut(LANES).enumerate() {
                values.copy_from_slice(&similarities(tiles, task * TASK + at, &asked, gamma));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::bell;

    #[test]
    fn rows_are_the_same_however_few_are_kept() {
        let matrix = bell(100, 3, 1);
        let tiles = Tiles::new(3, matrix.rows());
        let row_bytes = 104 * 8;
        let (mut few, mut all) = (KernelRows::new(&tiles, 0.3, 0), KernelRows::new(&tiles, 0.3, 1 << 20));
        assert_eq!((few.capacity, all.capacity), (2, 100));
        let mut some = KernelRows::new(&tiles, 0.3, row_bytes * 7);
        for at in 0..500 {
            let (i, j) = (at * 37 % 100, at * at % 100);
            let expected = all.pair(i, j);
            assert_eq!(few.pair(i, j), expected);
            assert_eq!(some.pair(i, j), expected);
            assert!((expected.0[i] - 1.0).abs() < 1e-15 && (expected.0[j] - expected.1[i]).abs() < 1e-15);
        }
        assert_eq!((few.slots.len(), some.slots.len()), (2, 7));
    }
}
