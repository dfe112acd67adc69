//! Findings as people and programs read them. Everything that came out of a log is escaped before it is shown.

use std::fmt;
use std::io::{self, Write};

use comfy_table::{
    Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width, presets,
};
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::Entity;
pub(crate) use weir_domain::text::escape;
use weir_domain::window::{utc_clock, utc_day};

use crate::arguments::OutputFormat;

/// Writes findings in a format; with what was decided about sending them, if they are all of them.
pub(crate) fn write(
    out: &mut impl Write,
    format: OutputFormat,
    findings: &[DetectionFinding],
    all: bool,
) -> io::Result<()> {
    match format {
        OutputFormat::Table if findings.is_empty() => Ok(()),
        OutputFormat::Table => writeln!(out, "{}", table(findings)),
        OutputFormat::Ocsf => findings.iter().try_for_each(|finding| {
            serde_json::to_writer(&mut *out, finding)?;
            writeln!(out)
        }),
        OutputFormat::Csv => csv(out, findings, all),
    }
}

/// [`escape`], line by line.
pub(crate) fn escape_lines(text: &str) -> String {
    text.lines().map(|line| escape(line) + "\n").collect()
}

/// The narrowest terminal that a table is fitted to; below, lines wrap.
const NARROWEST: u16 = 72;

/// Columns of a table that does not go to a terminal.
const DEFAULT_WIDTH: u16 = 132;

/// Lines around figures and below their header, none between them.
const FIGURES: TableStyle = {
    let line = LineStyle::none().fill('─').junction('─');
    TableStyle::new().top_border(line).header_separator(line).bottom_border(line)
};

/// A table of figures, one line a row however narrow the terminal: names on the left of the first columns, numbers on the right of the others. Cells are shown as they
/// are, escaped by whoever fills them with what came from outside.
pub(crate) struct Rows {
    table: Table,
}

impl Rows {
    /// No rows yet. So many columns from the left are names.
    pub(crate) fn new(names: usize, header: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(FIGURES).set_content_arrangement(ContentArrangement::Disabled).set_header(header);
        table.column_iter_mut().skip(names).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        Self { table }
    }

    /// Adds a row of as many cells as the header has.
    pub(crate) fn push(&mut self, cells: Vec<String>) {
        self.table.add_row(cells);
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

fn table(findings: &[DetectionFinding]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    // A pseudo-terminal may say that it has no columns at all; a pipe has none.
    table.set_width(table.width().filter(|width| *width >= NARROWEST).unwrap_or(DEFAULT_WIDTH));
    table.set_header(["severity", "kind", "who", "since (UTC)", "what"]);
    for finding in findings {
        let colour = match finding.severity_id {
            5 | 4 => Color::Red,
            3 => Color::Yellow,
            _ => Color::Reset,
        };
        let seen = finding.finding_info.first_seen_time.div_euclid(1000);
        table.add_row([
            Cell::new(&finding.severity).fg(colour),
            Cell::new(escape(finding.kind()).replace('-', "-\n")),
            Cell::new(who(finding)),
            Cell::new(format!("{}\n{}", utc_day(seen), utc_clock(seen))),
            Cell::new(escape(&what(finding))),
        ]);
    }
    let fixed = [ColumnConstraint::ContentWidth; 4];
    table.set_constraints(fixed.into_iter().chain([ColumnConstraint::LowerBoundary(Width::Percentage(40))]));
    table
}

/// The message, behind the reason why it is not sent.
fn what(finding: &DetectionFinding) -> String {
    match (&finding.status_detail, &finding.comment) {
        (Some(by), Some(why)) => format!("({by}: {why}) {}", finding.message),
        _ => finding.message.clone(),
    }
}

/// Who acts, or whose account or which series it is.
fn who(finding: &DetectionFinding) -> String {
    match finding.entity() {
        Some(entity @ (Entity::User(_) | Entity::Series(_))) => escape(&entity.to_string()),
        address => {
            let acts = finding.evidences.first().and_then(|e| e.src_endpoint.as_ref()).map(|source| source.ip);
            acts.map(Entity::from).or(address).map(|who| who.to_string()).unwrap_or_default()
        }
    }
}

/// A cell that no spreadsheet takes for a formula.
pub(crate) fn plain(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

const COLUMNS: [&str; 13] = [
    "time",
    "severity",
    "kind",
    "source",
    "destinations",
    "first_seen",
    "last_seen",
    "confidence",
    "risk",
    "account",
    "region",
    "message",
    "uid",
];

/// The columns that follow where all findings are written.
const DECISION: [&str; 3] = ["status", "status_detail", "comment"];

fn csv(out: &mut impl Write, findings: &[DetectionFinding], all: bool) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS.iter().chain(DECISION.iter().filter(|_| all)))?;
    let time = |ms: i64| {
        let seconds = ms.div_euclid(1000);
        jiff::Timestamp::from_second(seconds).map(|t| t.to_string()).unwrap_or_default()
    };
    for finding in findings {
        let info = &finding.finding_info;
        let destinations: Vec<_> =
            finding.evidences.iter().filter_map(|e| Some(e.dst_endpoint.as_ref()?.ip.to_string())).collect();
        let said = |text: &Option<String>| escape(text.as_deref().unwrap_or_default());
        let decision = [finding.status.clone(), said(&finding.status_detail), said(&finding.comment)];
        let columns = [
            time(finding.time),
            finding.severity.clone(),
            finding.kind().to_owned(),
            plain(who(finding)),
            destinations.join(" "),
            time(info.first_seen_time),
            time(info.last_seen_time),
            finding.confidence_score.to_string(),
            finding.risk_score.to_string(),
            finding.cloud.account.uid.clone(),
            finding.cloud.region.clone(),
            plain(escape(&finding.message)),
            info.uid.clone(),
        ];
        csv.write_record(columns.into_iter().chain(decision.into_iter().filter(|_| all)))?;
    }
    csv.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_turns_or_hides_text_is_escaped() {
        assert_eq!(escape("a\u{1b}[2J\u{202e}b\u{200b}é"), "a\\u{1b}[2J\\u{202e}b\\u{200b}é");
    }
}
