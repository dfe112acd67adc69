//! Whose an address is: the ranges that cloud providers publish, and a small copy of the largest of them.
//!
//! Three forms are read, recognised from their content:
//!
//! - AWS's [`ip-ranges.json`](https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html);
//! - Google's [`cloud.json` and `goog.json`](https://support.google.com/a/answer/10026322);
//! - text, a range a line: `provider service region prefix`, with `-` for what is not known and `#` before comments.
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
const LONGEST_NAME: usize = 100;

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
    #[error("the ranges have more than {} bytes: name a file of ranges", ProviderRanges::LARGEST_FILE)]
    TooLarge,
    /// More ranges than may be.
    #[error("more than {} ranges: leave some out", ProviderRanges::MOST)]
    TooMany,
    /// Not in a known form.
    #[error("neither AWS's ip-ranges.json, Google's cloud.json nor lines of provider, service, region and prefix: {0}")]
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

/// Ranges of addresses and whose they are. A look-up takes O(prefix lengths that occur), at most 161 hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderRanges {
    places: Vec<Place>,
    numbers: HashMap<Place, u32>,
    /// By prefix length: the number of the place of every network. IPv4 and IPv6 apart.
    v4: BTreeMap<u8, HashMap<IpNet, u32>>,
    v6: BTreeMap<u8, HashMap<IpNet, u32>>,
    count: usize,
}

impl ProviderRanges {
    /// The largest file: AWS's has some 2 MB.
    pub const LARGEST_FILE: usize = 32 << 20;

    /// The most ranges: AWS publishes some 15,000.
    pub const MOST: usize = 500_000;

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
        if bytes.len() > Self::LARGEST_FILE {
            return Err(RangesError::TooLarge);
        }
        let before = self.count;
        let is_json = bytes.trim_ascii_start().starts_with(b"{");
        let read = if is_json { self.read_json(bytes) } else { self.read_text(bytes) };
        read.map(|()| self.count - before)
    }

    /// Whose an address is, if it is known.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<&Place> {
        let address = address.to_canonical();
        let by_length = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        let mut lengths = by_length.iter().rev();
        let number =
            lengths.find_map(|(length, networks)| networks.get(&IpNet::new(address, *length).ok()?.trunc()))?;
        self.places.get(*number as usize)
    }

    fn read_text(&mut self, bytes: &[u8]) -> Result<(), RangesError> {
        let text = str::from_utf8(bytes).map_err(|_| RangesError::Form("it is no text".into()))?;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
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
        if file.prefixes.is_empty() && file.ipv6_prefixes.is_empty() {
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
            .any(|name| name.len() > LONGEST_NAME || name.chars().any(char::is_control))
        {
            return fail("a name is too long, or holds control characters");
        }
        if self.count >= Self::MOST {
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
        let by_length = if network.addr().is_ipv4() { &mut self.v4 } else { &mut self.v6 };
        let known = by_length.entry(network.prefix_len()).or_default().entry(network.trunc());
        let is_broad = |id: u32| matches!(self.places[id as usize].service.as_str(), "amazon" | "-");
        known.and_modify(|known| *known = if is_broad(id) && !is_broad(*known) { *known } else { id }).or_insert(id);
        self.count += 1;
        Ok(())
    }
}

/// A list as AWS or Google publishes it.
#[derive(Deserialize)]
struct Published {
    #[serde(default)]
    prefixes: Vec<Entry>,
    #[serde(default)]
    ipv6_prefixes: Vec<Entry>,
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
