//! One object, read and turned into what its batches hold: windows of flow logs, or records as they are.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};

use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::window::{Hour, Scope};
use weir_features::flow::Folder;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::login::sshd::Clock;
use weir_ingest::login::{self, LoginRow};
use weir_ingest::usage::{self, UsageOptions};
use weir_ingest::{Format, ObjectName, Problem, ReadError, recognise_or};

use super::used::Used;
use super::{PreprocessError, PreprocessOptions};
use crate::batch::{BatchError, BatchWriter, LoginBatchWriter, UsageBatchWriter};
use crate::keys::HourOfScope;
use crate::usage::hour::HourUsage;

/// An object, read and folded.
pub(super) struct Folded {
    pub(super) summary: ReadSummary,
    pub(super) batches: Vec<(HourOfScope, Vec<u8>)>,
}

/// Reads an object in whatever format it is, or in the one that the options name.
pub(super) fn fold(
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Folded, PreprocessError> {
    let mut hashed = Hashed { input, hasher: blake3::Hasher::new() };
    let (summary, writers) = if let Some(format) = options.flow.format {
        read_as(format, &mut hashed, name, fallback, options)?
    } else {
        // Who names the fields says that lines without a header are flow logs.
        let otherwise = options.flow.fields.as_ref().map(|_| Format::FlowLog);
        match recognise_or(otherwise, &mut hashed, name)? {
            (Some(format), input) => read_as(format, input, name, fallback, options)?,
            (None, _) => Default::default(),
        }
    };
    // Compressed readers stop at the end of the stream; the hash is of the whole object.
    io::copy(&mut hashed, &mut io::sink()).map_err(|e| ReadError {
        object: name.clone(),
        line: 0,
        problem: Problem::Io(e),
    })?;
    let raw_hash = hashed.hasher.finalize().to_hex();
    let finish = |(hour, writer): (HourOfScope, Writer)| Ok((hour, writer.finish(&raw_hash)?));
    let batches = writers.into_iter().map(finish).collect::<Result<_, BatchError>>()?;
    Ok(Folded { summary, batches })
}

/// What is written of one hour.
enum Writer {
    Windows(BatchWriter, Option<HourUsage>),
    Logins(LoginBatchWriter),
    Usage(UsageBatchWriter),
}

impl Writer {
    fn finish(self, raw_hash: &str) -> Result<Vec<u8>, BatchError> {
        match self {
            Self::Windows(writer, used) => writer.finish_with(raw_hash, used.as_ref()),
            Self::Logins(writer) => writer.finish(raw_hash),
            Self::Usage(writer) => writer.finish(raw_hash),
        }
    }
}

/// The hours an object has rows of, per account and region. Each costs memory and a batch, however few its rows are, so that
/// a small object could ask for any number.
#[derive(Default)]
struct HoursSeen {
    seen: HashSet<u64>,
}

impl HoursSeen {
    /// A leap year.
    const MAX: usize = 366 * 24;

    /// Takes an hour in; whether there are no more than an object may have.
    fn admit(&mut self, account: &str, region: &str, time: i64) -> bool {
        let mut hasher = DefaultHasher::new();
        (account, region, Hour::from_time(time).start()).hash(&mut hasher);
        let hour = hasher.finish();
        self.seen.contains(&hour) || (self.seen.len() < Self::MAX && self.seen.insert(hour))
    }

    fn too_many(name: &ObjectName) -> PreprocessError {
        ReadError { object: name.clone(), line: 0, problem: Problem::TooManyHours { most: Self::MAX } }.into()
    }
}

type Written = (ReadSummary, BTreeMap<HourOfScope, Writer>);

fn read_as(
    format: Format,
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    // The reader of a source says of any other format that it is none of its own.
    match options.source.unwrap_or_else(|| format.source()) {
        Source::Login => logins(format, input, name, fallback, options),
        Source::Usage if format == Format::Usage => measurements(input, name, fallback, options),
        Source::Usage => Err(ReadError {
            object: name.clone(),
            line: 0,
            problem: Problem::OtherSource { format: format.name(), expected: "table of usage over time" },
        }
        .into()),
        Source::Flow | Source::Activity => windows(format, input, name, fallback, options),
    }
}

fn windows(
    format: Format,
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    let flow_options = FlowOptions { format: Some(format), ..options.flow.clone() };
    let mut folder = Folder::new(options.window_length, fallback.clone());
    let mut writers: BTreeMap<HourOfScope, BatchWriter> = BTreeMap::new();
    let mut used = options.usage.as_ref().map(|ranges| Used::new(ranges, fallback));
    let (mut hours, mut too_many, mut trouble) = (HoursSeen::default(), false, None);
    let mut summary = flow::read(input, name, options.limits, &flow_options, |record| {
        too_many = too_many || !hours.admit(record.account, record.region, record.start);
        if too_many {
            return;
        }
        folder.fold(record);
        if let Some(used) = &mut used {
            used.add(record);
        }
        if folder.rows() >= options.rows_per_part && trouble.is_none() {
            trouble = write_part(&mut folder, &mut writers).err();
        }
    })?;
    if too_many {
        return Err(HoursSeen::too_many(name));
    }
    if let Some(error) = trouble {
        return Err(error.into());
    }
    write_part(&mut folder, &mut writers)?;
    summary.longer_than_window = folder.longer_than_window();
    let mut used = used.map(Used::finish).unwrap_or_default();
    let of_hour = |(hour, writer)| {
        let used = used.remove(&hour);
        (hour, Writer::Windows(writer, used))
    };
    Ok((summary, writers.into_iter().map(of_hour).collect()))
}

fn write_part(folder: &mut Folder, writers: &mut BTreeMap<HourOfScope, BatchWriter>) -> Result<(), BatchError> {
    for part in folder.take() {
        let key = HourOfScope { source: Source::Flow, scope: part.scope.clone(), hour: part.hour };
        if !writers.contains_key(&key) {
            writers.insert(key.clone(), BatchWriter::new(part.scope.clone(), part.hour, part.window_length)?);
        }
        if let Some(writer) = writers.get_mut(&key) {
            writer.append(&part)?;
        }
    }
    Ok(())
}

/// Writers of records by hour.
struct ByHour<W> {
    source: Source,
    scope: Scope,
    writers: BTreeMap<HourOfScope, W>,
    hours: HoursSeen,
    too_many: bool,
    trouble: Option<BatchError>,
}

impl<W> ByHour<W> {
    fn new(source: Source, scope: Scope) -> Self {
        Self { source, scope, writers: BTreeMap::new(), hours: HoursSeen::default(), too_many: false, trouble: None }
    }

    /// Writes a record of a time, seconds since the epoch, unless writing failed before.
    fn write(
        &mut self,
        time: i64,
        open: impl FnOnce(&Scope, Hour) -> Result<W, BatchError>,
        write: impl FnOnce(&mut W) -> Result<(), BatchError>,
    ) {
        self.too_many = self.too_many || !self.hours.admit("", "", time);
        if self.too_many || self.trouble.is_some() {
            return;
        }
        let hour = Hour::from_time(time);
        let key = HourOfScope { source: self.source, scope: self.scope.clone(), hour };
        if !self.writers.contains_key(&key) {
            match open(&self.scope, hour) {
                Ok(writer) => self.writers.insert(key.clone(), writer),
                Err(error) => {
                    self.trouble = Some(error);
                    return;
                }
            };
        }
        if let Some(writer) = self.writers.get_mut(&key) {
            self.trouble = write(writer).err();
        }
    }

    fn finish(
        self,
        name: &ObjectName,
        writer: fn(W) -> Writer,
    ) -> Result<BTreeMap<HourOfScope, Writer>, PreprocessError> {
        if self.too_many {
            return Err(HoursSeen::too_many(name));
        }
        match self.trouble {
            Some(error) => Err(error.into()),
            None => Ok(self.writers.into_iter().map(|(hour, of_hour)| (hour, writer(of_hour))).collect()),
        }
    }
}

fn logins(
    format: Format,
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    // A user is the same in all regions: what is usual of them is kept per account.
    let mut hours = ByHour::new(Source::Login, Scope::new(fallback.account(), ""));
    let clock = Clock::utc(options.written);
    let summary = login::read(format, input, name, options.limits, clock, |row| match row {
        LoginRow::Login(login) => {
            hours.write(login.time.div_euclid(1000), LoginBatchWriter::new, |writer| writer.push_login(login));
        }
        LoginRow::Call(call) => {
            hours.write(call.time.div_euclid(1000), LoginBatchWriter::new, |writer| writer.push_call(call));
        }
    })?;
    Ok((summary, hours.finish(name, Writer::Logins)?))
}

fn measurements(
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    let mut hours = ByHour::new(Source::Usage, fallback.clone());
    let summary = usage::read(input, name, options.limits, &UsageOptions::default(), |point| {
        hours.write(point.time, UsageBatchWriter::new, |writer| writer.push(point));
    })?;
    Ok((summary, hours.finish(name, Writer::Usage)?))
}

/// Hashes what is read through it.
struct Hashed<R> {
    input: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}
