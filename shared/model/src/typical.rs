//! The baseline: the median and the 95th percentile of every feature.

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::TypicalRange;

use crate::error::FitError;
use crate::scaling::robust::quantile;

/// The usual range of every feature of a matrix, in the order of its schema. Quantiles are interpolated linearly
/// (type 7 of Hyndman & Fan 1996). O(rows · log rows) per feature.
///
/// # Errors
/// When the matrix has no row or no feature.
pub fn typical_ranges(matrix: &FeatureMatrix) -> Result<Vec<TypicalRange>, FitError> {
    if matrix.width() == 0 {
        return Err(FitError::NoFeatures);
    }
    if matrix.is_empty() {
        return Err(FitError::TooFewRows { needed: 1, got: 0 });
    }
    Ok((0..matrix.width())
        .map(|feature| {
            let mut column = matrix.column(feature);
            column.sort_unstable_by(f64::total_cmp);
            TypicalRange { median: quantile(&column, 0.5), high: quantile(&column, 0.95) }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::schema;

    #[test]
    fn quantiles_per_feature() {
        let mut matrix = FeatureMatrix::new(schema(1));
        assert!(typical_ranges(&matrix).is_err());
        (0..=100).for_each(|i| matrix.push(&[f64::from(i)]).unwrap());
        assert_eq!(typical_ranges(&matrix), Ok(vec![TypicalRange { median: 50.0, high: 95.0 }]));
    }
}
