//! `paranom::detect::matrix_profile` for Python. Shapes and defaults are in `paranom_rs.detect`.

use std::sync::MutexGuard;

use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use paranom::detect::matrix_profile::{
    self as core, Distance, Neighbours, Profile, Settings, StreamingProfiles,
};
use paranom::job::Job;
use paranom::{Error, pool};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{copied, copy_of};
use crate::fork_lock::ForkLock;
use crate::run;

type Arrays<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<i64>>);

fn arrays(py: Python<'_>, neighbours: Neighbours) -> Arrays<'_> {
    (neighbours.distance.into_pyarray(py), neighbours.index.into_pyarray(py))
}

fn distance(name: &str) -> paranom::Result<Distance> {
    match name {
        "znormalized" => Ok(Distance::ZNormalized),
        "l1" => Ok(Distance::L1),
        "l2" => Ok(Distance::L2),
        "relative" => Ok(Distance::Relative),
        _ => Err(Error::invalid("distance", name, "must be znormalized, l1, l2 or relative")),
    }
}

pub(crate) fn settings(
    window: usize,
    distance: &str,
    k: usize,
    fraction: f64,
    threads: Option<usize>,
) -> paranom::Result<Settings> {
    let distance = self::distance(distance)?;
    Ok(Settings { window, distance, k, fraction, threads: pool::thread_count(threads)? })
}

/// The nearest neighbours anywhere, and those to the left and to the right; None for an AB-join.
type Profiles<'py> = (Arrays<'py>, Option<(Arrays<'py>, Arrays<'py>)>);

fn profiles(py: Python<'_>, profile: Profile) -> Profiles<'_> {
    let sides = profile.sides.map(|(left, right)| (arrays(py, left), arrays(py, right)));
    (arrays(py, profile.best), sides)
}

/// The profile of `x` joined with itself: (distances, indices) of `k` neighbours per window, flat.
#[pyfunction]
#[pyo3(signature = (x, window, *, distance, k, fraction, threads, progress))]
#[allow(clippy::too_many_arguments)] // keyword arguments of one Python function
pub(crate) fn matrix_profile_self_join<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'py, f64>,
    window: usize,
    distance: &str,
    k: usize,
    fraction: f64,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Profiles<'py>> {
    let settings = run::guarded(|| settings(window, distance, k, fraction, threads))?;
    // A copy: other Python threads may write to the array while this one does not hold the GIL.
    let x = run::guarded(|| copied(&x))?;
    let profile = run::detached(py, progress, |job| core::self_join(&x, &settings, job))?;
    Ok(profiles(py, profile))
}

/// The neighbours of the windows of `x` among those of `reference`, as [`matrix_profile_self_join`].
#[pyfunction]
#[pyo3(signature = (x, reference, window, *, distance, k, fraction, threads, progress))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn matrix_profile_ab_join<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'py, f64>,
    reference: PyReadonlyArray1<'py, f64>,
    window: usize,
    distance: &str,
    k: usize,
    fraction: f64,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Profiles<'py>> {
    let settings = run::guarded(|| settings(window, distance, k, fraction, threads))?;
    let (x, reference) = run::guarded(|| Ok((copied(&x)?, copied(&reference)?)))?;
    let profile = run::detached(py, progress, |job| core::ab_join(&x, &reference, &settings, job))?;
    Ok(profiles(py, profile))
}

/// As [`matrix_profile_ab_join`], and the same the other way round.
#[pyfunction]
#[pyo3(signature = (x, reference, window, *, distance, k, fraction, threads, progress))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn matrix_profile_ab_join_both<'py>(
    py: Python<'py>,
    x: PyReadonlyArray1<'py, f64>,
    reference: PyReadonlyArray1<'py, f64>,
    window: usize,
    distance: &str,
    k: usize,
    fraction: f64,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Profiles<'py>, Profiles<'py>)> {
    let settings = run::guarded(|| settings(window, distance, k, fraction, threads))?;
    let (x, reference) = run::guarded(|| Ok((copied(&x)?, copied(&reference)?)))?;
    let (mine, theirs) =
        run::detached(py, progress, |job| core::ab_join_both(&x, &reference, &settings, job))?;
    Ok((profiles(py, mine), profiles(py, theirs)))
}

/// The window that is nearest to all series: its series, its start, its nearest window in each, and their distances.
type ConsensusParts = (usize, usize, Vec<usize>, Vec<f64>);

/// The consensus motif of some series, or None.
#[pyfunction]
#[pyo3(signature = (series, window, *, distance, threads))]
pub(crate) fn matrix_profile_consensus(
    py: Python<'_>,
    series: Vec<PyReadonlyArray1<'_, f64>>,
    window: usize,
    distance: &str,
    threads: Option<usize>,
) -> PyResult<Option<ConsensusParts>> {
    let settings = run::guarded(|| settings(window, distance, 1, 1.0, threads))?;
    let series = run::guarded(|| series.iter().map(copied).collect::<paranom::Result<Vec<_>>>())?;
    let found = run::detached(py, None, |job| core::consensus_motif(&series, &settings, job))?;
    Ok(found.map(|found| (found.series, found.start, found.starts, found.distances)))
}

/// The columns of a matrix.
fn columns(x: &PyReadonlyArray2<'_, f64>) -> PyResult<Vec<Vec<f64>>> {
    run::guarded(|| x.as_array().columns().into_iter().map(copy_of).collect())
}

/// The mSTAMP profile of the columns of `x`, as [`matrix_profile_self_join`] with one neighbour per level.
#[pyfunction]
#[pyo3(signature = (x, window, *, distance, include, fraction, threads, progress))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn matrix_profile_multidimensional<'py>(
    py: Python<'py>,
    x: PyReadonlyArray2<'py, f64>,
    window: usize,
    distance: &str,
    include: Vec<usize>,
    fraction: f64,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Profiles<'py>> {
    let settings = run::guarded(|| settings(window, distance, 1, fraction, threads))?;
    let x = columns(&x)?;
    let profile = run::detached(py, progress, |job| core::multidimensional(&x, &include, &settings, job))?;
    Ok(profiles(py, profile))
}

/// The neighbours of the windows of the columns of `x` among those of `reference`, as
/// [`matrix_profile_multidimensional`].
#[pyfunction]
#[pyo3(signature = (x, reference, window, *, distance, include, fraction, threads, progress))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn matrix_profile_multidimensional_ab_join<'py>(
    py: Python<'py>,
    x: PyReadonlyArray2<'py, f64>,
    reference: PyReadonlyArray2<'py, f64>,
    window: usize,
    distance: &str,
    include: Vec<usize>,
    fraction: f64,
    threads: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Profiles<'py>> {
    let settings = run::guarded(|| settings(window, distance, 1, fraction, threads))?;
    let (x, reference) = (columns(&x)?, columns(&reference)?);
    let profile = run::detached(py, progress, |job| {
        core::multidimensional_ab_join(&x, &reference, &include, &settings, job)
    })?;
    Ok(profiles(py, profile))
}

/// The columns that level `level` takes between each window and its neighbour `index`, flat.
#[pyfunction]
#[pyo3(signature = (x, window, index, level, *, distance, include))]
pub(crate) fn matrix_profile_subspaces<'py>(
    py: Python<'py>,
    x: PyReadonlyArray2<'py, f64>,
    window: usize,
    index: PyReadonlyArray1<'py, i64>,
    level: usize,
    distance: &str,
    include: Vec<usize>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let settings = run::guarded(|| settings(window, distance, 1, 1.0, None))?;
    let (x, index) = (columns(&x)?, run::guarded(|| copied(&index))?);
    let out = run::detached(py, None, |job| core::subspaces(&x, &include, &settings, &index, level, job))?;
    Ok(out.into_pyarray(py))
}

/// Steps of a distance profile, at most, that need no thread of their own to be interrupted: they take a millisecond.
const SHORT: usize = 1 << 21;

/// The distances of `query` to each window of `x`.
#[pyfunction]
#[pyo3(signature = (query, x, *, distance, threads))]
pub(crate) fn matrix_profile_distances<'py>(
    py: Python<'py>,
    query: PyReadonlyArray1<'py, f64>,
    x: PyReadonlyArray1<'py, f64>,
    distance: &str,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (distance, threads) = run::guarded(|| Ok((self::distance(distance)?, pool::thread_count(threads)?)))?;
    let (query, x) = run::guarded(|| Ok((copied(&query)?, copied(&x)?)))?;
    let out = if query.len().saturating_mul(x.len()) <= SHORT {
        py.detach(|| run::guarded(|| core::distance_profile(&query, &x, distance, 1, &Job::new())))?
    } else {
        run::detached(py, None, |job| core::distance_profile(&query, &x, distance, threads, job))?
    };
    Ok(out.into_pyarray(py))
}

/// The MPdist of `query` to each interval of `x` that is as long.
#[pyfunction]
#[pyo3(signature = (query, x, window, rank, *, distance, threads))]
pub(crate) fn matrix_profile_mpdist_profile<'py>(
    py: Python<'py>,
    query: PyReadonlyArray1<'py, f64>,
    x: PyReadonlyArray1<'py, f64>,
    window: usize,
    rank: usize,
    distance: &str,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (distance, threads) = run::guarded(|| Ok((self::distance(distance)?, pool::thread_count(threads)?)))?;
    let (query, x) = run::guarded(|| Ok((copied(&query)?, copied(&x)?)))?;
    let out = run::detached(py, None, |job| {
        core::mpdist_profile(&query, &x, window, rank, distance, threads, job)
    })?;
    Ok(out.into_pyarray(py))
}

/// The state behind `paranom_rs.StreamingMatrixProfile`.
#[pyclass(frozen, module = "paranom_rs._core")]
pub(crate) struct MatrixProfileStream(ForkLock<StreamingProfiles>);

impl MatrixProfileStream {
    fn of(stream: StreamingProfiles) -> Self {
        Self(ForkLock::new("StreamingMatrixProfile", stream))
    }

    /// The stream. A panic while it was locked has not changed it.
    fn lock(&self) -> paranom::Result<MutexGuard<'_, StreamingProfiles>> {
        self.0.lock()
    }

    /// Takes one sample.
    fn taken(&self, py: Python<'_>, x: &[f64]) -> PyResult<Vec<f64>> {
        py.detach(|| {
            run::guarded(|| {
                let mut stream = self.lock()?;
                let mut scores = vec![0.0; stream.scores()];
                stream.update(x, &mut scores)?;
                Ok(scores)
            })
        })
    }

    /// What `look` finds in the stream.
    fn look<T: Send>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(&StreamingProfiles) -> T + Send,
    ) -> PyResult<T> {
        self.0.with(py, |stream| Ok(look(stream)))
    }
}

#[pymethods]
impl MatrixProfileStream {
    #[new]
    fn new(windows: Vec<usize>, history: usize, n_features: usize) -> PyResult<Self> {
        run::guarded(|| Ok(Self::of(StreamingProfiles::new(&windows, history, n_features)?)))
    }

    /// Takes samples (n, n_features); returns the scores of each (n * windows * n_features). If it fails, no sample is taken.
    fn update<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (rows, columns) = x.as_array().dim();
        let x = run::guarded(|| copied(&x))?;
        let width = columns.max(1);
        if rows == 1 {
            let scores = self.taken(py, &x)?;
            return Ok(scores.into_pyarray(py));
        }
        let scores = run::detached(py, None, |job| {
            let mut stream = self.lock()?;
            let mut after = stream.clone();
            let each = after.scores();
            let mut scores = paranom::error::try_filled(0.0, rows * each)?;
            for (at, (x, scores)) in x.chunks(width).zip(scores.chunks_mut(each)).enumerate() {
                after.update(x, scores)?;
                if at % 64 == 0 {
                    job.check()?;
                }
            }
            *stream = after;
            Ok(scores)
        })?;
        Ok(scores.into_pyarray(py))
    }

    /// Takes one sample of one feature and returns its scores. Without an array for the sample, which costs more.
    fn update_each<'py>(&self, py: Python<'py>, x: f64) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(self.taken(py, &[x])?.into_pyarray(py))
    }

    /// Takes one sample of one feature and returns its score, where there is one length of windows. Without arrays, which
    /// cost as much as the score.
    fn update_one(&self, py: Python<'_>, x: f64) -> PyResult<f64> {
        Ok(self.taken(py, &[x])?[0])
    }

    /// The lengths of windows.
    #[getter]
    fn windows(&self, py: Python<'_>) -> PyResult<Vec<usize>> {
        self.look(py, StreamingProfiles::windows)
    }

    /// The number of samples remembered.
    #[getter]
    fn history(&self, py: Python<'_>) -> PyResult<usize> {
        self.look(py, StreamingProfiles::history)
    }

    /// The columns of a sample.
    #[getter]
    fn n_features(&self, py: Python<'_>) -> PyResult<usize> {
        self.look(py, StreamingProfiles::n_features)
    }

    /// The samples taken so far.
    #[getter]
    fn seen(&self, py: Python<'_>) -> PyResult<u64> {
        self.look(py, StreamingProfiles::seen)
    }

    /// The neighbour of the newest window at each level; -1 if there is none.
    #[getter]
    fn index(&self, py: Python<'_>) -> PyResult<Vec<i64>> {
        self.look(py, StreamingProfiles::index)
    }

    /// The scores of the remembered windows of the `at`-th length at a level, the oldest first, and their neighbours.
    fn recent<'py>(&self, py: Python<'py>, at: usize, level: usize) -> PyResult<Arrays<'py>> {
        let (scores, index): (Vec<f64>, Vec<i64>) =
            self.look(py, |stream| stream.recent(at, level).unwrap_or_default().iter().copied().unzip())?;
        Ok((scores.into_pyarray(py), index.into_pyarray(py)))
    }

    /// The correlations of the newest window with the earlier ones, the oldest first; of the first feature.
    fn correlations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        Ok(self.look(py, StreamingProfiles::correlations)?.into_pyarray(py))
    }

    /// The state as bytes: versioned, with a checksum.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.look(py, StreamingProfiles::to_bytes)?))
    }

    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        run::guarded(|| Ok(Self::of(StreamingProfiles::from_bytes(data)?)))
    }
}
