//! One job explained to the person who received its finding: its path, the calculation of its verdict, ways to cover
//! it, and its findings. `path` draws the path, `advice` describes one way, `ways` lists them, `json` is the form for
//! programs.

mod advice;
mod json;
mod path;
mod ways;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;

use super::PlannedReport;
use super::terminal::{WIDTHS, severity_style, wrap};
use crate::facts::{Facts, MaxSessionFrom};
use crate::findings::FindingId;
use crate::findings::{Finding, Subject};
use crate::fixes::FixPlace;
use crate::fixes::search::{Fit, fit};
use crate::inventory::{Hop, Inventory, Job, RoleRef, Seconds};
use crate::lease::{Judgement, Verdict};
use crate::plan::Plan;
use crate::visible;

/// A job with the data of its explanation.
#[derive(Debug)]
pub struct Explanation<'a> {
    inventory: &'a Inventory,
    job: &'a Job,
    /// Where the job and its planned roles are declared.
    place: FixPlace<'a>,
    /// The time of the live values as in a report; `None`: there are no live values.
    read_at: Option<String>,
    judgement: Judgement,
    findings: Vec<Finding>,
    fit: Fit,
    /// The job's roles in the given templates and plans.
    planned: Option<PlannedReport>,
    /// The known MaxSessionDurations of its roles.
    max_sessions: BTreeMap<RoleRef, (Seconds, MaxSessionFrom)>,
}

impl<'a> Explanation<'a> {
    /// Judges the job with the declared facts and the MaxSessionDurations in `facts`, which were read at `read_at`.
    #[must_use]
    pub fn new(
        inventory: &'a Inventory,
        job: &'a Job,
        facts: &'a Facts,
        read_at: Option<String>,
        today: jiff::civil::Date,
    ) -> Self {
        let plan = Plan::new(inventory, &[job]);
        let subject = Subject::new(inventory, vec![job], &plan, facts, today);
        let on_path = |role: &RoleRef| job.path.iter().any(|hop| hop.role == *role);
        let is_its = |finding: &Finding| match &finding.job {
            Some(name) => *name == job.name,
            None => finding.role.as_ref().is_some_and(on_path) && !is_about_a_waiver(finding.id),
        };
        let findings = subject.findings().into_iter().filter(is_its).collect();
        let judgement = crate::lease::judge(job, |role| subject.max_session_for(job, role));
        let fit = fit(job, &|role| subject.max_session_for(job, role));
        let planned = super::planned::planned_report(&subject);
        let roles = job.path.iter().map(|hop| &hop.role);
        let known = roles.filter_map(|role| Some((role.clone(), subject.known_max_session_for(job, role)?)));
        let max_sessions = known.collect();
        let place = FixPlace::new(inventory, facts, &plan.path_roles);
        Self { inventory, job, place, read_at, judgement, findings, fit, planned, max_sessions }
    }

    /// The role's MaxSessionDuration and its origin.
    fn max_session(&self, role: &RoleRef) -> Option<(Seconds, MaxSessionFrom)> {
        self.max_sessions.get(role).copied()
    }

    /// The text for a terminal of this width.
    #[must_use]
    pub fn render(&self, columns: usize) -> String {
        let width = columns.clamp(*WIDTHS.start(), *WIDTHS.end());
        let mut text = ExplanationText { text: String::new(), width };
        let bold = Style::new().bold();
        text.line(&format!("{bold}{}: {}{bold:#}", visible::line(&self.job.name), self.headline()));
        text.line(&visible::line(&self.job.location.to_string()));
        path::draw(self, &mut text);
        path::draw_calculation(self, &mut text);
        ways::describe_ways(self, &mut text);
        self.list_findings(&mut text);
        text.heading("Where the numbers come from");
        text.wrapped(&self.known(), "  ");
        for line in self.planned.iter().flat_map(PlannedReport::lines) {
            text.wrapped(&line, "  ");
        }
        text.text
    }

    fn headline(&self) -> String {
        let (needed, end) = (self.judgement.needed, self.judgement.end);
        match (self.judgement.verdict, end) {
            (Verdict::Rejected, _) => "rejected. STS refuses a request, so it cannot start.".to_owned(),
            (Verdict::Unknown, _) => format!("unknown. It needs {needed}; how long its credentials last is not known."),
            (verdict, Some(end)) => {
                format!("{}. It needs {needed}, and its credentials last {end}.", verdict.as_str())
            }
            (verdict, None) => {
                format!("{}. It needs {needed}, and its credentials never expire during a run.", verdict.as_str())
            }
        }
    }

    fn list_findings(&self, text: &mut ExplanationText) {
        text.heading("Findings");
        if self.findings.is_empty() {
            text.line("  None for this job.");
        }
        for finding in &self.findings {
            let colour = severity_style(finding.severity);
            let word = format!("{:<9}", finding.severity.as_str().to_uppercase());
            let title = text.wrap(&format!("{}: {}", finding.id, finding.title), "            ");
            text.line(&format!("  {colour}{word}{colour:#} {}", title.trim_start()));
            if let Some(waived) = &finding.waived {
                let approver = waived.approver.as_ref().map_or_else(String::new, |who| format!(", approved by {who}"));
                text.wrapped(&format!("waived until {}: {}{approver}", waived.until, waived.reason), "            ");
            }
            text.code(&format!("credential-health explain {}", finding.id), "            ");
        }
    }

    /// The origin of the MaxSessionDurations.
    fn known(&self) -> String {
        let is_live = |hop: &&Hop| self.max_session(&hop.role).is_some_and(|(_, from)| from == MaxSessionFrom::Iam);
        let live = self.job.path.iter().filter(is_live).count();
        let known = self.job.path.iter().filter(|hop| self.max_session(&hop.role).is_some()).count();
        let check = format!(
            "`check` with the same `--inventory` and `{}` reads them",
            crate::shell::option("--job", &self.job.name)
        );
        match (&self.read_at, self.job.path.len()) {
            (_, 0) => "From the inventory. The path has no role.".to_owned(),
            (Some(at), all) => {
                let rest = match known - live {
                    0 if live == all => String::new(),
                    declared => format!(" The inventory declares it for {declared} of the other {}.", all - live),
                };
                format!("IAM returned the MaxSessionDuration of {live} of {all} hops to the run of {at}.{rest}")
            }
            (None, all) => format!(
                "From the inventory, which declares MaxSessionDuration for {known} of {all} hops. This command makes \
                 no AWS calls: {check}, and `--format json --output FILE` keeps them for `explain --report FILE`."
            ),
        }
    }
}

fn is_about_a_waiver(id: FindingId) -> bool {
    matches!(id, FindingId::WaiverExpired | FindingId::WaiverUnused)
}

/// The text under construction.
struct ExplanationText {
    text: String,
    width: usize,
}

impl ExplanationText {
    /// Adds a line, made safe to print.
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn heading(&mut self, heading: &str) {
        let bold = Style::new().bold();
        self.line(&format!("\n{bold}{heading}{bold:#}"));
    }

    fn wrap(&self, line: &str, indent: &str) -> String {
        wrap(line, self.width, indent)
    }

    fn wrapped(&mut self, line: &str, indent: &str) {
        let wrapped = self.wrap(line, indent);
        self.line(&wrapped);
    }

    /// Adds a wrapped text after a label, indented to the label's end.
    fn wrapped_after(&mut self, label: &str, line: &str) {
        let indent = " ".repeat(label.chars().count());
        let wrapped = self.wrap(line, &indent);
        self.line(&format!("{label}{}", wrapped.trim_start()));
    }

    /// Adds lines to copy, not wrapped.
    fn code(&mut self, lines: &str, indent: &str) {
        let dim = Style::new().dimmed();
        for line in lines.lines().map(visible::line) {
            self.line(&format!("{indent}{dim}{line}{dim:#}"));
        }
    }
}
