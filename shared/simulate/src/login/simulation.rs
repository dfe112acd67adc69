//! Runs the simulation: logins of users, attacks, the truth and the output files.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use weir_domain::time::{DAY_SECONDS, SECOND_MILLIS};

use super::attack::{AttackKind, Scene};
use super::event::{COLUMNS, Login};
use super::parameters::{BadParameters, Parameters};
use super::people::population;
use super::truth::{Attack, FindingsTruth, LoginIncident, Truth};
use super::world::{Prefix, World};
use crate::random::Stream;

/// All logins of a simulation in order of time, and the truth about them.
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

impl Simulation {
    /// Runs the simulation. There are about 400 logins per day and 1,000 users, all in memory (150 bytes each).
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
        // The sort is stable: at the same time, benign logins come first.
        logins.sort_by_key(|login| login.time);
        let truth = truth(&parameters, &kinds, &logins);
        Ok(Self { parameters, world, logins, truth })
    }

    /// The logins in order of time.
    #[must_use]
    pub fn logins(&self) -> &[Login] {
        &self.logins
    }

    /// The truth about the attacks.
    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The address blocks with their operators and cities.
    #[must_use]
    pub fn prefixes(&self) -> &[Prefix] {
        &self.world.prefixes
    }

    /// The content of `logins.csv`, with the columns of the RBA data set.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut out = String::with_capacity(320 * self.logins.len() + COLUMNS.len());
        out.push_str(COLUMNS);
        out.push('\n');
        for (index, login) in self.logins.iter().enumerate() {
            let day = (login.time.div_euclid(SECOND_MILLIS) - self.parameters.start).div_euclid(DAY_SECONDS);
            if let Some(prefix) = self.world.prefixes.get(login.prefix) {
                login.csv(index, prefix, day, &mut out);
            }
        }
        out
    }

    /// The content of `logins.jsonl`, in the simple login format, with bytes.
    #[must_use]
    pub fn json_lines(&self) -> String {
        let mut out = String::with_capacity(300 * self.logins.len());
        let mut devices = BTreeSet::new();
        for login in &self.logins {
            let is_new = devices.insert((login.user, login.device.number));
            if let Some(prefix) = self.world.prefixes.get(login.prefix) {
                login.json(prefix, is_new, &mut out);
            }
        }
        out
    }

    /// The content of `prefixes.csv`: the address blocks, as a table for `--places`.
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

/// Adds attacks until their share of all logins reaches that of the level, a third of them before the test period. Returns their
/// kinds.
fn attacks(parameters: &Parameters, scene: &Scene<'_>, benign: usize, logins: &mut Vec<Login>) -> Vec<AttackKind> {
    let share = parameters.level.select(0.009, 0.0018, 0.0009);
    let (test_start, end) = (parameters.test_start(), parameters.end());
    let mut stream = Stream::new(parameters.seed, "attacks", 0);
    let (mut kinds, mut number) = (Vec::new(), 0);
    let periods = [(parameters.start, test_start, 1.0 / 3.0), (test_start, end, 2.0 / 3.0)];
    for (from, to, part) in periods {
        let wanted = (share * benign as f64 * part) as usize;
        let (mut made, mut round) = (0, 0);
        // In the test period every kind occurs at least once; then kinds repeat until there are enough attack logins.
        while made < wanted || (round == 0 && part > 0.5) {
            // Kinds with many logins per attack occur less often.
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
                // An attack must lie within its period.
                let begin = stream.between(from + DAY_SECONDS / 2, (to - DAY_SECONDS).max(from + DAY_SECONDS / 2))
                    * SECOND_MILLIS;
                let attack = scene.attack(kind, number, begin);
                number += 1;
                let attack_logins = attack.iter().filter(|login| login.attack != Some(Login::OWNER)).count();
                let within = |login: &Login| (from * SECOND_MILLIS..to * SECOND_MILLIS).contains(&login.time);
                if attack_logins == 0 || !attack.iter().all(within) {
                    continue;
                }
                made += attack_logins;
                let index = kinds.len();
                kinds.push(kind);
                logins.extend(attack.into_iter().map(|login| {
                    let attack = if login.attack == Some(Login::OWNER) { None } else { Some(index) };
                    Login { attack, ..login }
                }));
            }
            round += 1;
        }
    }
    kinds
}

fn truth(parameters: &Parameters, kinds: &[AttackKind], logins: &[Login]) -> Truth {
    let test_start = parameters.test_start() * SECOND_MILLIS;
    let first_test = logins.partition_point(|login| login.time < test_start);
    let mut attacks: Vec<Attack> = Vec::with_capacity(kinds.len());
    let mut indices = vec![Vec::new(); kinds.len()];
    for (index, login) in logins.iter().enumerate() {
        if let Some(indices) = login.attack.and_then(|attack| indices.get_mut(attack)) {
            indices.push(index);
        }
    }
    for (kind, indices) in kinds.iter().zip(indices) {
        let members: Vec<&Login> = indices.iter().filter_map(|index| logins.get(*index)).collect();
        let users: BTreeSet<String> = members.iter().map(|login| login.user.to_string()).collect();
        let addresses: BTreeSet<_> = members.iter().map(|login| login.address).collect();
        let start = members.first().map_or(0, |login| login.time);
        attacks.push(Attack {
            id: String::new(),
            kind: *kind,
            period: if start < test_start { "train" } else { "test" },
            start_ms: start,
            end_ms: members.last().map_or(0, |login| login.time),
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
    let tested = attacks.iter().filter(|attack| attack.period == "test");
    let findings = FindingsTruth {
        name: format!("weir-simulate-logins-{}-{}", parameters.level, parameters.seed),
        start: parameters.start,
        eval_start: parameters.test_start(),
        end: parameters.end(),
        monitored_hosts: logins.iter().map(|login| login.user.to_string()).collect(),
        benign_hosts: BTreeSet::new(),
        incidents: tested.map(LoginIncident::from_attack).collect(),
    };
    let test_attack = logins.iter().skip(first_test).filter(|login| login.attack.is_some()).count();
    Truth {
        format: 1,
        level: parameters.level.to_string(),
        seed: parameters.seed.to_string(),
        users: parameters.users,
        days: parameters.days,
        start_ms: parameters.start * SECOND_MILLIS,
        test_start_ms: test_start,
        end_ms: parameters.end() * SECOND_MILLIS,
        first_test_index: first_test,
        n_logins: logins.len(),
        n_test_benign: logins.len() - first_test - test_attack,
        n_test_attack: test_attack,
        kinds: AttackKind::ALL.into_iter().map(AttackKind::name_and_description).collect(),
        signal_only_in: [("insider_bulk", vec!["jsonl"])].into(),
        attacks,
        findings,
    }
}
