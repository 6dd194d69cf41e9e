//! What is told of a run after what was told before, as pure rules: which facts count, what is resolved and what is not,
//! and the laws of two runs at once, tried on generated histories with a subscriber who believes what he reads.

use std::collections::{BTreeMap, BTreeSet};

use credential_health::check::{Start, lint};
use credential_health::findings::Severity;
use credential_health::inventory::{Filter, Inventory};
use credential_health::notify::{DEFAULT_MAX_MESSAGE_BYTES, Message, messages_of_changes};
use credential_health::report::{Report, Trigger};
use credential_health::state::{
    Changes, DEFAULT_REMIND_AFTER, Delivery, Previous, Run, State, StateUri, Tellings, ahead, next, print, read,
};
use credential_health::templates::Planned;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

fn day(number: i64) -> Timestamp {
    "2026-11-16T06:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * number)
}

/// Jobs on credentials of one hour, so that each whose length is an hour or more is a finding: name, owner, hours.
fn report(jobs: &[(&str, &str, u64)], more: &str) -> Report {
    let list: String = jobs
        .iter()
        .map(|(name, owner, hours)| {
            format!("  - {{name: {name}, owner: {owner}, length: {hours}h, source: codebuild}}\n")
        })
        .collect();
    let text = format!("version: 1\njobs:\n  - {{name: short, length: 5m, source: lambda}}\n{list}{more}");
    report_of(&text)
}

fn report_of(inventory: &str) -> Report {
    let inventory = Inventory::parse("jobs.yaml", inventory).unwrap_or_else(|problems| panic!("{problems}"));
    let start = Start {
        id: "run".to_owned(),
        trigger: Trigger::Schedule,
        at: day(0),
        clock: jiff::Timestamp::now,
        runbook_base_url: None,
    };
    lint(&inventory, &Filter::default(), Planned::default(), &start).unwrap().report
}

fn run(report: &Report, at: Timestamp) -> Run<'_> {
    Run::new(report, at, Severity::Low, DEFAULT_REMIND_AFTER)
}

fn first() -> Previous {
    Previous::New { why: "no object".to_owned() }
}

/// Tells all that there is to tell; the state after it, and the messages.
fn told(previous: &Previous, run: &Run<'_>, report: &Report) -> (Previous, Vec<Message>) {
    let mut tellings = Tellings::default();
    let changes = tellings.untold(previous, run).unwrap();
    let messages = messages_of_changes(report, &changes, 1, DEFAULT_MAX_MESSAGE_BYTES);
    tellings.note(&changes, run, None, |_, _| Delivery::Out);
    (Previous::Known(next(previous, run, &tellings)), messages)
}

fn known(previous: &Previous) -> &State {
    previous.state().unwrap()
}

/// The JSON of a message.
fn body(message: &Message) -> Value {
    let protocols: Value = serde_json::from_str(&message.body).unwrap();
    serde_json::from_str(protocols["sqs"].as_str().unwrap()).unwrap()
}

/// New, changed, reminded, resolved, over all messages.
fn counts(messages: &[Message]) -> [usize; 4] {
    let sum = |key: &str| messages.iter().map(|m| body(m)["changes"][key].as_array().unwrap().len()).sum();
    ["new", "changed", "reminded", "resolved"].map(sum)
}

// --- What is told ---

#[test]
fn a_week_of_daily_runs_tells_each_transition_once_and_reminds_on_the_seventh_day() {
    let lengths: [&[(&str, &str, u64)]; 9] = [
        &[("a", "data", 2)],
        &[("a", "data", 2)],
        &[("a", "data", 2), ("b", "data", 3)],
        &[("a", "data", 2), ("b", "data", 4)],
        &[("a", "data", 2)],
        &[("a", "data", 2)],
        &[("a", "data", 2)],
        &[("a", "data", 2)],
        &[],
    ];
    let mut previous = first();
    let mut told_each_day = Vec::new();
    for (number, jobs) in (0..).zip(lengths) {
        let report = report(jobs, "");
        let (after, messages) = told(&previous, &run(&report, day(number)), &report);
        told_each_day.push(counts(&messages));
        previous = after;
    }
    let expected = [
        [1, 0, 0, 0],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ];
    assert_eq!(told_each_day, expected);
    assert!(known(&previous).open.is_empty());
}

#[test]
fn a_reminder_comes_on_its_day_even_if_that_run_starts_a_little_earlier() {
    let report = report(&[("a", "data", 2)], "");
    let (previous, _) = told(&first(), &run(&report, day(0)), &report);
    let early = day(7) - SignedDuration::from_mins(20);
    assert_eq!(counts(&told(&previous, &run(&report, early), &report).1), [0, 0, 1, 0]);
    assert_eq!(counts(&told(&previous, &run(&report, day(6)), &report).1), [0, 0, 0, 0]);
}

#[test]
fn why_a_finding_is_resolved_is_said() {
    let before = report(&[("a", "data", 2), ("b", "data", 2), ("c", "data", 2), ("d", "data", 2)], "");
    let (previous, _) = told(&first(), &run(&before, day(0)), &before);
    let waived = "waivers:\n  - {finding: cached-platform-credentials, job: c, until: 2027-01-31, reason: r}\n";
    let after = report_of(&format!(
        "version: 1\njobs:\n  - {{name: a, owner: data, length: 5m, source: codebuild}}\n  - {{name: c, owner: data, length: 2h, source: codebuild}}\n  - {{name: d, owner: platform, length: 2h, source: codebuild}}\n{waived}"
    ));
    let changes_run = run(&after, day(1));
    let changes = Changes::new(&previous, &changes_run);
    let reasons: BTreeSet<(String, String)> = changes.owners["data"]
        .resolved
        .iter()
        .map(|resolved| (resolved.was.job.clone().unwrap(), resolved.reason.clone()))
        .collect();
    let expected = [
        ("a", "no longer found"),
        ("b", "no longer declared"),
        ("c", "waived until 2027-01-31"),
        ("d", "now owned by platform"),
    ];
    assert_eq!(reasons, expected.map(|(job, reason)| (job.to_owned(), reason.to_owned())).into());
    assert_eq!(changes.owners["platform"].open.len(), 1, "the new owner is told");
    let (after_it, _) = told(&previous, &changes_run, &after);
    assert_eq!(known(&after_it).open.values().map(|open| open.owner.as_str()).collect::<Vec<_>>(), ["platform"]);
}

#[test]
fn a_finding_handed_over_is_told_again_to_both_until_both_were_told() {
    let (before, after) = (report(&[("a", "data", 2)], ""), report(&[("a", "platform", 2)], ""));
    let (previous, _) = told(&first(), &run(&before, day(0)), &before);
    for reached in ["data", "platform"] {
        let after_run = run(&after, day(1));
        let mut tellings = Tellings::default();
        let changes = tellings.untold(&previous, &after_run).unwrap();
        tellings.note(
            &changes,
            &after_run,
            None,
            |owner, _| if owner == reached { Delivery::Out } else { Delivery::NotOut },
        );
        let partly = Previous::Known(next(&previous, &after_run, &tellings));
        assert_eq!(counts(&told(&partly, &run(&after, day(2)), &after).1), [0, 1, 0, 1], "{reached}");
        // And if it is given back before that, the one who was told otherwise is told.
        assert_eq!(counts(&told(&partly, &run(&before, day(2)), &before).1), [0, 0, 1, 0], "{reached}");
    }
}

/// Every way that telling can go on from `before` to `after`, as the state that the next run finds.
fn left_by(previous: &Previous, run: &Run<'_>, delivery: Delivery) -> Previous {
    let mut tellings = Tellings::default();
    let changes = tellings.untold(previous, run).unwrap();
    tellings.note(&changes, run, None, |_, _| delivery);
    Previous::Known(next(previous, run, &tellings))
}

#[test]
fn what_may_have_gone_out_is_told_as_it_is_by_the_next_run_and_what_was_refused_as_if_for_the_first_time() {
    let (none, one, more) = (report(&[], ""), report(&[("a", "data", 2)], ""), report(&[("a", "data", 3)], ""));
    let quiet = Previous::Known(State { as_of: day(0), ..State::default() });
    let (open, _) = told(&first(), &run(&one, day(0)), &one);
    // From, to, and what the run after it finds: new, changed, reminded, resolved.
    for (previous, second, third, unsure, refused) in [
        (&quiet, &one, &one, [0, 0, 1, 0], [1, 0, 0, 0]),
        (&quiet, &one, &none, [0, 0, 0, 1], [0, 0, 0, 0]),
        (&open, &none, &one, [0, 0, 1, 0], [0, 0, 0, 0]),
        (&open, &none, &none, [0, 0, 0, 1], [0, 0, 0, 1]),
        (&open, &more, &one, [0, 0, 1, 0], [0, 0, 0, 0]),
        (&open, &more, &more, [0, 1, 0, 0], [0, 1, 0, 0]),
        (&open, &more, &none, [0, 0, 0, 1], [0, 0, 0, 1]),
    ] {
        let second = run(second, day(1));
        let next_tells = |left: &Previous| counts(&told(left, &run(third, day(2)), third).1);
        assert_eq!(next_tells(&left_by(previous, &second, Delivery::Unsure)), unsure);
        assert_eq!(next_tells(&left_by(previous, &second, Delivery::NotOut)), refused);
        // What is written before anything is sent leaves the same word.
        let mut tellings = Tellings::default();
        let written = ahead(&tellings.untold(previous, &second).unwrap(), &second).unwrap();
        assert_eq!(next_tells(&Previous::Known(written)), unsure);
    }
}

#[test]
fn nothing_is_written_ahead_where_nothing_is_to_be_told_or_the_state_says_so_already() {
    let (one, none) = (report(&[("a", "data", 2)], ""), report(&[], ""));
    let (open, _) = told(&first(), &run(&one, day(0)), &one);
    let (same, gone) = (run(&one, day(1)), run(&none, day(1)));
    assert_eq!(ahead(&Changes::new(&open, &same), &same), None);
    assert_eq!(ahead(&Changes::new(&first(), &gone), &gone), None);
    let written = Previous::Known(ahead(&Changes::new(&open, &gone), &gone).unwrap());
    assert!(known(&written).open.values().all(|open| open.last_told.is_none()));
    assert_eq!(known(&written).as_of, day(1));
    assert_eq!(ahead(&Changes::new(&written, &gone), &gone), None);
}

#[test]
fn an_incomplete_run_resolves_nothing_and_says_so() {
    let before = report(&[("a", "data", 2), ("b", "data", 2)], "");
    let (previous, _) = told(&first(), &run(&before, day(0)), &before);
    let mut after = report(&[("b", "data", 3)], "");
    after.run.complete = false;
    let (state, messages) = told(&previous, &run(&after, day(1)), &after);
    assert_eq!(counts(&messages), [0, 1, 0, 0]);
    assert_eq!(known(&state).open.len(), 2);
    assert_eq!(body(&messages[0])["changes"]["unchecked"], 1);
    assert!(text(&messages[0]).contains("could not be checked by this run"), "{}", text(&messages[0]));
}

fn text(message: &Message) -> String {
    let protocols: Value = serde_json::from_str(&message.body).unwrap();
    protocols["email"].as_str().unwrap().to_owned()
}

#[test]
fn another_lowest_severity_is_no_flood() {
    // A thin job (medium) beside one that lapses (high).
    let both = report(&[("a", "data", 2)], "  - {name: thin, owner: data, length: 55m, source: codebuild}\n");
    let none = report(&[], "");
    let (previous, messages) = told(&first(), &run(&both, day(0)), &both);
    assert_eq!(counts(&messages), [2, 0, 0, 0]);
    let high = |report| Run::new(report, day(1), Severity::High, DEFAULT_REMIND_AFTER);
    let (raised, messages) = told(&previous, &high(&both), &both);
    assert_eq!(counts(&messages), [0; 4], "nothing is called resolved");
    let (lowered, messages) = told(&raised, &run(&both, day(2)), &both);
    assert_eq!((counts(&messages), known(&lowered).open.len()), ([0; 4], 2), "nor new when it is lowered again");
    let (gone, messages) = told(&raised, &high(&none), &none);
    assert_eq!(counts(&messages), [0, 0, 0, 1], "the one that is told");
    assert!(known(&gone).open.is_empty());
}

#[test]
fn what_had_no_room_in_a_message_is_told_by_the_next_one() {
    let names: Vec<String> = (0..12).map(|number| format!("job-{number:02}")).collect();
    let jobs: Vec<(&str, &str, u64)> = names.iter().map(|name| (name.as_str(), "data", 2)).collect();
    let report = report(&jobs, "");
    let mut previous = first();
    let mut heard = BTreeSet::new();
    for number in 0..20 {
        let run = run(&report, day(0) + SignedDuration::from_mins(number));
        let mut tellings = Tellings::default();
        let changes = tellings.untold(&previous, &run).unwrap();
        let messages = messages_of_changes(&report, &changes, 1, 30_000);
        for message in &messages {
            assert!(message.bytes() <= 30_000 && message.truncated != (message.shows.len() + heard.len() == 12));
            for shown in &message.shows {
                assert!(heard.insert(shown.clone()), "told twice");
            }
        }
        let shown = |told: &str| messages.iter().any(|message| message.shows.iter().any(|shown| shown == told));
        tellings.note(&changes, &run, None, |_, told| if shown(told) { Delivery::Out } else { Delivery::NotOut });
        let after = Previous::Known(next(&previous, &run, &tellings));
        previous = after;
    }
    assert_eq!(heard.len(), 12);
}

#[test]
fn a_subject_counts_what_is_told_and_fits_whoever_the_owner_is() {
    let before = report(&[("a", "data", 2), ("b", "data", 2)], "");
    let (previous, messages) = told(&first(), &run(&before, day(0)), &before);
    assert_eq!(messages[0].subject, "credential-health: 2 new: 2 high (data)");
    let after = report(&[("a", "data", 3), ("c", "data", 2)], "");
    let (previous, messages) = told(&previous, &run(&after, day(1)), &after);
    assert_eq!(messages[0].subject, "credential-health: 1 new, 1 changed, 1 resolved: 2 high (data)");
    let none = report(&[], "");
    let (_, messages) = told(&previous, &run(&none, day(2)), &none);
    assert_eq!(messages[0].subject, "credential-health: 2 resolved (data)");
    let severity = messages[0].attributes.iter().find(|attribute| attribute.name == "severity").unwrap();
    assert_eq!(severity.value, "none");
    let long = report(&[("a", &"équipe-☂-".repeat(12), 2)], "");
    let (_, messages) = told(&first(), &run(&long, day(0)), &long);
    assert!(messages[0].subject.len() <= 99 && messages[0].subject.is_ascii(), "{}", messages[0].subject);
}

#[test]
fn texts_of_the_state_are_made_fit_to_show() {
    let before = report(&[("a", "data", 2)], "");
    let (previous, _) = told(&first(), &run(&before, day(0)), &before);
    let hostile = print(known(&previous)).replace("\"title\":\"a ", "\"title\":\"\\u001b[31mread \\n\\nme ");
    assert!(hostile.contains("u001b"));
    let previous = Previous::Known(read(hostile.as_bytes(), day(1)).unwrap());
    let none = report(&[], "");
    let (_, messages) = told(&previous, &run(&none, day(1)), &none);
    assert!(!text(&messages[0]).contains('\u{1b}'));
    assert!(!body(&messages[0])["changes"]["resolved"].to_string().contains("u001b"));
}

// --- The object ---

#[test]
fn a_state_that_is_none_is_refused_with_a_reason_that_shows_nothing_of_its_text() {
    let report = report(&[("a", "data", 2)], "");
    let good = print(known(&told(&first(), &run(&report, day(0)), &report).0));
    assert!(read(good.as_bytes(), day(0)).is_ok());
    for (text, said) in [
        ("", "not JSON"),
        ("<html>secret", "not JSON"),
        ("[]", "not a state"),
        ("{}", "not a state"),
        (&good[..good.len() / 2], "not JSON"),
        (&good.replace("\"schema_version\":1", "\"schema_version\":2"), "schema_version 2"),
        (&good.replace("\"hop\"", "\"secret\""), "not a state"),
        (&good.replace("2026-", "2062-"), "yet to come"),
        (&good.replace("\"id\":\"", "\"id\":\"secret"), "an id"),
        (&good.replace("\"severity\":\"high\"", "\"severity\":\"secret\""), "a severity"),
        (&good.replace("\"owner\":\"data\"", "\"owner\":\"\""), "an owner"),
        (&good.replace("\"owner\":\"data\"", "\"owner\":\"a\\u0000b\""), "an owner"),
    ] {
        let problem = read(text.as_bytes(), day(0)).unwrap_err().to_string();
        assert!(problem.contains(said) && !problem.contains("secret"), "{text}: {problem}");
    }
}

#[test]
fn every_problem_of_a_uri_is_told_at_once() {
    for good in ["s3://my-bucket/state.json", "s3://a.b/credential-health/x/state_1.json"] {
        assert_eq!(StateUri::parse(good).unwrap().to_string(), good);
    }
    for (bad, said) in [
        ("my-bucket/state.json", &["no s3:// URI"][..]),
        ("https://my-bucket.s3.amazonaws.com/x", &["no s3:// URI"]),
        ("s3://my-bucket", &["1 to 1024"]),
        ("s3://my-bucket/folder/", &["ends with `/`"]),
        ("s3://My_/a b/", &["other characters than a-z", "other characters than letters", "ends with `/`"]),
        ("s3://-a/x", &["3 to 63", "begins or ends"]),
    ] {
        let problem = StateUri::parse(bad).unwrap_err();
        for part in said.iter().copied().chain(["s3://BUCKET/KEY"]) {
            assert!(problem.contains(part), "{bad} must say {part:?}: {problem}");
        }
    }
}

// --- Laws ---

/// What each of three jobs needs, in hours; none: it is declared and lasts.
type World = [Option<u64>; 3];

fn world() -> impl Strategy<Value = World> {
    prop::array::uniform3(prop::option::weighted(0.7, 2..4_u64))
}

fn report_of_world(world: &World) -> Report {
    let jobs: Vec<(&str, &str, u64)> =
        ["a", "b", "c"].into_iter().zip(world).filter_map(|(name, hours)| Some((name, "data", (*hours)?))).collect();
    report(&jobs, "")
}

/// What a reader of all messages believes to be open: job and hours.
#[derive(Default, Debug)]
struct Subscriber {
    believes: BTreeMap<String, String>,
    jobs: BTreeMap<String, String>,
    heard: usize,
}

impl Subscriber {
    fn reads(&mut self, message: &Message) {
        let body = body(message);
        for finding in body["details"].as_array().unwrap() {
            let (fingerprint, job) = (finding["fingerprint"].as_str().unwrap(), finding["job"].as_str().unwrap());
            let needed =
                finding["evidence"].as_array().unwrap().iter().find(|e| e["name"] == "needed_seconds").unwrap();
            self.jobs.insert(fingerprint.to_owned(), job.to_owned());
            self.believes.insert(job.to_owned(), needed["value"].to_string());
            self.heard += 1;
        }
        for resolved in body["changes"]["resolved"].as_array().unwrap() {
            self.believes.remove(resolved["job"].as_str().unwrap());
            self.heard += 1;
        }
    }
}

fn truth(world: &World) -> BTreeMap<String, String> {
    let hours = ["a", "b", "c"].into_iter().zip(world).filter_map(|(name, hours)| Some((name, (*hours)?)));
    hours.map(|(name, hours)| (name.to_owned(), (hours * 3600).to_string())).collect()
}

/// An object with a version, as S3 keeps it.
struct Object {
    previous: Previous,
    version: u64,
}

impl Object {
    /// Writes it, and answers with the new version: the same where it is written as it was, as S3's ETag is.
    fn write(&mut self, state: State) -> u64 {
        let written = Previous::Known(state);
        if self.previous != written {
            *self = Self { previous: written, version: self.version + 1 };
        }
        self.version
    }
}

/// One invocation, step by step, as `lambda::changes` does it: read, write ahead, send, write.
struct Invocation<'r> {
    run: Run<'r>,
    report: &'r Report,
    tellings: Tellings,
    loaded: Option<(Previous, u64)>,
    announced: bool,
    ahead: Option<State>,
    published: bool,
    done: bool,
}

impl<'r> Invocation<'r> {
    fn new(report: &'r Report, at: Timestamp) -> Self {
        let (run, tellings) = (run(report, at), Tellings::default());
        Self { run, report, tellings, loaded: None, announced: false, ahead: None, published: false, done: false }
    }

    fn step(&mut self, object: &mut Object, subscriber: &mut Subscriber) {
        let report = self.report;
        let run = Run::new(report, self.run_at(), Severity::Low, DEFAULT_REMIND_AFTER);
        match &mut self.loaded {
            _ if self.done => {}
            None => {
                self.loaded = Some((object.previous.clone(), object.version));
                (self.announced, self.published) = (false, false);
            }
            Some((previous, version)) if !self.announced => {
                let changes = self.tellings.untold(previous, &run);
                self.ahead = changes.and_then(|changes| ahead(&changes, &run));
                match &self.ahead {
                    Some(_) if *version != object.version => self.loaded = None,
                    Some(state) => {
                        *version = object.write(state.clone());
                        self.announced = true;
                    }
                    None => self.announced = true,
                }
            }
            Some((previous, _)) if !self.published => {
                // Its own tellings outlive what it was compared with.
                if let Some(changes) = self.tellings.untold(previous, &run) {
                    let round = self.tellings.round();
                    let messages = messages_of_changes(report, &changes, round, DEFAULT_MAX_MESSAGE_BYTES);
                    messages.iter().for_each(|message| subscriber.reads(message));
                    self.tellings.note(&changes, &run, self.ahead.as_ref(), |_, _| Delivery::Out);
                }
                self.published = true;
            }
            Some((previous, version)) => {
                if *version == object.version {
                    let state = next(previous, &self.run, &self.tellings);
                    object.write(state);
                    self.done = true;
                }
                self.loaded = None;
            }
        }
    }

    fn run_at(&self) -> Timestamp {
        self.run.started_at()
    }

    fn finish(&mut self, object: &mut Object, subscriber: &mut Subscriber) {
        while !self.done {
            self.step(object, subscriber);
        }
    }
}

/// One run from its start to its end, nothing in between.
fn alone(world: &World, at: Timestamp, object: &mut Object, subscriber: &mut Subscriber) {
    Invocation::new(&report_of_world(world), at).finish(object, subscriber);
}

/// A run in the first world, then one in the second and one in the third that mix, then a quiet one in the fourth. `order`: whose
/// turn it is, the first one's where it is true.
fn two_runs_at_once(worlds: &[World; 4], order: &[bool], same_time: bool) -> Result<(), TestCaseError> {
    let mut object = Object { previous: first(), version: 0 };
    let mut subscriber = Subscriber::default();
    alone(&worlds[0], day(0), &mut object, &mut subscriber);
    let [first_report, second_report] = [&worlds[1], &worlds[2]].map(report_of_world);
    let later = if same_time { day(1) } else { day(1) + SignedDuration::from_secs(1) };
    let mut one = Invocation::new(&first_report, day(1));
    let mut other = Invocation::new(&second_report, later);
    for turn in order {
        if *turn { &mut one } else { &mut other }.step(&mut object, &mut subscriber);
    }
    one.finish(&mut object, &mut subscriber);
    other.finish(&mut object, &mut subscriber);
    prop_assert_eq!(known(&object.previous).as_of, later);
    // The union: what either saw, but what the later one saw otherwise is its word, or is told again.
    let open: BTreeSet<&str> = known(&object.previous).open.values().filter_map(|open| open.job.as_deref()).collect();
    let (of_one, of_other) = (truth(&worlds[1]), truth(&worlds[2]));
    for job in of_other.keys().filter(|_| !same_time) {
        prop_assert!(open.contains(job.as_str()), "{} is open", job);
    }
    for job in &open {
        let told_once = truth(&worlds[0]).contains_key(*job);
        prop_assert!(of_one.contains_key(*job) || of_other.contains_key(*job) || told_once);
    }
    alone(&worlds[3], day(2), &mut object, &mut subscriber);
    prop_assert_eq!(&subscriber.believes, &truth(&worlds[3]));
    let open: BTreeSet<String> = known(&object.previous).open.values().filter_map(|open| open.job.clone()).collect();
    prop_assert_eq!(open, truth(&worlds[3]).into_keys().collect::<BTreeSet<String>>());
    Ok(())
}

/// Both write ahead, then both send: what the earlier one sent last must not be taken for unsaid.
#[test]
fn a_run_that_tells_otherwise_after_a_later_one_is_told_again() {
    let [two, three] = [Some(2), Some(3)];
    let (one, other) = (true, false);
    for (worlds, order) in [
        (
            [[two, None, None], [None, None, None], [two, None, two], [two, None, None]],
            [other, one, one, other, other, other, other, one].as_slice(),
        ),
        (
            [[three, None, None], [three, three, None], [None, two, None], [None, two, None]],
            [one, one, other, other, other, one, one, one].as_slice(),
        ),
        (
            [[None, None, None], [None, None, two], [two, None, None], [None, None, None]],
            &[other, other, other, one, one, other, other, other, other],
        ),
    ] {
        two_runs_at_once(&worlds, order, false).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn runs_one_after_the_other_tell_each_transition_exactly_once(worlds in prop::collection::vec(world(), 1..6)) {
        let mut object = Object { previous: first(), version: 0 };
        let mut subscriber = Subscriber::default();
        let (mut transitions, mut before) = (0, BTreeMap::new());
        for (number, world) in (0..).zip(&worlds) {
            alone(world, day(0) + SignedDuration::from_hours(number), &mut object, &mut subscriber);
            let now = truth(world);
            let all: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
            transitions += all.into_iter().filter(|job| now.get(*job) != before.get(*job)).count();
            prop_assert_eq!(&subscriber.believes, &now);
            before = now;
        }
        prop_assert_eq!(subscriber.heard, transitions);
    }

    /// However the steps of two runs mix, and whichever of them saw what: after the next quiet run the subscriber believes
    /// what is so, and the state holds just that.
    #[test]
    fn two_runs_at_once_lose_no_transition(
        worlds in prop::array::uniform4(world()),
        order in prop::collection::vec(any::<bool>(), 8..20),
        same_time in any::<bool>(),
    ) {
        two_runs_at_once(&worlds, &order, same_time)?;
    }

    /// A run that ends anywhere, between sending and writing too: the next one that comes to its end leaves the subscriber
    /// with what is so.
    #[test]
    fn a_run_that_ends_halfway_loses_no_transition(worlds in prop::array::uniform3(world()), steps in 0..5_usize) {
        let mut object = Object { previous: first(), version: 0 };
        let mut subscriber = Subscriber::default();
        alone(&worlds[0], day(0), &mut object, &mut subscriber);
        let killed = report_of_world(&worlds[1]);
        let mut killed = Invocation::new(&killed, day(1));
        (0..steps).for_each(|_| killed.step(&mut object, &mut subscriber));
        alone(&worlds[2], day(2), &mut object, &mut subscriber);
        prop_assert_eq!(&subscriber.believes, &truth(&worlds[2]));
    }

    #[test]
    fn a_state_is_read_as_it_was_written(worlds in prop::collection::vec(world(), 1..4), title in ".{0,40}", none in any::<bool>()) {
        let mut object = Object { previous: first(), version: 0 };
        for (number, world) in (0..).zip(&worlds) {
            alone(world, day(number), &mut object, &mut Subscriber::default());
        }
        let mut state = known(&object.previous).clone();
        for open in state.open.values_mut() {
            open.title = title.clone();
            open.last_told = open.last_told.filter(|_| none);
        }
        prop_assert_eq!(read(print(&state).as_bytes(), day(5)).unwrap(), state);
    }

    #[test]
    fn no_text_makes_reading_a_state_fail_otherwise_than_by_a_reason(text in any::<Vec<u8>>()) {
        prop_assert!(read(&text, day(0)).is_err());
    }
}
