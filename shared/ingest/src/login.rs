//! Logins: who came in, from where, with what, and whether they were let in. One module per format.
//!
//! | module | reads |
//! |---|---|
//! | [`rba`] | CSV with the columns of the RBA data set |
//! | [`simple`] | a dozen plain columns, as CSV or as JSON lines |
//! | [`cloudtrail`] | AWS `CloudTrail`: sign-ins and temporary credentials as logins, every event as API activity |
//! | [`sshd`] | syslog lines of an OpenSSH server |
//!
//! What is text in a record is cut to 1,024 bytes: who logs in chooses much of it, and must neither fill memory with it
//! nor have the row rejected by it.

pub mod cloudtrail;
pub mod rba;
pub mod simple;
pub mod sshd;

mod cell;
mod scalar;
mod table;
mod time;

use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::Problem;

/// Fails an object most of whose rows were rejected, where rows that were read and are no logins count as read: in such
/// logs they are the most, and a few damaged ones among them say nothing about the whole.
fn check_among_others(limits: ReadLimits, summary: &ReadSummary) -> Result<(), Problem> {
    limits.check(&ReadSummary {
        records: summary.records + summary.not_rows,
        rejected: summary.rejected.clone(),
        ..ReadSummary::default()
    })
}
