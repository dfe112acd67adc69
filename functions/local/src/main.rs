//! `weir`: anomaly detection over cloud logs, on a laptop.
//!
//! The same use cases that run as Lambda functions, over folders. `arguments` is what may be typed, `run` does it, one
//! module per verb; `inputs` finds the log files, `progress` and `output` are what a person sees.

mod arguments;
mod inputs;
mod output;
mod progress;
mod run;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match run::run(arguments) {
        Ok(code) => code,
        Err(error) => {
            anstream::eprintln!("weir: {}", output::escape(&format!("{error:#}")));
            ExitCode::from(2)
        }
    }
}
