//! Devices of users, and the user agents they send.

use crate::random::{Stream, hash};

/// What a device runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Platform {
    Windows,
    Mac,
    Linux,
    Iphone,
    Android,
    /// A script, with the name of its HTTP library.
    Script(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Browser {
    Chrome,
    Edge,
    Firefox,
    Safari,
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) platform: Platform,
    pub(crate) browser: Browser,
    /// Weeks by which its browser is behind the newest version.
    pub(crate) lag: i64,
    /// Its number, from which the device id is derived.
    pub(crate) number: u64,
}

/// The description of a device in a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceDescription {
    pub(crate) user_agent: String,
    pub(crate) browser: String,
    pub(crate) system: String,
    pub(crate) kind: &'static str,
}

impl Device {
    /// A random device of a user.
    pub(crate) fn new(stream: &mut Stream, phone: bool) -> Self {
        let roll = stream.unit();
        let (platform, browser) = match (phone, roll) {
            (true, r) if r < 0.5 => (Platform::Iphone, Browser::Safari),
            (true, r) if r < 0.93 => (Platform::Android, Browser::Chrome),
            (true, _) => (Platform::Android, Browser::Firefox),
            (false, r) if r < 0.38 => (Platform::Windows, Browser::Chrome),
            (false, r) if r < 0.58 => (Platform::Windows, Browser::Edge),
            (false, r) if r < 0.64 => (Platform::Windows, Browser::Firefox),
            (false, r) if r < 0.79 => (Platform::Mac, Browser::Chrome),
            (false, r) if r < 0.92 => (Platform::Mac, Browser::Safari),
            (false, r) if r < 0.96 => (Platform::Linux, Browser::Firefox),
            (false, _) => (Platform::Linux, Browser::Chrome),
        };
        Self { platform, browser, lag: stream.below(5) as i64, number: stream.below(u64::MAX) }
    }

    /// A random script.
    pub(crate) fn script(stream: &mut Stream) -> Self {
        let name = ["python-requests", "Go-http-client", "okhttp", "curl"];
        let name = stream.pick(&name).copied().unwrap_or("curl");
        Self { platform: Platform::Script(name), browser: Browser::Chrome, lag: 0, number: stream.below(u64::MAX) }
    }

    /// The device id in logs: twelve hexadecimal digits.
    pub(crate) fn id(&self) -> String {
        format!("{:012x}", hash(self.number, "device", 0) >> 16)
    }

    /// The description on a day of the simulation. Browsers get a new version every four weeks.
    pub(crate) fn description(&self, day: i64) -> DeviceDescription {
        let version = 132 + (day + 14 - 7 * self.lag).div_euclid(28);
        let safari = format!("18.{}", (3 + (day - 7 * self.lag).div_euclid(56)).max(0));
        let (token, system, kind) = match self.platform {
            Platform::Windows => ("Windows NT 10.0; Win64; x64", "Windows 10", "desktop"),
            Platform::Mac => ("Macintosh; Intel Mac OS X 10_15_7", "Mac OS X 10.15.7", "desktop"),
            Platform::Linux => ("X11; Linux x86_64", "Linux", "desktop"),
            Platform::Iphone => ("iPhone; CPU iPhone OS 18_3 like Mac OS X", "iOS 18.3", "mobile"),
            Platform::Android => ("Linux; Android 14; K", "Android 14", "mobile"),
            Platform::Script(name) => {
                let version = match name {
                    "python-requests" => "2.32.3",
                    "Go-http-client" => "2.0",
                    "okhttp" => "4.12.0",
                    _ => "8.5.0",
                };
                return DeviceDescription {
                    user_agent: format!("{name}/{version}"),
                    browser: format!("{name} {version}"),
                    system: "Other".to_owned(),
                    kind: "bot",
                };
            }
        };
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let (user_agent, browser) = match self.browser {
            Browser::Chrome => {
                let mobile = if kind == "mobile" { " Mobile" } else { "" };
                let agent = format!("Mozilla/5.0 ({token}) {webkit} Chrome/{version}.0.0.0{mobile} Safari/537.36");
                (agent, format!("Chrome {version}.0.0"))
            }
            Browser::Edge => {
                let agent =
                    format!("Mozilla/5.0 ({token}) {webkit} Chrome/{version}.0.0.0 Safari/537.36 Edg/{version}.0.0.0");
                (agent, format!("Edge {version}.0.0"))
            }
            Browser::Firefox => {
                let version = version + 2;
                let agent = format!("Mozilla/5.0 ({token}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0");
                (agent, format!("Firefox {version}.0"))
            }
            Browser::Safari => {
                let mobile = if kind == "mobile" { " Mobile/15E148" } else { "" };
                let webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
                let agent = format!("Mozilla/5.0 ({token}) {webkit} Version/{safari}{mobile} Safari/604.1");
                (agent, format!("Safari {safari}"))
            }
        };
        DeviceDescription { user_agent, browser, system: system.to_owned(), kind }
    }
}
