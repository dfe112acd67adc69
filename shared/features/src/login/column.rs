//! The columns of the feature row of a login.

use std::sync::Arc;

use weir_domain::matrix::{Feature, FeatureSchema, Transform};

macro_rules! columns {
    ($($name:ident $label:literal, $what:literal;)*) => {
        /// The columns of the feature row of a login: log-likelihood ratios of attacker against user, then levels and measures.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Column { $(#[doc = $what] $name),* }

        impl Column {
            /// All columns, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, as stored in models.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// The label that people read.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label),* }
            }
        }
    };
}

columns! {
    Familiarity "how little the user knows place and device", "The ratio of the levels of location and device, together.";
    User "how rarely the user logs in", "The ratio of the user: attackers choose accounts at random, users log in at their own rate.";
    Outcome "the outcome", "The ratio of failure or success.";
    Network "how rarely anybody is new to this network", "The ratio of the network, where it is new to the user.";
    Client "how rarely anybody is new to this client", "The ratio of the user agent, where it is new to the user.";
    Hour "how rarely the user comes at this hour", "The ratio of the hour of the day.";
    Weekday "how rarely the user comes on this day", "The ratio of the day of the week.";
    Absence "the time since the last login", "The ratio of the time since the last success, against users of the same history level.";
    City "how rarely anybody is new to the city", "The ratio of a new or known city, in a country that the user has used.";
    RoundTrip "the round-trip time", "The ratio of the round-trip time, against that of its country.";
    Journey "the journey since the last login", "The ratio of an impossible journey since the last success.";
    Reputation "the reputation of the address", "The ratio of an address on a list of bad reputation.";
    SecondFactor "the missing second factor", "The ratio of a console login without a second factor, of a user who uses one.";
    Root "the login as root", "The ratio of a console login of the root user.";
    AddressFanOut "strangers at the address", "The ratio of the users who are new at the address, in an hour and a day.";
    AddressFailures "failing strangers at the address", "The ratio of those users whose logins failed, in a day.";
    ClientFanOut "strangers with the device", "The ratio of the users who are new with this client, in an hour and a day.";
    FailingStrangers "failing strangers everywhere", "The ratio of failed logins from new locations at any address, in an hour.";
    UserFailures "failures of the user", "The ratio of the failures of the user in six hours.";
    UserAddresses "the addresses of the user", "The ratio of the changes of address and network of the user, in an hour and a day.";
    Volume "the bytes of the session", "The ratio of the bytes of the session against the user's earlier sessions, and of the hour.";
    Greed "how much more the user takes", "The ratio of the bytes of the session, for a thief who takes all they can.";
    PlaceStep "", "The level of the location, 0 (known address) to 4 (new country).";
    DeviceStep "", "The level of the device, 0 (known) to 3 (new).";
    Acquaintance "", "The level of the user's history, 0 (none) to 6 (sixty logins or more).";
    Strangers "", "The sum of novelty over the users at the address in a day.";
    Excess "", "Standard deviations by which the bytes of the session are above the user's mean.";
    Risk "", "The published risk score, where the caller has computed it.";
}

/// The schema of the feature rows of logins.
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
