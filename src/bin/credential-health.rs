//! The command line.

use std::process::ExitCode;

use clap::Parser;
use credential_health::cli::{Arguments, run};

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(Arguments::parse()).await
}
