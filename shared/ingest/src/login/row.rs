//! The row of a login log, and the limit on rejected rows in logs with other rows.

use weir_domain::login::{ApiActivity, LoginEvent};
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::Problem;

/// A row of a log of logins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoginRow<'a> {
    /// A login or an attempt.
    Login(&'a LoginEvent<'a>),
    /// An API call. Where a call is a login as well, the login comes first.
    Call(&'a ApiActivity<'a>),
}

/// Fails an object most of whose rows were rejected, where rows that are no logins count as read. They are most of such logs,
/// and a few damaged rows among the logins do not condemn the object.
pub(super) fn check_among_others(limits: ReadLimits, summary: &ReadSummary) -> Result<(), Problem> {
    limits.check(&ReadSummary {
        records: summary.records + summary.not_rows,
        rejected: summary.rejected.clone(),
        ..ReadSummary::default()
    })
}
