//! Parses a user agent into browser, major version and operating system.
//!
//! The result is enough to tell a new version of a browser from another browser. There is no database of patterns: the tokens
//! are those that browsers have used for twenty years, in the order in which they shadow each other (Edge contains `Chrome`,
//! Chrome contains `Safari`, all contain `Mozilla`).

/// A client, as its user agent describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client<'a> {
    /// The browser or program.
    pub browser: &'a str,
    /// Its major version; 0 where it is unknown.
    pub version: u16,
    /// The operating system without its version; empty where it is unknown.
    pub system: &'a str,
}

/// The tokens and names of browsers, those that shadow others first.
const BROWSERS: [(&str, &str); 14] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("MSIE ", "Internet Explorer"),
    ("Trident/", "Internet Explorer"),
];

/// The tokens and names of operating systems, those that shadow others first.
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

impl<'a> Client<'a> {
    /// Parses a user agent. O(length), which the log readers cap.
    #[must_use]
    pub fn from_user_agent(user_agent: &'a str) -> Self {
        let system = SYSTEMS.iter().find(|(token, _)| user_agent.contains(token)).map_or("", |(_, name)| name);
        for (token, name) in BROWSERS {
            if let Some((_, rest)) = user_agent.split_once(token) {
                return Self { browser: name, version: major(rest), system };
            }
        }
        // `curl/8.4.0`, `aws-cli/2.13 …`, `[Boto3/1.26 …]`: a program and its version.
        let first = user_agent.trim_start_matches('[').split([' ', ';', ']']).next().unwrap_or_default();
        let (browser, version) = first.split_once('/').unwrap_or((first, ""));
        Self { browser, version: major(version), system }
    }

    /// Parses columns of a log that has separated browser and system already: `Chrome Mobile 119.0.0`, `Windows 10`.
    #[must_use]
    pub fn from_columns(browser: &'a str, system: &'a str) -> Self {
        let (browser, version) = name_and_version(browser);
        Self { browser, version, system: name_and_version(system).0 }
    }
}

/// `Mac OS X 10.15.7` is `Mac OS X` and 10.
fn name_and_version(text: &str) -> (&str, u16) {
    match text.trim_end().rsplit_once([' ', '/']) {
        Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => (name, major(version)),
        _ => (text, 0),
    }
}

fn major(text: &str) -> u16 {
    let digits = text.bytes().take_while(u8::is_ascii_digit).take(6);
    digits.fold(0u32, |number, digit| number * 10 + u32::from(digit - b'0')).min(u32::from(u16::MAX)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_that_contain_the_tokens_of_others() {
        let check = |agent: &'static str, browser, version, system| {
            assert_eq!(Client::from_user_agent(agent), Client { browser, version, system }, "{agent}");
        };
        check(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36 Edg/117.0.0.0",
            "Edge",
            117,
            "Windows",
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
            "Safari",
            17,
            "iOS",
        );
        check(
            "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/22.0 Chrome/115.0 Mobile Safari/537.36",
            "Samsung Internet",
            22,
            "Android",
        );
        check("python-requests/2.31.0", "python-requests", 2, "");
        check("[Boto3/1.26.104 Python/3.10.6 Linux/5.15]", "Boto3", 1, "Linux");
        check("", "", 0, "");
        check("x/99999999999", "x", 65535, "");
    }

    #[test]
    fn columns_are_parsed() {
        let client = Client::from_columns("Chrome Mobile iOS 117.0.6099", "Mac OS X 10.15.7");
        assert_eq!(client, Client { browser: "Chrome Mobile iOS", version: 117, system: "Mac OS X" });
        assert_eq!(Client::from_columns("Other", ""), Client { browser: "Other", version: 0, system: "" });
    }
}
