//! Run histories of each format, with the values that are easy to misread.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{HistoryKind, JobRuns, MeasuredBy, RunHistory, TiedRuns, read};
use crate::inventory::Seconds;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../tests/fixtures/measured/", $name))
    };
}

fn history(text: &str) -> RunHistory {
    read::files(&["-".into()], text.as_bytes())
}

fn only(text: &str) -> JobRuns {
    let history = history(text);
    assert_eq!(history.not_read, []);
    let [job] = &history.jobs[..] else { panic!("{:?}", history.jobs) };
    job.clone()
}

fn seconds(job: &JobRuns) -> Vec<u64> {
    job.lengths.iter().map(|length| length.0).collect()
}

fn reason(text: &str) -> String {
    let history = history(text);
    assert!(history.jobs.is_empty(), "{:?}", history.jobs);
    let [not_read] = &history.not_read[..] else { panic!("{text} was read") };
    not_read.reason.clone()
}

#[test]
fn a_build_starts_where_its_queue_ends() {
    let builds = only(sample!("codebuild.json"));
    assert_eq!((builds.kind, &*builds.name), (HistoryKind::Codebuild, "codebuild-demo-project"));
    assert_eq!(builds.scope.as_deref(), Some("123456789012/us-west-2"));
    // From PROVISIONING: 73.4 and 74.1 s.
    assert_eq!(seconds(&builds), [74, 75]);
}

#[test]
fn a_build_that_ended_in_the_queue_never_ran() {
    let build = json!({"builds": [{
        "id": "p:1", "projectName": "p", "buildStatus": "TIMED_OUT", "startTime": 1_548_717_462.122,
        "endTime": 1_548_746_262.122, "phases": [{"phaseType": "SUBMITTED"}, {"phaseType": "QUEUED"}],
    }]});
    let builds = only(&build.to_string());
    assert_eq!((builds.runs(), builds.not_run), (0, 1));
}

#[test]
fn epoch_seconds_of_version_1_and_local_times_of_version_2_are_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = ["1.json", "2.json"].map(|name| folder.path().join(name)).into();
    std::fs::write(&paths[0], sample!("codebuild.json")).unwrap();
    std::fs::write(&paths[1], sample!("codebuild-v2.json")).unwrap();
    let both = read::files(&paths, std::io::empty());
    assert_eq!((both.files, both.jobs.len(), both.runs()), (2, 1, 2));
    let second = only(sample!("codebuild-v2.json"));
    assert_eq!((seconds(&second), second.window.unwrap().0), (vec![75], 1_548_717_462_775));
}

#[test]
fn each_retry_of_a_glue_job_is_a_run() {
    let runs = only(sample!("glue.json"));
    assert_eq!((runs.runs(), seconds(&runs), runs.cut_short.failed), (3, vec![117], 2));
    assert_eq!(runs.cut_short.longest, Some(Seconds(113)));
}

#[test]
fn the_length_of_a_glue_run_has_no_waiting_in_it() {
    let run = json!({"JobRuns": [{
        "Id": "jr_1", "JobName": "j", "JobRunState": "SUCCEEDED", "StartedOn": "2026-11-28T00:00:00+00:00",
        "CompletedOn": "2026-11-28T05:00:00+00:00", "ExecutionTime": 600,
    }]});
    assert_eq!(seconds(&only(&run.to_string())), [600]);
}

#[test]
fn a_redriven_execution_is_no_whole_run() {
    let executions = only(sample!("step-functions.json"));
    assert_eq!((&*executions.name, executions.running), ("nightly-load", 1));
    assert_eq!(seconds(&executions), [4201]);
    // Not the 7 h 20 min from the first start.
    assert_eq!((executions.cut_short.redriven, executions.cut_short.longest), (1, Some(Seconds(1200))));
}

#[test]
fn each_attempt_of_a_batch_job_is_a_run_and_an_array_is_none() {
    let jobs = only(sample!("batch.json"));
    assert_eq!((&*jobs.name, jobs.scope.as_deref()), ("sleep60", Some("012345678910/us-east-1")));
    assert_eq!(seconds(&jobs), [62]);
    assert_eq!((jobs.cut_short.failed, jobs.cut_short.timed_out, jobs.not_run), (1, 1, 1));
}

#[test]
fn a_skipped_job_of_github_is_no_run_whatever_its_times_say() {
    let history = history(sample!("github-api.json"));
    let [build, deploy] = &history.jobs[..] else { panic!("{:?}", history.jobs) };
    assert_eq!((&*build.name, build.scope.as_deref()), ("build", Some("octo-org/octo-repo/CI")));
    assert_eq!((seconds(build), deploy.runs(), deploy.not_run), (vec![119], 0, 1));
}

#[test]
fn both_outputs_of_gh_have_the_same_run_and_a_job_that_goes_on_has_no_end() {
    let both = format!("{}\n{}", sample!("github-api.json"), sample!("github-run.json"));
    let history = history(&both);
    let names: Vec<(&str, usize, usize)> =
        history.jobs.iter().map(|job| (&*job.name, job.runs(), job.running)).collect();
    assert_eq!(names, [("build", 1, 0), ("deploy", 0, 0), ("test (eu)", 0, 1)]);
}

#[test]
fn jobs_that_a_rerun_lists_again_count_once() {
    let job = |id: u64, started: &str| {
        json!({"id": id, "run_url": "https://api.github.com/repos/o/r/actions/runs/7", "name": "build",
               "status": "completed", "conclusion": "success", "started_at": started,
               "completed_at": "2026-11-28T03:00:00Z"})
    };
    let [first, again] = [job(1, "2026-11-28T02:00:00Z"), job(2, "2026-11-28T02:00:00Z")];
    let other = job(3, "2026-11-28T02:30:00Z");
    let list = json!([{"jobs": [first]}, {"jobs": [again, other]}]);
    assert_eq!(seconds(&only(&list.to_string())), [1800, 3600]);
}

#[test]
fn rows_of_a_table_have_times_of_any_zone_and_form() {
    let restore = only(sample!("runs.csv"));
    assert_eq!(seconds(&restore), [7200, 9000]);
    assert_eq!((restore.cut_short.failed, restore.cut_short.longest, restore.running), (1, Some(Seconds(3600)), 1));
    let other = "\u{feff}Outcome;End;Note;Job;Start\r\nSuccess;2026-11-01T01:00:00Z;x;a;2026-11-01T00:00:00Z\r\n";
    assert_eq!(seconds(&only(other)), [3600]);
}

#[test]
fn a_cut_list_is_named_as_not_whole() {
    let not_whole = |text: &str| history(text).not_whole.into_iter().map(|cut| cut.reason).collect::<Vec<_>>();
    let glue = sample!("glue.json");
    assert_eq!(not_whole(glue), [""; 0]);
    let cut = glue.trim_end().strip_suffix('}').unwrap();
    assert_eq!(
        not_whole(&format!("{cut}, \"NextToken\": \"x\"}}"))[0],
        "the output has a NextToken: the service has more runs"
    );
    assert_eq!(not_whole(&format!("{cut}, \"NextToken\": null}}")), [""; 0]);
    let missing = sample!("codebuild.json").replacen("[]", "[\"p:1\"]", 1);
    assert_eq!(not_whole(&missing), ["CodeBuild did not find some of the builds"]);
    assert_eq!(not_whole(sample!("github-api.json")), [""; 0]);
    let page = sample!("github-api.json").replace("\"total_count\": 2", "\"total_count\": 4");
    assert_eq!(not_whole(&page), ["2 of the 4 jobs of workflow run 29679449: use gh api --paginate"]);
    // The second page has the other two.
    let second = page.replace("\"started_at\": \"2020-01-20T17:42:40Z\"", "\"started_at\": \"2020-01-20T17:40:40Z\"");
    assert_eq!(not_whole(&format!("{page}{second}")), [""; 0]);
}

#[test]
fn a_run_that_went_on_in_an_older_file_has_ended_in_the_newer_whatever_their_order() {
    let run = |state: &str, end: Value| {
        json!({"JobRuns": [{"Id": "jr_1", "JobName": "j", "JobRunState": state, "CompletedOn": end,
                            "StartedOn": "2026-11-28T00:00:00Z", "ExecutionTime": 60}]})
    };
    let (older, newer) = (run("RUNNING", Value::Null), run("SUCCEEDED", json!("2026-11-28T01:00:00Z")));
    for both in [format!("{older}{newer}"), format!("{newer}\n{older}")] {
        let job = only(&both);
        assert_eq!((seconds(&job), job.running), (vec![60], 0));
    }
}

#[test]
fn a_status_that_is_not_known_cuts_a_run_short() {
    let text = sample!("codebuild-v2.json").replace("\"buildStatus\": \"SUCCEEDED\"", "\"buildStatus\": \"PAUSED\"");
    let job = only(&text);
    assert_eq!((seconds(&job), job.cut_short.unknown), (vec![], 1));
}

#[test]
fn a_bad_file_has_one_reason_with_its_place() {
    for (text, expected) in [
        ("", "the file is empty"),
        ("{\"JobRuns\": [", "EOF while parsing a list at line 1 column 13"),
        ("{\n\"builds\": [{\"id\": \"p:1\"}]}", "missing field `projectName` at line 2 column 24"),
        (
            "{\"jobs\": [{\"name\": \"a\"}]}",
            "neither `jobId` and `jobDefinition` (Batch) nor `name` and `status` (GitHub)",
        ),
        (
            "\n{\"ids\": [\"p:1\"]}",
            "line 2: a list of ids has no times: pass the ids to `aws codebuild batch-get-builds`",
        ),
        ("{\"jobSummaryList\": []}", "line 1: `aws batch list-jobs` shows no attempts"),
        ("{\"jobs\": []}\n\n{\"Records\": []}", "line 3: a document without `builds`"),
        ("[1]", "invalid type: integer `1`"),
        ("not JSON", "line 1: no column `job`"),
        ("job,start,end\na,b,c", "line 1: no column `outcome`"),
        (
            "job,start,end,outcome\na,2026-11-28T00:00:00,2026-11-28T01:00:00,failed",
            "line 2: `2026-11-28T00:00:00` has no time zone",
        ),
        (
            "job,start,end,outcome\na,2026-11-28T01:00:00Z,2026-11-28T00:00:00Z,failed",
            "line 2: the run of `a` ends before it starts",
        ),
        ("job,start,end,outcome\n\na,2026-11-28T01:00:00Z,,ok", "line 3: `ok` is no outcome"),
        ("job,start,end,outcome\na,2026-11-28T01:00:00Z,,failed", "line 2: a run that ended has a start and an end"),
        ("job,start,end,outcome\n ,,,failed", "line 2: the name of the job is empty"),
    ] {
        let reason = reason(text);
        assert!(reason.contains(expected), "{text:?}: {reason}");
    }
    let deep = format!("{{\"jobs\": {}", "[".repeat(100_000));
    assert!(reason(&deep).contains("line 1"), "{}", reason(&deep));
    let many = format!("{{\"builds\": [], \"buildsNotFound\": [{}]}}", vec!["0"; 200_001].join(","));
    assert!(reason(&many).contains("more than 200000 items: split the file"), "{}", reason(&many));
}

#[test]
fn a_reason_shows_no_credential_of_the_file() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    for text in [
        format!("{{\"jobs\": \"{secret}\"}}"),
        format!(
            "{{\"executions\": [{{\"executionArn\": \"a\", \"stateMachineArn\": \"{secret}\", \"status\": \"x\"}}]}}"
        ),
        format!("job,start,end,outcome\na,{secret},,running"),
        format!("job,start,end,outcome\na,,,{secret}"),
    ] {
        let reason = reason(&text);
        assert!(!reason.contains("wJalr") && !reason.contains("EXAMPLEKEY"), "{reason}");
    }
}

#[test]
fn median_and_percentile_are_of_the_runs_that_succeeded() {
    let table = |lengths: &[(u64, &str)]| {
        let row = |(number, (length, outcome)): (usize, &(u64, &str))| {
            let start = 1_794_787_200 + 86_400 * number as u64;
            format!("a,{start},{},{outcome}\n", start + length)
        };
        format!("job,start,end,outcome\n{}", lengths.iter().enumerate().map(row).collect::<String>())
    };
    let twenty: Vec<(u64, &str)> = (1..=20).map(|minutes| (minutes * 60, "succeeded")).collect();
    let job = only(&table(&twenty));
    assert_eq!(
        (job.median(), job.percentile_95(), job.longest()),
        (Some(Seconds(630)), Some(Seconds(1140)), Some(Seconds(1200)))
    );
    assert_eq!(job.proposed_length(), Some(Seconds::minutes(25)));
    let job = only(&table(&[(600, "succeeded"), (3600, "timed-out")]));
    assert_eq!((job.longest(), job.longer_cut_short()), (Some(Seconds(600)), Some(Seconds(3600))));
    assert_eq!(job.proposed_length(), Some(Seconds::minutes(75)));
    let job = only(&table(&[(3600, "failed")]));
    assert_eq!((job.median(), job.percentile_95(), job.longest(), job.proposed_length()), (None, None, None, None));
    let job = only(&table(&[(0, "succeeded")]));
    assert_eq!((job.median(), job.proposed_length()), (Some(Seconds(0)), Some(Seconds::minutes(5))));
}

#[test]
fn a_name_in_two_scopes_measures_nothing_until_one_is_chosen() {
    let other = sample!("codebuild.json").replace("us-west-2", "eu-west-1");
    let history = history(&format!("{}{other}", sample!("codebuild.json")));
    let tie = |name: &str, scope: Option<&str>| MeasuredBy {
        kind: HistoryKind::Codebuild,
        name: name.to_owned(),
        scope: scope.map(str::to_owned),
    };
    let runs = |tie: &MeasuredBy| match history.runs_of(tie) {
        TiedRuns::Runs(runs) => runs.runs(),
        TiedRuns::None => 0,
        TiedRuns::Ambiguous(scopes) => panic!("{scopes:?}"),
    };
    let project = "codebuild-demo-project";
    assert!(matches!(history.runs_of(&tie(project, None)), TiedRuns::Ambiguous(scopes) if scopes.len() == 2));
    assert!(matches!(history.runs_of(&tie("*", None)), TiedRuns::Ambiguous(_)));
    assert_eq!(runs(&tie(project, Some("123456789012/eu-west-1"))), 2);
    assert_eq!(runs(&tie("codebuild-*", Some("123456789012/*"))), 4);
    assert_eq!(runs(&tie(project, Some("999999999999/*"))), 0);
    assert_eq!(runs(&tie("demo", None)), 0);
}

#[test]
fn jobs_of_one_name_and_one_start_are_two_runs() {
    let job = |end: &str, status: &str| {
        format!(
            r#"{{"name": "b", "status": "{status}", "conclusion": "success", "startedAt": "2026-11-01T01:00:00Z",
                "completedAt": "{end}"}}"#
        )
    };
    let (short, long) = (job("2026-11-01T02:00:00Z", "completed"), job("2026-11-01T09:00:00Z", "completed"));
    for jobs in [[&short, &long], [&long, &short]] {
        let measured = only(&format!(r#"{{"jobs": [{}, {}]}}"#, jobs[0], jobs[1]));
        assert_eq!(seconds(&measured), [3600, 8 * 3600]);
    }
}

#[test]
fn what_a_history_does_not_show_is_no_short_run() {
    let run = |id: &str, state: &str, more: &str| {
        format!(
            r#"{{"Id": "{id}", "JobName": "etl", "JobRunState": "{state}", "StartedOn": "2026-11-01T01:00:00Z"{more}}}"#
        )
    };
    let ended = r#", "CompletedOn": "2026-11-02T01:00:00Z", "ExecutionTime": 600"#;
    let runs = |other: String| only(&format!(r#"{{"JobRuns": [{}, {other}]}}"#, run("a", "SUCCEEDED", ended)));
    let tenth = Seconds(720);
    assert!(!runs(run("b", "SUCCEEDED", ended)).may_be_longer_than(tenth));
    assert!(runs(run("b", "SUCCEEDED", "")).may_be_longer_than(tenth));
    assert!(runs(run("b", "RUNNING", "")).may_be_longer_than(tenth));
    assert_eq!(seconds(&runs(run("b", "SUCCEEDED", r#", "ExecutionTime": 36000"#))), [600, 36000]);
    let endless = run("a", "SUCCEEDED", r#", "ExecutionTime": 18446744073709551615"#);
    assert!(reason(&format!(r#"{{"JobRuns": [{endless}]}}"#)).contains("longer than a century"));
}
