//! Lines of text that are being made, in memory that is there: short pieces are copied by a fixed number of bytes, and what
//! comes next overwrites what was too much.

use paranom::error::try_filled;

use crate::error::Result;
use crate::shortest::ROOM;

/// Bytes that are copied at once.
const SHORT: usize = 16;

/// A text that is written again and again.
pub(crate) struct Piece {
    short: [u8; SHORT],
    text: Box<[u8]>,
}

impl Piece {
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut short = [0; SHORT];
        if let Some(start) = short.get_mut(..text.len()) {
            start.copy_from_slice(text);
        }
        Self { short, text: text.into() }
    }

    /// The bytes that it is given.
    pub(crate) fn room(&self) -> usize {
        self.text.len().max(SHORT)
    }
}

/// Lines that are being made.
pub(crate) struct Lines {
    bytes: Vec<u8>,
    len: usize,
}

impl Lines {
    /// Room for so many bytes, each text and number in room of its own.
    pub(crate) fn new(room: usize) -> Result<Self> {
        let bytes = try_filled(0, room)?;
        Ok(Self { bytes, len: 0 })
    }

    /// Appends a piece.
    #[inline(always)]
    pub(crate) fn piece(&mut self, piece: &Piece) {
        if piece.text.len() > SHORT {
            return self.bytes(&piece.text);
        }
        self.bytes[self.len..][..SHORT].copy_from_slice(&piece.short);
        self.len += piece.text.len();
    }

    /// Appends what `write` puts into the next bytes; it returns how many count.
    #[inline(always)]
    pub(crate) fn number(&mut self, write: impl FnOnce(&mut [u8; ROOM]) -> usize) {
        if let Some(text) = self.bytes[self.len..].first_chunk_mut() {
            self.len += write(text);
        }
    }

    /// Appends bytes.
    #[inline(always)]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// What there is.
    pub(crate) fn text(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Begins anew.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }
}
