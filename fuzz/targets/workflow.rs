//! A GitHub Actions workflow, to the imported inventory.
#![no_main]

use credential_health::import::Variables;
use credential_health::import::github_workflow::{Workflow, import};
use credential_health::templates::Planned;
use credential_health_fuzz::{all_forms, check_remarks, linted, reads_back, text, yaml_lines};

const NAME: &str = ".github/workflows/deploy.yml";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    let variables = [("vars.ROLE", "arn:aws:iam::111111111111:role/deploy"), ("secrets.ACCOUNT", "222222222222")];
    let variables = Variables::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let imported = import(&[Workflow { name: NAME.to_owned(), text: text.to_owned() }], &variables);
    let text_of = |file: &str| (file == NAME).then(|| yaml_lines(text));
    check_remarks(&imported.not_imported, text_of);
    check_remarks(&imported.notes, text_of);
    if !imported.inventory.jobs.is_empty() {
        all_forms(&linted(&imported.inventory, Planned::default()));
    }
    let imported = imported.writable();
    if !imported.inventory.jobs.is_empty() {
        reads_back(&imported.inventory, &imported.to_yaml());
    }
});
