//! A single change to a job or a role, and the job after several changes. Owns the kinds of changes and their weight,
//! by size and safety. `numbers` chooses their numbers.

use std::collections::BTreeMap;

use super::MOST_CHANGES;
use crate::fixes::sources;
use crate::inventory::{Hop, Job, Refresh, RoleRef, Seconds, Source};
use crate::lease::rules::{self, Grant};
use crate::lease::{Judgement, judge};

/// A kind of change without its number. Hops are counted as the job declares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fixes) enum ChangeStep {
    /// Give the MFA code in the AssumeRole call, or use the user's own key: no session before the first role.
    OwnKey,
    /// A token that can be presented again, or a broker that issues new credentials during the run.
    Renewable,
    /// Another duration of the source's session.
    SourceDuration,
    /// A longer session of the permission set.
    PermissionSet,
    /// A longer login to the Identity Center portal.
    PortalSession,
    /// A longer sign-in session of `aws login`.
    SigninSession,
    /// An OIDC token exchanged directly for the last role.
    ExchangeForLast,
    /// Remove a hop.
    Drop(usize),
    /// Request another DurationSeconds.
    Ask(usize),
    /// Send no DurationSeconds.
    SendNone(usize),
    /// Renew a copied session of a hop.
    Renew(usize),
    /// A higher MaxSessionDuration of the role at this hop.
    MaxSession(usize),
    /// Let the SDK's provider chain renew.
    Auto,
    /// Renew in the job's own loop, or more often in that loop.
    Every,
    /// A shorter pause.
    Pause,
    /// Younger credentials at the start of the job.
    Age,
    /// Shorter runs, each with its own credentials.
    Split,
}

impl ChangeStep {
    /// Every step that could help the job, in the order in which their numbers are chosen: a number depends only on
    /// earlier steps. Requests matter at the first and last hop, and where they are refused or the session is copied.
    /// Hops are removed near the source, and where their request is refused.
    pub(super) fn candidates(job: &Job, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> Vec<Self> {
        let last = job.path.len().saturating_sub(1);
        let mut steps = Self::source_candidates(job);
        let mut stuck: Vec<usize> = (0..job.path.len()).filter(|hop| !is_granted(job, *hop, max_session)).collect();
        if stuck.len() > MOST_CHANGES {
            stuck.clear(); // More than could be fixed one by one.
        }
        // Only the last copied hop limits the job.
        let copied = job.path.iter().rposition(|hop| hop.copied);
        let asked = |hop: &usize| *hop == 0 || *hop == last || Some(*hop) == copied || stuck.contains(hop);
        // The job works with its last role, so that hop stays.
        steps.extend((0..last).filter(|hop| *hop < MOST_CHANGES || stuck.contains(hop)).map(Self::Drop));
        steps.extend((0..job.path.len()).filter(asked).map(Self::Ask));
        let stated = |hop: &usize| job.path[*hop].duration.is_some();
        steps.extend((0..job.path.len()).filter(asked).filter(stated).map(Self::SendNone));
        steps.extend((0..job.path.len()).filter(|hop| job.path[*hop].copied).map(Self::Renew));
        // Only a first hop uses its role's own maximum: this hop, or the first hop after removals.
        let may_be_first = |hop: &usize| *hop <= MOST_CHANGES || *hop == last;
        steps.extend((0..job.path.len()).filter(may_be_first).map(Self::MaxSession));
        if job.refresh != Refresh::Auto {
            steps.push(Self::Auto);
            // Without a hop, the job's own loop has no request to repeat.
            steps.extend((!job.path.is_empty()).then_some(Self::Every));
        }
        steps.extend((job.pause > Seconds(0)).then_some(Self::Pause));
        steps.extend((job.age > Seconds(0)).then_some(Self::Age));
        steps.push(Self::Split);
        steps
    }

    /// The steps that change the source.
    fn source_candidates(job: &Job) -> Vec<Self> {
        let mut steps = sources::steps(&job.source);
        if job.path.is_empty() {
            steps.retain(|step| *step != Self::OwnKey);
        } else if !matches!(job.source, Source::WebIdentity { .. }) {
            steps.push(Self::ExchangeForLast);
        }
        steps
    }

    /// Whether both steps can be combined: they do not change the same thing.
    pub(super) fn goes_with(self, other: Self) -> bool {
        let changes_source = |step: Self| {
            matches!(
                step,
                Self::OwnKey
                    | Self::Renewable
                    | Self::SourceDuration
                    | Self::PermissionSet
                    | Self::PortalSession
                    | Self::SigninSession
                    | Self::ExchangeForLast
            )
        };
        let changes_refresh = |step: Self| matches!(step, Self::Auto | Self::Every);
        match (self, other) {
            (Self::PermissionSet, Self::PortalSession) => true,
            (Self::ExchangeForLast, Self::Drop(_)) => false,
            (Self::Drop(a), Self::Renew(b)) => a != b,
            (Self::Ask(a), Self::SendNone(b))
            | (Self::Drop(a), Self::Ask(b) | Self::SendNone(b) | Self::MaxSession(b)) => a != b,
            (a, b) => !(changes_source(a) && changes_source(b) || changes_refresh(a) && changes_refresh(b)),
        }
    }

    /// Whether the step leaves fewer sessions between the source and the last role.
    pub(super) const fn shortens_the_chain(self) -> bool {
        matches!(self, Self::ExchangeForLast | Self::Drop(_))
    }

    /// The weight of a step, by size and safety. Renewal comes first, then explicit requests and a larger maximum,
    /// then a shorter chain or another source. Shorter runs change the job itself and come last.
    pub(super) fn weight(self) -> u32 {
        match self {
            Self::Auto => 10,
            Self::Every | Self::Ask(_) | Self::MaxSession(_) => 20,
            Self::SourceDuration => 30,
            Self::Renewable | Self::OwnKey | Self::PermissionSet | Self::Renew(_) => 40,
            // An explicit request is clearer: without it the client sends its own default.
            Self::SendNone(_) => 45,
            Self::PortalSession | Self::SigninSession | Self::Drop(_) => 50,
            Self::ExchangeForLast | Self::Pause | Self::Age => 60,
            Self::Split => 80,
        }
    }
}

/// Whether STS grants the job's request at this hop, regardless of earlier hops.
fn is_granted(job: &Job, hop: usize, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> bool {
    let asked = job.path[hop].duration.unwrap_or(rules::DEFAULT_DURATION);
    matches!(rules::assume_role(asked, max_session(&job.path[hop].role), job.is_chained(hop)), Grant::Granted(_))
}

/// One change with its number. Hops are counted as the job declares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Start from this source: another kind, or another parameter of the same.
    Source(Source),
    /// Exchange an OIDC token directly for the last role.
    ExchangeForLast,
    /// Remove this hop.
    Drop(usize),
    /// Send this DurationSeconds at the hop.
    Ask(usize, Seconds),
    /// Send no DurationSeconds at the hop.
    SendNone(usize),
    /// Renew the session of the hop: hand on a renewable source, not a copy.
    Renew(usize),
    /// Set the role's MaxSessionDuration.
    MaxSession(RoleRef, Seconds),
    /// Renew the credentials like this.
    Refresh(Refresh),
    /// Freeze the process for no longer than this.
    Pause(Seconds),
    /// Take the credentials no longer than this before the job starts.
    Age(Seconds),
    /// Runs of at most this length, each with its own credentials.
    Split(Seconds),
}

/// A change without its numbers and hops: jobs with equal kinds get the same kind of fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Another source, or another session of the source.
    Source,
    /// An OIDC token exchanged directly for the last role.
    ExchangeForLast,
    /// Remove a hop.
    Drop,
    /// Request another DurationSeconds.
    Ask,
    /// Send no DurationSeconds.
    SendNone,
    /// Renew a copied session.
    Renew,
    /// Another MaxSessionDuration of a role.
    MaxSession,
    /// Let the SDK's provider chain renew.
    ProviderChain,
    /// Renew in the job's own loop.
    Loop,
    /// A shorter pause.
    Pause,
    /// Younger credentials at the start of the job.
    Age,
    /// Shorter runs.
    Split,
}

impl Change {
    /// The change without its numbers and hops.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        match self {
            Self::Source(_) => ChangeKind::Source,
            Self::ExchangeForLast => ChangeKind::ExchangeForLast,
            Self::Drop(_) => ChangeKind::Drop,
            Self::Ask(..) => ChangeKind::Ask,
            Self::SendNone(_) => ChangeKind::SendNone,
            Self::Renew(_) => ChangeKind::Renew,
            Self::MaxSession(..) => ChangeKind::MaxSession,
            Self::Refresh(Refresh::Every(_)) => ChangeKind::Loop,
            Self::Refresh(Refresh::Auto | Refresh::None | Refresh::NotKnown) => ChangeKind::ProviderChain,
            Self::Pause(_) => ChangeKind::Pause,
            Self::Age(_) => ChangeKind::Age,
            Self::Split(_) => ChangeKind::Split,
        }
    }

    /// Whether the change requests a longer session than the job does.
    pub(crate) fn requests_longer(&self, job: &Job) -> bool {
        match self {
            Self::Ask(hop, seconds) => *seconds > job.path[*hop].duration.unwrap_or(rules::DEFAULT_DURATION),
            Self::Source(_)
            | Self::ExchangeForLast
            | Self::Drop(_)
            | Self::SendNone(_)
            | Self::Renew(_)
            | Self::MaxSession(..)
            | Self::Refresh(_)
            | Self::Pause(_)
            | Self::Age(_)
            | Self::Split(_) => false,
        }
    }

    /// The order of making changes: AWS has to allow a request before the job sends it.
    pub(super) fn order(&self) -> u8 {
        match self {
            Self::MaxSession(..) | Self::Source(Source::IdentityCenter { .. }) => 0,
            // Trust policies change after the roles, which then allow the longer request.
            Self::ExchangeForLast | Self::Drop(_) => 1,
            Self::Source(_) | Self::Ask(..) | Self::SendNone(_) | Self::Renew(_) => 2,
            Self::Refresh(_) | Self::Pause(_) | Self::Age(_) | Self::Split(_) => 3,
        }
    }
}

/// A job after several changes.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The changed declaration of the job.
    pub job: Job,
    /// For each remaining hop, its index in the original job.
    pub hops: Vec<usize>,
    /// The changed MaxSessionDurations.
    pub maxima: BTreeMap<RoleRef, Seconds>,
}

impl Changed {
    /// Applies the changes to a copy of the job.
    #[must_use]
    pub fn new(job: &Job, changes: &[Change]) -> Self {
        let mut job = job.clone();
        let mut maxima = BTreeMap::new();
        let mut kept = vec![true; job.path.len()];
        for change in changes {
            match change {
                Change::Source(source) => job.source = source.clone(),
                Change::ExchangeForLast => {
                    job.source = Source::WebIdentity { renewable: true };
                    let last = kept.len().saturating_sub(1);
                    kept[..last].fill(false);
                }
                Change::Drop(hop) => kept[*hop] = false,
                Change::Ask(hop, duration) => job.path[*hop].duration = Some(*duration),
                Change::SendNone(hop) => job.path[*hop].duration = None,
                Change::Renew(hop) => job.path[*hop].copied = false,
                Change::MaxSession(role, to) => _ = maxima.insert(role.clone(), *to),
                Change::Refresh(refresh) => job.refresh = *refresh,
                Change::Pause(pause) => job.pause = *pause,
                Change::Age(age) => job.age = *age,
                Change::Split(longest) => job.length = *longest,
            }
        }
        let hops: Vec<usize> = (0..kept.len()).filter(|hop| kept[*hop]).collect();
        job.path = hops.iter().map(|hop| job.path[*hop].clone()).collect::<Vec<Hop>>();
        Self { job, hops, maxima }
    }

    /// The judgement of the changed job. `max_session`: the known MaxSessionDurations before the changes.
    #[must_use]
    pub fn judged(&self, max_session: &dyn Fn(&RoleRef) -> Option<Seconds>) -> Judgement {
        judge(&self.job, |role| self.maxima.get(role).copied().or_else(|| max_session(role)))
    }
}
