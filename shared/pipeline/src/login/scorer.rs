//! Scores logins by weights of the evidence per attack class, the prior probability of attacks, and a learned ensemble.

use std::sync::Arc;

use weir_domain::login::LoginAttack;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::{PValue, Score};
use weir_features::login::{Column, Evidence, History, Sighting, Weight, login_schema};
use weir_model::{
    AttackClassWeights, CalibratedLoginEnsemble, EvidenceMixture, EvidenceMixtureParams, RiskBasedAuthentication,
    RiskBasedAuthenticationParams, SchemaMismatch,
};

/// The attack classes, in the order of their weights.
const ATTACKS: [LoginAttack; 4] =
    [LoginAttack::Takeover, LoginAttack::Campaign, LoginAttack::Guessing, LoginAttack::Bulk];

/// The score above which the learned ensemble is evaluated. Logins below it are clearly legitimate.
pub(super) const ENSEMBLE_FROM_SCORE: f64 = -1.0;

/// Scores the evidence of a login, and adds the log-odds of a learned ensemble if the login is doubtful.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginScorer {
    mixture: EvidenceMixture,
    risk: RiskBasedAuthentication,
    ensemble: Option<Arc<CalibratedLoginEnsemble>>,
}

/// The prior log-odds against an attack: one login in `e^8`, some 3,000, is an attack. A cautious assumption: above this
/// score the location and device of a login no longer count as the user's.
const RARITY: f64 = 8.0;

/// How much higher a login must score to be left out of the rates over all users. Without the margin, rates would exclude
/// unusual legitimate logins, and so make such logins look ever more like attacks.
const RATES_MARGIN: f64 = 4.0;

/// How much lower than a doubtful login another login of its session scores.
pub(super) const SESSION_DISCOUNT: f64 = 0.5;

/// The weights of the evidence per attack class. Each class weighs its own evidence by 1 and signs of a stranger by a half:
/// attackers who spray passwords are new to the user, but so are colleagues at a conference. The bias is the prior log-odds
/// of a class against takeovers.
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
        // Other evidence already reflects how rarely the user logs in.
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
    let classes = ATTACKS.map(|attack| {
        let (name, bias, weights) = match attack {
            LoginAttack::Takeover => ("takeover", 0.0, weights(1.0, &CREDENTIALS, &[(C::Greed, 1.0)])),
            LoginAttack::Campaign => ("campaign", -2.0, weights(0.5, &bursts, &[])),
            LoginAttack::Guessing => ("guessing", -1.0, weights(0.5, &[C::Outcome, C::UserFailures], &[])),
            LoginAttack::Bulk => ("bulk", -5.5, weights(0.0, &[C::Volume], &[(C::User, 0.3)])),
        };
        AttackClassWeights { name: name.to_owned(), bias, weights }
    });
    EvidenceMixtureParams { schema: (*login_schema()).clone(), classes: classes.into() }
}

impl Default for LoginScorer {
    #[expect(clippy::expect_used, reason = "a test holds that the weights are in range")]
    fn default() -> Self {
        Self {
            mixture: params().check().expect("weights in range"),
            risk: RiskBasedAuthenticationParams::default().check().expect("weights in range"),
            ensemble: None,
        }
    }
}

impl LoginScorer {
    /// A scorer with a learned ensemble and the risk estimator of the ensemble.
    ///
    /// # Errors
    /// When the ensemble was trained on other columns of evidence.
    pub fn with_ensemble(ensemble: Arc<CalibratedLoginEnsemble>) -> Result<Self, SchemaMismatch> {
        ensemble.ensemble().check(&login_schema())?;
        Ok(Self { risk: ensemble.ensemble().risk().clone(), ensemble: Some(ensemble), ..Self::default() })
    }

    /// The learned ensemble, if any.
    #[must_use]
    pub fn ensemble(&self) -> Option<&Arc<CalibratedLoginEnsemble>> {
        self.ensemble.as_ref()
    }

    /// The score with the log-odds of the ensemble added, and its p-value; `None` without an ensemble. The evidence must
    /// include [its risk](Evidence::with_risk).
    #[must_use]
    pub fn apply_ensemble(&self, evidence: &Evidence, score: Score) -> (Score, Option<PValue>) {
        let Some(ensemble) = &self.ensemble else { return (score, None) };
        let mut score = score;
        if score.get() > ENSEMBLE_FROM_SCORE {
            let mut row = FeatureMatrix::new(Arc::clone(ensemble.ensemble().schema()));
            // Evidence is of the schema, which was compared, and finite.
            let added = row.push(evidence.row()).ok().and_then(|()| ensemble.ensemble().log_odds(&row).ok());
            let added = added.and_then(|added| added.first().copied()).unwrap_or(0.0);
            score = Score::new(score.get() + added).unwrap_or(score);
        }
        (score, Some(ensemble.p_value(score)))
    }

    /// The log-odds of an attack before the prior, and the most likely attack class. A login in the session of a doubtful one
    /// scores nearly as high.
    #[must_use]
    pub fn judge(&self, evidence: &Evidence) -> (Score, LoginAttack) {
        let weighed = self.mixture.weigh(evidence.row());
        let attack = ATTACKS.get(weighed.class).copied().unwrap_or(LoginAttack::Takeover);
        let session = evidence.session.and_then(|score| Score::new(score - SESSION_DISCOUNT));
        (session.filter(|score| *score > weighed.score).unwrap_or(weighed.score), attack)
    }

    /// The weights of the evidence.
    pub(super) fn mixture(&self) -> &EvidenceMixture {
        &self.mixture
    }

    pub(super) fn risk_estimator(&self) -> &RiskBasedAuthentication {
        &self.risk
    }

    /// The published risk score of a login (see [`weir_model::risk_based_authentication`]), for comparison.
    #[must_use]
    pub fn risk(&self, history: &History, login: &Sighting) -> Score {
        self.risk.score(&history.risk_counts(login))
    }

    /// Adds a login to the history; the more it looks like an attack, the smaller its weight. `label` is the ground truth,
    /// where the log of a training period has it.
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
                Weight::from_log_odds(score.get() - RARITY - RATES_MARGIN),
            ),
        };
        history.advance(login, evidence, score.get(), weight, learned);
    }
}
