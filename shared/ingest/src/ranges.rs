//! Whose an address is: the ranges that cloud providers publish, and a small copy of the largest of them.
//!
//! Four forms are read, recognised from their content:
//!
//! - AWS's [`ip-ranges.json`](https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html);
//! - Google's [`cloud.json` and `goog.json`](https://support.google.com/a/answer/10026322);
//! - Microsoft's [service tags](https://learn.microsoft.com/azure/virtual-network/service-tags-overview)
//!   (`ServiceTags_Public_….json`);
//! - text, a range a line: `provider service region prefix`, with `-` for what is not known and `#` before comments; or a
//!   prefix a line, where it is known whose they are.
//!
//! Of the ranges that hold an address the longest prefix tells whose it is; of equal ones that with the narrower service
//! (AWS lists most prefixes once as `AMAZON`, too), then the one read last.
//!
//! ```
//! use weir_ingest::ranges::ProviderRanges;
//!
//! let ranges = ProviderRanges::shipped()?;
//! let found = ranges.find("17.253.144.10".parse()?).ok_or("a range of Apple's")?;
//! assert_eq!(found.provider, "apple");
//! assert!(ranges.find("192.0.2.1".parse()?).is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

/// The copy of ranges that is shipped.
const SHIPPED: &str = include_str!("ranges/shipped.txt");

/// The longest name of a provider, service or region.
const MAX_NAME_LEN: usize = 100;

/// Whose an address is. What is not known is `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// `aws`, `google`, `microsoft`, `apple`.
    pub provider: String,
    /// In lower case: `s3`, `cloudfront`.
    pub service: String,
    /// `us-east-1`, `global`.
    pub region: String,
}

/// Ranges that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangesError {
    /// More bytes than may be.
    #[error("the ranges have more than {} bytes: name a file of ranges", ProviderRanges::MAX_FILE_BYTES)]
    TooLarge,
    /// More ranges than may be.
    #[error("more than {} ranges: leave some out", ProviderRanges::MAX)]
    TooMany,
    /// Not in a known form.
    #[error(
        "neither AWS's ip-ranges.json, Google's cloud.json, Microsoft's service tags nor lines of provider, service, region and \
         prefix: {0}"
    )]
    Form(String),
    /// A line or an entry that says nothing.
    #[error("range {number}: {problem}")]
    Range {
        /// Which line or entry, from 1.
        number: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Ranges of addresses and whose they are. A look-up takes O(log ranges).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderRanges {
    places: Vec<Place>,
    numbers: HashMap<Place, u32>,
    v4: Networks,
    v6: Networks,
    count: usize,
}

/// The networks of one family, their addresses as numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Networks {
    /// The number of the place, by the first address and the length of the prefix: what holds another comes before it.
    places: BTreeMap<(u128, u8), u32>,
    /// The first addresses from which on the place is another, ascending, and that place; `NOBODY` where there is none.
    starts: Vec<u128>,
    owners: Vec<u32>,
}

/// The number of no place.
const NOBODY: u32 = u32::MAX;

impl Networks {
    /// Makes the table that is looked up in, of networks of addresses of so many bits. Networks lie in one another or apart.
    fn flatten(&mut self, bits: u8) {
        let Self { places, starts, owners } = self;
        starts.clear();
        owners.clear();
        let mut push = |start: u128, owner: u32| {
            if starts.last() == Some(&start) {
                owners.pop();
            } else {
                starts.push(start);
            }
            owners.push(owner);
        };
        // The networks that hold the address at hand: their last addresses, the innermost last.
        let mut open: Vec<(u128, u32)> = Vec::new();
        let close = |open: &mut Vec<(u128, u32)>, before: Option<u128>, push: &mut dyn FnMut(u128, u32)| {
            while let Some((last, _)) =
                open.last().copied().filter(|(last, _)| before.is_none_or(|start| *last < start))
            {
                open.pop();
                if let Some(next) = last.checked_add(1) {
                    push(next, open.last().map_or(NOBODY, |(_, owner)| *owner));
                }
            }
        };
        for ((start, length), owner) in places.iter() {
            close(&mut open, Some(*start), &mut push);
            push(*start, *owner);
            let rest = u32::from(bits.saturating_sub(*length));
            let ones = 1_u128.checked_shl(rest).map_or(u128::MAX, |one| one - 1);
            open.push((start | ones, *owner));
        }
        close(&mut open, None, &mut push);
    }

    fn find(&self, address: u128) -> Option<u32> {
        let at = self.starts.partition_point(|start| *start <= address).checked_sub(1)?;
        self.owners.get(at).copied().filter(|owner| *owner != NOBODY)
    }
}

/// An address as a number.
fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl ProviderRanges {
    /// The largest file: AWS's has some 2 MB.
    pub const MAX_FILE_BYTES: usize = 32 << 20;

    /// The most ranges: AWS publishes some 15,000.
    pub const MAX: usize = 500_000;

    /// No ranges.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The copy that is shipped: the large, long-standing ranges of AWS, Google, Microsoft and Apple. It is made by hand, it
    /// is dated, and it is not complete; the providers' own lists are.
    ///
    /// # Errors
    /// When the copy is damaged, which a test rules out.
    pub fn shipped() -> Result<Self, RangesError> {
        let mut ranges = Self::new();
        ranges.read(SHIPPED.as_bytes())?;
        Ok(ranges)
    }

    /// Adds the ranges of a file, and says how many there were.
    ///
    /// # Errors
    /// When the file is too large or in no known form, holds a range that is none, or there are too many ranges. Ranges read
    /// before that are kept.
    pub fn read(&mut self, bytes: &[u8]) -> Result<usize, RangesError> {
        self.read_of(bytes, None)
    }

    /// As [`read`](Self::read), where lines may be prefixes alone: they are those of `provider`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_of(&mut self, bytes: &[u8], provider: Option<&str>) -> Result<usize, RangesError> {
        if bytes.len() > Self::MAX_FILE_BYTES {
            return Err(RangesError::TooLarge);
        }
        let before = self.count;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let is_json = bytes.trim_ascii_start().starts_with(b"{");
        let read = if is_json { self.read_json(bytes) } else { self.read_text(bytes, provider) };
        self.v4.flatten(32);
        self.v6.flatten(128);
        read.map(|()| self.count - before)
    }

    /// Whose an address is, if it is known.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<&Place> {
        self.place(self.find_number(address)?)
    }

    /// The number of the place of an address, if it is known; numbers count up from 0 in the order in which places were read.
    #[must_use]
    pub fn find_number(&self, address: IpAddr) -> Option<u32> {
        let address = address.to_canonical();
        let networks = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        networks.find(number_of(address))
    }

    /// The place of a number.
    #[must_use]
    pub fn place(&self, number: u32) -> Option<&Place> {
        self.places.get(number as usize)
    }

    fn read_text(&mut self, bytes: &[u8], provider: Option<&str>) -> Result<(), RangesError> {
        let text = str::from_utf8(bytes).map_err(|_| RangesError::Form("it is no text".into()))?;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            if let Some(provider) = provider.filter(|_| !line.contains(char::is_whitespace)) {
                self.add(number, provider, "-", "-", line)?;
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            let (Some(provider), Some(service), Some(region), Some(prefix), None) =
                (words.next(), words.next(), words.next(), words.next(), words.next())
            else {
                return Err(RangesError::Range { number, problem: "it is not `provider service region prefix`" });
            };
            self.add(number, provider, service, region, prefix)?;
        }
        Ok(())
    }

    fn read_json(&mut self, bytes: &[u8]) -> Result<(), RangesError> {
        let form = |e: serde_json::Error| RangesError::Form(e.to_string());
        let file: Published = serde_json::from_slice(bytes).map_err(form)?;
        if file.prefixes.is_empty() && file.ipv6_prefixes.is_empty() && file.values.is_empty() {
            return Err(RangesError::Form("it has no prefixes".into()));
        }
        for (number, entry) in (1..).zip(file.prefixes.iter().chain(&file.ipv6_prefixes)) {
            let (provider, prefix, place) = match entry {
                Entry { ip_prefix: Some(prefix), .. } | Entry { ipv6_prefix: Some(prefix), .. } => {
                    ("aws", prefix, &entry.region)
                }
                Entry { google_v4: Some(prefix), .. } | Entry { google_v6: Some(prefix), .. } => {
                    ("google", prefix, &entry.scope)
                }
                _ => return Err(RangesError::Range { number, problem: "it has no prefix" }),
            };
            let service = entry.service.as_deref().unwrap_or("-");
            self.add(number, provider, service, place.as_deref().unwrap_or("-"), prefix)?;
        }
        for (number, Tag { properties }) in (1..).zip(&file.values) {
            let known = |name: &'_ str| if name.is_empty() { "-".to_owned() } else { name.to_owned() };
            let (service, region) = (known(&properties.service), known(&properties.region));
            for prefix in &properties.prefixes {
                self.add(number, "microsoft", &service, &region, prefix)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        number: usize,
        provider: &str,
        service: &str,
        region: &str,
        prefix: &str,
    ) -> Result<(), RangesError> {
        let fail = |problem| Err(RangesError::Range { number, problem });
        let Ok(network) = prefix.parse::<IpNet>() else { return fail("its prefix is none, as 10.0.0.0/8 is one") };
        if [provider, service, region]
            .iter()
            .any(|name| name.len() > MAX_NAME_LEN || name.chars().any(char::is_control))
        {
            return fail("a name is too long, or holds control characters");
        }
        if self.count >= Self::MAX {
            return Err(RangesError::TooMany);
        }
        let place = Place {
            provider: provider.to_ascii_lowercase(),
            service: service.to_ascii_lowercase(),
            region: region.to_ascii_lowercase(),
        };
        let next = self.places.len() as u32;
        let id = *self.numbers.entry(place).or_insert_with_key(|place| {
            self.places.push(place.clone());
            next
        });
        let networks = if network.addr().is_ipv4() { &mut self.v4 } else { &mut self.v6 };
        let known = networks.places.entry((number_of(network.network()), network.prefix_len()));
        let is_broad = |id: u32| matches!(self.places[id as usize].service.as_str(), "amazon" | "-");
        known.and_modify(|known| *known = if is_broad(id) && !is_broad(*known) { *known } else { id }).or_insert(id);
        self.count += 1;
        Ok(())
    }
}

/// A list as AWS, Google or Microsoft publishes it.
#[derive(Deserialize)]
struct Published {
    #[serde(default)]
    prefixes: Vec<Entry>,
    #[serde(default)]
    ipv6_prefixes: Vec<Entry>,
    #[serde(default)]
    values: Vec<Tag>,
}

/// A service tag of Microsoft's.
#[derive(Deserialize)]
struct Tag {
    properties: TagProperties,
}

#[derive(Deserialize)]
struct TagProperties {
    #[serde(default)]
    region: String,
    #[serde(default, rename = "systemService")]
    service: String,
    #[serde(rename = "addressPrefixes")]
    prefixes: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    ip_prefix: Option<String>,
    ipv6_prefix: Option<String>,
    #[serde(rename = "ipv4Prefix")]
    google_v4: Option<String>,
    #[serde(rename = "ipv6Prefix")]
    google_v6: Option<String>,
    service: Option<String>,
    region: Option<String>,
    scope: Option<String>,
}

#[cfg(test)]
mod tests;
