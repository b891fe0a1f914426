//! The nearest neighbours that the sweep does not find: where one of two windows is constant.

use super::comparison::Comparison;
use crate::detect::matrix_profile::metric::{EQUAL, UNLIKE};
use crate::detect::matrix_profile::nearest::NONE;

/// The first constant window of a series, and the first other one that is whole. (Neither is known where the sweep leaves
/// out no windows.)
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Firsts {
    pub(super) constant: Option<usize>,
    pub(super) varied: Option<usize>,
}

impl Firsts {
    pub(super) const NOTHING: Self = Self { constant: None, varied: None };

    /// Those of a piece.
    pub(super) fn of<C: Comparison>(compared: &C, piece: &C::Piece) -> Self {
        if !compared.leaves_out_constants() {
            return Self::NOTHING;
        }
        let first = |constant: bool| {
            let is = |&i: &usize| compared.whole(piece, i) && compared.constant(piece, i) == constant;
            compared.windows(piece).find(is)
        };
        Self { constant: first(true), varied: first(false) }
    }

    /// The earlier ones of both.
    pub(super) fn earlier(self, other: Self) -> Self {
        let least = |a: Option<usize>, b: Option<usize>| a.into_iter().chain(b).min();
        Self { constant: least(self.constant, other.constant), varied: least(self.varied, other.varied) }
    }

    /// The better of what a sweep found for a window and what the conventions say; `end` is the first window that may not
    /// be its neighbour.
    pub(super) fn better(self, constant: bool, end: usize, found: (f64, u32)) -> (f64, u32) {
        let before = |first: Option<usize>| first.filter(|&j| j < end);
        let other = match (constant, before(self.constant), before(self.varied)) {
            (true, Some(j), _) => (EQUAL, j as u32),
            (true, None, Some(j)) | (false, Some(j), _) => (UNLIKE, j as u32),
            _ => (f64::NEG_INFINITY, NONE),
        };
        if other.0 > found.0 { other } else { found }
    }
}
