//! `check`: walks the paths with the caller's credentials, and publishes the findings if --publish is given.

use super::arguments::Check;
use super::format;
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

pub(super) async fn run(arguments: &Check) -> ExitStatus {
    let selection = &arguments.selection;
    let (inventory, filter) = match super::read(&arguments.inventory, selection).await {
        Ok(read) => read,
        Err(status) => return status,
    };
    let start = super::start();
    let aws = match Aws::from_environment(&super::variable).await {
        Ok(aws) => aws,
        Err(bad) => return bad_settings(&bad),
    };
    let bar = progress::Bar::new();
    let probe = Probe {
        aws: &aws,
        concurrency: arguments.concurrency,
        deadline: None,
        run_id: &start.id,
        progress: Some(bar.progress()),
    };
    let outcome = match check::check(&inventory, &filter, &start, &probe).await {
        Ok(outcome) => outcome,
        Err(nothing) => return bad_usage(&format!("error: {nothing}")),
    };
    bar.finish();
    let unwritten = format::show(&outcome.report, selection);
    let published = match &arguments.publish {
        Some(topic) => publish(&aws, topic, &outcome.report).await,
        None => true,
    };
    match unwritten {
        Some(status) => status,
        None if !published || no_answer(&outcome) => ExitStatus::NoAnswer,
        None => status::status_of(&outcome.report, selection.fail_on),
    }
}

/// Whether the run had no credentials, or no answer from AWS at all. Prints the reason to standard error.
fn no_answer(Outcome { facts, .. }: &Outcome) -> bool {
    let Facts { checker_failure, answers, .. } = facts;
    if *checker_failure == Some(Class::NoCredentials) {
        print_error("error: no AWS credentials: log in, set AWS_PROFILE or the AWS_* variables. `lint` needs none.");
        return true;
    }
    if *answers == 0 {
        print_error("error: no answer from AWS: check the network, proxies and AWS_ENDPOINT_URL.");
        return true;
    }
    false
}

async fn publish(aws: &Aws, topic: &TopicArn, report: &Report) -> bool {
    let wanted = Wanted { notify: Notify::Findings, min_severity: Severity::Low, max_bytes: DEFAULT_MAX_MESSAGE_BYTES };
    let sink = SnsTopic::new(aws, topic, wanted.max_bytes);
    let digests = notify::digests(report, wanted, None);
    let outcomes = notify::publish(&sink, &digests, aws.end(), &mut PublishedMessages::default()).await;
    let failures: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.failure.as_ref()).collect();
    for failure in &failures {
        print_error(&format!("error: not published: {failure}"));
    }
    failures.is_empty()
}
