use std::collections::BTreeSet;

use super::*;

fn parameters(intensity: Intensity, only: &[Kind]) -> Parameters {
    Parameters { intensity, only: only.to_vec(), ..Parameters::default() }
}

fn plans(parameters: &Parameters) -> Vec<Plan> {
    let network = Network::new(parameters.seed, parameters.hosts, parameters.start);
    orders(parameters).iter().map(|order| plan(parameters, &network, order)).collect()
}

#[test]
fn every_recipe_works_at_every_strength_within_the_time_there_is() {
    for level in 1..=5 {
        let parameters = parameters(Intensity::Only(level), &[]);
        let plans = plans(&parameters);
        assert_eq!(plans.len(), RECIPES.len() * ROUNDS as usize);
        for plan in plans {
            assert_eq!(plan.intensity, level);
            assert!(!plan.conversations.is_empty(), "{} {}", plan.kind, plan.subtype);
            for conversation in &plan.conversations {
                let (from, to) = (conversation.start / 1000, conversation.end / 1000);
                assert!(from >= parameters.attacks_from() && from <= to, "{} {}", plan.kind, plan.subtype);
                assert!(to < parameters.end() - 300, "{} {}: its last minute is in the log", plan.kind, plan.subtype);
                assert_ne!(conversation.from, conversation.to, "{} {}", plan.kind, plan.subtype);
                assert!(conversation.from.host.is_some() || conversation.to.host.is_some(), "somebody logs it");
            }
        }
    }
}

#[test]
fn stronger_attacks_do_more() {
    let sizes = [1, 5].map(|level| {
        plans(&parameters(Intensity::Only(level), &[]))
            .iter()
            .map(|plan| plan.conversations.iter().map(|conversation| conversation.sent.packets).sum::<u64>())
            .collect::<Vec<_>>()
    });
    let weaker = sizes[0].iter().zip(&sizes[1]).filter(|(weak, strong)| weak >= strong).count();
    assert_eq!(weaker, 0, "{sizes:?}");
}

#[test]
fn all_strengths_take_turns_and_only_what_is_wanted_is_made() {
    let all = orders(&parameters(Intensity::All, &[]));
    let levels: BTreeSet<_> = all.iter().map(|order| order.level).collect();
    assert_eq!(levels, (1..=5).collect());
    let first = all.iter().filter(|order| order.recipe == 0).map(|order| order.level).collect::<Vec<_>>();
    assert_eq!(first, [1, 4]);
    let beacons = plans(&parameters(Intensity::All, &[Kind::Beacon]));
    assert!(beacons.len() == 4 && beacons.iter().all(|plan| plan.kind == Kind::Beacon));
    assert_eq!(orders(&Parameters { attacks: false, ..Parameters::default() }), []);
}

#[test]
fn an_attack_is_the_same_whatever_else_there_is() {
    let network = Network::new(42, 60, Parameters::default().start);
    let (alone, among) = (parameters(Intensity::All, &[Kind::Beacon]), parameters(Intensity::All, &[]));
    let order = orders(&alone)[0];
    assert!(orders(&among).contains(&order));
    let conversations = |parameters| plan(parameters, &network, &order).conversations;
    assert_eq!(conversations(&alone), conversations(&among));
}

#[test]
fn names_are_read_back() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
    assert!("scan".parse::<Kind>().unwrap_err().contains("port-scan"));
}

#[test]
fn beacons_keep_their_rhythm() {
    let network = Network::new(42, 60, Parameters::default().start);
    for plan in plans(&parameters(Intensity::Only(4), &[Kind::Beacon])) {
        let (interval, jitter) = if plan.subtype == "300s-10%" { (300.0, 0.1) } else { (120.0, 0.2) };
        for pair in plan.conversations.windows(2) {
            let gap = (pair[1].start - pair[0].start) as f64 / 1000.0;
            assert!((gap - interval).abs() <= interval * jitter + 0.01, "{} after {gap} s", plan.subtype);
        }
        assert!(
            plan.conversations
                .iter()
                .all(|conversation| network.gateway(conversation.from, conversation.to, 6).is_some())
        );
    }
}
