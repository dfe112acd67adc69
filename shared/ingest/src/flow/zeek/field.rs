//! The fields of a Zeek connection log that are read.

use super::cell::Cell;

macro_rules! fields {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// A field that is read; all others are skipped.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { $($variant),+ }

        /// How many fields are read.
        pub(super) const FIELDS: usize = [$(Field::$variant),+].len();

        impl Field {
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// By name, as Zeek writes it or with underscores for dots.
            pub(super) fn from_name(name: &[u8]) -> Option<Self> {
                let same = |field: &str| {
                    field.len() == name.len() && field.bytes().zip(name).all(|(k, &n)| k == n || (k == b'.' && n == b'_'))
                };
                $(if same($name) { return Some(Self::$variant); })+
                None
            }
        }
    };
}

fields! {
    Ts "ts", OrigH "id.orig_h", OrigP "id.orig_p", RespH "id.resp_h", RespP "id.resp_p", Proto "proto", Duration "duration",
    OrigBytes "orig_bytes", RespBytes "resp_bytes", ConnState "conn_state", History "history", OrigPkts "orig_pkts",
    OrigIpBytes "orig_ip_bytes", RespPkts "resp_pkts", RespIpBytes "resp_ip_bytes", IpProto "ip_proto",
}

/// Fields without which a log has no times and addresses.
pub(super) const REQUIRED: [Field; 3] = [Field::Ts, Field::OrigH, Field::RespH];

/// Fields that only connection logs have; each has at least one of them.
pub(super) const CONN_LOG_ONLY: [Field; 3] = [Field::ConnState, Field::OrigPkts, Field::OrigBytes];

/// The cells of one row, by field.
#[derive(Debug, Default)]
pub(super) struct Cells<'a>([Cell<'a>; FIELDS]);

impl<'a> Cells<'a> {
    pub(super) fn get(&self, field: Field) -> &Cell<'a> {
        &self.0[field as usize]
    }

    pub(super) fn set(&mut self, field: Field, cell: Cell<'a>) {
        self.0[field as usize] = cell;
    }
}
