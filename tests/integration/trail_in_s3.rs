//! `sessions s3://…`: the objects that the window needs, faults of S3, and the file of `--state`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::harness::{COMMAND, Cli, REGION, Ran, world};
use crate::stand_in::{Answer, Bucket, Credentials, Fault, StandIn};

const BUCKET: &str = "company-trail";
const ROLE: &str = "arn:aws:iam::444455556666:role/etl";
const ACCOUNT: &str = "AWSLogs/o-a1b2c3/444455556666/CloudTrail/eu-west-1/2026/11";

/// A log with the issue of a session on this day of November, and its call 50 minutes later.
fn log(day: u8, key: &str) -> Vec<u8> {
    let principal = "arn:aws:sts::444455556666:assumed-role/etl/nightly";
    let issue = json!({
        "eventID": format!("issue of {key}"), "eventTime": format!("2026-11-{day:02}T01:00:00Z"),
        "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "sourceIPAddress": "192.0.2.1",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ci", "accessKeyId": "AKIAEXAMPLE"},
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "nightly"},
        "responseElements": {
            "credentials": {"accessKeyId": key, "expiration": format!("2026-11-{day:02}T02:00:00Z")},
            "assumedRoleUser": {"assumedRoleId": "AROAEXAMPLE:nightly", "arn": principal},
        },
    });
    let call = json!({
        "eventID": format!("call of {key}"), "eventTime": format!("2026-11-{day:02}T01:50:00Z"),
        "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances",
        "userIdentity": {"type": "AssumedRole", "arn": principal, "accessKeyId": key},
    });
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json!({"Records": [issue, call]}).to_string().as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn key(day: u8, name: &str) -> String {
    format!("{ACCOUNT}/{day:02}/444455556666_CloudTrail_eu-west-1_{name}.json.gz")
}

/// A bucket with a log for each of the days 26 to 28, with lists of two entries a page.
async fn bucket() -> (StandIn, Credentials) {
    let (mut world, caller) = world();
    world.bucket(Bucket::new(BUCKET, REGION).pages_of(2));
    for day in 26..=28 {
        world.set_bytes(BUCKET, &key(day, "a"), &log(day, &format!("ASIA{day}")));
    }
    (StandIn::start(world).await, caller)
}

fn cli(aws: &StandIn, caller: &Credentials, more: &[&str]) -> Cli {
    Cli::new(&[&["sessions", "--format", "json", "s3://company-trail/"], more].concat()).asking(aws, caller)
}

async fn sessions(aws: &StandIn, caller: &Credentials, more: &[&str]) -> (Ran, Value) {
    let ran = cli(aws, caller, more).run().await;
    let read = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, read)
}

fn keys(read: &Value) -> Vec<&str> {
    let sessions = read["sessions"].as_array().unwrap().iter();
    sessions.map(|session| session["access_key_id"].as_str().unwrap()).collect()
}

/// Runs with faults. Returns the exit status, the keys of the sessions and the reasons of the skipped objects.
async fn with(faults: Vec<Fault>) -> (i32, Vec<String>, Vec<String>) {
    let (aws, caller) = bucket().await;
    faults.into_iter().for_each(|fault| aws.script(fault));
    let (ran, read) = sessions(&aws, &caller, &[]).await;
    let keys = keys(&read).into_iter().map(str::to_owned).collect();
    let skipped = read["skipped"].as_array().unwrap().iter();
    (ran.status, keys, skipped.map(|one| format!("{}: {}", one["file"], one["reason"])).collect())
}

#[tokio::test]
async fn only_the_days_of_the_window_are_listed_and_read() {
    let (aws, caller) = bucket().await;
    aws.world(|world| {
        let other = key(28, "a").replace("444455556666", "111122223333").replace("eu-west-1", "us-east-1");
        world.set_bytes(BUCKET, &other, &log(28, "ASIA9"));
        world.set_bytes(BUCKET, "AWSLogs/444455556666/Config/eu-west-1/2026/11/28/x.json.gz", b"no log");
        world.set_bytes(BUCKET, &key(28, "CloudTrail-Digest_x"), b"no log");
        world.set_bytes(BUCKET, &key(20, "old"), b"no log");
    });
    let (ran, read) = sessions(&aws, &caller, &["--since", "2026-11-27", "--until", "2026-11-28"]).await;
    ran.assert_status(0);
    assert_eq!(keys(&read), ["ASIA27", "ASIA28", "ASIA9"]);
    assert_eq!((&read["files"], &read["records"]), (&json!(3), &json!(6)));
    let listed: Vec<String> = aws.calls_of("ListObjectsV2").iter().map(|call| call.params["prefix"].clone()).collect();
    assert!(listed.contains(&format!("{ACCOUNT}/27/")), "{listed:?}");
    assert!(!listed.iter().any(|prefix| prefix.contains("/20/") || prefix.contains("/26/")), "{listed:?}");
    assert!(!listed.iter().any(|prefix| prefix.contains("Config/")), "{listed:?}");
}

#[tokio::test]
async fn a_bucket_without_the_layout_is_listed_whole() {
    let (mut world, caller) = world();
    world.bucket(Bucket::new(BUCKET, REGION).pages_of(2));
    for (day, name) in [(26, "a.json.gz"), (27, "x/b.json.gz"), (28, "x/y/z/1/2/c.json.gz")] {
        world.set_bytes(BUCKET, name, &log(day, &format!("ASIA{day}")));
    }
    let aws = StandIn::start(world).await;
    let (ran, read) = sessions(&aws, &caller, &["--since", "2026-11-27"]).await;
    ran.assert_status(0);
    assert_eq!(keys(&read), ["ASIA27", "ASIA28"]);
    assert_eq!(read["files"], 3);
}

#[tokio::test]
async fn a_refused_changed_or_broken_object_costs_that_object_alone() {
    let of_27 = |answer: Answer| Fault::on("GetObject").saying("/11/27/").then(answer);
    let denied = of_27(Answer::error(403, "AccessDenied", "Access Denied"));
    let others = vec!["ASIA26".to_owned(), "ASIA28".to_owned()];
    let (status, keys, skipped) = with(vec![denied]).await;
    assert_eq!((status, keys), (3, others));
    assert!(skipped[0].contains("/11/27/") && skipped[0].contains("AccessDenied"), "{skipped:?}");

    // The records before the break count.
    let (status, keys, skipped) = with(vec![of_27(Answer::Truncated)]).await;
    assert_eq!((status, keys.len()), (3, 3));
    assert!(skipped[0].contains("/11/27/") && skipped[0].contains("broke off 4 times"), "{skipped:?}");

    let (aws, caller) = bucket().await;
    let whole = log(27, "ASIA27");
    aws.world(|world| world.set_bytes(BUCKET, &key(27, "a"), &whole[..whole.len() - 8]));
    let (ran, read) = sessions(&aws, &caller, &[]).await;
    ran.assert_status(3);
    assert_eq!(self::keys(&read), ["ASIA26", "ASIA27", "ASIA28"]);
    assert!(read["skipped"][0]["reason"].as_str().unwrap().contains("ends too early"), "{read}");

    // The list has the version before a change.
    let (aws, caller) = bucket().await;
    aws.script(Fault::on("ListObjectsV2").saying("/11/27/").then(Answer::altered("<ETag>&quot;", "<ETag>&quot;0")));
    let (ran, read) = sessions(&aws, &caller, &["--since", "2026-11-01"]).await;
    ran.assert_status(3);
    assert_eq!(self::keys(&read), ["ASIA26", "ASIA28"]);
    assert!(read["skipped"][0]["reason"].as_str().unwrap().contains("changed after it was listed"), "{read}");
}

#[tokio::test]
async fn reads_of_logs_are_tried_as_often_as_the_settings_say() {
    for (mode, attempts, expected) in [(None, "1", 1), (Some("standard"), "2", 2), (Some("adaptive"), "3", 3)] {
        let (aws, caller) = bucket().await;
        let throttled = Answer::error(503, "SlowDown", "Slow down");
        aws.script(Fault::on("GetObject").saying("/11/27/").then(throttled.clone()));
        let attempt = cli(&aws, &caller, &[]).env("AWS_MAX_ATTEMPTS", attempts);
        let ran = mode.into_iter().fold(attempt, |cli, mode| cli.env("AWS_RETRY_MODE", mode)).run().await;
        ran.assert_status(3);
        let asked = aws.calls_of("GetObject").iter().filter(|call| call.sent.contains("/11/27/")).count();
        assert_eq!(asked, expected, "{mode:?}");

        aws.clear_script();
        aws.reset_calls();
        aws.script(Fault::on("ListObjectsV2").then(throttled));
        let attempt = cli(&aws, &caller, &[]).env("AWS_MAX_ATTEMPTS", attempts);
        let ran = mode.into_iter().fold(attempt, |cli, mode| cli.env("AWS_RETRY_MODE", mode)).run().await;
        ran.assert_status(4);
        assert_eq!(aws.calls_of("ListObjectsV2").len(), expected, "{mode:?}");
    }
}

#[tokio::test]
async fn throttled_calls_and_a_body_that_breaks_off_once_are_tried_again() {
    let throttle = |action: &str| Fault::on(action).times(2).then(Answer::error(503, "SlowDown", "Slow down"));
    let cut = Fault::on("GetObject").saying("/11/28/").times(1).then(Answer::Truncated);
    let (status, keys, skipped) = with(vec![cut, throttle("GetObject"), throttle("ListObjectsV2")]).await;
    assert_eq!((status, keys.len(), skipped), (0, 3, vec![]));
}

#[tokio::test]
async fn a_list_that_repeats_a_page_ends() {
    let page = "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>\
                </ListBucketResult>";
    let (aws, caller) = bucket().await;
    let list = Fault::on("ListObjectsV2").saying("CloudTrail/");
    aws.script(list.then(Answer::xml(200, page)));
    let (ran, _) = sessions(&aws, &caller, &[]).await;
    ran.assert_status(4);
    assert!(ran.stderr.contains("same page of the list again"), "{}", ran.stderr);
}

#[tokio::test]
async fn without_an_answer_of_s3_the_status_is_4() {
    let (aws, caller) = bucket().await;
    aws.script(Fault::on("ListObjectsV2").then(Answer::error(403, "AccessDenied", "Access Denied")));
    let (ran, _) = sessions(&aws, &caller, &[]).await;
    ran.assert_status(4);
    assert!(ran.stderr.contains("s3://company-trail/: S3: AccessDenied"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_bucket_may_be_in_another_region() {
    let (mut world, caller) = world();
    world.bucket(Bucket::new(BUCKET, "us-west-2"));
    world.set_bytes(BUCKET, &key(27, "a"), &log(27, "ASIA27"));
    let aws = StandIn::start(world).await;
    let (ran, read) = sessions(&aws, &caller, &[]).await;
    ran.assert_status(0);
    assert_eq!(keys(&read), ["ASIA27"]);
}

#[tokio::test]
async fn a_resumed_run_reads_the_other_objects_and_has_the_result_of_a_whole_run() {
    let (aws, caller) = bucket().await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("trail.state");
    let with_state = ["--state", state.to_str().unwrap()];
    aws.script(Fault::on("GetObject").saying("/11/27/").then(Answer::Truncated));
    let (ran, read) = sessions(&aws, &caller, &with_state).await;
    ran.assert_status(3);
    assert_eq!(read["skipped"].as_array().unwrap().len(), 1);

    aws.clear_script();
    aws.reset_calls();
    // Its name is before the others, so that each object has another number.
    aws.world(|world| world.set_bytes(BUCKET, &key(25, "a"), &log(25, "ASIA25")));
    let (ran, resumed) = sessions(&aws, &caller, &with_state).await;
    ran.assert_status(0);
    let read: Vec<String> = aws.calls_of("GetObject").iter().map(|call| call.params["Key"].clone()).collect();
    assert_eq!(read.len(), 2, "{read:?}");
    let (_, whole) = sessions(&aws, &caller, &[]).await;
    assert_eq!(resumed, whole);
    aws.reset_calls();
    let (_, again) = sessions(&aws, &caller, &with_state).await;
    assert_eq!((again, aws.calls_of("GetObject").len()), (whole, 0));

    aws.world(|world| world.set_bytes(BUCKET, &key(26, "a"), &log(26, "ASIA0")));
    let (ran, changed) = sessions(&aws, &caller, &with_state).await;
    ran.assert_status(3);
    assert!(changed["skipped"][0]["reason"].as_str().unwrap().contains("earlier run"), "{changed}");

    let other = sessions(&aws, &caller, &[&with_state[..], &["--since", "2026-11-01"]].concat()).await.0;
    other.assert_status(2);
    assert!(other.stderr.contains("--since"), "{}", other.stderr);
    let whole = std::fs::read(&state).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"no state"] {
        std::fs::write(&state, damaged).unwrap();
        let ran = sessions(&aws, &caller, &with_state).await.0;
        ran.assert_status(2);
        assert!(ran.stderr.contains("delete it"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn a_log_whose_key_has_a_control_character_is_read() {
    let (aws, caller) = bucket().await;
    aws.world(|world| world.set_bytes(BUCKET, &key(27, "b\u{1} +ä"), &log(27, "ASIA1")));
    let (ran, read) = sessions(&aws, &caller, &[]).await;
    ran.assert_status(0);
    assert_eq!(keys(&read), ["ASIA26", "ASIA1", "ASIA27", "ASIA28"]);
}

#[tokio::test]
async fn lint_and_import_read_logs_in_s3_too() {
    let (aws, caller) = bucket().await;
    let lint = Cli::new(&["lint", "--format", "json", "--cloudtrail", "s3://company-trail/"]).asking(&aws, &caller);
    let report = lint.run().await.report();
    assert_eq!(report["summary"]["jobs"], 1, "{report}");
    let import = Cli::new(&["import", "cloudtrail", "s3://company-trail/AWSLogs/"]).asking(&aws, &caller);
    let ran = import.run().await;
    ran.assert_status(0);
    assert!(ran.stdout.contains("length: 50m"), "{}", ran.stdout);
}

#[tokio::test]
async fn state_is_refused_for_sources_outside_s3() {
    let ran = Cli::new(&["sessions", "--state", "x", "logs"]).run().await;
    ran.assert_status(2);
    assert!(ran.stderr.contains("--state is for sources in S3"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_list_of_s3_that_cannot_be_is_no_whole_list() {
    // Sizes whose sum is no number.
    let sizes = Fault::on("ListObjectsV2").then(Answer::altered("<Size>", "<Size>9000000000000000"));
    let (status, keys, skipped) = with(vec![sizes]).await;
    assert_eq!((status, keys.len(), skipped.len()), (3, 3, 3), "{skipped:?}");

    // Pages without an entry, each with another marker.
    let page = |number: usize| {
        let marker = format!("<NextContinuationToken>{number}</NextContinuationToken>");
        Answer::xml(200, format!("<ListBucketResult><IsTruncated>true</IsTruncated>{marker}</ListBucketResult>"))
    };
    let of_26 = |answer: Answer| Fault::on("ListObjectsV2").saying("/11/26/").then(answer);
    let pages = (0..200).map(|number| Fault::on("ListObjectsV2").saying("/11/26/").times(1).then(page(number)));
    // Folders that nobody asked for, and keys of elsewhere.
    let folder = "<CommonPrefixes><Prefix>AWSLogs/x/</Prefix></CommonPrefixes></ListBucketResult>";
    let folders = of_26(Answer::altered("</ListBucketResult>", folder));
    let elsewhere = of_26(Answer::altered("<Key>AWSLogs", "<Key>../AWSLogs"));
    for (faults, sentence) in [
        (pages.collect(), "100 pages of the list without an entry"),
        (vec![folders], "other keys than asked"),
        (vec![elsewhere], "other keys than asked"),
    ] {
        let (aws, caller) = bucket().await;
        faults.into_iter().for_each(|fault| aws.script(fault));
        let (ran, read) = sessions(&aws, &caller, &["--since", "2026-11-01"]).await;
        ran.assert_status(3);
        assert_eq!(self::keys(&read), ["ASIA27", "ASIA28"]);
        assert!(read["skipped"][0]["reason"].as_str().unwrap().contains(sentence), "{read}");
    }
}

#[tokio::test]
async fn a_state_that_cannot_be_used_is_named_before_anything_is_read() {
    let (aws, caller) = bucket().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let gzip = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    std::fs::create_dir(path("blocked.new")).unwrap();
    std::fs::write(path("later"), gzip(br#"{"writer":"credential-health 9.0.0","more":1}"#)).unwrap();
    std::fs::write(path("forged"), gzip(b"{\"writer\":\"x\n[critical] forged\"}")).unwrap();
    // A name of 2 MiB.
    let huge = [&b"{\"writer\":\""[..], &vec![b'A'; 2 * 1024 * 1024]].concat();
    std::fs::write(path("huge"), gzip(&huge)).unwrap();
    for (name, sentence) in [
        ("pipe", "it is not a regular file"),
        ("blocked", "directory"),
        ("no/folder", "No such file"),
        ("later", "it was written by credential-health 9.0.0: delete it"),
        ("forged", "its start names no program"),
        ("huge", "its start names no program"),
    ] {
        let state = path(name);
        let ran = cli(&aws, &caller, &["--state", state.to_str().unwrap()]).run().await;
        ran.assert_status(2);
        assert!(ran.stderr.contains(sentence) && ran.stderr.lines().count() == 1, "{name}: {}", ran.stderr);
        assert!(ran.stderr.len() < 1000, "{name}");
    }
    assert!(aws.calls_of("ListObjectsV2").is_empty());
    // What an ended run left may be a link.
    std::fs::write(path("other"), "kept").unwrap();
    std::os::unix::fs::symlink(path("other"), path("linked.new")).unwrap();
    sessions(&aws, &caller, &["--state", path("linked").to_str().unwrap()]).await.0.assert_status(0);
    assert_eq!(std::fs::read_to_string(path("other")).unwrap(), "kept");
    assert!(std::fs::metadata(path("linked")).unwrap().is_file());
}

/// The limit of a file's size stands for a full disk. The sessions are shown, and the status says that a later run
/// reads everything again.
#[tokio::test]
async fn a_state_that_was_not_written_changes_the_status() {
    let (aws, caller) = bucket().await;
    for (command, shown) in [("sessions", "ASIA27"), ("lint --cloudtrail", "etl"), ("import cloudtrail", "length")] {
        let folder = tempfile::tempdir().unwrap();
        let format = if command.starts_with("sessions") { "--format csv" } else { "" };
        let limited =
            format!("trap '' XFSZ; ulimit -f 0; exec {COMMAND} {command} s3://{BUCKET}/ --state state {format}");
        let mut shell = tokio::process::Command::new("sh");
        shell.args(["-c", &limited]).env_clear().envs(aws.environment(&caller, REGION)).current_dir(&folder);
        let output = shell.env("HOME", folder.path()).env("AWS_EC2_METADATA_DISABLED", "true").output().await.unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert_eq!(output.status.code(), Some(3), "{command}: {stdout}{stderr}");
        assert!(stdout.contains(shown) && stderr.contains("the state was not written"), "{command}: {stdout}{stderr}");
    }
}
