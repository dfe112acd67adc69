//! What evidence weighs: the ways accounts are attacked, and the rarity of attacks.

use std::sync::Arc;

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::{PValue, Score};
use weir_features::login::{Column, Evidence, History, Sighting, Weight, login_schema};
use weir_model::{
    AttackClassWeights, CalibratedLoginEnsemble, EvidenceMixture, EvidenceMixtureParams, RiskBasedAuthentication,
    RiskBasedAuthenticationParams, SchemaMismatch,
};

use super::voices::ENSEMBLE_FROM_SCORE;

/// A way of attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoginAttack {
    /// Somebody else has the user's credentials.
    Takeover,
    /// Many accounts are tried, from one place or many.
    Campaign,
    /// One account is tried again and again.
    Guessing,
    /// The user takes far more than ever.
    Bulk,
}

impl LoginAttack {
    const ALL: [Self; 4] = [Self::Takeover, Self::Campaign, Self::Guessing, Self::Bulk];
}

/// Judges evidence, and lets what was learned speak of what is doubtful.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginScorer {
    mixture: EvidenceMixture,
    risk: RiskBasedAuthentication,
    voices: Option<Arc<CalibratedLoginEnsemble>>,
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
        // How rarely the user comes is told already.
        weights[C::Absence as usize] = 0.5 * strangeness;
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
    let voices = LoginAttack::ALL.map(|way| {
        let (name, bias, weights) = match way {
            LoginAttack::Takeover => ("takeover", 0.0, weights(1.0, &CREDENTIALS, &[(C::Greed, 1.0)])),
            LoginAttack::Campaign => ("campaign", -2.0, weights(0.5, &bursts, &[])),
            LoginAttack::Guessing => ("guessing", -1.0, weights(0.5, &[C::Outcome, C::UserFailures], &[])),
            LoginAttack::Bulk => ("bulk", -5.5, weights(0.0, &[C::Volume], &[(C::User, 0.3)])),
        };
        AttackClassWeights { name: name.to_owned(), bias, weights }
    });
    EvidenceMixtureParams { schema: (*login_schema()).clone(), voices: voices.into() }
}

impl Default for LoginScorer {
    #[expect(clippy::expect_used, reason = "a test holds that the weights are in range")]
    fn default() -> Self {
        Self {
            mixture: params().check().expect("weights in range"),
            risk: RiskBasedAuthenticationParams::default().check().expect("weights in range"),
            voices: None,
        }
    }
}

impl LoginScorer {
    /// With voices that were learned, and the risk score that they were learned with.
    ///
    /// # Errors
    /// When they were learned from other columns of evidence.
    pub fn with_voices(voices: Arc<CalibratedLoginEnsemble>) -> Result<Self, SchemaMismatch> {
        voices.voices().check(&login_schema())?;
        Ok(Self { risk: voices.voices().risk().clone(), voices: Some(voices), ..Self::default() })
    }

    /// What was learned, where anything was.
    #[must_use]
    pub fn voices(&self) -> Option<&Arc<CalibratedLoginEnsemble>> {
        self.voices.as_ref()
    }

    /// What the voices make of a score, and how surprising it is then; no p-value where nothing was learned. Evidence must be
    /// [with its risk](Evidence::with_risk).
    #[must_use]
    pub fn listen(&self, evidence: &Evidence, score: Score) -> (Score, Option<PValue>) {
        let Some(voices) = &self.voices else { return (score, None) };
        let mut score = score;
        if score.get() > ENSEMBLE_FROM_SCORE {
            let mut row = FeatureMatrix::new(Arc::clone(voices.voices().schema()));
            // Evidence is of the schema, which was compared, and finite.
            let said = row.push(evidence.row()).ok().and_then(|()| voices.voices().speak(&row).ok());
            let said = said.and_then(|said| said.first().copied()).unwrap_or(0.0);
            score = Score::new(score.get() + said).unwrap_or(score);
        }
        (score, Some(voices.p_value(score)))
    }

    /// The logarithm of the odds of attack before rarity, and the way of attack that explains the evidence best. A login
    /// in the session of a doubtful one is nearly as doubtful.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence) -> (Score, LoginAttack) {
        let weighed = self.mixture.weigh(evidence.row());
        let way = LoginAttack::ALL.get(weighed.voice).copied().unwrap_or(LoginAttack::Takeover);
        let session = evidence.session.and_then(|score| Score::new(score - SESSION_LOSES));
        (session.filter(|score| *score > weighed.score).unwrap_or(weighed.score), way)
    }

    /// What a way of attack alone makes of a row.
    pub(super) fn mixture(&self) -> &EvidenceMixture {
        &self.mixture
    }

    pub(super) fn risk_estimator(&self) -> &RiskBasedAuthentication {
        &self.risk
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
            None => (
                Weight::from_log_odds(score.get() - RARITY),
                Weight::from_log_odds(score.get() - RARITY - RATES_DOUBT_LATER),
            ),
        };
        history.advance(login, evidence, score.get(), weight, learned);
    }
}
