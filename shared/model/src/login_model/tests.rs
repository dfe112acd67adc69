use proptest::prelude::*;

use super::*;
use crate::drift::FeatureHistograms;
use crate::flow_model::{ModelFileError, TrainingSummary};
use crate::risk_based_authentication::RiskBasedAuthenticationParams;
use crate::sealed::{HEADER, ModelKind};
use crate::synthetic::{bell, matrix};

/// The column that stands for the risk score.
const RISK_COLUMN: usize = 2;

fn trained(attacks: usize) -> (LoginEnsemble, Vec<f64>) {
    let (normal, attacked) = (bell(600, 3, 1), bell(attacks, 3, 2));
    let far: Vec<Vec<f64>> = attacked.rows().map(|row| row.iter().map(|x| x + 4.0).collect()).collect();
    let risk = RiskBasedAuthenticationParams::default().check().unwrap();
    let training = LoginTraining { normal: &normal, attacks: &matrix(3, &far), risk: &risk, risk_column: RISK_COLUMN };
    LoginEnsemble::fit(&training, 42).unwrap()
}

fn model() -> LoginModel {
    let (ensemble, log_odds) = trained(30);
    let scores: Vec<Score> = log_odds.into_iter().filter_map(Score::new).collect();
    let summary = TrainingSummary {
        program: "0.1.0".to_owned(),
        trained_at: 1_700_000_000_000,
        from: 1_699_900_000,
        to: 1_700_000_000,
        rows: 630,
        fitted_on: 600,
        entities: 20,
        seed: 42,
    };
    LoginModel {
        summary,
        labelled_attacks: Some(30),
        ensemble: CalibratedLoginEnsemble::new(ensemble, &scores).unwrap(),
        histograms: FeatureHistograms::from_matrix(&bell(600, 3, 1)).unwrap(),
        known: b"what is known".to_vec(),
    }
}

/// From the usual to the very unusual.
fn rows() -> FeatureMatrix {
    matrix(3, &[[0.0; 3], [0.1, 7.0, -3.0], [4.0; 3], [1e300; 3]])
}

/// What a model says, in digits that show every bit.
fn answers(model: &LoginModel) -> Vec<u64> {
    let log_odds = model.ensemble.ensemble().log_odds(&rows()).unwrap();
    let p_values = log_odds.iter().map(|log_odds| model.ensemble.p_value(Score::new(*log_odds).unwrap()).get());
    let moved = model.histograms.drift(&rows()).unwrap().into_iter().map(|drift| drift.index);
    log_odds.iter().copied().chain(p_values).chain(moved).map(f64::to_bits).collect()
}

#[test]
fn unusual_logins_score_higher_and_normal_ones_as_before_on_average() {
    let (unlabelled, log_odds) = trained(0);
    assert!(!unlabelled.is_trained_on_attacks());
    let mean = log_odds.iter().sum::<f64>() / log_odds.len() as f64;
    assert!(mean.abs() < 0.02, "{mean}");
    let log_odds = unlabelled.log_odds(&rows()).unwrap();
    assert!(log_odds[0] < 0.0 && log_odds[2] > 1.0 && log_odds[3] >= log_odds[2], "{log_odds:?}");
    // By hand: both p-values are the smallest there are.
    let furthest = -(RISK * (0.01_f64 / 601.0).ln() + ISOLATION * (1.0_f64 / 601.0).ln()) - RISK - ISOLATION;
    assert!((log_odds[3] - furthest).abs() < 1e-9, "{log_odds:?} {furthest}");
}

#[test]
fn the_risk_score_speaks_by_its_own_p_value() {
    let (ensemble, _) = trained(0);
    let log_odds = |risk: f64| ensemble.risk.log_odds(&[0.0, 0.0, risk]);
    let steps: Vec<f64> = (-40..40).map(|i| log_odds(f64::from(i) / 10.0)).collect();
    assert!(steps.is_sorted() && log_odds(-4.0) < 0.0 && log_odds(4.0) > 0.0);
    assert!(ensemble.risk.log_odds(&[0.0]).abs() < 1e-12, "a row without a risk score says nothing");
}

#[test]
fn labels_are_learned_from_where_there_are_enough() {
    assert!(!trained(MIN_ATTACKS - 1).0.is_trained_on_attacks());
    let (ensemble, log_odds) = trained(MIN_ATTACKS);
    assert!(ensemble.is_trained_on_attacks());
    let labelled = ensemble.log_odds(&rows()).unwrap();
    let unlabelled = trained(0).0.log_odds(&rows()).unwrap();
    assert!(labelled[0] < unlabelled[0] - 1.0 && labelled[2] > unlabelled[2] + 0.5, "{labelled:?} {unlabelled:?}");
    // By the trees that did not see them, normal rows are less surely normal than by all trees.
    let seen = ensemble.log_odds(&bell(600, 3, 1)).unwrap();
    assert!(log_odds.iter().sum::<f64>() >= seen.iter().sum::<f64>());
    assert_eq!(log_odds.len(), 600);
}

#[test]
fn what_cannot_be_learned_from_is_an_error() {
    let risk = RiskBasedAuthenticationParams::default().check().unwrap();
    let (none, some, other) = (bell(0, 3, 1), bell(50, 3, 1), bell(20, 2, 1));
    let fit = |normal, attacks, risk_column| {
        LoginEnsemble::fit(&LoginTraining { normal, attacks, risk: &risk, risk_column }, 1).is_err()
    };
    assert!(fit(&none, &none, 0) && fit(&some, &none, 3) && fit(&some, &other, 0));
    assert!(!fit(&some, &none, 0));
    assert!(trained(0).0.log_odds(&bell(5, 2, 1)).is_err(), "other columns");
}

#[test]
fn what_is_read_back_judges_as_before_to_the_bit() {
    let written = model();
    let file = written.encode().unwrap();
    let read = LoginModel::decode(&file).unwrap();
    assert_eq!(answers(&read), answers(&written));
    assert_eq!(read, written);
    assert_eq!(read.encode().unwrap(), file, "the same model, the same bytes");
    let without = read.without_known();
    assert_eq!(answers(&LoginModel::decode(&without.encode().unwrap()).unwrap()), answers(&written));
    assert!(without.known.is_empty());
}

#[test]
fn a_file_that_is_cut_or_of_something_else_says_so() {
    let file = model().encode().unwrap();
    assert_eq!(ModelKind::from_bytes(&file), Some(ModelKind::Login));
    for length in (0..100).chain((100..file.len()).step_by(997)).chain([file.len() - 1]) {
        let error = LoginModel::decode(&file[..length]).unwrap_err();
        assert_eq!(matches!(error, ModelFileError::Foreign), length < 8, "{length}: {error}");
        assert!(length < 8 || matches!(error, ModelFileError::Length { .. }), "{length}: {error}");
    }
    let error = crate::FlowModel::decode(&file).unwrap_err().to_string();
    assert!(error.contains("of logins, not of flow logs"), "{error}");
    let flows = [&ModelKind::Flow.magic()[..], &file[8..]].concat();
    let error = LoginModel::decode(&flows).unwrap_err().to_string();
    assert!(error.contains("of flow logs, not of logins"), "{error}");
}

/// A payload with the right hash: what a forger would send.
fn forged(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    let header = [&ModelKind::Login.magic()[..], &FORMAT_VERSION.to_le_bytes(), &length].concat();
    [&header[..], blake3::hash(payload).as_bytes(), payload].concat()
}

/// An error, or a model that judges without a panic.
fn must_do_no_harm(payload: &[u8]) {
    if let Ok(read) = LoginModel::decode(&forged(payload))
        && let Ok(log_odds) = read.ensemble.ensemble().log_odds(&rows())
    {
        for score in log_odds.into_iter().filter_map(Score::new) {
            let _ = read.ensemble.p_value(score);
        }
        let _ = read.histograms.drift(&rows());
    }
}

fn payload() -> &'static [u8] {
    static PAYLOAD: std::sync::LazyLock<Vec<u8>> =
        std::sync::LazyLock::new(|| model().encode().unwrap().split_off(HEADER));
    &PAYLOAD
}

#[test]
fn lengths_that_lie_do_no_harm() {
    for at in (0..payload().len()).step_by(331) {
        let mut lying = payload().to_vec();
        lying.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        must_do_no_harm(&lying);
    }
    assert!(matches!(LoginModel::decode(&forged(b"")), Err(ModelFileError::Payload(_))));
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let refused = |change: fn(&mut LoginModel)| {
        let mut model = model();
        change(&mut model);
        matches!(LoginModel::decode(&model.encode().unwrap()), Err(ModelFileError::Payload(_)))
    };
    assert!(refused(|model| model.ensemble.ensemble.risk.column = 3));
    assert!(refused(|model| model.ensemble.ensemble.risk.weight = f64::NAN));
    assert!(refused(|model| model.ensemble.ensemble.isolation.weight = -1.0));
    assert!(refused(|model| model.ensemble.ensemble.random.as_mut().unwrap().weight = 11.0));
    assert!(refused(|model| model.histograms = FeatureHistograms::from_matrix(&bell(10, 2, 1)).unwrap()));
    assert!(refused(|model| {
        let forest = IsolationForestParams::default().check().unwrap();
        model.ensemble.ensemble.isolation.forest = forest.fit(&bell(50, 4, 1), 1).unwrap();
    }));
    assert!(!refused(|_| ()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn forged_payloads_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut payload = payload().to_vec();
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        must_do_no_harm(&payload);
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(LoginModel::decode(&bytes).is_err());
        must_do_no_harm(&bytes);
    }
}
