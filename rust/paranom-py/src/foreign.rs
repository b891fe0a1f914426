//! Memory and code that Python objects own: all the unsafe code of the binding.

use std::ffi::c_long;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow_buffer::Buffer;
use numpy::{Element, PyArray1, PyArrayMethods, PyReadonlyArray1};
use paranom::generate::native::{Function, Native};
use pyo3::prelude::*;
use pyo3::types::PyType;

/// A NumPy array that Arrow buffers keep alive.
struct Owner<T: Element>(#[allow(dead_code)] Py<PyArray1<T>>);
impl<T: Element> std::panic::RefUnwindSafe for Owner<T> {}

/// A NumPy array as an Arrow buffer, without a copy; none if it is not contiguous or being written to.
pub(crate) fn buffer<T: Element + 'static>(array: &Bound<'_, PyArray1<T>>) -> Option<Buffer> {
    let shared: PyReadonlyArray1<'_, T> = array.try_readonly().ok()?;
    let slice = shared.as_slice().ok()?;
    let bytes = std::mem::size_of_val(slice);
    let start = NonNull::from(slice).cast::<u8>();
    let owner = Arc::new(Owner(array.clone().unbind()));
    // SAFETY: the memory belongs to the NumPy array, which the owner keeps alive as long as the buffer.
    #[allow(unsafe_code)]
    Some(unsafe { Buffer::from_custom_allocation(start, bytes, owner) })
}

/// The memory of an array that outlives the call that it was handed to.
///
/// The caller keeps the array, and the guard that lends its memory, until nothing uses the slice any more: for ever, if
/// that is not known.
pub(crate) fn lasting<T>(slice: &mut [T]) -> &'static mut [T] {
    // SAFETY: `plan::Call::abandonable` drops the guard once the work is done, and never if the work goes on.
    #[allow(unsafe_code)]
    unsafe {
        std::slice::from_raw_parts_mut(slice.as_mut_ptr(), slice.len())
    }
}

/// Raises an exception in a thread, by its number in Python.
pub(crate) fn raise_in_thread(number: c_long, exception: &Bound<'_, PyType>) {
    // SAFETY: this thread holds the GIL, since it has a bound object; a number that is no thread's does nothing.
    #[allow(unsafe_code)]
    unsafe {
        pyo3::ffi::PyThreadState_SetAsyncExc(number, exception.as_ptr());
    }
}

/// The function at an address. The Python caller is responsible for what is there, as with ctypes; the Python
/// module documents what it checks.
pub(crate) fn native(address: usize, name: String, allow_nan: bool) -> Native {
    // SAFETY: `paranom_rs.generate.native` takes addresses only out of objects that declare this signature and that own the
    // code; they are kept beside the function. An address of 0 is refused there.
    #[allow(unsafe_code)]
    unsafe {
        let function = std::mem::transmute::<usize, Function>(address);
        Native::new(function, name, allow_nan)
    }
}
