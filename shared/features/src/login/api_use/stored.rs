//! API calls as bytes, in postcard. What is read is checked before it is believed: within the bounds that counting keeps.

use super::{ApiUse, Hour};

/// The most calls that are believed to have been in an hour, or dropped: more than there ever are, and far from the largest
/// number, so that counting on does not overflow.
const MAX_CALLS: u64 = 1 << 53;

/// Bytes that are no API calls that this program can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored API calls are unusable: {0}; have the days before counted again")]
pub struct BadApiUse(&'static str);

impl ApiUse {
    /// The largest form that is read, in bytes.
    pub const MAX_BYTES: usize = 512 << 20;

    /// The calls as bytes; the same calls give the same bytes.
    ///
    /// # Errors
    /// When they are larger than any that are read.
    pub fn encode(&self) -> Result<Vec<u8>, BadApiUse> {
        let bytes = postcard::to_allocvec(self).map_err(|_| BadApiUse("they cannot be written"))?;
        if bytes.len() > Self::MAX_BYTES { Err(BadApiUse("they are too large")) } else { Ok(bytes) }
    }

    /// Reads calls.
    ///
    /// # Errors
    /// When the bytes are none that this program can use; says why.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadApiUse> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(BadApiUse("they are too large"));
        }
        let (stored, rest) =
            postcard::take_from_bytes::<Self>(bytes).map_err(|_| BadApiUse("they are cut off or damaged"))?;
        if !rest.is_empty() {
            return Err(BadApiUse("something follows them"));
        }
        if stored.principals.len() > Self::MAX_PRINCIPALS || stored.dropped > MAX_CALLS {
            return Err(BadApiUse("there are too many"));
        }
        for (principal, hours) in &stored.principals {
            if principal.is_empty() || principal.len() > Self::MAX_TEXT {
                return Err(BadApiUse("the name of a principal is none"));
            }
            if hours.is_empty() || hours.len() > Self::MAX_HOURS {
                return Err(BadApiUse("a principal has no hours, or too many"));
            }
            if !hours.iter().all(|(at, hour)| hour.is_sound(*at)) {
                return Err(BadApiUse("what is counted in an hour contradicts itself"));
            }
        }
        Ok(stored)
    }
}

impl Hour {
    /// Whether counting can have made it, in this hour since the epoch.
    fn is_sound(&self, at: i64) -> bool {
        let of_hour = |time: i64| time.div_euclid(3600) == at;
        let texts = self.actions.iter().chain(&self.regions).chain(self.accounts.keys());
        let sizes = [self.actions.len(), self.regions.len(), self.accounts.len(), self.sources.len()];
        of_hour(self.first)
            && of_hour(self.last)
            && self.first <= self.last
            && (1..=MAX_CALLS).contains(&self.calls)
            && self.failed <= self.calls
            && sizes.into_iter().all(|size| size <= ApiUse::MAX_VALUES)
            && texts.into_iter().all(|text| text.len() <= ApiUse::MAX_TEXT)
            && at_most(self.accounts.values(), self.calls)
            && at_most(self.sources.values(), self.calls)
    }
}

/// Whether numbers sum up to no more than one of them says.
fn at_most<'a>(mut counts: impl Iterator<Item = &'a u64>, most: u64) -> bool {
    counts.try_fold(0_u64, |sum, n| sum.checked_add(*n)).is_some_and(|sum| sum <= most)
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

    /// Why calls that were changed so are refused.
    fn refused(change: impl FnOnce(&mut BTreeMap<i64, Hour>, &mut Hour)) -> String {
        let mut forged = one();
        let hours = forged.principals.get_mut("user1").unwrap();
        let (at, mut hour) = hours.pop_first().unwrap();
        change(hours, &mut hour);
        hours.insert(at, hour);
        ApiUse::decode(&postcard::to_allocvec(&forged).unwrap()).unwrap_err().0.to_owned()
    }

    #[test]
    fn every_contradiction_is_refused() {
        let contradicts = "what is counted in an hour contradicts itself";
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
            assert_eq!(refused(|_, hour| change(hour)), contradicts, "{what}");
        }
        assert_eq!(refused(|_, hour| hour.actions = many(ApiUse::MAX_VALUES + 1)), contradicts);
        assert_eq!(refused(|_, hour| hour.regions = many(ApiUse::MAX_VALUES + 1)), contradicts);
        let long = "x".repeat(ApiUse::MAX_TEXT + 1);
        assert_eq!(refused(|_, hour| hour.regions = [long.clone()].into()), contradicts);
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
            assert_eq!(error, BadApiUse("the name of a principal is none"));
        }
    }

    #[test]
    fn what_is_cut_or_goes_on_is_refused() {
        let bytes = one().encode().unwrap();
        assert_eq!(ApiUse::decode(&bytes).unwrap(), one());
        for length in 0..bytes.len() {
            assert!(ApiUse::decode(&bytes[..length]).is_err(), "{length}");
        }
        assert_eq!(ApiUse::decode(&[&bytes[..], b"\0"].concat()), Err(BadApiUse("something follows them")));
    }

    #[test]
    fn lengths_that_lie_are_refused_without_the_memory_they_ask_for() {
        // Any place of the bytes becomes a length of 2^63: of the map of principals, a name, a set of actions and so on.
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
        fn what_is_counted_is_read_back(
            calls in prop::collection::vec((0_i64..2_000_000_000_000, any::<u8>(), any::<u8>(), any::<bool>()), 0..60),
        ) {
            let used = used(&calls);
            prop_assert_eq!(ApiUse::decode(&used.encode().unwrap()), Ok(used));
        }

        /// What is believed of forged bytes can be counted on, merged and told like any other.
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
                let _ = read.hours();
            }
        }
    }
}
