//! Rows into files, and files of rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use paranom::job::Job;
use paranom::pool;
use paranom_io::source::{Chosen, EVENT_NAME, Generated, InMemory, label_name};
use paranom_io::{Format, Options, Packing, Stored};
use pyo3::prelude::*;

use crate::arrow::record_batch;
use crate::errors::{from_file, spec_error};
use crate::plan::Plan;
use crate::run::{Ended, abandonable, detached, guarded};

fn format(name: &str) -> PyResult<Format> {
    match name {
        "parquet" => Ok(Format::Parquet),
        "arrow" => Ok(Format::Arrow),
        "csv" => Ok(Format::Csv),
        "jsonl" => Ok(Format::JsonLines),
        _ => Err(spec_error("format", "must be parquet, arrow, csv or jsonl", Some(format!("{name:?}")))),
    }
}

fn packing(name: Option<&str>) -> PyResult<Packing> {
    match name {
        None => Ok(Packing::None),
        Some("gzip") => Ok(Packing::Gzip),
        Some("zstd") => Ok(Packing::Zstd),
        Some(name) => Err(spec_error("packing", "must be gzip, zstd or None", Some(format!("{name:?}")))),
    }
}

/// Runs work on a file with the GIL released.
fn with_file<T: Send>(
    py: Python<'_>,
    path: &Path,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Job) -> paranom_io::Result<T> + Send,
) -> PyResult<T> {
    // Of a cancelled job, `detached` raises what cancelled it.
    detached(py, progress, |job| Ok(work(job)))?.map_err(|error| from_file(&error, path))
}

/// Generates `rows` rows from `start` on into a file, which is replaced: `format` is parquet, arrow, csv or jsonl.
///
/// `whole_last` is the last row of all files that are read as one: row numbers have the type that it needs.
/// `clean` leaves anomalies out. `event_names` and `labels` add columns: the event's name, and the labels of
/// each variable. `timeeval` leaves the event out, and calls `t` timestamp. `single` rounds values to
/// float32. Groups have `group_rows` rows at most, or some two million values. `zstd` compresses Parquet;
/// `packing` (gzip, zstd, None) is for text. `metadata` are (key, value) pairs for Parquet and Arrow.
/// `progress` is called with the rows done.
#[pyfunction]
#[pyo3(signature = (plan, path, start, rows, /, *, whole_last, clean, event_names, labels, timeeval, format, packing, single, group_rows, zstd, metadata, threads, progress))]
#[allow(clippy::too_many_arguments, clippy::fn_params_excessive_bools)] // the arguments of one call from Python
pub(crate) fn write_generated(
    py: Python<'_>,
    plan: &Bound<'_, Plan>,
    path: PathBuf,
    start: u64,
    rows: u64,
    whole_last: u64,
    clean: bool,
    event_names: bool,
    labels: bool,
    timeeval: bool,
    format: &str,
    packing: Option<&str>,
    single: bool,
    group_rows: Option<u64>,
    zstd: bool,
    metadata: Vec<(String, String)>,
    threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let format = self::format(format)?;
    let threads = guarded(|| pool::thread_count(threads))?;
    let options = Options { group_rows, zstd, packing: self::packing(packing)?, metadata, threads };
    let chosen = Chosen { clean, event_names, labels, timeeval };
    let plan = plan.get().0.clone();
    let place = path.clone();
    let calls = plan.calls();
    let work = move |job: &Job| {
        let file = File::create(&place)?;
        if single {
            let source = Generated::<f32>::new(&plan, start, rows, whole_last, chosen, threads)?;
            paranom_io::write(&source, format, &options, file, job)
        } else {
            let source = Generated::<f64>::new(&plan, start, rows, whole_last, chosen, threads)?;
            paranom_io::write(&source, format, &options, file, job)
        }
    };
    if !calls {
        return with_file(py, &path, progress, work);
    }
    match abandonable(py, progress, move |job| Ok(work(job))) {
        Ended::Done(result) => result?.map_err(|error| from_file(&error, &path)),
        Ended::Abandoned(error) => Err(error),
    }
}

/// Writes (name, column) pairs, as `arrow_stream` takes them, into a file, which is replaced.
#[pyfunction]
#[pyo3(signature = (columns, times, path, /, *, format, packing, zstd, metadata))]
#[allow(clippy::too_many_arguments)] // the arguments of one call from Python
pub(crate) fn write_table(
    py: Python<'_>,
    columns: Vec<(String, Bound<'_, PyAny>)>,
    times: Vec<(String, Option<String>)>,
    path: PathBuf,
    format: &str,
    packing: Option<&str>,
    zstd: bool,
    metadata: Vec<(String, String)>,
) -> PyResult<()> {
    let format = self::format(format)?;
    let threads = guarded(|| pool::thread_count(None))?;
    let options = Options { group_rows: None, zstd, packing: self::packing(packing)?, metadata, threads };
    // It outlives the work, so that the arrays are released by this thread, which holds the interpreter.
    let table = InMemory::new(record_batch(columns, &times)?);
    with_file(py, &path, None, |job| paranom_io::write(&table, format, &options, File::create(&path)?, job))
}

/// Writes what a file of text packs into another file, which is replaced.
#[pyfunction]
#[pyo3(signature = (path, into, /, *, packing))]
pub(crate) fn unpack_file(py: Python<'_>, path: PathBuf, into: PathBuf, packing: &str) -> PyResult<()> {
    let packing = self::packing(Some(packing))?;
    with_file(py, &path, None, |_| paranom_io::unpack(&path, packing, &into))
}

/// The metadata of a Parquet or Arrow file, as a dict of texts.
#[pyfunction]
#[pyo3(signature = (path, /, *, format))]
pub(crate) fn file_metadata(
    py: Python<'_>,
    path: PathBuf,
    format: &str,
) -> PyResult<BTreeMap<String, String>> {
    let format = self::format(format)?;
    with_file(py, &path, None, |_| paranom_io::metadata(&path, format))
}

/// The first difference that a file has from the rows that were asked for: the row in the file or None, the column, what
/// was expected, what was found.
type Difference = (Option<u64>, String, String, String);

/// Generates up to `blocks` blocks of the rows from `start` on again and compares them with a file's. Gives the first
/// difference, or None; the rows that the file has; the rows compared. `whole_last` as in `write_generated` (0 for a file
/// by itself), `clean` too. `single` is for text, which does not say.
#[pyfunction]
#[pyo3(signature = (plan, path, start, /, *, whole_last, clean, format, single, blocks))]
#[allow(clippy::too_many_arguments)] // the arguments of one call from Python
pub(crate) fn verify_file(
    py: Python<'_>,
    plan: &Bound<'_, Plan>,
    path: PathBuf,
    start: u64,
    whole_last: u64,
    clean: bool,
    format: &str,
    single: bool,
    blocks: u64,
) -> PyResult<(Option<Difference>, u64, u64)> {
    let format = self::format(format)?;
    let threads = guarded(|| pool::thread_count(None))?;
    let plan = &plan.get().0;
    let (difference, rows, compared) = with_file(py, &path, None, |job| {
        let mut stored = Stored::open(&path, format)?;
        let rows = stored.rows;
        let event_names = stored.has_column(EVENT_NAME)?;
        let labels = match plan.names().next() {
            Some(first) => stored.has_column(&label_name(first))?,
            None => false,
        };
        let chosen = Chosen { clean, event_names, labels, timeeval: false };
        let (difference, compared) = if stored.is_single().unwrap_or(single) {
            let source = Generated::<f32>::new(plan, start, rows, whole_last, chosen, threads)?;
            paranom_io::verify(&source, &mut stored, blocks, job)?
        } else {
            let source = Generated::<f64>::new(plan, start, rows, whole_last, chosen, threads)?;
            paranom_io::verify(&source, &mut stored, blocks, job)?
        };
        Ok((difference, rows, compared))
    })?;
    let difference = difference.map(|found| (found.row, found.column, found.expected, found.found));
    Ok((difference, rows, compared))
}
