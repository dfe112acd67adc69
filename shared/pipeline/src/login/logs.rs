//! Reads whole log files of logins into memory, for a pass over all of them.

use std::io::Read;

use weir_domain::reject::ReadSummary;
use weir_features::login::ApiUse;
use weir_ingest::login::sshd::Clock;
use weir_ingest::login::{LoginRow, read_numbered};
use weir_ingest::{Format, ObjectName, ReadError, ReadLimits, recognise};

use super::table::LoginTable;

/// The logins and API calls of log files.
#[derive(Debug, Default)]
pub struct LoginLogs {
    /// The logins, numbered by their rows over all readable files, from 0.
    pub logins: LoginTable,
    /// What users did through the API.
    pub calls: ApiUse,
    rows: u64,
    rejected: u64,
}

impl LoginLogs {
    /// Adds a file in the given format, or in the one that its content shows. An unreadable file adds nothing.
    ///
    /// `clock` dates rows without a year. O(rows).
    ///
    /// # Errors
    /// When the file is unreadable or its format is of another source.
    pub fn read(
        &mut self,
        file: impl Read,
        name: &ObjectName,
        format: Option<Format>,
        clock: Clock,
    ) -> Result<ReadSummary, ReadError> {
        let (before, mut calls) = (self.logins.len(), ApiUse::default());
        let (rows, logins) = (self.rows, &mut self.logins);
        let each = |number: u64, row: LoginRow<'_>| match row {
            LoginRow::Login(login) => logins.push(rows + number, login),
            LoginRow::Call(call) => calls.push(call),
        };
        let limits = ReadLimits::default();
        let read = match format {
            Some(format) => read_numbered(format, file, name, limits, clock, each),
            None => match recognise(file, name) {
                Ok((Some(format), whole)) => read_numbered(format, whole, name, limits, clock, each),
                Ok((None, _)) => Ok(ReadSummary::default()),
                Err(error) => Err(error),
            },
        };
        match &read {
            Ok(summary) => {
                self.rows += summary.rows();
                self.rejected += summary.rejected_rows();
                self.calls.merge(calls);
            }
            Err(_) => self.logins.truncate(before),
        }
        read
    }

    /// Number of rejected rows of all readable files.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }
}
