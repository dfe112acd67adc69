//! The columns of a row of evidence.

use std::sync::Arc;

use weir_domain::matrix::{Feature, FeatureSchema, Transform};

macro_rules! columns {
    ($($name:ident $label:literal, $what:literal;)*) => {
        /// The columns of a row of evidence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Column { $(#[doc = $what] $name),* }

        impl Column {
            /// All, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Stable name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// What a person reads.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }
        }
    };
}

columns! {
    Familiarity "how little the user knows place and device", "Log-likelihood ratio of how well the user knows place and device, together.";
    User "how rarely the user logs in", "That of the user: attackers choose among accounts, users log in as often as they do.";
    Outcome "the outcome", "That of failure or success.";
    Network "how rarely anybody is new to this network", "That of the network, where it is new to the user.";
    Client "how rarely anybody is new to this client", "That of the user agent, where it is new to the user.";
    Hour "how rarely the user comes at this hour", "That of the hour of the day.";
    Weekday "how rarely the user comes on this day", "That of the day of the week.";
    Absence "the time since the last login", "That of the time since the last success, against users known as well.";
    City "how rarely anybody is new to the city", "That of a city the user knows or not, in a country they know.";
    RoundTrip "the round-trip time", "That of the round-trip time, against its country's.";
    Journey "the journey since the last login", "That of a journey that nobody makes since the last success.";
    Reputation "the reputation of the address", "That of an address on a list.";
    SecondFactor "the missing second factor", "That of a console login without a second factor of a user who uses one.";
    Root "the login as root", "That of a console login of the owner of the account.";
    AddressFanOut "strangers at the address", "That of the strangers at the address in an hour and a day.";
    AddressFailures "failing strangers at the address", "That of the strangers who failed there in a day.";
    ClientFanOut "strangers with the device", "That of the strangers with this client in an hour and a day.";
    FailingStrangers "failing strangers everywhere", "That of the strangers who failed anywhere in an hour.";
    UserFailures "failures of the user", "That of the failures of the user in six hours.";
    UserAddresses "the addresses of the user", "That of the changes of address and network of the user in an hour and a day.";
    Volume "the bytes of the session", "That of the bytes of the session, in and out, against the user's own, and of the hour.";
    Greed "how much more the user takes", "That of the bytes of the session, of somebody who takes what they can.";
    PlaceStep "", "How well the user knows the place, 0 to 4.";
    DeviceStep "", "How well the user knows the device, 0 to 3.";
    Acquaintance "", "How well the user is known, 0 to 6.";
    Strangers "", "Distinct strangers at the address in a day.";
    Excess "", "Standard deviations by which the bytes of the session are above the user's own.";
    Risk "", "The published risk score, where whoever asks has computed it.";
}

/// The schema of rows of evidence.
#[must_use]
pub fn login_schema() -> Arc<FeatureSchema> {
    let feature = |column: &Column| Feature {
        name: column.name().to_owned(),
        label: column.label().to_owned(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = Column::ALL.iter().map(feature).collect();
    Arc::new(FeatureSchema { source: "login".to_owned(), window_seconds: 0, features })
}
