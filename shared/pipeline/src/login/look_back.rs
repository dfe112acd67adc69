//! The retrospective pass: later logins raise the scores of earlier ones.
//!
//! A campaign shows only after several logins from one address. A login in the day before the peak of a campaign at its
//! address gets the evidence of that peak. A login in the twelve hours before a doubtful one of its session gets nearly its
//! score. A success that is too far from the user's next genuine login gets the evidence of that journey. Scores only rise,
//! and logins after the baseline do not change scores in it.

use std::ops::Range;

use rustc_hash::FxHashMap;
use weir_domain::login::LoginAttack;
use weir_domain::time::DAY_MILLIS;
use weir_features::login::{Column, DeviceLevel, PlaceLevel};

use super::pass::{Pass, Step};
use super::scorer::{LoginScorer, SESSION_DISCOUNT};
use super::table::LoginTable;

/// Raises the scores of the logins of a pass by the logins after them.
pub(super) fn look_back(table: &LoginTable, model: &LoginScorer, pass: &mut Pass) {
    // The baseline is scored with the knowledge at its end: no later login counts.
    look_back_over(pass.first..table.len(), model, pass);
    look_back_over(0..pass.first, model, pass);
}

fn look_back_over(logins: Range<usize>, model: &LoginScorer, pass: &mut Pass) {
    let mut campaigns: FxHashMap<u64, (i64, [f64; 2])> = FxHashMap::default();
    let mut genuine: FxHashMap<u64, usize> = FxHashMap::default();
    let mut sessions: FxHashMap<(u64, u64, u64), (i64, f64)> = FxHashMap::default();
    for at in logins.rev() {
        let step = &mut pass.steps[at];
        let (time, seen) = (step.sighting.time, step.sighting);
        if step.evidence.novelty >= 29 && seen.address != 0 {
            let now = [Column::AddressFanOut, Column::AddressFailures].map(|column| step.evidence.get(column));
            let later = campaigns.get(&seen.address).filter(|later| later.0 - time <= DAY_MILLIS).map(|later| later.1);
            let higher = later.filter(|later| later[0] + later[1] > now[0] + now[1]);
            campaigns.insert(seen.address, (time, higher.unwrap_or(now)));
            if let Some(height) = higher {
                let mut row = step.evidence.row().to_vec();
                row[Column::AddressFanOut as usize] = height[0];
                row[Column::AddressFailures as usize] = height[1];
                let weighed = model.mixture().weigh(&row);
                if weighed.score.get() > step.score {
                    step.score = weighed.score.get();
                    step.attack_class = if weighed.class == LoginAttack::Campaign as usize {
                        LoginAttack::Campaign
                    } else {
                        step.attack_class
                    };
                }
            }
        }
        let new_network = seen.succeeded && step.evidence.place >= PlaceLevel::Country;
        let next = genuine.get(&seen.user).filter(|_| new_network).map(|next| pass.steps[*next].sighting);
        let step = &mut pass.steps[at];
        if let Some((evidence, words)) = next.and_then(|next| step.evidence.with_journey_to(&seen, &next)) {
            step.evidence = evidence;
            step.score = step.score.max(model.mixture().weigh(evidence.row()).score.get());
            if let Ok(place) = pass.reasons.binary_search_by_key(&at, |reasons| reasons.0) {
                pass.reasons[place].1.insert(0, words);
            }
        }
        if is_genuine(step) {
            genuine.insert(seen.user, at);
        }
        let key = (seen.user, seen.address, seen.device);
        if let Some((later, score)) = sessions.get(&key)
            && later - time <= DAY_MILLIS / 2
        {
            step.score = step.score.max(score - SESSION_DISCOUNT);
        }
        sessions.insert(key, (time, step.score));
    }
}

/// Whether a login is almost certainly its user's: from a location and device that they have used before.
fn is_genuine(step: &Step) -> bool {
    step.sighting.succeeded
        && step.evidence.history_level > 0
        && step.evidence.place <= PlaceLevel::Network
        && step.evidence.device <= DeviceLevel::Upgrade
        && step.score < 0.0
}
