//! A service as a protocol and port, and the lists of services that ask for credentials.
//!
//! The detections of single windows and those of long windows use different lists. A long window sees slow attacks only, and
//! leaves out services where programs authenticate all day.

use crate::bounded::Priority;
use crate::distinct::stable_hash;
use crate::flow::{TCP, UDP};

/// A protocol and the responder's port on it (0 where the protocol has none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Service {
    /// IANA protocol number.
    pub protocol: u8,
    /// The responder's port.
    pub port: u16,
}

/// Ports where people and administrators log in: FTP, SSH, telnet, SMB, rexec, rlogin, rsh, RDP, VNC, `WinRM`, and the usual
/// alternatives of SSH and telnet.
const INTERACTIVE: [u16; 14] = [21, 22, 23, 445, 512, 513, 514, 2222, 2323, 3389, 5900, 5901, 5985, 5986];

/// Ports where programs log in: mail, Kerberos, LDAP, databases.
const PROGRAMS: [u16; 21] = [
    25, 88, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 3268, 3306, 5432, 5439, 6379, 9042, 9200, 11211, 27017,
];

/// SIP: telephones register here, over UDP or TCP.
const SIP: u16 = 5060;

/// Ports of remote administration where a slow brute force is looked for: FTP, SSH, telnet, RDP, VNC, `WinRM`.
const REMOTE_ADMINISTRATION: [u16; 8] = [21, 22, 23, 3389, 5900, 5901, 5985, 5986];

/// Ports where programs inside a network authenticate all day: SMB and databases.
const INTERNAL_PROGRAMS: [u16; 7] = [139, 445, 1433, 1521, 3306, 5432, 6379];

impl Service {
    /// Whether people log in here: FTP, SSH, telnet, SMB, RDP, VNC, `WinRM`, over TCP.
    #[must_use]
    pub fn is_interactive_login(self) -> bool {
        self.protocol == TCP && INTERACTIVE.contains(&self.port)
    }

    /// Whether programs log in here: mail, Kerberos, LDAP, databases, over TCP.
    #[must_use]
    pub fn is_program_login(self) -> bool {
        self.protocol == TCP && PROGRAMS.contains(&self.port)
    }

    /// Whether this is SIP, over UDP or TCP.
    #[must_use]
    pub fn is_sip(self) -> bool {
        matches!(self.protocol, TCP | UDP) && self.port == SIP
    }

    /// Whether the service asks for credentials: an [interactive](Self::is_interactive_login) or a
    /// [program](Self::is_program_login) login, or SIP over UDP. SIP over TCP counts for clients from outside only, see
    /// [`is_sip`](Self::is_sip).
    #[must_use]
    pub fn is_authentication_service(self) -> bool {
        self.is_interactive_login() || self.is_program_login() || (self.protocol == UDP && self.is_sip())
    }

    /// Whether this is remote administration, over TCP. A narrower list than
    /// [`is_interactive_login`](Self::is_interactive_login): no SMB, no r-commands, no alternative ports.
    #[must_use]
    pub fn is_remote_administration(self) -> bool {
        self.protocol == TCP && REMOTE_ADMINISTRATION.contains(&self.port)
    }

    /// Whether programs inside a network authenticate here all day, over TCP: SMB and databases.
    #[must_use]
    pub fn is_internal_program_login(self) -> bool {
        self.protocol == TCP && INTERNAL_PROGRAMS.contains(&self.port)
    }

    /// Whether long windows look here for a slow brute force: [remote administration](Self::is_remote_administration) or
    /// [programs inside](Self::is_internal_program_login).
    #[must_use]
    pub fn is_long_window_authentication_service(self) -> bool {
        self.is_remote_administration() || self.is_internal_program_login()
    }
}

impl Priority for Service {
    fn priority(&self) -> u64 {
        let [a, b] = self.port.to_le_bytes();
        stable_hash(&[self.protocol, a, b])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_lists_of_authentication_services_differ() {
        let service = |protocol, port| Service { protocol, port };
        let both = |protocol, port| {
            let service = service(protocol, port);
            (service.is_authentication_service(), service.is_long_window_authentication_service())
        };
        assert_eq!([both(TCP, 22), both(TCP, 445), both(TCP, 5432)], [(true, true); 3]);
        assert_eq!([both(TCP, 2222), both(TCP, 25), both(UDP, 5060)], [(true, false); 3]);
        assert_eq!(both(TCP, 139), (false, true));
        assert_eq!([both(TCP, 443), both(UDP, 22), both(TCP, 5060)], [(false, false); 3]);
        assert!(service(TCP, 5060).is_sip() && service(UDP, 5060).is_sip() && !service(1, 5060).is_sip());
        assert!(service(TCP, 23).is_interactive_login() && !service(TCP, 25).is_interactive_login());
    }
}
