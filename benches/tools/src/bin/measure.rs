//! Runs a command and prints its cost as JSON: seconds of wall and CPU time, peak memory. The kernel counts for a child
//! of this small process, because the peak memory of a child includes that of its parent before exec.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().ok_or("measure COMMAND [ARGUMENT...]")?;
    let started = Instant::now();
    let status = Command::new(command).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let wall = started.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds =
        |time: TimeVal| std::time::Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000).as_secs_f64();
    let measured = serde_json::json!({
        "wall": wall.as_secs_f64(),
        "user": seconds(usage.user_time()),
        "system": seconds(usage.system_time()),
        "peak_bytes": usage.max_rss() * 1024,
        "status": status.code(),
    });
    println!("{measured}");
    Ok(ExitCode::SUCCESS)
}
