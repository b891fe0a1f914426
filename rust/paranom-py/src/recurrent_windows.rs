//! `paranom::detect::recurrent::windows` for Python.

use numpy::ndarray::{Array2, Array3};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3,
};
use paranom::detect::recurrent::Cell;
use paranom::detect::recurrent::windows::{
    Adam, Autoencoder, Epoch, Forecaster, Loss, Model, Scale, Score, ScoreStream as Stream, Trainer, Windows,
};
use paranom::error::try_copy;
use paranom::job::Job;
use paranom::{Error, Result, pool};
use pyo3::prelude::*;

use crate::arrays::copied;
use crate::fork_lock::ForkLock;
use crate::recurrent::{Affine, SHORT};
use crate::run;

type Numbers<'py> = PyReadonlyArray1<'py, f32>;

/// Weights, both means of the optimiser, and its steps.
type State<'py> = (Bound<'py, PyArray1<f32>>, Bound<'py, PyArray1<f32>>, Bound<'py, PyArray1<f32>>, u64);

/// Means, standard deviations and a limit.
type ScaleArrays<'py> = (PyReadonlyArray1<'py, f64>, PyReadonlyArray1<'py, f64>, f64);

/// What is trained.
#[allow(clippy::large_enum_variant)] // there is one for a whole training
enum Network {
    Autoencoder(Trainer<Autoencoder>),
    Forecaster(Trainer<Forecaster>),
}

/// The same call for each kind of network.
macro_rules! each {
    ($network:expr, $trainer:ident => $call:expr) => {
        match $network {
            Network::Autoencoder($trainer) => $call,
            Network::Forecaster($trainer) => $call,
        }
    };
}

/// A recurrent network that is trained.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct RecurrentTrainer(ForkLock<Network>);

#[pymethods]
impl RecurrentTrainer {
    /// An autoencoder; `state` holds its weights, both means of Adam (all in torch's order), and the steps made.
    #[staticmethod]
    #[allow(clippy::too_many_arguments)] // a network has that many sizes
    fn autoencoder(
        cell: &str,
        features: usize,
        units: usize,
        layers: usize,
        variational: bool,
        loss: &str,
        state: (Numbers<'_>, Numbers<'_>, Numbers<'_>, u64),
    ) -> PyResult<Self> {
        run::guarded(|| {
            check_sizes(&[("features", features), ("units", units), ("layers", layers)])?;
            let (cell, loss) = (Cell::named(cell)?, loss_named(loss)?);
            let network = Autoencoder::new(cell, features, units, layers, variational, loss)?;
            trainer(network, &state).map(Network::Autoencoder)
        })
        .map(|network| Self(ForkLock::new("RecurrentTrainer", network)))
    }

    /// A forecaster; `starts` holds outputs and cells that series begin in, (layers * units) each.
    #[staticmethod]
    fn forecaster(
        features: usize,
        units: usize,
        layers: usize,
        horizon: usize,
        starts: (Numbers<'_>, Numbers<'_>),
        state: (Numbers<'_>, Numbers<'_>, Numbers<'_>, u64),
    ) -> PyResult<Self> {
        run::guarded(|| {
            let sizes = [("features", features), ("units", units), ("layers", layers), ("horizon", horizon)];
            check_sizes(&sizes)?;
            let (hidden, cells) = (copied(&starts.0)?, copied(&starts.1)?);
            let network = Forecaster::new(features, units, layers, horizon, &hidden, &cells)?;
            trainer(network, &state).map(Network::Forecaster)
        })
        .map(|network| Self(ForkLock::new("RecurrentTrainer", network)))
    }

    /// Go through the windows (n, rows, columns) that `order` names, `size` of them a step; return the sum of their losses.
    #[pyo3(signature = (windows, order, size, rates, *, clip=None, weight=0.0, noise=None, threads=None))]
    #[allow(clippy::too_many_arguments)] // an epoch is made of these
    fn epoch(
        &self,
        py: Python<'_>,
        windows: PyReadonlyArray3<'_, f32>,
        order: PyReadonlyArray1<'_, i64>,
        size: usize,
        rates: PyReadonlyArray1<'_, f64>,
        clip: Option<f64>,
        weight: f32,
        noise: Option<Numbers<'_>>,
        threads: Option<usize>,
    ) -> PyResult<f64> {
        let (_, rows, columns) = windows.as_array().dim();
        let threads = run::guarded(|| pool::thread_count(threads))?;
        let (values, order, rates, noise) = run::guarded(|| {
            let order: Vec<usize> = order
                .as_array()
                .iter()
                .map(|&number| usize::try_from(number))
                .collect::<std::result::Result<_, _>>()
                .map_err(|_| Error::invalid("order", "a negative number", "must be numbers of windows"))?;
            let noise = noise.as_ref().map_or_else(|| Ok(Vec::new()), copied)?;
            Ok((copied(&windows)?, order, copied(&rates)?, noise))
        })?;
        run::detached(py, None, |job| {
            let windows = Windows { values: &values, rows, columns };
            let epoch = Epoch { order: &order, size, rates: &rates, clip, weight, noise: &noise };
            let mut network = self.0.lock()?;
            each!(&mut *network, trainer => trainer.epoch(windows, epoch, threads, job))
        })
    }

    /// Return the loss of each window (n, rows, columns), with the mean of what is drawn.
    #[pyo3(signature = (windows, *, weight=0.0, threads=None))]
    fn losses<'py>(
        &self,
        py: Python<'py>,
        windows: PyReadonlyArray3<'py, f32>,
        weight: f32,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (_, rows, columns) = windows.as_array().dim();
        let threads = run::guarded(|| pool::thread_count(threads))?;
        let values = run::guarded(|| copied(&windows))?;
        let found = run::detached(py, None, |job| {
            let windows = Windows { values: &values, rows, columns };
            let mut network = self.0.lock()?;
            each!(&mut *network, trainer => trainer.losses(windows, weight, threads, job))
        })?;
        Ok(found.into_pyarray(py))
    }

    /// Return the mean loss of windows (n, rows, columns), and its gradient by the weights.
    #[pyo3(signature = (windows, *, weight=0.0, noise=None))]
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        windows: PyReadonlyArray3<'py, f32>,
        weight: f32,
        noise: Option<Numbers<'py>>,
    ) -> PyResult<(f64, Bound<'py, PyArray1<f32>>)> {
        let (_, rows, columns) = windows.as_array().dim();
        let (values, noise) =
            run::guarded(|| Ok((copied(&windows)?, noise.as_ref().map_or_else(|| Ok(Vec::new()), copied)?)))?;
        let (loss, gradient) = self.0.with(py, |network| {
            let windows = Windows { values: &values, rows, columns };
            each!(network, trainer => {
                let (loss, gradient) = trainer.gradient(windows, weight, &noise)?;
                Ok((loss, try_copy(gradient)?))
            })
        })?;
        Ok((loss, gradient.into_pyarray(py)))
    }

    /// Return the weights, both means of Adam, and the steps made.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<State<'py>> {
        let (weights, adam) = self.0.with(
            py,
            |network| each!(network, trainer => Ok((try_copy(trainer.weights())?, trainer.adam().clone()))),
        )?;
        Ok((weights.into_pyarray(py), adam.first.into_pyarray(py), adam.second.into_pyarray(py), adam.steps))
    }
}

/// An autoencoder that is evaluated.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct WindowNetwork(Autoencoder);

#[pymethods]
impl WindowNetwork {
    /// `weights` in torch's order.
    #[new]
    fn new(
        cell: &str,
        features: usize,
        units: usize,
        layers: usize,
        variational: bool,
        weights: Numbers<'_>,
    ) -> PyResult<Self> {
        run::guarded(|| {
            check_sizes(&[("features", features), ("units", units), ("layers", layers)])?;
            let network =
                Autoencoder::new(Cell::named(cell)?, features, units, layers, variational, Loss::L1)?;
            network.with(&copied(&weights)?)
        })
        .map(Self)
    }

    /// Return the latent vectors (k, units) of windows (k, rows, features).
    #[pyo3(signature = (windows, *, threads=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        windows: PyReadonlyArray3<'py, f64>,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (count, rows, columns) = windows.as_array().dim();
        let threads = run::guarded(|| pool::thread_count(threads))?;
        let values = run::guarded(|| {
            if columns != self.0.features() {
                let rule = format!("must have {} columns", self.0.features());
                return Err(Error::invalid("windows", columns, rule));
            }
            copied(&windows)
        })?;
        let found = self.computed(py, count, rows, |job| self.0.encode(&values, rows, threads, job))?;
        match Array2::from_shape_vec((count, self.0.units()), found) {
            Ok(found) => Ok(found.into_pyarray(py)),
            Err(_) => unreachable!("as many numbers as the shape says"),
        }
    }

    /// Return windows (k, rows, features) of latent vectors (k, units).
    #[pyo3(signature = (latent, rows, *, threads=None))]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        latent: PyReadonlyArray2<'py, f64>,
        rows: usize,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray3<f64>>> {
        let (count, columns) = latent.as_array().dim();
        let threads = run::guarded(|| pool::thread_count(threads))?;
        let values = run::guarded(|| {
            if columns != self.0.units() {
                return Err(Error::invalid(
                    "latent",
                    columns,
                    format!("must have {} columns", self.0.units()),
                ));
            }
            copied(&latent)
        })?;
        let found = self.computed(py, count, rows, |job| self.0.decode(&values, rows, threads, job))?;
        match Array3::from_shape_vec((count, rows, self.0.features()), found) {
            Ok(found) => Ok(found.into_pyarray(py)),
            Err(_) => unreachable!("as many numbers as the shape says"),
        }
    }

    /// Return how far windows (k, rows, features) are from those of latent vectors (k, units), (k,), by a loss.
    #[pyo3(signature = (windows, latent, loss, *, threads=None))]
    fn errors<'py>(
        &self,
        py: Python<'py>,
        windows: PyReadonlyArray3<'py, f64>,
        latent: PyReadonlyArray2<'py, f64>,
        loss: &str,
        threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (count, rows, columns) = windows.as_array().dim();
        let threads = run::guarded(|| pool::thread_count(threads))?;
        let (loss, values, vectors) = run::guarded(|| {
            if columns != self.0.features() || latent.as_array().dim() != (count, self.0.units()) {
                let rule = format!("must have {} columns, and a latent vector each", self.0.features());
                return Err(Error::invalid("windows", columns, rule));
            }
            Ok((loss_named(loss)?, copied(&windows)?, copied(&latent)?))
        })?;
        let found = self
            .computed(py, count, rows, |job| self.0.distances(&values, &vectors, rows, loss, threads, job))?;
        Ok(found.into_pyarray(py))
    }

    /// Return a stream of rows, of which each ends a window that is scored by its latent vector. `scale` holds means, standard
    /// deviations and a limit; `gaussian` the mean of latent vectors and what makes them white.
    fn latent_stream(
        &self,
        scale: ScaleArrays<'_>,
        gaussian: (PyReadonlyArray1<'_, f64>, Bound<'_, Affine>),
        window: usize,
    ) -> PyResult<ScoreStream> {
        self.stream(&scale, window, || {
            Ok(Score::Latent { mean: copied(&gaussian.0)?, white: gaussian.1.get().0.clone() })
        })
    }

    /// Return one that is scored by a loss of what the network makes of it.
    fn reconstruction_stream(
        &self,
        scale: ScaleArrays<'_>,
        loss: &str,
        window: usize,
    ) -> PyResult<ScoreStream> {
        self.stream(&scale, window, || Ok(Score::Reconstruction(loss_named(loss)?)))
    }
}

impl WindowNetwork {
    fn stream(
        &self,
        (mean, std, limit): &ScaleArrays<'_>,
        window: usize,
        score: impl FnOnce() -> Result<Score>,
    ) -> PyResult<ScoreStream> {
        run::guarded(|| {
            let scale = Scale { mean: copied(mean)?, std: copied(std)?, limit: *limit };
            Stream::new(&self.0, scale, score()?, window)
        })
        .map(|stream| ScoreStream(ForkLock::new("ScoreStream", stream)))
    }

    /// Computes for windows: at once where there is little to do, else with the GIL released.
    fn computed(
        &self,
        py: Python<'_>,
        count: usize,
        rows: usize,
        work: impl FnOnce(&Job) -> Result<Vec<f64>> + Send,
    ) -> PyResult<Vec<f64>> {
        let products = count.saturating_mul(rows).saturating_mul(16 * self.0.units() * self.0.units());
        run::here_if(products <= SHORT, py, work)
    }
}

/// From raw rows to the score of the window that ends there.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct ScoreStream(ForkLock<Stream>);

#[pymethods]
impl ScoreStream {
    /// Take a row (d,); return its score, None before the window is complete and where a value of it is missing.
    fn take(&self, py: Python<'_>, row: PyReadonlyArray1<'_, f64>) -> PyResult<Option<f64>> {
        let row = row.as_array();
        match row.as_slice() {
            Some(row) => self.taken(py, row),
            None => self.taken(py, &row.to_vec()),
        }
    }

    /// Take a row of one channel.
    fn take_one(&self, py: Python<'_>, x: f64) -> PyResult<Option<f64>> {
        self.taken(py, &[x])
    }

    /// Return the last rows (n, d), as many as a window has, or fewer.
    fn recent<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let (rows, d) = self.0.with(py, |stream| Ok((stream.recent(), stream.features())))?;
        match Array2::from_shape_vec((rows.len() / d, d), rows) {
            Ok(rows) => Ok(rows.into_pyarray(py)),
            Err(_) => unreachable!("as many numbers as the shape says"),
        }
    }
}

impl ScoreStream {
    fn taken(&self, py: Python<'_>, row: &[f64]) -> PyResult<Option<f64>> {
        self.0.with(py, |stream| {
            if row.len() != stream.features() {
                let rule = format!("must have {} numbers", stream.features());
                return Err(Error::invalid("row", row.len(), rule));
            }
            Ok(stream.take(row))
        })
    }
}

fn loss_named(name: &str) -> Result<Loss> {
    match name {
        "l1" => Ok(Loss::L1),
        "l2" => Ok(Loss::L2),
        _ => Err(Error::invalid("loss", name, "must be l1 or l2")),
    }
}

fn check_sizes(sizes: &[(&str, usize)]) -> Result<()> {
    const MOST: usize = 1 << 20;
    match sizes.iter().find(|(_, size)| !(1..=MOST).contains(size)) {
        Some(&(path, size)) => Err(Error::invalid(path, size, format!("must be from 1 to {MOST}"))),
        None => Ok(()),
    }
}

fn trainer<M: Model>(network: M, state: &(Numbers<'_>, Numbers<'_>, Numbers<'_>, u64)) -> Result<Trainer<M>> {
    let adam = Adam::new(&copied(&state.1)?, &copied(&state.2)?, state.3)?;
    Trainer::new(network, &copied(&state.0)?, adam)
}
