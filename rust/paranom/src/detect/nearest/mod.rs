//! The nearest windows of a reference, over all channels at once, exactly.
//!
//! The distance of two windows is the root of the mean squared difference of their cells. Each reference window has
//! coordinates along a few orthonormal `directions`; the distance of the coordinates is a lower bound of that of the
//! windows. A query walks through the reference in the order of the first coordinate, outwards from its own, until that
//! coordinate alone is too far; windows whose bound is low enough are summed, and given up as soon as the sum is too
//! large. Where bounds exclude little (noise), all windows are summed side by side instead. So the answer is that of brute force, to the last bit.
//!
//! * `index`: the reference, and the search in it.
//! * `directions`: what the coordinates are along.
//! * `sums`: inner products and squared distances, in one order of summation at every instruction set.

mod directions;
mod index;
mod sums;

pub use index::{Guide, NearestIndex, Neighbour};
