//! The command line.

use std::process::ExitCode;

use clap::Parser;
use credential_health::cli::{Arguments, run, without_empty_variables};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match without_empty_variables() {
        Some(status) => status,
        None => run(Arguments::parse()).await,
    }
}
