//! The result of a suite: tables and notes for people, JSON for programs.

use anyhow::Context;
use serde::Serialize;

/// Called with the number of steps done and the number of steps in all.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// The figures of a suite.
#[derive(Debug)]
pub struct Evaluation {
    /// Tables to print, in order.
    pub tables: Vec<FigureTable>,
    /// Sentences to print below the tables.
    pub notes: Vec<String>,
    /// The same figures as indented JSON.
    pub json: String,
    /// Data sets that could not be read and estimators that could not be fitted, one sentence each.
    pub problems: Vec<String>,
}

impl Evaluation {
    /// Puts a result together from its tables, its notes and the report that becomes its JSON.
    pub(crate) fn new(tables: Vec<FigureTable>, notes: Vec<String>, report: &impl Serialize) -> anyhow::Result<Self> {
        let json = serde_json::to_string_pretty(report).context("writing the evaluation")?;
        Ok(Self { tables, notes, json, problems: Vec::new() })
    }
}

/// A table of figures. Cells are ready to print: text that came from outside is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureTable {
    /// Number of columns from the left that hold names; the others hold numbers.
    pub name_columns: usize,
    /// Titles of the columns.
    pub header: Vec<&'static str>,
    /// Rows of as many cells as the header has.
    pub rows: Vec<Vec<String>>,
}

impl FigureTable {
    pub(crate) fn new(name_columns: usize, header: &[&'static str]) -> Self {
        Self { name_columns, header: header.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

/// A number with so many decimal places, or a dash where there is none.
pub(crate) fn number(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"))
}
