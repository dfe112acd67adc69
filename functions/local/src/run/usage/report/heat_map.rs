//! The baseline of a series by hour and weekday, as an SVG heat map.

use maud::{Markup, html};

use crate::run::usage::format::{number, weekday};

/// Size of a cell and left margin for labels, in SVG units.
const WIDTH: usize = 34;
const HEIGHT: usize = 14;
const LEFT: usize = 40;

/// A heat map of 168 hours from Monday midnight. Hours without a value stay blank.
pub(super) fn week(hours: &[Option<f64>]) -> Markup {
    let values = || hours.iter().flatten().copied();
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let shade = |value: f64| {
        let share = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        0.06 + 0.94 * if share.is_finite() { share } else { 0.5 }
    };
    let bottom = 7 * HEIGHT;
    html! {
        svg viewBox=(format!("0 0 {} {}", LEFT + 24 * WIDTH, bottom + 14)) role="img" {
            @for day in 0..7 {
                text x=(LEFT - 6) y=(day * HEIGHT + 11) text-anchor="end" { (weekday(day)) }
                @for hour in 0..24 {
                    @if let Some(Some(value)) = hours.get(day * 24 + hour) {
                        rect.cell x=(LEFT + hour * WIDTH) y=(day * HEIGHT) width=(WIDTH - 1) height=(HEIGHT - 1)
                             fill-opacity=(format!("{:.2}", shade(*value))) {
                            title { (weekday(day)) " " (format!("{hour:02}:00")) ": " (number(*value)) }
                        }
                    }
                }
            }
            @for hour in (0..24).step_by(3) {
                text x=(LEFT + hour * WIDTH) y=(bottom + 12) { (format!("{hour:02}:00")) }
            }
        }
    }
}
