//! Models of every source, and their answers to a few rows: written by the example `golden_models`, held by the test of that name.

#![allow(dead_code, reason = "the test and the example each use a part")]

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_domain::activity::{ActivitySchema, ColumnRole, ColumnSchema, Value};
use weir_domain::aggregate::{Service, Span};
use weir_domain::baseline::Baseline;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;
use weir_domain::window::Hour;
use weir_model::drift::FeatureHistograms;
use weir_model::login_model::LoginTraining;
use weir_model::risk_based_authentication::RiskBasedAuthenticationParams;
use weir_model::{
    BehaviourModel, CalibratedLoginEnsemble, CategoryEncoding, EstimatorKind, FlowModel, LoginEnsemble, LoginModel,
    TableEncoder, TableEncoderBuilder, TableModel, TrainingSummary,
};

#[path = "../../src/synthetic.rs"]
mod synthetic;

use synthetic::{bell, matrix};

/// A model of flow logs with every estimator.
pub(crate) fn flow_model() -> FlowModel {
    let by_entity = BTreeMap::from([("10.0.0.1".to_owned(), bell(60, 3, 2))]);
    let usual = bell(120, 3, 1);
    let behaviour = BehaviourModel::fit(&EstimatorKind::ALL, &usual, &by_entity, 42).unwrap();
    let summary = TrainingSummary {
        program: "0.1.0".to_owned(),
        trained_at: 1_700_000_000_000,
        from: 1_699_900_000,
        to: 1_700_000_000,
        rows: 400,
        fitted_on: 120,
        entities: 1,
        seed: 42,
    };
    let mut baseline = Baseline::default();
    let hour = Hour::from_time(1_699_900_000);
    baseline.add_hour(hour, Span { first: hour.start(), last: hour.start() + 3600 });
    baseline.record_service("10.0.0.1", Service { protocol: 6, port: 22 }, Hour::from_time(1_699_900_000));
    FlowModel { summary, behaviour, baseline, histograms: Some(FeatureHistograms::from_matrix(&usual).unwrap()) }
}

fn flow_rows() -> FeatureMatrix {
    matrix(3, &[[0.0; 3], [0.1, 7.0, -3.0], [1e300; 3]])
}

/// The scores, p-values, contributions and drift of a model, as bits.
pub(crate) fn flow_answers(artifact: &FlowModel) -> Vec<u64> {
    let scaled = artifact.behaviour.scale(&flow_rows()).unwrap();
    let verdicts = artifact.behaviour.judge(&scaled).unwrap();
    let scores = verdicts.iter().flat_map(|v| v.members().iter().map(|s| s.score.get()).chain([v.p_value.get()]));
    let why = artifact.behaviour.explain(&scaled, 1).unwrap().contributions.into_iter().map(|c| c.amount);
    let moved = artifact.histograms.iter().flat_map(|h| h.drift(&flow_rows()).unwrap()).map(|drift| drift.index);
    scores.chain(why).chain(moved).map(f64::to_bits).collect()
}

fn trained(attacks: usize) -> (LoginEnsemble, Vec<f64>) {
    let (normal, attacked) = (bell(600, 3, 1), bell(attacks, 3, 2));
    let far: Vec<Vec<f64>> = attacked.rows().map(|row| row.iter().map(|x| x + 4.0).collect()).collect();
    let risk = RiskBasedAuthenticationParams::default().check().unwrap();
    let training = LoginTraining { normal: &normal, attacks: &matrix(3, &far), risk: &risk, risk_column: 2 };
    LoginEnsemble::fit(&training, 42).unwrap()
}

/// A model of logins, trained on labelled attacks.
pub(crate) fn login_model() -> LoginModel {
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
fn login_rows() -> FeatureMatrix {
    matrix(3, &[[0.0; 3], [0.1, 7.0, -3.0], [4.0; 3], [1e300; 3]])
}

/// The log-odds, p-values and drift of a model, as bits.
pub(crate) fn login_answers(model: &LoginModel) -> Vec<u64> {
    let log_odds = model.ensemble.ensemble().log_odds(&login_rows()).unwrap();
    let p_values = log_odds.iter().map(|log_odds| model.ensemble.p_value(Score::new(*log_odds).unwrap()).get());
    let moved = model.histograms.drift(&login_rows()).unwrap().into_iter().map(|drift| drift.index);
    log_odds.iter().copied().chain(p_values).chain(moved).map(f64::to_bits).collect()
}

fn schema() -> ActivitySchema {
    ActivitySchema::new(vec![
        ColumnSchema::new("user", ColumnRole::Id),
        ColumnSchema::new("bytes", ColumnRole::Numeric),
        ColumnSchema::new("via", ColumnRole::Categorical),
    ])
}

/// Bytes around 100, over `ssh` but for a tenth.
fn row(i: u32) -> [Value<'static>; 2] {
    let bytes = f64::from(90 + i * 7 % 21);
    [Value::Number(bytes), Value::Text(if i.is_multiple_of(10) { "rdp" } else { "ssh" })]
}

fn encoded(encoder: &TableEncoder, rows: impl Iterator<Item = [Value<'static>; 2]>) -> FeatureMatrix {
    let mut matrix = FeatureMatrix::new(Arc::clone(encoder.schema()));
    rows.for_each(|row| matrix.push(&encoder.encode(&row).unwrap()).unwrap());
    matrix
}

/// A model of a table of users.
pub(crate) fn table_model() -> TableModel {
    let mut training = TableEncoderBuilder::new(&schema(), CategoryEncoding::Rarity);
    (0..300).for_each(|i| training.see(&row(i)));
    let encoder = training.finish().unwrap();
    let matrix = encoded(&encoder, (0..300).map(row));
    let summary = TrainingSummary {
        program: "0.1.0".to_owned(),
        trained_at: 1_700_000_000_000,
        from: 0,
        to: 0,
        rows: 300,
        fitted_on: 300,
        entities: 30,
        seed: 42,
    };
    let model = TableModel::fit(schema(), encoder, &matrix, &[EstimatorKind::IsolationForest], summary).unwrap();
    let users: Vec<String> = (0..300).map(|i| format!("user{}", i % 30)).collect();
    model.with_user_baselines(&matrix, &users.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The scores, p-values, novelties, drift and user deviations of a model, as bits.
pub(crate) fn table_answers(model: &TableModel) -> Vec<u64> {
    let odd = [[Value::Number(100.0), Value::Text("telnet")], [Value::Number(9e9), Value::Text("ssh")]];
    let matrix = encoded(model.encoder(), odd.into_iter());
    let scaled = model.behaviour().scale(&matrix).unwrap();
    let verdicts = model.behaviour().judge(&scaled).unwrap();
    let judged = verdicts.iter().flat_map(|v| [v.most_significant().score.get(), v.p_value.get()]);
    let new = model.novelties(&odd[0], matrix.row(0)).into_iter().map(|new| new.p_value);
    let drift = model.drift(&matrix).unwrap().into_iter().map(|drift| drift.index);
    let own = ["user7", "somebody"].map(|user| model.user_deviation(user, matrix.row(1)));
    let own = own.into_iter().flatten().flat_map(|own| [own.usual, own.p_value.get()]);
    judged.chain(new).chain(drift).chain(own).map(f64::to_bits).collect()
}
