//! Logins, from events to scores and findings: a pure function of the set of logins and of the options.
//!
//! Logins are put in order of time (those of one moment by their content), so that the order of objects does not matter.
//! Each is scored against the history strictly before it, and added to the history with less weight the more it looks like an
//! attack. [`score_one`] is one such step without adding, for a single request.
//!
//! Over a whole log, [`detect_logins`] looks back once, so that the first of a hundred strangers at an address is judged by the
//! hundred, and the first login of a session by the session. Where the beginning of the log is declared a baseline, an ensemble
//! is fitted on it ([`weir_model::login_model`]) that adds to the scores of doubtful logins after it. Labels after the baseline are
//! never read. [`train_logins`] stores the ensemble and the history as a model.
//!
//! [`score_day`] judges the stored batches of a day, as the score function does.

mod batches;
mod checkpoint;
mod detect;
mod ensemble;
mod logs;
mod look_back;
mod options;
mod pass;
mod places;
mod score;
mod scorer;
mod table;
mod train;

pub use checkpoint::LoginCheckpoint;
pub use detect::{JudgedOne, detect_logins, detect_logins_after, login_findings, score_one};
pub use logs::LoginLogs;
pub use options::LoginOptions;
pub use pass::LoginsJudged;
pub(crate) use score::score_day;
pub use scorer::LoginScorer;
pub use table::LoginTable;
pub use train::{LoginTrainError, LoginsTrained, train_logins};

#[cfg(test)]
mod tests;
