//! Reads the tables of `ADBench`: zip archives (`.npz`) of two `NumPy` arrays, `X` (rows and columns) and `y` (1: anomalous).
//!
//! Formats: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. Han et al., *`ADBench`: Anomaly
//! Detection Benchmark*, `NeurIPS` 2022.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};

/// The maximum number of values of an array: 32 Mi, which are 256 MiB.
const MAX_VALUES: usize = 1 << 25;

/// The maximum length of an array's header, in bytes; `NumPy` writes 118.
const MAX_HEADER_BYTES: usize = 1 << 16;

/// A labelled table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LabelledTable {
    pub(crate) rows: FeatureMatrix,
    pub(crate) anomalous: Vec<bool>,
}

impl LabelledTable {
    /// Every k-th row from the first on, with the smallest k that leaves at most `max` rows. Other implementations take the
    /// same rows by the same rule.
    pub(crate) fn thinned(&self, max: usize) -> anyhow::Result<Self> {
        let step = self.anomalous.len().div_ceil(max.max(1)).max(1);
        let mut rows = FeatureMatrix::new(Arc::clone(self.rows.schema()));
        self.rows.rows().step_by(step).try_for_each(|row| rows.push(row))?;
        Ok(Self { rows, anomalous: self.anomalous.iter().copied().step_by(step).collect() })
    }
}

/// Reads a labelled table.
pub(crate) fn read(path: &Path) -> anyhow::Result<LabelledTable> {
    let file = BufReader::new(File::open(path)?);
    let mut archive = zip::ZipArchive::new(file).context("not a zip archive")?;
    let mut array = |name: &str| {
        let mut entry = archive.by_name(name)?;
        Array::read(&mut entry).with_context(|| name.to_owned())
    };
    set(&array("X.npy")?, &array("y.npy")?)
}

fn set(x: &Array, y: &Array) -> anyhow::Result<LabelledTable> {
    let &[rows, width] = &x.shape[..] else { anyhow::bail!("X has {} dimensions, not 2", x.shape.len()) };
    anyhow::ensure!(width > 0, "X has no columns");
    anyhow::ensure!(y.shape == [rows], "X has {rows} rows, y the shape {:?}", y.shape);
    let feature = |number| Feature {
        name: format!("x{number}"),
        label: format!("column {number}"),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = (0..width).map(feature).collect();
    let schema = FeatureSchema { source: "table".to_owned(), window_seconds: 0, features };
    let mut matrix = FeatureMatrix::new(Arc::new(schema));
    let (by_row, by_column) = if x.by_columns { (1, rows) } else { (width, 1) };
    let mut values = Vec::with_capacity(width);
    for row in 0..rows {
        values.clear();
        values.extend((0..width).map(|column| x.values[row * by_row + column * by_column]));
        matrix.push(&values).with_context(|| format!("row {row} of X"))?;
    }
    let label = |(row, value): (usize, &f64)| match *value {
        0.0 => Ok(false),
        1.0 => Ok(true),
        v => anyhow::bail!("row {row} of y is {v}: labels must be 0 or 1"),
    };
    let anomalous = y.values.iter().enumerate().map(label).collect::<anyhow::Result<_>>()?;
    Ok(LabelledTable { rows: matrix, anomalous })
}

/// A `NumPy` array of real numbers.
#[derive(Debug, PartialEq)]
struct Array {
    shape: Vec<usize>,
    /// True when the first index changes fastest (Fortran's order).
    by_columns: bool,
    values: Vec<f64>,
}

impl Array {
    /// Reads the `.npy` format, versions 1 to 3. Nothing is allocated for values that are not there.
    fn read(input: &mut impl Read) -> anyhow::Result<Self> {
        let mut start = [0; 8];
        input.read_exact(&mut start).context("not a NumPy array")?;
        anyhow::ensure!(start.starts_with(b"\x93NUMPY"), "not a NumPy array");
        let length = match start[6] {
            1 => usize::from(u16::from_le_bytes(bytes(input)?)),
            2 | 3 => u32::from_le_bytes(bytes(input)?) as usize,
            version => anyhow::bail!("version {version} of the NumPy format: 1 to 3 are read"),
        };
        anyhow::ensure!(length <= MAX_HEADER_BYTES, "a header of {length} bytes");
        let mut header = vec![0; length];
        input.read_exact(&mut header).context("the header is cut off")?;
        let header = Header::parse(std::str::from_utf8(&header).context("the header is no text")?)?;
        let count = header.shape.iter().try_fold(1_usize, |count, n| count.checked_mul(*n));
        let count = count.filter(|count| *count <= MAX_VALUES);
        let count = count.with_context(|| format!("shape {:?}: at most {MAX_VALUES} values are read", header.shape))?;
        let mut raw = Vec::new();
        let size = count * header.value.size();
        // One byte more: at the end of its entry, the archive compares the checksum.
        input.take(size as u64 + 1).read_to_end(&mut raw).context("reading values")?;
        anyhow::ensure!(raw.len() == size, "{} bytes of values or more, not {size}", raw.len());
        let values = raw.chunks_exact(header.value.size()).map(|bytes| header.value.read(bytes)).collect();
        Ok(Self { shape: header.shape, by_columns: header.by_columns, values })
    }
}

fn bytes<const N: usize>(input: &mut impl Read) -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).context("the header is cut off")?;
    Ok(bytes)
}

/// The type of a stored value, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    F8,
    F4,
    I8,
    I4,
    U1,
    I1,
}

impl Value {
    fn parse(name: &str) -> anyhow::Result<Self> {
        Ok(match name {
            "<f8" => Self::F8,
            "<f4" => Self::F4,
            "<i8" => Self::I8,
            "<i4" => Self::I4,
            "|u1" | "|b1" => Self::U1,
            "|i1" => Self::I1,
            _ => anyhow::bail!("values of type {name:?}: <f8, <f4, <i8, <i4, |i1, |u1 and |b1 are read"),
        })
    }

    fn size(self) -> usize {
        match self {
            Self::F8 | Self::I8 => 8,
            Self::F4 | Self::I4 => 4,
            Self::U1 | Self::I1 => 1,
        }
    }

    /// The value of as many bytes as its size.
    fn read(self, bytes: &[u8]) -> f64 {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        let [a, b, c, d, ..] = eight;
        match self {
            Self::F8 => f64::from_le_bytes(eight),
            Self::F4 => f64::from(f32::from_le_bytes([a, b, c, d])),
            Self::I8 => i64::from_le_bytes(eight) as f64,
            Self::I4 => f64::from(i32::from_le_bytes([a, b, c, d])),
            Self::U1 => f64::from(a),
            Self::I1 => f64::from(a.cast_signed()),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Header {
    value: Value,
    by_columns: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads the header, a dictionary as Python prints it: `{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }`.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let after = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}':")).with_context(|| format!("no {key} in the header"))?;
            anyhow::Ok(rest.trim_start())
        };
        let name = after("descr")?.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map(|(name, _)| name);
        let order = after("fortran_order")?;
        let shape = after("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(shape, _)| shape);
        let lengths = shape.context("the shape is no tuple")?.split(',').map(str::trim).filter(|n| !n.is_empty());
        Ok(Self {
            value: Value::parse(name.context("values of several fields")?)?,
            by_columns: order.starts_with("True"),
            shape: lengths.map(str::parse).collect::<Result<_, _>>().context("the shape")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn npy(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
    }

    fn array(bytes: &[u8]) -> Result<Array, String> {
        Array::read(&mut &*bytes).map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn every_type_and_order_is_read() {
        let values = |bytes: &[u8]| array(bytes).unwrap().values;
        let f8 = [1.5_f64, -2.0].map(f64::to_le_bytes).concat();
        assert_eq!(values(&npy("<f8", "False", "(2,)", &f8)), [1.5, -2.0]);
        assert_eq!(values(&npy("<f4", "False", "(1,)", &(-0.5_f32).to_le_bytes())), [-0.5]);
        assert_eq!(values(&npy("<i8", "False", "(1,)", &(-3_i64).to_le_bytes())), [-3.0]);
        assert_eq!(values(&npy("<i4", "False", "(1,)", &(-4_i32).to_le_bytes())), [-4.0]);
        assert_eq!(values(&npy("|u1", "False", "(2,)", &[0, 255])), [0.0, 255.0]);
        assert_eq!(values(&npy("|i1", "False", "(1,)", &[255])), [-1.0]);
        let rows = |order| {
            let x = array(&npy("|u1", order, "(2, 3)", &[1, 2, 3, 4, 5, 6])).unwrap();
            let y = array(&npy("|b1", "False", "(2,)", &[0, 1])).unwrap();
            let set = set(&x, &y).unwrap();
            assert_eq!(set.anomalous, [false, true]);
            set.rows.rows().map(<[f64]>::to_vec).collect::<Vec<_>>()
        };
        assert_eq!(rows("False"), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(rows("True"), [[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]);
    }

    #[test]
    fn what_is_no_array_is_refused_without_allocating_for_it() {
        let says = |bytes: &[u8], text: &str| {
            let error = array(bytes).unwrap_err();
            assert!(error.contains(text), "{error}");
        };
        says(b"PK", "not a NumPy array");
        says(b"12345678", "not a NumPy array");
        says(b"\x93NUMPY\x09\x00", "version 9");
        says(b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "a header of 4294967295 bytes");
        says(b"\x93NUMPY\x01\x00\xff\x00{", "cut off");
        says(&npy("<f8", "False", "(99999999999999999999,)", b""), "the shape");
        says(&npy("<f8", "False", "(4294967296, 4294967296, 4294967296)", b""), "at most");
        says(&npy("<f8", "False", "(33554433,)", b""), "at most");
        says(&npy("<f8", "False", "(33554432,)", b"12345678"), "8 bytes of values or more, not 268435456");
        says(&npy("<c16", "False", "(1,)", b""), "<c16");
        says(&npy("<f8", "False", "5", b""), "no tuple");
        let full = npy("<f8", "False", "(2,)", &[0; 16]);
        for cut in 0..full.len() {
            assert!(array(&full[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn arrays_that_make_no_set_are_refused() {
        let says = |x: &[u8], y: &[u8], text: &str| {
            let error = format!("{:#}", set(&array(x).unwrap(), &array(y).unwrap()).unwrap_err());
            assert!(error.contains(text), "{error}");
        };
        let x = npy("|u1", "False", "(2, 1)", &[1, 2]);
        says(&x, &npy("|u1", "False", "(3,)", &[0, 1, 0]), "X has 2 rows, y the shape [3]");
        says(&x, &npy("|u1", "False", "(2,)", &[0, 2]), "row 1 of y is 2");
        says(&npy("|u1", "False", "(2,)", &[0, 1]), &x, "1 dimensions, not 2");
        says(&npy("|u1", "False", "(9, 0)", &[]), &x, "no columns");
        let nan = npy("<f8", "False", "(1, 1)", &f64::NAN.to_le_bytes());
        says(&nan, &npy("|u1", "False", "(1,)", &[0]), "every value must be finite");
    }

    #[test]
    fn a_set_is_read_from_its_archive_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.npz");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, array) in [
            ("X.npy", npy("|u1", "False", "(3, 1)", &[71, 72, 73])),
            ("y.npy", npy("<i4", "False", "(3,)", &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])),
        ] {
            archive.start_file(name, stored).unwrap();
            archive.write_all(&array).unwrap();
        }
        archive.finish().unwrap();
        let set = read(&path).unwrap();
        assert_eq!((set.rows.column(0), set.anomalous), (vec![71.0, 72.0, 73.0], vec![false, true, false]));

        let mut bytes = std::fs::read(&path).unwrap();
        let value = bytes.windows(3).position(|window| window == [71, 72, 73]).unwrap();
        bytes[value] = 70;
        std::fs::write(&path, &bytes).unwrap();
        assert!(format!("{:#}", read(&path).unwrap_err()).starts_with("X.npy: reading values"));
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(format!("{:#}", read(&path).unwrap_err()).contains("not a zip archive"));
    }

    #[test]
    fn thinning_takes_every_kth_row_from_the_first_on() {
        let x = array(&npy("|u1", "False", "(7, 1)", &[0, 1, 2, 3, 4, 5, 6])).unwrap();
        let y = array(&npy("|u1", "False", "(7,)", &[1, 0, 0, 1, 0, 0, 1])).unwrap();
        let set = set(&x, &y).unwrap();
        let column = |most| set.thinned(most).unwrap().rows.column(0);
        assert_eq!(column(3), [0.0, 3.0, 6.0]);
        assert_eq!(column(6), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(column(7).len(), 7);
        assert_eq!(set.thinned(3).unwrap().anomalous, [true; 3]);
    }
}
