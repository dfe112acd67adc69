//! Journeys from one login to the next: where both ends are, how far apart, and whether anybody travels so fast.

use super::country::kilometres;
use super::history::LastSuccess;
use super::recent::HOUR;
use super::sighting::{Sighting, country_name, country_of};

/// A place on the globe to a hundredth of a degree, about a kilometre: what tables and databases know of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Spot {
    /// Hundredths of a degree, −9,000 to 9,000.
    latitude: i16,
    /// −18,000 to 18,000.
    longitude: i16,
}

impl Spot {
    /// From degrees; `None` where they are none on the globe, and for 0° 0', where tables put what they do not know.
    #[must_use]
    pub fn of(latitude: f64, longitude: f64) -> Option<Self> {
        let sound = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        let hundredths = |degrees: f64| (degrees * 100.0).round() as i16;
        let spot = Self { latitude: hundredths(latitude), longitude: hundredths(longitude) };
        (sound && (spot.latitude, spot.longitude) != (0, 0)).then_some(spot)
    }

    /// Great-circle distance, kilometres.
    #[must_use]
    pub fn kilometres_to(self, other: Self) -> f64 {
        kilometres(self.degrees(), other.degrees())
    }

    fn degrees(self) -> (f64, f64) {
        (f64::from(self.latitude) / 100.0, f64::from(self.longitude) / 100.0)
    }

    /// Whether it is on the globe: for what was read from a file.
    pub(super) fn is_sound(self) -> bool {
        self.latitude.unsigned_abs() <= 9_000 && self.longitude.unsigned_abs() <= 18_000
    }
}

/// The name of a city, cut off after [`CityName::MAX`] bytes; empty where none is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CityName([u8; Self::MAX]);

impl CityName {
    /// Bytes at most.
    pub const MAX: usize = 24;

    /// As much of a name as is kept. O(1).
    #[must_use]
    pub fn of(name: &str) -> Self {
        let kept = name.get(..name.floor_char_boundary(Self::MAX)).unwrap_or_default();
        let kept = kept.split('\0').next().unwrap_or_default().trim_end();
        let mut bytes = [0; Self::MAX];
        for (into, from) in bytes.iter_mut().zip(kept.bytes()) {
            *into = from;
        }
        Self(bytes)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(Self::MAX);
        self.0.get(..length).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl TryFrom<String> for CityName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let city = Self::of(&name);
        if city.as_str() == name { Ok(city) } else { Err("the name of a city is too long") }
    }
}

impl From<CityName> for String {
    fn from(city: CityName) -> Self {
        city.as_str().to_owned()
    }
}

/// Faster than airliners, kilometres an hour.
const FASTEST: f64 = 900.0;
/// So far databases of places are off without anything being wrong, kilometres: across a border, and within a country, where
/// mobile operators have whole provinces come out at one exit.
const OFF_ABROAD: f64 = 100.0;
const OFF_AT_HOME: f64 = 500.0;

/// From the last success of a user to a login.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Journey {
    /// Between both ends, where it is known.
    pub(super) kilometres: Option<f64>,
    /// Between both logins.
    pub(super) minutes: u64,
}

impl Journey {
    /// A journey that nobody makes in the time between; `None` where somebody does. Coordinates speak where both ends have
    /// them, else the edges of their countries. Within a country only coordinates tell, and only of a network that is new to
    /// the user (`new_network`): at home, offices and relays are far apart every day.
    pub(super) fn nobody_makes(last: &LastSuccess, login: &Sighting, new_network: bool) -> Option<Self> {
        let abroad = last.country != login.country;
        if abroad && (last.country == 0 || login.country == 0) || !abroad && !new_network {
            return None;
        }
        let kilometres = match (last.spot, login.spot) {
            (Some(from), Some(to)) => {
                let kilometres = from.kilometres_to(to);
                let off = if abroad { OFF_ABROAD } else { OFF_AT_HOME };
                Some(kilometres).filter(|kilometres| *kilometres >= off)?.into()
            }
            _ if !abroad => return None,
            _ => match (country_of(last.country), country_of(login.country)) {
                (Some(from), Some(to)) => Some(from.kilometres_to(to)),
                _ => None,
            },
        };
        // An hour is allowed for clocks and borders. Where no distance is known, eight hours are enough for most.
        let needed = kilometres.map_or(8.0, |kilometres| (1.0 + kilometres / FASTEST).clamp(1.0, 24.0));
        let between = login.time.abs_diff(last.time);
        ((between as f64) < needed * HOUR as f64).then_some(Self { kilometres, minutes: between / 60_000 })
    }

    /// `Bucharest, Romania → Paris, France, 1,870 km in 34 min: nobody travels so fast`.
    pub(super) fn words(&self, last: &LastSuccess, login: &Sighting) -> String {
        let end = |city: &CityName, country: u64| match city.as_str() {
            "" => country_name(country),
            city => format!("{city}, {}", country_name(country)),
        };
        let (from, to) = (end(&last.city, last.country), end(&login.city, login.country));
        let far = self.kilometres.filter(|kilometres| *kilometres >= 1.0);
        let far = far.map(|kilometres| format!("{} km ", thousands(kilometres.round() as u64))).unwrap_or_default();
        format!("{from} → {to}, {far}in {}: nobody travels so fast", duration(self.minutes))
    }
}

/// `7,480`.
fn thousands(n: u64) -> String {
    if n < 1_000 { n.to_string() } else { format!("{},{:03}", n / 1_000, n % 1_000) }
}

/// `34 min`, `2 h`, `5 h 20 min`.
fn duration(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use weir_domain::login::{LoginEvent, LoginKind, Outcome};

    use super::super::places::Places;
    use super::*;

    const BERLIN: Option<(f64, f64)> = Some((52.52, 13.41));
    const MUNICH: Option<(f64, f64)> = Some((48.14, 11.58));
    const TOKYO: Option<(f64, f64)> = Some((35.68, 139.69));

    fn journey(
        from: (&str, Option<(f64, f64)>),
        to: (&str, Option<(f64, f64)>),
        minutes: i64,
        new: bool,
    ) -> Option<Journey> {
        let sighting = |(country, at): (&str, Option<(f64, f64)>), time| {
            let login = LoginEvent { country, ..LoginEvent::new(time, "ada", LoginKind::Unknown, Outcome::Success) };
            Sighting { spot: at.and_then(|(n, e)| Spot::of(n, e)), ..Sighting::of(&login, &Places::none()) }
        };
        let from = sighting(from, 0);
        let last = LastSuccess { time: 0, country: from.country, spot: from.spot, city: from.city };
        Journey::nobody_makes(&last, &sighting(to, minutes * 60_000), new)
    }

    #[test]
    fn coordinates_speak_where_both_ends_have_them() {
        let told = journey(("DE", BERLIN), ("JP", TOKYO), 300, true).unwrap();
        assert!((told.kilometres.unwrap() - 8_920.0).abs() < 30.0 && told.minutes == 300);
        assert!(journey(("DE", BERLIN), ("JP", TOKYO), 11 * 60, true).is_none(), "a flight");
        let countries = journey(("DE", BERLIN), ("JP", None), 300, true).unwrap();
        assert!(countries.kilometres.unwrap() < told.kilometres.unwrap(), "edge to edge");
        // Basel and Mulhouse, a tram apart.
        assert!(journey(("CH", Some((47.56, 7.59))), ("FR", Some((47.75, 7.34))), 1, true).is_none());
        assert!(journey(("CH", None), ("FR", None), 1, true).is_some());
        assert!(journey(("ATLANTIS", None), ("FR", None), 7 * 60, true).unwrap().kilometres.is_none());
    }

    #[test]
    fn within_a_country_only_far_and_in_new_networks() {
        assert!(journey(("DE", BERLIN), ("DE", MUNICH), 20, false).is_none());
        let told = journey(("DE", BERLIN), ("DE", MUNICH), 20, true).unwrap();
        assert!((told.kilometres.unwrap() - 504.0).abs() < 3.0, "{told:?}");
        assert!(journey(("DE", BERLIN), ("DE", None), 20, true).is_none());
    }

    #[test]
    fn words_name_what_is_known() {
        let login = |country, city, time| {
            let login =
                LoginEvent { country, city, ..LoginEvent::new(time, "ada", LoginKind::Unknown, Outcome::Success) };
            Sighting::of(&login, &Places::none())
        };
        let (from, to) = (login("RO", "Bucharest", 0), login("SG", "", 7_500_000));
        let last = LastSuccess { time: 0, country: from.country, spot: None, city: from.city };
        let told = Journey { kilometres: Some(8_611.2), minutes: 125 };
        assert_eq!(
            told.words(&last, &to),
            "Bucharest, Romania → Singapore, 8,611 km in 2 h 5 min: nobody travels so fast"
        );
    }

    #[test]
    fn names_and_spots_hold_their_bounds() {
        let long = "Krung Thep Maha Nakhon ééé";
        assert_eq!(CityName::of(long).as_str(), "Krung Thep Maha Nakhon");
        assert_eq!(CityName::of("Köln").as_str(), "Köln");
        assert!(CityName::try_from(long.to_owned()).is_err());
        assert_eq!(CityName::of("a\0b").as_str(), "a");
        assert!(Spot::of(f64::NAN, 0.0).is_none() && Spot::of(90.1, 0.0).is_none() && Spot::of(0.0, 0.0).is_none());
        assert!(Spot::of(-90.0, 180.0).is_some_and(Spot::is_sound));
    }
}
