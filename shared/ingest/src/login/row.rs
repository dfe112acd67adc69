//! What a row of a log of logins holds, and how many rejected rows such a log may have.

use weir_domain::login::{ApiActivity, LoginEvent};
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::Problem;

/// A row of a log of logins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoginRow<'a> {
    /// Somebody came in, or tried to.
    Login(&'a LoginEvent<'a>),
    /// Somebody called an API. Of a call by which somebody comes in, the login comes first.
    Call(&'a ApiActivity<'a>),
}

/// Fails an object most of whose rows were rejected, where rows that were read and are no logins count as read: in such
/// logs they are the most, and a few damaged ones among them say nothing about the whole.
pub(super) fn check_among_others(limits: ReadLimits, summary: &ReadSummary) -> Result<(), Problem> {
    limits.check(&ReadSummary {
        records: summary.records + summary.not_rows,
        rejected: summary.rejected.clone(),
        ..ReadSummary::default()
    })
}
