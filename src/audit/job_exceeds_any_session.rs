//! `job-exceeds-any-session`: the job is longer than any session can be.

use super::lasting::lasting;
use super::{Finding, Subject};
use crate::finding::FindingId;
use crate::lease::rules::LONGEST_SESSION;

pub(super) fn find(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    out.extend(lasting(subject, FindingId::JobExceedsAnySession).map(|found| {
        let name = &found.job.name;
        found
            .finding()
            .evidence("longest_session_seconds", LONGEST_SESSION.0, "IAM: the largest MaxSessionDuration")
            .titled(format!("{name} needs {}, and no session lasts over 12h", found.needed()))
            .detailed(format!(
                "{name} {} without renewing its credentials. STS gives no session of a role over 43200 seconds; this one lasts {}. Its calls fail \
                 with ExpiredToken then.",
                found.length_in_words(),
                found.lease()
            ))
            .remedies(subject.ways(found.job))
    }));
}
