//! What a run publishes after earlier messages, as pure rules: which facts count, what is resolved and what is not, and
//! laws on generated histories with a subscriber who believes every message: two runs at once, lost writes and
//! messages.

use std::collections::{BTreeMap, BTreeSet};

use credential_health::check::{Start, lint};
use credential_health::findings::Severity;
use credential_health::inventory::{Filter, Inventory, InventorySource, RemoteFiles};
use credential_health::notify::state::{
    Changes, DEFAULT_REMIND_AFTER, EntryKey, Previous, PublishedChanges, Run, State, print, read,
    state_after_publishing, state_before_publishing,
};
use credential_health::notify::{DEFAULT_MAX_MESSAGE_BYTES, Delivery, Message, messages_of_changes};
use credential_health::report::{Report, Trigger};
use credential_health::s3_uri::S3Uri;
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
    linted(&Inventory::parse("jobs.yaml", inventory).unwrap_or_else(|problems| panic!("{problems}")))
}

/// The report of the files of a folder, those that are broken set aside.
fn report_of_folder(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).unwrap());
    let from = InventorySource::Path(folder.path().to_owned()).into();
    let today = day(0).to_zoned(jiff::tz::TimeZone::UTC).date();
    let inventory = Inventory::load_unbroken(&from, RemoteFiles::default(), today, None);
    linted(&inventory.unwrap_or_else(|problems| panic!("{problems}")))
}

fn linted(inventory: &Inventory) -> Report {
    let start = Start {
        id: "run".to_owned(),
        trigger: Trigger::Schedule,
        at: day(0),
        clock: jiff::Timestamp::now,
        runbook_base_url: None,
    };
    lint(inventory, &Filter::default(), Planned::default(), &start).unwrap().report
}

fn run(report: &Report, at: Timestamp) -> Run<'_> {
    Run::new(report, at, Severity::Low, DEFAULT_REMIND_AFTER)
}

fn first() -> Previous {
    Previous::New { why: "no object".to_owned() }
}

/// Publishes all changes; returns the state after it, and the messages.
fn publish_all(previous: &Previous, run: &Run<'_>, report: &Report) -> (Previous, Vec<Message>) {
    let mut published = PublishedChanges::default();
    let changes = published.unpublished(previous, run).unwrap();
    let messages = messages_of_changes(report, &changes, 1, DEFAULT_MAX_MESSAGE_BYTES);
    published.record(&changes, run, None, |_| Delivery::Published);
    (Previous::Known(state_after_publishing(previous, run, &published)), messages)
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

// --- What is published ---

#[test]
fn a_week_of_daily_runs_publishes_each_change_once_and_reminds_on_the_seventh_day() {
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
    let mut each_day = Vec::new();
    for (number, jobs) in (0..).zip(lengths) {
        let report = report(jobs, "");
        let (after, messages) = publish_all(&previous, &run(&report, day(number)), &report);
        each_day.push(counts(&messages));
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
    assert_eq!(each_day, expected);
    assert!(known(&previous).open.is_empty());
}

#[test]
fn a_reminder_comes_on_its_day_even_if_that_run_starts_a_little_earlier() {
    let report = report(&[("a", "data", 2)], "");
    let (previous, _) = publish_all(&first(), &run(&report, day(0)), &report);
    let early = day(7) - SignedDuration::from_mins(20);
    assert_eq!(counts(&publish_all(&previous, &run(&report, early), &report).1), [0, 0, 1, 0]);
    assert_eq!(counts(&publish_all(&previous, &run(&report, day(6)), &report).1), [0, 0, 0, 0]);
}

#[test]
fn nobody_takes_over_a_finding_of_a_team_whose_file_is_broken() {
    let platform = "version: 1\nsources: [{from: data.yaml, owner: data}, {from: other.yaml, owner: other}]\n";
    let job = "version: 1\njobs: [{name: dc, length: 9h, source: ecs-task}]\n";
    let whole = report_of_folder(&[("platform.yaml", platform), ("data.yaml", job)]);
    let (previous, _) = publish_all(&first(), &run(&whole, day(0)), &whole);
    let broken = [("platform.yaml", platform), ("data.yaml", "version: 1\njobs: [[["), ("other.yaml", job)];
    let broken = report_of_folder(&broken);
    let run_of_broken = run(&broken, day(1));
    let changes = Changes::new(&previous, &run_of_broken);
    let resolved = changes.owners.values().flat_map(|of_owner| &of_owner.resolved);
    assert_eq!(resolved.map(|resolved| resolved.reason.to_string()).collect::<Vec<_>>(), [""; 0]);
    assert!(broken.findings.iter().any(|finding| finding.job.as_deref() == Some("dc")), "{:?}", broken.findings);
}

#[test]
fn a_resolved_finding_has_its_reason() {
    let before = report(&[("a", "data", 2), ("b", "data", 2), ("c", "data", 2), ("d", "data", 2)], "");
    let (previous, _) = publish_all(&first(), &run(&before, day(0)), &before);
    let waived = "waivers:\n  - {finding: cached-platform-credentials, job: c, until: 2027-01-31, reason: r}\n";
    let after = report_of(&format!(
        "version: 1
jobs:
  - {{name: a, owner: data, length: 5m, source: codebuild}}
  - {{name: c, owner: data, length: 2h, source: codebuild}}
  - {{name: d, owner: platform, length: 2h, source: codebuild}}
{waived}"
    ));
    let changes_run = run(&after, day(1));
    let changes = Changes::new(&previous, &changes_run);
    let reasons: BTreeSet<(String, String)> = changes.owners["data"]
        .resolved
        .iter()
        .map(|resolved| (resolved.was.job.clone().unwrap(), resolved.reason.to_string()))
        .collect();
    let expected = [
        ("a", "no longer found"),
        ("b", "no longer declared"),
        ("c", "waived until 2027-01-31"),
        ("d", "now owned by platform"),
    ];
    assert_eq!(reasons, expected.map(|(job, reason)| (job.to_owned(), reason.to_owned())).into());
    assert_eq!(changes.owners["platform"].open.len(), 1, "the new owner is notified");
    let (after_it, _) = publish_all(&previous, &changes_run, &after);
    assert_eq!(known(&after_it).open.keys().map(|key| key.owner.as_str()).collect::<Vec<_>>(), ["platform"]);
}

#[test]
fn the_new_owner_of_a_finding_learns_that_it_is_open_and_since_when_and_the_old_owner_that_it_moved() {
    let (before, after) = (report(&[("a", "data", 2)], ""), report(&[("a", "platform", 2)], ""));
    let (previous, _) = publish_all(&first(), &run(&before, day(0)), &before);
    let (_, messages) = publish_all(&previous, &run(&after, day(1)), &after);
    let [to_platform, to_data] = &messages[..] else { panic!("{messages:#?}") };
    assert_eq!((to_platform.owner.as_str(), to_data.owner.as_str()), ("platform", "data"));
    assert!(text(to_platform).contains("Open since 2026-11-16; changed: owner data → platform."));
    assert!(text(to_data).contains("now owned by platform"), "{}", text(to_data));
}

/// A handover of which one message was lost, and what the run of the next day publishes: new, changed, reminded,
/// resolved.
#[test]
fn after_a_handover_with_a_lost_message_each_owner_learns_what_it_does_not_know() {
    let (before, after) = (report(&[("a", "data", 2)], ""), report(&[("a", "platform", 2)], ""));
    let none = report(&[], "");
    let (previous, _) = publish_all(&first(), &run(&before, day(0)), &before);
    for (reached, still_open, given_back, ended) in
        [("data", [1, 0, 0, 0], [1, 0, 0, 0], [0; 4]), ("platform", [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 2])]
    {
        let partly = state_left(&previous, &run(&after, day(1)), |key| {
            if key.owner == reached { Delivery::Published } else { Delivery::NotPublished }
        });
        for (next, expected) in [(&after, still_open), (&before, given_back), (&none, ended)] {
            assert_eq!(
                counts(&publish_all(&partly, &run(next, day(2)), next).1),
                expected,
                "only {reached} was reached"
            );
        }
    }
}

/// A role of two teams: its findings have two owners.
fn shared_role(max_session: &str, more: &str) -> Report {
    report_of(&format!(
        "version: 1
roles:
  etl: {{arn: \"arn:aws:iam::222222222222:role/etl\", max_session_duration: {max_session}}}
jobs:
  - {{name: a, owner: data, length: 1h, source: web-identity, path: [etl]}}
{more}"
    ))
}

#[test]
fn a_finding_about_a_role_of_two_teams_is_published_to_both_and_kept_for_each() {
    let other = "  - {name: b, owner: platform, length: 1h, source: web-identity, path: [etl]}\n";
    let both = shared_role("12h", other);
    let [finding] = &both.findings.iter().filter(|finding| finding.job.is_none()).collect::<Vec<_>>()[..] else {
        panic!("{:#?}", both.findings)
    };
    assert_eq!(
        (finding.owner.as_str(), &finding.owners[..]),
        ("shared", &["data".to_owned(), "platform".to_owned()][..])
    );
    let (state, messages) = publish_all(&first(), &run(&both, day(0)), &both);
    for message in &messages {
        let details = body(message)["details"].to_string();
        assert!(details.contains(&finding.fingerprint), "{}: {details}", message.owner);
    }
    assert_eq!(messages.len(), 2);
    let read = read(print(known(&state)).as_bytes(), day(0)).unwrap();
    assert_eq!(&read, known(&state), "both entries are in the stored form");
    // One team leaves the role: its entry is resolved, the other team has nothing new.
    let one = shared_role("12h", "");
    let (state, messages) = publish_all(&state, &run(&one, day(1)), &one);
    let about_role: Vec<&str> = messages
        .iter()
        .filter(|message| body(message)["changes"]["resolved"].to_string().contains(&finding.fingerprint))
        .map(|message| message.owner.as_str())
        .collect();
    assert_eq!(about_role, ["platform"]);
    assert!(known(&state).open.keys().all(|key| key.owner == "data"));
}

/// A state of version 0.1.0: one entry a finding, and the old names.
#[test]
fn a_state_of_the_first_version_is_read_and_nothing_is_published_anew() {
    let report = report(&[("a", "data", 2)], "");
    let (state, _) = publish_all(&first(), &run(&report, day(0)), &report);
    let (key, entry) = known(&state).open.first_key_value().unwrap();
    let old = serde_json::json!({
        "schema_version": 1,
        "as_of": "2026-11-16T06:00:00Z",
        "open": { &key.fingerprint: {
            "id": "cached-platform-credentials", "severity": "high", "job": "a", "role": null, "hop": null,
            "owner": "data", "title": "a title of then", "since": "2026-11-10T06:00:00Z",
            "last_told": "2026-11-16T06:00:00Z", "described": false, "substance": entry.change_key,
        } },
    });
    let old = Previous::Known(read(old.to_string().as_bytes(), day(1)).unwrap());
    assert_eq!(counts(&publish_all(&old, &run(&report, day(1)), &report).1), [0; 4]);
}

/// The state that a run leaves to the next one.
fn state_left(previous: &Previous, run: &Run<'_>, delivery: impl Fn(&EntryKey) -> Delivery) -> Previous {
    let mut published = PublishedChanges::default();
    let changes = published.unpublished(previous, run).unwrap();
    published.record(&changes, run, None, delivery);
    Previous::Known(state_after_publishing(previous, run, &published))
}

#[test]
fn an_unconfirmed_message_is_repeated_by_the_next_run_and_a_refused_one_counts_as_never_sent() {
    let (none, one, more) = (report(&[], ""), report(&[("a", "data", 2)], ""), report(&[("a", "data", 3)], ""));
    let quiet = Previous::Known(State { as_of: day(0), ..State::default() });
    let (open, _) = publish_all(&first(), &run(&one, day(0)), &one);
    // From, to, and what the run after it finds: new, changed, reminded, resolved.
    for (previous, second, third, unconfirmed, refused) in [
        (&quiet, &one, &one, [0, 0, 1, 0], [1, 0, 0, 0]),
        (&quiet, &one, &none, [0, 0, 0, 1], [0, 0, 0, 0]),
        (&open, &none, &one, [0, 0, 1, 0], [0, 0, 0, 0]),
        (&open, &none, &none, [0, 0, 0, 1], [0, 0, 0, 1]),
        (&open, &more, &one, [0, 0, 1, 0], [0, 0, 0, 0]),
        (&open, &more, &more, [0, 1, 0, 0], [0, 1, 0, 0]),
        (&open, &more, &none, [0, 0, 0, 1], [0, 0, 0, 1]),
    ] {
        let second = run(second, day(1));
        let next_publishes = |left: &Previous| counts(&publish_all(left, &run(third, day(2)), third).1);
        assert_eq!(next_publishes(&state_left(previous, &second, |_| Delivery::Unconfirmed)), unconfirmed);
        assert_eq!(next_publishes(&state_left(previous, &second, |_| Delivery::NotPublished)), refused);
        // The write before publishing leaves the same record.
        let mut published = PublishedChanges::default();
        let changes = published.unpublished(previous, &second).unwrap();
        let written = state_before_publishing(&changes, &second).unwrap();
        assert_eq!(next_publishes(&Previous::Known(written)), unconfirmed);
    }
}

#[test]
fn nothing_is_written_before_publishing_where_nothing_changes_or_the_state_says_so_already() {
    let (one, none) = (report(&[("a", "data", 2)], ""), report(&[], ""));
    let (open, _) = publish_all(&first(), &run(&one, day(0)), &one);
    let (same, gone) = (run(&one, day(1)), run(&none, day(1)));
    assert_eq!(state_before_publishing(&Changes::new(&open, &same), &same), None);
    assert_eq!(state_before_publishing(&Changes::new(&first(), &gone), &gone), None);
    let written = Previous::Known(state_before_publishing(&Changes::new(&open, &gone), &gone).unwrap());
    assert!(known(&written).open.values().all(|open| open.last_notified.is_none()));
    assert_eq!(known(&written).as_of, day(1));
    assert_eq!(state_before_publishing(&Changes::new(&written, &gone), &gone), None);
}

#[test]
fn an_incomplete_run_resolves_nothing_and_says_so() {
    let before = report(&[("a", "data", 2), ("b", "data", 2)], "");
    let (previous, _) = publish_all(&first(), &run(&before, day(0)), &before);
    let mut after = report(&[("b", "data", 3)], "");
    after.run.complete = false;
    let (state, messages) = publish_all(&previous, &run(&after, day(1)), &after);
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
fn another_lowest_severity_floods_nobody() {
    // A thin job (medium) beside one that lapses (high).
    let both = report(&[("a", "data", 2)], "  - {name: thin, owner: data, length: 55m, source: codebuild}\n");
    let none = report(&[], "");
    let (previous, messages) = publish_all(&first(), &run(&both, day(0)), &both);
    assert_eq!(counts(&messages), [2, 0, 0, 0]);
    let high = |report| Run::new(report, day(1), Severity::High, DEFAULT_REMIND_AFTER);
    let (raised, messages) = publish_all(&previous, &high(&both), &both);
    assert_eq!(counts(&messages), [0; 4], "nothing is reported as resolved");
    let (lowered, messages) = publish_all(&raised, &run(&both, day(2)), &both);
    assert_eq!((counts(&messages), known(&lowered).open.len()), ([0; 4], 2), "nor new when it is lowered again");
    let (gone, messages) = publish_all(&raised, &high(&none), &none);
    assert_eq!(counts(&messages), [0, 0, 0, 1], "the high one");
    assert!(known(&gone).open.is_empty());
}

#[test]
fn findings_omitted_from_a_message_are_in_the_next_one() {
    let names: Vec<String> = (0..12).map(|number| format!("job-{number:02}")).collect();
    let jobs: Vec<(&str, &str, u64)> = names.iter().map(|name| (name.as_str(), "data", 2)).collect();
    let report = report(&jobs, "");
    let mut previous = first();
    let mut heard = BTreeSet::new();
    for number in 0..20 {
        let run = run(&report, day(0) + SignedDuration::from_mins(number));
        let mut published = PublishedChanges::default();
        let changes = published.unpublished(&previous, &run).unwrap();
        let mut shown = BTreeSet::new();
        for message in &messages_of_changes(&report, &changes, 1, 30_000) {
            assert!(message.bytes() <= 30_000 && message.truncated != (message.shown + heard.len() == 12));
            shown.extend(changes.owners[&message.owner].fingerprints().take(message.shown).map(str::to_owned));
        }
        for fingerprint in &shown {
            assert!(heard.insert(fingerprint.clone()), "published twice");
        }
        published.record(&changes, &run, None, |key| match shown.contains(&key.fingerprint) {
            true => Delivery::Published,
            false => Delivery::NotPublished,
        });
        let after = Previous::Known(state_after_publishing(&previous, &run, &published));
        previous = after;
    }
    assert_eq!(heard.len(), 12);
}

#[test]
fn a_subject_counts_the_changes_and_fits_for_every_owner() {
    let before = report(&[("a", "data", 2), ("b", "data", 2)], "");
    let (previous, messages) = publish_all(&first(), &run(&before, day(0)), &before);
    assert_eq!(messages[0].subject, "a dies after 1h; 1 more (data)");
    let after = report(&[("a", "data", 3), ("c", "data", 2)], "");
    let (previous, messages) = publish_all(&previous, &run(&after, day(1)), &after);
    assert_eq!(messages[0].subject, "a dies after 1h; 1 more; 1 resolved (data)");
    let none = report(&[], "");
    let (_, messages) = publish_all(&previous, &run(&none, day(2)), &none);
    assert_eq!(messages[0].subject, "credential-health: 2 resolved (data)");
    let severity = messages[0].attributes.iter().find(|attribute| attribute.name == "severity").unwrap();
    assert_eq!(severity.value, "none");
    let long = report(&[("a", &"équipe-☂-".repeat(12), 2)], "");
    let (_, messages) = publish_all(&first(), &run(&long, day(0)), &long);
    assert!(messages[0].subject.len() <= 99 && messages[0].subject.is_ascii(), "{}", messages[0].subject);
}

#[test]
fn control_characters_in_the_state_are_escaped() {
    let before = report(&[("a", "data", 2)], "");
    let (previous, _) = publish_all(&first(), &run(&before, day(0)), &before);
    let hostile = print(known(&previous)).replace("\"title\":\"a ", "\"title\":\"\\u001b[31mread \\n\\nme ");
    assert!(hostile.contains("u001b"));
    let previous = Previous::Known(read(hostile.as_bytes(), day(1)).unwrap());
    let none = report(&[], "");
    let (_, messages) = publish_all(&previous, &run(&none, day(1)), &none);
    assert!(!text(&messages[0]).contains('\u{1b}'));
    assert!(!body(&messages[0])["changes"]["resolved"].to_string().contains("u001b"));
}

// --- The object ---

#[test]
fn an_object_that_is_not_a_state_is_refused_with_a_reason_that_does_not_show_its_text() {
    let report = report(&[("a", "data", 2)], "");
    let good = print(known(&publish_all(&first(), &run(&report, day(0)), &report).0));
    assert!(read(good.as_bytes(), day(0)).is_ok());
    for (text, said) in [
        ("", "not JSON"),
        ("<html>secret", "not JSON"),
        ("[]", "not a state"),
        ("{}", "not a state"),
        (&good[..good.len() / 2], "not JSON"),
        (&good.replace("\"schema_version\":1", "\"schema_version\":2"), "schema_version 2"),
        (&good.replace("\"hop\"", "\"secret\""), "not a state"),
        (&good.replace("2026-", "2062-"), "in the future"),
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
fn every_problem_of_a_uri_is_reported_at_once() {
    for good in ["s3://my-bucket/state.json", "s3://a.b/credential-health/x/state_1.json"] {
        assert_eq!(S3Uri::parse(good).unwrap().to_string(), good);
    }
    for (bad, said) in [
        ("my-bucket/state.json", &["not an s3:// URI"][..]),
        ("https://my-bucket.s3.amazonaws.com/x", &["not an s3:// URI"]),
        ("s3://my-bucket", &["1 to 1024"]),
        ("s3://my-bucket/folder/", &["ends with `/`"]),
        ("s3://My_/a b/", &["other characters than a-z", "other characters than letters", "ends with `/`"]),
        ("s3://-a/x", &["3 to 63", "begins or ends"]),
    ] {
        let problem = S3Uri::parse(bad).unwrap_err().to_string();
        for part in said.iter().copied().chain(["s3://BUCKET/KEY"]) {
            assert!(problem.contains(part), "{bad} must say {part:?}: {problem}");
        }
    }
}

// --- Laws ---

/// What each of three jobs needs, in hours, and its owner; none: its credentials last.
type World = [Option<(u64, &'static str)>; 3];

fn world() -> impl Strategy<Value = World> {
    prop::array::uniform3(prop::option::weighted(0.7, (2..4_u64, prop::sample::select(vec!["data", "platform"]))))
}

fn report_of_world(world: &World) -> Report {
    let jobs = ["a", "b", "c"].into_iter().zip(world);
    let jobs: Vec<(&str, &str, u64)> =
        jobs.filter_map(|(name, job)| job.map(|(hours, owner)| (name, owner, hours))).collect();
    report(&jobs, "")
}

/// What somebody who believes every message knows as open: by owner and job, the seconds that the job needs.
type Beliefs = BTreeMap<(String, String), String>;

#[derive(Default, Debug)]
struct Subscriber {
    believes: Beliefs,
    /// How many open and resolved findings were in messages.
    heard: usize,
}

impl Subscriber {
    fn read(&mut self, message: &Message) {
        let body = body(message);
        let key = |finding: &Value| (message.owner.clone(), finding["job"].as_str().unwrap().to_owned());
        for finding in body["details"].as_array().unwrap() {
            let needed =
                finding["evidence"].as_array().unwrap().iter().find(|e| e["name"] == "needed_seconds").unwrap();
            self.believes.insert(key(finding), needed["value"].to_string());
            self.heard += 1;
        }
        for resolved in body["changes"]["resolved"].as_array().unwrap() {
            self.believes.remove(&key(resolved));
            self.heard += 1;
        }
    }
}

fn truth(world: &World) -> Beliefs {
    let jobs = ["a", "b", "c"].into_iter().zip(world).filter_map(|(name, job)| Some((name, (*job)?)));
    jobs.map(|(name, (hours, owner))| ((owner.to_owned(), name.to_owned()), (hours * 3600).to_string())).collect()
}

/// The owners and jobs that a state holds.
fn open(state: &State) -> BTreeSet<(String, String)> {
    let of_jobs = state.open.iter().filter_map(|(key, entry)| Some((key.owner.clone(), entry.job.clone()?)));
    of_jobs.collect()
}

/// An object with a version, as S3 keeps it.
struct Object {
    previous: Previous,
    version: u64,
}

impl Object {
    /// Writes it, and returns the new version: the same for the same content, like S3's ETag.
    fn write(&mut self, state: State) -> u64 {
        let written = Previous::Known(state);
        if self.previous != written {
            *self = Self { previous: written, version: self.version + 1 };
        }
        self.version
    }
}

/// One invocation, step by step, as `lambda::changes` does it: read, write, publish, write.
struct Invocation<'r> {
    run: Run<'r>,
    report: &'r Report,
    published: PublishedChanges,
    loaded: Option<(Previous, u64)>,
    is_saved_before: bool,
    before: Option<State>,
    is_published: bool,
    done: bool,
}

impl<'r> Invocation<'r> {
    fn new(report: &'r Report, at: Timestamp) -> Self {
        let (run, published) = (run(report, at), PublishedChanges::default());
        let (is_saved_before, is_published, done) = (false, false, false);
        Self { run, report, published, loaded: None, is_saved_before, before: None, is_published, done }
    }

    fn step(&mut self, object: &mut Object, subscriber: &mut Subscriber) {
        let report = self.report;
        let run = run(report, self.run.started_at());
        match &mut self.loaded {
            _ if self.done => {}
            None => {
                self.loaded = Some((object.previous.clone(), object.version));
                (self.is_saved_before, self.is_published) = (false, false);
            }
            Some((previous, version)) if !self.is_saved_before => {
                let changes = self.published.unpublished(previous, &run);
                self.before = changes.and_then(|changes| state_before_publishing(&changes, &run));
                match &self.before {
                    Some(_) if *version != object.version => self.loaded = None,
                    Some(state) => {
                        *version = object.write(state.clone());
                        self.is_saved_before = true;
                    }
                    None => self.is_saved_before = true,
                }
            }
            Some((previous, _)) if !self.is_published => {
                if let Some(changes) = self.published.unpublished(previous, &run) {
                    let round = self.published.round();
                    let messages = messages_of_changes(report, &changes, round, DEFAULT_MAX_MESSAGE_BYTES);
                    messages.iter().for_each(|message| subscriber.read(message));
                    self.published.record(&changes, &run, self.before.as_ref(), |_| Delivery::Published);
                }
                self.is_published = true;
            }
            Some((previous, version)) => {
                if *version == object.version {
                    object.write(state_after_publishing(previous, &self.run, &self.published));
                    self.done = true;
                }
                self.loaded = None;
            }
        }
    }

    fn finish(&mut self, object: &mut Object, subscriber: &mut Subscriber) {
        while !self.done {
            self.step(object, subscriber);
        }
    }
}

/// One run from its start to its end, without another one in between.
fn alone(world: &World, at: Timestamp, object: &mut Object, subscriber: &mut Subscriber) {
    Invocation::new(&report_of_world(world), at).finish(object, subscriber);
}

/// A run in the first world, then a run in the second and one in the third that mix, then a quiet one in the fourth.
/// `order`: true for a step of the first of the two.
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
    let [before, of_one, of_other] = [&worlds[0], &worlds[1], &worlds[2]].map(truth);
    let kept = open(known(&object.previous));
    for key in of_other.keys().filter(|_| !same_time) {
        prop_assert!(kept.contains(key), "{:?} is open", key);
    }
    for key in &kept {
        prop_assert!(of_one.contains_key(key) || of_other.contains_key(key) || before.contains_key(key));
    }
    alone(&worlds[3], day(2), &mut object, &mut subscriber);
    prop_assert_eq!(&subscriber.believes, &truth(&worlds[3]));
    prop_assert_eq!(open(known(&object.previous)), truth(&worlds[3]).into_keys().collect::<BTreeSet<_>>());
    Ok(())
}

/// Both write before publishing, then both publish: the earlier run's message came last.
#[test]
fn a_run_that_publishes_otherwise_after_a_later_one_is_corrected_by_the_next_run() {
    let [two, three] = [Some((2, "data")), Some((3, "data"))];
    let moved = Some((2, "platform"));
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
        (
            [[two, None, None], [moved, None, None], [two, None, None], [two, None, None]],
            &[other, other, other, one, one, other, other, other, other],
        ),
    ] {
        two_runs_at_once(&worlds, order, false).unwrap();
    }
}

/// A single loss in a run.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// The write before publishing.
    WriteBefore,
    /// The write after publishing.
    WriteAfter,
    /// The message to an owner: SNS refused it.
    Refused(&'static str),
    /// The message to an owner had no answer; whether it arrived.
    NoAnswer(&'static str, bool),
}

fn loss() -> impl Strategy<Value = Loss> {
    let owner = || prop::sample::select(vec!["data", "platform"]);
    prop_oneof![
        Just(Loss::WriteBefore),
        Just(Loss::WriteAfter),
        owner().prop_map(Loss::Refused),
        (owner(), any::<bool>()).prop_map(|(owner, arrives)| Loss::NoAnswer(owner, arrives)),
    ]
}

/// A run with a loss.
fn run_with(loss: Loss, world: &World, at: Timestamp, object: &mut Object, subscriber: &mut Subscriber) {
    let report = report_of_world(world);
    let run = run(&report, at);
    let previous = object.previous.clone();
    let mut published = PublishedChanges::default();
    let changes = published.unpublished(&previous, &run).unwrap();
    let before = state_before_publishing(&changes, &run).filter(|_| !matches!(loss, Loss::WriteBefore));
    if let Some(before) = &before {
        object.write(before.clone());
    }
    for message in messages_of_changes(&report, &changes, 1, DEFAULT_MAX_MESSAGE_BYTES) {
        match loss {
            Loss::Refused(owner) | Loss::NoAnswer(owner, false) if owner == message.owner => {}
            _ => subscriber.read(&message),
        }
    }
    published.record(&changes, &run, before.as_ref(), |key| match loss {
        Loss::Refused(owner) if owner == key.owner => Delivery::NotPublished,
        Loss::NoAnswer(owner, _) if owner == key.owner => Delivery::Unconfirmed,
        _ => Delivery::Published,
    });
    if !matches!(loss, Loss::WriteAfter) {
        object.write(state_after_publishing(&previous, &run, &published));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn runs_one_after_the_other_publish_each_change_exactly_once(worlds in prop::collection::vec(world(), 1..6)) {
        let mut object = Object { previous: first(), version: 0 };
        let mut subscriber = Subscriber::default();
        let (mut changes, mut before) = (0, BTreeMap::new());
        for (number, world) in (0..).zip(&worlds) {
            alone(world, day(0) + SignedDuration::from_hours(number), &mut object, &mut subscriber);
            let now = truth(world);
            let all: BTreeSet<_> = now.keys().chain(before.keys()).collect();
            changes += all.into_iter().filter(|key| now.get(*key) != before.get(*key)).count();
            prop_assert_eq!(&subscriber.believes, &now);
            before = now;
        }
        prop_assert_eq!(subscriber.heard, changes);
    }

    /// Whichever single write or message of a run is lost, the next run leaves every owner with the truth: of findings
    /// that changed, that ended, and that were handed over.
    #[test]
    fn a_single_loss_is_made_good_by_the_next_run(worlds in prop::array::uniform3(world()), loss in loss()) {
        let mut object = Object { previous: first(), version: 0 };
        let mut subscriber = Subscriber::default();
        alone(&worlds[0], day(0), &mut object, &mut subscriber);
        run_with(loss, &worlds[1], day(1), &mut object, &mut subscriber);
        alone(&worlds[2], day(2), &mut object, &mut subscriber);
        prop_assert_eq!(&subscriber.believes, &truth(&worlds[2]));
    }

    /// However the steps of two runs mix: after the next quiet run the subscriber knows the truth, and the state holds
    /// it.
    #[test]
    fn two_runs_at_once_lose_no_change(
        worlds in prop::array::uniform4(world()),
        order in prop::collection::vec(any::<bool>(), 8..20),
        same_time in any::<bool>(),
    ) {
        two_runs_at_once(&worlds, &order, same_time)?;
    }

    /// A run that ends at any step: the next run that completes leaves the subscriber with the truth.
    #[test]
    fn a_run_that_ends_halfway_loses_no_change(worlds in prop::array::uniform3(world()), steps in 0..5_usize) {
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
    fn a_state_is_read_as_it_was_written(
        worlds in prop::collection::vec(world(), 1..4),
        title in ".{0,40}",
        none in any::<bool>(),
    ) {
        let mut object = Object { previous: first(), version: 0 };
        for (number, world) in (0..).zip(&worlds) {
            alone(world, day(number), &mut object, &mut Subscriber::default());
        }
        let mut state = known(&object.previous).clone();
        for entry in state.open.values_mut() {
            entry.title = title.clone();
            entry.last_notified = entry.last_notified.filter(|_| none);
        }
        prop_assert_eq!(read(print(&state).as_bytes(), day(5)).unwrap(), state);
    }

    #[test]
    fn no_text_makes_reading_a_state_fail_without_a_reason(text in any::<Vec<u8>>()) {
        prop_assert!(read(&text, day(0)).is_err());
    }
}
