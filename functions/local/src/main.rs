//! `weir`: anomaly detection for cloud logs on the command line.
//!
//! It runs the same pipeline as the Lambda functions, on folders instead of buckets. [`arguments`] defines the command line and
//! [`run`] executes it, one file or folder per verb. `log_files` finds input files; `progress` and `output` write to the terminal.

mod arguments;
mod log_files;
mod output;
mod progress;
mod run;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match run::run(arguments::Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("weir: {}", output::escape(&format!("{error:#}")));
            ExitCode::from(2)
        }
    }
}
