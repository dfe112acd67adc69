//! The risk score of a login by likelihood ratios, as risk-based authentication computes it.
//!
//! For a login with values `x` of a user `u`:
//!
//! `S = ∏ₖ p(xₖ) / p(xₖ | u, legitimate) · p(u | attack) / p(u | legitimate)`
//!
//! with `p(u | attack) = 1 / users` and `p(u | legitimate)` the user's share of all logins. The values are the place
//! (address, network, country) and the client (as sent, browser, operating system, device); the probability of one is the
//! weighted sum of the relative frequencies of its levels. Of the finest level the frequency over all users is smoothed:
//! `c/N · (1 − U/(N + U))` for a value seen `c` times in `N` logins, `1/(N + U)` for one never seen, with `U` the distinct
//! values of the coarser levels and one more. Where a user never had any level of a value, a quarter of the probability
//! over all users stands in.
//!
//! References: D. Freeman, S. Jain, M. Dürmuth, B. Biggio, G. Giacinto, *Who Are You? A Statistical Approach to Measuring
//! User Authenticity*, NDSS 2016; S. Wiefling, P. R. Jørgensen, S. Thunem, L. Lo Iacono, *Pump Up Password Security!*, ACM
//! Transactions on Privacy and Security 26(1), 2023 (weights and smoothing).

use weir_domain::login::{RiskCounts, ValueCount};
use weir_domain::score::Score;

use crate::error::{BadParams, RangeCheck};

/// How much each level of a value weighs; the weights of a value sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiskBasedAuthenticationParams {
    /// Weights of address, network and country; default .6, .3, .1.
    pub place: [f64; 3],
    /// Weights of client, browser, operating system and device; default .5387, .2680, .1882, .0051.
    pub client: [f64; 4],
}

impl Default for RiskBasedAuthenticationParams {
    /// The weights that Wiefling et al. published.
    fn default() -> Self {
        Self {
            place: [0.6, 0.3, 0.1],
            client: [
                0.538_665_384_055_135_9,
                0.268_045_149_862_566_6,
                0.188_182_951_001_095_36,
                0.005_106_515_081_202_183,
            ],
        }
    }
}

impl RiskBasedAuthenticationParams {
    /// Checks that weights are not negative and sum to 1 within a millionth.
    ///
    /// # Errors
    /// All faults; a weight that is no number is one.
    pub fn check(self) -> Result<RiskBasedAuthentication, BadParams> {
        let mut ranges = RangeCheck::default();
        for weight in &self.place {
            ranges = ranges.require("place", weight, &(0.0..=1.0));
        }
        for weight in &self.client {
            ranges = ranges.require("client", weight, &(0.0..=1.0));
        }
        // As published, they sum to 1 only to the last places.
        let one = 1.0 - 1e-6..=1.0 + 1e-6;
        ranges
            .require("sum of place", &self.place.iter().sum(), &one)
            .require("sum of client", &self.client.iter().sum(), &one)
            .finish()?;
        Ok(RiskBasedAuthentication { params: self })
    }
}

/// The risk score of logins. There is nothing to fit: what it knows of users comes with every login, as counts.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "RiskBasedAuthenticationParams", into = "RiskBasedAuthenticationParams")]
pub struct RiskBasedAuthentication {
    params: RiskBasedAuthenticationParams,
}

impl From<RiskBasedAuthentication> for RiskBasedAuthenticationParams {
    fn from(checked: RiskBasedAuthentication) -> Self {
        checked.params
    }
}

impl TryFrom<RiskBasedAuthenticationParams> for RiskBasedAuthentication {
    type Error = BadParams;

    fn try_from(params: RiskBasedAuthenticationParams) -> Result<Self, BadParams> {
        params.check()
    }
}

impl RiskBasedAuthentication {
    /// The natural logarithm of the risk: 0 where a login is as likely an attacker's as the user's. Higher is more
    /// anomalous; counts that are not finite count as none. O(1).
    #[must_use]
    pub fn score(&self, counts: &RiskCounts) -> Score {
        let logins = at_least_one(counts.logins);
        let place = ratio(&counts.place, &self.params.place, counts.coarser_places, logins, counts.user_logins);
        let client = ratio(&counts.client, &self.params.client, counts.coarser_clients, logins, counts.user_logins);
        let user = (at_least_one(counts.users) * at_least_one(counts.user_logins) / logins).ln();
        Score::new(place + client - user).unwrap_or_else(zero)
    }
}

/// `ln p(x) − ln p(x | u)` of one value.
fn ratio(levels: &[ValueCount], weights: &[f64], coarser: f64, logins: f64, user_logins: f64) -> f64 {
    let unseen = 1.0 + sane(coarser);
    let mut everybody = 0.0;
    let mut user = 0.0;
    for (at, (level, weight)) in levels.iter().zip(weights).enumerate() {
        let count = sane(level.all_users);
        everybody += weight
            * match (at, count > 0.0) {
                (0, true) => count / logins * (1.0 - unseen / (logins + unseen)),
                (0, false) => 1.0 / (logins + unseen),
                _ => count / logins,
            };
        if user_logins > 0.0 {
            user += weight * sane(level.user) / user_logins;
        }
    }
    everybody.ln() - if user > 0.0 { user.ln() } else { (everybody / 4.0).ln() }
}

fn sane(count: f64) -> f64 {
    if count.is_finite() { count.max(0.0) } else { 0.0 }
}

fn at_least_one(count: f64) -> f64 {
    sane(count).max(1.0)
}

#[expect(clippy::expect_used, reason = "0 is finite")]
fn zero() -> Score {
    Score::new(0.0).expect("finite")
}

#[cfg(test)]
mod tests;
