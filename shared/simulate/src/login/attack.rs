//! Attacks on accounts, written as logins.

use std::net::Ipv4Addr;

use serde::Serialize;
use weir_domain::time::{DAY_SECONDS, MINUTE_MILLIS, SECOND_MILLIS};

use super::device::Device;
use super::event::Login;
use super::parameters::{Level, Parameters};
use super::people::{Person, round_trip};
use super::world::{AddressUse, CITIES, World, kilometres};
use crate::random::Stream;

/// The kind of an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttackKind {
    /// Account takeover from another country.
    AtoForeign,
    /// Account takeover from the victim's country.
    AtoSameCountry,
    /// Account takeover with the victim's city and browser.
    AtoMimic,
    /// Credential stuffing from many addresses.
    StuffingBotnet,
    /// Credential stuffing from one address.
    #[serde(rename = "stuffing_single_ip")]
    StuffingSingleAddress,
    /// Password spraying: few passwords on many accounts, slowly.
    PasswordSpraying,
    /// Brute force: many passwords on one account.
    BruteForce,
    /// Account takeover through Tor or a rented server.
    TorHosting,
    /// An insider downloads in bulk with their usual device.
    InsiderBulk,
    /// A login that is too far from the owner's previous login to travel in time.
    ImpossibleTravel,
    /// Successful logins to many accounts from one address in a short time.
    #[serde(rename = "many_accounts_one_ip")]
    ManyAccountsOneAddress,
}

impl AttackKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::AtoForeign,
        Self::AtoSameCountry,
        Self::AtoMimic,
        Self::StuffingBotnet,
        Self::StuffingSingleAddress,
        Self::PasswordSpraying,
        Self::BruteForce,
        Self::TorHosting,
        Self::InsiderBulk,
        Self::ImpossibleTravel,
        Self::ManyAccountsOneAddress,
    ];

    /// The name in the truth file, and a description.
    #[must_use]
    pub fn name_and_description(self) -> (&'static str, &'static str) {
        match self {
            Self::AtoForeign => ("ato_foreign", "account takeover from another country, with the attacker's device"),
            Self::AtoSameCountry => ("ato_same_country", "account takeover from the victim's country"),
            Self::AtoMimic => ("ato_mimic", "account takeover with the victim's city and browser"),
            Self::StuffingBotnet => ("stuffing_botnet", "credential stuffing from many addresses, few tries each"),
            Self::StuffingSingleAddress => ("stuffing_single_ip", "credential stuffing from one address"),
            Self::PasswordSpraying => ("password_spraying", "few passwords on many accounts, slowly"),
            Self::BruteForce => ("brute_force", "many passwords on one account"),
            Self::TorHosting => ("tor_hosting", "account takeover through Tor or a rented server"),
            Self::InsiderBulk => ("insider_bulk", "bulk download with the user's own device (bytes are in JSON only)"),
            Self::ImpossibleTravel => ("impossible_travel", "login far away from where the owner has just been"),
            Self::ManyAccountsOneAddress => ("many_accounts_one_ip", "many accounts entered from one address"),
        }
    }
}

impl AttackKind {
    /// The kind of finding that should report the attack, and other kinds that are also right.
    pub(super) fn expected_findings(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::AtoForeign | Self::AtoSameCountry | Self::AtoMimic | Self::TorHosting => {
                ("account-takeover", &["impossible-travel", "risky-login", "new-device", "off-hours-access"])
            }
            Self::ImpossibleTravel => ("impossible-travel", &["account-takeover", "risky-login", "new-device"]),
            Self::StuffingBotnet | Self::StuffingSingleAddress => {
                ("credential-stuffing", &["shared-ip", "password-spray"])
            }
            Self::PasswordSpraying => ("password-spray", &["credential-stuffing"]),
            Self::BruteForce => ("brute-force", &[]),
            Self::InsiderBulk => ("exfiltration", &["anomalous-user"]),
            Self::ManyAccountsOneAddress => ("shared-ip", &["credential-stuffing", "account-takeover"]),
        }
    }
}

/// The users and address blocks that attacks use.
pub(crate) struct Scene<'a> {
    pub(crate) parameters: &'a Parameters,
    pub(crate) world: &'a World,
    /// Users without service accounts.
    pub(crate) people: &'a [Person],
}

/// The source of an attacker's logins.
#[derive(Clone, Copy)]
struct Source {
    prefix: usize,
    address: Ipv4Addr,
    device: Device,
}

impl Scene<'_> {
    /// The logins of an attack that starts at about `time`, milliseconds since the epoch.
    pub(crate) fn attack(&self, kind: AttackKind, number: usize, time: i64) -> Vec<Login> {
        let mut stream = Stream::new(self.parameters.seed, "attack", number as u64);
        let s = &mut stream;
        let mut logins = match kind {
            AttackKind::AtoForeign => self.takeover(s, time, number, |scene, s, victim| {
                // A city of many attackers, or any city abroad.
                let abroad: Vec<usize> =
                    (0..CITIES.len()).filter(|c| CITIES[*c].country != CITIES[victim.city].country).collect();
                let city = if s.chance(scene.level(0.7, 0.4, 0.15)) {
                    s.between(22, 25) as usize
                } else {
                    s.pick(&abroad).copied().unwrap_or(22)
                };
                let city = if CITIES[city].country == CITIES[victim.city].country { 22 } else { city };
                (AddressUse::Broadband, Some(city), s.chance(scene.level(0.1, 0.4, 0.7)))
            }),
            AttackKind::AtoSameCountry => self.takeover(s, time, number, |scene, s, victim| {
                let country = CITIES[victim.city].country;
                let near: Vec<usize> = (0..CITIES.len()).filter(|c| CITIES[*c].country == country).collect();
                (AddressUse::Broadband, s.pick(&near).copied(), s.chance(scene.level(0.1, 0.3, 0.6)))
            }),
            AttackKind::AtoMimic => {
                self.takeover(s, time, number, |_, _, victim| (AddressUse::Broadband, Some(victim.city), true))
            }
            AttackKind::TorHosting => self.takeover(s, time, number, |scene, s, _| {
                let used_for = if s.chance(0.6) { AddressUse::Tor } else { AddressUse::Hosting };
                (used_for, None, s.chance(scene.level(0.1, 0.3, 0.6)))
            }),
            AttackKind::ImpossibleTravel => self.impossible_travel(s, time),
            AttackKind::InsiderBulk => self.insider(s, time),
            AttackKind::StuffingBotnet => self.stuffing(s, time, true),
            AttackKind::StuffingSingleAddress => self.stuffing(s, time, false),
            AttackKind::PasswordSpraying => self.spraying(s, time),
            AttackKind::BruteForce => self.brute_force(s, time),
            AttackKind::ManyAccountsOneAddress => self.many_accounts(s, time),
        };
        let (from, to) = (self.parameters.start * SECOND_MILLIS, self.parameters.end() * SECOND_MILLIS);
        logins.retain(|login| (from..to).contains(&login.time));
        logins
    }

    fn level<T>(&self, easy: T, medium: T, hard: T) -> T {
        self.parameters.level.select(easy, medium, hard)
    }

    fn day_of(&self, time: i64) -> i64 {
        (time.div_euclid(SECOND_MILLIS) - self.parameters.start).div_euclid(DAY_SECONDS)
    }

    /// A random user.
    fn victim(&self, s: &mut Stream) -> &Person {
        &self.people[s.below(self.people.len() as u64) as usize]
    }

    fn source(&self, s: &mut Stream, used_for: AddressUse, city: Option<usize>, device: Device) -> Source {
        let prefix = self.world.pick(s, used_for, city);
        Source { prefix, address: self.world.prefixes[prefix].address(s), device }
    }

    fn login(&self, s: &mut Stream, source: &Source, user: i64, time: i64, bytes: Option<(u64, u64)>) -> Login {
        Login {
            time,
            user,
            address: source.address,
            prefix: source.prefix,
            round_trip: round_trip(self.world, source.prefix, s),
            success: bytes.is_some(),
            bytes: bytes.unwrap_or_default(),
            attack: None,
            device: source.device,
        }
    }

    /// A typical login time of the victim on the day of `time`, for attackers who know it.
    fn typical_time(&self, s: &mut Stream, victim: &Person, time: i64) -> i64 {
        let midnight = self.parameters.start + self.day_of(time) * DAY_SECONDS;
        midnight * SECOND_MILLIS + (victim.second_of_day(s, victim.city) * 1000.0) as i64
    }

    /// One to four logins to one account with the right password. `from` returns the use and the city of the addresses, and whether the
    /// attacker mimics the victim's device.
    fn takeover(
        &self,
        s: &mut Stream,
        time: i64,
        number: usize,
        from: impl Fn(&Self, &mut Stream, &Person) -> (AddressUse, Option<usize>, bool),
    ) -> Vec<Login> {
        let victim = self.victim(s);
        let (used_for, city, mimics) = from(self, s, victim);
        let day = self.day_of(time);
        let victims_device = victim.device(s, day);
        let device = if mimics {
            // The same platform and version, but another device id.
            Device { number: number as u64, ..victims_device }
        } else {
            let phone = s.chance(0.2);
            Device::new(s, phone)
        };
        let mut source = self.source(s, used_for, city, device);
        let knows_hours = s.chance(self.level(0.2, 0.5, 0.9));
        let mut time = if knows_hours { self.typical_time(s, victim, time) } else { time };
        let mut logins = Vec::new();
        if s.chance(self.level(0.5, 0.3, 0.1)) {
            logins.push(self.login(s, &source, victim.id, time, None));
            time += s.between(5_000, 90_000);
        }
        for _ in 0..s.between(1, self.level(4, 3, 2)) {
            let (received, sent) = victim.session(s);
            let factor = s.log_normal(self.level(4.0, 2.0, 1.2), 0.8);
            logins.push(self.login(s, &source, victim.id, time, Some((received, (sent as f64 * factor) as u64))));
            time += s.between(600_000, 20_000_000);
            if used_for == AddressUse::Tor {
                // Tor circuits change.
                source = Source { device, ..self.source(s, used_for, None, device) };
            }
        }
        logins
    }

    /// A login far away, within 20 to 150 minutes of a login of the owner. The list also has the owner's login, marked as
    /// [`Login::OWNER`].
    fn impossible_travel(&self, s: &mut Stream, time: i64) -> Vec<Login> {
        let victim = self.victim(s);
        let far: Vec<usize> = (0..CITIES.len()).filter(|city| kilometres(*city, victim.city) > 3000.0).collect();
        let city = s.pick(&far).copied();
        let owners_device = victim.device(s, self.day_of(time));
        let device = if s.chance(self.level(0.1, 0.5, 0.8)) { owners_device } else { Device::new(s, false) };
        let source = self.source(s, AddressUse::Broadband, city, device);
        // The owner logs in at `time`.
        let later = time + s.between(20, self.level(60, 90, 150)) * MINUTE_MILLIS;
        let bytes = victim.session(s);
        let mut logins = vec![self.login(s, &source, victim.id, later, Some(bytes))];
        let (prefix, address) = victim.source(self.world, s, self.day_of(time), false);
        let bytes = victim.session(s);
        let owners_login =
            self.login(s, &Source { prefix, address, device: owners_device }, victim.id, time, Some(bytes));
        logins.insert(0, Login { attack: Some(Login::OWNER), ..owners_login });
        logins
    }

    fn insider(&self, s: &mut Stream, time: i64) -> Vec<Login> {
        let insider = self.victim(s);
        let day = self.day_of(time);
        let (prefix, address) = insider.source(self.world, s, day, false);
        let source = Source { prefix, address, device: insider.device(s, day) };
        let typical_hours = s.chance(self.level(0.0, 0.3, 0.7));
        let mut time = if typical_hours { self.typical_time(s, insider, time) } else { time };
        let factor = self.level(400.0, 80.0, 25.0);
        let mut logins = Vec::new();
        for _ in 0..s.between(1, self.level(2, 3, 3)) {
            let (received, sent) = insider.session(s);
            let sent = (sent as f64 * s.log_normal(factor, 0.5)) as u64;
            logins.push(self.login(s, &source, insider.id, time, Some((received, sent))));
            time += s.between(900_000, 7_200_000);
        }
        logins
    }

    fn stuffing(&self, s: &mut Stream, time: i64, botnet: bool) -> Vec<Login> {
        let tries = s.between(self.level(20, 12, 8), self.level(50, 25, 14)) as usize;
        let victims = s.sample(&(0..self.people.len()).collect::<Vec<_>>(), tries);
        let device = if s.chance(self.level(0.7, 0.3, 0.0)) { Device::script(s) } else { Device::new(s, false) };
        let used_for = if s.chance(self.level(0.6, 0.3, 0.0)) { AddressUse::Hosting } else { AddressUse::Broadband };
        let mut source = self.source(s, used_for, None, device);
        let pause = if botnet { self.level(60.0, 400.0, 2400.0) } else { self.level(4.0, 40.0, 400.0) };
        let mut time = time;
        let mut logins = Vec::new();
        for victim in victims {
            if botnet {
                let device = if s.chance(self.level(0.2, 0.6, 1.0)) { Device::new(s, false) } else { device };
                source = self.source(s, AddressUse::Broadband, None, device);
            }
            let bytes = s.chance(self.level(0.03, 0.04, 0.06)).then(|| self.people[victim].session(s));
            logins.push(self.login(s, &source, self.people[victim].id, time, bytes));
            time += (s.exponential(pause) * 1000.0) as i64 + 300;
        }
        logins
    }

    fn spraying(&self, s: &mut Stream, time: i64) -> Vec<Login> {
        let accounts = s.between(self.level(15, 10, 8), self.level(30, 16, 10)) as usize;
        let victims = s.sample(&(0..self.people.len()).collect::<Vec<_>>(), accounts);
        let rounds = self.level(2, 2, 1);
        let used_for = if s.chance(self.level(0.6, 0.3, 0.1)) { AddressUse::Hosting } else { AddressUse::Broadband };
        let device = if s.chance(self.level(0.6, 0.2, 0.0)) { Device::script(s) } else { Device::new(s, false) };
        let mut source = self.source(s, used_for, None, device);
        let mut logins = Vec::new();
        let mut time = time;
        for _ in 0..rounds {
            for victim in &victims {
                if self.parameters.level == Level::Hard && s.chance(0.3) {
                    source = self.source(s, used_for, None, device);
                }
                let bytes = s.chance(0.02).then(|| self.people[*victim].session(s));
                logins.push(self.login(s, &source, self.people[*victim].id, time, bytes));
                time += (s.exponential(self.level(40.0, 300.0, 1500.0)) * 1000.0) as i64 + 1_000;
            }
            time += s.between(1_800_000, 7_200_000);
        }
        logins
    }

    fn brute_force(&self, s: &mut Stream, time: i64) -> Vec<Login> {
        let victim = self.victim(s);
        let device = if s.chance(self.level(0.7, 0.4, 0.1)) { Device::script(s) } else { Device::new(s, false) };
        let used_for = if s.chance(self.level(0.6, 0.3, 0.0)) { AddressUse::Hosting } else { AddressUse::Broadband };
        let city = (self.parameters.level == Level::Hard).then_some(victim.city);
        let source = self.source(s, used_for, if used_for == AddressUse::Hosting { None } else { city }, device);
        let tries = s.between(self.level(25, 12, 7), self.level(60, 20, 10));
        let (mut time, mut logins) = (time, Vec::new());
        for number in 0..tries {
            let last = number + 1 == tries && s.chance(0.4);
            let bytes = last.then(|| victim.session(s));
            logins.push(self.login(s, &source, victim.id, time, bytes));
            time += (s.exponential(self.level(3.0, 20.0, 120.0)) * 1000.0) as i64 + 200;
        }
        logins
    }

    fn many_accounts(&self, s: &mut Stream, time: i64) -> Vec<Login> {
        let accounts = s.between(self.level(8, 5, 4), self.level(16, 8, 5)) as usize;
        let victims = s.sample(&(0..self.people.len()).collect::<Vec<_>>(), accounts);
        let used_for = if s.chance(self.level(0.5, 0.2, 0.0)) { AddressUse::Hosting } else { AddressUse::Broadband };
        let device = Device::new(s, false);
        let source = self.source(s, used_for, None, device);
        let mut time = time;
        let mut logins = Vec::new();
        for victim in victims {
            let device = if s.chance(self.level(0.0, 0.5, 1.0)) { Device::new(s, false) } else { device };
            let bytes = self.people[victim].session(s);
            logins.push(self.login(s, &Source { device, ..source }, self.people[victim].id, time, Some(bytes)));
            time += (s.exponential(self.level(60.0, 300.0, 900.0)) * 1000.0) as i64 + 2_000;
        }
        logins
    }
}
