//! Uniqueness: rows whose datum no lower row of their class has (Gottschlich 2018, section 2.1).
//!
//! The definition is sequential: walk the rows upward; draw a row anew, attempt 0, 1, ... tries - 1, and take the
//! first datum that is not in the register of its class; after the last, Hard fails and Soft keeps it. It is computed
//! in parallel by deferred acceptance (Gale and Shapley 1962): every row proposes its attempts in turn, a datum keeps
//! the lowest row that proposed it, and who is turned away or driven out proposes its next attempt. Since all data
//! prefer lower rows, the result is the sequential one, whatever the order of events. The data are dealt out to
//! shards by their hash, each the business of one thread at a time: no locks.

mod datum;
mod table;

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use rayon::prelude::*;

use self::datum::{Key, Keys, SHARDS};
use self::table::Table;
use super::callback::class;
use super::fill::{BLOCK, Block, Real, Request, Rows, blocks};
use super::plan::Plan;
use super::schedule::{Event, touching};
use super::sequence::Walk;
use super::variable::{Variable, Want};
use crate::job::Job;
use crate::random::TILE;
use crate::simd::{Kernel, dispatch};
use crate::spec::Field;
use crate::{Error, Result};

/// What is asked of the rows of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    /// How often a row is drawn at most.
    tries: u32,
    /// Whether a row without a datum of its own is an error.
    hard: bool,
}

/// What is asked of a plan's rows.
#[derive(Debug, Clone)]
pub struct Uniqueness {
    /// The variables whose values make the datum, and which are drawn anew; by position.
    over: Vec<usize>,
    /// For normal rows, and for anomalous ones.
    limits: [Option<Limit>; 2],
    /// How many different data there can be, where that is known.
    possible: [Option<u64>; 2],
}

/// Rows that Soft let through with a datum that a lower row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Duplicates {
    /// Normal ones.
    pub normal: u64,
    /// Anomalous ones.
    pub anomalous: u64,
}

/// What must be known of all rows below `next` to go on from there.
#[derive(Debug)]
pub struct History {
    next: u64,
    /// The data of normal rows, shard by shard, then those of anomalous rows; nothing before the first window.
    registers: Vec<Table<()>>,
    /// Where the walks along sequential variables stand, one for each variable.
    walks: Vec<Walk>,
}

impl History {
    /// Before row 0.
    pub fn new() -> Self {
        Self { next: 0, registers: Vec::new(), walks: Vec::new() }
    }

    /// The bytes it takes.
    pub fn bytes(&self) -> usize {
        self.registers.iter().map(Table::bytes).sum()
    }

    /// The data that are registered.
    pub fn data(&self) -> usize {
        self.registers.iter().map(Table::len).sum()
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

/// Most tries of a row.
const MOST_TRIES: i128 = 1 << 24;

impl Uniqueness {
    /// Reads what is asked of the rows. `kinds` is the number of anomalies.
    pub fn parse(field: &Field, variables: &[Variable], kinds: usize) -> Result<Self> {
        let table = field.table()?;
        let over = match table.get("over") {
            None => (0..variables.len()).collect(),
            Some(names) => read_over(&names, variables)?,
        };
        let mut limits = [None; 2];
        let mut possible = [None; 2];
        for (anomalous, name) in ["normal", "anomalous"].into_iter().enumerate() {
            let Some(field) = table.get(name) else { continue };
            limits[anomalous] = Some(read_limit(&field)?);
            let sorts: Vec<Option<usize>> =
                if anomalous == 0 { vec![None] } else { (0..kinds).map(Some).collect() };
            let redraws = |sort: &Option<usize>| over.iter().any(|&i| variables[i].redraws(*sort));
            if !sorts.is_empty() && !sorts.iter().any(redraws) {
                let names: Vec<_> = over.iter().map(|&i| variables[i].name.as_str()).collect();
                return Err(Error::invalid(
                    field.path,
                    names.join(", "),
                    format!(
                        "needs a variable that can be drawn anew in {} rows (recorded values, signals and fixed \
                         values cannot)",
                        class(anomalous == 1)
                    ),
                ));
            }
            possible[anomalous] = sorts.iter().try_fold(0_u64, |sum, sort| {
                let product = over.iter().try_fold(1_u64, |product, &i| {
                    Some(product.saturating_mul(variables[i].support(*sort)?))
                })?;
                Some(sum.saturating_add(product))
            });
        }
        table.finish()?;
        Ok(Self { over, limits, possible })
    }
}

fn read_over(names: &Field, variables: &[Variable]) -> Result<Vec<usize>> {
    let mut over = Vec::new();
    for name in names.list()? {
        let text = name.text()?;
        let Some(at) = variables.iter().position(|variable| variable.name == text) else {
            return Err(name.invalid("must be a variable"));
        };
        over.push(at);
    }
    if over.is_empty() {
        return Err(names.invalid("must name at least one variable"));
    }
    over.sort_unstable();
    over.dedup();
    Ok(over)
}

fn read_limit(field: &Field) -> Result<Limit> {
    let table = field.table()?;
    let kind = table.need("kind")?;
    let hard = match kind.text()? {
        "hard" => true,
        "soft" => false,
        _ => return Err(kind.invalid("must be hard or soft")),
    };
    let tries = table.need("tries")?.whole(1, MOST_TRIES)? as u32;
    table.finish()?;
    Ok(Limit { tries, hard })
}

/// A row that holds its datum, or is not asked for one.
const SETTLED: u8 = 0;
/// A row that was turned away.
const PENDING: u8 = 1;
/// A row out of tries.
const EXHAUSTED: u8 = 2;

/// Rows of one block that are being settled.
struct Part {
    start: u64,
    events: Vec<Event>,
    around: Vec<Event>,
    columns: Vec<Vec<f64>>,
    /// The normal values of sequential variables.
    chains: Vec<Vec<f64>>,
    labels: Vec<i8>,
    attempts: Vec<u32>,
    /// Written by the shard that the row holds a datum of: by one thread at a time.
    states: Vec<AtomicU8>,
}

/// A sequential variable's position, its values and its normal values, part by part.
type Walked = (usize, Vec<Vec<f64>>, Vec<Vec<f64>>);

/// The proposals of one part: sorted by shard, in row order within each.
#[derive(Default)]
struct Proposals {
    high: Vec<u64>,
    /// Of long keys only.
    low: Vec<u32>,
    /// Rows, counted from the block's first.
    rows: Vec<u16>,
    /// `PENDING` for those that are turned away. Beside them and not with the rows: those of a shard lie far apart.
    states: Vec<AtomicU8>,
    ends: Vec<u32>,
}

impl Proposals {
    /// The proposals to a shard.
    fn of(&self, shard: usize) -> Range<usize> {
        let from = if shard == 0 { 0 } else { self.ends[shard - 1] };
        from as usize..self.ends[shard] as usize
    }

    #[inline(always)]
    fn key(&self, at: usize) -> Key {
        (self.high[at], self.low.get(at).copied().unwrap_or(0))
    }
}

impl Plan {
    /// As [`Plan::fill`], after the rows that `history` knows. It learns the rows up to the last one asked for: what
    /// lies between is replayed, and from row 0 if it knows more than the first row asked for.
    pub fn fill_after<T: Real>(
        &self,
        history: &mut History,
        rows: &[Rows],
        clean: bool,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> Result<Duplicates> {
        let mut columns = columns;
        let whole = columns.iter_mut().map(|column| &mut **column).collect();
        let duplicates = self.fill_whole(history, rows, clean, whole, labels, job)?;
        self.lose(rows, columns, job)?;
        Ok(duplicates)
    }

    /// The same, before values are lost.
    fn fill_whole<T: Real>(
        &self,
        history: &mut History,
        rows: &[Rows],
        clean: bool,
        columns: Vec<&mut [T]>,
        labels: &mut [i8],
        job: &Job,
    ) -> Result<Duplicates> {
        history.walks.resize_with(self.variables.len(), Walk::default);
        let Some(uniqueness) = &self.uniqueness else {
            self.fill_blocks(&mut history.walks, Request { rows, clean, job }, columns, labels)?;
            return Ok(Duplicates::default());
        };
        if let Some(last) =
            rows.iter().filter(|rows| rows.len > 0).map(|r| r.start + (r.len as u64 - 1)).max()
        {
            self.refuse_too_many(uniqueness, last)?;
        }
        let mut duplicates = Duplicates::default();
        let mut columns = columns;
        let mut labels = labels;
        for &Rows { start, len } in rows {
            if start < history.next {
                *history = History::new();
                history.walks.resize_with(self.variables.len(), Walk::default);
            }
            while history.next < start {
                self.window(uniqueness, history, start, None, job)?;
            }
            let mut left = len;
            while left > 0 {
                let (at, end) = (history.next, start.wrapping_add(len as u64));
                let parts = self.window(uniqueness, history, end, Some(&mut duplicates), job)?;
                let take = parts.iter().map(|part| part.labels.len()).sum();
                let mut mine = Vec::with_capacity(columns.len());
                for column in &mut columns {
                    let (now, later) = std::mem::take(column).split_at_mut(take);
                    *column = later;
                    mine.push(now);
                }
                let (now, later) = std::mem::take(&mut labels).split_at_mut(take);
                labels = later;
                self.deliver(
                    uniqueness,
                    &parts,
                    blocks(&[Rows { start: at, len: take }], mine, now),
                    clean,
                    job,
                )?;
                job.step(take as u64)?;
                left -= take;
            }
        }
        Ok(duplicates)
    }

    /// Settles the rows from `history.next` on, up to `end` or to as many as fit a window.
    fn window(
        &self,
        uniqueness: &Uniqueness,
        history: &mut History,
        end: u64,
        delivered: Option<&mut Duplicates>,
        job: &Job,
    ) -> Result<Vec<Part>> {
        // Enough for all threads, and little against what is generated. The more data are registered, the more rows at a
        // time: then those that are looked up lie closer together in memory.
        let few = (128 / self.variables.len()).clamp(1, 16).max(rayon::current_num_threads());
        let most = (history.data() / (4 * BLOCK)).clamp(few, few.max(4 * few.min(16)));
        let start = history.next;
        let mut rows = Vec::new();
        let mut at = start;
        while at != end && rows.len() < most {
            let len = (BLOCK as u64 - at % BLOCK as u64).min(end.wrapping_sub(at)) as usize;
            rows.push(Rows { start: at, len });
            at = at.wrapping_add(len as u64);
        }
        let all = delivered.is_some();
        let (parts, walked) = rayon::join(
            || {
                rows.par_iter()
                    .map(|rows| self.begin(uniqueness, *rows, all, job))
                    .collect::<Result<Vec<Part>>>()
            },
            || self.walk_all(&mut history.walks, &rows, job),
        );
        let mut parts = parts?;
        for (i, columns, chains) in walked? {
            for ((part, column), chain) in parts.iter_mut().zip(columns).zip(chains) {
                (part.columns[i], part.chains[i]) = (column, chain);
            }
        }
        let long = uniqueness.over.len() > 1;
        history.registers.resize_with(2 * SHARDS, || Table::new(long));
        let mut held: Vec<Table<u32>> = (0..2 * SHARDS).map(|_| Table::new(long)).collect();
        let mut proposals: Vec<Proposals> = parts.iter().map(|_| Proposals::default()).collect();
        loop {
            let propose = |(part, proposals): (&mut Part, &mut Proposals)| {
                self.propose(uniqueness, part, proposals, job)
            };
            parts.par_iter_mut().zip(&mut proposals).try_for_each(propose)?;
            if proposals.iter().all(|proposals| proposals.rows.is_empty()) {
                break;
            }
            held.par_iter_mut().zip(&history.registers).enumerate().for_each(|(shard, (held, register))| {
                dispatch(Settle { shard, proposals: &proposals, held, register, parts: &parts });
            });
        }
        self.judge(uniqueness, &parts, delivered)?;
        history.registers.par_iter_mut().zip(&held).for_each(|(register, held)| register.extend(held));
        history.next = at;
        Ok(parts)
    }

    /// Walks along the sequential variables: their position, values, and normal values, part by part.
    fn walk_all(&self, walks: &mut [Walk], rows: &[Rows], job: &Job) -> Result<Vec<Walked>> {
        let request = Request { rows, clean: false, job };
        let along = |(i, (variable, walk)): (usize, (&Variable, &mut Walk))| {
            let sequence = variable.sequence.filter(|_| variable.walks())?;
            let step = |rows: &Rows| {
                let mut column = vec![0.0; rows.len];
                let chain = self.walk_block(variable, sequence, walk, request, &mut column)?;
                Ok((column, chain))
            };
            let walked: Result<(Vec<_>, Vec<_>)> = rows.iter().map(step).collect();
            Some(walked.map(|(columns, chains)| (i, columns, chains)))
        };
        self.variables.par_iter().zip(walks).enumerate().filter_map(along).collect()
    }

    /// Draws rows for the first time; all variables, or only those that make the datum.
    fn begin(&self, uniqueness: &Uniqueness, rows: Rows, all: bool, job: &Job) -> Result<Part> {
        job.check()?;
        let Rows { start, len } = rows;
        let around = self.events_around(start, len as u64);
        let events = touching(&around, start, start + (len as u64 - 1)).to_vec();
        let mut labels = vec![0; len];
        self.mark(start, &events, &mut labels);
        let want = Want { events: &events, around: &around, attempt: 0, time: self.time, view: None, job };
        let column = |(i, variable): (usize, &Variable)| {
            if variable.walks() || (!all && uniqueness.over.binary_search(&i).is_err()) {
                return Ok(Vec::new());
            }
            let mut column = vec![0.0; len];
            variable.fill(start, &want, &mut column)?;
            Ok(column)
        };
        let columns =
            self.variables.par_iter().enumerate().map(|(i, v)| column((i, v))).collect::<Result<_>>()?;
        let states = labels
            .iter()
            .map(|&label| {
                AtomicU8::new(if uniqueness.limits[label as usize].is_some() { PENDING } else { SETTLED })
            })
            .collect();
        // The first proposal counts the attempts up to 0.
        let attempts = vec![u32::MAX; len];
        let chains = vec![Vec::new(); self.variables.len()];
        Ok(Part { start, events, around, columns, chains, labels, attempts, states })
    }

    /// Draws the rows anew whose proposals were turned away, and lists what they propose now.
    fn propose(
        &self,
        uniqueness: &Uniqueness,
        part: &mut Part,
        proposals: &mut Proposals,
        job: &Job,
    ) -> Result<()> {
        job.check()?;
        for (row, state) in proposals.rows.iter().zip(&mut proposals.states) {
            *part.states[*row as usize].get_mut() |= *state.get_mut();
        }
        let mut rows = pending(&mut part.states);
        let tries = uniqueness.limits.map(|limit| limit.map_or(0, |limit| limit.tries));
        let (mut least, mut most) = (u32::MAX, 0);
        let mut n = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            let j = row as usize;
            let attempt = part.attempts[j].wrapping_add(1);
            if attempt < tries[part.labels[j] as usize] {
                *part.states[j].get_mut() = SETTLED;
                part.attempts[j] = attempt;
                (least, most) = (least.min(attempt), most.max(attempt));
                rows[n] = row;
                n += 1;
            } else {
                *part.states[j].get_mut() = EXHAUSTED;
            }
        }
        rows.truncate(n);
        let mut redraw = |rows: &[u32], attempt: u32| -> Result<()> {
            let (events, around) = (&part.events[..], &part.around[..]);
            let want = Want { events, around, attempt, time: self.time, view: None, job };
            for &i in &uniqueness.over {
                self.variables[i].redraw(rows, part.start, &want, &mut part.columns[i])?;
            }
            Ok(())
        };
        // Mostly they are all at the same attempt.
        if least < most {
            let attempt = |row: u32| part.attempts[row as usize];
            let mut grouped = rows.clone();
            grouped.sort_by_key(|&row| attempt(row)); // stable, and quick for few different keys
            for group in grouped.chunk_by(|a, b| attempt(*a) == attempt(*b)) {
                redraw(group, attempt(group[0]))?;
            }
        } else if most > 0 {
            redraw(&rows, most)?;
        }
        list(uniqueness, part, &rows, proposals);
        Ok(())
    }

    /// Refuses a window with rows that Hard forbids, and counts those that Soft lets through.
    fn judge(
        &self,
        uniqueness: &Uniqueness,
        parts: &[Part],
        delivered: Option<&mut Duplicates>,
    ) -> Result<()> {
        let mut counts = [0; 2];
        for part in parts {
            for (j, state) in part.states.iter().enumerate() {
                if state.load(Ordering::Relaxed) != EXHAUSTED {
                    continue;
                }
                let anomalous = part.labels[j] as usize;
                counts[anomalous] += 1;
                if let Some(Limit { tries, hard: true }) = uniqueness.limits[anomalous] {
                    // Rows are judged upward, so this is the lowest; and rows below it are as they would be alone.
                    return Err(Error::NotUnique {
                        row: part.start + j as u64,
                        class: class(anomalous == 1),
                        tries,
                        datum: uniqueness
                            .over
                            .iter()
                            .map(|&i| (self.variables[i].name.clone(), part.columns[i][j]))
                            .collect(),
                    });
                }
            }
        }
        if let Some(duplicates) = delivered {
            duplicates.normal += counts[0];
            duplicates.anomalous += counts[1];
        }
        Ok(())
    }

    /// Copies settled rows to where they go; or draws them without anomalies, each at the try it was settled with.
    fn deliver<T: Real>(
        &self,
        uniqueness: &Uniqueness,
        parts: &[Part],
        blocks: Vec<Block<'_, T>>,
        clean: bool,
        job: &Job,
    ) -> Result<()> {
        blocks.into_par_iter().zip(parts).try_for_each(|(block, part)| {
            if !clean {
                block.labels.copy_from_slice(&part.labels);
                for (out, column) in block.columns.into_iter().zip(&part.columns) {
                    T::write(out, |values| values.copy_from_slice(column));
                }
                return Ok(());
            }
            let around = self.clean(part.around.clone());
            let events = self.clean(part.events.clone());
            self.mark(part.start, &events, block.labels);
            let mut later: Vec<(u32, u32)> = Vec::new();
            for (j, &attempt) in part.attempts.iter().enumerate() {
                if attempt != 0 && attempt != u32::MAX {
                    later.push((attempt, j as u32));
                }
            }
            later.sort_unstable();
            for (i, (out, variable)) in block.columns.into_iter().zip(&self.variables).enumerate() {
                let want =
                    Want { events: &events, around: &around, attempt: 0, time: self.time, view: None, job };
                T::write(out, |values| {
                    if variable.walks() {
                        values.copy_from_slice(&part.chains[i]);
                        return Ok(());
                    }
                    variable.fill(part.start, &want, values)?;
                    if uniqueness.over.binary_search(&i).is_err() {
                        return Ok(());
                    }
                    for group in later.chunk_by(|a, b| a.0 == b.0) {
                        let offsets: Vec<u32> = group.iter().map(|row| row.1).collect();
                        let want = Want { attempt: group[0].0, ..want };
                        variable.redraw(&offsets, part.start, &want, values)?;
                    }
                    Ok::<(), Error>(())
                })?;
            }
            Ok(())
        })
    }

    /// Refuses rows of a class that must be unique when there are fewer data than rows, before any is drawn.
    fn refuse_too_many(&self, uniqueness: &Uniqueness, last: u64) -> Result<()> {
        for (anomalous, (limit, possible)) in uniqueness.limits.iter().zip(uniqueness.possible).enumerate() {
            let (Some(Limit { hard: true, .. }), Some(possible)) = (limit, possible) else { continue };
            if possible > last {
                continue;
            }
            if let Some(row) = self.row_of_class(anomalous == 1, possible, last) {
                return Err(Error::TooFewData { class: class(anomalous == 1), possible, row });
            }
        }
        Ok(())
    }

    /// The row with `before` rows of its class below it, if it is not above `last`.
    fn row_of_class(&self, anomalous: bool, before: u64, last: u64) -> Option<u64> {
        /// Rows whose events are looked at together.
        const STEP: u64 = 1 << 20;
        let mut left = before;
        let mut first = 0_u64;
        loop {
            let upto = last.min(first.saturating_add(STEP - 1));
            let mut at = first;
            // Normal rows up to the next event, then the event's rows; and the normal ones after the last.
            for event in self.events(first, upto - first + 1) {
                let (start, stop) = (event.start.max(first), (event.stop - 1).min(upto) + 1);
                let (from, rows) = if anomalous { (start, stop - start) } else { (at, start - at) };
                if left < rows {
                    return Some(from + left);
                }
                left -= rows;
                at = stop;
            }
            let rest = if anomalous { 0 } else { (upto - at).wrapping_add(1) };
            if left < rest {
                return Some(at + left);
            }
            left -= rest;
            if upto == last {
                return None;
            }
            first = upto + 1;
        }
    }
}

/// The rows that are pending.
fn pending(states: &mut [AtomicU8]) -> Vec<u32> {
    /// Rows that are looked at together, since in most rounds but few are pending.
    const TOGETHER: usize = 64;
    let mut rows = vec![0; states.len()];
    let mut n = 0;
    for (chunk, states) in states.chunks_mut(TOGETHER).enumerate() {
        if states.iter_mut().fold(0, |any, state| any | (*state.get_mut() & PENDING)) == 0 {
            continue;
        }
        for (j, state) in states.iter_mut().enumerate() {
            // No jump that depends on the row: it would be mispredicted.
            rows[n] = (chunk * TOGETHER + j) as u32;
            n += usize::from(*state.get_mut() == PENDING);
        }
    }
    rows.truncate(n);
    rows
}

/// Lists what rows, in order, propose.
fn list(uniqueness: &Uniqueness, part: &Part, rows: &[u32], proposals: &mut Proposals) {
    let long = uniqueness.over.len() > 1;
    let n = rows.len();
    let (mut high, mut low, mut shards) = (vec![0; n], vec![0; if long { n } else { 0 }], vec![0_u16; n]);
    let ends = &mut proposals.ends;
    ends.clear();
    ends.resize(2 * SHARDS, 0);
    let mut keys = Keys::new(long);
    let mut buffer = [0.0; TILE];
    for (tile, rows) in rows.chunks(TILE).enumerate() {
        let range = tile * TILE..tile * TILE + rows.len();
        keys.begin();
        for &i in &uniqueness.over {
            let column = &part.columns[i];
            for (x, row) in buffer.iter_mut().zip(rows) {
                *x = column[*row as usize];
            }
            keys.read(&buffer[..rows.len()]);
        }
        for (j, (at, &row)) in range.clone().zip(rows).enumerate() {
            let (key, shard) = keys.get(j);
            high[at] = key.0;
            if long {
                low[at] = key.1;
            }
            shards[at] = (shard | (part.labels[row as usize] as usize * SHARDS)) as u16;
        }
        for &shard in &shards[range] {
            ends[shard as usize] = ends[shard as usize].wrapping_add(1);
        }
    }
    let mut sum = 0;
    for end in &mut *ends {
        (*end, sum) = (sum, sum + *end);
    }
    proposals.high.resize(n, 0);
    proposals.low.resize(low.len(), 0);
    proposals.rows.resize(n, 0);
    proposals.states.resize_with(n, AtomicU8::default);
    for (j, (&row, shard)) in rows.iter().zip(shards).enumerate() {
        let end = &mut ends[shard as usize];
        let at = *end as usize;
        proposals.high[at] = high[j];
        if long {
            proposals.low[at] = low[j];
        }
        proposals.rows[at] = row as u16;
        *end = end.wrapping_add(1);
    }
}

/// Gives each datum of a shard to the lowest row that proposed it, unless a row before the window has it.
struct Settle<'a> {
    shard: usize,
    proposals: &'a [Proposals],
    held: &'a mut Table<u32>,
    register: &'a Table<()>,
    parts: &'a [Part],
}

impl Kernel for Settle<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        /// Data that are looked for together.
        const AHEAD: usize = 32;
        let Self { shard, proposals, held, register, parts } = self;
        let total = proposals.iter().map(|of| of.of(shard).len()).sum();
        // Those that are not in the register, with their rows in the window.
        let mut fresh = vec![(0, 0, 0_u32); total];
        let mut n = 0;
        let mut batches = proposals.iter().enumerate().flat_map(|(part, of)| {
            let Range { start, end } = of.of(shard);
            (start..end).step_by(AHEAD).map(move |from| (part, from..end.min(from + AHEAD)))
        });
        let mut next = batches.next();
        while let Some((part, range)) = next {
            next = batches.next();
            if let Some((part, range)) = &next {
                for at in range.clone() {
                    register.prefetch(proposals[*part].key(at));
                }
            }
            let of = &proposals[part];
            for at in range {
                let (high, low) = of.key(at);
                let known = register.contains((high, low));
                // No jump depends on that: half of them would be mispredicted.
                of.states[at].store(if known { PENDING } else { SETTLED }, Ordering::Relaxed);
                fresh[n] = (high, low, (part * BLOCK) as u32 | u32::from(of.rows[at]));
                n += usize::from(!known);
            }
        }
        held.reserve(n);
        for &(high, low, row) in &fresh[..n] {
            if let Some(holder) = held.get_or_insert((high, low), row) {
                let away = row.max(*holder);
                *holder = row.min(*holder);
                parts[away as usize / BLOCK].states[away as usize % BLOCK].store(PENDING, Ordering::Relaxed);
            }
        }
    }
}
