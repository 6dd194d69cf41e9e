//! The report as a pipeline's test results: each job is a test, each owner a suite; another suite holds everything
//! without a job. A failure makes the command end with 1, an error with 3. Unjudged jobs are skipped with the reason,
//! never passed.

use std::collections::{BTreeMap, HashMap};

use quick_junit::{NonSuccessKind, Report as Results, TestCase, TestCaseStatus, TestSuite};

use super::by_job::{self, JobFindings};
use super::{HopOutcome, JobReport, NotWalkedPath, Report, Walk, plain};
use crate::findings::Severity;
use crate::findings::{Finding, UNOWNED};
use crate::lease::Verdict;
use crate::visible;

/// The suite of findings and roles without a job.
const WITHOUT_JOB: &str = "roles and the run";

/// Renders the report. Open findings at or above `fail_on` are failures; `None`: no finding is a failure.
#[must_use]
pub fn render(report: &Report, fail_on: Option<Severity>) -> String {
    let found = JobFindings::new(report);
    let stops = report.coverage.paths.not_walked.iter().map(|path| (path.job.as_str(), path));
    let stops: HashMap<&str, &NotWalkedPath> = stops.collect();
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for job in &report.jobs {
        let owner = job.owner.as_deref().unwrap_or(UNOWNED);
        let suite = suites.entry(owner).or_insert_with(|| TestSuite::new(visible::line(owner)));
        let stop = stops.get(job.name.as_str()).copied();
        let job = TestedJob { job, stop, has_length: report.has_lengths() };
        suite.add_test_case(job_test(&job, &found, fail_on));
    }
    let mut results = Results::new("credential-health");
    results.set_time(std::time::Duration::from_millis(report.run.duration_ms));
    results.add_test_suites(suites.into_values());
    results.add_test_suite(suite_without_job(report, fail_on));
    let text = results.to_string().unwrap_or_default();
    // The schema of Jenkins has this count only for suites, not for the whole file.
    text.replacen(&format!(" skipped=\"{}\"", results.skipped), "", 1)
}

/// A job, and what its test depends on.
struct TestedJob<'a> {
    job: &'a JobReport,
    /// Where its walk stopped.
    stop: Option<&'a NotWalkedPath>,
    /// Without a length, nobody knows whether its credentials last.
    has_length: bool,
}

fn job_test(tested: &TestedJob<'_>, found: &JobFindings<'_>, fail_on: Option<Severity>) -> TestCase {
    let job = tested.job;
    let (open, waived) = (found.open(job), found.waived(job));
    let failing: Vec<&Finding> = open.iter().copied().filter(|finding| fails(finding, fail_on)).collect();
    let status = if failing.is_empty() {
        not_judged(tested).or_else(|| accepted(job, open, waived)).map_or_else(TestCaseStatus::success, skipped)
    } else {
        failure(&failing)
    };
    let mut test = TestCase::new(visible::line(&job.name), status);
    test.set_classname(visible::line(job.owner.as_deref().unwrap_or(UNOWNED)));
    let lasts = plain::lasts(job);
    let numbers = match tested.has_length {
        true => format!("{}: {}, needs {}, lasts {lasts}", job.location, plain::verdict(job), job.needed_seconds),
        false => format!("{}: lasts {lasts}", job.location),
    };
    let others = open.iter().filter(|finding| !fails(finding, fail_on)).map(|finding| plain::finding(finding));
    let texts = std::iter::once(numbers).chain(others).chain(waived.iter().map(|finding| describe_waived(finding)));
    test.set_system_out(visible::block(&texts.collect::<Vec<_>>().join("\n")));
    test
}

/// Why a job was not fully judged.
fn not_judged(TestedJob { job, stop, has_length }: &TestedJob<'_>) -> Option<String> {
    if job.verdict == Verdict::Unknown {
        return Some("unknown whether its credentials last".to_owned());
    }
    if !has_length && job.verdict == Verdict::Covered {
        return Some("how long it runs is not declared: add --length to judge it".to_owned());
    }
    let stop = stop.filter(|stop| {
        job.walk != Walk::Walked && !matches!(stop.reason, HopOutcome::Offline | HopOutcome::Declared)
    })?;
    Some(format!("its path was not walked to the end: {}", plain::outcome(stop.reason)))
}

/// The waivers of a job that is not covered but accepted.
fn accepted(job: &JobReport, open: &[&Finding], waived: &[&Finding]) -> Option<String> {
    let healthy = job.verdict == Verdict::Covered && job.walk != Walk::Failed;
    (!healthy && open.is_empty())
        .then(|| waived.iter().map(|finding| describe_waived(finding)).collect::<Vec<_>>().join("\n"))
}

/// Findings about roles and the run, roles that were not fully checked, and whether the run is complete.
fn suite_without_job(report: &Report, fail_on: Option<Severity>) -> TestSuite {
    let mut suite = TestSuite::new(WITHOUT_JOB);
    for (name, value) in [
        ("version", report.run.version),
        ("run", &report.run.id),
        ("started_at", &report.run.started_at),
        ("inventory_sha256", &report.run.inventory_sha256),
    ] {
        suite.add_property((name, value));
    }
    let add = |suite: &mut TestSuite, name: &str, status: TestCaseStatus, text: &str| {
        let mut test = TestCase::new(visible::line(name), status);
        test.set_classname(WITHOUT_JOB);
        if !text.is_empty() {
            test.set_system_out(visible::block(text));
        }
        suite.add_test_case(test);
    };
    let coverage = plain::coverage(report).join("\n");
    let complete =
        if report.run.complete { TestCaseStatus::success() } else { error(&plain::incomplete(report), &coverage) };
    add(&mut suite, "the run is complete", complete, &format!("{}\n{coverage}", plain::headline(report)));
    for finding in by_job::findings_without_job(report) {
        let name = format!("{}: {}", finding.id, plain::place(finding));
        match &finding.waived {
            Some(_) => add(&mut suite, &name, skipped(describe_waived(finding)), &plain::finding(finding)),
            None if fails(finding, fail_on) => add(&mut suite, &name, failure(&[finding]), ""),
            None => add(&mut suite, &name, TestCaseStatus::success(), &plain::finding(finding)),
        }
    }
    let offline = plain::is_offline(&report.coverage);
    for role in report.coverage.roles.not_checked.iter().filter(|_| !offline) {
        add(
            &mut suite,
            &format!("checked: {}", role.role),
            skipped(plain::not_checked(role.reason, report.origin)),
            "",
        );
    }
    for setting in report.coverage.settings.not_read.iter().filter(|_| !offline) {
        let reason = plain::not_read_reason(setting.reason);
        add(&mut suite, &format!("read: {}", setting.setting), skipped(reason), "");
    }
    suite
}

fn fails(finding: &Finding, fail_on: Option<Severity>) -> bool {
    finding.waived.is_none() && fail_on.is_some_and(|limit| finding.severity >= limit)
}

fn failure(findings: &[&Finding]) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let titles: Vec<&str> = findings.iter().map(|finding| finding.title.as_str()).collect();
    let texts: Vec<String> = findings.iter().map(|finding| plain::finding(finding)).collect();
    status.set_message(visible::line(&titles.join("; ")));
    status.set_type(findings.first().map_or("", |finding| finding.id.as_str()));
    status.set_description(visible::block(&texts.join("\n")));
    status
}

fn error(message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(message).set_type("incomplete").set_description(visible::block(text));
    status
}

fn skipped(reason: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(visible::line(&reason));
    status
}

fn describe_waived(finding: &Finding) -> String {
    let waiver = finding.waived.as_ref();
    let waiver = waiver.map_or_else(String::new, |waiver| format!(" waived until {}: {}", waiver.until, waiver.reason));
    format!("{}{waiver}", finding.id)
}
