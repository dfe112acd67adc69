use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// One login: user, then address, network, country, client, browser, operating system and device.
type Login = (u8, [u8; 7]);

/// The published formula, evaluated over a list of earlier logins without any table of counts.
fn direct(history: &[Login], login: Login) -> f64 {
    let weights = RiskBasedAuthenticationParams::default();
    let own: Vec<&Login> = history.iter().filter(|l| l.0 == login.0).collect();
    let total = (history.len() as f64).max(1.0);
    let mut score = 1.0;
    for (first, weights) in [(0, &weights.place[..]), (3, &weights.client[..])] {
        let share = |logins: &[&Login], level: usize| {
            logins.iter().filter(|l| l.1[first + level] == login.1[first + level]).count() as f64
        };
        let all: Vec<&Login> = history.iter().collect();
        let distinct: usize = (1..weights.len())
            .map(|level| all.iter().map(|l| l.1[first + level]).collect::<std::collections::BTreeSet<_>>().len())
            .sum();
        let unseen = (1 + distinct) as f64;
        let seen = share(&all, 0);
        let finest = if seen > 0.0 { seen / total * (1.0 - unseen / (total + unseen)) } else { 1.0 / (total + unseen) };
        let everybody = weights[0] * finest
            + (1..weights.len()).map(|level| weights[level] * share(&all, level) / total).sum::<f64>();
        let user = if own.is_empty() {
            0.0
        } else {
            (0..weights.len()).map(|level| weights[level] * share(&own, level) / own.len() as f64).sum::<f64>()
        };
        score *= everybody / if user > 0.0 { user } else { everybody / 4.0 };
    }
    let users = history.iter().map(|l| l.0).collect::<std::collections::BTreeSet<_>>().len().max(1) as f64;
    (score * (1.0 / users) / ((own.len() as f64).max(1.0) / total)).ln()
}

/// The counts that the estimator takes, from the same list.
fn counts(history: &[Login], login: Login) -> RiskCounts {
    let count = |level: usize| {
        let mut value = ValueCount::default();
        for earlier in history.iter().filter(|l| l.1[level] == login.1[level]) {
            value.all_users += 1.0;
            value.user += f64::from(u8::from(earlier.0 == login.0));
        }
        value
    };
    let distinct = |level: usize| {
        let values: HashSet<u8> = history.iter().map(|l| l.1[level]).collect();
        values.len() as f64
    };
    RiskCounts {
        place: [0, 1, 2].map(count),
        client: [3, 4, 5, 6].map(count),
        coarser_places: distinct(1) + distinct(2),
        coarser_clients: distinct(4) + distinct(5) + distinct(6),
        logins: history.len() as f64,
        user_logins: history.iter().filter(|l| l.0 == login.0).count() as f64,
        users: history.iter().map(|l| l.0).collect::<std::collections::BTreeSet<_>>().len() as f64,
    }
}

fn fitted() -> RiskBasedAuthentication {
    RiskBasedAuthenticationParams::default().check().unwrap()
}

proptest! {
    #[test]
    fn it_is_the_published_formula(
        history in prop::collection::vec((0u8..5, prop::array::uniform7(0u8..4)), 0..40),
        login in (0u8..6, prop::array::uniform7(0u8..5)),
    ) {
        let score = fitted().score(&counts(&history, login)).get();
        prop_assert!((score - direct(&history, login)).abs() < 1e-12, "{score} {}", direct(&history, login));
    }
}

#[test]
fn what_is_new_to_the_user_is_riskier() {
    let history: Vec<Login> = (0..40).map(|i| (i % 4, [i % 4; 7])).collect();
    let score = |login| fitted().score(&counts(&history, login)).get();
    assert!(score((1, [1; 7])) < score((1, [1, 1, 1, 2, 2, 2, 2])));
    assert!(score((1, [1, 1, 1, 2, 2, 2, 2])) < score((1, [2; 7])));
}

#[test]
fn weights_must_be_weights() {
    let params = RiskBasedAuthenticationParams::default();
    assert!(params.check().is_ok());
    for place in [[0.5, 0.5, 0.5], [f64::NAN, 0.5, 0.5], [-0.5, 1.0, 0.5]] {
        assert!(RiskBasedAuthenticationParams { place, ..params }.check().is_err(), "{place:?}");
    }
}

#[test]
fn it_survives_being_stored_and_then_scores() {
    let bytes = postcard::to_allocvec(&fitted()).unwrap();
    let read: RiskBasedAuthentication = postcard::from_bytes(&bytes).unwrap();
    let counts = counts(&[(1, [1; 7]), (2, [2; 7])], (1, [2; 7]));
    assert_eq!(read.score(&counts), fitted().score(&counts));
    let broken = RiskBasedAuthenticationParams { place: [1.0; 3], ..RiskBasedAuthenticationParams::default() };
    assert!(postcard::from_bytes::<RiskBasedAuthentication>(&postcard::to_allocvec(&broken).unwrap()).is_err());
}

#[test]
fn nonsense_counts_give_a_finite_score() {
    let nonsense = ValueCount { all_users: f64::NAN, user: f64::INFINITY };
    let counts = RiskCounts { place: [nonsense; 3], logins: -1.0, user_logins: f64::NAN, ..RiskCounts::default() };
    assert!(fitted().score(&counts).get().is_finite());
}
