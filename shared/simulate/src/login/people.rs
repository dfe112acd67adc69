//! Users with their habits, and their logins on a day.

use std::net::Ipv4Addr;

use weir_domain::time::{DAY_SECONDS, HOUR_SECONDS, SECOND_MILLIS};

use super::device::Device;
use super::event::Login;
use super::parameters::Parameters;
use super::world::{AddressUse, CITIES, World, kilometres, random_city};
use crate::calendar::weekday;
use crate::random::Stream;

/// A user: a person or a service account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) city: usize,
    /// The devices of the user.
    pub(crate) devices: Vec<UserDevice>,
    /// Block and address at home.
    home: (usize, Ipv4Addr),
    /// The day on which the address at home changes for the first time, and the days between further changes.
    renewal: (i64, i64),
    /// Block and shared address of the office, if there is one.
    office: Option<(usize, Ipv4Addr)>,
    /// The block of the mobile network.
    mobile: usize,
    /// Share of logins through a VPN.
    vpn: f64,
    /// Mean number of logins on a working day.
    rate: f64,
    /// Factor on the number of logins at the weekend.
    weekend: f64,
    /// Mean local hour of logins.
    hour: f64,
    /// Standard deviation of the hour.
    spread: f64,
    /// Probability of a mistyped password.
    mistyped: f64,
    /// First day, last day and city of a journey.
    journey: Option<(i64, i64, usize)>,
    /// Median of the bytes sent to the user in a session.
    bytes: f64,
    /// Whether it is a service account, which logs in at fixed times.
    pub(crate) service: bool,
}

/// A device of a user, the day of its first use, and its weight among the user's devices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserDevice {
    pub(crate) device: Device,
    from: i64,
    weight: f64,
}

/// An office: its block, address and city.
type Office = (usize, Ipv4Addr, usize);

/// All users.
pub(crate) fn population(parameters: &Parameters, world: &World) -> Vec<Person> {
    let mut stream = Stream::new(parameters.seed, "offices", 0);
    let offices: Vec<Office> = (0..parameters.users / 40 + 3)
        .map(|_| {
            let city = random_city(&mut stream);
            let block = world.pick(&mut stream, AddressUse::Business, Some(city));
            (block, world.prefixes[block].address(&mut stream), city)
        })
        .collect();
    (0..parameters.users).map(|number| person(parameters, world, &offices, number as u64)).collect()
}

fn person(parameters: &Parameters, world: &World, offices: &[Office], number: u64) -> Person {
    let mut stream = Stream::new(parameters.seed, "person", number);
    let s = &mut stream;
    let id = s.below(u64::MAX).cast_signed();
    let service = s.chance(0.01);
    let office = if service || s.chance(0.45) { None } else { s.pick(offices).copied() };
    let city = office.map_or_else(|| random_city(s), |(_, _, city)| city);
    let used_for = if service { AddressUse::Hosting } else { AddressUse::Broadband };
    let block = world.pick(s, used_for, (!service).then_some(city));
    let address = world.prefixes[block].address(s);
    let days = i64::from(parameters.days);
    let mut devices = Vec::new();
    if service {
        devices.push(UserDevice { device: Device::script(s), from: 0, weight: 1.0 });
    } else {
        let phone = s.chance(0.35);
        devices.push(UserDevice { device: Device::new(s, phone), from: 0, weight: 1.0 });
        for weight in [0.5, 0.25] {
            if s.chance(0.4) {
                devices.push(UserDevice { device: Device::new(s, !phone), from: 0, weight });
            }
        }
        // A new device, which mostly replaces the first one.
        if s.chance(0.12) {
            let from = s.between(1, days - 1);
            devices.push(UserDevice { device: Device::new(s, phone), from, weight: 4.0 });
        }
    }
    let journey = (!service && s.chance(0.12)).then(|| {
        let from = s.between(0, days - 1);
        (from, from + s.between(2, 12), random_city(s))
    });
    Person {
        id,
        city: if service { world.prefixes[block].city } else { city },
        devices,
        home: (block, address),
        renewal: (s.between(0, 40), s.between(12, 60)),
        office: office.map(|(block, address, _)| (block, address)),
        mobile: world.pick(s, AddressUse::Mobile, Some(city)),
        vpn: if s.chance(0.07) { 0.1 + 0.5 * s.unit() } else { 0.0 },
        rate: if service { 2.0 } else { s.log_normal(0.28, 0.9).min(6.0) },
        weekend: if service { 1.0 } else { 0.15 + 0.8 * s.unit() },
        hour: if s.chance(0.8) { 8.0 + 4.0 * s.unit() } else { 17.0 + 5.0 * s.unit() },
        spread: 1.5 + 2.0 * s.unit(),
        mistyped: (0.01 * s.log_normal(1.0, 1.0)).min(0.25),
        journey,
        bytes: s.log_normal(150_000.0, 1.1),
        service,
    }
}

impl Person {
    /// A random device among those in use on a day, by weight.
    pub(crate) fn device(&self, stream: &mut Stream, day: i64) -> Device {
        let usable = || self.devices.iter().filter(|owned| owned.from <= day);
        let mut at = stream.unit() * usable().map(|owned| owned.weight).sum::<f64>();
        let found = usable().find(|owned| {
            at -= owned.weight;
            at < 0.0
        });
        found.or(self.devices.first()).map_or_else(|| Device::script(stream), |owned| owned.device)
    }

    /// A random login time of the user, seconds since midnight (UTC) of a day; it may lie on the day before or after.
    pub(crate) fn second_of_day(&self, stream: &mut Stream, city: usize) -> f64 {
        let offset = CITIES.get(city).map_or(0.0, |city| city.offset);
        // Some logins are later than the main hours.
        let late = if stream.chance(0.3) { stream.exponential(3.5) } else { 0.0 };
        (self.hour + late + self.spread * stream.normal() - offset) * HOUR_SECONDS as f64
    }

    /// A random block and address that the user logs in from on a day.
    pub(crate) fn source(&self, world: &World, stream: &mut Stream, day: i64, working: bool) -> (usize, Ipv4Addr) {
        let fresh = |block: usize, stream: &mut Stream| (block, world.prefixes[block].address(stream));
        if self.service {
            return self.home;
        }
        if stream.chance(self.vpn) {
            let block = world.pick(stream, AddressUse::Vpn, None);
            return fresh(block, stream);
        }
        if let Some((from, to, city)) = self.journey
            && (from..=to).contains(&day)
        {
            let used_for = if stream.chance(0.5) { AddressUse::Mobile } else { AddressUse::Broadband };
            let block = world.pick(stream, used_for, Some(city));
            // The address of a hotel stays the same during the journey.
            let mut hotel = Stream::new(self.id.cast_unsigned(), "hotel", from.cast_unsigned());
            return if used_for == AddressUse::Mobile { fresh(block, stream) } else { fresh(block, &mut hotel) };
        }
        match self.office {
            Some(office) if working && stream.chance(0.7) => office,
            _ if stream.chance(0.2) => fresh(self.mobile, stream),
            _ => {
                let (first, every) = self.renewal;
                let lease = if day < first { 0 } else { 1 + (day - first) / every };
                let mut lease_stream = Stream::new(self.id.cast_unsigned(), "lease", lease.cast_unsigned());
                if lease == 0 { self.home } else { fresh(self.home.0, &mut lease_stream) }
            }
        }
    }

    /// Random bytes of a session: received from and sent to the user.
    pub(crate) fn session(&self, stream: &mut Stream) -> (u64, u64) {
        let sent = stream.log_normal(self.bytes, 0.9);
        ((sent * stream.log_normal(0.08, 0.6)) as u64 + 800, sent as u64 + 2_000)
    }

    /// Appends the logins of a day.
    pub(crate) fn day(&self, world: &World, parameters: &Parameters, day: i64, out: &mut Vec<Login>) {
        let midnight = parameters.start + day * DAY_SECONDS;
        let mut stream = Stream::new(parameters.seed ^ self.id.cast_unsigned(), "day", day.cast_unsigned());
        let s = &mut stream;
        let working = weekday(midnight) < 5;
        let expected = self.rate * if working { 1.0 } else { self.weekend };
        let logins = if self.service { 2 } else { s.poisson(expected) };
        let away = self.journey.filter(|(from, to, _)| (*from..=*to).contains(&day)).map(|(_, _, city)| city);
        for number in 0..logins {
            let second = if self.service {
                (number as f64 * 12.0 + 2.5) * HOUR_SECONDS as f64 + 60.0 * s.unit()
            } else {
                self.second_of_day(s, away.unwrap_or(self.city))
            };
            let mut time = midnight * SECOND_MILLIS + (second * 1000.0) as i64;
            if time < parameters.start * SECOND_MILLIS || time >= parameters.end() * SECOND_MILLIS {
                continue;
            }
            let (prefix, address) = self.source(world, s, day, working && away.is_none());
            let device = self.device(s, day);
            let login = |time, success, bytes, s: &mut Stream| Login {
                time,
                user: self.id,
                address,
                prefix,
                round_trip: round_trip(world, prefix, s),
                success,
                bytes,
                attack: None,
                device,
            };
            // A forgotten password causes several failures.
            let forgotten = s.chance(0.004);
            let failures =
                if forgotten { s.between(3, 8) } else { i64::from(!self.service && s.chance(self.mistyped)) };
            for _ in 0..failures {
                let failed = login(time, false, (0, 0), s);
                out.push(failed);
                time += s.between(4_000, 40_000);
            }
            let bytes = self.session(s);
            let success = login(time, true, bytes, s);
            out.push(success);
        }
    }
}

/// The round-trip time to a service in Frankfurt, milliseconds; missing in half of the logins.
pub(crate) fn round_trip(world: &World, prefix: usize, stream: &mut Stream) -> Option<u32> {
    if stream.chance(0.5) {
        return None;
    }
    let block = world.prefixes.get(prefix)?;
    // Munich stands for Frankfurt. In fibre, light takes 1 ms for 100 km in both directions.
    let distance = kilometres(block.city, 4);
    let last_mile = match block.used_for {
        AddressUse::Mobile => 45.0,
        AddressUse::Tor => 180.0,
        AddressUse::Vpn => 30.0,
        AddressUse::Hosting => 4.0,
        AddressUse::Broadband | AddressUse::Business => 12.0,
    };
    Some((distance / 70.0 + last_mile * stream.log_normal(1.0, 0.4)) as u32 + 3)
}
