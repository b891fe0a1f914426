//! `paranom::detect::recurrent` for Python.

use numpy::ndarray::{Array2, Array3};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3,
};
use paranom::detect::recurrent::{Affine as Map, Cell, Layer, Network, Shape};
use paranom::error::try_copy;
use paranom::job::Job;
use paranom::{Error, pool};
use pyo3::prelude::*;

use crate::run;

/// Products that are computed at once without watching for Ctrl-C.
const SHORT: usize = 1 << 21;

type Weights<'py> = PyReadonlyArray2<'py, f64>;
type Bias<'py> = PyReadonlyArray1<'py, f64>;

/// A map from vectors to vectors.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct Affine(pub(crate) Map);

#[pymethods]
impl Affine {
    #[new]
    fn new(weights: Weights<'_>, bias: Bias<'_>) -> PyResult<Self> {
        run::guarded(|| map(&weights, &bias)).map(Self)
    }

    /// The outputs of each vector (n, inputs).
    fn apply<'py>(
        &self,
        py: Python<'py>,
        vectors: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let count = vectors.as_array().nrows();
        let found = run::guarded(|| self.0.outputs_of(&self.taken(&vectors)?))?;
        match Array2::from_shape_vec((count, self.0.outputs()), found) {
            Ok(found) => Ok(found.into_pyarray(py)),
            Err(_) => unreachable!("as many numbers as the shape says"),
        }
    }

    /// The sum of the squared outputs of each vector (n, inputs).
    fn squared_lengths<'py>(
        &self,
        py: Python<'py>,
        vectors: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let found = run::guarded(|| self.0.squared_lengths(&self.taken(&vectors)?))?;
        Ok(found.into_pyarray(py))
    }
}

impl Affine {
    /// The vectors, (n, inputs), one behind the other.
    fn taken(&self, vectors: &PyReadonlyArray2<'_, f64>) -> paranom::Result<Vec<f64>> {
        let rows = vectors.as_array();
        if rows.ncols() != self.0.inputs() {
            return Err(Error::invalid(
                "vectors",
                rows.ncols(),
                format!("must have {} columns", self.0.inputs()),
            ));
        }
        copied(rows.as_slice(), rows.iter())
    }
}

/// Outputs (k, steps, outputs), and the states that the series end in (k, state).
type Run<'py> = (Bound<'py, PyArray3<f64>>, Bound<'py, PyArray2<f64>>);

/// Recurrent layers, and a map of what comes out of the last one.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct RecurrentNetwork(Network);

#[pymethods]
impl RecurrentNetwork {
    /// `layers` holds (weight_ih, weight_hh, bias_ih, bias_hh) of each layer, in torch's shapes; `head` (weight, bias).
    #[new]
    #[pyo3(signature = (cell, layers, head=None))]
    #[allow(clippy::type_complexity)] // the tuples are what Python hands over
    fn new(
        cell: &str,
        layers: Vec<(Weights<'_>, Weights<'_>, Bias<'_>, Bias<'_>)>,
        head: Option<(Weights<'_>, Bias<'_>)>,
    ) -> PyResult<Self> {
        run::guarded(|| {
            let layer = |(wi, wh, bi, bh): &(Weights<'_>, Weights<'_>, Bias<'_>, Bias<'_>)| {
                Ok(Layer { input: map(wi, bi)?, hidden: map(wh, bh)? })
            };
            let layers = layers.iter().map(layer).collect::<paranom::Result<_>>()?;
            let head = head.as_ref().map(|(weights, bias)| map(weights, bias)).transpose()?;
            Network::new(Cell::named(cell)?, layers, head)
        })
        .map(Self)
    }

    /// Numbers of a state.
    #[getter]
    fn state(&self) -> usize {
        self.0.state()
    }

    /// Take series (k, steps, inputs) that begin in `states` (k, state); with `repeat` each is one row, that
    /// many times.
    #[pyo3(signature = (x, states, *, repeat=None, outputs=true, threads=None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray3<'py, f64>,
        states: PyReadonlyArray2<'py, f64>,
        repeat: Option<usize>,
        outputs: bool,
        threads: Option<usize>,
    ) -> PyResult<Run<'py>> {
        let (x, begun) = (x.as_array(), states.as_array());
        let (count, rows, inputs) = x.dim();
        let shape = Shape { steps: repeat.unwrap_or(rows), constant: repeat.is_some(), outputs };
        let threads = run::guarded(|| pool::thread_count(threads))?;
        let (x, mut states) = run::guarded(|| {
            if inputs != self.0.inputs() || (shape.constant && rows != 1) {
                let rule = format!("must have {} channels, and one row if it is repeated", self.0.inputs());
                return Err(Error::invalid("x", format!("shape ({count}, {rows}, {inputs})"), rule));
            }
            if begun.dim() != (count, self.0.state()) {
                let rule = format!("must have shape ({count}, {})", self.0.state());
                return Err(Error::invalid("states", format!("shape {:?}", begun.dim()), rule));
            }
            Ok((copied(x.as_slice(), x.iter())?, copied(begun.as_slice(), begun.iter())?))
        })?;
        let products = count.saturating_mul(shape.steps).saturating_mul(self.0.state() * 4 * self.0.state());
        let found = if products <= SHORT {
            run::guarded(|| self.0.run(&x, &mut states, shape, 1, &Job::new()))?
        } else {
            run::detached(py, None, |job| self.0.run(&x, &mut states, shape, threads, job))?
        };
        let steps = if outputs { shape.steps } else { 0 };
        let found = Array3::from_shape_vec((count, steps, self.0.outputs()), found);
        let states = Array2::from_shape_vec((count, self.0.state()), states);
        match (found, states) {
            (Ok(found), Ok(states)) => Ok((found.into_pyarray(py), states.into_pyarray(py))),
            _ => unreachable!("as many numbers as the shape says"),
        }
    }
}

/// A copy: other threads of Python may write to the array meanwhile.
fn copied<'a>(slice: Option<&[f64]>, items: impl Iterator<Item = &'a f64>) -> paranom::Result<Vec<f64>> {
    slice.map_or_else(|| Ok(items.copied().collect()), try_copy)
}

fn map(weights: &Weights<'_>, bias: &Bias<'_>) -> paranom::Result<Map> {
    let (weights, bias) = (weights.as_array(), bias.as_array());
    if weights.nrows() != bias.len() {
        return Err(Error::invalid("weights", weights.nrows(), format!("must have {} rows", bias.len())));
    }
    Map::new(&copied(weights.as_slice(), weights.iter())?, &copied(bias.as_slice(), bias.iter())?)
}
