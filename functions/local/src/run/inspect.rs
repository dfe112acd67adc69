//! `weir inspect`: describes a file by its format, columns, rows, rejected rows, times, and distinct hosts or users.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use weir_domain::activity::ActivityRow;
use weir_domain::distinct::{DistinctSketch, stable_hash};
use weir_domain::reject::ReadSummary;
use weir_ingest::flow::FlowOptions;
use weir_ingest::login::{cloudtrail, rba, simple, sshd};
use weir_ingest::usage::{self, UsageOptions};
use weir_ingest::{Format, ObjectName, Problem, ReadError, ReadLimits, activity, columns, flow, recognise};

use super::clock::modified_time;
use crate::arguments::Inspect;
use crate::output::{count, escape, utc_minute};

pub(super) fn run(arguments: &Inspect) -> anyhow::Result<ExitCode> {
    let path = &arguments.file;
    let name = ObjectName::new(&path.to_string_lossy());
    let open = || File::open(path).with_context(|| format!("{}", path.display()));
    let format = match arguments.input_format {
        Some(named) => Some(named),
        None => recognise(open()?, &name)?.0,
    };
    let Some(format) = format else {
        anstream::println!("empty: no rows");
        return Ok(ExitCode::SUCCESS);
    };
    let line = |what: &str, value: &str| anstream::println!("{what:<10} {}", escape(value));
    line("format", format.name());
    let columns = columns(open()?, &name, format)?;
    if !columns.is_empty() {
        line("columns", &format!("{}: {}", columns.len(), columns.join(" ")));
    }
    let mut seen = Seen::default();
    let summary = read(format, open()?, &name, &mut seen, path)?;
    line("rows", &count(summary.rows()));
    line("records", &count(summary.records));
    if summary.no_data + summary.skip_data > 0 {
        line("no data", &format!("{} NODATA, {} SKIPDATA", count(summary.no_data), count(summary.skip_data)));
    }
    line("rejected", &rejected(&summary));
    for reject in summary.rejects.iter().take(3) {
        line("", &format!("line {}: {}: {}", reject.line, reject.reason, reject.excerpt));
    }
    if let Some((first, last)) = seen.times {
        line("times", &format!("{} to {}", utc_minute(first), utc_minute(last)));
    }
    line(seen.counted, &seen.distinct());
    Ok(ExitCode::SUCCESS)
}

/// `0`, or `3: 2 × bad address, 1 × bad port`.
fn rejected(summary: &ReadSummary) -> String {
    let reasons: Vec<_> = summary.rejected.iter().map(|(reason, n)| format!("{} × {reason}", count(*n))).collect();
    match summary.rejected_rows() {
        0 => "0".to_owned(),
        n => format!("{}: {}", count(n), reasons.join(", ")),
    }
}

/// Times and distinct names in a file.
#[derive(Default)]
struct Seen {
    times: Option<(i64, i64)>,
    /// Which names are counted: hosts, users, series or labels.
    counted: &'static str,
    /// Hashes of the names, since names may be long and attackers may choose many of them.
    exact: BTreeSet<u64>,
    sketch: DistinctSketch,
}

impl Seen {
    /// The most distinct names that are counted exactly; above, the number is estimated.
    const MAX_EXACT: usize = 10_000;

    fn time(&mut self, seconds: i64) {
        let (first, last) = self.times.get_or_insert((seconds, seconds));
        (*first, *last) = ((*first).min(seconds), (*last).max(seconds));
    }

    fn name(&mut self, name: &str) {
        let hash = stable_hash(name.as_bytes());
        self.sketch.insert(hash);
        if self.exact.len() <= Self::MAX_EXACT {
            self.exact.insert(hash);
        }
    }

    fn distinct(&self) -> String {
        if self.exact.len() <= Self::MAX_EXACT {
            count(self.exact.len() as u64)
        } else {
            format!("about {}", count(self.sketch.estimate()))
        }
    }
}

fn read(format: Format, input: File, name: &ObjectName, seen: &mut Seen, path: &Path) -> anyhow::Result<ReadSummary> {
    let limits = ReadLimits { rejected_share: 1.0, ..ReadLimits::default() };
    let mut login = |event: &weir_domain::login::LoginEvent<'_>| {
        seen.time(event.time.div_euclid(1000));
        seen.name(event.user);
    };
    let read: Result<ReadSummary, ReadError> = match format {
        Format::RbaLogins => rba::read(input, name, limits, &mut login),
        Format::SimpleLogins => simple::read(input, name, limits, &mut login),
        Format::CloudTrail => cloudtrail::read(input, name, limits, &mut login),
        Format::Sshd => sshd::read(input, name, limits, sshd::Clock::utc(modified_time(path)), &mut login),
        Format::Usage => {
            seen.counted = "series";
            return Ok(usage::read(input, name, limits, &UsageOptions::default(), |point| {
                seen.time(point.time);
                let keys: Vec<_> = point.keys.iter().map(|(key, value)| format!("{key}={value}")).collect();
                seen.name(&format!("{} {}", keys.join(" "), point.metric));
            })?);
        }
        Format::Table | Format::Parquet => {
            // A Parquet file may be a flow log, which its columns show.
            if format == Format::Parquet {
                match flow_rows(format, File::open(path)?, name, limits, seen) {
                    Err(ReadError { problem: Problem::MissingField { .. }, .. }) => {}
                    read => return Ok(read?),
                }
            }
            seen.counted = "labels";
            let again = File::open(path)?;
            let label = |row: &ActivityRow<'_>| row.labels.iter().for_each(|label| seen.name(&format!("{label:?}")));
            return Ok(if format == Format::Table {
                let schema = activity::infer(again, name, limits, activity::SAMPLE_ROWS)?.schema;
                activity::read(input, name, limits, &schema, label)?
            } else {
                let schema = activity::infer_parquet(again, name, limits, activity::SAMPLE_ROWS)?.schema;
                activity::read_parquet(input, name, limits, &schema, label)?
            });
        }
        _ => return Ok(flow_rows(format, input, name, limits, seen)?),
    };
    seen.counted = "users";
    Ok(read?)
}

fn flow_rows(
    format: Format,
    input: File,
    name: &ObjectName,
    limits: ReadLimits,
    seen: &mut Seen,
) -> Result<ReadSummary, ReadError> {
    seen.counted = "hosts";
    let options = FlowOptions { format: Some(format), fields: None };
    flow::read(input, name, limits, &options, |record| {
        seen.time(record.start);
        seen.name(&record.source.to_string());
        seen.name(&record.destination.to_string());
    })
}
