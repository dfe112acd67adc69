use std::path::Path;

use proptest::prelude::*;
use weir_domain::reject::RejectReason as R;

use super::*;
use crate::text::assert_all_lines_counted;

/// 2016-12-31 00:00.
const CLOCK: Clock = Clock::utc(1_483_142_400_000);
const FAILED: &str = "Failed password for root from 5.36.59.76 port 42393 ssh2";

fn line(message: &str) -> String {
    format!("Dec 10 06:55:46 LabSZ sshd[24200]: {message}\n")
}

fn read_each(bytes: &[u8], each: impl FnMut(&LoginEvent<'_>)) -> Result<ReadSummary, ReadError> {
    let limits = ReadLimits { rejected_share: 1.0, ..ReadLimits::default() };
    read(bytes, &ObjectName::new("auth.log"), limits, CLOCK, each)
}

/// Who a line lets in (+) or turns away (-), from where; once for every call back.
fn seen(text: &str) -> Vec<String> {
    let mut seen = Vec::new();
    read_each(text.as_bytes(), |login| {
        let sign = if login.succeeded() { '+' } else { '-' };
        let from = login.source_ip.map_or("?".to_owned(), |address| address.to_string());
        seen.push(format!("{sign}{}@{from}", login.user));
    })
    .unwrap();
    seen
}

#[test]
fn every_part_of_a_line() {
    let expected = LoginEvent {
        source_ip: Some([119, 137, 62, 142].into()),
        account: "LabSZ",
        ..LoginEvent::new(1_481_361_140_000, "fztu", LoginKind::Ssh, Outcome::Success)
    };
    let text = "Dec 10 09:12:20 LabSZ sshd[24680]: Accepted password for fztu from 119.137.62.142 port 49116 ssh2";
    let whole = "2016-12-10T10:12:20+01:00 LabSZ sshd-session[7]: Accepted password for fztu from 119.137.62.142 port 49116 ssh2";
    for text in [text, whole] {
        let summary = read_each(text.as_bytes(), |login| assert_eq!(*login, expected)).unwrap();
        assert_eq!(summary.records, 1);
    }
}

#[test]
fn messages_that_tell_of_a_login() {
    let cases = [
        (FAILED, "-root@5.36.59.76"),
        ("Failed password for invalid user admin from 2001:db8::1 port 1 ssh2", "-admin@2001:db8::1"),
        ("Failed password for invalid user  0101 from 5.188.10.180 port 36279 ssh2", "- 0101@5.188.10.180"),
        ("Failed password for invalid user  from 5.188.10.180 port 36279 ssh2", "-@5.188.10.180"),
        ("Failed keyboard-interactive/pam for bob from 10.0.0.1 port 5 ssh2", "-bob@10.0.0.1"),
        ("Failed password for bob from fe80::1%eth0 port 5 ssh2", "-bob@fe80::1"),
        ("Failed password for bob from UNKNOWN port 65535 ssh2", "-bob@?"),
        ("Accepted password for bob from build.example.com port 5 ssh2", "+bob@?"),
        ("Accepted publickey for bob from 10.0.0.1 port 5 ssh2: RSA SHA256:abc", "+bob@10.0.0.1"),
        (
            "Accepted publickey for bob from 10.0.0.1 port 5 ssh2: RSA-CERT ID x from 9.9.9.9 port 1 ssh2 (serial 1)",
            "+bob@10.0.0.1",
        ),
        (
            "Failed password for invalid user x from 9.9.9.9 port 1 ssh2 from 10.0.0.1 port 5 ssh2",
            "-x from 9.9.9.9 port 1 ssh2@10.0.0.1",
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(seen(&line(message)), [expected]);
    }
}

#[test]
fn messages_that_do_not() {
    let cases = [
        "Failed none for invalid user admin from 10.0.0.1 port 5 ssh2",
        "Failed publickey for bob from 10.0.0.1 port 5 ssh2: RSA SHA256:abc",
        "Invalid user admin from 10.0.0.1",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.1  user=root",
        "message repeated 2 times: [ Connection closed by 10.0.0.1 [preauth]]",
        "Failed to release session for user",
        "Accepted",
        "",
    ];
    let others = [
        "Dec 10 06:55:46 LabSZ cron[1]: Failed password for root from 5.36.59.76 port 42393 ssh2\n",
        "Dec 10 06:55:46 LabSZ last message repeated 4 times\n",
        "\n",
    ];
    for text in cases.map(line).into_iter().chain(others.map(str::to_owned)) {
        let summary = read_each(text.as_bytes(), |_| panic!("{text}")).unwrap();
        assert_eq!((summary.not_rows, summary.rows()), (1, 0), "{text}");
    }
}

#[test]
fn a_repeated_message_is_several_logins_and_one_record() {
    let text = line(&format!("message repeated 5 times: [ {FAILED}]"));
    assert_eq!(seen(&text), ["-root@5.36.59.76"; 5]);
    assert_eq!(read_each(text.as_bytes(), |_| {}).unwrap().records, 1);
}

#[test]
fn bad_lines_are_rejects_with_line_and_reason() {
    let good = line(FAILED);
    let cases = [
        (line("Failed password for root"), R::BadStructure),
        (line("Failed password for root from 10.0.0.1"), R::BadStructure),
        (line("Failed password for root from 10.0.0.1 port 5 tls"), R::BadStructure),
        (line("Failed password for root from 10.0.0.256 port 5 ssh2"), R::BadAddress),
        (line("Failed password for root from 10.0.0.1 port 65536 ssh2"), R::BadPort),
        (line("message repeated 5 times"), R::BadStructure),
        (line(&format!("message repeated 5 times: [ {FAILED}")), R::BadStructure),
        (line(&format!("message repeated many times: [ {FAILED}]")), R::BadNumber),
        (line(&format!("message repeated 0 times: [ {FAILED}]")), R::BadNumber),
        (line(&format!("message repeated 1001 times: [ {FAILED}]")), R::BadNumber),
        (line(&format!("message repeated 4294967296 times: [ {FAILED}]")), R::BadNumber),
        (good.replace("Dec 10", "Dec 32"), R::BadTime),
        (good.replace("06:55:46", "24:55:46"), R::BadTime),
        (good.replace("Dec 10", "10 Dec"), R::BadStructure),
        (good.replace(' ', "\t"), R::BadStructure),
        (line(&"x".repeat(70_000)), R::LineTooLong),
    ];
    for (bad, reason) in cases {
        let summary = read_each([&*good, &*bad, &*good].concat().as_bytes(), |_| {}).unwrap();
        let rejects: Vec<_> = summary.rejects.iter().map(|r| (r.line, r.reason)).collect();
        assert_eq!((summary.records, rejects), (2, vec![(2, reason)]), "{bad:.100}");
    }
    let summary = read_each(&[good.as_bytes(), b"\xff\n"].concat(), |_| {}).unwrap();
    assert_eq!(summary.rejected, [(R::BadIdentifier, 1)].into());
}

#[test]
fn lines_of_other_programs_count_as_read_when_an_object_is_judged() {
    let name = ObjectName::new("auth.log");
    let judge = |others: usize| {
        let text = [line("").repeat(others), line(FAILED), "nonsense\n".repeat(30)].concat();
        read(text.as_bytes(), &name, ReadLimits::default(), CLOCK, |_| {})
    };
    assert_eq!(judge(100).unwrap().rejected_rows(), 30);
    let error = judge(0).unwrap_err().to_string();
    assert!(error.starts_with("auth.log: 30 of 31 rows cannot be read"), "{error}");
}

/// The real log of the shared data, where it is at hand. Its 520 lines "Failed password" tell of 528 failures: two of
/// them repeat one five times each.
#[test]
fn the_shared_log_is_read_to_the_last() {
    let path = format!("{}/../../../shared/data/openssh/OpenSSH_2k.log.gz", env!("CARGO_MANIFEST_DIR"));
    if !Path::new(&path).exists() {
        eprintln!("SKIPPED: no {path}");
        return;
    }
    let (mut failures, mut successes, mut times) = (0, Vec::new(), Vec::new());
    let file = std::fs::File::open(&path).unwrap();
    let summary = read(file, &ObjectName::new(&path), ReadLimits::default(), CLOCK, |login| {
        times.push(login.time);
        assert!(login.source_ip.is_some());
        if login.succeeded() {
            successes.push(login.user.to_owned());
        } else {
            failures += 1;
        }
    })
    .unwrap();
    assert_eq!((summary.records, summary.rejected_rows(), summary.records + summary.not_rows), (521, 0, 2000));
    assert_eq!((failures, successes), (528, vec!["fztu".to_owned()]));
    assert!(times.is_sorted());
}

proptest! {
    #[test]
    fn any_bytes_are_rows_rejects_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut seen = 0;
        if let Ok(summary) = read_each(&bytes, |_| seen += 1) {
            assert_all_lines_counted(&bytes, &summary);
            prop_assert!(summary.records <= seen);
        }
    }

    #[test]
    fn any_message_is_accounted_for(messages in prop::collection::vec(
        "(message repeated [0-9]{1,4} times: \\[ )?(Failed|Accepted) (password|none|publickey) for (invalid user )?\\PC{0,9}( from [0-9a-f.:]{1,12} port [0-9]{1,6} ssh2)?\\]?|\\PC{0,40}",
        0..12,
    )) {
        let text: String = messages.iter().map(|message| line(message)).collect();
        let summary = read_each(text.as_bytes(), |_| {}).unwrap();
        prop_assert_eq!(summary.rows() + summary.not_rows, messages.len() as u64);
    }
}
