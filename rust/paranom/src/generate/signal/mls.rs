//! A maximum length sequence: the 2^order - 1 signs of a shift register with feedback, before they repeat; or the walk
//! that they step, between -1 and 1.

use super::pattern::Pattern;
use super::periodic::parse as periodic;
use crate::Result;
use crate::generate::rule::{Rule, span_of};
use crate::generate::scope::Scope;
use crate::spec::Table;

/// Bits that feed back, for registers of 2 to 16: primitive polynomials.
const TAPS: [&[u32]; 15] = [
    &[2, 1],
    &[3, 2],
    &[4, 3],
    &[5, 3],
    &[6, 5],
    &[7, 6],
    &[8, 6, 5, 4],
    &[9, 5],
    &[10, 7],
    &[11, 9],
    &[12, 6, 4, 1],
    &[13, 4, 3, 1],
    &[14, 5, 3, 1],
    &[15, 14],
    &[16, 15, 13, 4],
];

pub(super) fn parse(table: &Table, scope: &Scope) -> Result<Box<dyn Rule>> {
    let order = table.need("order")?.whole(2, 16)? as u32;
    let walk = table.flag_or("walk", false)?;
    let signs = signs(order);
    let period = signs.len() as f64;
    periodic(table, scope, Pattern::new(if walk { steps(&signs) } else { signs }, true), Some(period))
}

fn signs(order: u32) -> Vec<f64> {
    let taps = TAPS[order as usize - 2];
    let mut register = (1_u32 << order) - 1;
    (1..1_u32 << order)
        .map(|_| {
            let fed = taps.iter().fold(0, |bit, tap| bit ^ (register >> (tap - 1)) & 1);
            register = (register << 1 | fed) & ((1 << order) - 1);
            if fed == 1 { 1.0 } else { -1.0 }
        })
        .collect()
}

/// The sums of the signs so far, brought to [-1, 1].
fn steps(signs: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let sums: Vec<f64> = signs
        .iter()
        .map(|sign| {
            sum += sign;
            sum
        })
        .collect();
    let (low, high) = span_of(&sums);
    sums.iter().map(|x| 2.0 * ((x - low) / (high - low)) - 1.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_do_not_repeat_early() {
        for order in 2..=16 {
            let signs = signs(order);
            let n = signs.len();
            assert_eq!(signs.iter().sum::<f64>(), 1.0, "one 1 more than -1s, of order {order}");
            for lag in [1, 2, 3, n / 3, n / 2, n - 1] {
                if lag % n != 0 {
                    let product: f64 = (0..n).map(|i| signs[i] * signs[(i + lag) % n]).sum();
                    assert_eq!(product, -1.0, "autocorrelation at lag {lag} of order {order}");
                }
            }
        }
    }
}
