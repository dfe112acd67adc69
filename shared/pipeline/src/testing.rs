//! Shared helpers of the tests: flow logs, and a store with contention.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::keys::ObjectRef;
use crate::store::{Condition, MemoryStore, Opened, Put, Store, StoreError, Versioned};

/// A flow log header with all fields that the detections use.
pub(crate) const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status tcp-flags flow-direction region\n";

/// 2023-11-14 22:15 UTC, the start of a window.
pub(crate) const START: i64 = 1_700_000_100;

/// A rejected TCP attempt of an external host at the interface of 10.0.0.HOST.
pub(crate) fn stopped(stranger: u8, host: u8, port: u16, start: i64) -> String {
    format!(
        "5 123456789012 eni-{host} 203.0.113.{stranger} 10.0.0.{host} 50000 {port} 6 1 60 {start} {} REJECT OK 2 ingress \
         eu-west-1\n",
        start + 10
    )
}

/// A rejected scan of ports 1, 2, … of a host by an external host.
pub(crate) fn scan(stranger: u8, host: u8, ports: u16, start: i64) -> String {
    (1..=ports).map(|port| stopped(stranger, host, port, start)).collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn object(key: &str) -> ObjectRef {
    ObjectRef { bucket: "logs".to_owned(), key: key.to_owned() }
}

/// All objects of a store with a prefix, for comparison.
pub(crate) async fn content(store: &impl Store, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut content = Vec::new();
    for key in store.list(prefix).await.unwrap() {
        let bytes = store.get(&key).await.unwrap().unwrap().bytes;
        content.push((key, bytes));
    }
    content
}

/// A store in memory that yields before every call, so that concurrent steps interleave, and first answers conditional writes
/// with conflicts, as S3 may even if the condition holds.
#[derive(Debug, Default)]
pub(crate) struct ContendedStore {
    inner: MemoryStore,
    /// The number of conflicts left.
    conflicts: AtomicU32,
}

impl ContendedStore {
    pub(crate) fn with_conflicts(conflicts: u32) -> Self {
        Self { inner: MemoryStore::new(), conflicts: AtomicU32::new(conflicts) }
    }

    pub(crate) fn conflicts_left(&self) -> u32 {
        self.conflicts.load(Ordering::Relaxed)
    }
}

impl Store for ContendedStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        tokio::task::yield_now().await;
        self.inner.get(key).await
    }

    async fn open(&self, key: &str) -> Result<Option<Opened>, StoreError> {
        tokio::task::yield_now().await;
        self.inner.open(key).await
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<Put, StoreError> {
        tokio::task::yield_now().await;
        let one_less = |left: u32| left.checked_sub(1);
        if condition != Condition::Always
            && self.conflicts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
        {
            return Ok(Put::Conflict);
        }
        self.inner.put(key, bytes, condition).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        tokio::task::yield_now().await;
        self.inner.list(prefix).await
    }
}
