//! Which row keeps a datum.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::drawn::{DrawnBlock, PENDING, SETTLED};
use super::key_table::KeyTable;
use super::propose::Proposals;
use crate::Result;
use crate::error::try_filled;
use crate::generate::block::BLOCK;
use crate::simd::Kernel;

/// Gives each datum of a shard to the lowest row that proposed it, unless a row before the window has it.
pub struct Settle<'a> {
    pub shard: usize,
    pub proposals: &'a [Proposals],
    pub held: &'a mut KeyTable<u32>,
    pub register: &'a KeyTable<()>,
    pub drawn: &'a [DrawnBlock],
}

impl Kernel for Settle<'_> {
    type Output = Result<()>;
    #[inline(always)]
    fn run(self) -> Result<()> {
        /// Data that are searched for together.
        const AHEAD: usize = 32;
        let Self { shard, proposals, held, register, drawn } = self;
        let total = proposals.iter().map(|of| of.of(shard).len()).sum();
        // Those that are not in the register, with their rows in the window.
        let mut fresh = try_filled((0, 0, 0_u32), total)?;
        let mut n = 0;
        let mut batches = proposals.iter().enumerate().flat_map(|(block, of)| {
            let Range { start, end } = of.of(shard);
            (start..end).step_by(AHEAD).map(move |from| (block, from..end.min(from + AHEAD)))
        });
        let mut next = batches.next();
        while let Some((block, range)) = next {
            next = batches.next();
            if let Some((block, range)) = &next {
                for at in range.clone() {
                    register.prefetch(proposals[*block].key(at));
                }
            }
            let of = &proposals[block];
            for at in range {
                let (high, low) = of.key(at);
                let known = register.contains((high, low));
                // No jump depends on that: half of them would be mispredicted.
                of.states[at].store(if known { PENDING } else { SETTLED }, Ordering::Relaxed);
                fresh[n] = (high, low, (block * BLOCK) as u32 | u32::from(of.rows[at]));
                n += usize::from(!known);
            }
        }
        held.reserve(n)?;
        for &(high, low, row) in &fresh[..n] {
            if let Some(holder) = held.get_or_insert((high, low), row)? {
                let away = row.max(*holder);
                *holder = row.min(*holder);
                drawn[away as usize / BLOCK].states[away as usize % BLOCK].store(PENDING, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}
