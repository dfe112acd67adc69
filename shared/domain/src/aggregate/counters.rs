//! Sums per pair, host and interface, each with the column name of the stored format.
//!
//! Sums saturate at `i64::MAX`, the largest value of the stored format. Saturation keeps addition associative for any values
//! that an attacker writes into a log.

use crate::bounded::Merge;

const MAX: u64 = i64::MAX as u64;

macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: u64),+ }

        impl $name {
            /// The column names of the sums in the stored format.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];

            /// The sums in the order of [`Self::NAMES`].
            #[must_use]
            pub fn values(&self) -> [u64; Self::NAMES.len()] {
                [$(self.$field),+]
            }

            /// Builds the counters from sums in the order of [`Self::NAMES`].
            #[must_use]
            pub fn from_values(values: [u64; Self::NAMES.len()]) -> Self {
                let [$($field),+] = values;
                Self { $($field: $field.min(MAX)),+ }
            }
        }

        impl Merge for $name {
            fn merge(&mut self, other: Self) {
                $(self.$field = self.$field.saturating_add(other.$field).min(MAX);)+
            }
        }
    };
}

counters! {
    /// The traffic between one host and one peer over one service. *Sent* is what the host of the entry sent.
    PairTotals {
        /// Rows sent by the initiator.
        attempt_rows,
        /// Attempt rows that open a connection: rows with a SYN where the log has TCP flags, else all of them. A long
        /// connection is logged once per aggregation interval, and only its first row opens it.
        opening_rows,
        /// Rows sent by the responder that were accepted and are more than a refusal.
        reply_rows,
        /// Rows sent by the responder that only refuse (a bare TCP RST).
        refusal_rows,
        /// Rows that security groups or network ACLs rejected.
        rejected_rows,
        /// Half-open TCP connections (see `FlowRecord::half_open`).
        half_open_rows,
        /// Attempt rows that show neither success nor failure by themselves (see `FlowRecord::unproven`).
        unproven_rows,
        /// Packets from host to peer.
        packets_sent,
        /// Packets from peer to host.
        packets_received,
        /// Bytes from host to peer.
        bytes_sent,
        /// Bytes from peer to host.
        bytes_received,
    }
}

counters! {
    /// The traffic of one host in one role over all its pairs, those dropped by a cap included. *Sent* is what the host sent.
    HostTotals {
        /// Rows sent by the initiator.
        attempt_rows,
        /// Attempt rows that open a connection: rows with a SYN where the log has TCP flags, else all of them. A long
        /// connection is logged once per aggregation interval, and only its first row opens it.
        opening_rows,
        /// Rows sent by the responder that were accepted and are more than a refusal.
        reply_rows,
        /// Rows sent by the responder that only refuse (a bare TCP RST).
        refusal_rows,
        /// Rows that security groups or network ACLs rejected.
        rejected_rows,
        /// Half-open TCP connections (see `FlowRecord::half_open`).
        half_open_rows,
        /// Packets the host sent.
        packets_sent,
        /// Packets the host received.
        packets_received,
        /// Bytes the host sent.
        bytes_sent,
        /// Bytes the host received.
        bytes_received,
        /// The sum of row durations, seconds.
        duration_sum,
        /// The sum of squared row durations, seconds².
        duration_squares,
        /// The sum of log2(bytes + 1) per row, in fixed point (see [`crate::fixed::log2`]).
        size_log_sum,
        /// The sum of squares of the same.
        size_log_squares,
        /// Rows that started in the first fifth of the window.
        slot_0,
        /// Rows that started in the second fifth.
        slot_1,
        /// Rows that started in the third fifth.
        slot_2,
        /// Rows that started in the fourth fifth.
        slot_3,
        /// Rows that started in the last fifth.
        slot_4,
        /// Rows in which the interface forwarded traffic between this host and another one, as a NAT gateway does. They
        /// count as rows of neither host. See [`HostWindows`](super::HostWindows).
        forwarded_rows,
    }
}

impl HostTotals {
    /// Rows of the host in this role.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.slots().iter().fold(0, |sum: u64, n| sum.saturating_add(*n))
    }

    /// Rows per fifth of the window.
    #[must_use]
    pub fn slots(&self) -> [u64; crate::window::SLOTS] {
        [self.slot_0, self.slot_1, self.slot_2, self.slot_3, self.slot_4]
    }

    /// Counts a row into its fifth of the window.
    pub fn count_slot(&mut self, slot: usize) {
        let slot = match slot {
            0 => &mut self.slot_0,
            1 => &mut self.slot_1,
            2 => &mut self.slot_2,
            3 => &mut self.slot_3,
            _ => &mut self.slot_4,
        };
        *slot += 1;
    }
}

counters! {
    /// Everything an interface logged, hosts dropped by a cap included.
    InterfaceTotals {
        /// Rows.
        rows,
        /// Packets, both directions.
        packets,
        /// Bytes, both directions.
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_saturate_where_the_stored_format_ends() {
        let mut a = InterfaceTotals { rows: 1, packets: MAX, bytes: 5 };
        a.merge(InterfaceTotals { rows: 1, packets: 1, bytes: u64::MAX });
        assert_eq!(a.values(), [2, MAX, MAX]);
        assert_eq!(InterfaceTotals::from_values(a.values()), a);
    }
}
