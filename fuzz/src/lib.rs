//! What all fuzz targets share: the memory that they may take is limited, and a panic is told from one that is caught.

use std::alloc::System;
use std::panic::{PanicHookInfo, catch_unwind};
use std::process::abort;
use std::sync::{Mutex, Once, PoisonError};

use cap::Cap;
use weir_any_bytes::Target;

#[doc(hidden)]
pub use libfuzzer_sys;

/// Counts what is allocated. Beyond the limit an allocation fails, which ends the process: a finding.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What was said by the last panic in a crate that is not ours.
static FOREIGN: Mutex<String> = Mutex::new(String::new());

/// Runs a target by its name on what libFuzzer makes up.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::run($name, bytes));
    };
}

/// Runs a target on these bytes.
///
/// # Panics
/// When there is no target of that name. The process ends when it panics or takes more memory than it may.
pub fn run(name: &str, bytes: &[u8]) {
    static PANICS: Once = Once::new();
    PANICS.call_once(|| std::panic::set_hook(Box::new(panicked)));
    let target = Target::named(name).expect("a target of this name");
    let before = MEMORY.allocated();
    MEMORY.set_limit(before + target.memory).expect("more than is allocated");
    if catch_unwind(|| (target.check)(bytes)).is_err() {
        eprintln!("{}", FOREIGN.lock().unwrap_or_else(PoisonError::into_inner));
        abort();
    }
    MEMORY.set_limit(usize::MAX).expect("more than is allocated");
}

/// A panic of ours is a finding at once. The reader of Parquet tables catches those of the Parquet crate: one of another
/// crate is a finding only if nobody catches it.
fn panicked(panic: &PanicHookInfo<'_>) {
    let ours = panic.location().is_some_and(|at| at.file().contains("/shared/") || at.file().contains("/any-bytes/"));
    if ours {
        eprintln!("{panic}");
        abort();
    }
    if let Ok(mut foreign) = FOREIGN.lock() {
        *foreign = panic.to_string();
    }
}
