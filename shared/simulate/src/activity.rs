//! A table of the activity of a fictional company's users, one row per user and day, with labelled insiders and compromised users.
//!
//! Users of a department are similar, and each has a baseline of their own. Projects, releases, holidays and new work make some
//! normal days unusual. The behaviour is invented and not a measurement of real users.

mod anomaly;
mod parameters;
mod people;
mod table;

use weir_domain::time::DAY_SECONDS;

use crate::calendar::weekday;
use crate::random::Stream;
use anomaly::Anomaly;
use people::Person;

pub use parameters::{BadParameters, Parameters};
pub use table::{DailyActivity, Row, SCHEMA, csv};

/// The rows of all users, ordered by day and user.
///
/// # Errors
/// When a parameter is out of range.
pub fn simulate(parameters: &Parameters) -> Result<Vec<Row>, BadParameters> {
    parameters.check()?;
    let people: Vec<Person> = (0..parameters.users).map(|number| Person::new(parameters.seed, number as u64)).collect();
    let anomalies = Anomaly::all(parameters);
    let mut rows = Vec::new();
    for day in 0..i64::from(parameters.days) {
        let midnight = parameters.start + day * DAY_SECONDS;
        for (number, person) in people.iter().enumerate() {
            let mut stream = Stream::new(parameters.seed ^ number as u64, "day", day.cast_unsigned());
            let anomaly = anomalies.iter().find(|anomaly| anomaly.applies_to(number, day));
            let activity = person.day(&mut stream, day, weekday(midnight) < 5, anomaly.is_some());
            let Some(mut activity) = activity else { continue };
            if let Some(anomaly) = anomaly {
                anomaly.change(&mut activity, &mut stream, parameters.level);
            }
            rows.push(Row {
                user: person.name.clone(),
                day: midnight,
                department: person.department,
                role: person.role,
                activity,
                label: anomaly.map_or("normal", Anomaly::label),
            });
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests;
