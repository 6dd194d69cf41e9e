//! `doctor`: diagnoses the credentials of this shell.

use jiff::Timestamp;

use super::arguments::{DiagnosisFormat, Doctor};
use super::output::{self, bad_settings};
use super::status::ExitStatus;
use crate::aws::settings::{self, BadSettings};
use crate::doctor::report::{Report, Verdict};
use crate::doctor::{Options, examine, terminal};

pub(super) async fn run(arguments: &Doctor) -> ExitStatus {
    let options = Options { profile: arguments.profile.clone(), offline: arguments.offline };
    if !options.offline {
        let bad = settings::problems_beside_the_shell(&super::variable);
        if !bad.is_empty() {
            return bad_settings(&BadSettings(bad));
        }
    }
    let facts = examine(&options, &super::variable).await;
    let report = Report::new(&facts, Timestamp::now());
    let output = arguments.output.as_deref();
    let text = match arguments.format {
        DiagnosisFormat::Json => serde_json::to_string_pretty(&report).unwrap_or_default(),
        DiagnosisFormat::Text => terminal::render(&report, output::columns(output.is_some())),
    };
    if let Some(unwritten) = output::write(&text, output) {
        return unwritten;
    }
    match report.verdict {
        Verdict::Healthy | Verdict::NotAsked => ExitStatus::Healthy,
        Verdict::Broken => ExitStatus::Findings,
        Verdict::NoCredentials | Verdict::NoAnswer => ExitStatus::NoAnswer,
    }
}
