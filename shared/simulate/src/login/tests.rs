use std::collections::BTreeSet;

use super::*;

fn simulation(level: Level) -> Simulation {
    Simulation::new(Parameters { users: 600, days: 20, level, ..Parameters::default() }).unwrap()
}

#[test]
fn the_same_parameters_give_the_same_bytes_and_others_do_not() {
    let (one, two) = (simulation(Level::Easy), simulation(Level::Easy));
    assert!(one.csv() == two.csv() && one.json_lines() == two.json_lines() && one.truth() == two.truth());
    let other = Simulation::new(Parameters { seed: 43, users: 600, days: 20, ..Parameters::default() }).unwrap();
    assert!(one.csv() != other.csv());
}

#[test]
fn the_truth_is_about_the_logins() {
    for level in Level::ALL {
        let simulation = simulation(level);
        let (logins, truth) = (simulation.logins(), simulation.truth());
        assert!(logins.is_sorted_by_key(|login| login.time));
        assert_eq!(truth.n_logins, logins.len());
        assert!(logins[truth.first_test_index].time >= truth.test_start_ms);
        assert!(logins[truth.first_test_index - 1].time < truth.test_start_ms);
        let mut attack_logins = BTreeSet::new();
        for attack in &truth.attacks {
            for index in &attack.indices {
                let login = &logins[*index];
                assert!(attack_logins.insert(*index), "no login is of two attacks");
                assert!(attack.users.contains(&login.user.to_string()));
                assert!(attack.ips.contains(&login.address.to_string()));
                assert_eq!(login.success, attack.success_indices.contains(index));
                assert_eq!(*index >= truth.first_test_index, attack.period == "test");
            }
        }
        assert_eq!(attack_logins.len(), logins.iter().filter(|login| login.attack.is_some()).count());
        let tested: BTreeSet<_> = truth.attacks.iter().filter(|a| a.period == "test").map(|a| a.kind).collect();
        assert!(tested.len() >= 10, "{level}: nearly every kind is there: {tested:?}");
    }
}

#[test]
fn harder_levels_have_rarer_attacks() {
    let share = |level| {
        let simulation = Simulation::new(Parameters { users: 3000, days: 30, level, ..Parameters::default() }).unwrap();
        let truth = simulation.truth();
        truth.n_test_attack as f64 / (truth.n_test_attack + truth.n_test_benign) as f64
    };
    let [easy, medium, hard] = Level::ALL.map(share);
    assert!((0.01..0.025).contains(&easy), "{easy}");
    assert!(medium < easy / 2.0 && hard < 0.75 * medium, "{medium} {hard}");
}

#[test]
fn addresses_are_in_their_blocks_and_blocks_do_not_overlap() {
    let simulation = simulation(Level::Easy);
    let range = |prefix: &Prefix| {
        let first = u32::from(prefix.first);
        (first, first + ((1_u64 << (32 - prefix.length)) - 1) as u32)
    };
    for login in simulation.logins() {
        let (first, last) = range(&simulation.prefixes()[login.prefix]);
        assert!((first..=last).contains(&u32::from(login.address)));
    }
    let mut ranges: Vec<_> = simulation.prefixes().iter().map(range).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
    let shared = |address: u32| address >> 22 == u32::from(std::net::Ipv4Addr::new(100, 64, 0, 0)) >> 22;
    let benchmark = |address: u32| address >> 17 == u32::from(std::net::Ipv4Addr::new(198, 18, 0, 0)) >> 17;
    assert!(ranges.iter().all(|(first, last)| [*first, *last].into_iter().all(|a| shared(a) || benchmark(a))));
    assert_eq!(simulation.prefixes_csv().lines().count(), simulation.prefixes().len() + 1);
}

#[test]
fn people_have_habits() {
    let simulation = simulation(Level::Easy);
    let benign = || simulation.logins().iter().filter(|login| login.attack.is_none());
    let failed = benign().filter(|login| !login.success).count() as f64 / benign().count() as f64;
    assert!((0.01..0.12).contains(&failed), "{failed}");
    // Users nearly always log in from the same country, and browser versions rise.
    let mut at_home = 0;
    let mut countries = std::collections::BTreeMap::<i64, std::collections::BTreeMap<&str, u32>>::new();
    for login in benign() {
        let country = simulation.prefixes()[login.prefix].country();
        *countries.entry(login.user).or_default().entry(country).or_default() += 1;
    }
    for logins in countries.values() {
        at_home += logins.values().max().copied().unwrap_or(0);
    }
    let share = f64::from(at_home) / benign().count() as f64;
    assert!((0.9..0.995).contains(&share), "{share}");
    let agents = |part: &str| part.lines().filter(|line| line.contains("Chrome/131.")).count();
    let csv = simulation.csv();
    let (first, second) = csv.split_at(csv.len() / 2);
    assert!(agents(first) > agents(second), "old browser versions disappear");
}

#[test]
fn parameters_out_of_range_are_rejected() {
    let rejected = |change: &dyn Fn(&mut Parameters)| {
        let mut parameters = Parameters::default();
        change(&mut parameters);
        Simulation::new(parameters).unwrap_err()
    };
    assert_eq!(rejected(&|p| p.users = 199), BadParameters::Users(199));
    assert_eq!(rejected(&|p| p.days = 9), BadParameters::Days(9));
    assert_eq!(rejected(&|p| p.start = 5), BadParameters::Start(5));
    assert!("easier".parse::<Level>().is_err());
    assert_eq!("hard".parse(), Ok(Level::Hard));
}

#[test]
fn every_attack_of_the_test_period_is_an_incident() {
    let simulation = simulation(Level::Easy);
    let truth = simulation.truth();
    let tested = truth.attacks.iter().filter(|attack| attack.period == "test").count();
    assert!(tested > 0 && truth.findings.incidents.len() == tested);
    for incident in &truth.findings.incidents {
        assert!(incident.start >= truth.findings.eval_start && incident.end <= truth.findings.end, "{incident:?}");
        assert!(!incident.actors.is_empty() && !incident.accept.contains(&incident.kind), "{incident:?}");
    }
}
