//! The stored form of API calls, in postcard. It is validated against the bounds of counting when it is read.

use weir_domain::time::HOUR_SECONDS;

use super::{ApiUse, Hour};

/// The maximum number of calls in an hour, and of dropped calls: more than ever occur, and far enough from the largest number
/// that further counting does not overflow.
const MAX_CALLS: u64 = 1 << 53;

/// Stored API calls that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored API calls cannot be used: {0}; count the earlier days again")]
pub struct BadApiUse(&'static str);

impl ApiUse {
    /// The maximum size of a stored form that is read, in bytes.
    pub const MAX_BYTES: usize = 512 << 20;

    /// Encodes the calls. Equal calls give equal bytes.
    ///
    /// # Errors
    /// When they are larger than [`Self::MAX_BYTES`].
    pub fn encode(&self) -> Result<Vec<u8>, BadApiUse> {
        let bytes = postcard::to_allocvec(self).map_err(|_| BadApiUse("they cannot be written"))?;
        if bytes.len() > Self::MAX_BYTES { Err(BadApiUse("they are too large")) } else { Ok(bytes) }
    }

    /// Decodes and validates calls.
    ///
    /// # Errors
    /// When the bytes are not calls, are too large, or inconsistent.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadApiUse> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(BadApiUse("they are too large"));
        }
        let (stored, rest) =
            postcard::take_from_bytes::<Self>(bytes).map_err(|_| BadApiUse("they are cut off or damaged"))?;
        if !rest.is_empty() {
            return Err(BadApiUse("there are bytes after them"));
        }
        if stored.principals.len() > Self::MAX_PRINCIPALS || stored.dropped > MAX_CALLS {
            return Err(BadApiUse("there are too many"));
        }
        for (principal, hours) in &stored.principals {
            if principal.is_empty() || principal.len() > Self::MAX_TEXT {
                return Err(BadApiUse("the name of a principal is empty or too long"));
            }
            if hours.is_empty() || hours.len() > Self::MAX_HOURS {
                return Err(BadApiUse("a principal has no hours, or too many"));
            }
            if !hours.iter().all(|(at, hour)| hour.is_valid(*at)) {
                return Err(BadApiUse("the counts of an hour are inconsistent"));
            }
        }
        Ok(stored)
    }
}

impl Hour {
    /// Whether counting can have made it, in this hour since the epoch.
    fn is_valid(&self, at: i64) -> bool {
        let is_in_hour = |time: i64| time.div_euclid(HOUR_SECONDS) == at;
        let texts = self.actions.iter().chain(&self.regions).chain(self.accounts.keys());
        let sizes = [self.actions.len(), self.regions.len(), self.accounts.len(), self.sources.len()];
        is_in_hour(self.first)
            && is_in_hour(self.last)
            && self.first <= self.last
            && (1..=MAX_CALLS).contains(&self.calls)
            && self.failed <= self.calls
            && sizes.into_iter().all(|size| size <= ApiUse::MAX_VALUES)
            && texts.into_iter().all(|text| text.len() <= ApiUse::MAX_TEXT)
            && at_most(self.accounts.values(), self.calls)
            && at_most(self.sources.values(), self.calls)
    }
}

/// Whether counts sum up to no more than a limit.
fn at_most<'a>(mut counts: impl Iterator<Item = &'a u64>, max: u64) -> bool {
    counts.try_fold(0_u64, |sum, n| sum.checked_add(*n)).is_some_and(|sum| sum <= max)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use weir_domain::login::ApiActivity;

    use super::*;

    fn used(calls: &[(i64, u8, u8, bool)]) -> ApiUse {
        let mut used = ApiUse::default();
        for (time, principal, action, failed) in calls {
            used.push(&ApiActivity {
                time: *time,
                principal: &format!("user{principal}"),
                issuer: "",
                account: "1",
                region: "eu-west-1",
                service: "iam",
                action: &format!("Do{action}"),
                source_ip: Some([192, 0, 2, *principal].into()),
                user_agent: "",
                error_code: if *failed { "AccessDenied" } else { "" },
                read_only: None,
            });
        }
        used
    }

    fn one() -> ApiUse {
        used(&[(1_700_000_000_000, 1, 1, false), (1_700_000_900_000, 1, 2, true)])
    }

    type Change = fn(&mut Hour);

    /// The error of calls after a change.
    fn refused(change: impl FnOnce(&mut BTreeMap<i64, Hour>, &mut Hour)) -> String {
        let mut forged = one();
        let hours = forged.principals.get_mut("user1").unwrap();
        let (at, mut hour) = hours.pop_first().unwrap();
        change(hours, &mut hour);
        hours.insert(at, hour);
        ApiUse::decode(&postcard::to_allocvec(&forged).unwrap()).unwrap_err().0.to_owned()
    }

    #[test]
    fn every_inconsistency_is_refused() {
        let inconsistent = "the counts of an hour are inconsistent";
        let many = |n: usize| (0..n).map(|i| format!("a{i}")).collect::<BTreeSet<_>>();
        let cases: [(&str, Change); 9] = [
            ("none", |hour| hour.calls = 0),
            ("overflow", |hour| hour.calls = u64::MAX),
            ("more failed", |hour| hour.failed = 3),
            ("another hour", |hour| hour.first -= 3600),
            ("ends before", |hour| std::mem::swap(&mut hour.first, &mut hour.last)),
            ("of the end of time", |hour| hour.last = i64::MAX),
            ("more of an account", |hour| {
                hour.accounts.insert("2".to_owned(), 2);
            }),
            ("sums overflow", |hour| {
                hour.accounts.insert("2".to_owned(), u64::MAX);
            }),
            ("more of a source", |hour| {
                hour.sources.insert([10, 0, 0, 1].into(), 2);
            }),
        ];
        for (what, change) in cases {
            assert_eq!(refused(|_, hour| change(hour)), inconsistent, "{what}");
        }
        assert_eq!(refused(|_, hour| hour.actions = many(ApiUse::MAX_VALUES + 1)), inconsistent);
        assert_eq!(refused(|_, hour| hour.regions = many(ApiUse::MAX_VALUES + 1)), inconsistent);
        let long = "x".repeat(ApiUse::MAX_TEXT + 1);
        assert_eq!(refused(|_, hour| hour.regions = [long.clone()].into()), inconsistent);
        let hours = "a principal has no hours, or too many";
        let lived_long = |hours: &mut BTreeMap<i64, Hour>, hour: &mut Hour| {
            for at in 0..ApiUse::MAX_HOURS as i64 {
                hours.insert(at, Hour { first: at * 3600, last: at * 3600, ..hour.clone() });
            }
        };
        assert_eq!(refused(lived_long), hours);
        for name in ["", &long] {
            let mut forged = one();
            let hours = forged.principals.pop_first().unwrap().1;
            forged.principals.insert(name.to_owned(), hours);
            let error = ApiUse::decode(&postcard::to_allocvec(&forged).unwrap()).unwrap_err();
            assert_eq!(error, BadApiUse("the name of a principal is empty or too long"));
        }
    }

    #[test]
    fn truncated_and_longer_bytes_are_refused() {
        let bytes = one().encode().unwrap();
        assert_eq!(ApiUse::decode(&bytes).unwrap(), one());
        for length in 0..bytes.len() {
            assert!(ApiUse::decode(&bytes[..length]).is_err(), "{length}");
        }
        assert_eq!(ApiUse::decode(&[&bytes[..], b"\0"].concat()), Err(BadApiUse("there are bytes after them")));
    }

    #[test]
    fn wrong_lengths_are_refused_without_allocating_them() {
        // Any byte becomes a length of 2^63: of the map of principals, a name, a set of actions and so on.
        let lie = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
        let bytes = one().encode().unwrap();
        for at in 0..bytes.len() {
            let forged = [&bytes[..at], &lie, &bytes[at + 1..]].concat();
            if let Ok(read) = ApiUse::decode(&forged) {
                assert!(read.principals.len() <= 1, "{at}");
            }
        }
    }

    proptest! {
        #[test]
        fn encoded_calls_decode(
            calls in prop::collection::vec((0_i64..2_000_000_000_000, any::<u8>(), any::<u8>(), any::<bool>()), 0..60),
        ) {
            let used = used(&calls);
            prop_assert_eq!(ApiUse::decode(&used.encode().unwrap()), Ok(used));
        }

        /// Forged bytes that decode can be encoded, merged and read like any others.
        #[test]
        fn any_change_is_refused_or_harmless(
            calls in prop::collection::vec((0_i64..2_000_000_000_000, 0..4_u8, 0..4_u8, any::<bool>()), 0..9),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut bytes = used(&calls).encode().unwrap();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(mut read) = ApiUse::decode(&bytes) {
                prop_assert_eq!(ApiUse::decode(&read.encode().unwrap()), Ok(read.clone()));
                read.merge(used(&calls));
                read.merge(read.clone());
                let hours: usize = read.principals.values().map(BTreeMap::len).sum();
                prop_assert_eq!(read.hours().len(), hours);
            }
        }
    }
}
