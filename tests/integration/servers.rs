//! Other implementations of AWS as child processes: `moto_server`, and AWS's Lambda Runtime Interface Emulator with the
//! real function. This module finds, starts and ends them, with a limit for every wait.
//!
//! Both come from the Python environment that `scripts/test` makes. Without that environment, a test that needs them
//! fails.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;

/// Longer than any of them needs to start or to answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A part of the Python environment that `scripts/test` makes. CREDENTIAL_HEALTH_VENV names another environment.
fn from_environment(find: impl Fn(&Path) -> Option<PathBuf>) -> PathBuf {
    let venv = std::env::var_os("CREDENTIAL_HEALTH_VENV")
        .map_or_else(|| Path::new(crate::harness::ROOT).join(".venv"), PathBuf::from);
    let found = find(&venv).filter(|found| found.is_file());
    found.unwrap_or_else(|| {
        panic!("the tools of this test are not in {}: run scripts/test, which puts them there", venv.display())
    })
}

/// The function: the build of the tests, or the build that CREDENTIAL_HEALTH_FUNCTION names.
fn function() -> PathBuf {
    let named = std::env::var_os("CREDENTIAL_HEALTH_FUNCTION");
    named.map_or_else(|| crate::harness::FUNCTION.into(), PathBuf::from)
}

/// A POST on a new connection. Returns the status and the body.
pub async fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: String) -> (u16, String) {
    let exchange = async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = hyper::Request::post(path).header("host", address.to_string());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("no answer from {address}{path} in time"))
}

/// A `moto_server`.
pub struct Moto {
    address: SocketAddr,
    /// The standard input. moto ends when it closes, so it also ends with this process.
    _process: Child,
}

/// `moto_server` on a port that the system chooses. It ends when its standard input closes.
const MOTO: &str = "
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(['--port', '0'])
";

impl Moto {
    /// The server of this process. Tests are separated by account.
    pub fn shared() -> &'static Moto {
        static MOTO: OnceLock<Moto> = OnceLock::new();
        MOTO.get_or_init(Moto::start)
    }

    fn start() -> Moto {
        let python = from_environment(|venv| Some(venv.join("bin/python")));
        from_environment(|venv| Some(venv.join("bin/moto_server")));
        let mut process = Command::new(python)
            .args(["-u", "-c", MOTO])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (sender, address) = mpsc::channel();
        // Reads to the end, because moto must never wait for a reader of its log.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("Running on http://") {
                    let _ = sender.send(address.trim().parse().unwrap());
                }
            }
        });
        let address = address.recv_timeout(PATIENCE).expect("moto_server starts in time");
        Moto { address, _process: process }
    }

    /// For `endpoint_url`, AWS_ENDPOINT_URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A call of a service with a JSON protocol, such as SQS, with this key. moto ignores signatures.
    pub async fn call_json(
        &self,
        service: &str,
        target: &str,
        key: &str,
        body: serde_json::Value,
    ) -> serde_json::Value {
        let scope = format!("20261123/eu-west-1/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host, Signature=0");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target),
            ("authorization", authorization.as_str()),
        ];
        let (status, answer) = post(self.address, "/", &headers, body.to_string()).await;
        assert_eq!(status, 200, "{target}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }
}

/// AWS's Runtime Interface Emulator with the `lambda` binary in it. The function starts with the first event.
pub struct Emulator {
    process: Child,
    address: SocketAddr,
    output: Vec<JoinHandle<String>>,
}

impl Emulator {
    /// Starts the emulator with only this environment.
    pub fn start(environment: &[(&str, String)]) -> Emulator {
        let [address, runtime] = own_addresses();
        let mut process = Command::new(from_environment(emulator_in))
            .args(["--runtime-interface-emulator-address", &address.to_string()])
            .args(["--runtime-api-address", &runtime.to_string()])
            .args(["--log-level", "error"])
            .arg(function())
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = vec![collect(process.stdout.take().unwrap()), collect(process.stderr.take().unwrap())];
        let mut emulator = Emulator { process, address, output };
        let listens = wait_until(|| {
            let ended = emulator.process.try_wait().unwrap();
            assert!(ended.is_none(), "the Runtime Interface Emulator ended: {ended:?}");
            [address, runtime].iter().all(|port| TcpStream::connect(port).is_ok())
        });
        assert!(listens, "the Runtime Interface Emulator does not start in time");
        emulator
    }

    /// Invokes the function with one event at a time, as a real execution environment. Returns HTTP status and answer.
    pub async fn invoke(&mut self, event: &str) -> (u16, String) {
        post(self.address, "/2015-03-31/functions/function/invocations", &[], event.to_owned()).await
    }

    /// The peak memory of the function's process so far, in KiB.
    pub fn peak_memory_kib(&self) -> u64 {
        let status = function_of(self.process.id()).expect("the function's process lives");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux reports the peak memory");
        peak.trim().trim_end_matches("kB").trim().parse().unwrap()
    }

    /// The parent of the function: for `signal_function`, which must not wait for the end of an invocation.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends SIGTERM to the function, as Lambda does in the shutdown phase. Returns whether it ended within 10 seconds.
    pub fn terminate_function(&self) -> bool {
        let function = function_of(self.process.id()).and_then(|status| field(&status, "Pid:"));
        let function = function.expect("the function's process lives");
        signal("-TERM", function);
        let lives = || {
            let status = std::fs::read_to_string(format!("/proc/{function}/status")).unwrap_or_default();
            !status.is_empty() && !status.contains("\nState:\tZ")
        };
        wait_at_most(Duration::from_secs(10), || !lives())
    }

    /// Ends the emulator. Returns everything that it and the function wrote to standard output and standard error.
    pub fn end(mut self) -> String {
        self.stop();
        self.output.drain(..).map(|reader| reader.join().unwrap()).collect()
    }

    /// The emulator ends the function. A process that does not end in time is killed.
    fn stop(&mut self) {
        let function = function_of(self.process.id()).and_then(|status| field(&status, "Pid:"));
        signal("-TERM", self.process.id());
        let ended =
            wait_at_most(Duration::from_secs(10), || self.process.try_wait().is_ok_and(|status| status.is_some()));
        if !ended {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
        if let Some(function) = function.filter(|pid| Path::new(&format!("/proc/{pid}")).exists()) {
            signal("-KILL", function);
        }
    }
}

impl Drop for Emulator {
    #[allow(clippy::print_stderr, reason = "the cause of a test's failure can stand there alone")]
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|status| status.is_none()) {
            self.stop();
        }
        if thread::panicking() {
            for reader in self.output.drain(..) {
                eprintln!("the emulator and the function wrote:\n{}", reader.join().unwrap_or_default());
            }
        }
    }
}

/// Two addresses that no other process takes before the emulator does. On Linux, each address of 127.0.0.0/8 is the
/// machine's own, so each process of the tests has one of them, by its number.
fn own_addresses() -> [SocketAddr; 2] {
    static NEXT_PORT: AtomicU16 = AtomicU16::new(9000);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let host = Ipv4Addr::new(127, 1 + high, middle, low);
    [(); 2].map(|()| (host, NEXT_PORT.fetch_add(1, Ordering::Relaxed)).into())
}

/// Sends a signal to the function in this emulator: `-STOP` freezes it, `-CONT` wakes it, and `-KILL` ends it as Lambda
/// does.
pub fn signal_function(emulator: u32, name: &str) {
    let function = function_of(emulator).and_then(|status| field(&status, "Pid:"));
    signal(name, function.expect("the function's process lives"));
}

/// The emulator is in aws-sam-cli, beside a copy for the other processor.
fn emulator_in(venv: &Path) -> Option<PathBuf> {
    let processor = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    };
    let inside = format!("site-packages/samcli/local/rapid/aws-lambda-rie-{processor}");
    let pythons = std::fs::read_dir(venv.join("lib")).ok()?.filter_map(Result::ok);
    pythons.map(|python| python.path().join(&inside)).find(|path| path.is_file())
}

/// The process whose parent is the emulator, which is the function, from Linux.
fn function_of(emulator: u32) -> Option<String> {
    let processes = std::fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let mut all = processes.filter_map(|process| std::fs::read_to_string(process.path().join("status")).ok());
    all.find(|status| field(status, "PPid:") == Some(emulator))
}

fn field(status: &str, name: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

fn signal(signal: &str, process: u32) {
    let _ = Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status();
}

/// Reads to the end, on a separate thread.
fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.read_to_end(&mut all);
        String::from_utf8_lossy(&all).into_owned()
    })
}

fn wait_until(done: impl FnMut() -> bool) -> bool {
    wait_at_most(PATIENCE, done)
}

fn wait_at_most(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if done() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
