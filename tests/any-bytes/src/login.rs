//! Logins.

use std::ops::Range;

use weir_domain::login::{ApiActivity, LoginEvent, LoginKind, Outcome};
use weir_ingest::login::{cloudtrail, rba, simple, sshd};

use crate::reading::{LIMITS, check_doubled, check_lines, check_rows, doubled, name, twice};

/// Milliseconds from the epoch to the end of the century.
const TIMES: Range<i64> = 0..4_102_444_800_000;

/// The most bytes of a text.
const MAX_LEN: usize = 1024;

/// The most logins that one line of sshd may repeat.
const MAX_REPEATS: u64 = 1000;

/// What every login must be.
fn check_login(login: &LoginEvent<'_>, kinds: &[LoginKind]) {
    assert!(TIMES.contains(&login.time), "the time: {login:?}");
    assert!(kinds.contains(&login.kind), "the kind: {login:?}");
    assert!(login.source_ip.is_none_or(|a| a == a.to_canonical()), "IPv4 in IPv6: {login:?}");
    assert!(login.round_trip_ms.is_none_or(|ms| ms.is_finite() && ms >= 0.0), "the round trip: {login:?}");
    let texts = [
        login.user,
        login.country,
        login.region,
        login.city,
        login.user_agent,
        login.browser,
        login.os,
        login.device_type,
        login.device_id,
        login.account,
    ];
    assert!(texts.iter().all(|text| text.len() <= MAX_LEN), "a text is too long: {login:?}");
    assert_eq!(login.succeeded(), login.outcome == Outcome::Success);
}

fn check_activity(activity: &ApiActivity<'_>) {
    assert!(TIMES.contains(&activity.time), "the time: {activity:?}");
    assert!(!activity.action.is_empty(), "an event without a name: {activity:?}");
    assert!(activity.source_ip.is_none_or(|a| a == a.to_canonical()), "IPv4 in IPv6: {activity:?}");
    let texts = [
        activity.principal,
        activity.issuer,
        activity.account,
        activity.region,
        activity.service,
        activity.action,
        activity.user_agent,
        activity.error_code,
    ];
    assert!(texts.iter().all(|text| text.len() <= MAX_LEN), "a text is too long: {activity:?}");
}

/// Logins with the columns of the RBA data set.
pub(crate) fn rba(bytes: &[u8]) {
    let read = twice(bytes, |input, called| {
        rba::read(input, &name(), LIMITS, |login| {
            check_login(login, &[LoginKind::Password]);
            assert!(!login.user.is_empty() && login.labels.attack.is_none(), "{login:?}");
            called.with(login);
        })
    });
    if let Ok((summary, times)) = read {
        check_lines(bytes, &summary);
        assert_eq!((times, summary.no_data, summary.skip_data), (summary.records, 0, 0));
        if let Some(text) = doubled(bytes) {
            check_doubled(&summary, rba::read(&text[..], &name(), LIMITS, |_| {}));
        }
    }
}

/// Logins with the simple columns, CSV or JSON lines.
pub(crate) fn simple(bytes: &[u8]) {
    let read = twice(bytes, |input, called| {
        simple::read(input, &name(), LIMITS, |login| {
            check_login(login, &[LoginKind::Unknown]);
            assert!(!login.user.is_empty() && login.mfa.is_none(), "{login:?}");
            called.with(login);
        })
    });
    if let Ok((summary, times)) = read {
        check_lines(bytes, &summary);
        assert_eq!((times, summary.no_data, summary.skip_data), (summary.records, 0, 0));
        if let Some(text) = doubled(bytes) {
            check_doubled(&summary, simple::read(&text[..], &name(), LIMITS, |_| {}));
        }
    }
}

/// `CloudTrail` events, as logins and as API activity.
pub(crate) fn cloudtrail(bytes: &[u8]) {
    const KINDS: [LoginKind; 3] = [LoginKind::ConsoleLogin, LoginKind::AssumeRole, LoginKind::SessionToken];
    let logins = twice(bytes, |input, called| {
        cloudtrail::read(input, &name(), LIMITS, |login| {
            check_login(login, &KINDS);
            called.with(login);
        })
    });
    let activities = twice(bytes, |input, called| {
        cloudtrail::read_activity(input, &name(), LIMITS, |activity| {
            check_activity(activity);
            called.with(activity);
        })
    });
    match (logins, activities) {
        (Ok((logins, login_times)), Ok((activities, activity_times))) => {
            for (summary, times) in [(&logins, login_times), (&activities, activity_times)] {
                check_rows(summary);
                assert_eq!((times, summary.no_data, summary.skip_data), (summary.records, 0, 0));
            }
            let rows = logins.rows() + logins.not_rows;
            assert_eq!(rows, activities.rows() + activities.not_rows, "{logins:?} but {activities:?}");
            assert!(logins.records <= activities.records, "a login that is no activity");
            assert!(rows <= LIMITS.expanded_bytes, "a row without a byte");
        }
        (Err(logins), Err(activities)) => assert_eq!(logins.to_string(), activities.to_string()),
        (logins, activities) => panic!("logins {logins:?}, activities {activities:?}"),
    }
}

/// Logs of an OpenSSH server, with clocks of two places.
pub(crate) fn sshd(bytes: &[u8]) {
    // The end of 2016, and of the century.
    let clocks = [sshd::Clock::utc(1_483_142_400_000), sshd::Clock { written: TIMES.end, utc_offset_minutes: -300 }];
    for clock in clocks {
        let read = twice(bytes, |input, called| {
            sshd::read(input, &name(), LIMITS, clock, |login| {
                check_login(login, &[LoginKind::Ssh]);
                assert!(!login.account.is_empty(), "no host: {login:?}");
                called.with(login);
            })
        });
        if let Ok((summary, times)) = read {
            check_lines(bytes, &summary);
            assert_eq!((summary.no_data, summary.skip_data), (0, 0));
            assert!(summary.records <= times && times <= MAX_REPEATS * summary.records, "{times}: {summary:?}");
        }
    }
}
