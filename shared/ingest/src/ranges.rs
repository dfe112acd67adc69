//! Finds the cloud provider, service and region of an address, from the address ranges that providers publish.
//!
//! A small copy of the largest ranges is included. Four formats are read and recognised by their content:
//!
//! - AWS's [`ip-ranges.json`](https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html);
//! - Google's [`cloud.json` and `goog.json`](https://support.google.com/a/answer/10026322);
//! - Microsoft's [service tags](https://learn.microsoft.com/azure/virtual-network/service-tags-overview)
//!   (`ServiceTags_Public_….json`);
//! - text, one range per line: `provider service region prefix`, with `-` for an unknown name and `#` before comments; or one
//!   prefix per line, where the caller names the provider.
//!
//! Of the ranges that hold an address, the longest prefix decides. Of equal prefixes, the one with the narrower service does
//! (AWS also lists most prefixes as `AMAZON`), then the one read last.
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

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use weir_domain::prefix_table::PrefixTable;

/// The included copy of ranges.
const SHIPPED: &str = include_str!("ranges/shipped.txt");

/// The longest name of a provider, service or region.
const MAX_NAME_LEN: usize = 100;

/// The cloud service that an address belongs to. An unknown name is `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloudService {
    /// The provider: `aws`, `google`, `microsoft`, `apple`.
    pub provider: String,
    /// The service, in lower case: `s3`, `cloudfront`.
    pub service: String,
    /// The region: `us-east-1`, `global`.
    pub region: String,
}

/// Ranges that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangesError {
    /// The file is too large.
    #[error("the ranges have more than {} bytes: name a file of ranges", ProviderRanges::MAX_FILE_BYTES)]
    TooLarge,
    /// There are too many ranges.
    #[error("more than {} ranges: leave some out", ProviderRanges::MAX)]
    TooMany,
    /// The format is unknown.
    #[error(
        "neither AWS's ip-ranges.json, Google's cloud.json, Microsoft's service tags nor lines of provider, service, region and \
         prefix: {0}"
    )]
    Form(String),
    /// A line or an entry is invalid.
    #[error("range {number}: {problem}")]
    Range {
        /// The number of the line or entry, from 1.
        number: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

/// Address ranges and the cloud services that they belong to. A look-up takes O(bits of the address).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderRanges {
    services: Vec<CloudService>,
    numbers: HashMap<CloudService, u32>,
    /// The number of the service by block.
    blocks: PrefixTable<u32>,
    count: usize,
}

impl ProviderRanges {
    /// The largest file that is read, in bytes; that of AWS has some 2 MB.
    pub const MAX_FILE_BYTES: usize = 32 << 20;

    /// The most ranges; AWS publishes some 15,000.
    pub const MAX: usize = 500_000;

    /// No ranges.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The included copy: the large, long-standing ranges of AWS, Google, Microsoft and Apple. It is written by hand, dated and
    /// not complete, unlike the lists of the providers.
    ///
    /// # Errors
    /// When the copy is damaged, which a test rules out.
    pub fn shipped() -> Result<Self, RangesError> {
        let mut ranges = Self::new();
        ranges.read(SHIPPED.as_bytes())?;
        Ok(ranges)
    }

    /// Adds the ranges of a file, and returns how many there were.
    ///
    /// # Errors
    /// When the file is too large, has an unknown format or an invalid range, or there are too many ranges. Ranges read before
    /// the error are kept.
    pub fn read(&mut self, bytes: &[u8]) -> Result<usize, RangesError> {
        self.read_for_provider(bytes, None)
    }

    /// As [`read`](Self::read), where lines may be prefixes alone, which then belong to `provider`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_for_provider(&mut self, bytes: &[u8], provider: Option<&str>) -> Result<usize, RangesError> {
        if bytes.len() > Self::MAX_FILE_BYTES {
            return Err(RangesError::TooLarge);
        }
        let before = self.count;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let is_json = bytes.trim_ascii_start().starts_with(b"{");
        let read = if is_json { self.read_json(bytes) } else { self.read_text(bytes, provider) };
        read.map(|()| self.count - before)
    }

    /// The cloud service of an address, if it is known.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<&CloudService> {
        self.service(self.find_number(address)?)
    }

    /// The number of the cloud service of an address, if it is known. Numbers count up from 0 in the order in which services
    /// were read.
    #[must_use]
    pub fn find_number(&self, address: IpAddr) -> Option<u32> {
        self.blocks.longest_match(address).copied()
    }

    /// The cloud service of a number.
    #[must_use]
    pub fn service(&self, number: u32) -> Option<&CloudService> {
        self.services.get(number as usize)
    }

    fn read_text(&mut self, bytes: &[u8], provider: Option<&str>) -> Result<(), RangesError> {
        let text = str::from_utf8(bytes).map_err(|_| RangesError::Form("it is not text".into()))?;
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
            let (provider, prefix, region) = match entry {
                Entry { ip_prefix: Some(prefix), .. } | Entry { ipv6_prefix: Some(prefix), .. } => {
                    ("aws", prefix, &entry.region)
                }
                Entry { google_v4: Some(prefix), .. } | Entry { google_v6: Some(prefix), .. } => {
                    ("google", prefix, &entry.scope)
                }
                _ => return Err(RangesError::Range { number, problem: "it has no prefix" }),
            };
            let service = entry.service.as_deref().unwrap_or("-");
            self.add(number, provider, service, region.as_deref().unwrap_or("-"), prefix)?;
        }
        for (number, Tag { properties }) in (1..).zip(&file.values) {
            let or_unknown = |name: &'_ str| if name.is_empty() { "-".to_owned() } else { name.to_owned() };
            let (service, region) = (or_unknown(&properties.service), or_unknown(&properties.region));
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
        let Ok(network) = prefix.parse::<IpNet>() else {
            return fail("its prefix is not a CIDR block such as 10.0.0.0/8");
        };
        if [provider, service, region]
            .iter()
            .any(|name| name.len() > MAX_NAME_LEN || name.chars().any(char::is_control))
        {
            return fail("a name is too long, or holds control characters");
        }
        if self.count >= Self::MAX {
            return Err(RangesError::TooMany);
        }
        let service = CloudService {
            provider: provider.to_ascii_lowercase(),
            service: service.to_ascii_lowercase(),
            region: region.to_ascii_lowercase(),
        };
        let next = self.services.len() as u32;
        let id = *self.numbers.entry(service).or_insert_with_key(|service| {
            self.services.push(service.clone());
            next
        });
        let (address, prefix_len) = (network.addr(), network.prefix_len());
        let is_broad = |id: u32| matches!(self.services[id as usize].service.as_str(), "amazon" | "-");
        let keeps_earlier =
            self.blocks.get(address, prefix_len).is_some_and(|earlier| is_broad(id) && !is_broad(*earlier));
        if !keeps_earlier {
            self.blocks.insert(address, prefix_len, id);
        }
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
