//! The path of a job, drawn hop by hop from the source, and the calculation of its verdict.

use anstyle::Style;

use super::{Explanation, ExplanationText};
use crate::facts::MaxSessionFrom;
use crate::findings::UNCONFIRMED;
use crate::inventory::{FirstCall, Hop, LengthFrom, Refresh, Seconds};
use crate::lease::rules::{self, Grant, Refusal};
use crate::lease::{HopLease, Verdict};
use crate::report::plain::describe_limit;
use crate::visible;

const INDENT: &str = "             ";

pub(super) fn draw(explained: &Explanation<'_>, text: &mut ExplanationText) {
    text.heading("Path");
    let limits = explained.judgement.limited_by.is_some() && explained.judgement.limiting_hop.is_none();
    draw_stop(text, "source", &format!("{}: {}", explained.job.source.kind(), explained.job.source.describe()), limits);
    if limits && explained.judgement.refusal.is_some() {
        let refusal = explained.judgement.refusal.as_ref().map(describe_refusal).unwrap_or_default();
        text.wrapped(&format!("refused: {refusal}"), INDENT);
    }
    for (index, (hop, lease)) in explained.job.path.iter().zip(&explained.judgement.hops).enumerate() {
        let call = if index == 0 { explained.job.source.first_call() } else { FirstCall::AssumeRole }.name();
        let how = if lease.chained { "called by a session: chained" } else { "not called by a session: direct" };
        text.line(&format!("       │     {call}, {how}"));
        let name =
            match explained.inventory.declared_for(explained.job, &hop.role).and_then(|role| role.alias.as_deref()) {
                Some(alias) => format!("{alias}, {}", hop.role),
                None => hop.role.to_string(),
            };
        draw_stop(text, &format!("path[{index}]"), &name, explained.judgement.limiting_hop == Some(index));
        text.wrapped(&describe_request(hop), INDENT);
        text.wrapped(&describe_cap(explained, hop, lease), INDENT);
        text.wrapped(&describe_grant(lease), INDENT);
    }
}

/// The source or a hop, with a mark if it limits the job.
fn draw_stop(text: &mut ExplanationText, place: &str, name: &str, limits: bool) {
    let bold = Style::new().bold();
    let mark = if limits { "▶" } else { " " };
    let name = visible::line(name);
    // ARNs are not wrapped, so that they can be copied.
    text.line(&format!("  {mark} {place:<8} {bold}{name}{bold:#}"));
    if limits {
        text.line(&format!("{INDENT}◀ limits the job"));
    }
}

fn describe_request(hop: &Hop) -> String {
    match hop.duration {
        Some(duration) => format!("requests {duration} ({} seconds)", duration.0),
        None => format!("requests no duration: STS grants {}", rules::DEFAULT_DURATION),
    }
}

fn describe_cap(explained: &Explanation<'_>, hop: &Hop, lease: &HopLease) -> String {
    let max = match explained.max_session(&hop.role) {
        Some((max, MaxSessionFrom::Iam)) => format!("MaxSessionDuration {max}, read from IAM"),
        Some((max, MaxSessionFrom::Planned)) => format!("MaxSessionDuration {max}, planned"),
        Some((max, MaxSessionFrom::Declared)) => format!("MaxSessionDuration {max}, declared"),
        None => "MaxSessionDuration not known".to_owned(),
    };
    if lease.chained {
        format!("at most {}: role chaining caps it, whatever the role allows ({max})", rules::CHAIN_CAP)
    } else {
        match explained.max_session(&hop.role) {
            Some((limit, _)) => format!("at most {limit}: {max}"),
            None => format!("every role allows {}; for more: {max}", rules::DEFAULT_MAX_SESSION),
        }
    }
}

fn describe_grant(lease: &HopLease) -> String {
    match &lease.grant {
        Some(Grant::Granted(seconds)) => format!("STS grants {seconds}"),
        Some(Grant::Refused(refusal)) => format!("STS refuses: {}", describe_refusal(refusal)),
        Some(Grant::NotKnown) => "STS grants or refuses it, depending on the role's MaxSessionDuration".to_owned(),
        None => "is not requested: STS refuses an earlier request".to_owned(),
    }
}

fn describe_refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::OutOfRange { accepted, .. } => {
            format!(
                "the API accepts {} to {} ({} to {} seconds)",
                accepted.start(),
                accepted.end(),
                accepted.start().0,
                accepted.end().0
            )
        }
        Refusal::SourceCannotAssume => "credentials from GetFederationToken may not call AssumeRole".to_owned(),
        Refusal::OverMaxSession { max } => format!("over the role's MaxSessionDuration, {max}"),
        Refusal::OverChainCap => format!("over {}, the limit of role chaining", rules::CHAIN_CAP),
    }
}

/// Where a length is from that nobody declared.
const fn origin_of_length(from: LengthFrom) -> &'static str {
    match from {
        LengthFrom::Declared => "",
        LengthFrom::Configured => " (configured)",
        LengthFrom::Assumed | LengthFrom::LongestTimeout => " (assumed)",
        LengthFrom::Measured => " (measured)",
        LengthFrom::Observed => " (observed)",
    }
}

pub(super) fn draw_calculation(explained: &Explanation<'_>, text: &mut ExplanationText) {
    text.heading("Calculation");
    let (job, judgement) = (explained.job, &explained.judgement);
    let wanted = judgement.needed + job.margin;
    text.line(&format!(
        "  needs    {}: length {}{}, pause {}; with its margin of {}: {wanted}",
        judgement.needed,
        job.length,
        origin_of_length(job.length_from),
        job.pause,
        job.margin
    ));
    if let Some(tie) = &job.measured_by {
        text.wrapped_after("  measured ", &format!("by {}; `lint --measured FILE` compares its runs", tie.describe()));
    }
    if let Some(lease) = judgement.lease {
        text.line(&format!("  session  {lease}"));
    }
    text.wrapped_after("  refresh  ", &describe_refresh(explained));
    let lasts = match (judgement.verdict, judgement.end) {
        (Verdict::Rejected, _) => "not at all: the job cannot start".to_owned(),
        (Verdict::Unknown, _) => "not known".to_owned(),
        (_, None) => "never expires during a run".to_owned(),
        (_, Some(end)) if end < judgement.needed => {
            format!("{end}: {} less than it needs", Seconds(judgement.needed.0 - end.0))
        }
        (_, Some(end)) => {
            format!("{end}: {} more than it needs; the margin is {}", Seconds(end.0 - judgement.needed.0), job.margin)
        }
    };
    text.wrapped_after("  lasts    ", &lasts);
    if !judgement.confirmed {
        text.wrapped_after("  doubt    ", UNCONFIRMED);
    }
    if let Some(limit) = judgement.limited_by {
        let place = judgement.limiting_hop.map_or_else(|| "the source".to_owned(), |hop| format!("path[{hop}]"));
        text.line(&format!("  limit    {}, at {place}", describe_limit(limit)));
    }
}

/// The renewal of the job's credentials, and how long it works.
fn describe_refresh(explained: &Explanation<'_>) -> String {
    let (job, judgement) = (explained.job, &explained.judgement);
    let until = match judgement.end {
        Some(end) if judgement.lease != Some(end) => format!(", until a person is needed after {end}"),
        _ => String::new(),
    };
    match job.refresh {
        Refresh::None | Refresh::NotKnown => "none: the job uses one session".to_owned(),
        Refresh::Auto => format!("auto: the SDK renews the session from its source{until}"),
        Refresh::Every(every) => {
            let turn = every + job.pause;
            let pause =
                if job.pause > Seconds(0) { format!(", or {turn} with a pause between") } else { String::new() };
            match judgement.lease {
                Some(lease) if turn >= lease => {
                    format!("every {every}{pause}: too late, since a session lasts {lease}")
                }
                Some(lease) => {
                    format!("every {every}{pause}: {} before a session ends{until}", Seconds(lease.0 - turn.0))
                }
                None => format!("every {every}{pause}"),
            }
        }
    }
}
