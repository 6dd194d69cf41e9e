//! The stand-in's handle: starts and stops the server, scripts it, and tells what it saw. It lives on threads of its
//! own, so that a test's runtime, however busy, does not slow it. What a call means is decided in the other rooms.

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

/// A running stand-in; dropping it ends it and every open connection.
pub struct StandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

/// What the connections share.
pub(super) struct Shared {
    state: Mutex<State>,
    started: Instant,
    /// Raised when every connection is to be dropped.
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
    /// Held for short moments only, and never across a wait.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl StandIn {
    /// Starts on a free port of the loopback interface; it takes connections when this returns.
    ///
    /// # Panics
    /// If the machine has no port or thread left.
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

    /// For `endpoint_url` or AWS_ENDPOINT_URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a process needs in its environment to talk to it as this caller.
    pub fn environment(&self, credentials: &Credentials, region: &str) -> Vec<(&'static str, String)> {
        let mut variables = credentials.environment();
        variables.push(("AWS_ENDPOINT_URL", self.url()));
        variables.push(("AWS_REGION", region.to_owned()));
        variables
    }

    /// Reads or changes what exists, while it runs.
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

    /// The most calls that were being answered at the same moment.
    pub fn most_at_once(&self) -> usize {
        journal::most_at_once(&self.calls())
    }

    pub fn reset_calls(&self) {
        self.shared.state().journal.reset();
    }

    /// How many connections were opened since the start.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Drops every open connection, as a server does with idle ones; waits until all are gone.
    pub fn drop_connections(&self) {
        self.shared.dropped.send_modify(|times| *times += 1);
        while self.shared.state().open > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What a topic delivered, in order.
    pub fn messages(&self, topic: &str) -> Vec<Message> {
        self.shared.state().world.topics.get(topic).map(|topic| topic.messages.clone()).unwrap_or_default()
    }

    /// What a subscriber of this protocol got: `email`, `sqs`, `lambda`, …
    pub fn deliveries(&self, topic: &str, protocol: &str) -> Vec<Delivery> {
        self.messages(topic).iter().map(|message| message.delivery(protocol)).collect()
    }

    /// Adds to what goes wrong.
    pub fn script(&self, fault: Fault) {
        self.shared.state().script.add(fault);
    }

    /// Each account may call this service so often and no more: `sts`, `iam`, `sns`.
    pub fn limit(&self, service: &'static str, limit: Limit) {
        self.shared.state().script.limit(service, limit);
    }

    /// Nothing goes wrong any more.
    pub fn clear_script(&self) {
        self.shared.state().script.clear();
    }

    /// Every answer takes at least so long.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.state().latency = latency;
    }

    /// How far the server's clock is off the machine's: in `Date`, in the signature's window, in issuing and expiring.
    /// A positive offset makes the caller's clock look slow.
    pub fn set_clock_offset(&self, offset: SignedDuration) {
        self.shared.state().world.clock.offset = offset;
    }

    /// Lets time pass for all that was issued or delivered so far: sessions come nearer to their end and FIFO windows
    /// close. The clock itself stays, so that signatures, `Date` and new sessions are as before.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.shared.state().world.age(by);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // Waiting for the threads is not allowed inside a test's runtime, nor needed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
