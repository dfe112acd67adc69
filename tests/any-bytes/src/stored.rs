//! Decodes stored objects: batches, checkpoints of logins, models. Stored bytes are trusted as little as logs.

use weir_domain::login::{LoginEvent, LoginKind, Outcome};
use weir_domain::matrix::FeatureMatrix;
use weir_domain::usage::UsagePoint;
use weir_features::login::{ApiUse, History, Places, Sighting, Weight};
use weir_model::TableModel;
use weir_pipeline::batch::{self, BatchWriter, LoginBatch, LoginBatchWriter, UsageBatch, UsageBatchWriter};

/// A batch of flow logs: what is read is the same when it is written and read again.
pub(crate) fn flow_batch(bytes: &[u8]) {
    let Ok(read) = batch::decode(bytes.to_vec()) else { return };
    let hour = &read.hour;
    let mut writer = BatchWriter::new(hour.scope.clone(), hour.hour, hour.window_length).expect("a writer");
    writer.append(hour).expect("what was read can be written");
    let again = writer.finish(&read.raw_hash).and_then(batch::decode).expect("what was written can be read");
    assert_eq!(again, read);
}

/// A batch of logins and API calls: as [`flow_batch`].
pub(crate) fn login_batch(bytes: &[u8]) {
    let Ok(read) = LoginBatch::decode(bytes.to_vec()) else { return };
    let mut writer = LoginBatchWriter::new(&read.scope, read.hour).expect("a writer");
    for login in &read.logins {
        writer.push_login(&login.event()).expect("what was read can be written");
    }
    let mut calls = ApiUse::default();
    for call in &read.calls {
        writer.push_call(&call.activity()).expect("what was read can be written");
        calls.push(&call.activity());
    }
    let again = writer.finish(&read.raw_hash).and_then(LoginBatch::decode).expect("what was written can be read");
    assert_eq!(again, read);
    check_calls(&calls);
}

/// A batch of measurements: as [`flow_batch`].
pub(crate) fn usage_batch(bytes: &[u8]) {
    let Ok(read) = UsageBatch::decode(bytes.to_vec()) else { return };
    let mut writer = UsageBatchWriter::new(&read.scope, read.hour).expect("a writer");
    for point in &read.points {
        let keys: Vec<(&str, &str)> = point.keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let point = UsagePoint { time: point.time, metric: &point.metric, keys: &keys, value: point.value, label: "" };
        writer.push(&point).expect("what was read can be written");
    }
    let again = writer.finish(&read.raw_hash).and_then(UsageBatch::decode).expect("what was written can be read");
    assert_eq!(again, read);
}

/// What was before: it is the same when it is written and read again, and can be learned on and asked.
pub(crate) fn login_history(bytes: &[u8]) {
    let Ok(mut history) = History::decode(bytes) else { return };
    let written = history.encode().expect("what was read can be written");
    let again = History::decode(&written).expect("what was written can be read");
    assert_eq!(again.encode().expect("as before"), written);
    let places = Places::none();
    for n in 0..3_u8 {
        let login = Sighting::from_login(
            &LoginEvent {
                source_ip: Some([198, 51, 100, n].into()),
                country: "FR",
                ..LoginEvent::new(
                    1_700_000_000_000 + i64::from(n) * 60_000,
                    "ada",
                    LoginKind::Password,
                    Outcome::Success,
                )
            },
            &places,
        );
        let evidence = history.evidence(&login);
        let _ = history.risk_counts(&login);
        history.advance(&login, &evidence, 0.5, Weight::from_log_odds(0.0), Weight::from_log_odds(0.0));
    }
    history.encode().expect("what was learned on can be written");
}

/// Calls of APIs: as [`login_history`].
pub(crate) fn api_use(bytes: &[u8]) {
    if let Ok(calls) = ApiUse::decode(bytes) {
        check_calls(&calls);
        let mut twice = calls.clone();
        twice.merge(calls);
        let _ = twice.hours();
        twice.forget_before(1_700_000_000);
    }
}

fn check_calls(calls: &ApiUse) {
    let written = calls.encode().expect("what is counted can be written");
    assert_eq!(ApiUse::decode(&written).as_ref(), Ok(calls));
    let _ = calls.hours();
}

/// The content of a model of a table, in a file whose header is right: without it nothing is read.
pub(crate) fn activity_model(bytes: &[u8]) {
    let Some((version, payload)) = bytes.split_first() else { return };
    let version = u16::from(version % 3).to_le_bytes();
    let length = (payload.len() as u64).to_le_bytes();
    let file = [b"WEIRTABL", &version[..], &length, blake3::hash(payload).as_bytes(), payload].concat();
    let Ok(model) = TableModel::decode(&file) else { return };
    let written = model.encode().expect("what was read can be written");
    let again = TableModel::decode(&written).expect("what was written can be read");
    assert!(again.encode().expect("as before") == written);
    let mut rows = FeatureMatrix::new(model.encoder().schema().clone());
    if rows.push(&vec![0.0; model.encoder().schema().features.len()]).is_ok()
        && let Ok(scaled) = model.behaviour().scale(&rows)
    {
        let _ = model.behaviour().judge(&scaled);
        let _ = model.behaviour().explain(&scaled, 0);
        let _ = model.drift(&rows);
    }
}
