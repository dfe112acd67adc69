//! The contract of every [`Store`], as one suite. A new store needs one test that calls [`contract`] on an empty store.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;
use weir_pipeline::Store;
use weir_pipeline::store::{Condition, Etag, Put, Versioned};

/// The number of tasks that write concurrently.
const WRITERS: u8 = 8;

/// Checks the contract on an empty store.
///
/// # Panics
/// When the store breaks a promise.
pub async fn contract<S: Store + 'static>(store: Arc<S>) {
    nothing_is_there_at_first(store.as_ref()).await;
    bodies_come_back_as_they_were(store.as_ref()).await;
    writes_replace_and_versions_tell(store.as_ref()).await;
    if_absent_writes_once(store.as_ref()).await;
    if_match_writes_over_that_version_only(store.as_ref()).await;
    listings_are_by_prefix_and_in_order(store.as_ref()).await;
    keys_may_be_in_any_script(store.as_ref()).await;
    bad_keys_are_refused_or_harmless(store.as_ref()).await;
    of_concurrent_creations_one_wins(&store).await;
    concurrent_increments_lose_nothing(&[store]).await;
}

/// A listing of more keys than S3 gives in one page, complete and in order.
///
/// # Panics
/// When keys are missing or out of order.
pub async fn listings_have_no_end<S: Store>(store: &S) {
    let keys: Vec<String> = (0..1100).map(|n| format!("many/{:02}/{n:04}.json", n % 7)).collect();
    for key in &keys {
        put(store, key, key.as_bytes()).await;
    }
    let sorted: Vec<String> = keys.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(list(store, "many/").await, sorted);
    let part: Vec<_> = sorted.into_iter().filter(|key| key.starts_with("many/03/1")).collect();
    assert_eq!(list(store, "many/03/1").await, part);
}

async fn put(store: &impl Store, key: &str, bytes: &[u8]) -> Etag {
    match store.put(key, bytes.to_vec(), Condition::Always).await.expect(key) {
        Put::Done(etag) => etag,
        Put::Conflict => panic!("{key}: a conflict without a condition"),
    }
}

async fn get(store: &impl Store, key: &str) -> Versioned {
    store.get(key).await.expect(key).unwrap_or_else(|| panic!("{key} is gone"))
}

async fn list(store: &impl Store, prefix: &str) -> Vec<String> {
    store.list(prefix).await.expect(prefix)
}

async fn nothing_is_there_at_first(store: &impl Store) {
    assert_eq!(list(store, "").await, Vec::<String>::new(), "the suite wants an empty store");
    assert_eq!(store.get("a/b.json").await.unwrap(), None);
    assert!(store.open("a/b.json").await.unwrap().is_none());
    assert_eq!(list(store, "a/").await, Vec::<String>::new());
}

async fn bodies_come_back_as_they_were(store: &impl Store) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = (0..3_000_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let bodies: [(&str, &[u8]); 4] =
        [("bodies/empty", b""), ("bodies/binary", &every_byte), ("bodies/large", &large), ("bodies/text", b"a\r\nb\n")];
    for (key, body) in bodies {
        let etag = put(store, key, body).await;
        let read = get(store, key).await;
        assert!(read.bytes == body, "{key}: other bytes");
        assert_eq!(read.etag, etag, "{key}: the version that was written is the version that is read");
        let mut streamed = Vec::new();
        store.open(key).await.unwrap().expect(key).reader.read_to_end(&mut streamed).await.unwrap();
        assert!(streamed == body, "{key}: other bytes when streamed");
    }
}

async fn writes_replace_and_versions_tell(store: &impl Store) {
    let one = put(store, "replace/a", b"one").await;
    let two = put(store, "replace/a", b"two, which is longer").await;
    let three = put(store, "replace/a", b"three").await;
    assert_eq!(get(store, "replace/a").await, Versioned { bytes: b"three".to_vec(), etag: three.clone() });
    assert!(one != two && two != three && one != three, "other content is another version");
    assert_eq!(list(store, "replace/").await, ["replace/a"]);
}

async fn if_absent_writes_once(store: &impl Store) {
    let put = |bytes: &[u8]| store.put("absent/a", bytes.to_vec(), Condition::IfAbsent);
    let Put::Done(etag) = put(b"first").await.unwrap() else { panic!("nothing was there") };
    for again in [&b"second"[..], b"first"] {
        assert_eq!(put(again).await.unwrap(), Put::Conflict);
    }
    assert_eq!(get(store, "absent/a").await, Versioned { bytes: b"first".to_vec(), etag });
}

async fn if_match_writes_over_that_version_only(store: &impl Store) {
    let put_over = |etag: &Etag, bytes: &[u8]| store.put("match/a", bytes.to_vec(), Condition::IfMatch(etag.clone()));
    let stranger = put(store, "match/other", b"other").await;
    assert_eq!(put_over(&stranger, b"x").await.unwrap(), Put::Conflict, "there is no such object");
    assert_eq!(store.get("match/a").await.unwrap(), None, "and it was not made");

    let one = put(store, "match/a", b"one").await;
    assert_eq!(put_over(&stranger, b"x").await.unwrap(), Put::Conflict);
    let Put::Done(two) = put_over(&one, b"two").await.unwrap() else { panic!("it was that version") };
    assert_eq!(put_over(&one, b"x").await.unwrap(), Put::Conflict, "stale");
    assert_eq!(get(store, "match/a").await, Versioned { bytes: b"two".to_vec(), etag: two.clone() });
    let read = get(store, "match/a").await.etag;
    assert!(matches!(put_over(&read, b"three").await.unwrap(), Put::Done(_)), "a version that was read serves as well");
}

async fn listings_are_by_prefix_and_in_order(store: &impl Store) {
    // `-` < `.` < `/` < `b` as bytes: walking folders in order would give another order.
    let keys = ["list/a-b/y", "list/a.json", "list/a/x", "list/a/z/deep", "list/ab/x", "list/b", "listing"];
    for key in keys.iter().rev() {
        put(store, key, b"").await;
    }
    let cases: [(&str, &[&str]); 8] = [
        ("list", &keys),
        ("list/", &keys[..6]),
        ("list/a", &keys[..5]),
        ("list/a/", &keys[2..4]),
        ("list/a/z/de", &keys[3..4]),
        ("list/b", &keys[5..6]),
        ("list/c", &[]),
        ("list/b/", &[]),
    ];
    for (prefix, expected) in cases {
        assert_eq!(list(store, prefix).await, expected, "{prefix}");
    }
    let all = list(store, "").await;
    assert!(keys.iter().all(|key| all.iter().any(|k| k == key)), "everything begins with nothing");
    assert!(all.is_sorted());
    assert_eq!(store.get("list/a").await.unwrap(), None, "a prefix is no object");
}

async fn keys_may_be_in_any_script(store: &impl Store) {
    let keys = [
        "keys/ leading and trailing ",
        "keys/a+b=c&d;e,f@g",
        "keys/percent%20%2F%",
        "keys/quotes'\"<>",
        "keys/dt=2023-11-14/hour=22/x.parquet",
        "keys/häßlich/日本語/🦀.json",
        "keys/…hidden/.file",
    ];
    for key in keys {
        put(store, key, key.as_bytes()).await;
        assert_eq!(get(store, key).await.bytes, key.as_bytes(), "{key}");
        assert!(list(store, key).await.iter().any(|listed| listed == key), "{key} is listed as it was named");
    }
    let listed = list(store, "keys/").await;
    assert_eq!(listed.len(), keys.len());
    assert!(listed.is_sorted(), "in the order of bytes");
}

async fn bad_keys_are_refused_or_harmless(store: &impl Store) {
    put(store, "bad/folder/object", b"there").await;
    let before = list(store, "").await;
    let keys = [
        "",
        "/",
        "/bad",
        "bad/",
        "bad//a",
        ".",
        "..",
        "../bad",
        "bad/../../bad",
        "bad/../a",
        "bad/./a",
        "bad/..",
        "bad/.",
        "bad/a\\b",
        "bad/a\0b",
        "bad/folder",
        "bad/folder/object/below",
    ];
    let mut taken = Vec::new();
    for key in keys {
        if store.put(key, b"bad".to_vec(), Condition::IfAbsent).await.is_ok() {
            assert_eq!(get(store, key).await.bytes, b"bad", "{key:?} was taken");
            taken.push(key.to_owned());
        } else {
            // `bad/folder` names no object that was put, so nothing may be found there.
            assert!(!matches!(store.get(key).await, Ok(Some(_))), "{key:?} was refused");
        }
    }
    let after: BTreeSet<_> = list(store, "").await.into_iter().collect();
    assert_eq!(after, before.into_iter().chain(taken).collect(), "what was taken is listed, nothing else was changed");
    assert_eq!(get(store, "bad/folder/object").await.bytes, b"there");
}

async fn of_concurrent_creations_one_wins<S: Store + 'static>(store: &Arc<S>) {
    for turn in 0..5 {
        let key = format!("race/{turn}");
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            let (store, key) = (Arc::clone(store), key.clone());
            tasks.spawn(async move {
                let put = store.put(&key, vec![writer; 1000], Condition::IfAbsent).await.unwrap();
                matches!(put, Put::Done(_)).then_some(writer)
            });
        }
        let winners: Vec<u8> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "exactly one creates {key}");
        assert_eq!(get(store.as_ref(), &key).await.bytes, vec![winners[0]; 1000]);
    }
}

/// Counts up by compare-and-swap from several tasks over one or more stores that share their content.
///
/// # Panics
/// When an increment is lost.
pub async fn concurrent_increments_lose_nothing<S: Store + 'static>(stores: &[Arc<S>]) {
    const INCREMENTS: u32 = 5;
    put(stores[0].as_ref(), "count", b"0").await;
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&stores[usize::from(writer) % stores.len()]);
        tasks.spawn(async move {
            for _ in 0..INCREMENTS {
                loop {
                    let now = get(store.as_ref(), "count").await;
                    let count: u32 = String::from_utf8(now.bytes).unwrap().parse().unwrap();
                    let next = (count + 1).to_string().into_bytes();
                    if let Put::Done(_) = store.put("count", next, Condition::IfMatch(now.etag)).await.unwrap() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    tasks.join_all().await;
    let count = String::from_utf8(get(stores[0].as_ref(), "count").await.bytes).unwrap();
    assert_eq!(count, (u32::from(WRITERS) * INCREMENTS).to_string());
}
