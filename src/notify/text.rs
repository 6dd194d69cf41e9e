//! A digest as plain text, for mail and chat. Texts of the state can be anybody's: control characters in them are
//! escaped.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::digest::{Digest, DigestChanges, Excerpt};
use super::state::{Gone, Notice, Previous, Reason, Resolved, StateDifference};
use crate::findings::evidence::Fact;
use crate::findings::{Ending, Finding, FindingId, Severity};
use crate::inventory::Seconds;
use crate::report::causes::{BlockOptions, Cause, Line, MoreFixes, causes};
use crate::report::plain;
use crate::visible::{self, first_of, printable};

impl Digest<'_> {
    /// The counts: `2 new, 1 resolved: 1 critical, 1 high`.
    pub(super) fn counts(&self) -> String {
        let severities = plain::severities(self.findings.iter().copied());
        match &self.changes {
            None => severities,
            Some(changes) if self.findings.is_empty() => changes.counts(),
            Some(changes) => format!("{}: {severities}", changes.counts()),
        }
    }

    /// What the subject says: the worst job and what happens to it, then how many others, whose, and how complete.
    pub(super) fn subject(&self) -> (String, String) {
        let gone = |waived: bool| self.resolved().iter().filter(|one| is_waived(one) == waived).count();
        let counts: Vec<String> = [(gone(false), "resolved"), (gone(true), "waived")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let resolved = (!counts.is_empty()).then(|| counts.join("; "));
        let head = match self.findings.first() {
            Some(worst) => headline(worst),
            None => format!("credential-health: {}", resolved.as_deref().unwrap_or("nothing found")),
        };
        let more = match self.findings.len() {
            0 | 1 => None,
            several => Some(format!("{} more", several - 1)),
        };
        let resolved = resolved.filter(|_| !self.findings.is_empty());
        let incomplete = (!self.report.run.complete).then(|| "incomplete".to_owned());
        let manual = self.is_manual().then(|| "manual run".to_owned());
        let counts: String =
            [more, resolved, incomplete, manual].into_iter().flatten().map(|part| format!("; {part}")).collect();
        (head, format!("{counts} ({})", self.owner))
    }

    /// The whole text of a message.
    pub(super) fn text(&self, excerpt: &Excerpt<'_>) -> String {
        let run = &self.report.run;
        let mut text = match self.len() {
            0 => format!("{}\n", plain::headline(self.report)),
            _ => format!("For {}: {}.\n", self.owner, self.counts()),
        };
        text.push_str(&self.about_the_run());
        match &self.changes {
            Some(changes) => {
                text.push_str(&changes.preface());
                text.push_str(&changes.findings(excerpt));
            }
            None => causes(excerpt.shown.iter().copied()).iter().for_each(|cause| {
                text.push('\n');
                text.push_str(&describe_cause(cause, &[]));
            }),
        }
        if !excerpt.omitted.is_empty() {
            let omitted = plain::severities(excerpt.omitted.iter().copied());
            let _ =
                writeln!(text, "\nOmitted (size limit): {omitted}. The report of run {} lists all findings.", run.id);
        }
        text.push_str(&where_keys_are(excerpt.shown));
        if let Some(changes) = &self.changes {
            text.push_str(&changes.closing(excerpt.is_cut));
        }
        if let Some(console) = self.console {
            let _ = write!(text, "\n{}", console.lines());
        }
        let _ = writeln!(text, "\ncredential-health {}, run {}, {}", run.version, run.id, run.started_at);
        visible::block(&text)
    }

    /// Whether the run is incomplete, and who asked for a manual one.
    fn about_the_run(&self) -> String {
        let mut text = String::new();
        if self.is_manual() {
            text.push_str("Manual run");
            if let Some(caller) = self.manual.and_then(|manual| manual.caller.as_deref()) {
                let _ = write!(text, ", requested by {}", printable(caller));
            }
            text.push_str(match self.manual {
                Some(manual) if manual.inventory_of_request => {
                    ": it checked an inventory that came with the request, not the inventory of the function.\n"
                }
                Some(_) | None => ": a person or a pipeline invoked the function.\n",
            });
            if let Some(sessions) = self.manual.and_then(|manual| manual.sessions.as_deref()) {
                let _ = writeln!(text, "It judged the sessions in {}, and made no check.", printable(sessions));
            }
        }
        if !self.report.run.complete {
            text.push_str("This run is incomplete. Jobs and roles that were not checked can have problems too.\n");
        }
        text
    }
}

/// Who can change the inventory, for owners who may not have it.
fn where_keys_are(shown: &[&Finding]) -> String {
    const MOST_FILES: usize = 3;
    let files: BTreeSet<&str> =
        shown.iter().filter_map(|finding| finding.location.as_ref()).map(|location| &*location.file).collect();
    if files.is_empty() {
        return String::new();
    }
    let files: Vec<&str> = files.into_iter().collect();
    format!(
        "\nThe inventory is {}. `credential-health explain` needs it: add --inventory FILE. If you cannot change it, \
         send its changes to the team that runs credential-health.\n",
        first_of(&files, MOST_FILES)
    )
}

/// `nightly-etl dies after 1h`, `backup cannot start`, otherwise the finding's title.
fn headline(finding: &Finding) -> String {
    let Some(job) = &finding.job else { return finding.title.clone() };
    let end = finding.evidence.iter().find_map(|evidence| match &evidence.fact {
        Fact::LapsesAfter(end) => Some(*end),
        _ => None,
    });
    // A copy of a platform's credentials has an end that may not be known.
    let is_certain = finding.id != FindingId::CachedPlatformCredentials || finding.severity > Severity::Medium;
    let lease = finding.evidence.iter().filter(|_| is_certain).find_map(|evidence| match &evidence.fact {
        Fact::Lease(lease) => Some(*lease),
        _ => None,
    });
    match (finding.id.ends_a_job(), end.or(lease)) {
        (Some(Ending::AtTheStart), _) => format!("{job} cannot start"),
        (Some(Ending::DuringTheRun), Some(after)) => format!("{job} dies after {after}"),
        (Some(Ending::DuringTheRun) | None, _) => finding.title.clone(),
    }
}

impl DigestChanges<'_> {
    /// `1 new, 2 changed, 1 still open, 3 resolved`.
    fn counts(&self) -> String {
        let open = |is: fn(&Reason) -> bool| self.owner.open.iter().filter(|notice| is(&notice.reason)).count();
        let counts = [
            (open(|reason| *reason == Reason::New), "new"),
            (open(|reason| matches!(reason, Reason::Changed { .. })), "changed"),
            (open(|reason| matches!(reason, Reason::Reminder { .. })), "still open"),
            (self.resolved(false), "resolved"),
            (self.resolved(true), "waived"),
        ];
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if parts.is_empty() { "nothing open".to_owned() } else { parts.join(", ") }
    }

    /// How many findings are no longer open: waived, or for another reason.
    fn resolved(&self, waived: bool) -> usize {
        self.owner.resolved.iter().filter(|one| is_waived(one) == waived).count()
    }

    /// Why the message lists every open finding, where it does.
    fn preface(&self) -> String {
        match self.previous {
            Previous::Known(_) => String::new(),
            Previous::New { why } => {
                format!("There is no record of earlier messages, so every open finding is listed.\n{why}.\n")
            }
            Previous::Lost { why } => format!(
                "The record of earlier messages could not be read, so every open finding is listed, and none as \
                 resolved.\n{why}.\n"
            ),
        }
    }

    /// The open findings in full by reason, then the resolved ones, a line each.
    fn findings(&self, excerpt: &Excerpt<'_>) -> String {
        let mut text = String::new();
        let notices = &self.owner.open[..excerpt.shown.len().min(self.owner.open.len())];
        for (heading, is) in HEADINGS {
            let with_reason: Vec<&Notice<'_>> = notices.iter().filter(|notice| is(&notice.reason)).collect();
            if !with_reason.is_empty() {
                let _ = write!(text, "\n{heading}:\n");
            }
            for cause in causes(with_reason.iter().map(|notice| notice.finding)) {
                let is_one_of_several = cause.findings.len() > 1;
                let is_of = |notice: &&&Notice<'_>| cause.findings.iter().any(|one| std::ptr::eq(*one, notice.finding));
                let history: Vec<String> =
                    with_reason.iter().filter(is_of).filter_map(|notice| history(notice, is_one_of_several)).collect();
                text.push('\n');
                text.push_str(&describe_cause(&cause, &history));
            }
        }
        for (heading, waived) in [("Resolved", false), ("Waived, and still a problem", true)] {
            let lines: String =
                excerpt.resolved.iter().filter(|one| is_waived(one) == waived).map(resolved_line).collect();
            if !lines.is_empty() {
                let _ = write!(text, "\n{heading}:\n{lines}");
            }
        }
        text
    }

    /// How many findings are unchanged or could not be checked.
    fn closing(&self, is_cut: bool) -> String {
        let mut text = String::new();
        if is_cut {
            text.push_str("\nThe message of the next run lists the omitted findings.\n");
        }
        let (unchanged, unchecked) = (self.owner.unchanged, self.owner.unchecked);
        if unchanged > 0 {
            let (others, are) = if unchanged == 1 { ("other finding", "is") } else { ("other findings", "are") };
            let reminder = self.owner.next_reminder.map(|at| format!("; the next reminder is on {}", date(at)));
            let _ = writeln!(text, "\n{unchanged} {others} {are} open and unchanged{}.", reminder.unwrap_or_default());
        }
        if unchecked > 0 {
            let (findings, they) = if unchecked == 1 { ("finding", "It is") } else { ("findings", "They are") };
            let _ = writeln!(
                text,
                "\n{unchecked} {findings} of earlier messages could not be checked by this run. {they} not reported as \
                 resolved."
            );
        }
        text
    }
}

type IsReason = fn(&Reason) -> bool;

const HEADINGS: [(&str, IsReason); 3] = [
    ("New", |reason| matches!(reason, Reason::New)),
    ("Changed", |reason| matches!(reason, Reason::Changed { .. })),
    ("Still open (reminder)", |reason| matches!(reason, Reason::Reminder { .. })),
];

/// A mail has no table, so it lists names, and its reader has no inventory.
const OPTIONS: BlockOptions<'static> = BlockOptions { more: MoreFixes::WithInventory, most_of_names: 2000 };

/// A cause as plain text, with its history below the title.
fn describe_cause(cause: &Cause<'_>, history: &[String]) -> String {
    let mut text = String::new();
    for line in cause.block(OPTIONS) {
        let _ = match line {
            Line::Title(title) => writeln!(text, "[{}] {title}", cause.worst().severity),
            Line::Text(sentence) => writeln!(text, "  {sentence}"),
            Line::Step(number, step) => writeln!(text, "  {number}. {step}"),
            Line::Item(item) => writeln!(text, "  - {item}"),
            Line::Code(code) => writeln!(text, "      {code}"),
            Line::Foot(foot) => writeln!(text, "  {foot}"),
        };
        if text.lines().count() == 1 {
            history.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    }
    text
}

/// Since when a finding is open, and what changed.
fn history(notice: &Notice<'_>, is_one_of_several: bool) -> Option<String> {
    let about = match &notice.finding.job {
        Some(job) if is_one_of_several => format!("{job}: open"),
        Some(_) | None => "Open".to_owned(),
    };
    match &notice.reason {
        Reason::New => None,
        Reason::Reminder { since } => Some(format!("{about} since {}.", date(*since))),
        Reason::Changed { since, differences } => {
            let changed: Vec<String> = differences.iter().map(describe_difference).collect();
            Some(format!("{about} since {}; changed: {}.", date(*since), changed.join("; ")))
        }
    }
}

/// `needed 4h → 6h`
fn describe_difference(difference: &StateDifference) -> String {
    let name = difference.name.trim_end_matches("_seconds").replace('_', " ");
    let is_duration = difference.name.ends_with("_seconds");
    let value = |value: &Option<String>| match value {
        None => "not known".to_owned(),
        Some(text) => {
            let seconds = text.parse().ok().filter(|_| is_duration);
            seconds.map_or_else(|| printable(text), |seconds| Seconds(seconds).to_string())
        }
    };
    format!("{} {} → {}", printable(&name), value(&difference.before), value(&difference.now))
}

fn is_waived(resolved: &Resolved) -> bool {
    matches!(resolved.reason, Gone::Waived(_))
}

/// A resolved finding in one line.
pub(super) fn resolved_line(resolved: &Resolved) -> String {
    let was = &resolved.was;
    let job = was.job.as_ref().map(|job| format!(", job {}", printable(job)));
    let hop = was.hop.map(|hop| format!(", path[{hop}]"));
    let role = was.role.as_ref().map(|role| format!(", {}", printable(role)));
    let place: String = [job, hop, role].into_iter().flatten().collect();
    format!(
        "  [{}] {} ({}{place}), open since {}: {}\n",
        was.severity,
        printable(&was.title),
        was.id,
        date(was.since),
        printable(&resolved.reason.to_string())
    )
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
