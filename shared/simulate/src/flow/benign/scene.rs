//! A window of five minutes as an actor sees it: its hosts, its random numbers and times, and the conversations it adds.

use crate::flow::conversation::{Conversation, Endpoint, UDP, Volume};
use crate::flow::log::FILE_MILLIS;
use crate::flow::network::{Network, Tier};
use crate::flow::parameters::Parameters;
use crate::random::{Stream, hash};

/// A window of five minutes as an actor sees it.
pub(crate) struct Scene<'a> {
    /// Parameters of the simulation.
    pub(crate) parameters: &'a Parameters,
    /// The network.
    pub(crate) network: &'a Network,
    /// Start of the window, milliseconds since the epoch.
    pub(crate) start: i64,
    /// Random numbers of the window.
    pub(crate) stream: Stream,
    /// True in the first window, in which long-running activity has to start.
    pub(super) first: bool,
    pub(super) out: &'a mut Vec<Conversation>,
}

impl Scene<'_> {
    /// Seconds since the epoch at the window's start.
    pub(crate) fn seconds(&self) -> i64 {
        self.start / 1000
    }

    /// How many times 60 hosts the network has.
    pub(crate) fn size(&self) -> f64 {
        self.parameters.hosts as f64 / 60.0
    }

    /// The hosts of a tier that run.
    pub(crate) fn tier(&self, tier: Tier) -> Vec<u16> {
        self.network.tier(tier, self.seconds())
    }

    /// One host of a tier.
    pub(crate) fn one(&mut self, tier: Tier) -> Option<Endpoint> {
        let hosts = self.tier(tier);
        self.stream.pick(&hosts).map(|&id| self.network.endpoint(id))
    }

    /// A hash that is stable for a host and a habit.
    pub(crate) fn habit(&self, what: &str, host: u16) -> u64 {
        hash(self.parameters.seed, what, u64::from(host))
    }

    /// Random times in the window, milliseconds; their number is Poisson-distributed with the given mean.
    pub(crate) fn moments(&mut self, mean: f64) -> Vec<i64> {
        (0..self.stream.poisson(mean)).map(|_| self.start + self.stream.between(0, FILE_MILLIS - 1)).collect()
    }

    /// The times of a periodic activity that fall into the window, milliseconds; `phase` is any one of its times.
    pub(crate) fn regularly(&self, period: i64, phase: u64) -> Vec<i64> {
        every(period, (phase % period.max(1) as u64) as i64, self.start, self.start + FILE_MILLIS)
    }

    /// Like `regularly`, for an activity that lasts until its next time: the first window also has the one in progress.
    pub(crate) fn generations(&self, period: i64, phase: u64) -> Vec<i64> {
        let from = if self.first { self.start - period } else { self.start };
        every(period, (phase % period.max(1) as u64) as i64, from, self.start + FILE_MILLIS)
    }

    /// Adds a conversation.
    pub(crate) fn add(&mut self, conversation: Conversation) {
        self.out.push(conversation);
    }

    /// Adds a closed TCP connection from a random port.
    pub(crate) fn tcp(
        &mut self,
        at: i64,
        milliseconds: f64,
        ends: (Endpoint, Endpoint),
        port: u16,
        payload: (f64, f64),
    ) {
        let own = self.stream.ephemeral_port();
        let payload = (payload.0 as u64, payload.1 as u64);
        self.add(Conversation::tcp(at, milliseconds as i64, ends.0, ends.1, (own, port), payload));
    }

    /// Adds a request and its response, one datagram each.
    pub(crate) fn question(&mut self, at: i64, ends: (Endpoint, Endpoint), ports: (u16, u16), bytes: (u64, u64)) {
        let milliseconds = self.stream.between(1, 60);
        let volume = |bytes| Volume { packets: 1, bytes };
        let (sent, received) = (volume(bytes.0), volume(bytes.1));
        self.add(Conversation::datagrams(at, milliseconds, ends, (UDP, ports.0, ports.1), sent, received));
    }
}

/// The times `phase` + k × `period` from one time on, before another.
fn every(period: i64, phase: i64, from: i64, to: i64) -> Vec<i64> {
    let period = period.max(1);
    let first = phase + (from - phase + period - 1).div_euclid(period) * period;
    (first..to).step_by(period as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_regular_happens_once_a_period_whatever_the_window() {
        let windows =
            (0..40).flat_map(|w| every(70_000, 12_345, w * FILE_MILLIS, (w + 1) * FILE_MILLIS)).collect::<Vec<_>>();
        assert_eq!(windows, every(70_000, 12_345, 0, 40 * FILE_MILLIS));
        assert_eq!(windows[..2], [12_345, 82_345]);
        assert_eq!(every(10, 5, 5, 16), [5, 15]);
    }
}
