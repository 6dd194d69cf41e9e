//! The handle of the stand-in: starts, stops and scripts the server, and returns its records. The server has separate
//! threads, so that a busy runtime of a test does not slow it. Other modules decide the meaning of calls.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
};

use super::{
    connection,
    credentials::Credentials,
    fault::{Fault, Limit, Script},
    journal::{self, Call, Journal},
    message::{Delivery, Message},
    world::World,
};

/// A running stand-in. Dropping it ends it and every open connection.
pub struct StandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

/// The state that the connections share.
pub(super) struct Shared {
    state: Mutex<State>,
    started: Instant,
    /// Increased when every connection must be dropped.
    pub dropped: watch::Sender<usize>,
}

pub(super) struct State {
    pub world: World,
    pub script: Script,
    pub journal: Journal,
    pub latency: Duration,
    pub connections: usize,
    pub open: usize,
    pub requests: u64,
}

impl Shared {
    /// Locked only briefly, and never across an await.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl StandIn {
    /// Starts on a free port of the loopback interface. It accepts connections when this function returns.
    ///
    /// # Panics
    /// If the machine has no free port or thread.
    pub async fn start(world: World) -> StandIn {
        let state = State {
            world,
            script: Script::default(),
            journal: Journal::default(),
            latency: Duration::ZERO,
            connections: 0,
            open: 0,
            requests: 0,
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), started: Instant::now(), dropped: watch::Sender::new(0) });
        let started = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("stand-in").enable_all().build()?;
            let guard = runtime.enter();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            drop(guard);
            runtime.spawn(connection::accept(listener, Arc::clone(&shared)));
            Ok((address, runtime))
        });
        match started {
            Ok((address, runtime)) => StandIn { shared, address, runtime: Some(runtime) },
            Err(error) => panic!("the stand-in cannot start: {error}"),
        }
    }

    /// The value for `endpoint_url` or AWS_ENDPOINT_URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment variables with which a process uses the stand-in as this caller.
    pub fn environment(&self, credentials: &Credentials, region: &str) -> Vec<(&'static str, String)> {
        let mut variables = credentials.environment();
        variables.push(("AWS_ENDPOINT_URL", self.url()));
        variables.push(("AWS_REGION", region.to_owned()));
        variables
    }

    /// Reads or changes the world while the stand-in runs.
    pub fn world<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.shared.state().world)
    }

    /// Every call since the start or the last reset, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().journal.calls(self.shared.elapsed())
    }

    /// The calls of one action.
    pub fn calls_of(&self, action: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.action == action).collect()
    }

    /// The highest number of concurrent calls.
    pub fn most_at_once(&self) -> usize {
        journal::most_at_once(&self.calls())
    }

    pub fn reset_calls(&self) {
        self.shared.state().journal.reset();
    }

    /// The number of connections since the start.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Drops every open connection, as a server does with idle connections. Returns when all are closed.
    pub fn drop_connections(&self) {
        self.shared.dropped.send_modify(|times| *times += 1);
        while self.shared.state().open > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The deliveries of a topic, in order.
    pub fn messages(&self, topic: &str) -> Vec<Message> {
        self.shared.state().world.topics.get(topic).map(|topic| topic.messages.clone()).unwrap_or_default()
    }

    /// The deliveries to a subscriber of this protocol: `email`, `sqs`, `lambda`, …
    pub fn deliveries(&self, topic: &str, protocol: &str) -> Vec<Delivery> {
        self.messages(topic).iter().map(|message| message.delivery(protocol)).collect()
    }

    /// Adds a scripted fault.
    pub fn script(&self, fault: Fault) {
        self.shared.state().script.add(fault);
    }

    /// Each account may call this service (`sts`, `iam`, `sns`) only this often.
    pub fn limit(&self, service: &'static str, limit: Limit) {
        self.shared.state().script.limit(service, limit);
    }

    /// Removes all scripted faults.
    pub fn clear_script(&self) {
        self.shared.state().script.clear();
    }

    /// Every answer takes at least this long.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.state().latency = latency;
    }

    /// The offset of the server's clock from the machine's: in `Date`, in the signature's window, in issuing and
    /// expiring. A positive offset makes the caller's clock look slow.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.shared.state().world.clock.offset = offset;
    }

    /// Lets time pass for everything that was issued or delivered so far: sessions approach their end and FIFO windows
    /// close. The clock itself stays, so that signatures, `Date` and new sessions do not change.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.shared.state().world.age(by);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // A test's runtime does not allow waiting for the threads, and it is not necessary.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
