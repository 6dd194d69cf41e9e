//! A CloudFormation template, to its effect on the verdicts of a known inventory.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use credential_health::templates::{TemplateFiles, GivenValues};
use credential_health_fuzz::{KNOWN, all_forms, check_problems, in_line, linted, text, yaml_lines};
use tempfile::NamedTempFile;

static FILE: LazyLock<NamedTempFile> = LazyLock::new(|| NamedTempFile::with_suffix(".yaml").expect("a file"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // A compressed file gets one problem that depends only on its name.
    let Some(text) = text(data).filter(|text| !text.starts_with("PK\u{3}\u{4}")) else { return };
    let path = FILE.path().to_owned();
    std::fs::write(&path, text).expect("written");
    let given = GivenValues { accounts: BTreeSet::from(["222222222222".to_owned()]), ..GivenValues::default() };
    let files = match TemplateFiles::read(std::slice::from_ref(&path), &[], &given) {
        Ok(files) => files,
        Err(problems) => return check_problems(&problems, &yaml_lines(text)),
    };
    let planned = files.planned(&KNOWN, &given);
    assert!(planned.roles.keys().all(|role| KNOWN.roles.contains_key(role)), "only roles of the inventory are planned");
    assert!(planned.roles.len() <= planned.defined * KNOWN.roles.len());
    let report = linted(&KNOWN, planned);
    all_forms(&report);
    for finding in &report.findings {
        in_line("a title", &finding.title);
    }
});
