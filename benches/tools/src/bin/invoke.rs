//! Starts a function as Lambda does, with a local Runtime API, sends it events one after the other, and prints the time
//! of each step as JSON: milliseconds from the start of the process to its first request for an event, and from each
//! event to its answer, with the CPU milliseconds of each; peak memory in bytes.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bench_tools::{Connection, Request};
use clap::Parser;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

#[derive(Parser)]
struct Settings {
    /// The function.
    function: PathBuf,
    /// The number of events.
    #[arg(long, default_value_t = 1)]
    events: usize,
    /// A control group for the function from its first event on, because Lambda limits its CPU from then on.
    #[arg(long)]
    cgroup: Option<PathBuf>,
}

/// A request of the function, and the channel for its answer: further headers and the body.
type Asked = (Request, Sender<(String, &'static str)>);

/// Longer than any start or invocation.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::parse();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (asked, requests) = channel();
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| connected(stream, asked.clone())));
    let mut command = Command::new(&settings.function);
    command
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let started = Instant::now();
    let mut child = command.spawn()?;
    let steps = steps(&settings, &child, started, &requests);
    child.kill()?;
    child.wait()?;
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() * 1024;
    println!("{}", json!({ "steps": steps?, "peak_bytes": peak }));
    Ok(())
}

/// The start and each invocation.
fn steps(
    settings: &Settings,
    child: &Child,
    started: Instant,
    requests: &Receiver<Asked>,
) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let (request, mut reply) = requests.recv_timeout(PATIENCE)?;
    let mut used = cpu(child.id());
    let mut steps = vec![json!({ "ms": milliseconds(request.received - started), "cpu_ms": milliseconds(used) })];
    if let Some(cgroup) = &settings.cgroup {
        std::fs::write(cgroup.join("cgroup.procs"), child.id().to_string())?;
    }
    for number in 0..settings.events {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let headers = format!(
            "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-{number:012}\r\n\
             Lambda-Runtime-Deadline-Ms: {}\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:111111111111:function:bench\r\n",
            now + PATIENCE.as_millis()
        );
        let sent = Instant::now();
        reply.send((headers, "{}"))?;
        let (answer, answered) = requests.recv_timeout(PATIENCE)?;
        if !answer.path.ends_with("/response") {
            return Err(format!("{} {}: {}", answer.method, answer.path, String::from_utf8_lossy(&answer.body)).into());
        }
        let until = cpu(child.id());
        steps.push(
            json!({ "ms": milliseconds(answer.received - sent), "cpu_ms": milliseconds(until.saturating_sub(used)) }),
        );
        answered.send((String::new(), ""))?;
        (_, reply) = requests.recv_timeout(PATIENCE)?;
        used = cpu(child.id());
    }
    Ok(steps)
}

/// Forwards the requests of a connection, and sends the answers.
fn connected(stream: TcpStream, asked: Sender<Asked>) {
    stream.set_nodelay(true).ok();
    let mut connection = Connection::new(stream);
    thread::spawn(move || {
        while let Ok(Some(request)) = connection.request() {
            let status = if request.method == "GET" { "200 OK" } else { "202 Accepted" };
            let (reply, answer) = channel();
            if asked.send((request, reply)).is_err() {
                return;
            }
            let Ok((headers, body)) = answer.recv() else { return };
            if connection.answer(status, &headers, body).is_err() {
                return;
            }
        }
    });
}

/// The CPU time of all threads of a process so far, to the nanosecond.
fn cpu(process: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.map(|thread| on_cpu(&thread.path())).sum()
}

fn on_cpu(thread: &Path) -> Duration {
    let statistics = std::fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let nanoseconds = statistics.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
