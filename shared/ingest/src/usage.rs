//! Usage.
pub(crate) mod time;
