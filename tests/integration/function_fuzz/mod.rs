//! Fuzzing of the whole function in AWS's emulator: random settings × inventories × events × answers of AWS, with laws
//! that hold for each answer, message and log. Not part of the tests, because it takes as long as it is given:
//!
//! ```sh
//! FUZZ_SECONDS=3600 FUZZ_SEED=1 cargo test --workspace --test integration -- --ignored --nocapture function_fuzz
//! ```
//!
//! A broken law is printed with the seed of its round: `FUZZ_SEED=THAT FUZZ_SECONDS=0` repeats that round alone.

#![allow(clippy::print_stderr, reason = "the figures, for the person who started it")]

mod inputs;
mod laws;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use inputs::Random;
use laws::Round;

use crate::servers::Emulator;
use crate::stand_in::{Bucket, Credentials, Role, StandIn, Topic, World};

const CHECKER: &str = "arn:aws:iam::111111111111:role/credential-health";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:credential-health";
const FIFO: &str = "arn:aws:sns:eu-west-1:111111111111:credential-health.fifo";
const BUCKET: &str = "company-state";
const STATE: &str = "state.json";
/// Events of one round: of one start of the function.
const EVENTS: usize = 12;

fn world() -> (World, Credentials) {
    let mut world = World::new();
    let object = format!("arn:aws:s3:::{BUCKET}/{STATE}");
    let checker = Role::new(CHECKER).may_assume("*").allows("sns:Publish", "*");
    world.role(checker.allows("s3:GetObject", &object).allows("s3:PutObject", &object));
    let hub = "arn:aws:iam::111111111111:role/pipeline/hub";
    let (etl, deploy) = ("arn:aws:iam::222222222222:role/etl", "arn:aws:iam::333333333333:role/deploy");
    world.role(Role::new(hub).trusts(CHECKER).allows("iam:GetRole", hub).may_assume(etl));
    world.role(Role::new(etl).trusts(hub).allows("iam:GetRole", etl).max_session(14_400));
    world.role(
        Role::new(deploy).trusts(CHECKER).external_id("example").allows("iam:GetRole", deploy).max_session(43_200),
    );
    for account in ["222222222222", "333333333333"] {
        let reader = Role::new(format!("arn:aws:iam::{account}:role/reader")).trusts(CHECKER).external_id("example");
        world.role(reader.allows("iam:GetRole", "*").allows("iam:ListRoles", "*"));
    }
    world.topic(TOPIC).topic(Topic::fifo(FIFO)).bucket(Bucket::new(BUCKET, "eu-west-1"));
    let checker = world.role_session("arn:aws:sts::111111111111:assumed-role/credential-health/function");
    (world, checker)
}

/// The totals of all rounds.
#[derive(Default)]
struct Figures {
    rounds: usize,
    refused_starts: usize,
    answers: BTreeMap<String, usize>,
    calls: usize,
    messages: usize,
    peak_kib: u64,
    slowest: Duration,
    broken: Vec<String>,
}

impl Figures {
    fn print(&self, since: Instant) {
        let invocations: usize = self.answers.values().sum();
        eprintln!(
            "{:?}: {} rounds, {} refused starts, {invocations} invocations, {} calls, {} messages, peak {:.1} MiB, \
             slowest {:?}, {} broken laws",
            since.elapsed(),
            self.rounds,
            self.refused_starts,
            self.calls,
            self.messages,
            self.peak_kib as f64 / 1024.0,
            self.slowest,
            self.broken.len()
        );
        self.answers.iter().for_each(|(kind, count)| eprintln!("  {count:6} {kind}"));
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[tokio::test]
#[ignore = "runs as long as FUZZ_SECONDS says"]
async fn function_fuzz() {
    let (begun, limit) = (Instant::now(), Duration::from_secs(number("FUZZ_SECONDS", 60)));
    let mut figures = Figures::default();
    let mut printed = Instant::now();
    for seed in number("FUZZ_SEED", 1).. {
        let before = figures.broken.len();
        round(seed, &mut figures).await;
        figures.broken[before..].iter().for_each(|broken| eprintln!("FUZZ_SEED={seed}: {broken}"));
        if printed.elapsed() > Duration::from_secs(60) {
            figures.print(begun);
            printed = Instant::now();
        }
        if begun.elapsed() >= limit || figures.broken.len() > 200 {
            break;
        }
    }
    figures.print(begun);
    assert!(figures.broken.is_empty(), "{} broken laws", figures.broken.len());
}

/// One start of the function with random settings, and some events.
async fn round(seed: u64, figures: &mut Figures) {
    let mut random = Random::new(seed);
    let (settings, refused) = inputs::settings(&mut random);
    let files = inputs::inventory(&mut random);
    let (world, checker) = world();
    let aws = StandIn::start(world).await;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in &files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut environment = aws.environment(&checker, "eu-west-1");
    environment.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
    environment.push(("INVENTORY", folder.path().to_str().unwrap().to_owned()));
    environment.push(("TOPIC_ARN", TOPIC.to_owned()));
    environment.extend(settings.iter().cloned());
    let mut emulator = Emulator::start(&environment);
    let mut round = Round::new(&settings, format!("{files:?}"));
    figures.rounds += 1;
    for _ in 0..EVENTS {
        aws.clear_script();
        let faults = inputs::faults(&mut random);
        let event = inputs::event(&mut random);
        faults.iter().cloned().for_each(|fault| aws.script(fault));
        if random.once_in(5) {
            aws.advance(Duration::from_secs(random.next() % 7200));
        }
        let invoked = Instant::now();
        let (status, answer) = emulator.invoke(&event).await;
        figures.slowest = figures.slowest.max(invoked.elapsed());
        if refused {
            figures.refused_starts += 1;
            round.law(status == 502 && answer.is_empty(), || format!("started with bad settings: {settings:?}"));
            break;
        }
        round.law(status == 200, || format!("status {status} for {event:.300}: {answer:.300}"));
        if answer.contains("Task timed out") {
            // A machine that is busy elsewhere can cause this: such a round is worth a second try alone.
            *figures.answers.entry("timed out".to_owned()).or_default() += 1;
            eprintln!("FUZZ_SEED={seed}: timed out after {:?}", invoked.elapsed());
            continue;
        }
        let answer: Value = serde_json::from_str(&answer).unwrap_or(Value::Null);
        let kind = round.answered(&event, &faults, &answer);
        *figures.answers.entry(kind).or_default() += 1;
    }
    if !refused {
        let peak = emulator.peak_memory_kib();
        figures.peak_kib = figures.peak_kib.max(peak);
        round.law(peak < 128 * 1024, || format!("{peak} KiB of memory"));
    }
    let output = emulator.end();
    for topic in [TOPIC, FIFO] {
        let messages = aws.messages(topic);
        figures.messages += messages.len();
        round.published(&messages);
    }
    round.logged(&output, refused);
    let state = aws.world(|world| world.object(BUCKET, STATE)).unwrap_or_default();
    round.no_credential("the state", &state);
    figures.calls += aws.calls().len();
    figures.broken.extend(round.broken);
}
