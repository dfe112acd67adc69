//! The fields that a mapping assigns columns to.

macro_rules! fields {
    ($($variant:ident $name:literal $($key:literal)*),+ $(,)?) => {
        /// What a column may hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field { $($variant),+ }

        /// How many fields there are.
        pub(super) const FIELDS: usize = [$(Field::$variant),+].len();

        impl Field {
            pub(super) const ALL: [Self; FIELDS] = [$(Self::$variant),+];

            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The keys that define how its column is read.
            pub(super) fn keys(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*]),+ }
            }
        }
    };
}

fields! {
    Source "source", Destination "destination", SourcePort "source_port", DestinationPort "destination_port",
    Protocol "protocol", Start "start" "unit" "format" "afternoon_below", End "end" "unit" "format" "afternoon_below",
    Duration "duration" "unit", Packets "packets", Bytes "bytes" "counts", ReplyPackets "reply_packets",
    ReplyBytes "reply_bytes" "counts", Action "action" "accept" "reject", Account "account", Region "region",
    Interface "interface", Label "label",
}

impl Field {
    /// Fields that a mapping must name columns for.
    pub(super) const REQUIRED: [Self; 3] = [Self::Source, Self::Destination, Self::Start];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }
}
