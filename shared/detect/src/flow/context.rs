//! The window that a detection judges, and what its hits take from there.

use weir_domain::aggregate::HostWindow;
use weir_domain::finding::{Kind, Subject};
use weir_domain::window::{Scope, WindowLength, WindowStart};

/// The window of a scope that is judged.
#[derive(Debug, Clone, Copy)]
pub struct WindowContext<'a> {
    /// Whose logs.
    pub scope: &'a Scope,
    /// When the window begins.
    pub start: WindowStart,
    /// How long it is.
    pub length: WindowLength,
    /// The rows known of its hour.
    pub rows: u64,
}

impl WindowContext<'_> {
    pub(super) fn subject(&self, kind: Kind, host: &HostWindow<'_>) -> Subject {
        Subject { kind, scope: self.scope.clone(), entity: host.host.into(), peer: None }
    }

    pub(super) fn end(&self) -> i64 {
        self.start.end(self.length)
    }
}

/// At most ten interfaces, as hits keep them.
pub(super) fn interfaces(host: &HostWindow<'_>) -> Vec<String> {
    host.interfaces.iter().filter(|name| !name.is_empty()).take(10).map(|&name| name.to_owned()).collect()
}
