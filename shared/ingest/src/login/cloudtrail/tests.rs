use serde_json::json;
use weir_domain::login::{LoginKind, Outcome};
use weir_domain::reject::RejectReason as R;

use super::split::MAX_EVENT_BYTES;
use super::*;

mod objects;

const LIMITS: ReadLimits = ReadLimits { expanded_bytes: 64 << 20, rejected_share: 1.0 };

fn logins(bytes: &[u8], each: impl FnMut(&LoginEvent<'_>)) -> Result<ReadSummary, ReadError> {
    read(bytes, &ObjectName::new("trail.json"), LIMITS, each)
}

fn activity(bytes: &[u8], each: impl FnMut(&ApiActivity<'_>)) -> Result<ReadSummary, ReadError> {
    read_activity(bytes, &ObjectName::new("trail.json"), LIMITS, each)
}

/// A console login of an IAM user, with some members put in place of its own.
fn console_login(members: serde_json::Value) -> String {
    let mut event = json!({
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDA1", "arn": "arn:aws:iam::123456789012:user/ada",
            "accountId": "123456789012", "userName": "ada"},
        "eventTime": "2023-07-10T12:23:15Z", "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.20", "userAgent": "Mozilla/5.0 \"x\"",
        "requestParameters": null, "responseElements": {"ConsoleLogin": "Success"},
        "additionalEventData": {"MobileVersion": "No", "MFAUsed": "Yes"}, "readOnly": false,
        "eventType": "AwsConsoleSignIn", "recipientAccountId": "123456789012"
    });
    if let serde_json::Value::Object(members) = members {
        for (name, value) in members {
            event[name] = value;
        }
    }
    event.to_string()
}

fn sts(action: &str, identity: serde_json::Value) -> String {
    let mut event: serde_json::Value = serde_json::from_str(&console_login(json!({}))).unwrap();
    event["eventSource"] = "sts.amazonaws.com".into();
    event["eventName"] = action.into();
    event["userIdentity"] = identity;
    event["responseElements"] = json!({"credentials": {}});
    event["additionalEventData"] = serde_json::Value::Null;
    event.to_string()
}

#[test]
fn every_field_of_a_login() {
    let expected = LoginEvent {
        source_ip: Some([192, 0, 2, 20].into()),
        user_agent: "Mozilla/5.0 \"x\"",
        mfa: Some(true),
        account: "123456789012",
        ..LoginEvent::new(1_688_991_795_000, "ada", LoginKind::ConsoleLogin, Outcome::Success)
    };
    let event = console_login(json!({}));
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&event).unwrap()).unwrap();
    let shapes = [
        event.clone(),
        format!("\u{feff}{event}\r\n"),
        format!("{{\"Records\":[{event}]}}"),
        format!(
            "{{\n\"a\\\"\": {{\"Records\": [1]}}, \"Records\": \"none\", \n\"Records\" : [ {pretty} ] , \"z\": [1] }}\n"
        ),
        pretty,
    ];
    for text in shapes {
        let mut seen = 0;
        logins(text.as_bytes(), |login| {
            seen += 1;
            assert_eq!(*login, expected);
        })
        .unwrap();
        assert_eq!(seen, 1, "{text}");
    }
}

#[test]
fn every_field_of_an_activity() {
    let identity = json!({"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/r/i-1",
        "accountId": "123456789012", "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::123456789012:role/r"}}});
    let changes = json!({"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "userIdentity": identity,
        "errorCode": "Client.UnauthorizedOperation", "errorMessage": "no", "readOnly": true,
        "responseElements": ["not", {"an": "object"}], "additionalEventData": "nor this"});
    let mut seen = 0;
    activity(console_login(changes).as_bytes(), |activity| {
        seen += 1;
        let expected = ApiActivity {
            time: 1_688_991_795_000,
            principal: "arn:aws:sts::123456789012:assumed-role/r/i-1",
            issuer: "arn:aws:iam::123456789012:role/r",
            account: "123456789012",
            region: "us-east-1",
            service: "ec2",
            action: "RunInstances",
            source_ip: Some([192, 0, 2, 20].into()),
            user_agent: "Mozilla/5.0 \"x\"",
            error_code: "Client.UnauthorizedOperation",
            read_only: Some(true),
        };
        assert_eq!(*activity, expected);
    })
    .unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn who_logs_in() {
    let role = "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_1/ada@example.com";
    let cases = [
        (json!({"type": "IAMUser", "userName": "ada"}), "ada"),
        (json!({"type": "IAMUser", "arn": "arn:aws:iam::1:user/team/ada"}), "team/ada"),
        (json!({"type": "Root", "arn": "arn:aws:iam::1:root", "userName": "alias"}), "root"),
        (
            json!({"type": "AssumedRole", "arn": role, "principalId": "AROA:ada"}),
            "AWSReservedSSO_Admin_1/ada@example.com",
        ),
        (json!({"type": "AssumedRole", "principalId": "AROA:ada"}), "AROA:ada"),
        (json!({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/ada"}), "ada"),
        (json!({"type": "SAMLUser", "principalId": "x:ada", "userName": "ada"}), "ada"),
        (json!({"type": "WebIdentityUser", "principalId": "accounts.google.com:app:ada", "userName": "ada"}), "ada"),
        (json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}), "ec2.amazonaws.com"),
        (json!({"type": "AWSAccount", "principalId": "AROA2:s", "accountId": "2"}), "AROA2:s"),
        (json!({"type": "AWSAccount", "accountId": "2", "invokedBy": "AWS Internal"}), "2"),
        (json!({"accountId": "2", "invokedBy": "ec2.amazonaws.com"}), "ec2.amazonaws.com"),
        (json!({"accountId": 2}), "2"),
        (json!({"type": "Unknown"}), ""),
        (json!(null), ""),
    ];
    for (identity, user) in cases {
        let event = sts("AssumeRole", identity.clone());
        let mut seen = 0;
        logins(event.as_bytes(), |login| {
            seen += 1;
            assert_eq!((login.user, login.kind), (user, LoginKind::AssumeRole), "{identity}");
        })
        .unwrap();
        assert_eq!(seen, 1, "{identity}");
        activity(event.as_bytes(), |activity| {
            let arn = identity["arn"].as_str().unwrap_or(user);
            assert_eq!(activity.principal, arn);
        })
        .unwrap();
    }
}

#[test]
fn what_is_a_login_and_how_it_ended() {
    let user = json!({"type": "IAMUser", "userName": "ada",
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}});
    let denied = sts("AssumeRole", user.clone()).replacen('{', r#"{"errorCode":"AccessDenied","#, 1);
    let failure = json!({"responseElements": {"ConsoleLogin": "Failure"}, "errorMessage": "Failed authentication"});
    let silent = json!({"responseElements": null, "errorMessage": "Failed authentication"});
    let (c, a, t) = (LoginKind::ConsoleLogin, LoginKind::AssumeRole, LoginKind::SessionToken);
    let (success, failed) = (Outcome::Success, Outcome::Failure);
    let cases = [
        (console_login(failure), Some((c, failed, Some(true)))),
        (console_login(silent), Some((c, failed, Some(true)))),
        (console_login(json!({"additionalEventData": {"MFAUsed": "No"}})), Some((c, success, Some(false)))),
        (console_login(json!({"additionalEventData": null})), Some((c, success, None))),
        (denied, Some((a, failed, Some(false)))),
        (sts("AssumeRoleWithSAML", user.clone()), Some((a, success, Some(false)))),
        (sts("AssumeRoleWithWebIdentity", json!(null)), Some((a, success, None))),
        (sts("AssumeRoot", user.clone()), Some((a, success, Some(false)))),
        (sts("GetSessionToken", user.clone()), Some((t, success, Some(false)))),
        (sts("GetFederationToken", user.clone()), Some((t, success, Some(false)))),
        (sts("GetCallerIdentity", user.clone()), None),
        (console_login(json!({"eventSource": "example.com"})), None),
    ];
    for (event, expected) in cases {
        let mut seen = None;
        let summary = logins(event.as_bytes(), |login| seen = Some((login.kind, login.outcome, login.mfa))).unwrap();
        assert_eq!(seen, expected, "{event}");
        assert_eq!((summary.records, summary.not_rows), (expected.is_some().into(), expected.is_none().into()));
    }
    let mut error = String::new();
    let failure = console_login(json!({"errorMessage": "Failed authentication"}));
    activity(failure.as_bytes(), |activity| error = activity.error_code.to_owned()).unwrap();
    assert_eq!(error, "Failed authentication");
}

#[test]
fn a_service_is_no_address() {
    for source in ["ec2.amazonaws.com", "AWS Internal", ""] {
        let event = console_login(json!({"sourceIPAddress": source}));
        let summary = logins(event.as_bytes(), |login| assert_eq!(login.source_ip, None)).unwrap();
        assert_eq!(summary.records, 1);
    }
}

#[test]
fn bad_events_are_rejects_with_place_and_reason() {
    let good = console_login(json!({}));
    let nested = format!("{{\"userIdentity\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let long = console_login(json!({"requestParameters": "x".repeat(MAX_EVENT_BYTES)}));
    let cases = [
        (console_login(json!({"eventTime": null})), R::MissingValue),
        (console_login(json!({"eventTime": "today"})), R::BadTime),
        (console_login(json!({"eventName": ""})), R::MissingValue),
        (console_login(json!({"eventSource": null})), R::MissingValue),
        (console_login(json!({"responseElements": null})), R::MissingValue),
        (console_login(json!({"responseElements": {"ConsoleLogin": "Perhaps"}})), R::BadWord),
        (console_login(json!({"eventTime": ["2023"]})), R::BadJson),
        (good.replacen("\"eventName\"", "\"eventTime\"", 1), R::BadJson),
        (good.replacen(':', ";", 1), R::BadJson),
        ("[1, {\"eventTime\": 2}]".to_owned(), R::BadStructure),
        ("5".to_owned(), R::BadStructure),
        ("\"Records\"".to_owned(), R::BadStructure),
        ("null".to_owned(), R::BadStructure),
        ("nonsense".to_owned(), R::BadJson),
        (nested, R::MissingValue),
        (long, R::LineTooLong),
    ];
    for (bad, reason) in &cases {
        for text in [format!("{good}\n{bad}\n{good}\n"), format!("{{\"Records\":[{good},{bad},{good}]}}")] {
            let summary = logins(text.as_bytes(), |_| {}).unwrap();
            let rejects: Vec<_> = summary.rejects.iter().map(|r| (r.line, r.reason)).collect();
            assert_eq!((summary.records, rejects), (2, vec![(2, *reason)]), "{bad:.200}");
            assert_eq!(summary.rejects[0].excerpt[..1], bad[..1]);
        }
    }
    let line = [good.as_bytes(), b"\n{\"a\":\"\xff\"}\n{\n", good.as_bytes()].concat();
    let summary = logins(&line, |_| {}).unwrap();
    assert_eq!((summary.records, summary.rejected), (2, [(R::BadJson, 2)].into()));
}
