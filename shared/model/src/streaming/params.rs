//! Parameters and their ranges.

use crate::error::{BadParams, RangeCheck};

/// How a series is watched, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnlineDetectorParams {
    memory: u32,
    repeats: u32,
    utc_offset: i32,
}

impl Default for OnlineDetectorParams {
    /// 8 000 scores, repeats for 120 points, UTC.
    fn default() -> Self {
        Self { memory: 8000, repeats: 120, utc_offset: 0 }
    }
}

impl OnlineDetectorParams {
    /// Earlier scores that a new one is compared with, 100 to 100 000, by default 8 000 (four weeks of five minutes). The
    /// state grows with it.
    #[must_use]
    pub fn memory(mut self, memory: u32) -> Self {
        self.memory = memory;
        self
    }

    /// For how many points after a rare one only rarer ones are fresh, 0 to 100 000, by default 120 (ten hours of five
    /// minutes).
    #[must_use]
    pub fn repeats(mut self, repeats: u32) -> Self {
        self.repeats = repeats;
        self
    }

    /// Seconds by which the time zone of hours of day and week is ahead of UTC, −86 400 to 86 400, by default 0.
    #[must_use]
    pub fn utc_offset(mut self, seconds: i32) -> Self {
        self.utc_offset = seconds;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<OnlineDetectorValid, BadParams> {
        RangeCheck::default()
            .require("memory", &self.memory, &(100..=100_000))
            .require("repeats", &self.repeats, &(0..=100_000))
            .require("utc_offset", &self.utc_offset, &(-86_400..=86_400))
            .finish()?;
        Ok(OnlineDetectorValid { memory: self.memory as usize, repeats: self.repeats, utc_offset: self.utc_offset })
    }
}

/// Parameters in range, ready to watch a series.
#[derive(Debug, Clone, PartialEq)]
pub struct OnlineDetectorValid {
    pub(super) memory: usize,
    pub(super) repeats: u32,
    pub(super) utc_offset: i32,
}
