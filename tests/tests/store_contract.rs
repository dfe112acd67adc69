//! Runs the contract suite over every store.

use std::sync::Arc;

use weir_aws::S3Store;
use weir_pipeline::store::{Condition, Put};
use weir_pipeline::{FolderStore, MemoryStore, Store};
use weir_tests::moto::Moto;
use weir_tests::store_contract::{concurrent_increments_lose_nothing, contract, listings_have_no_end};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory() {
    contract(Arc::new(MemoryStore::new())).await;
    listings_have_no_end(&MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn folder() {
    let root = tempfile::tempdir().unwrap();
    contract(Arc::new(FolderStore::open_or_create(root.path().join("state")).unwrap())).await;
    listings_have_no_end(&FolderStore::open_or_create(root.path().join("many")).unwrap()).await;
    let mut outside: Vec<_> = root.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    outside.sort();
    assert_eq!(outside, ["many", "state"], "no key led out of the folder");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s3() {
    let Some(moto) = Moto::start() else { return };
    for bucket in ["contract", "many"] {
        moto.create_bucket(bucket);
    }
    contract(Arc::new(S3Store::local(&moto.endpoint(), "contract"))).await;
    listings_have_no_end(&S3Store::local(&moto.endpoint(), "many")).await;
}

/// Two stores share a lock only through the lock file, like two programs on one folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_folder() {
    let root = tempfile::tempdir().unwrap();
    let open = || Arc::new(FolderStore::open_or_create(root.path()).unwrap());
    concurrent_increments_lose_nothing(&[open(), open()]).await;
}

#[tokio::test]
async fn a_folder_hides_its_own_files_and_refuses_keys_with_their_names() {
    let root = tempfile::tempdir().unwrap();
    let store = FolderStore::open_or_create(root.path()).unwrap();
    assert!(matches!(store.put("a", vec![1], Condition::IfAbsent).await.unwrap(), Put::Done(_)));
    assert_eq!(store.list("").await.unwrap(), ["a"], "a lock file is no object");
    for key in [".weir-lock", "x/.weir-new-1-a", ".weir-anything/a"] {
        assert!(store.put(key, vec![1], Condition::Always).await.is_err(), "{key}");
        assert!(store.get(key).await.is_err(), "{key}");
    }
}

#[tokio::test]
async fn files_of_other_programs_in_the_folder_are_objects() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("AWSLogs/1")).unwrap();
    std::fs::write(root.path().join("AWSLogs/1/x.log"), "text").unwrap();
    let store = FolderStore::open_or_create(root.path()).unwrap();
    assert_eq!(store.list("AWSLogs/").await.unwrap(), ["AWSLogs/1/x.log"]);
    let read = store.get("AWSLogs/1/x.log").await.unwrap().unwrap();
    assert_eq!(read.bytes, b"text");
    assert!(matches!(
        store.put("AWSLogs/1/x.log", vec![1], Condition::IfMatch(read.etag)).await.unwrap(),
        Put::Done(_)
    ));
}
