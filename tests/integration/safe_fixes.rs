//! No fix harms: numbers that nobody stated, other profiles, and the first steps of a fix.

use credential_health::check;
use credential_health::findings::{Finding, Severity};
use credential_health::fixes::Fix;
use credential_health::fixes::search::{Change, Changed, Fit, fit};
use credential_health::import::Variables;
use credential_health::import::aws_config::{self, ImportOptions};
use credential_health::import::github_workflow::{self, Workflow};
use credential_health::inventory::{Filter, Inventory, Job, Origin, Refresh, RoleRef, Seconds};
use credential_health::lease::{Verdict, judge};
use credential_health::report::Report;
use credential_health::shared_config::{Kind, SharedConfig};
use credential_health::templates::Planned;

use proptest::prelude::*;

use crate::harness::offline_start;
use crate::laws::{Case, case};

fn judged(inventory: &Inventory) -> Report {
    check::lint(inventory, &Filter::default(), Planned::default(), &offline_start()).unwrap().report
}

fn of_workflow(jobs: &str) -> Report {
    let text = format!("on: push\npermissions: {{id-token: write}}\njobs:\n{jobs}");
    let imported = github_workflow::import(&[Workflow { name: "w.yml".to_owned(), text }], &Variables::default());
    judged(&Inventory { origin: Origin::Workflows, ..imported.inventory })
}

fn finding_of<'a>(report: &'a Report, job: &str) -> &'a Finding {
    report.findings.iter().find(|finding| finding.job.as_ref().is_some_and(|name| **name == *job)).unwrap()
}

fn login(role: &str, more: &str) -> String {
    format!(
        "      - {{uses: aws-actions/configure-aws-credentials@v5, with: {{role-to-assume: \
         'arn:aws:iam::222222222222:role/{role}'{more}}}}}\n"
    )
}

fn workflow_job(name: &str, timeout: &str, steps: &str) -> String {
    format!("  {name}:\n    runs-on: ubuntu-latest\n{timeout}    steps:\n{steps}      - run: make\n")
}

#[test]
fn the_default_timeout_of_one_job_raises_no_maximum_for_another() {
    let stated = workflow_job("long", "    timeout-minutes: 90\n", &login("deploy", ""));
    let report = of_workflow(&(workflow_job("deploy", "", &login("deploy", "")) + &stated));
    let long = finding_of(&report, "w/long");
    let maxima: Vec<Seconds> = long.fixes.iter().flat_map(|fix| fix.effect.max_sessions.values().copied()).collect();
    assert_eq!(maxima, [Seconds::hours(2)], "{long:#?}");
}

#[test]
fn no_fix_of_a_job_without_a_timeout_requests_or_allows_the_six_hours_of_github() {
    for steps in [
        login("deploy", ""),
        login("deploy", ", role-duration-seconds: 7200"),
        login("hub", "") + &login("etl", ", role-chaining: true, role-duration-seconds: 7200"),
        login("hub", ", aws-access-key-id: AKIAIOSFODNN7EXAMPLE, aws-secret-access-key: x")
            + &login("etl", ", role-chaining: true"),
    ] {
        let report = of_workflow(&workflow_job("j", "", &steps));
        let finding = finding_of(&report, "w/j");
        let text: String = finding.fixes.iter().map(Fix::sentences).collect();
        assert!(text.contains("timeout-minutes") || finding.severity == Severity::Critical, "{text}");
        for fix in &finding.fixes {
            let requested = fix.effect.job.iter().flat_map(|job| &job.path).filter_map(|hop| hop.duration).max();
            assert!(requested <= Some(Seconds::hours(2)), "{}", fix.sentences());
            let maxima = fix.effect.max_sessions.values().max();
            assert!(maxima <= Some(&Seconds::hours(2)), "{}", fix.sentences());
        }
    }
}

#[test]
fn a_title_names_the_default_that_it_is_based_on() {
    let report = of_workflow(&workflow_job("j", "", &login("deploy", "")));
    let finding = finding_of(&report, "w/j");
    assert_eq!(finding.severity, Severity::Medium);
    assert!(finding.title.contains("may need 6h (GitHub's default timeout)"), "{}", finding.title);
    let report = of_workflow(&workflow_job("j", "    timeout-minutes: 90\n", &login("deploy", "")));
    let finding = finding_of(&report, "w/j");
    assert_eq!(finding.severity, Severity::High);
    assert!(finding.title.contains(" needs 1h30m, but"), "{}", finding.title);
}

/// An administrator's profile with a long session, and two profiles whose roles it assumes.
const ADMIN: &str = "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n\
    [profile admin]\nrole_arn = arn:aws:iam::222222222222:role/admin\nsource_profile = base\n\
    duration_seconds = 14400\n\
    [profile etl]\nrole_arn = arn:aws:iam::333333333333:role/etl\nsource_profile = admin\n\
    duration_seconds = 14400\n\
    [profile deploy]\nrole_arn = arn:aws:iam::444444444444:role/deploy\nsource_profile = admin\n";

fn of_profiles(text: &str, length: Option<Seconds>) -> Report {
    let config = SharedConfig::parse([(Kind::Config, "config".to_owned(), Some(text.to_owned()))]);
    let now = "2026-11-23T06:00:00Z".parse().unwrap();
    let imported = aws_config::import(&config, ImportOptions { length: Some(length.unwrap_or_default()), now });
    // Without a length, `lint` adds no margin.
    let margin = |job: &Job| if length.is_some() { job.margin } else { Seconds(0) };
    let with_copy = |job: &Job| {
        let job = Job { margin: margin(job), ..job.clone() };
        [Job { name: job.name.copy(), refresh: Refresh::None, ..job.clone() }, job]
    };
    let jobs = imported.inventory.jobs.iter().flat_map(with_copy).collect();
    judged(&Inventory { jobs, origin: Origin::Profiles, ..imported.inventory })
}

#[test]
fn no_fix_lowers_the_duration_of_a_profile_that_sts_may_grant() {
    for length in [None, Some(Seconds::minutes(30)), Some(Seconds::hours(6))] {
        let report = of_profiles(ADMIN, length);
        assert!(report.findings.len() > 2, "{:#?}", report.findings);
        for fix in report.findings.iter().flat_map(|finding| &finding.fixes) {
            let text = fix.sentences() + &fix.commands().unwrap_or_default();
            let lowers = text.contains("duration_seconds 3600 --profile admin");
            assert!(!lowers && !text.contains("`duration_seconds` from profile admin"), "{length:?}: {text}");
        }
    }
}

#[test]
fn a_profile_that_requests_too_much_of_a_chain_is_fixed_in_that_profile_alone() {
    let report = of_profiles(ADMIN, None);
    let fixes = &finding_of(&report, "etl").fixes;
    assert_eq!(fixes[0].commands().unwrap(), "aws configure set duration_seconds 3600 --profile etl");
    // How long the session must last is not known.
    let of_admin = finding_of(&report, "admin").fixes.iter().map(Fix::sentences).collect::<String>();
    assert!(!of_admin.contains("Request 1h") && !of_admin.contains("Remove the line"), "{of_admin}");
}

/// How long a job has credentials for certain.
fn lasts(case: &Case, changes: &[Change], possible: Seconds) -> Seconds {
    let Changed { job, maxima, .. } = Changed::new(&case.job, changes);
    let max_session = |role: &RoleRef| {
        let before = case.max_session(role).unwrap_or(possible);
        Some(maxima.get(role).map_or(before, |to| before.max(*to)))
    };
    let judgement = judge(&job, max_session);
    match judgement.verdict {
        Verdict::Rejected | Verdict::Unknown => Seconds(0),
        Verdict::Lapses | Verdict::Thin | Verdict::Covered => judgement.end.unwrap_or(Seconds(u64::MAX)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Whatever the unknown maxima are: who stops after any step has no shorter session than before.
    #[test]
    fn each_step_of_a_fix_leaves_the_job_no_worse_than_it_was(case in case()) {
        let Fit::Ways(ways) = fit(&case.job, &|role| case.max_session(role)) else { return Ok(()) };
        for way in ways.iter().filter(|way| way.is_stepwise) {
            for step in 1..way.changes.len() {
                for possible in [Seconds::hours(1), Seconds::hours(12)] {
                    let (before, after) = (lasts(&case, &[], possible), lasts(&case, &way.changes[..step], possible));
                    prop_assert!(after >= before, "step {step} of {:?}: {before} became {after}", way.changes);
                }
            }
        }
    }
}

#[test]
fn a_job_with_a_longer_session_renews_before_it_requests_an_hour() {
    let text = "{version: 1, jobs: [{name: j, length: 9h, source: iam-user, \
                path: [{role: \"arn:aws:iam::111111111111:role/work\", duration: 4h}]}]}";
    let report = judged(&Inventory::parse("test", text).unwrap());
    let mut renewing = 0;
    for fix in &report.findings[0].fixes {
        let steps: Vec<&str> = fix.parts.iter().map(|part| part.step.as_str()).collect();
        let at = |word: &str| steps.iter().position(|step| step.contains(word));
        if let (Some(hour), Some(renewal)) = (at("Request 3600 seconds"), at("renew")) {
            renewing += 1;
            assert!(renewal < hour, "{steps:#?}");
        }
    }
    assert!(renewing > 0, "{:#?}", report.findings[0].fixes);
}

#[test]
fn no_fix_is_a_call_of_sts_that_changes_nothing_for_the_next_run() {
    for source in
        ["iam-user", "web-identity", "saml", "session-token", "federation-token", "{kind: iam-user, mfa: true}"]
    {
        for (length, duration) in [("45m", "2h"), ("3h", "3h"), ("5h", "15m"), ("20h", "1h")] {
            let text = format!(
                "{{version: 1, jobs: [{{name: j, length: {length}, source: {source}, path: [{{role: \
                 \"arn:aws:iam::111111111111:role/hub\"}}, {{role: \"arn:aws:iam::111111111111:role/work\", \
                 duration: {duration}}}]}}]}}"
            );
            let report = judged(&Inventory::parse("test", &text).unwrap());
            for fix in report.findings.iter().flat_map(|finding| &finding.fixes) {
                assert!(fix.blocks().all(|block| !block.text.contains("aws sts ")), "{fix:#?}");
            }
        }
    }
}
