use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;

use super::*;
use crate::keys;
use crate::notifier::{NotifyError, Sending};
use crate::store::Condition;
use crate::store::MemoryStore;
use crate::testing::ContendedStore;
use weir_detect::ocsf::DetectionFinding;
use weir_domain::finding::Severity;

const KEY: &str = "findings/dt=2023-11-14/f.json";
const NOW: i64 = 1_700_000_400_000;

/// A channel that records what it was sent, yields to other tasks, and fails a given number of times.
#[derive(Default)]
struct Recorder {
    sent: Mutex<Vec<u8>>,
    failures: AtomicU32,
}

impl Recorder {
    /// The severities that were sent, in order.
    fn sent(&self) -> Vec<u8> {
        self.sent.lock().unwrap().clone()
    }
}

impl Notifier for Recorder {
    fn channel(&self) -> &'static str {
        "recorder"
    }

    fn send<'a>(&'a self, finding: &'a DetectionFinding) -> Sending<'a> {
        Box::pin(async move {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let fails = self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
            if fails {
                let (channel, uid) = (self.channel().to_owned(), finding.finding_info.uid.clone());
                return Err(NotifyError { channel, uid, problem: "out of order".to_owned() });
            }
            self.sent.lock().unwrap().push(finding.severity_id);
            Ok(())
        })
    }
}

/// A channel whose send never completes, like a crash while sending.
struct Stuck;

impl Notifier for Stuck {
    fn channel(&self) -> &'static str {
        "recorder"
    }

    fn send<'a>(&'a self, _: &'a DetectionFinding) -> Sending<'a> {
        Box::pin(pending())
    }
}

fn finding(severity: Severity) -> DetectionFinding {
    DetectionFinding {
        severity_id: severity.id(),
        severity: severity.as_str().to_owned(),
        ..DetectionFinding::test(NOW)
    }
}

async fn keep(store: &impl Store, finding: &DetectionFinding) {
    store.put(KEY, serde_json::to_vec(finding).unwrap(), Condition::Always).await.unwrap();
}

async fn store_with(finding: &DetectionFinding) -> MemoryStore {
    let store = MemoryStore::new();
    keep(&store, finding).await;
    store
}

/// Publishes without suppressions.
async fn publish_plainly(
    state: &impl Store,
    channel: &dyn Notifier,
    key: &str,
    now: i64,
) -> Result<Published, PublishError> {
    publish(state, &[channel], &Suppressions::default(), key, now).await
}

/// The result of publishing a finding to channels for the first time.
fn sent(finding: DetectionFinding, channels: &[&str]) -> Published {
    Published::Sent { finding: Box::new(finding), channels: channels.iter().map(|&name| name.to_owned()).collect() }
}

#[tokio::test]
async fn a_finding_is_sent_once() {
    let (store, channel) = (store_with(&finding(Severity::High)).await, Recorder::default());
    let first = publish_plainly(&store, &channel, KEY, NOW).await.unwrap();
    assert_eq!(first, sent(finding(Severity::High), &["recorder"]));
    for later in [0, 1, CLAIM_MILLIS + 1, 10 * CLAIM_MILLIS] {
        assert_eq!(publish_plainly(&store, &channel, KEY, NOW + later).await.unwrap(), Published::Before);
    }
    assert_eq!(channel.sent(), [4]);
}

/// A second channel.
#[derive(Default)]
struct Other(Recorder);

impl Notifier for Other {
    fn channel(&self) -> &'static str {
        "other"
    }

    fn send<'a>(&'a self, finding: &'a DetectionFinding) -> Sending<'a> {
        self.0.send(finding)
    }
}

#[tokio::test]
async fn each_channel_is_sent_to_once() {
    let store = store_with(&finding(Severity::High)).await;
    let (one, other) = (Recorder::default(), Other::default());
    publish_plainly(&store, &one, KEY, NOW).await.unwrap();
    let both: [&dyn Notifier; 2] = [&one, &other];
    let published = publish(&store, &both, &Suppressions::default(), KEY, NOW).await.unwrap();
    assert_eq!(published, sent(finding(Severity::High), &["other"]));
    let again = publish(&store, &both, &Suppressions::default(), KEY, NOW).await.unwrap();
    assert_eq!((again, one.sent(), other.0.sent()), (Published::Before, vec![4], vec![4]));
}

#[tokio::test]
async fn a_failing_channel_does_not_affect_the_others() {
    let store = store_with(&finding(Severity::High)).await;
    let one = Recorder { failures: AtomicU32::new(1), ..Recorder::default() };
    let other = Other::default();
    let both: [&dyn Notifier; 2] = [&one, &other];
    let error = publish(&store, &both, &Suppressions::default(), KEY, NOW).await.unwrap_err();
    assert!(matches!(&error, PublishError::Notify(error) if error.channel == "recorder"), "{error}");
    assert_eq!((one.sent(), other.0.sent()), (vec![], vec![4]));
    let published = publish(&store, &both, &Suppressions::default(), KEY, NOW).await.unwrap();
    assert_eq!(published, sent(finding(Severity::High), &["recorder"]));
    assert_eq!((one.sent(), other.0.sent()), (vec![4], vec![4]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_concurrent_deliveries_sends() {
    for _ in 0..20 {
        let (store, channel) = (Arc::new(ContendedStore::default()), Arc::new(Recorder::default()));
        keep(store.as_ref(), &finding(Severity::High)).await;
        let mut deliveries = JoinSet::new();
        for _ in 0..8 {
            let (store, channel) = (Arc::clone(&store), Arc::clone(&channel));
            deliveries.spawn(async move { publish_plainly(store.as_ref(), channel.as_ref(), KEY, NOW).await });
        }
        let outcomes = deliveries.join_all().await;
        assert_eq!(channel.sent(), [4]);
        assert_eq!(outcomes.iter().filter(|o| matches!(o, Ok(Published::Sent { .. }))).count(), 1);
        let settled = |o: &Result<_, _>| {
            matches!(o, Ok(Published::Sent { .. } | Published::Before) | Err(PublishError::InProgress { .. }))
        };
        assert!(outcomes.iter().all(settled), "the others were sent before or come again later: {outcomes:?}");
    }
}

#[tokio::test]
async fn a_failure_releases_the_claim_and_the_retry_sends() {
    let store = store_with(&finding(Severity::High)).await;
    let channel = Recorder { failures: AtomicU32::new(2), ..Recorder::default() };
    for _ in 0..2 {
        let error = publish_plainly(&store, &channel, KEY, NOW).await.unwrap_err();
        assert!(matches!(error, PublishError::Notify(_)), "{error}");
    }
    assert!(
        matches!(publish_plainly(&store, &channel, KEY, NOW).await, Ok(Published::Sent { .. })),
        "at once, without waiting"
    );
    assert_eq!(channel.sent(), [4]);
}

#[tokio::test]
async fn after_a_crash_while_sending_the_claim_holds_until_it_expires() {
    let (store, channel) = (Arc::new(store_with(&finding(Severity::High)).await), Recorder::default());
    let claim = keys::published(&finding(Severity::High).finding_info.uid, Severity::High, "recorder");
    let crashing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { publish_plainly(store.as_ref(), &Stuck, KEY, NOW).await.is_ok() }
    });
    while store.get(&claim).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    crashing.abort();
    assert!(crashing.await.unwrap_err().is_cancelled());

    for early in [NOW, NOW + CLAIM_MILLIS - 1] {
        let error = publish_plainly(store.as_ref(), &channel, KEY, early).await.unwrap_err();
        assert!(matches!(error, PublishError::InProgress { .. }), "{error}");
    }
    assert_eq!(channel.sent(), Vec::<u8>::new());
    let late = NOW + CLAIM_MILLIS;
    assert!(matches!(publish_plainly(store.as_ref(), &channel, KEY, late).await, Ok(Published::Sent { .. })));
    assert!(matches!(publish_plainly(store.as_ref(), &channel, KEY, late + CLAIM_MILLIS).await, Ok(Published::Before)));
    assert_eq!(channel.sent(), [4]);
}

#[tokio::test]
async fn an_unreadable_claim_is_taken_over() {
    let (store, channel) = (store_with(&finding(Severity::High)).await, Recorder::default());
    let claim = keys::published(&finding(Severity::High).finding_info.uid, Severity::High, "recorder");
    store.put(&claim, b"{\"state\":\"cla".to_vec(), Condition::Always).await.unwrap();
    assert!(matches!(publish_plainly(&store, &channel, KEY, NOW).await, Ok(Published::Sent { .. })));
    assert_eq!(channel.sent(), [4]);
}

#[tokio::test]
async fn a_rise_in_severity_is_sent_again_and_a_drop_is_not() {
    let (store, channel) = (MemoryStore::new(), Recorder::default());
    for severity in [Severity::Low, Severity::High, Severity::Medium, Severity::Low, Severity::High] {
        keep(&store, &finding(severity)).await;
        publish_plainly(&store, &channel, KEY, NOW).await.unwrap();
    }
    assert_eq!(channel.sent(), [2, 4]);
    keep(&store, &finding(Severity::Critical)).await;
    publish_plainly(&store, &channel, KEY, NOW).await.unwrap();
    assert_eq!(channel.sent(), [2, 4, 5]);
}

#[tokio::test]
async fn a_claim_at_a_higher_severity_does_not_suppress_a_lower_one() {
    let store = store_with(&finding(Severity::High)).await;
    let failing = Recorder { failures: AtomicU32::new(1), ..Recorder::default() };
    publish_plainly(&store, &failing, KEY, NOW).await.unwrap_err();
    keep(&store, &finding(Severity::Low)).await;
    let channel = Recorder::default();
    publish_plainly(&store, &channel, KEY, NOW).await.unwrap();
    assert_eq!(channel.sent(), [2]);
}

#[tokio::test]
async fn closed_missing_and_non_alert_findings_are_not_sent() {
    let channel = Recorder::default();
    let high = finding(Severity::High);
    let closed = DetectionFinding { activity_id: 3, ..high.clone() };
    let quiet = DetectionFinding { is_alert: false, ..high };
    for finding in [closed, quiet] {
        let store = store_with(&finding).await;
        assert_eq!(publish_plainly(&store, &channel, KEY, NOW).await.unwrap(), Published::NotAnAlert);
        assert_eq!(store.list("published/").await.unwrap(), Vec::<String>::new(), "nor claimed");
    }
    assert_eq!(publish_plainly(&MemoryStore::new(), &channel, KEY, NOW).await.unwrap(), Published::Missing);
    assert_eq!(channel.sent(), Vec::<u8>::new());
}

#[tokio::test]
async fn objects_that_are_not_findings_are_errors_that_name_them() {
    let high = finding(Severity::High);
    let with = |change: fn(&mut DetectionFinding)| {
        let mut finding = high.clone();
        change(&mut finding);
        serde_json::to_vec(&finding).unwrap()
    };
    let whole = serde_json::to_vec(&high).unwrap();
    let cases = [
        Vec::new(),
        b"\x00\xff".to_vec(),
        b"{}".to_vec(),
        b"[]".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        with(|f| f.severity_id = 0),
        with(|f| f.severity_id = 99),
        with(|f| f.finding_info.uid = String::new()),
        with(|f| f.finding_info.uid = "../../processed/x".to_owned()),
    ];
    for bytes in cases {
        let (store, channel) = (MemoryStore::new(), Recorder::default());
        store.put(KEY, bytes.clone(), Condition::Always).await.unwrap();
        let error = publish_plainly(&store, &channel, KEY, NOW).await.unwrap_err();
        assert!(matches!(error, PublishError::NotAFinding { .. }), "{:?}: {error}", String::from_utf8_lossy(&bytes));
        assert!(error.to_string().starts_with(KEY), "{error}");
        assert_eq!(channel.sent(), Vec::<u8>::new());
    }
}

/// The key and finding of the `n`th neighbour of 192.0.2.1.
fn neighbour(n: u8, severity: Severity) -> (String, DetectionFinding) {
    let mut finding = finding(severity);
    finding.finding_info.uid = format!("n{n}");
    finding.observables[0].value = format!("192.0.2.{n}");
    (format!("findings/dt=2023-11-14/n{n}.json"), finding)
}

async fn stored(store: &impl Store, key: &str) -> DetectionFinding {
    serde_json::from_slice(&store.get(key).await.unwrap().unwrap().bytes).unwrap()
}

fn rules(text: &str) -> Suppressions {
    Suppressions::parse(text.as_bytes()).unwrap()
}

#[tokio::test]
async fn suppressed_findings_are_marked_and_not_sent() {
    let rules = rules("[[suppress]]\nentity = '192.0.2.1'\nuntil = 2023-11-14T22:30:00Z\nwhy = 'ours'\n");
    let (store, channel) = (store_with(&finding(Severity::High)).await, Recorder::default());
    let published = publish(&store, &[&channel], &rules, KEY, NOW).await.unwrap();
    let suppressed = finding(Severity::High).suppressed("suppression rule 1", "ours");
    assert_eq!(published, Published::Suppressed(Box::new(suppressed.clone())));
    assert_eq!(stored(&store, KEY).await, suppressed);
    assert_eq!(store.list("published/").await.unwrap(), Vec::<String>::new(), "it takes no place in its hour");
    let version = store.get(KEY).await.unwrap();
    assert_eq!(publish(&store, &[&channel], &rules, KEY, NOW).await.unwrap(), Published::NotAnAlert);
    assert_eq!(store.get(KEY).await.unwrap(), version, "and is not written again");
    assert_eq!(channel.sent(), Vec::<u8>::new());

    // The finding changes after the rule has expired.
    keep(&store, &finding(Severity::Critical)).await;
    let later = NOW + 3_600_000;
    assert!(matches!(publish(&store, &[&channel], &rules, KEY, later).await, Ok(Published::Sent { .. })));
    assert_eq!(channel.sent(), [5]);
}

#[tokio::test]
async fn a_finding_that_changes_while_suppressed_is_decided_again() {
    let store = ContendedStore::with_conflicts(2);
    keep(&store, &finding(Severity::High)).await;
    let rules = rules("[[suppress]]\nkind = 'port-scan'\nwhy = 'ours'\n");
    let published = publish(&store, &[&Recorder::default()], &rules, KEY, NOW).await.unwrap();
    assert!(matches!(published, Published::Suppressed(_)), "{published:?}");
    assert_eq!(store.conflicts_left(), 0);
}

#[tokio::test]
async fn findings_beyond_the_limit_are_kept_and_one_summary_is_sent() {
    let (store, channel, rules) = (MemoryStore::new(), Recorder::default(), rules("alerts_per_hour = 3"));
    for n in 1..=9 {
        let (key, finding) = neighbour(n, Severity::Low);
        store.put(&key, serde_json::to_vec(&finding).unwrap(), Condition::Always).await.unwrap();
        let published = publish(&store, &[&channel], &rules, &key, NOW).await.unwrap();
        assert_eq!(matches!(published, Published::Sent { .. }), n <= 3, "{published:?}");
        let kept = stored(&store, &key).await;
        assert!(kept.has_same_content(&finding) && kept.is_throttled() == (n > 3));
    }
    let is_summary = |key: &String| !key.contains("/n");
    let keys: Vec<_> = store.list("findings/").await.unwrap().into_iter().filter(is_summary).collect();
    let [summary] = &keys[..] else { panic!("one summary: {keys:?}") };
    assert!(stored(&store, summary).await.message.starts_with("And 6 more port-scan findings about 192.0.2.0/24"));
    for _ in 0..2 {
        publish(&store, &[&channel], &rules, summary, NOW).await.unwrap();
    }
    assert_eq!(channel.sent(), [2, 2, 2, 2], "the summary once");

    // A severe finding does not wait behind less severe ones, and a sent one keeps its place.
    let (key, severe) = neighbour(10, Severity::High);
    store.put(&key, serde_json::to_vec(&severe).unwrap(), Condition::Always).await.unwrap();
    assert!(matches!(publish(&store, &[&channel], &rules, &key, NOW).await, Ok(Published::Sent { .. })));
    assert_eq!(
        publish(&store, &[&channel], &rules, &neighbour(1, Severity::Low).0, NOW).await.unwrap(),
        Published::Before
    );
    assert_eq!(
        publish(&store, &[&channel], &rules, &neighbour(9, Severity::Low).0, NOW).await.unwrap(),
        Published::NotAnAlert
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_for_concurrent_deliveries() {
    let store = Arc::new(ContendedStore::default());
    let channel = Arc::new(Recorder::default());
    let limit = Arc::new(rules("alerts_per_hour = 2"));
    let mut deliveries = JoinSet::new();
    for n in 1..=6 {
        let (key, finding) = neighbour(n, Severity::Low);
        store.put(&key, serde_json::to_vec(&finding).unwrap(), Condition::Always).await.unwrap();
        // Each is delivered twice.
        for _ in 0..2 {
            let (store, channel, limit, key) =
                (Arc::clone(&store), Arc::clone(&channel), Arc::clone(&limit), key.clone());
            deliveries.spawn(async move {
                publish(store.as_ref(), &[channel.as_ref() as &dyn Notifier], &limit, &key, NOW).await
            });
        }
    }
    for outcome in deliveries.join_all().await {
        assert!(!matches!(outcome, Err(PublishError::Contended { .. } | PublishError::Store(_))), "{outcome:?}");
    }
    assert_eq!(channel.sent(), [2, 2]);
    let is_summary = |key: &&String| !key.contains("/n");
    let keys = store.list("findings/").await.unwrap();
    let summary = stored(store.as_ref(), keys.iter().find(is_summary).unwrap()).await;
    assert_eq!(summary.count, 4, "the summary counts all findings held back");
}
