use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_domain::matrix::FeatureMatrix;

use super::*;
use crate::EstimatorKind;
use crate::sealed::HEADER;
use crate::synthetic::{self, bell};

fn artifact() -> FlowModel {
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
    let hour = weir_domain::window::Hour::from_time(1_699_900_000);
    baseline.add_hour(hour, weir_domain::aggregate::Span { first: hour.start(), last: hour.start() + 3600 });
    baseline.record_service(
        "10.0.0.1",
        weir_domain::aggregate::Service { protocol: 6, port: 22 },
        weir_domain::window::Hour::from_time(1_699_900_000),
    );
    FlowModel { summary, behaviour, baseline, histograms: Some(FeatureHistograms::from_matrix(&usual).unwrap()) }
}

fn rows() -> FeatureMatrix {
    synthetic::matrix(3, &[[0.0; 3], [0.1, 7.0, -3.0], [1e300; 3]])
}

/// What a model says, in digits that show every bit.
fn answers(artifact: &FlowModel) -> Vec<u64> {
    let scaled = artifact.behaviour.scale(&rows()).unwrap();
    let verdicts = artifact.behaviour.judge(&scaled).unwrap();
    let scores = verdicts.iter().flat_map(|v| v.members().iter().map(|s| s.score.get()).chain([v.p_value.get()]));
    let why = artifact.behaviour.explain(&scaled, 1).unwrap().contributions.into_iter().map(|c| c.amount);
    let moved = artifact.histograms.iter().flat_map(|h| h.drift(&rows()).unwrap()).map(|drift| drift.index);
    scores.chain(why).chain(moved).map(f64::to_bits).collect()
}

#[test]
fn what_is_read_back_judges_as_before_to_the_bit() {
    let written = artifact();
    let file = written.encode().unwrap();
    let read = FlowModel::decode(&file).unwrap();
    assert_eq!(answers(&read), answers(&written));
    assert_eq!(read, written);
    assert_eq!(read.encode().unwrap(), file, "the same model, the same bytes");
    assert!(read.histograms.is_some());
    assert!(read.behaviour.typical_of("10.0.0.1").is_some() && read.behaviour.typical_of("10.0.0.2").is_none());
}

#[test]
fn a_file_cut_at_any_byte_is_an_error() {
    let file = artifact().encode().unwrap();
    for length in (0..200).chain((200..file.len()).step_by(97)).chain([file.len() - 1]) {
        let error = FlowModel::decode(&file[..length]).unwrap_err();
        let expected = if length < 8 {
            matches!(error, ModelFileError::Foreign)
        } else {
            matches!(error, ModelFileError::Length { .. })
        };
        assert!(expected, "{length}: {error}");
    }
    let longer = [&file[..], b"x"].concat();
    assert!(matches!(FlowModel::decode(&longer), Err(ModelFileError::Length { .. })));
}

#[test]
fn what_is_wrong_is_said() {
    let file = artifact().encode().unwrap();
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = file.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        FlowModel::decode(&file).unwrap_err()
    };
    assert_eq!(FlowModel::decode(b"PK\x03\x04 something else"), Err(ModelFileError::Foreign));
    assert_eq!(changed(8, &3_u16.to_le_bytes()), ModelFileError::Future(3));
    assert_eq!(changed(10, &u64::MAX.to_le_bytes()), ModelFileError::TooLarge(u64::MAX));
    assert!(matches!(changed(10, &7_u64.to_le_bytes()), ModelFileError::Length { expected: 7, .. }));
    assert_eq!(changed(20, &[0; 4]), ModelFileError::Damaged);
    assert_eq!(changed(file.len() - 1, &[0xff]), ModelFileError::Damaged);
}

/// A payload with the right hash: what a forger would send.
fn forged(payload: &[u8]) -> Vec<u8> {
    let header =
        [&ModelKind::Flow.magic()[..], &FORMAT_VERSION.to_le_bytes(), &(payload.len() as u64).to_le_bytes()].concat();
    [&header[..], blake3::hash(payload).as_bytes(), payload].concat()
}

#[test]
fn a_forged_payload_with_lengths_that_lie_is_an_error() {
    let payload = artifact().encode().unwrap().split_off(HEADER);
    // Lengths are variable-length numbers: a place where one stands is made a huge one.
    for at in (0..payload.len()).step_by(41) {
        let mut lying = payload.clone();
        lying.splice(at..=at, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        let _ = FlowModel::decode(&forged(&lying));
    }
    assert!(matches!(FlowModel::decode(&forged(b"")), Err(ModelFileError::Payload(_))));
}

#[test]
fn rows_per_day_are_of_at_least_a_day() {
    let summary = TrainingSummary { from: 0, to: 3600, rows: 100, ..artifact().summary };
    assert!((summary.rows_per_day() - 100.0).abs() < 1e-9);
    assert!((TrainingSummary { to: 864_000, ..summary }.rows_per_day() - 10.0).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Bytes of the payload changed by a forger: an error, or a model that judges without a panic.
    #[test]
    fn forged_payloads_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        static PAYLOAD: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| artifact().encode().unwrap().split_off(HEADER));
        let mut payload = PAYLOAD.clone();
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        if let Ok(read) = FlowModel::decode(&forged(&payload)) {
            let scaled = read.behaviour.scale(&rows());
            if let Ok(scaled) = scaled {
                let _ = read.behaviour.judge(&scaled);
                let _ = read.behaviour.explain(&scaled, 0);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(FlowModel::decode(&bytes).is_err());
        let _ = FlowModel::decode(&forged(&bytes));
    }
}
