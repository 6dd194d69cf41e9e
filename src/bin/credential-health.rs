//! The command line.

use std::process::ExitCode;

use clap::Parser;
use credential_health::cli::{Arguments, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(Arguments::parse()).await
}
