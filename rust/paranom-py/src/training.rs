//! `paranom::detect::recurrent::training` for Python.

use std::sync::{Mutex, PoisonError};

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray3};
use paranom::detect::recurrent::Cell;
use paranom::detect::recurrent::training::{Adam, Autoencoder, Epoch, Forecaster, Loss, Trainer, Windows};
use paranom::error::{try_copy, try_vec};
use paranom::{Error, Result, pool};
use pyo3::prelude::*;

use crate::run;

type Numbers<'py> = PyReadonlyArray1<'py, f32>;

/// Weights, both means of the optimiser, and its steps.
type State<'py> = (Bound<'py, PyArray1<f32>>, Bound<'py, PyArray1<f32>>, Bound<'py, PyArray1<f32>>, u64);

/// What is trained.
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
pub(crate) struct RecurrentTrainer(Mutex<Network>);

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
            let loss = match loss {
                "l1" => Loss::L1,
                "l2" => Loss::L2,
                _ => return Err(Error::invalid("loss", loss, "must be l1 or l2")),
            };
            let network = Autoencoder::new(Cell::named(cell)?, features, units, layers, variational, loss)?;
            trainer(network, &state).map(Network::Autoencoder)
        })
        .map(|network| Self(Mutex::new(network)))
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
        .map(|network| Self(Mutex::new(network)))
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
            let rates: Vec<f64> = rates.as_array().iter().copied().collect();
            let noise = noise.as_ref().map_or_else(|| Ok(Vec::new()), copied)?;
            Ok((values(&windows)?, order, rates, noise))
        })?;
        run::detached(py, None, |job| {
            let windows = Windows { values: &values, rows, columns };
            let epoch = Epoch { order: &order, size, rates: &rates, clip, weight, noise: &noise };
            let mut network = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let values = run::guarded(|| values(&windows))?;
        let found = run::detached(py, None, |job| {
            let windows = Windows { values: &values, rows, columns };
            let mut network = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        let (loss, gradient) = run::guarded(|| {
            let (values, noise) = (values(&windows)?, noise.as_ref().map_or_else(|| Ok(Vec::new()), copied)?);
            let windows = Windows { values: &values, rows, columns };
            let mut network = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            each!(&mut *network, trainer => {
                let (loss, gradient) = trainer.gradient(windows, weight, &noise)?;
                Ok((loss, try_copy(gradient)?))
            })
        })?;
        Ok((loss, gradient.into_pyarray(py)))
    }

    /// Return the weights, both means of Adam, and the steps made.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<State<'py>> {
        let (weights, adam) = run::guarded(|| {
            let network = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            each!(&*network, trainer => Ok((try_copy(trainer.weights())?, trainer.adam().clone())))
        })?;
        Ok((weights.into_pyarray(py), adam.first.into_pyarray(py), adam.second.into_pyarray(py), adam.steps))
    }
}

fn check_sizes(sizes: &[(&str, usize)]) -> Result<()> {
    const MOST: usize = 1 << 20;
    match sizes.iter().find(|(_, size)| !(1..=MOST).contains(size)) {
        Some(&(path, size)) => Err(Error::invalid(path, size, format!("must be from 1 to {MOST}"))),
        None => Ok(()),
    }
}

fn trainer<M: paranom::detect::recurrent::training::Model>(
    network: M,
    state: &(Numbers<'_>, Numbers<'_>, Numbers<'_>, u64),
) -> Result<Trainer<M>> {
    let adam = Adam::new(&copied(&state.1)?, &copied(&state.2)?, state.3)?;
    Trainer::new(network, &copied(&state.0)?, adam)
}

/// A copy: other threads of Python may write to the array meanwhile.
fn copied(numbers: &Numbers<'_>) -> Result<Vec<f32>> {
    let numbers = numbers.as_array();
    numbers.as_slice().map_or_else(|| Ok(numbers.iter().copied().collect()), try_copy)
}

fn values(windows: &PyReadonlyArray3<'_, f32>) -> Result<Vec<f32>> {
    let windows = windows.as_array();
    if let Some(slice) = windows.as_slice() {
        return try_copy(slice);
    }
    let mut found = try_vec(windows.len())?;
    found.extend(windows.iter().copied());
    Ok(found)
}
