//! Comments that waive a finding where it is caused, in workflows and templates:
//! `# credential-health: ignore[FINDING] until=YYYY-MM-DD REASON`. A comment counts for what is on its own line, or on
//! the first line after it that is no comment. A comment with a mistake waives nothing.

use std::sync::Arc;

use jiff::civil::Date;

use super::limits::{LONGEST_REASON, LONGEST_WAIVER};
use super::validate::last_day;
use super::{Diagnostic, Inventory, Job, Location, RoleArn, Waiver};
use crate::findings::FindingId;

/// The beginning of a comment for this program.
const MARK: &str = "credential-health:";
const HELP: &str = "write `# credential-health: ignore[FINDING] until=YYYY-MM-DD REASON`";

/// A comment that waives findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineWaiver {
    findings: Vec<FindingId>,
    until: Date,
    reason: String,
    location: Location,
    /// The line that the comment is about.
    line: usize,
}

/// The comments of a text, and their mistakes.
#[must_use]
pub fn inline_waivers(file: &Arc<str>, text: &str) -> (Vec<InlineWaiver>, Vec<Diagnostic>) {
    let (mut waivers, mut mistakes) = (Vec::new(), Vec::new());
    let lines: Vec<&str> = text.lines().collect();
    let starts = text.split_inclusive('\n').scan(0, |end, line| Some(std::mem::replace(end, *end + line.len())));
    let blocks = super::yaml::blocks(text);
    for (index, (line, start)) in lines.iter().zip(starts).enumerate() {
        let Some((before, comment)) = comment_of(line) else { continue };
        if blocks.iter().any(|block| block.contains(&(start + before.len()))) {
            continue;
        }
        let location = Location { file: file.clone(), line: index + 1, column: before.chars().count() + 1 };
        let is_comment = |line: &&str| line.trim_start().starts_with('#');
        let below = lines[index..].iter().take_while(|line| is_comment(line)).count();
        match parse(comment) {
            Ok((findings, until, reason)) => {
                waivers.push(InlineWaiver { findings, until, reason, location, line: index + 1 + below });
            }
            Err(mistake) => mistakes.push(remark(location, &mistake.to_string())),
        }
    }
    (waivers, mistakes)
}

fn remark(location: Location, mistake: &str) -> Diagnostic {
    let message = format!("the comment waives nothing: {mistake}");
    Diagnostic::new(location, message, HELP)
}

/// The text before the comment for this program on a line, and the comment.
fn comment_of(line: &str) -> Option<(&str, &str)> {
    let (start, _) = line.match_indices('#').find(|(start, _)| {
        let begins = line[..*start].chars().next_back().is_none_or(char::is_whitespace);
        begins && line[start + 1..].trim_start().starts_with(MARK)
    })?;
    let comment = line[start + 1..].trim_start();
    Some((&line[..start], comment[MARK.len()..].trim()))
}

/// A mistake in a comment.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Mistake {
    #[error("it does not name a finding as ignore[FINDING]")]
    NoFinding,
    #[error("there is no finding `{}`", crate::visible::printable(.0))]
    UnknownFinding(String),
    #[error("until=YYYY-MM-DD is missing behind the finding")]
    NoEnd,
    #[error("`{}` is no date", crate::visible::printable(.0))]
    NoDate(String),
    #[error("it has no reason")]
    NoReason,
    #[error("its reason is longer than {LONGEST_REASON} characters")]
    LongReason,
}

fn parse(comment: &str) -> Result<(Vec<FindingId>, Date, String), Mistake> {
    let (ids, rest) =
        comment.strip_prefix("ignore[").and_then(|rest| rest.split_once(']')).ok_or(Mistake::NoFinding)?;
    let id = |id: &str| FindingId::parse(id.trim()).ok_or_else(|| Mistake::UnknownFinding(id.trim().to_owned()));
    let findings = ids.split(',').map(id).collect::<Result<_, _>>()?;
    let rest = rest.trim_start().strip_prefix("until=").ok_or(Mistake::NoEnd)?;
    let (date, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let until = date.parse().map_err(|_| Mistake::NoDate(date.to_owned()))?;
    match reason.trim() {
        "" => Err(Mistake::NoReason),
        reason if reason.chars().count() > LONGEST_REASON => Err(Mistake::LongReason),
        reason => Ok((findings, until, crate::visible::printable(reason))),
    }
}

impl InlineWaiver {
    /// Whether the comment is about this line.
    #[must_use]
    pub const fn is_about(&self, line: usize) -> bool {
        self.line == line
    }

    /// The waivers for a job, or for a role.
    fn waivers(&self, job: Option<&str>, role: Option<&str>) -> impl Iterator<Item = Waiver> {
        self.findings.iter().map(move |finding| Waiver {
            finding: *finding,
            job: job.map(str::to_owned),
            role: role.map(str::to_owned),
            until: self.until,
            reason: self.reason.clone(),
            approver: None,
            location: self.location.clone(),
        })
    }
}

impl Inventory {
    /// Adds the waivers of comments beside jobs. Returns the comments that waive nothing.
    pub fn waive_jobs(&mut self, comments: &[InlineWaiver], today: Date) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        for comment in comments {
            if let Some(mistake) = self.too_long(comment, today) {
                mistakes.push(mistake);
                continue;
            }
            let is_beside =
                |job: &&Job| job.location.file == comment.location.file && comment.is_about(job.location.line);
            let names: Vec<String> = self.jobs.iter().filter(is_beside).map(|job| job.name.to_string()).collect();
            if names.is_empty() {
                let mistake = "no login of a job is on its line or on the line after it";
                mistakes.push(remark(comment.location.clone(), mistake));
            }
            // A name with a wildcard would waive the findings of other jobs.
            for name in names {
                match name.contains(['*', '?']) {
                    true => mistakes.push(remark(comment.location.clone(), "the name of its job has a wildcard")),
                    false => self.waivers.extend(comment.waivers(Some(&name), None)),
                }
            }
        }
        mistakes
    }

    /// Adds the waivers of comments beside a planned role. Returns the comments that waive nothing.
    pub fn waive_role(&mut self, role: &RoleArn, comments: &[InlineWaiver], today: Date) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        for comment in comments {
            match self.too_long(comment, today) {
                Some(mistake) => mistakes.push(mistake),
                None => self.waivers.extend(comment.waivers(None, Some(role.as_str()))),
            }
        }
        mistakes
    }

    fn too_long(&self, comment: &InlineWaiver, today: Date) -> Option<Diagnostic> {
        let last = self.last_waived_day.or_else(|| last_day(today, LONGEST_WAIVER))?;
        (comment.until > last).then(|| {
            let mistake = format!("it holds until {}, and a waiver may hold until {last} at most", comment.until);
            remark(comment.location.clone(), &mistake)
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_comment_is_about_its_own_line_or_the_line_below() {
        let text = "a: 1  # credential-health: ignore[thin-margin] until=2027-01-31 on its line\n\
                    # credential-health: ignore[thin-margin, chain-caps-session] until=2027-01-31 above\n\
                    # more\nb: 2\n";
        let (waivers, mistakes) = inline_waivers(&"w.yml".into(), text);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let lines: Vec<(usize, usize)> = waivers.iter().map(|waiver| (waiver.line, waiver.findings.len())).collect();
        assert_eq!(lines, [(1, 1), (4, 2)]);
        assert_eq!((waivers[0].until, waivers[1].reason.as_str()), (date(2027, 1, 31), "above"));
    }

    #[test]
    fn a_comment_with_a_mistake_waives_nothing_and_is_reported() {
        for (comment, mistake) in [
            ("ignore thin-margin until=2027-01-31 r", Mistake::NoFinding),
            ("ignore[] until=2027-01-31 r", Mistake::UnknownFinding(String::new())),
            ("ignore[thin] until=2027-01-31 r", Mistake::UnknownFinding("thin".to_owned())),
            ("ignore[thin-margin] r", Mistake::NoEnd),
            ("ignore[thin-margin] until=soon r", Mistake::NoDate("soon".to_owned())),
            ("ignore[thin-margin] until=2027-02-30 r", Mistake::NoDate("2027-02-30".to_owned())),
            ("ignore[thin-margin] until=2027-01-31", Mistake::NoReason),
        ] {
            assert_eq!(parse(comment), Err(mistake), "{comment}");
            let text = format!("# credential-health: {comment}\n");
            let (waivers, mistakes) = inline_waivers(&"w.yml".into(), &text);
            assert_eq!((waivers.len(), mistakes.len()), (0, 1), "{comment}");
        }
    }

    #[test]
    fn a_line_of_a_block_of_text_is_no_comment() {
        let comment = "# credential-health: ignore[thin-margin] until=2027-01-31 r";
        for (text, line) in [
            (format!("- run: |\n    x\n    {comment}\n- b: 2\n"), None),
            (format!("- run: >-\n    x\n\n    {comment}\n\n    y\n- b: 2\n"), None),
            (format!("- run: |\n    x\n{comment}\n- b: 2\n"), Some(4)),
            (format!("- run: |\n    x\n  {comment}\n- b: 2\n"), Some(4)),
            (format!("- run: |  {comment}\n    x\n- b: 2\n"), Some(1)),
        ] {
            let (waivers, _) = inline_waivers(&"w.yml".into(), &text);
            assert_eq!(waivers.first().map(|waiver| waiver.line), line, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_comments_of_this_program() {
        let text = "# credential-health is fine\nurl: x#credential-health: ignore[thin-margin]\n";
        assert_eq!(inline_waivers(&"w.yml".into(), text), (Vec::new(), Vec::new()));
    }
}
