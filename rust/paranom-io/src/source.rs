//! Where the rows of a file come from.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::types::{
    ArrowPrimitiveType, Float64Type, Int8Type, Int64Type, TimestampNanosecondType, UInt64Type,
};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch};
use arrow_buffer::{ArrowNativeType, Buffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use paranom::error::try_reserve;
use paranom::generate::{Event, FillState, Plan, RowRange, Time};
use paranom::job::Job;
use paranom::simd::{Kernel, dispatch};

use crate::dictionary::{self, Texts};
use crate::error::{Error, Result};
use crate::typed::{ColumnFloat, Typed};

/// A table whose rows can be read piece by piece.
pub trait Source: Sync {
    /// Its columns.
    fn schema(&self) -> &SchemaRef;

    /// How many rows it has.
    fn rows(&self) -> u64;

    /// The number of its first row. Groups end at multiples of their size, where blocks of generated rows end too.
    fn start(&self) -> u64 {
        0
    }

    /// Whether pieces must be read in order, one after another.
    fn is_sequential(&self) -> bool {
        false
    }

    /// The `len` rows from `from` on. `spare` lends memory.
    fn read(&self, from: u64, len: usize, spare: &mut Spare, job: &Job) -> Result<RecordBatch>;
}

/// Rows in memory.
pub struct InMemory(SchemaRef, RecordBatch);

impl InMemory {
    /// The rows of a batch.
    pub fn new(batch: RecordBatch) -> Self {
        Self(batch.schema(), batch)
    }
}

impl Source for InMemory {
    fn schema(&self) -> &SchemaRef {
        &self.0
    }

    fn rows(&self) -> u64 {
        self.1.num_rows() as u64
    }

    fn read(&self, from: u64, len: usize, _: &mut Spare, job: &Job) -> Result<RecordBatch> {
        job.step(len as u64)?;
        Ok(self.1.slice(from as usize, len))
    }
}

/// Which rows and columns a table of generated rows has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each chooses a column or rows by itself
pub struct Chosen {
    /// Whether anomalies are left out of the rows.
    pub clean: bool,
    /// Whether a column holds the name of each row's event.
    pub event_names: bool,
    /// Whether a column for each variable holds its labels.
    pub labels: bool,
    /// Whether there is only what readers of TimeEval's layout want: `timestamp`, the variables, `is_anomaly`.
    pub timeeval: bool,
}

/// The column of event names.
pub const EVENT_NAME: &str = "event_name";

/// The column of a variable's labels.
pub fn label_name(variable: &str) -> String {
    format!("{variable}_is_anomaly")
}

/// Rows `start .. start + rows` of a plan.
pub struct Generated<'a, T> {
    plan: &'a Plan,
    start: u64,
    rows: u64,
    threads: usize,
    chosen: Chosen,
    names: Texts,
    /// How the variables' columns are made.
    types: Vec<Typed>,
    time: &'a Time,
    schema: SchemaRef,
    state: Mutex<FillState>,
    values: std::marker::PhantomData<fn() -> T>,
}

impl<'a, T: ColumnFloat> Generated<'a, T> {
    /// Refuses rows that are not there. `whole_last` is the last row of all files that are read as one: row numbers
    /// have the type that it needs. Plans whose rows depend on lower ones are filled on `threads` threads.
    pub fn new(
        plan: &'a Plan,
        start: u64,
        rows: u64,
        whole_last: u64,
        chosen: Chosen,
        threads: usize,
    ) -> Result<Self> {
        plan.check_rows(start, rows)?;
        let last = start + rows.saturating_sub(1);
        let time = plan.time();
        let kind = match time {
            Time::Row if last.max(whole_last) < 1 << 63 => DataType::Int64,
            Time::Row => DataType::UInt64,
            Time::Whole(_) => DataType::Int64,
            Time::Number(_) => DataType::Float64,
            Time::Datetime(dates) => {
                DataType::Timestamp(TimeUnit::Nanosecond, dates.zone().map(|zone| zone.name.as_str().into()))
            }
        };
        let mut fields = vec![Field::new(if chosen.timeeval { "timestamp" } else { "t" }, kind, false)];
        let types: Vec<Typed> = plan.columns().map(Typed::new).collect();
        fields.extend(plan.names().zip(&types).map(|(name, of)| of.field::<T>(name)));
        fields.push(Field::new("is_anomaly", DataType::Int8, false));
        if !chosen.timeeval {
            fields.push(Field::new("event", DataType::Int64, false));
        }
        if chosen.event_names {
            fields.push(Field::new(EVENT_NAME, dictionary::data_type(), true));
        }
        if chosen.labels {
            fields.extend(plan.names().map(|name| Field::new(label_name(name), DataType::Int8, false)));
        }
        refuse_twice(&fields)?;
        let schema = Arc::new(Schema::new(fields));
        let state = Mutex::new(FillState::new());
        let names = Texts::new(plan.anomalies().iter().map(|anomaly| &anomaly.name));
        Ok(Self {
            plan,
            start,
            rows,
            threads,
            chosen,
            names,
            types,
            time,
            schema,
            state,
            values: std::marker::PhantomData,
        })
    }

    fn times(&self, first: u64, len: usize, spare: &mut Spare) -> Result<ArrayRef> {
        Ok(match self.time {
            Time::Row if *self.schema.field(0).data_type() == DataType::UInt64 => {
                let mut rows = spare.sized(len)?;
                dispatch(Count { first, rows: &mut rows, of: |row| row });
                column::<UInt64Type>(rows)
            }
            Time::Row => {
                let mut rows = spare.sized(len)?;
                dispatch(Count { first, rows: &mut rows, of: |row| row as i64 });
                column::<Int64Type>(rows)
            }
            Time::Whole(clock) => {
                let mut times = spare.sized(len)?;
                clock.fill(first, &mut times);
                column::<Int64Type>(times)
            }
            Time::Number(clock) => {
                let mut times = spare.sized(len)?;
                clock.fill(first, &mut times);
                column::<Float64Type>(times)
            }
            Time::Datetime(dates) => {
                let mut times: Vec<i64> = spare.sized(len)?;
                dates.fill(first, &mut times);
                let array = PrimitiveArray::<TimestampNanosecondType>::new(ScalarBuffer::from(times), None);
                Arc::new(array.with_data_type(self.schema.field(0).data_type().clone()))
            }
        })
    }

    /// The events of rows, and where they are among them.
    fn events(&self, first: u64, len: usize, job: &Job) -> Result<Vec<(Event, Range<usize>)>> {
        let mut events = self.plan.events(first, len as u64, job)?;
        if self.chosen.clean {
            events = self.plan.clean(events);
        }
        let place = |event: Event| {
            let from = event.start.saturating_sub(first) as usize;
            (event, from..(event.stop - first).min(len as u64) as usize)
        };
        Ok(events
            .into_iter()
            .filter(|event| !self.plan.anomalies()[event.anomaly].decoy)
            .map(place)
            .collect())
    }

    /// The columns of labels: whether a row is anomalous, by which event, in which variables.
    fn labels(
        &self,
        first: u64,
        labels: Vec<i8>,
        spare: &mut Spare,
        job: &Job,
        arrays: &mut Vec<ArrayRef>,
    ) -> Result<()> {
        let len = labels.len();
        arrays.push(column::<Int8Type>(labels));
        if self.chosen.timeeval {
            return Ok(());
        }
        let events = self.events(first, len, job)?;
        let mut ids = spare.fill(len, (0..len).map(|_| -1_i64))?;
        for (event, rows) in &events {
            ids[rows.clone()].fill(event.id as i64);
        }
        arrays.push(column::<Int64Type>(ids));
        if self.chosen.event_names {
            let mut places = spare.fill(len, (0..len).map(|_| -1_i32))?;
            for (event, rows) in &events {
                places[rows.clone()].fill(event.anomaly as i32);
            }
            arrays.push(self.names.column(places)?);
        }
        if self.chosen.labels {
            let mut each = self.plan.names().map(|_| spare.sized(len)).collect::<Result<Vec<Vec<i8>>>>()?;
            self.plan.variable_labels(first, self.chosen.clean, &mut each, job)?;
            arrays.extend(each.into_iter().map(column::<Int8Type>));
        }
        Ok(())
    }
}

/// The numbers of rows.
struct Count<'a, T, F> {
    first: u64,
    rows: &'a mut [T],
    of: F,
}

impl<T, F: Fn(u64) -> T> Kernel for Count<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (row, i) in self.rows.iter_mut().zip(0..) {
            *row = (self.of)(self.first.wrapping_add(i));
        }
    }
}

/// Refuses a variable that has the name of another column.
fn refuse_twice(fields: &[Field]) -> Result<()> {
    let mut names = BTreeSet::new();
    match fields.iter().map(Field::name).find(|name| !names.insert(*name)) {
        Some(name) => Err(paranom::Error::invalid(
            format!("variables.{name}"),
            format!("{name:?}"),
            "must not have the name of another column of the file",
        )
        .into()),
        None => Ok(()),
    }
}

impl<T: ColumnFloat> Source for Generated<'_, T> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn start(&self) -> u64 {
        self.start
    }

    fn is_sequential(&self) -> bool {
        self.plan.is_sequential()
    }

    fn read(&self, from: u64, len: usize, spare: &mut Spare, job: &Job) -> Result<RecordBatch> {
        let first = self.start + from;
        let mut values: Vec<Vec<T>> = self.plan.names().map(|_| spare.sized(len)).collect::<Result<_>>()?;
        let mut labels: Vec<i8> = spare.sized(len)?;
        let rows = [RowRange { start: first, len }];
        let columns: Vec<&mut [T]> = values.iter_mut().map(Vec::as_mut_slice).collect();
        if self.is_sequential() {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let state = &mut *state;
            let fill = || self.plan.fill_after(state, &rows, self.chosen.clean, columns, &mut labels, job);
            self.plan.run(self.threads, fill)??;
        } else {
            self.plan.fill(&rows, self.chosen.clean, columns, &mut labels, job)?;
        }
        let mut arrays = Vec::with_capacity(self.schema.fields().len());
        arrays.push(self.times(first, len, spare)?);
        for (of, values) in self.types.iter().zip(values) {
            arrays.push(of.array(values)?);
        }
        self.labels(first, labels, spare, job, &mut arrays)?;
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(Error::from)
    }
}

fn column<A: ArrowPrimitiveType>(values: Vec<A::Native>) -> ArrayRef {
    Arc::new(PrimitiveArray::<A>::new(ScalarBuffer::from(values), None))
}

/// Memory of pieces that are written: the first use of new memory costs more than filling it.
#[derive(Default)]
pub struct Spare {
    buffers: Vec<Buffer>,
}

/// Most buffers that are kept.
const MOST_SPARE: usize = 1024;

impl Spare {
    /// Takes the memory of a piece that nothing else uses.
    pub fn keep(&mut self, batch: RecordBatch) {
        let buffers: Vec<Buffer> =
            batch.columns().iter().map(|array| array.to_data().buffers()[0].clone()).collect();
        drop(batch);
        let room = MOST_SPARE.saturating_sub(self.buffers.len());
        self.buffers.extend(buffers.into_iter().take(room));
    }

    /// A vector of an earlier piece with its values, if there is one of this kind, or an empty one.
    fn used<T: ArrowNativeType>(&mut self) -> Vec<T> {
        // A vector goes back into one of the same layout only, and when nothing reads it any more.
        for at in (0..self.buffers.len()).rev() {
            let buffer = self.buffers.swap_remove(at);
            match buffer.into_vec::<T>() {
                Ok(vec) => return vec,
                Err(buffer) => self.buffers.push(buffer),
            }
        }
        Vec::new()
    }

    /// A vector of `len` values.
    fn fill<T: ArrowNativeType>(&mut self, len: usize, values: impl Iterator<Item = T>) -> Result<Vec<T>> {
        let mut vec = self.used();
        vec.clear();
        try_reserve(&mut vec, len)?;
        vec.extend(values);
        Ok(vec)
    }

    /// A vector of `len` values that are to be overwritten.
    fn sized<T: ArrowNativeType>(&mut self, len: usize) -> Result<Vec<T>> {
        let mut vec = self.used();
        vec.truncate(len);
        let more = len - vec.len();
        try_reserve(&mut vec, more)?;
        vec.resize(len, T::default());
        Ok(vec)
    }
}
