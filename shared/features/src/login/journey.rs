//! Impossible travel: whether the distance between two logins of a user is too far for the time between them.

use weir_domain::text::count;
use weir_domain::time::{HOUR_MILLIS, MINUTE_MILLIS};

use super::location::CityName;
use super::sighting::{Sighting, country_name, country_of};
use super::user_history::LastSuccess;

/// The highest speed of a journey, above that of airliners, kilometres an hour.
const MAX_SPEED: f64 = 900.0;
/// The assumed error of geolocation databases, kilometres: across a border, and within a country, where a mobile operator may
/// route whole provinces through one exit.
const ERROR_ABROAD: f64 = 100.0;
const ERROR_WITHIN_COUNTRY: f64 = 500.0;

/// The journey from the last success of a user to a login.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Journey {
    /// The distance, where it is known.
    pub(super) kilometres: Option<f64>,
    /// The time between the logins.
    pub(super) minutes: u64,
}

impl Journey {
    /// The journey, if it is impossible in the time between the logins.
    ///
    /// The distance is that of the coordinates where both logins have them, else that between the edges of the countries.
    /// Within a country only coordinates count, and only from a network that is new to the user (`new_network`), because
    /// offices and relays of one user are often far apart.
    pub(super) fn impossible(last: &LastSuccess, login: &Sighting, new_network: bool) -> Option<Self> {
        let abroad = last.country != login.country;
        if abroad && (last.country == 0 || login.country == 0) || !abroad && !new_network {
            return None;
        }
        let kilometres = match (last.coordinates, login.coordinates) {
            (Some(from), Some(to)) => {
                let kilometres = from.kilometres_to(to);
                let error = if abroad { ERROR_ABROAD } else { ERROR_WITHIN_COUNTRY };
                Some(kilometres).filter(|kilometres| *kilometres >= error)?.into()
            }
            _ if !abroad => return None,
            _ => match (country_of(last.country), country_of(login.country)) {
                (Some(from), Some(to)) => Some(from.kilometres_to(to)),
                _ => None,
            },
        };
        // Clocks and borders are allowed an hour. Eight hours are enough for most journeys of unknown distance.
        let needed = kilometres.map_or(8.0, |kilometres| (1.0 + kilometres / MAX_SPEED).clamp(1.0, 24.0));
        let between = login.time.abs_diff(last.time);
        ((between as f64) < needed * HOUR_MILLIS as f64)
            .then_some(Self { kilometres, minutes: between / MINUTE_MILLIS as u64 })
    }

    /// `Bucharest, Romania → Paris, France, 1,870 km in 34 min: nobody travels so fast`.
    pub(super) fn describe(&self, last: &LastSuccess, login: &Sighting) -> String {
        let end = |city: &CityName, country: u64| match city.as_str() {
            "" => country_name(country),
            city => format!("{city}, {}", country_name(country)),
        };
        let (from, to) = (end(&last.city, last.country), end(&login.city, login.country));
        let far = self.kilometres.filter(|kilometres| *kilometres >= 1.0);
        let far = far.map(|kilometres| format!("{} km ", count(kilometres.round() as u64))).unwrap_or_default();
        format!("{from} → {to}, {far}in {}: nobody travels so fast", duration(self.minutes))
    }
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

    use super::super::location::Coordinates;
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
            Sighting {
                coordinates: at.and_then(|(n, e)| Coordinates::from_degrees(n, e)),
                ..Sighting::from_login(&login, &Places::none())
            }
        };
        let from = sighting(from, 0);
        let last = LastSuccess { time: 0, country: from.country, coordinates: from.coordinates, city: from.city };
        Journey::impossible(&last, &sighting(to, minutes * 60_000), new)
    }

    #[test]
    fn coordinates_decide_where_both_ends_have_them() {
        let found = journey(("DE", BERLIN), ("JP", TOKYO), 300, true).unwrap();
        assert!((found.kilometres.unwrap() - 8_920.0).abs() < 30.0 && found.minutes == 300);
        assert!(journey(("DE", BERLIN), ("JP", TOKYO), 11 * 60, true).is_none(), "a flight");
        let countries = journey(("DE", BERLIN), ("JP", None), 300, true).unwrap();
        assert!(countries.kilometres.unwrap() < found.kilometres.unwrap(), "edge to edge");
        // Basel and Mulhouse, a tram apart.
        assert!(journey(("CH", Some((47.56, 7.59))), ("FR", Some((47.75, 7.34))), 1, true).is_none());
        assert!(journey(("CH", None), ("FR", None), 1, true).is_some());
        assert!(journey(("ATLANTIS", None), ("FR", None), 7 * 60, true).unwrap().kilometres.is_none());
    }

    #[test]
    fn within_a_country_only_far_and_in_new_networks() {
        assert!(journey(("DE", BERLIN), ("DE", MUNICH), 20, false).is_none());
        let found = journey(("DE", BERLIN), ("DE", MUNICH), 20, true).unwrap();
        assert!((found.kilometres.unwrap() - 504.0).abs() < 3.0, "{found:?}");
        assert!(journey(("DE", BERLIN), ("DE", None), 20, true).is_none());
    }

    #[test]
    fn descriptions_name_the_known_cities() {
        let login = |country, city, time| {
            let login =
                LoginEvent { country, city, ..LoginEvent::new(time, "ada", LoginKind::Unknown, Outcome::Success) };
            Sighting::from_login(&login, &Places::none())
        };
        let (from, to) = (login("RO", "Bucharest", 0), login("SG", "", 7_500_000));
        let last = LastSuccess { time: 0, country: from.country, coordinates: None, city: from.city };
        let journey = Journey { kilometres: Some(8_611.2), minutes: 125 };
        assert_eq!(
            journey.describe(&last, &to),
            "Bucharest, Romania → Singapore, 8,611 km in 2 h 5 min: nobody travels so fast"
        );
    }
}
