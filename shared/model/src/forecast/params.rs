//! Parameters and their ranges.

use std::ops::RangeInclusive;

use crate::error::{BadParams, RangeCheck};

/// Neighbours that are allowed.
const NEIGHBOURS_RANGE: RangeInclusive<u32> = 1..=1000;
/// Lengths of what is compared that are allowed.
const WINDOW_RANGE: RangeInclusive<u32> = 1..=1000;
/// Probabilities of an interval that are allowed.
const LEVEL_RANGE: RangeInclusive<f64> = 0.5..=0.99;
/// Numbers of origins that are allowed.
const ORIGINS_RANGE: RangeInclusive<u32> = 1..=1000;

/// How a series is carried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForecastMethod {
    /// What was last measured in the same slot of the season.
    SeasonalNaive,
    /// What followed the times most alike.
    NearestNeighbours,
}

impl ForecastMethod {
    /// All methods.
    pub const ALL: [Self; 2] = [Self::SeasonalNaive, Self::NearestNeighbours];

    /// The name, as in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SeasonalNaive => "seasonal-naive",
            Self::NearestNeighbours => "nearest-neighbours",
        }
    }
}

/// What is forecast with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForecastParams {
    pub(super) method: ForecastMethod,
    pub(super) neighbours: u32,
    pub(super) window: u32,
    pub(super) level: f64,
    pub(super) origins: u32,
}

impl Default for ForecastParams {
    /// The 25 nearest neighbours of the last 24 steps, an interval of 90 %, tried from up to 30 origins.
    fn default() -> Self {
        Self { method: ForecastMethod::NearestNeighbours, neighbours: 25, window: 24, level: 0.9, origins: 30 }
    }
}

impl ForecastParams {
    /// How the series is carried on, by default by nearest neighbours.
    #[must_use]
    pub fn method(mut self, method: ForecastMethod) -> Self {
        self.method = method;
        self
    }

    /// Number of neighbours, 1 to 1 000, by default 25; of them at most a tenth of the stretches there are.
    #[must_use]
    pub fn neighbours(mut self, neighbours: u32) -> Self {
        self.neighbours = neighbours;
        self
    }

    /// Steps that are compared, 1 to 1 000, by default 24: half a day in half hours.
    #[must_use]
    pub fn window(mut self, window: u32) -> Self {
        self.window = window;
        self
    }

    /// The share of what is to come that is to lie in the interval, 0.5 to 0.99, by default 0.9.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// Origins in the past from which the method is tried, 1 to 1 000, by default 30; fewer where the past is short.
    #[must_use]
    pub fn origins(mut self, origins: u32) -> Self {
        self.origins = origins;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<ForecastValid, BadParams> {
        RangeCheck::default()
            .require("neighbours", &self.neighbours, &NEIGHBOURS_RANGE)
            .require("window", &self.window, &WINDOW_RANGE)
            .require("level", &self.level, &LEVEL_RANGE)
            .require("origins", &self.origins, &ORIGINS_RANGE)
            .finish()?;
        Ok(ForecastValid { params: self.clone() })
    }
}

/// Parameters in range, ready to forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastValid {
    pub(super) params: ForecastParams,
}
