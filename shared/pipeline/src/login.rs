//! Scores logins and makes findings of them: a pure function of the set of logins and of the options.
//!
//! Logins are sorted by time (simultaneous ones by content), so the order of objects does not matter. Each is scored against
//! the history strictly before it, and then added to the history; the more it looks like an attack, the smaller its weight.
//! [`score_one`] scores a single login without adding it.
//!
//! Over a whole log, [`detect_logins`] makes a retrospective pass: the first of a hundred strangers at an address is judged
//! by all hundred, and the first login of a session by the session. If the start of the log is declared a baseline, an
//! ensemble is fitted on it ([`weir_model::login_model`]) and adds to the scores of doubtful logins after it. Labels after
//! the baseline are never read. [`train_logins`] stores the ensemble and the history as a model.
//!
//! [`score_day`] scores the stored batches of a day, for the function `score`.

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
