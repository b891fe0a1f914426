//! `paranom::detect::recurrent` for Python.

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2};
use paranom::Error;
use paranom::detect::recurrent::{Affine as Map, Cell, Layer, Network};
use pyo3::prelude::*;

use crate::arrays::copied;
use crate::run;

/// Products that are computed at once without watching for Ctrl-C.
pub(crate) const SHORT: usize = 1 << 21;

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

    /// The sum of the squared outputs of each vector (n, inputs).
    fn squared_lengths<'py>(
        &self,
        py: Python<'py>,
        vectors: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let found = run::guarded(|| {
            let columns = vectors.as_array().ncols();
            if columns != self.0.inputs() {
                let rule = format!("must have {} columns", self.0.inputs());
                return Err(Error::invalid("vectors", columns, rule));
            }
            self.0.squared_lengths(&copied(&vectors)?)
        })?;
        Ok(found.into_pyarray(py))
    }
}

/// Outputs (steps, outputs), and the state that the series ends in.
type Run<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>);

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

    /// Take the rows (steps, inputs) of a series that begins in `state`.
    fn run<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        state: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Run<'py>> {
        let (steps, inputs) = x.as_array().dim();
        let (x, mut state) = run::guarded(|| {
            if inputs != self.0.inputs() {
                return Err(Error::invalid("x", inputs, format!("must have {} channels", self.0.inputs())));
            }
            let state = copied(&state)?;
            if state.len() != self.0.state() {
                let rule = format!("must have {} numbers", self.0.state());
                return Err(Error::invalid("state", state.len(), rule));
            }
            Ok((copied(&x)?, state))
        })?;
        let products = steps.saturating_mul(4 * self.0.state() * self.0.state());
        let found = run::here_if(products <= SHORT, py, |job| self.0.run(&x, &mut state, job))?;
        match Array2::from_shape_vec((steps, self.0.outputs()), found) {
            Ok(found) => Ok((found.into_pyarray(py), state.into_pyarray(py))),
            Err(_) => unreachable!("as many numbers as the shape says"),
        }
    }
}

fn map(weights: &Weights<'_>, bias: &Bias<'_>) -> paranom::Result<Map> {
    let (rows, biases) = (weights.as_array().nrows(), bias.as_array().len());
    if rows != biases {
        return Err(Error::invalid("weights", rows, format!("must have {biases} rows")));
    }
    Map::new(&copied(weights)?, &copied(bias)?)
}
