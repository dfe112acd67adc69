//! Where on the globe an address is: coordinates and the name of a city.

use super::country::kilometres;

/// Coordinates to a hundredth of a degree, about a kilometre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Coordinates {
    /// Hundredths of a degree, −9,000 to 9,000.
    latitude: i16,
    /// −18,000 to 18,000.
    longitude: i16,
}

impl Coordinates {
    /// From degrees; `None` of degrees off the globe, and of 0° 0', which tables use for an unknown location.
    #[must_use]
    pub fn from_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let is_valid = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        let hundredths = |degrees: f64| (degrees * 100.0).round() as i16;
        let coordinates = Self { latitude: hundredths(latitude), longitude: hundredths(longitude) };
        (is_valid && (coordinates.latitude, coordinates.longitude) != (0, 0)).then_some(coordinates)
    }

    /// The great-circle distance in kilometres.
    #[must_use]
    pub fn kilometres_to(self, other: Self) -> f64 {
        kilometres(self.degrees(), other.degrees())
    }

    fn degrees(self) -> (f64, f64) {
        (f64::from(self.latitude) / 100.0, f64::from(self.longitude) / 100.0)
    }

    /// Whether the coordinates, which may have been read from a file, are on the globe.
    pub(super) fn is_valid(self) -> bool {
        self.latitude.unsigned_abs() <= 9_000 && self.longitude.unsigned_abs() <= 18_000
    }
}

/// The name of a city, truncated to [`CityName::MAX`] bytes; empty where it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CityName([u8; Self::MAX]);

impl CityName {
    /// The maximum number of bytes.
    pub const MAX: usize = 24;

    /// Truncates a name at a character boundary. O(1).
    #[must_use]
    pub fn from_name(name: &str) -> Self {
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
        let city = Self::from_name(&name);
        if city.as_str() == name { Ok(city) } else { Err("the name of a city is too long") }
    }
}

impl From<CityName> for String {
    fn from(city: CityName) -> Self {
        city.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_coordinates_keep_their_bounds() {
        let long = "Krung Thep Maha Nakhon ééé";
        assert_eq!(CityName::from_name(long).as_str(), "Krung Thep Maha Nakhon");
        assert_eq!(CityName::from_name("Köln").as_str(), "Köln");
        assert!(CityName::try_from(long.to_owned()).is_err());
        assert_eq!(CityName::from_name("a\0b").as_str(), "a");
        assert!(
            Coordinates::from_degrees(f64::NAN, 0.0).is_none()
                && Coordinates::from_degrees(90.1, 0.0).is_none()
                && Coordinates::from_degrees(0.0, 0.0).is_none()
        );
        assert!(Coordinates::from_degrees(-90.0, 180.0).is_some_and(Coordinates::is_valid));
    }
}
