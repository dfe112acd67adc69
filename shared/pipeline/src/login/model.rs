//! What evidence weighs: the ways accounts are attacked, and the rarity of attacks.

use weir_domain::score::Score;
use weir_features::login::{Column, Evidence, History, Sighting, Weight, login_schema};
use weir_model::{
    EvidenceMixture, EvidenceMixtureParams, EvidenceVoice, RiskBasedAuthentication, RiskBasedAuthenticationParams,
};

/// A way of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Somebody else has the user's credentials.
    Takeover,
    /// Many accounts are tried, from one place or many.
    Campaign,
    /// One account is tried again and again.
    Guessing,
    /// The user takes far more than ever.
    Bulk,
}

impl Way {
    const ALL: [Self; 4] = [Self::Takeover, Self::Campaign, Self::Guessing, Self::Bulk];
}

/// Judges evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginModel {
    mixture: EvidenceMixture,
    risk: RiskBasedAuthentication,
}

/// Of so many logins one is an attack, before anything is known of it: `ln 3000`. An assumption, on the side of caution:
/// it decides from which score on a login no longer makes its place and device usual.
const RARITY: f64 = 8.0;

/// Rates over all users doubt only what is this much more doubtful: a rate that left out what looks like an attack would
/// make everything that looks like it ever more of an attack.
const RATES_DOUBT_LATER: f64 = 4.0;

/// What a login of the same session as a doubtful one loses of its doubt.
pub(super) const SESSION_LOSES: f64 = 0.5;

/// The weights. A voice takes what tells its way of attack whole and the rest by half: strangers who spray passwords are as
/// new to the user as a thief is, but so are the colleagues at a conference. Biases are the logarithms of how much
/// rarer than takeovers the other ways begin.
fn params() -> EvidenceMixtureParams {
    use Column as C;
    const STRANGENESS: [Column; 10] = [
        C::Familiarity,
        C::User,
        C::Network,
        C::City,
        C::Client,
        C::Hour,
        C::Weekday,
        C::RoundTrip,
        C::Journey,
        C::UserAddresses,
    ];
    const CREDENTIALS: [Column; 4] = [C::Outcome, C::Reputation, C::SecondFactor, C::Root];
    let weights = |strangeness: f64, whole: &[Column], some: &[(Column, f64)]| {
        let mut weights = vec![0.0; C::ALL.len()];
        for column in STRANGENESS {
            weights[column as usize] = strangeness;
        }
        for column in whole {
            weights[*column as usize] = 1.0;
        }
        for (column, weight) in some {
            weights[*column as usize] = *weight;
        }
        weights
    };
    let bursts =
        [C::Outcome, C::Reputation, C::AddressFanOut, C::AddressFailures, C::ClientFanOut, C::FailingStrangers];
    let voices = Way::ALL.map(|way| {
        let (name, bias, weights) = match way {
            Way::Takeover => ("takeover", 0.0, weights(1.0, &CREDENTIALS, &[(C::Greed, 1.0)])),
            Way::Campaign => ("campaign", -2.0, weights(0.5, &bursts, &[])),
            Way::Guessing => ("guessing", -1.0, weights(0.5, &[C::Outcome, C::UserFailures], &[])),
            Way::Bulk => ("bulk", -5.5, weights(0.0, &[C::Volume], &[(C::User, 0.3)])),
        };
        EvidenceVoice { name: name.to_owned(), bias, weights }
    });
    EvidenceMixtureParams { schema: (*login_schema()).clone(), voices: voices.into() }
}

impl Default for LoginModel {
    #[expect(clippy::expect_used, reason = "a test holds that the weights are in range")]
    fn default() -> Self {
        Self {
            mixture: params().check().expect("weights in range"),
            risk: RiskBasedAuthenticationParams::default().check().expect("weights in range"),
        }
    }
}

impl LoginModel {
    /// The logarithm of the odds of attack before rarity, and the way of attack that explains the evidence best. A login
    /// in the session of a doubtful one is nearly as doubtful.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence) -> (Score, Way) {
        let weighed = self.mixture.weigh(evidence.row());
        let way = Way::ALL.get(weighed.voice).copied().unwrap_or(Way::Takeover);
        let session = evidence.session.and_then(|score| Score::new(score - SESSION_LOSES));
        (session.filter(|score| *score > weighed.score).unwrap_or(weighed.score), way)
    }

    /// What a way of attack alone makes of a row.
    pub(super) fn mixture(&self) -> &EvidenceMixture {
        &self.mixture
    }

    /// The published risk score of a login (see [`weir_model::risk_based_authentication`]): told beside ours, to compare.
    #[must_use]
    pub fn risk(&self, history: &History, login: &Sighting) -> Score {
        self.risk.score(&history.risk_counts(login))
    }

    /// Counts a login in the history, weighing the less the more it looks like an attack. `label` is the truth, where a
    /// training period tells it.
    pub fn count(
        &self,
        history: &mut History,
        login: &Sighting,
        evidence: &Evidence,
        score: Score,
        label: Option<bool>,
    ) {
        let (weight, learned) = match label {
            Some(true) => (Weight::NONE, Weight::NONE),
            Some(false) => (Weight::FULL, Weight::FULL),
            None => (Weight::of_odds(score.get() - RARITY), Weight::of_odds(score.get() - RARITY - RATES_DOUBT_LATER)),
        };
        history.advance(login, evidence, score.get(), weight, learned);
    }
}
