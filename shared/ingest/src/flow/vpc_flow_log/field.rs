//! The fields of VPC Flow Logs that are read, and the set of those that an object has.

use crate::error::Problem;

macro_rules! fields {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// The fields that are read; all others are skipped.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Field { $($variant),+ }

        /// How many fields are read.
        pub(crate) const FIELDS: usize = Field::ALL.len();

        impl Field {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),+];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// By name, with dashes (text) or underscores (Parquet), in any case.
            pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
                $(if same($name, name) { return Some(Self::$variant); })+
                None
            }
        }
    };
}

fields! {
    SrcAddr "srcaddr", DstAddr "dstaddr", SrcPort "srcport", DstPort "dstport", Protocol "protocol",
    Packets "packets", Bytes "bytes", Start "start", End "end", Action "action", LogStatus "log-status",
    TcpFlags "tcp-flags", FlowDirection "flow-direction", AccountId "account-id", Region "region",
    InterfaceId "interface-id", PacketSrcAddr "pkt-srcaddr", PacketDstAddr "pkt-dstaddr",
    PacketSrcService "pkt-src-aws-service", PacketDstService "pkt-dst-aws-service",
    AttachmentId "tgw-attachment-id",
}

fn same(field: &str, name: &[u8]) -> bool {
    let dashed = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    field.len() == name.len() && field.bytes().zip(name).all(|(k, &n)| k == dashed(n))
}

/// Which fields an object has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    present: [bool; FIELDS],
    gateway_column: bool,
}

impl Fields {
    /// Adds a column by its name: the field it holds, or `None` if it is one that is skipped.
    ///
    /// # Errors
    /// With the field that is there already.
    pub(crate) fn add(&mut self, name: &[u8]) -> Result<Option<Field>, Field> {
        self.gateway_column |= name.get(..4).is_some_and(|head| same("tgw-", head));
        let field = Field::from_name(name);
        match field {
            Some(field) if std::mem::replace(&mut self.present[field as usize], true) => Err(field),
            _ => Ok(field),
        }
    }

    pub(crate) fn has(&self, field: Field) -> bool {
        self.present[field as usize]
    }

    /// The number of fields that are present.
    pub(crate) fn count(&self) -> usize {
        self.present.iter().filter(|&&present| present).count()
    }

    /// Whether the rows are a transit gateway's: an attachment takes the place of the interface, and what enters the
    /// gateway has left the attachment's network, so directions are reversed.
    pub(crate) fn transit_gateway(&self) -> bool {
        self.gateway_column && !self.has(Field::InterfaceId)
    }

    /// Fails without the required fields.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let needed = [Field::SrcAddr, Field::DstAddr, Field::Start].into_iter();
        let missing: Vec<_> = needed.filter(|&field| !self.has(field)).map(Field::name).collect();
        if missing.is_empty() { Ok(()) } else { Err(Problem::MissingField { missing: missing.join(", ") }) }
    }
}
