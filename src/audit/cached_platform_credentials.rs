//! `cached-platform-credentials`: the job copies credentials that the platform would renew.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::inventory::Source;
use crate::lease::Verdict;
use crate::remedy::Remedy;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::CachedPlatformCredentials).map(|found| {
        let (name, kind) = (&found.job.name, found.job.source.kind());
        let how_long = match (found.job.source, found.judgement.verdict) {
            (Source::Ec2Instance, Verdict::Unknown) => {
                "a copy of EC2 instance credentials has between five minutes and six hours left, and nobody can tell beforehand which".to_owned()
            }
            (Source::Ec2Instance, _) => "a copy of EC2 instance credentials has at most six hours left".to_owned(),
            _ => format!("a copy of them made at the start lasts {}", found.lease()),
        };
        let title = match found.judgement.verdict {
            Verdict::Unknown => format!("{name} needs {}, on a copy of {kind} credentials that may have minutes left", found.needed()),
            _ => format!("{name} needs {}, on a copy of {kind} credentials that lasts {}", found.needed(), found.judgement.end.unwrap_or_default()),
        };
        found
            .finding()
            .titled(title)
            .detailed(format!(
                "{name} {} with `refresh: none` on the platform's own credentials. The platform renews them at its endpoint, but {how_long}. Code that \
                 exports them into environment variables, or reads them once, fails with ExpiredToken.",
                found.length_in_words()
            ))
            .remedies(subject.ways(found.job))
            .remedies([Remedy::step(
                "Where a tool needs variables, export them again just before each call of it, no call longer than what is sure to be left, and \
                 declare `refresh: auto`.",
            )
            .cli("eval \"$(aws configure export-credentials --format env)\"")])
    }));
}
