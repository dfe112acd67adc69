//! A login, as it is written.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use weir_domain::window::utc_day;

use super::device::Device;
use super::world::Prefix;
use crate::calendar::clock;

/// The columns of `logins.csv`, those of the data set of risk-based authentication (Wiefling et al. 2022) behind a number.
pub const COLUMNS: &str = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,\
                           User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,\
                           Is Attack IP,Is Account Takeover";

/// One login, or the attempt of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// When, milliseconds since the epoch.
    pub time: i64,
    /// Whose account.
    pub user: i64,
    /// From where.
    pub address: Ipv4Addr,
    /// The block of the address, by its place among the simulation's.
    pub prefix: usize,
    /// How far away it seems, milliseconds; the log does not always say.
    pub round_trip: Option<u32>,
    /// Whether it succeeded.
    pub success: bool,
    /// Bytes received from the user and sent to the user in the session; 0 where it failed.
    pub bytes: (u64, u64),
    /// The attack it is part of, by its place among them.
    pub attack: Option<usize>,
    pub(crate) device: Device,
}

impl Login {
    /// A line of `logins.csv`. `day` is that of the simulation.
    pub(crate) fn csv(&self, index: usize, prefix: &Prefix, day: i64, out: &mut String) {
        let named = self.device.named(day);
        let seconds = self.time.div_euclid(1000);
        let (hour, minute, second) = clock(seconds);
        let round_trip = self.round_trip.map(|ms| ms.to_string()).unwrap_or_default();
        let quoted = |text: &str| if text.contains(',') { format!("\"{text}\"") } else { text.to_owned() };
        let flag = |is: bool| if is { "True" } else { "False" };
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "{index},{} {hour:02}:{minute:02}:{second:02}.{:03},{},{round_trip},{},{},{},{},{},{},{},{},{},{},{},{}",
            utc_day(seconds),
            self.time.rem_euclid(1000),
            self.user,
            self.address,
            prefix.country(),
            prefix.region(),
            prefix.city(),
            prefix.asn,
            quoted(&named.user_agent),
            named.browser,
            named.system,
            named.kind,
            flag(self.success),
            flag(self.attack.is_some()),
            flag(self.attack.is_some() && self.success),
        );
    }

    /// A line of `logins.jsonl`: the simple form. It never escapes anything, since nothing in it needs to be.
    pub(crate) fn json(&self, prefix: &Prefix, is_new_device: bool, out: &mut String) {
        let seconds = self.time.div_euclid(1000);
        let (hour, minute, second) = clock(seconds);
        let _ = writeln!(
            out,
            "{{\"user_id\":\"{}\",\"timestamp\":\"{}T{hour:02}:{minute:02}:{second:02}.{:03}Z\",\"ip_address\":\"{}\",\
             \"geo_location\":\"{}, {}\",\"device_id\":\"{}\",\"login_hour\":{hour},\"is_new_device\":{is_new_device},\
             \"bytes_in\":{},\"bytes_out\":{},\"success\":{},\"label\":{}}}",
            self.user,
            utc_day(seconds),
            self.time.rem_euclid(1000),
            self.address,
            prefix.city(),
            prefix.country(),
            self.device.id(),
            self.bytes.0,
            self.bytes.1,
            self.success,
            u8::from(self.attack.is_some()),
        );
    }
}
