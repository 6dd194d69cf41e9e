//! No fix harms: numbers that nobody stated, other profiles, and the first steps of a fix.

use credential_health::check;
use credential_health::findings::{Finding, Severity};
use credential_health::fixes::Fix;
use credential_health::import::Variables;
use credential_health::import::github_workflow::{self, Workflow};
use credential_health::inventory::{Filter, Inventory, Origin, Seconds};
use credential_health::report::Report;
use credential_health::templates::Planned;

use crate::harness::offline_start;

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
