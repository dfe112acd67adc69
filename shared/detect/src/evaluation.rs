//! How good findings are, where the truth is known.
//!
//! [`judge`] holds OCSF findings against a [`Truth`] and gives a [`Judgement`]: a pure function. An incident of the truth
//! is *detected* when a finding names one of its actors and overlaps it in time (give or take 10 minutes), *typed* when
//! that finding's kind is right too, *located* when it also names one of its targets. For a flood from outside its
//! target does, and for an actor behind an address translation the translated address together with a target. Incidents
//! too faint to be found (`weak`) are counted apart.
//!
//! Each finding falls into one [`Bucket`]. A case with stages is judged stage by stage: it is true if one stage is, and a stage that is
//! false by itself counts as a false finding all the same. Leads are ranked and counted apart. Findings that end before the evaluation starts are ignored: they are about the
//! period that was learned from.
//!
//! Addresses are compared as they are written, so that a judgement here is the same as one by any other reader of the
//! two files: write IPv6 addresses one way in both.

mod judge;
mod judgement;
mod observed;
mod truth;

pub use judge::judge;
pub use judgement::{Bucket, IncidentJudgement, Judgement, KindJudgement, WeakIncidents};
pub use observed::{ObservedFinding, UnreadableFinding};
pub use truth::{BadTruth, Expected, LabelledIncident, Truth};

#[cfg(test)]
mod tests;
