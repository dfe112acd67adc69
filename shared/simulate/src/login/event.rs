//! A login, and its lines in the CSV and JSON files.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use weir_domain::window::utc_day;

use super::device::Device;
use super::world::Prefix;
use crate::calendar::clock;

/// The columns of `logins.csv`: an index, then those of the RBA data set (Wiefling et al. 2022).
pub const COLUMNS: &str = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,\
                           User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,\
                           Is Attack IP,Is Account Takeover";

/// A login or a failed login attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// Time, milliseconds since the epoch.
    pub time: i64,
    /// The user.
    pub user: i64,
    /// Source address.
    pub address: Ipv4Addr,
    /// The block of the address, as an index into the blocks of the simulation.
    pub prefix: usize,
    /// Round-trip time, milliseconds; missing in some logins.
    pub round_trip: Option<u32>,
    /// Whether it succeeded.
    pub success: bool,
    /// Bytes received from and sent to the user in the session; 0 if the login failed.
    pub bytes: (u64, u64),
    /// The attack it belongs to, as an index.
    pub attack: Option<usize>,
    pub(crate) device: Device,
}

impl Login {
    /// The `attack` of a login that accompanies an attack without belonging to it: the owner's own login before an impossible
    /// journey.
    pub(crate) const OWNER: usize = usize::MAX;

    /// Appends the line in `logins.csv`. `day` is the day of the simulation, from 0.
    pub(crate) fn csv(&self, index: usize, prefix: &Prefix, day: i64, out: &mut String) {
        let device = self.device.description(day);
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
            quoted(&device.user_agent),
            device.browser,
            device.system,
            device.kind,
            flag(self.success),
            flag(self.attack.is_some()),
            flag(self.attack.is_some() && self.success),
        );
    }

    /// Appends the line in `logins.jsonl`, in the simple login format. No value needs escaping.
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
