//! `cached-platform-credentials`: the job copies credentials that the platform would renew.

use super::evidence::FactKind;
use super::judged::JudgedJob;
use super::model::Finding;
use super::registry::{Detect, define};
use crate::fixes::{Fix, FixPlace};
use crate::inventory::Source;
use crate::lease::rules::{EC2_LONGEST_LEASE, EC2_SHORTEST_LEASE};
use crate::lease::{Judgement, LimitedBy, Verdict};

define!(
    "cached-platform-credentials",
    High,
    ends: DuringTheRun,
    detect: &[Detect::Verdict { applies, describe }],
    change_facts: &[FactKind::Needed, FactKind::Lease, FactKind::LapsesAfter],
);

fn applies(judgement: &Judgement) -> bool {
    matches!(judgement.verdict, Verdict::Unknown | Verdict::Lapses) && judgement.limited_by == Some(LimitedBy::Platform)
}

fn describe(found: &JudgedJob<'_>) -> Option<Finding> {
    let (name, kind) = (&found.job.name, found.job.source.kind());
    let unknown = found.judgement.verdict == Verdict::Unknown;
    let lasts = match (&found.job.source, unknown) {
        (Source::Ec2Instance, true) => format!(
            "A copy of EC2 instance credentials lasts between {EC2_SHORTEST_LEASE} and {EC2_LONGEST_LEASE}; nobody \
             can know beforehand how long it will last."
        ),
        (Source::Ec2Instance, false) => {
            format!("A copy of EC2 instance credentials lasts at most {EC2_LONGEST_LEASE}.")
        }
        (_, true) => "How long a copy of them lasts is not known.".to_owned(),
        (_, false) => format!("A copy made at the start lasts {}.", found.lease()),
    };
    let title = match found.judgement.end {
        Some(end) if !unknown => {
            format!("{name} {}, but a copy of {kind} credentials lasts {end}", found.describe_need())
        }
        _ => format!("{name} {}, but a copy of {kind} credentials may expire earlier", found.describe_need()),
    };
    let with = if found.copy_is_not_known() { "" } else { " with `refresh: none`" };
    let mut detail = format!(
        "{name} {}{with} on the platform's own credentials. The platform renews them at its endpoint, but not in a \
         copy. {lasts} A program that exports the credentials into environment variables, or reads them once, then \
         fails with ExpiredToken.",
        found.describe_length()
    );
    if found.copy_is_not_known() {
        detail.push_str(
            " The records do not show whether the job copies its credentials. If it does not, declare it with \
             `refresh: auto` in the inventory.",
        );
    }
    let finding = found
        .finding()
        .titled(title)
        .because("The platform renews its credentials at its endpoint, but not in a copy.")
        .detailed(detail)
        .fixes(found.subject.ways(found.job));
    Some(finding.fixes(found.job.source.has_endpoint().then(|| export_before_each_call(&found.subject.place))))
}

fn export_before_each_call(place: &FixPlace<'_>) -> Fix {
    let step = "If a tool reads only environment variables, export the credentials again just before each call of the \
                tool. No call may take longer than the credentials last.";
    Fix::step(place.declare(step, "declare `refresh: auto`."))
        .shell("eval \"$(aws configure export-credentials --format env)\"")
}
