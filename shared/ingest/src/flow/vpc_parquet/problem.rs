//! Errors of Parquet flow logs.

use crate::error::Problem;
use crate::parquet_guard::Refused;

pub(super) fn damaged(problem: &str) -> Problem {
    Problem::DamagedFile { format: "Parquet", problem: problem.to_owned() }
}

pub(super) fn other(problem: &str) -> Problem {
    Problem::NotThisFormat { format: "flow log in Parquet", problem: problem.to_owned() }
}

pub(super) fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Io(error) => Problem::Io(error),
        Refused::Claim(claim) => damaged(&claim),
    }
}
