//! Shared parts of findings about verdicts: the job, its judgement, and the common evidence.

use super::evidence::{Fact, Provenance};
use super::model::Finding;
use super::registry::{FindingId, Severity};
use super::subject::Subject;
use crate::inventory::{Hop, Job, LengthDefault, LengthFrom, LiveSetting, Refresh, RoleRef, Seconds, Source};
use crate::lease::rules::LAMBDA_LONGEST;
use crate::lease::{HopLease, Judgement, LimitedBy, Verdict};

/// A job whose verdict a finding reports.
pub(super) struct JudgedJob<'a> {
    pub(super) job: &'a Job,
    pub(super) judgement: &'a Judgement,
    id: FindingId,
    pub(super) subject: &'a Subject<'a>,
}

impl<'a> Subject<'a> {
    /// The jobs of the run whose verdict has the finding `id`.
    pub(super) fn judged_with(&'a self, id: FindingId) -> impl Iterator<Item = JudgedJob<'a>> {
        let about = move |(_, judgement): &(&Job, &Judgement)| FindingId::of_judgement(judgement) == Some(id);
        self.judged().filter(about).map(move |(job, judgement)| JudgedJob { job, judgement, id, subject: self })
    }
}

impl JudgedJob<'_> {
    /// The hop that limits the job, and its lease.
    pub(super) fn limiting_hop(&self) -> Option<(&Hop, &HopLease)> {
        let hop = self.judgement.limiting_hop?;
        self.job.path.get(hop).zip(self.judgement.hops.get(hop))
    }

    /// The name of the limiting hop's role, or the kind of the source.
    pub(super) fn limiting_name(&self) -> &str {
        self.limiting_hop().map_or(self.job.source.kind(), |(hop, _)| hop.role.name())
    }

    /// The text of the limiting request, where the client reads another duration than it states.
    pub(super) fn misread(&self) -> Option<&str> {
        self.limiting_hop().and_then(|(hop, _)| hop.misread.as_deref())
    }

    /// How the action reads that text.
    pub(super) fn describe_misreading(&self) -> Option<String> {
        let (hop, text) = (self.limiting_hop()?.0, self.misread()?);
        let read = match hop.duration {
            Some(Seconds(1)) => {
                "1 second: JavaScript's parseInt stops at the first character that is no digit".to_owned()
            }
            Some(seconds) => {
                format!("{} seconds: JavaScript's parseInt stops at the first character that is no digit", seconds.0)
            }
            None => "no number, and requests its default".to_owned(),
        };
        Some(format!("The action reads `{text}` as {read}."))
    }

    pub(super) fn needed(&self) -> Seconds {
        self.judgement.needed
    }

    pub(super) fn lease(&self) -> Seconds {
        self.judgement.lease.unwrap_or_default()
    }

    /// How long the job needs its credentials: `needs 4h`, or `may need 6h (GitHub's default timeout)`.
    pub(super) fn describe_need(&self) -> String {
        let needed = self.needed();
        if !self.job.length_from.is_assumed() {
            return format!("needs {needed}");
        }
        let whose = match self.job.source.length_default() {
            LengthDefault::LongestTimeout => "Lambda's longest Timeout",
            LengthDefault::OfService => "its service's default timeout",
            LengthDefault::OfWorkflow => "GitHub's default timeout",
        };
        format!("may need {needed} ({whose})")
    }

    /// The length of the job, such as `runs up to 4h`, and its pause, if any.
    pub(super) fn describe_length(&self) -> String {
        let length = match self.job.length_from {
            LengthFrom::Declared | LengthFrom::Configured => format!("runs up to {}", self.job.length),
            LengthFrom::Assumed | LengthFrom::LongestTimeout => {
                let why = match self.job.source.length_default() {
                    LengthDefault::LongestTimeout => "the longest Timeout of Lambda; that of the function is not known",
                    LengthDefault::OfService => "the default of its service; no timeout is set",
                    LengthDefault::OfWorkflow => {
                        "GitHub's default timeout; no timeout-minutes states how long it uses these credentials"
                    }
                };
                format!("may run up to {} ({why})", self.job.length)
            }
            LengthFrom::Measured => format!("ran up to {}", self.job.length),
            LengthFrom::Observed => format!("ran at least {}", self.job.length),
        };
        let is_managed = matches!(self.job.source, Source::Lambda { .. }) && self.job.length > LAMBDA_LONGEST;
        let length = match is_managed {
            true => format!(
                "{length} (longer than {LAMBDA_LONGEST}: only asynchronous and event-source invocations on Lambda \
                 Managed Instances can run that long)"
            ),
            false => length,
        };
        let length = match self.job.pause {
            Seconds(0) => length,
            pause => format!("{length} and may be frozen for {pause} more"),
        };
        match self.job.age {
            Seconds(0) => length,
            age => format!("{length}, and starts on credentials that are {age} old"),
        }
    }

    /// The finding with the common evidence of findings about verdicts.
    pub(super) fn finding(&self) -> Finding {
        let read = self.job.source.live_setting().filter(|_| self.subject.facts.live_setting(self.job).is_some());
        let needed = match &read {
            Some(setting @ LiveSetting::Function(_)) => setting.provenance(),
            Some(LiveSetting::PermissionSet(_)) | None => Provenance::Inventory("age + length + pause"),
        };
        let mut finding = Finding::about_job(self.id, self.job, self.judgement.limiting_hop)
            .evidence(Fact::Needed(self.needed()), needed);
        if let Some(lease) = self.judgement.lease {
            let provenance = match (self.judgement.hops.last(), &read) {
                (Some(last), _) if last.stated => Provenance::Inventory("duration of the last hop"),
                (Some(_), _) => Provenance::Sts("3600 where the client sends no DurationSeconds"),
                (None, Some(setting @ LiveSetting::PermissionSet(_))) => setting.provenance(),
                (None, Some(LiveSetting::Function(_)) | None) => Provenance::Derived("the source's own session"),
            };
            finding = finding.evidence(Fact::Lease(lease), provenance);
        }
        if let Some(end) = self.judgement.end
            && self.judgement.lease != Some(end)
        {
            let how = Provenance::Derived("how long the path can be renewed without a person");
            finding = finding.evidence(Fact::LapsesAfter(end), how);
        }
        if let Some((hop, lease)) = self.limiting_hop() {
            let provenance =
                if lease.stated { Provenance::Inventory("duration") } else { Provenance::Sts("default duration") };
            finding = finding.evidence(Fact::Requested(lease.requested), provenance);
            if let Some(cap) = lease.cap {
                let provenance = match lease.chained {
                    true => Provenance::Sts("role chaining"),
                    false => self.subject.max_session_provenance(&hop.role),
                };
                finding = finding.evidence(Fact::Cap(cap), provenance);
            }
        }
        // An undeclared number is never the only reason for a high finding.
        let unstated = self.job.length_from.is_assumed() || self.limit_is_a_default();
        if (self.judgement.verdict == Verdict::Lapses && unstated) || self.copy_is_not_known() {
            finding.severity = Severity::Medium;
        }
        match self.job.refresh {
            Refresh::Every(every) => finding.evidence(Fact::RefreshEvery(every), Provenance::Inventory("refresh")),
            Refresh::None | Refresh::Auto | Refresh::NotKnown => finding,
        }
    }

    /// Adds to the finding that STS may refuse the request.
    pub(super) fn noting_possible_refusal(&self, mut finding: Finding) -> Finding {
        let mut hops = self.job.path.iter().zip(&self.judgement.hops);
        let open = hops.find(|(_, lease)| lease.depends_on_an_unknown_maximum());
        if let (Verdict::Lapses, Some((hop, lease))) = (self.judgement.verdict, open) {
            finding.detail.push_str(&format!(
                " STS may also refuse the request: the MaxSessionDuration of {} is not known, and it may be less than \
                 the requested {} seconds.",
                hop.role.name(),
                lease.requested.0
            ));
        }
        finding
    }

    /// Whether the job lapses only if it copies the credentials of its platform, and nothing shows that it does.
    pub(super) fn copy_is_not_known(&self) -> bool {
        self.job.refresh == Refresh::NotKnown && self.judgement.limited_by == Some(LimitedBy::Platform)
    }

    /// Whether the limit is an AWS default that nobody declared. STS's 3600 seconds are a rule, not such a default.
    pub(super) fn limit_is_a_default(&self) -> bool {
        let Some(limit) = self.judgement.limited_by else { return false };
        let is_read = limit == LimitedBy::SigninSession && self.signin_session_is_read();
        self.job.unstated.is_limit(limit) && !is_read
    }

    /// Whether IAM returned the MaxSigninSessionDuration of the role that the person signed in with.
    fn signin_session_is_read(&self) -> bool {
        let Source::ConsoleLogin { role: Some(role), .. } = &self.job.source else { return false };
        self.subject.signin_session(role).is_some()
    }

    /// The MaxSessionDuration of the role, if known.
    pub(super) fn max_session(&self, role: &RoleRef) -> Option<Seconds> {
        self.subject.max_session_for(self.job, role)
    }
}
