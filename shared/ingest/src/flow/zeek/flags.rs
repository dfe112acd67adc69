//! Derives the TCP flags that each side of a connection sent, from Zeek's history or, without it, its state.

use weir_domain::flow::tcp_flag::{FIN, RST, SYN, SYN_ACK};

/// Payload was sent. Flow logs leave PSH out; here it separates connections with payload from half-open ones.
pub(super) const PSH: u8 = 8;

/// The flags of the originator and the responder; `None` where they are unknown. See the module's table.
///
/// `payload` is, for each side, whether its byte count is above zero; it is used only where there is no history.
pub(super) fn tcp_flags(state: &[u8], history: &[u8], payload: (bool, bool)) -> (Option<u8>, Option<u8>) {
    if let Some((forth, back)) = history_flags(history) {
        return (Some(forth), Some(back));
    }
    let (forth, back) = of_state(state);
    let add = |flags: Option<u8>, payload| flags.map(|f| if payload { f | PSH } else { f });
    (add(forth, payload.0), add(back, payload.1))
}

/// `None` when no letter of the history concerns flags or payload.
fn history_flags(history: &[u8]) -> Option<(u8, u8)> {
    let (mut forth, mut back, mut any) = (0, 0, false);
    for letter in history {
        let flags = match letter.to_ascii_lowercase() {
            b's' | b'q' => SYN,
            b'h' => SYN_ACK,
            b'f' => FIN,
            b'r' => RST,
            b'i' => FIN | RST,
            b'd' => PSH,
            _ => continue,
        };
        any = true;
        *(if letter.is_ascii_uppercase() { &mut forth } else { &mut back }) |= flags;
    }
    any.then_some((forth, back))
}

fn of_state(state: &[u8]) -> (Option<u8>, Option<u8>) {
    match state {
        b"S0" => (Some(SYN), None),
        b"S1" => (Some(SYN), Some(SYN_ACK)),
        b"SF" => (Some(SYN | FIN), Some(SYN_ACK | FIN)),
        b"REJ" => (Some(SYN), Some(RST)),
        b"S2" => (Some(SYN | FIN), Some(SYN_ACK)),
        b"S3" => (Some(SYN), Some(SYN_ACK | FIN)),
        b"RSTO" => (Some(SYN | RST), Some(SYN_ACK)),
        b"RSTR" => (Some(SYN), Some(SYN_ACK | RST)),
        b"RSTOS0" => (Some(SYN | RST), None),
        b"RSTRH" => (None, Some(SYN_ACK | RST)),
        b"SH" => (Some(SYN | FIN), None),
        b"SHR" => (None, Some(SYN_ACK | FIN)),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_without_history() {
        let cases: [(&str, Option<u8>, Option<u8>); 15] = [
            ("S0", Some(2), None),
            ("S1", Some(2), Some(18)),
            ("SF", Some(3), Some(19)),
            ("REJ", Some(2), Some(4)),
            ("S2", Some(3), Some(18)),
            ("S3", Some(2), Some(19)),
            ("RSTO", Some(6), Some(18)),
            ("RSTR", Some(2), Some(22)),
            ("RSTOS0", Some(6), None),
            ("RSTRH", None, Some(22)),
            ("SH", Some(3), None),
            ("SHR", None, Some(19)),
            ("OTH", None, None),
            ("", None, None),
            ("NEW", None, None),
        ];
        for (state, forth, back) in cases {
            assert_eq!(tcp_flags(state.as_bytes(), b"", (false, false)), (forth, back), "{state}");
            assert_eq!(
                tcp_flags(state.as_bytes(), b"^Cc", (false, false)),
                (forth, back),
                "{state}: letters without flags"
            );
        }
        assert_eq!(tcp_flags(b"S1", b"", (true, false)), (Some(SYN | PSH), Some(SYN_ACK)));
        assert_eq!(tcp_flags(b"OTH", b"", (true, true)), (None, None), "payload alone does not determine flags");
    }

    #[test]
    fn history_is_more_exact_than_the_state() {
        let cases = [
            ("ShADadFf", SYN | PSH | FIN, SYN_ACK | PSH | FIN),
            ("S", SYN, 0),
            ("Sr", SYN, RST),
            ("ShR", SYN | RST, SYN_ACK),
            ("ShAR", SYN | RST, SYN_ACK),
            ("^hr", 0, SYN_ACK | RST),
            ("SF", SYN | FIN, 0),
            ("Dd", PSH, PSH),
            ("SIq", SYN | FIN | RST, SYN),
            ("ShAdDtTgGwWxX", SYN | PSH, SYN_ACK | PSH),
        ];
        for (history, forth, back) in cases {
            assert_eq!(tcp_flags(b"OTH", history.as_bytes(), (true, true)), (Some(forth), Some(back)), "{history}");
        }
    }
}
