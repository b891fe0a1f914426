//! Column chunks of Parquet that are made straight from numbers in memory: floats as they are, whole numbers as
//! differences, not compressed, with the limits of the values.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int64Type, TimestampNanosecondType, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::{DataType, Field, TimeUnit};
use paranom::error::try_reserve;
use paranom::simd::{Kernel, dispatch};
use parquet::basic::{Encoding, Type};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;

use crate::delta::{self, Whole, varint, zigzag};
use crate::error::{Error, Result};
use crate::splice::Pages;

/// Most values of a page: 1 MB of the widest.
const PAGE: usize = 1 << 17;
/// Bytes that a page may take beside the values, and a value that is stored as a difference.
const HEADER: usize = 64;
const DIFFERENCE: usize = 9;

/// Whether the values of a column can be written this way.
pub(crate) fn takes(field: &Field) -> bool {
    let is_number = matches!(
        field.data_type(),
        DataType::Float64
            | DataType::Float32
            | DataType::Int8
            | DataType::Int64
            | DataType::UInt64
            | DataType::Timestamp(TimeUnit::Nanosecond, _)
    );
    is_number && !field.is_nullable()
}

/// The values of a column in a row group, page after page.
pub(crate) struct Chunk {
    column: ColumnDescPtr,
    encoding: Encoding,
    pages: Pages,
    rows: usize,
    limits: Option<Limits>,
    page: Vec<u8>,
}

/// The least and the greatest value.
enum Limits {
    /// And how many are NaN, which has no place among them.
    Floats(f64, f64, u64),
    Wholes(i128, i128),
}

impl Chunk {
    /// An empty chunk, in memory that it may use.
    pub(crate) fn new(column: ColumnDescPtr, memory: Vec<u8>) -> Self {
        let is_float = matches!(column.physical_type(), Type::DOUBLE | Type::FLOAT);
        let encoding = if is_float { Encoding::PLAIN } else { Encoding::DELTA_BINARY_PACKED };
        Self { column, encoding, pages: Pages::new(memory), rows: 0, limits: None, page: Vec::new() }
    }

    /// Appends values.
    pub(crate) fn add(&mut self, array: &dyn Array) -> Result<()> {
        match array.data_type() {
            DataType::Float64 => self.floats(array.as_primitive::<Float64Type>()),
            DataType::Float32 => self.floats(array.as_primitive::<Float32Type>()),
            DataType::Int8 => self.wholes(array.as_primitive::<Int8Type>().values()),
            DataType::Int64 => self.wholes(array.as_primitive::<Int64Type>().values()),
            DataType::UInt64 => self.wholes(array.as_primitive::<UInt64Type>().values()),
            DataType::Timestamp(..) => self.wholes(array.as_primitive::<TimestampNanosecondType>().values()),
            other => Err(Error::File(format!("must have columns of numbers, and one is {other}"))),
        }
    }

    fn floats<A: ArrowPrimitiveType<Native: Ends>>(&mut self, array: &PrimitiveArray<A>) -> Result<()> {
        let size = size_of::<A::Native>();
        let bytes = array.values().inner();
        for (page, values) in array.values().chunks(PAGE).enumerate() {
            let (low, high, missing) = dispatch(Range(values));
            self.extend(Limits::Floats(low.into(), high.into(), missing));
            let here = bytes.slice_with_length(page * PAGE * size, size_of_val(values));
            self.begin_page(values.len(), here.len(), 0)?;
            self.pages.values(here)?;
        }
        Ok(())
    }

    fn wholes<T: Whole>(&mut self, values: &[T]) -> Result<()> {
        for values in values.chunks(PAGE) {
            let mut page = std::mem::take(&mut self.page);
            page.clear();
            try_reserve(&mut page, values.len() * DIFFERENCE + HEADER)?;
            let (low, high) = delta::append(values, &mut page);
            self.extend(Limits::Wholes(low, high));
            self.begin_page(values.len(), page.len(), page.len())?;
            self.pages.made().extend_from_slice(&page);
            self.page = page;
        }
        Ok(())
    }

    /// Takes more values into the limits.
    fn extend(&mut self, more: Limits) {
        self.limits = Some(match (self.limits.take(), more) {
            (Some(Limits::Floats(a, b, before)), Limits::Floats(low, high, missing)) => {
                Limits::Floats(a.min(low), b.max(high), before + missing)
            }
            (Some(Limits::Wholes(a, b)), Limits::Wholes(low, high)) => {
                Limits::Wholes(a.min(low), b.max(high))
            }
            (_, more) => more,
        });
    }

    /// Writes the header of a page, in Thrift's compact protocol, and makes room for the bytes that are copied.
    fn begin_page(&mut self, values: usize, size: usize, copied: usize) -> Result<()> {
        const I32: u8 = 0x15; // the next field, a number
        const STRUCT: u8 = 0x2C; // the field after the next, a struct
        fn numbers<const N: usize>(numbers: [usize; N], bytes: &mut Vec<u8>) {
            for number in numbers {
                bytes.push(I32);
                varint(zigzag(number as i64), bytes);
            }
        }
        let bytes = self.pages.made();
        try_reserve(bytes, copied + HEADER)?;
        self.rows += values;
        // A data page; its size, twice.
        numbers([0, size, size], bytes);
        bytes.push(STRUCT);
        // Levels (there are none) would be run lengths.
        let encoding = if self.encoding == Encoding::PLAIN { 0 } else { 5 };
        numbers([values, encoding, 3, 3], bytes);
        bytes.extend_from_slice(&[0, 0]);
        Ok(())
    }

    /// The bytes, and what the file says of them.
    pub(crate) fn end(self) -> Result<(ColumnCloseResult, Pages)> {
        let size = self.pages.len() as i64;
        let mut metadata = ColumnChunkMetaData::builder(self.column.clone())
            .set_encodings(vec![self.encoding])
            .set_num_values(self.rows as i64)
            .set_total_compressed_size(size)
            .set_total_uncompressed_size(size)
            .set_data_page_offset(0);
        if let Some(statistics) =
            self.limits.and_then(|limits| limits.statistics(self.column.physical_type()))
        {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: size as u64,
            rows_written: self.rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((close, self.pages))
    }
}

impl Limits {
    /// As the file holds them; none where all values are NaN.
    fn statistics(&self, kind: Type) -> Option<Statistics> {
        // The library says that floats are in IEEE's total order, which some readers do not know: they take the older
        // fields, which are in signed order.
        fn floats<T>(low: T, high: T, missing: u64) -> ValueStatistics<T> {
            ValueStatistics::new(Some(low), Some(high), None, Some(0), false)
                .with_backwards_compatible_min_max(true)
                .with_nan_count(Some(missing))
        }
        Some(match *self {
            Self::Floats(low, high, _) if low > high => return None,
            Self::Floats(low, high, missing) => {
                // Readers may take either zero for the other.
                let (low, high) = (if low == 0.0 { -0.0 } else { low }, if high == 0.0 { 0.0 } else { high });
                if kind == Type::FLOAT {
                    Statistics::Float(floats(low as f32, high as f32, missing))
                } else {
                    Statistics::Double(floats(low, high, missing))
                }
            }
            Self::Wholes(low, high) if kind == Type::INT32 => {
                Statistics::int32(Some(low as i32), Some(high as i32), None, Some(0), false)
            }
            Self::Wholes(low, high) => {
                Statistics::int64(Some(low as i64), Some(high as i64), None, Some(0), false)
            }
        })
    }
}

/// A float, and what lies beyond all.
trait Ends: Copy + PartialOrd + Into<f64> {
    const INFINITY: Self;
    const NEG_INFINITY: Self;
}

impl Ends for f64 {
    const INFINITY: Self = f64::INFINITY;
    const NEG_INFINITY: Self = f64::NEG_INFINITY;
}

impl Ends for f32 {
    const INFINITY: Self = f32::INFINITY;
    const NEG_INFINITY: Self = f32::NEG_INFINITY;
}

/// The least and the greatest of numbers, and how many are NaN.
struct Range<'a, T>(&'a [T]);

impl<T: Ends> Kernel for Range<'_, T> {
    type Output = (T, T, u64);
    #[inline(always)]
    #[allow(clippy::eq_op)] // what differs from itself is NaN
    fn run(self) -> (T, T, u64) {
        const LANES: usize = 32;
        let (mut low, mut high, mut missing) =
            ([T::INFINITY; LANES], [T::NEG_INFINITY; LANES], [0_u64; LANES]);
        let mut parts = self.0.chunks_exact(LANES);
        for part in &mut parts {
            for lane in 0..LANES {
                let x = part[lane];
                low[lane] = if x < low[lane] { x } else { low[lane] };
                high[lane] = if x > high[lane] { x } else { high[lane] };
                missing[lane] += u64::from(x != x);
            }
        }
        for &x in parts.remainder() {
            low[0] = if x < low[0] { x } else { low[0] };
            high[0] = if x > high[0] { x } else { high[0] };
            missing[0] += u64::from(x != x);
        }
        let least = low.into_iter().fold(T::INFINITY, |least, x| if x < least { x } else { least });
        let greatest = high.into_iter().fold(T::NEG_INFINITY, |most, x| if x > most { x } else { most });
        (least, greatest, missing.into_iter().sum())
    }
}
