//! The table of findings and the list of their pages in the site's contents, from the registry of findings.

use credential_health::findings::{FindingId, Severity};

use crate::{MARK, paragraphs, table};

/// The page with one table for each severity.
pub(crate) fn page() -> String {
    let about = "A finding is a problem that a person should act on. Each links to a page: what the finding means, how \
        to confirm it with the AWS CLI, how to fix it, and when to waive it. `credential-health explain ID` shows the \
        same page in a terminal.";
    let mut page = format!("# Findings\n\n{MARK}\n\n{}", paragraphs(&[about]));
    for severity in Severity::ALL {
        let rows: Vec<Vec<String>> =
            with(severity).map(|id| vec![format!("[`{id}`](../findings/{id}.md)"), id.meaning().to_owned()]).collect();
        page.push_str(&format!("\n## {}\n\n{}", capitalized(severity.as_str()), table(&["finding", "meaning"], &rows)));
    }
    page
}

/// The site's contents with one line for each finding in place of those that it has.
pub(crate) fn summary(contents: &str) -> String {
    let is_finding = |line: &str| line.trim_start().starts_with("- [") && line.contains("](findings/");
    let mut lines: Vec<String> = Vec::new();
    for line in contents.lines().filter(|line| !is_finding(line)) {
        lines.push(line.to_owned());
        if line.contains("](reference/findings.md)") {
            lines.extend(Severity::ALL.into_iter().flat_map(with).map(|id| format!("  - [{id}](findings/{id}.md)")));
        }
    }
    format!("{}\n", lines.join("\n"))
}

fn with(severity: Severity) -> impl Iterator<Item = &'static FindingId> {
    FindingId::ALL.iter().filter(move |id| id.severity() == severity)
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}
