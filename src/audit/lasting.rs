//! What the findings about a verdict share: the job, its judgement, and the numbers every one of them shows.

use super::Subject;
use super::finding::Finding;
use crate::finding::{FindingId, Severity};
use crate::inventory::{Hop, Job, LengthFrom, Refresh, RoleArn, Seconds};
use crate::lease::{HopLease, Judgement, Verdict};

/// A job whose verdict has this finding.
pub(super) struct Lasting<'a> {
    pub(super) job: &'a Job,
    pub(super) judgement: &'a Judgement,
    id: FindingId,
    subject: &'a Subject<'a>,
}

/// Every selected job whose verdict has the finding `id`.
pub(super) fn lasting<'a>(subject: &'a Subject<'a>, id: FindingId) -> impl Iterator<Item = Lasting<'a>> {
    subject.judged().filter(move |(_, judgement)| judgement.finding == Some(id)).map(move |(job, judgement)| Lasting {
        job,
        judgement,
        id,
        subject,
    })
}

impl Lasting<'_> {
    /// The hop that limits the job, and its lease.
    pub(super) fn hop(&self) -> Option<(&Hop, &HopLease)> {
        let hop = self.judgement.limiting_hop?;
        self.job.path.get(hop).zip(self.judgement.hops.get(hop))
    }

    /// The name of the limiting hop's role, or of the source.
    pub(super) fn limiting_name(&self) -> &str {
        self.hop().map_or(self.job.source.kind(), |(hop, _)| hop.role.name())
    }

    pub(super) fn needed(&self) -> Seconds {
        self.judgement.needed
    }

    pub(super) fn lease(&self) -> Seconds {
        self.judgement.lease.unwrap_or_default()
    }

    /// How long the job runs, in words: its length, and its pause where it has one.
    pub(super) fn length_in_words(&self) -> String {
        match self.job.pause {
            Seconds(0) => format!("runs up to {}", self.job.length),
            pause => format!("runs up to {} and may be frozen for {pause} more", self.job.length),
        }
    }

    /// The finding, with the numbers that every one of them shows.
    pub(super) fn finding(&self) -> Finding {
        let mut finding = Finding::about_job(self.id, self.job, self.judgement.limiting_hop).evidence(
            "needed_seconds",
            self.needed().0,
            "inventory: length + pause",
        );
        if let Some(lease) = self.judgement.lease {
            let source = match self.judgement.hops.last() {
                Some(last) if last.stated => "inventory: the last hop's duration",
                Some(_) => "STS: 3600 where the client sends no DurationSeconds",
                None => "the source's own session",
            };
            finding = finding.evidence("lease_seconds", lease.0, source);
        }
        if let Some(end) = self.judgement.end
            && self.judgement.lease != Some(end)
        {
            finding =
                finding.evidence("lapses_after_seconds", end.0, "how long the path can be renewed without a person");
        }
        if let Some((hop, lease)) = self.hop() {
            finding = finding.evidence(
                "requested_seconds",
                lease.requested.0,
                if lease.stated { "inventory" } else { "STS default" },
            );
            finding = match lease.cap {
                Some(cap) if lease.chained => finding.evidence("cap_seconds", cap.0, "STS: role chaining"),
                Some(cap) => finding.evidence("cap_seconds", cap.0, self.subject.max_session_source(&hop.role)),
                None => finding,
            };
        }
        // A length that nobody declared is never the sole ground of a high finding.
        if self.judgement.verdict == Verdict::Lapses && self.job.length_from == LengthFrom::Assumed {
            finding.severity = Severity::Medium;
        }
        match self.job.refresh {
            Refresh::Every(every) => finding.evidence("refresh_every_seconds", every.0, "inventory: refresh"),
            _ => finding,
        }
    }

    /// MaxSessionDuration of the role, as it is known.
    pub(super) fn max_session(&self, role: &RoleArn) -> Option<Seconds> {
        self.subject.max_session(role)
    }
}
