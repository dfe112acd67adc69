//! Looking back: what a login turned out to be part of.
//!
//! The first stranger at an address is nobody; after the tenth, the first was one of ten. A login of the day before a
//! campaign was at its height at the same address gets the evidence of that height, and a login of the twelve hours before
//! a doubtful one of the same session nearly its score. A success that is too far from the owner's next login at home gets
//! the evidence of that journey. Only ever upwards, and not from what is reported on into the baseline.

use std::ops::Range;

use rustc_hash::FxHashMap;
use weir_features::login::{Column, DeviceLevel, PlaceLevel};

use super::model::{LoginAttack, LoginScorer, SESSION_LOSES};
use super::pass::{Pass, Step};
use super::table::LoginTable;

const DAY: i64 = 86_400_000;
const HALF_DAY: i64 = DAY / 2;

pub(super) fn look_back(table: &LoginTable, model: &LoginScorer, pass: &mut Pass) {
    // A baseline is learned from as it was known at its end.
    look_back_over(pass.first..table.len(), model, pass);
    look_back_over(0..pass.first, model, pass);
}

fn look_back_over(logins: Range<usize>, model: &LoginScorer, pass: &mut Pass) {
    let mut campaigns: FxHashMap<u64, (i64, [f64; 2])> = FxHashMap::default();
    let mut own: FxHashMap<u64, usize> = FxHashMap::default();
    let mut sessions: FxHashMap<(u64, u64, u64), (i64, f64)> = FxHashMap::default();
    for at in logins.rev() {
        let step = &mut pass.steps[at];
        let (time, seen) = (step.sighting.time, step.sighting);
        if step.evidence.novelty >= 29 && seen.address != 0 {
            let now = [Column::AddressFanOut, Column::AddressFailures].map(|column| step.evidence.get(column));
            let later = campaigns.get(&seen.address).filter(|later| later.0 - time <= DAY).map(|later| later.1);
            let higher = later.filter(|later| later[0] + later[1] > now[0] + now[1]);
            campaigns.insert(seen.address, (time, higher.unwrap_or(now)));
            if let Some(height) = higher {
                let mut row = step.evidence.row().to_vec();
                row[Column::AddressFanOut as usize] = height[0];
                row[Column::AddressFailures as usize] = height[1];
                let weighed = model.mixture().weigh(&row);
                if weighed.score.get() > step.score {
                    step.score = weighed.score.get();
                    step.way =
                        if weighed.voice == LoginAttack::Campaign as usize { LoginAttack::Campaign } else { step.way };
                }
            }
        }
        let new_network = seen.succeeded && step.evidence.place >= PlaceLevel::Country;
        let next = own.get(&seen.user).filter(|_| new_network).map(|next| pass.steps[*next].sighting);
        let step = &mut pass.steps[at];
        if let Some((evidence, words)) = next.and_then(|next| step.evidence.with_journey_to(&seen, &next)) {
            step.evidence = evidence;
            step.score = step.score.max(model.mixture().weigh(evidence.row()).score.get());
            if let Ok(told) = pass.reasons.binary_search_by_key(&at, |told| told.0) {
                pass.reasons[told].1.insert(0, words);
            }
        }
        if is_own(step) {
            own.insert(seen.user, at);
        }
        let key = (seen.user, seen.address, seen.device);
        if let Some((later, score)) = sessions.get(&key)
            && later - time <= HALF_DAY
        {
            step.score = step.score.max(score - SESSION_LOSES);
        }
        sessions.insert(key, (time, step.score));
    }
}

/// Whether a login is surely its user's: from where, and with what, they come.
fn is_own(step: &Step) -> bool {
    step.sighting.succeeded
        && step.evidence.history_level > 0
        && step.evidence.place <= PlaceLevel::Network
        && step.evidence.device <= DeviceLevel::Upgrade
        && step.score < 0.0
}
