//! Tests of the stored form of logins and usage.

use weir_domain::login::{ApiActivity, Labels, Login, LoginEvent, LoginKind, Outcome};
use weir_domain::usage::UsagePoint;
use weir_domain::window::Hour;

use super::*;

fn full() -> LoginEvent<'static> {
    LoginEvent {
        source_ip: Some("2001:db8::1".parse().unwrap()),
        country: "FR",
        region: "Île-de-France",
        city: "Paris",
        asn: Some(u32::MAX),
        user_agent: "Mozilla/5.0 \u{202e}\0",
        browser: "Firefox 1",
        os: "Linux",
        device_type: "desktop",
        device_id: "d",
        round_trip_ms: Some(0.0),
        bytes_in: Some(0),
        bytes_out: Some(7),
        mfa: Some(false),
        account: "123456789012",
        labels: Labels { attack_ip: Some(true), account_takeover: Some(false), attack: None },
        ..LoginEvent::new(START * 1000 + 999, "ada", LoginKind::ConsoleLogin, Outcome::Success)
    }
}

fn bare(kind: LoginKind) -> LoginEvent<'static> {
    LoginEvent::new(START * 1000, "", kind, Outcome::Failure)
}

fn call() -> ApiActivity<'static> {
    ApiActivity {
        time: START * 1000,
        principal: "arn:aws:iam::1:user/ada",
        issuer: "",
        account: "1",
        region: "eu-west-1",
        service: "ec2",
        action: "RunInstances",
        source_ip: None,
        user_agent: "cli",
        error_code: "AccessDenied",
        read_only: Some(false),
    }
}

fn scope() -> Scope {
    Scope::new("123456789012", "")
}

fn logins(logins: &[LoginEvent<'_>], calls: &[ApiActivity<'_>]) -> Vec<u8> {
    let mut writer = LoginBatchWriter::new(&scope(), Hour::from_time(START)).unwrap();
    for login in logins {
        writer.push_login(login).unwrap();
    }
    for call in calls {
        writer.push_call(call).unwrap();
    }
    writer.finish("hash").unwrap()
}

fn usage(values: &[f64]) -> Vec<u8> {
    let mut writer = UsageBatchWriter::new(&scope(), Hour::from_time(START)).unwrap();
    for value in values {
        let keys = [("region", "a\"b"), ("", "")];
        let point = UsagePoint { time: START, keys: &keys, metric: "bytes", value: *value, label: "1" };
        writer.push(&point).unwrap();
    }
    writer.finish("hash").unwrap()
}

#[test]
fn decoding_inverts_encoding_of_logins_and_calls() {
    let kinds: Vec<_> = LoginKind::ALL.into_iter().map(bare).chain([full()]).collect();
    let batch = LoginBatch::decode(logins(&kinds, &[call()])).unwrap();
    assert_eq!((batch.raw_hash.as_str(), &batch.scope, batch.hour), ("hash", &scope(), Hour::from_time(START)));
    assert_eq!(batch.logins.iter().map(Login::event).collect::<Vec<_>>(), kinds);
    assert_eq!(batch.calls.iter().map(|c| c.activity()).collect::<Vec<_>>(), [call()]);
    assert_eq!(logins(&kinds, &[call()]), logins(&kinds, &[call()]), "equal rows give equal bytes");
    assert_eq!(LoginBatch::decode(logins(&[], &[])).unwrap().logins, []);
}

#[test]
fn decoding_inverts_encoding_across_row_groups() {
    let many = vec![bare(LoginKind::Ssh); 100_001];
    assert_eq!(LoginBatch::decode(logins(&many, &[])).unwrap().logins.len(), many.len());
}

#[test]
fn decoding_inverts_encoding_of_usage() {
    let values = [0.0, -1.5, 1e100, f64::MIN_POSITIVE];
    let batch = UsageBatch::decode(usage(&values)).unwrap();
    assert_eq!(batch.points.iter().map(|p| p.value).collect::<Vec<_>>(), values);
    assert_eq!(batch.points[0].keys, [("region".to_owned(), "a\"b".to_owned()), (String::new(), String::new())]);
    assert_eq!((batch.points[0].metric.as_str(), batch.points[0].time), ("bytes", START));
}

#[test]
fn inconsistent_batches_are_refused() {
    let other_hour = LoginEvent { time: START * 1000 + 3_600_000, ..full() };
    let refused = |bytes| LoginBatch::decode(bytes).unwrap_err().to_string();
    assert!(refused(logins(&[other_hour], &[])).contains("not of its hour"));
    assert!(refused(usage(&[1.0])).contains("its columns are others"));
    assert!(UsageBatch::decode(logins(&[full()], &[])).unwrap_err().to_string().contains("its columns are others"));
    for value in [f64::NAN, f64::INFINITY, 2e100] {
        assert!(UsageBatch::decode(usage(&[value])).unwrap_err().to_string().contains("a value that is none"));
    }
    let endless = LoginEvent { round_trip_ms: Some(f64::INFINITY), ..full() };
    assert!(refused(logins(&[endless], &[])).contains("a round-trip time that is none"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damaged_records_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        for whole in [logins(&[full(), bare(LoginKind::Ssh)], &[call()]), usage(&[1.0, 2.0])] {
            let mut bytes = whole.clone();
            for (at, byte) in &damage {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let _ = LoginBatch::decode(bytes.clone());
            let _ = UsageBatch::decode(bytes);
            let cut = whole[..cut.index(whole.len())].to_vec();
            prop_assert!(LoginBatch::decode(cut.clone()).is_err() && UsageBatch::decode(cut).is_err());
        }
    }
}
