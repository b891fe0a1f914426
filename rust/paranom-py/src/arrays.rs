//! Arrays of NumPy as the core takes them. All are copied: other threads of Python may write to an array meanwhile.

use numpy::ndarray::{ArrayView, Dimension};
use numpy::{Element, PyReadonlyArray};
use paranom::Result;
use paranom::error::{try_copy, try_vec};

/// A copy of an array.
pub(crate) fn copied<T: Element + Copy, D: Dimension>(array: &PyReadonlyArray<'_, T, D>) -> Result<Vec<T>> {
    copy_of(array.as_array())
}

/// A copy of a view.
pub(crate) fn copy_of<T: Copy, D: Dimension>(view: ArrayView<'_, T, D>) -> Result<Vec<T>> {
    if let Some(slice) = view.as_slice() {
        return try_copy(slice);
    }
    let mut copy = try_vec(view.len())?;
    copy.extend(view);
    Ok(copy)
}
