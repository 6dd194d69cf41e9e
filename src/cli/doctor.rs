//! `doctor`: diagnoses the credentials of this shell.

use jiff::Timestamp;

use super::arguments::{DiagnosisFormat, Doctor};
use super::output::{self, bad_settings};
use super::status::ExitStatus;
use crate::aws::settings::{self, BadSdkSettings};
use crate::doctor::report::{DoctorReport, DoctorVerdict};
use crate::doctor::{DoctorOptions, examine, terminal};

pub(super) async fn run(arguments: &Doctor) -> ExitStatus {
    let options = DoctorOptions { profile: arguments.profile.clone(), offline: arguments.offline };
    if !options.offline {
        let bad = settings::doctor_problems(&super::variable);
        if !bad.is_empty() {
            return bad_settings(&BadSdkSettings(bad));
        }
    }
    let facts = examine(&options, &super::variable).await;
    let report = DoctorReport::new(&facts, Timestamp::now());
    let output = arguments.output.as_deref();
    let text = match arguments.format {
        DiagnosisFormat::Json => serde_json::to_string_pretty(&report).unwrap_or_default(),
        DiagnosisFormat::Text => terminal::render(&report, output::columns(output.is_some())),
    };
    if let Some(unwritten) = output::write(&text, output) {
        return unwritten;
    }
    match report.verdict {
        DoctorVerdict::Healthy | DoctorVerdict::NotAsked => ExitStatus::Healthy,
        DoctorVerdict::Broken => ExitStatus::Findings,
        DoctorVerdict::NoCredentials | DoctorVerdict::NoAnswer => ExitStatus::NoAnswer,
    }
}
