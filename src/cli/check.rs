//! `check`: walks the paths with the caller's credentials, and publishes the findings if --publish is given.

mod profiles;

use std::path::Path;

use super::arguments::Check;
use super::format;
use super::measure::{self, Measured};
use super::output::{bad_settings, bad_usage, print_error};
use super::progress;
use super::status::{self, ExitStatus};
use crate::aws::errors::Class;
use crate::aws::{Aws, Probe};
use crate::check::{self, Outcome};
use crate::facts::Facts;
use crate::findings::Severity;
use crate::notify::{self, DEFAULT_MAX_MESSAGE_BYTES, Notify, PublishedMessages, SnsTopic, TopicArn, Wanted};
use crate::report::Report;
use crate::shared_config::SharedConfig;
use crate::visible;

pub(super) async fn run(arguments: &Check) -> ExitStatus {
    match (&arguments.input.inventory, &arguments.input.aws_config) {
        (Some(inventory), _) => of_inventory(arguments, inventory).await,
        (None, file) => profiles::run(arguments, file.as_ref().and_then(Option::as_deref)).await,
    }
}

async fn of_inventory(arguments: &Check, path: &Path) -> ExitStatus {
    if let Some(misuse) = measure::misuse(&arguments.measured, Some(path)) {
        return bad_usage(misuse);
    }
    let selection = &arguments.selection;
    let (inventory, filter) = match super::read(path, arguments.profile.as_deref(), selection).await {
        Ok(read) => read,
        Err(status) => return status,
    };
    let measured = Measured::read(&arguments.measured, &inventory, &filter);
    let start = super::start();
    let aws = match super::clients(arguments.profile.as_deref()).await {
        Ok(aws) => aws,
        Err(bad) => return bad_settings(&bad),
    };
    let bar = progress::CounterBar::new();
    let probe = Probe {
        aws: &aws,
        concurrency: arguments.concurrency,
        deadline: None,
        run_id: &start.id,
        progress: Some(bar.progress()),
    };
    let walked = check::check_with_runs(&inventory, &filter, &start, &probe, measured.history.clone()).await;
    let mut outcome = match walked {
        Ok(outcome) => outcome,
        Err(nothing) => return bad_usage(&format!("error: {nothing}")),
    };
    bar.finish();
    outcome.report.add_not_judged(measured.not_read);
    outcome.report.input_notes.extend(measured.notes);
    // The cause of a run without an answer comes first, and nothing in its report is worth reading.
    let answered = has_answer(&outcome, arguments.profile.as_deref());
    // `explain` reads files alone.
    let declared_in_files = outcome.report.coverage.role_tags.jobs == 0;
    let explain = declared_in_files.then(|| format::explain_command(path));
    let unwritten = match answered {
        true => format::show(&outcome.report, selection, explain.as_deref()),
        false => format::show_without_answer(&outcome.report, selection),
    };
    let published = match &arguments.publish {
        Some(topic) => publish(&aws, topic, &outcome.report).await,
        None => true,
    };
    match unwritten {
        Some(status) => status,
        None if !published || !answered => ExitStatus::NoAnswer,
        None => status::status_of(&outcome.report, selection.fail_on),
    }
}

/// Whether the run had credentials and an answer from AWS. Otherwise prints the reason to standard error.
fn has_answer(Outcome { facts, .. }: &Outcome, profile: Option<&str>) -> bool {
    let Facts { checker_failure, answers, .. } = facts;
    if *checker_failure == Some(Class::NoCredentials) {
        print_error(&no_credentials(profile));
        return false;
    }
    if *answers == 0 {
        let asked = profile.map_or_else(String::new, |name| format!(" for profile `{}`", visible::configured(name)));
        print_error(&format!("error: no answer from AWS{asked}: check the network, proxies and AWS_ENDPOINT_URL."));
        return false;
    }
    true
}

/// The error about missing credentials. `profile`: that of --profile.
fn no_credentials(profile: Option<&str>) -> String {
    let of_variable = super::variable("AWS_PROFILE").filter(|profile| !profile.is_empty());
    let (named, by, option) = match (profile, &of_variable) {
        (Some(name), _) => (Some(name), "", format!(" --profile {}", crate::shell::word(name))),
        (None, Some(name)) => (Some(name.as_str()), " (AWS_PROFILE)", String::new()),
        (None, None) => (None, "", String::new()),
    };
    let asked = named.map_or_else(String::new, |name| format!(" for profile `{}`{by}", visible::configured(name)));
    let missing = named.and_then(missing_profile).unwrap_or_default();
    format!(
        "error: no AWS credentials{asked}{missing}. `credential-health doctor{option}` says why and how to get them. \
         `lint` needs none."
    )
}

/// `: no such profile in ~/.aws/config; the profiles are dev, prod`; `None`: the profile is there.
fn missing_profile(name: &str) -> Option<String> {
    /// Names of profiles that are listed before the rest is counted.
    const NAMED: usize = 10;
    let config = SharedConfig::load(super::variable);
    if config.profile(name).is_some() {
        return None;
    }
    let files: Vec<&str> = config.files().iter().map(|file| &*file.name).collect();
    let names: Vec<String> =
        config.profiles().map(|profile| format!("`{}`", visible::configured(&profile.name))).collect();
    let known = match names.is_empty() {
        true => "they have no profile".to_owned(),
        false => format!("the profiles are {}", visible::first_of(&names, NAMED)),
    };
    Some(format!(": no such profile in {}; {known}", files.join(" or ")))
}

async fn publish(aws: &Aws, topic: &TopicArn, report: &Report) -> bool {
    let wanted = Wanted { notify: Notify::Findings, min_severity: Severity::Low, max_bytes: DEFAULT_MAX_MESSAGE_BYTES };
    let sink = SnsTopic::new(aws, topic, wanted.max_bytes);
    let digests = notify::digests(report, wanted, None, None);
    let outcomes = notify::publish(&sink, &digests, aws.end(), &mut PublishedMessages::default()).await;
    let failures: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.failure.as_ref()).collect();
    for failure in &failures {
        print_error(&format!("error: not published: {failure}"));
    }
    failures.is_empty()
}
