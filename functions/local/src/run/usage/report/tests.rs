use jiff::tz::TimeZone;
use weir_pipeline::usage::{UsageOptions, analyse};

use super::*;

fn report(name: &str, values: Vec<Option<f64>>) -> String {
    let keys = vec![("region".to_owned(), name.to_owned())];
    let series = [
        UsageSeries { metric: "bytes".into(), keys, start: 1_709_510_400, step: 1800, values },
        UsageSeries {
            metric: "bytes".into(),
            keys: vec![("region".into(), "b".into())],
            start: 1_709_510_400,
            step: 1800,
            values: vec![Some(1.0); 3],
        },
    ];
    let analysis = analyse(&series, &UsageOptions::default()).unwrap();
    page(&analysis, &series, &Clock { zone: TimeZone::UTC })
}

#[test]
fn names_from_logs_are_escaped_and_the_page_loads_nothing() {
    let values = (0..700).map(|at| Some(f64::from(at % 48 + 1 + 900 * i32::from(at == 600)))).collect();
    let page = report("<script>alert(1)</script>\"'\u{202e}&", values);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;") && page.contains("\\u{202e}"));
    for word in ["http://", "https://", "src=", "href=", "javascript", "url(", "NaN", "inf"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("class=\"found\"") && page.contains("class=\"cell\"") && page.contains("class=\"band\""));
}

#[test]
fn gaps_interrupt_the_line_and_extreme_series_have_finite_coordinates() {
    let mut values: Vec<Option<f64>> = (0..300).map(|at| Some(f64::from(at % 48))).collect();
    values[100..150].fill(None);
    let page = report("a", values);
    let path = page.split("class=\"measured\" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(path.matches('M').count(), 2, "interrupted once");
    for values in [vec![], vec![Some(0.0)], [Some(1e100), Some(-1e100)].repeat(2000), vec![Some(7.0); 5000]] {
        assert!(!report("a", values).contains("NaN"));
    }
}
