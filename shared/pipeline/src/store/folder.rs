//! A store in a folder: keys are paths below it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Condition, Etag, MAX_OBJECT_BYTES, Opened, Put, Store, StoreError, Versioned, check_key};

/// Files below a folder. A version is the BLAKE3 hash of the content.
///
/// Writes are atomic: a new file is renamed into place. Conditional writes hold a lock within the process, and a lock file
/// between processes on one machine.
#[derive(Debug)]
pub struct FolderStore {
    root: PathBuf,
    writing: Mutex<()>,
}

/// The prefix of the names of the store's own files, which are not listed.
const RESERVED: &str = ".weir-";
const LOCK: &str = ".weir-lock";
const NEW: &str = ".weir-new-";

impl FolderStore {
    /// A store in a folder, which is created if absent.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn open_or_create(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        fs::create_dir_all(&root).map_err(|e| StoreError::new("open", &root.to_string_lossy(), e))?;
        Ok(Self { root, writing: Mutex::new(()) })
    }

    fn path(&self, verb: &'static str, key: &str) -> Result<PathBuf, StoreError> {
        check_key(verb, key)?;
        if key.split('/').any(|part| part.starts_with(RESERVED)) {
            return Err(StoreError::new(
                verb,
                key,
                format!("not a key: names that begin with {RESERVED} are reserved for the store"),
            ));
        }
        Ok(self.root.join(key))
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path("get", key)?;
        let read = || -> io::Result<Option<Vec<u8>>> {
            let Some(file) = open_file(&path)? else { return Ok(None) };
            if file.metadata()?.len() > MAX_OBJECT_BYTES {
                return Err(io::Error::other(format!("larger than {MAX_OBJECT_BYTES} bytes")));
            }
            let mut bytes = Vec::new();
            file.take(MAX_OBJECT_BYTES).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        };
        read().map_err(|e| StoreError::new("get", key, e))
    }

    fn write(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        let path = self.path("put", key)?;
        let _in_process = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let write = || -> io::Result<Put> {
            let parent = path.parent().unwrap_or(&self.root);
            fs::create_dir_all(parent)?;
            let _between_processes = match condition {
                Condition::Always => None,
                _ => Some(self.lock()?),
            };
            let now = match condition {
                Condition::Always => None,
                _ => open_file(&path)?.map(|mut file| {
                    let mut hasher = blake3::Hasher::new();
                    io::copy(&mut file, &mut hasher).map(|_| Etag(hasher.finalize().to_hex().to_string()))
                }),
            };
            let holds = match (condition, now.transpose()?) {
                (Condition::Always, _) | (Condition::IfAbsent, None) => true,
                (Condition::IfMatch(etag), Some(now)) => now == *etag,
                (Condition::IfAbsent, Some(_)) | (Condition::IfMatch(_), None) => false,
            };
            if !holds {
                return Ok(Put::Conflict);
            }
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let fresh = parent.join(format!("{NEW}{}-{name}", std::process::id()));
            File::create(&fresh)?.write_all(bytes)?;
            fs::rename(&fresh, &path)?;
            Ok(Put::Done(etag(bytes)))
        };
        write().map_err(|e| StoreError::new("put", key, e))
    }

    fn lock(&self) -> io::Result<File> {
        let file = File::options().create(true).truncate(false).write(true).open(self.root.join(LOCK))?;
        file.lock()?;
        Ok(file)
    }

    fn walk(&self, folder: &Path, prefix: &str, keys: &mut Vec<String>) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
            Err(e) => return Err(e),
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let Some(key) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) else { continue };
            let key = key.replace(std::path::MAIN_SEPARATOR, "/");
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                if key.starts_with(prefix) || prefix.starts_with(&format!("{key}/")) {
                    self.walk(&path, prefix, keys)?;
                }
            } else if key.starts_with(prefix) && !name.to_string_lossy().starts_with(RESERVED) {
                keys.push(key);
            }
        }
        Ok(())
    }
}

fn etag(bytes: &[u8]) -> Etag {
    Etag(blake3::hash(bytes).to_hex().to_string())
}

/// `None` when there is no such file.
fn open_file(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(Some(file)),
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

impl Store for FolderStore {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        Ok(self.read(key)?.map(|bytes| Versioned { etag: etag(&bytes), bytes }))
    }

    async fn open(&self, key: &str) -> Result<Option<Opened>, StoreError> {
        let file = open_file(&self.path("get", key)?).map_err(|e| StoreError::new("get", key, e))?;
        let Some(file) = file else { return Ok(None) };
        Ok(Some(Opened::file(tokio::fs::File::from_std(file)).await))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<Put, StoreError> {
        self.write(key, &bytes, &condition)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        self.walk(&self.root, prefix, &mut keys).map_err(|e| StoreError::new("list", prefix, e))?;
        keys.sort_unstable();
        Ok(keys)
    }
}
