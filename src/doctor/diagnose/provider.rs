//! Providers of credentials that are set up and give none.

use super::commands::{find_program, renew, renew_profile};
use super::{Diagnosis, DiagnosisSubject, Level};
use crate::doctor::facts::{
    BaseFacts, ChainFacts, NotLoaded, ProcessFacts, ProcessFailure, ProfileFacts, Provider, SelectedBy,
};

/// A provider that is set up and gave nothing, where no call of AWS's was refused.
pub(super) fn failed(subject: &DiagnosisSubject<'_>, not_loaded: &NotLoaded, found: &[Diagnosis]) -> Option<Diagnosis> {
    if !not_loaded.failed || found.iter().any(|one| one.level == Level::Problem) {
        // The earlier diagnosis is the cause.
        return None;
    }
    match (subject.deciding?, &subject.facts.profile) {
        (Provider::Profile, ProfileFacts::Leads(chain)) => Some(match (&chain.base, not_loaded.process) {
            (BaseFacts::Process(process), Some(failure)) => process_failed(chain, process, failure),
            (BaseFacts::Login(_), _) => Diagnosis::problem(
                "login-refused",
                format!("The login of profile `{}` could not be renewed", chain.profile),
                "The console session behind it is over, or was ended by a new login. A person has to log in again.",
                renew_profile(chain),
            ),
            _ => {
                let profile = format!("profile `{}`", subject.facts.selected.name);
                unexplained(subject, &profile, not_loaded, renew_profile(chain))
            }
        }),
        (Provider::Container, _) => {
            let container = subject.facts.environment.container.as_ref()?;
            Some(Diagnosis::problem(
                "container-unreachable",
                format!("The credentials endpoint of the container gives none: {}", container.host),
                format!(
                    "{} names it. It answers inside its container alone: in a shell that was entered otherwise, or on \
                     another machine, the variable is left over.",
                    container.variable
                ),
                renew(subject),
            ))
        }
        (provider, _) => Some(unexplained(subject, provider.as_str(), not_loaded, renew(subject))),
    }
}

fn unexplained(subject: &DiagnosisSubject<'_>, provider: &str, not_loaded: &NotLoaded, command: String) -> Diagnosis {
    let late = if not_loaded.process == Some(ProcessFailure::Late) { "Nothing came within 30 seconds. " } else { "" };
    let by = if subject.facts.selected.by == SelectedBy::Option { "The profile" } else { "The chain" };
    Diagnosis::problem(
        "provider-failed",
        format!("The credentials of {provider} could not be had"),
        format!(
            "{late}{by} stops there. What the files and the environment show has no fault; the provider's own answer \
             is not shown, as it may hold a credential."
        ),
        command,
    )
}

fn process_failed(chain: &ChainFacts, process: &ProcessFacts, failure: ProcessFailure) -> Diagnosis {
    let program = &process.program;
    let (id, what, why) = match failure {
        ProcessFailure::Exit(127) => {
            ("process-missing", "is not there".to_owned(), "The shell found no such program (exit status 127).")
        }
        ProcessFailure::Exit(status) => (
            "process-failed",
            format!("failed with exit status {status}"),
            "What it wrote to standard error is not shown here: it may hold a secret. Run it yourself.",
        ),
        ProcessFailure::NotRun => {
            ("process-failed", "did not run to its end".to_owned(), "It could not be started, or a signal ended it.")
        }
        ProcessFailure::Late => (
            "process-failed",
            "did not end within 30 seconds".to_owned(),
            "The AWS CLI and boto3 wait for it without end, the SDK for Rust for 5 seconds. It may ask something: \
             here it has no terminal to ask at.",
        ),
        ProcessFailure::Output => (
            "process-output",
            "printed something else than credentials".to_owned(),
            "It must print one JSON object to standard output, with Version 1, AccessKeyId, SecretAccessKey and, for \
             a session, SessionToken and Expiration in RFC 3339; and nothing else.",
        ),
    };
    let command = if failure == ProcessFailure::Exit(127) { find_program(process) } else { renew_profile(chain) };
    Diagnosis::problem(
        id,
        format!("The credential_process of profile `{}` {what}: {program}", chain.profile),
        why,
        command,
    )
}
