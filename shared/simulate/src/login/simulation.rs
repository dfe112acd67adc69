//! The whole: who logs in, who attacks, and how it is written.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::attack::{AttackKind, Scene};
use super::event::{COLUMNS, Login};
use super::parameters::{BadParameters, Parameters};
use super::people::population;
use super::truth::{Attack, FindingsTruth, LoginIncident, Truth};
use super::world::{Prefix, World};
use crate::calendar::DAY;
use crate::random::Stream;

/// All logins of a simulation, by time, and the truth about them.
///
/// ```
/// use weir_simulate::login::{Parameters, Simulation};
///
/// let simulation = Simulation::new(Parameters { users: 200, days: 10, ..Parameters::default() })?;
/// assert_eq!(simulation.truth().n_logins, simulation.logins().len());
/// # Ok::<(), weir_simulate::login::BadParameters>(())
/// ```
#[derive(Debug)]
pub struct Simulation {
    parameters: Parameters,
    world: World,
    logins: Vec<Login>,
    truth: Truth,
}

/// The login of a victim that an attack is told by, and which is none of it.
const OWNERS: usize = usize::MAX;

impl Simulation {
    /// Simulates everything: some four hundred logins a day per thousand people, all in memory (150 bytes each).
    ///
    /// # Errors
    /// When a parameter is out of range.
    pub fn new(parameters: Parameters) -> Result<Self, BadParameters> {
        parameters.check()?;
        let world = World::new();
        let people = population(&parameters, &world);
        let mut logins = Vec::new();
        for person in &people {
            for day in 0..i64::from(parameters.days) {
                person.day(&world, &parameters, day, &mut logins);
            }
        }
        let people: Vec<_> = people.into_iter().filter(|person| !person.service).collect();
        let scene = Scene { parameters: &parameters, world: &world, people: &people };
        let kinds = attacks(&parameters, &scene, logins.len(), &mut logins);
        // Stable: of one moment, everybody's own logins come first.
        logins.sort_by_key(|login| login.time);
        let truth = truth(&parameters, &kinds, &logins);
        Ok(Self { parameters, world, logins, truth })
    }

    /// The logins, by time.
    #[must_use]
    pub fn logins(&self) -> &[Login] {
        &self.logins
    }

    /// What really happened.
    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Which addresses are whose and where.
    #[must_use]
    pub fn prefixes(&self) -> &[Prefix] {
        &self.world.prefixes
    }

    /// `logins.csv`: the columns of the data set of risk-based authentication.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = String::with_capacity(320 * self.logins.len() + COLUMNS.len());
        out.push_str(COLUMNS);
        out.push('\n');
        for (index, login) in self.logins.iter().enumerate() {
            let day = (login.time.div_euclid(1000) - self.parameters.start).div_euclid(DAY);
            if let Some(prefix) = self.world.prefixes.get(login.prefix) {
                login.csv(index, prefix, day, &mut out);
            }
        }
        out
    }

    /// `logins.jsonl`: the simple form, with bytes.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let mut out = String::with_capacity(300 * self.logins.len());
        let mut known = BTreeSet::new();
        for login in &self.logins {
            let is_new = known.insert((login.user, login.device.number));
            if let Some(prefix) = self.world.prefixes.get(login.prefix) {
                login.json(prefix, is_new, &mut out);
            }
        }
        out
    }

    /// `prefixes.csv`: which addresses are whose and where, in place of a database of places.
    #[must_use]
    pub fn prefixes_csv(&self) -> String {
        let mut out = "cidr,asn,as_name,country,region,city\n".to_owned();
        for prefix in &self.world.prefixes {
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "{}/{},{},{},{},{},{}",
                prefix.first,
                prefix.length,
                prefix.asn,
                prefix.operator,
                prefix.country(),
                prefix.region(),
                prefix.city()
            );
        }
        out
    }
}

/// Adds attacks until they are the share of logins that the level says, a third of them before the test period; gives their kinds.
fn attacks(parameters: &Parameters, scene: &Scene<'_>, benign: usize, logins: &mut Vec<Login>) -> Vec<AttackKind> {
    let share = parameters.level.of(0.009, 0.0018, 0.0009);
    let (test_start, end) = (parameters.test_start(), parameters.end());
    let mut stream = Stream::new(parameters.seed, "attacks", 0);
    let (mut kinds, mut number) = (Vec::new(), 0);
    let periods = [(parameters.start, test_start, 1.0 / 3.0), (test_start, end, 2.0 / 3.0)];
    for (from, to, part) in periods {
        let wanted = (share * benign as f64 * part) as usize;
        let (mut made, mut round) = (0, 0);
        // All takeovers and other kinds once at least in the test period; then again, until there are enough.
        while made < wanted || (round == 0 && part > 0.5) {
            // Kinds of one login each come more often than those of many.
            for kind in AttackKind::ALL {
                let rare = matches!(
                    kind,
                    AttackKind::StuffingBotnet
                        | AttackKind::StuffingSingleAddress
                        | AttackKind::PasswordSpraying
                        | AttackKind::BruteForce
                        | AttackKind::ManyAccountsOneAddress
                );
                if (rare && round % 5 != 0) || (made >= wanted && round > 0) {
                    continue;
                }
                // An attack stays within its period.
                let begin = stream.between(from + DAY / 2, (to - DAY).max(from + DAY / 2)) * 1000;
                let attack = scene.attack(kind, number, begin);
                number += 1;
                let of_attack = attack.iter().filter(|login| login.attack != Some(OWNERS)).count();
                let within = |login: &Login| (from * 1000..to * 1000).contains(&login.time);
                if of_attack == 0 || !attack.iter().all(within) {
                    continue;
                }
                made += of_attack;
                let place = kinds.len();
                kinds.push(kind);
                logins.extend(attack.into_iter().map(|login| {
                    let attack = if login.attack == Some(OWNERS) { None } else { Some(place) };
                    Login { attack, ..login }
                }));
            }
            round += 1;
        }
    }
    kinds
}

fn truth(parameters: &Parameters, kinds: &[AttackKind], logins: &[Login]) -> Truth {
    let test_start = parameters.test_start() * 1000;
    let first_test = logins.partition_point(|login| login.time < test_start);
    let mut attacks: Vec<Attack> = Vec::with_capacity(kinds.len());
    let mut indices = vec![Vec::new(); kinds.len()];
    for (index, login) in logins.iter().enumerate() {
        if let Some(of) = login.attack.and_then(|attack| indices.get_mut(attack)) {
            of.push(index);
        }
    }
    for (kind, indices) in kinds.iter().zip(indices) {
        let of: Vec<&Login> = indices.iter().filter_map(|index| logins.get(*index)).collect();
        let users: BTreeSet<String> = of.iter().map(|login| login.user.to_string()).collect();
        let addresses: BTreeSet<_> = of.iter().map(|login| login.address).collect();
        let start = of.first().map_or(0, |login| login.time);
        attacks.push(Attack {
            id: String::new(),
            kind: *kind,
            period: if start < test_start { "train" } else { "test" },
            start_ms: start,
            end_ms: of.last().map_or(0, |login| login.time),
            success_indices: indices.iter().copied().filter(|index| logins[*index].success).collect(),
            indices,
            users: users.into_iter().collect(),
            ips: addresses.into_iter().map(|address| address.to_string()).collect(),
        });
    }
    attacks.sort_by_key(|attack| attack.start_ms);
    for (number, attack) in attacks.iter_mut().enumerate() {
        attack.id = format!("A{:04}", number + 1);
    }
    let of_test = attacks.iter().filter(|attack| attack.period == "test");
    let findings = FindingsTruth {
        name: format!("weir-simulate-logins-{}-{}", parameters.level, parameters.seed),
        start: parameters.start,
        eval_start: parameters.test_start(),
        end: parameters.end(),
        monitored_hosts: logins.iter().map(|login| login.user.to_string()).collect(),
        benign_hosts: BTreeSet::new(),
        incidents: of_test.map(LoginIncident::of).collect(),
    };
    let test_attack = logins.iter().skip(first_test).filter(|login| login.attack.is_some()).count();
    Truth {
        format: 1,
        level: parameters.level.to_string(),
        seed: parameters.seed.to_string(),
        users: parameters.users,
        days: parameters.days,
        start_ms: parameters.start * 1000,
        test_start_ms: test_start,
        end_ms: parameters.end() * 1000,
        first_test_index: first_test,
        n_logins: logins.len(),
        n_test_benign: logins.len() - first_test - test_attack,
        n_test_attack: test_attack,
        kinds: AttackKind::ALL.into_iter().map(AttackKind::described).collect(),
        signal_only_in: [("insider_bulk", vec!["jsonl"])].into(),
        attacks,
        findings,
    }
}
