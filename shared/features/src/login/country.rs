//! Countries: their names, and the approximate centre and radius of where their people live.

/// A country.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Country {
    /// ISO 3166-1 alpha-2 code.
    pub code: &'static str,
    /// English short name.
    pub name: &'static str,
    /// The latitude of its centre, degrees.
    pub latitude: f32,
    /// The longitude of its centre, degrees.
    pub longitude: f32,
    /// The radius of a disc of its area, kilometres. Distances between countries are measured between the edges of their discs,
    /// so that a short trip over a border is short.
    pub radius: f32,
}

macro_rules! countries {
    ($($code:literal $name:literal $latitude:literal $longitude:literal $radius:literal;)*) => {
        &[$(Country { code: $code, name: $name, latitude: $latitude, longitude: $longitude, radius: $radius }),*]
    };
}

/// The countries, by code.
pub static COUNTRIES: &[Country] = countries! {
    "AD" "Andorra" 42.5 1.6 12.0; "AE" "the United Arab Emirates" 24.0 54.0 160.0; "AF" "Afghanistan" 33.9 67.7 455.0;
    "AL" "Albania" 41.2 20.2 96.0; "AM" "Armenia" 40.1 45.0 97.0; "AO" "Angola" -11.2 17.9 630.0;
    "AR" "Argentina" -34.0 -64.0 940.0; "AT" "Austria" 47.5 14.6 163.0; "AU" "Australia" -25.3 133.8 1565.0;
    "AZ" "Azerbaijan" 40.1 47.6 166.0; "BA" "Bosnia and Herzegovina" 43.9 17.7 128.0; "BB" "Barbados" 13.2 -59.5 12.0;
    "BD" "Bangladesh" 23.7 90.4 217.0; "BE" "Belgium" 50.5 4.5 99.0; "BF" "Burkina Faso" 12.2 -1.6 295.0;
    "BG" "Bulgaria" 42.7 25.5 188.0; "BH" "Bahrain" 26.0 50.6 16.0; "BI" "Burundi" -3.4 29.9 94.0;
    "BJ" "Benin" 9.3 2.3 191.0; "BN" "Brunei" 4.5 114.7 43.0; "BO" "Bolivia" -16.3 -63.6 591.0;
    "BR" "Brazil" -14.2 -51.9 1646.0; "BS" "the Bahamas" 25.0 -77.4 67.0; "BT" "Bhutan" 27.5 90.4 111.0;
    "BW" "Botswana" -22.3 24.7 430.0; "BY" "Belarus" 53.7 28.0 257.0; "BZ" "Belize" 17.2 -88.5 86.0;
    "CA" "Canada" 56.1 -106.3 1783.0; "CD" "DR Congo" -4.0 21.8 863.0; "CF" "the Central African Republic" 6.6 20.9 445.0;
    "CG" "Congo" -0.2 15.8 330.0; "CH" "Switzerland" 46.8 8.2 115.0; "CI" "Côte d'Ivoire" 7.5 -5.5 320.0;
    "CL" "Chile" -35.7 -71.5 490.0; "CM" "Cameroon" 7.4 12.4 389.0; "CN" "China" 35.9 104.2 1748.0;
    "CO" "Colombia" 4.6 -74.3 602.0; "CR" "Costa Rica" 9.7 -83.8 128.0; "CU" "Cuba" 21.5 -77.8 187.0;
    "CV" "Cabo Verde" 16.0 -24.0 36.0; "CY" "Cyprus" 35.1 33.4 54.0; "CZ" "Czechia" 49.8 15.5 158.0;
    "DE" "Germany" 51.2 10.5 337.0; "DJ" "Djibouti" 11.8 42.6 86.0; "DK" "Denmark" 56.3 9.5 117.0;
    "DO" "the Dominican Republic" 18.7 -70.2 124.0; "DZ" "Algeria" 28.0 1.7 871.0; "EC" "Ecuador" -1.8 -78.2 297.0;
    "EE" "Estonia" 58.6 25.0 120.0; "EG" "Egypt" 26.8 30.8 565.0; "ER" "Eritrea" 15.2 39.8 193.0;
    "ES" "Spain" 40.5 -3.7 401.0; "ET" "Ethiopia" 9.1 40.5 593.0; "FI" "Finland" 61.9 25.7 328.0;
    "FJ" "Fiji" -16.6 179.4 76.0; "FR" "France" 46.2 2.2 419.0; "GA" "Gabon" -0.8 11.6 292.0;
    "GB" "the United Kingdom" 55.4 -3.4 279.0; "GE" "Georgia" 42.3 43.4 149.0; "GH" "Ghana" 7.9 -1.0 276.0;
    "GL" "Greenland" 71.7 -42.6 830.0; "GM" "the Gambia" 13.4 -15.3 60.0; "GN" "Guinea" 9.9 -9.7 280.0;
    "GQ" "Equatorial Guinea" 1.7 10.3 94.0; "GR" "Greece" 39.1 21.8 205.0; "GT" "Guatemala" 15.8 -90.2 186.0;
    "GW" "Guinea-Bissau" 11.8 -15.2 107.0; "GY" "Guyana" 4.9 -58.9 262.0; "HK" "Hong Kong" 22.3 114.2 19.0;
    "HN" "Honduras" 15.2 -86.2 189.0; "HR" "Croatia" 45.1 15.2 134.0; "HT" "Haiti" 19.0 -72.3 94.0;
    "HU" "Hungary" 47.2 19.5 172.0; "ID" "Indonesia" -0.8 113.9 780.0; "IE" "Ireland" 53.4 -8.2 150.0;
    "IL" "Israel" 31.0 34.9 81.0; "IN" "India" 20.6 79.0 1023.0; "IQ" "Iraq" 33.2 43.7 373.0;
    "IR" "Iran" 32.4 53.7 724.0; "IS" "Iceland" 65.0 -19.0 181.0; "IT" "Italy" 41.9 12.6 310.0;
    "JM" "Jamaica" 18.1 -77.3 59.0; "JO" "Jordan" 30.6 36.2 169.0; "JP" "Japan" 36.2 138.3 347.0;
    "KE" "Kenya" 0.0 37.9 430.0; "KG" "Kyrgyzstan" 41.2 74.8 252.0; "KH" "Cambodia" 12.6 105.0 240.0;
    "KP" "North Korea" 40.3 127.5 196.0; "KR" "South Korea" 35.9 127.8 179.0; "KW" "Kuwait" 29.3 47.5 75.0;
    "KZ" "Kazakhstan" 48.0 66.9 931.0; "LA" "Laos" 19.9 102.5 275.0; "LB" "Lebanon" 33.9 35.9 57.0;
    "LI" "Liechtenstein" 47.2 9.6 7.0; "LK" "Sri Lanka" 7.9 80.8 144.0; "LR" "Liberia" 6.4 -9.4 188.0;
    "LS" "Lesotho" -29.6 28.2 98.0; "LT" "Lithuania" 55.2 23.9 144.0; "LU" "Luxembourg" 49.8 6.1 29.0;
    "LV" "Latvia" 56.9 24.6 143.0; "LY" "Libya" 26.3 17.2 748.0; "MA" "Morocco" 31.8 -7.1 377.0;
    "MC" "Monaco" 43.7 7.4 1.0; "MD" "Moldova" 47.4 28.4 104.0; "ME" "Montenegro" 42.7 19.4 66.0;
    "MG" "Madagascar" -18.8 46.9 432.0; "MK" "North Macedonia" 41.6 21.7 90.0; "ML" "Mali" 17.6 -4.0 628.0;
    "MM" "Myanmar" 21.9 96.0 464.0; "MN" "Mongolia" 46.9 103.8 706.0; "MO" "Macao" 22.2 113.5 3.0;
    "MR" "Mauritania" 21.0 -10.9 573.0; "MT" "Malta" 35.9 14.4 10.0; "MU" "Mauritius" -20.3 57.6 25.0;
    "MV" "the Maldives" 3.2 73.2 10.0; "MW" "Malawi" -13.3 34.3 194.0; "MX" "Mexico" 23.6 -102.6 791.0;
    "MY" "Malaysia" 4.2 102.0 324.0; "MZ" "Mozambique" -18.7 35.5 505.0; "NA" "Namibia" -23.0 18.5 512.0;
    "NE" "Niger" 17.6 8.1 635.0; "NG" "Nigeria" 9.1 8.7 542.0; "NI" "Nicaragua" 12.9 -85.2 203.0;
    "NL" "the Netherlands" 52.1 5.3 115.0; "NO" "Norway" 60.5 8.5 321.0; "NP" "Nepal" 28.4 84.1 216.0;
    "NZ" "New Zealand" -40.9 174.9 292.0; "OM" "Oman" 21.5 55.9 314.0; "PA" "Panama" 8.5 -80.8 155.0;
    "PE" "Peru" -9.2 -75.0 640.0; "PG" "Papua New Guinea" -6.3 143.9 384.0; "PH" "the Philippines" 12.9 121.8 309.0;
    "PK" "Pakistan" 30.4 69.3 530.0; "PL" "Poland" 51.9 19.1 315.0; "PR" "Puerto Rico" 18.2 -66.6 54.0;
    "PS" "Palestine" 31.9 35.2 44.0; "PT" "Portugal" 39.4 -8.2 171.0; "PY" "Paraguay" -23.4 -58.4 360.0;
    "QA" "Qatar" 25.4 51.2 61.0; "RO" "Romania" 45.9 25.0 275.0; "RS" "Serbia" 44.0 21.0 168.0;
    "RU" "Russia" 55.0 60.0 2000.0; "RW" "Rwanda" -1.9 29.9 92.0; "SA" "Saudi Arabia" 23.9 45.1 827.0;
    "SC" "Seychelles" -4.7 55.5 12.0; "SD" "Sudan" 12.9 30.2 770.0; "SE" "Sweden" 60.1 18.6 379.0;
    "SG" "Singapore" 1.4 103.8 15.0; "SI" "Slovenia" 46.2 15.0 80.0; "SK" "Slovakia" 48.7 19.7 125.0;
    "SL" "Sierra Leone" 8.5 -11.8 151.0; "SN" "Senegal" 14.5 -14.5 250.0; "SO" "Somalia" 5.2 46.2 450.0;
    "SR" "Suriname" 3.9 -56.0 228.0; "SS" "South Sudan" 6.9 31.3 444.0; "SV" "El Salvador" 13.8 -88.9 82.0;
    "SY" "Syria" 34.8 39.0 243.0; "SZ" "Eswatini" -26.5 31.5 74.0; "TD" "Chad" 15.5 18.7 639.0;
    "TG" "Togo" 8.6 0.8 134.0; "TH" "Thailand" 15.9 101.0 404.0; "TJ" "Tajikistan" 38.9 71.3 213.0;
    "TM" "Turkmenistan" 39.0 59.6 394.0; "TN" "Tunisia" 33.9 9.5 228.0; "TR" "Türkiye" 39.0 35.2 500.0;
    "TT" "Trinidad and Tobago" 10.7 -61.2 40.0; "TW" "Taiwan" 23.7 121.0 107.0; "TZ" "Tanzania" -6.4 34.9 549.0;
    "UA" "Ukraine" 48.4 31.2 438.0; "UG" "Uganda" 1.4 32.3 277.0; "US" "the United States" 38.0 -97.0 1600.0;
    "UY" "Uruguay" -32.5 -55.8 236.0; "UZ" "Uzbekistan" 41.4 64.6 377.0; "VE" "Venezuela" 6.4 -66.6 539.0;
    "VN" "Vietnam" 14.1 108.3 325.0; "XK" "Kosovo" 42.6 20.9 59.0; "YE" "Yemen" 15.6 48.5 410.0;
    "ZA" "South Africa" -30.6 22.9 623.0; "ZM" "Zambia" -13.1 27.8 489.0; "ZW" "Zimbabwe" -19.0 29.2 353.0;
};

impl Country {
    /// The country of an ISO code in any case; `None` where the table has none. O(log countries).
    #[must_use]
    pub fn from_code(code: &str) -> Option<&'static Self> {
        let code: [u8; 2] = code.as_bytes().try_into().ok()?;
        let code = code.map(|letter| letter.to_ascii_uppercase());
        let at = COUNTRIES.binary_search_by(|country| country.code.as_bytes().cmp(&code)).ok()?;
        COUNTRIES.get(at)
    }

    /// The distance between the edges of two countries in kilometres; near 0 between neighbours.
    #[must_use]
    pub fn kilometres_to(&self, other: &Self) -> f64 {
        let centres = kilometres(
            (f64::from(self.latitude), f64::from(self.longitude)),
            (f64::from(other.latitude), f64::from(other.longitude)),
        );
        (centres - f64::from(self.radius) - f64::from(other.radius)).max(0.0)
    }
}

/// The great-circle distance between two points (latitude and longitude in degrees), kilometres.
#[must_use]
pub fn kilometres(a: (f64, f64), b: (f64, f64)) -> f64 {
    /// Mean radius of the earth, kilometres (IUGG).
    const EARTH: f64 = 6371.0;
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let (north, east) = ((lat_b - lat_a) / 2.0, (b.1 - a.1).to_radians() / 2.0);
    let haversine = north.sin().powi(2) + lat_a.cos() * lat_b.cos() * east.sin().powi(2);
    2.0 * EARTH * haversine.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_found_by_its_code() {
        for country in COUNTRIES {
            assert_eq!(Country::from_code(&country.code.to_lowercase()), Some(country));
        }
        assert!(
            Country::from_code("ZZ").is_none()
                && Country::from_code("").is_none()
                && Country::from_code("France").is_none()
        );
    }

    #[test]
    fn distances_on_the_globe() {
        assert!((kilometres((52.5, 13.4), (40.7, -74.0)) - 6385.0).abs() < 30.0, "Berlin to New York");
        assert!((kilometres((0.0, 179.5), (0.0, -179.5)) - 111.2).abs() < 1.0, "over the date line");
        let country = |code| Country::from_code(code).unwrap();
        assert!(
            country("FR").kilometres_to(country("DE")) < 100.0 && country("FR").kilometres_to(country("CH")) < 1e-9,
            "neighbours"
        );
        assert!(country("BR").kilometres_to(country("JP")) > 14_000.0);
    }
}
