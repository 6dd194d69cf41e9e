//! Jobs from the profiles of shared configuration files: the credentials of each profile, as the AWS CLI and boto3 get
//! them. Knows no line of a file: that is `shared_config`'s.

mod edit;
mod notes;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use self::edit::duration_change;

use self::notes::Notes;
use super::{Draft, DraftHop, DraftRole, Imported, gather};
use crate::inventory::diagnostic::Placed;
use crate::inventory::{
    Diagnostic, GivenParameters, JobComments, LengthFrom, Location, PermissionSet, Refresh, Seconds, Source, SourceKind,
};
use crate::lease::rules;
use crate::shared_config::{
    Base, Chain, CredentialSource, Helper, Profile, Setting, SharedConfig, Trouble, TroubleKind, describe_span,
};

/// What the files do not say.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// How long each job runs; `None`: not known, and a placeholder of an hour is written.
    pub length: Option<Seconds>,
    /// The time, against which stated ends are compared.
    pub now: Timestamp,
}

/// What the profiles are: jobs, and profiles that can never work.
#[derive(Debug, Default)]
pub struct Profiles {
    /// The jobs, what could not be imported, and what to know of both.
    pub imported: Imported,
    /// The profiles whose credentials can never be had.
    pub cannot_start: Vec<CannotStart>,
    /// How SDKs other than the AWS CLI and boto3 read the profiles of the jobs.
    pub differences: Vec<Diagnostic>,
    /// The other profiles of the files.
    pub others: BTreeMap<String, NoJob>,
    /// What was assumed of jobs whose profiles run a command.
    pub not_run: Vec<Diagnostic>,
}

/// Why a profile is no job, though nothing keeps it from working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoJob {
    /// The files do not say how long its credentials last.
    NotKnown,
    /// It has a long-term key, which does not expire.
    LongTermKey,
    /// It has no credentials of its own, only settings.
    NoCredentials,
}

/// A profile whose credentials can never be had.
#[derive(Debug, Clone)]
pub struct CannotStart {
    /// Its name.
    pub profile: String,
    /// Why, in a few words.
    pub summary: &'static str,
    /// Where the fault is.
    pub location: Location,
}

/// The length of a job until someone writes it.
const PLACEHOLDER: Seconds = Seconds::hours(1);

/// Makes a job of each profile that assumes a role or has credentials of a session.
#[must_use]
pub fn import(config: &SharedConfig, options: ImportOptions) -> Imported {
    let Profiles { mut imported, differences, not_run, .. } = profiles(config, options);
    imported.notes.extend(not_run);
    imported.notes.extend(differences);
    imported
}

/// Makes a job of each profile that assumes a role or has credentials of a session, and names those that cannot work.
#[must_use]
pub fn profiles(config: &SharedConfig, options: ImportOptions) -> Profiles {
    let mut all = Profiles::default();
    let mut notes = Notes::default();
    for Trouble { kind, remark } in config.problems() {
        let to = if is_read_by_cli(kind) { &mut all.imported.notes } else { &mut all.imported.not_imported };
        to.push(remark.clone());
    }
    all.cannot_start.extend(unread_headers(config));
    let mut profiles: Vec<&Profile> = config.profiles().collect();
    profiles.sort_by_key(|profile| profile.place);
    let mut drafts = Vec::new();
    for profile in profiles {
        match draft(config, options, profile, &mut notes) {
            Ok(drafted) => {
                all.others.extend(drafted.no_job.map(|why| (profile.name.clone(), why)));
                drafts.extend(drafted.draft);
                all.not_run.extend(drafted.not_run);
            }
            Err(outcome) => {
                match outcome.cannot_start {
                    Some(summary) => {
                        let location = outcome.remark.location.clone();
                        all.cannot_start.push(CannotStart { profile: profile.name.clone(), summary, location });
                    }
                    None => _ = all.others.insert(profile.name.clone(), NoJob::NotKnown),
                }
                all.imported.not_imported.push(outcome.remark);
            }
        }
    }
    all.imported.notes.extend(notes.statements.diagnostics());
    all.differences = notes.differences.diagnostics();
    all.imported.comments.head = vec![
        "Imported from AWS profiles by `credential-health import aws-config`.".to_owned(),
        "`refresh: auto` holds while the AWS CLI or an SDK uses the profile itself. A job that gets a copy of its"
            .to_owned(),
        "credentials, in environment variables say, is not renewed: write `refresh: none` for it.".to_owned(),
    ];
    let files: Vec<_> = config.files().iter().map(|file| file.name.clone()).collect();
    gather(drafts, &files, &mut all.imported);
    all
}

/// A trouble that leaves the file or the profile readable for the AWS CLI and boto3.
fn is_read_by_cli(kind: &TroubleKind) -> bool {
    match kind {
        TroubleKind::Ignored { read_by_cli, .. } => *read_by_cli,
        TroubleKind::Refused { by_cli } => !by_cli,
        TroubleKind::Unreadable { .. }
        | TroubleKind::ByteOrderMark
        | TroubleKind::NotText { .. }
        | TroubleKind::RefusedByPython
        | TroubleKind::Spoilt => false,
    }
}

/// The profiles whose headers the AWS CLI and boto3 do not read: to them, there is no such profile.
fn unread_headers(config: &SharedConfig) -> Vec<CannotStart> {
    let ignored = config.problems().iter().filter_map(|Trouble { kind, remark }| match kind {
        TroubleKind::Ignored { profile: Some(name), .. } if remark.cannot_work => Some((name, &remark.location)),
        _ => None,
    });
    let glued = config.glued().map(|glued| (&glued.profile, &glued.location));
    let mut unread: Vec<CannotStart> = Vec::new();
    for (name, location) in ignored.chain(glued) {
        if config.profile(name).is_none() && unread.iter().all(|known| known.profile != *name) {
            let (profile, location) = (name.clone(), location.clone());
            unread.push(CannotStart { profile, summary: "header not read", location });
        }
    }
    unread
}

/// Why a profile is no job.
struct ChainOutcome {
    remark: Diagnostic,
    /// In a few words, where its credentials can never be had.
    cannot_start: Option<&'static str>,
}

#[derive(Default)]
struct Drafted {
    draft: Option<Draft>,
    /// What was not tried: a command that leads to another profile.
    not_run: Option<Diagnostic>,
    /// Why there is no draft.
    no_job: Option<NoJob>,
}

fn draft(
    config: &SharedConfig,
    options: ImportOptions,
    profile: &Profile,
    notes: &mut Notes,
) -> Result<Drafted, ChainOutcome> {
    let chain = config.chain(&profile.name);
    notes.ineffective(config.ineffective(profile, chain.as_ref().ok()));
    let chain =
        chain.map_err(|fault| ChainOutcome { cannot_start: Some(fault.kind.summary()), remark: *fault.remark })?;
    if let Some(fault) = config.refusals(&chain).into_iter().next() {
        return Err(ChainOutcome { cannot_start: Some(fault.kind.summary()), remark: *fault.remark });
    }
    ChainImporter { config, options, profile, chain: &chain, notes }.draft()
}

struct ChainImporter<'a> {
    config: &'a SharedConfig,
    options: ImportOptions,
    profile: &'a Profile,
    chain: &'a Chain<'a>,
    notes: &'a mut Notes,
}

impl ChainImporter<'_> {
    /// The profile's job; none where its credentials do not lapse, or it has none.
    fn draft(mut self) -> Result<Drafted, ChainOutcome> {
        let mut comments = JobComments {
            above: vec![format!("[{}], {}", self.profile.name, self.profile.location)],
            ..JobComments::default()
        };
        if self.options.length.is_none() {
            comments.length = Some("a placeholder: write the job's longest run".to_owned());
        }
        let mut refresh = Refresh::Auto;
        let Some(source) = self.source(&mut comments)? else {
            let has_key = self.chain.base == Base::Keys;
            let no_job = if has_key { NoJob::LongTermKey } else { NoJob::NoCredentials };
            return Ok(Drafted { no_job: Some(no_job), ..Drafted::default() });
        };
        self.notes.differences(self.config.differences(self.chain));
        let hops = self.hops();
        if self.chain.base == Base::SessionKeys {
            // Nothing renews a copy. It can assume a role again until it ends, where that is known.
            if hops.is_empty() || self.time_left().is_none() {
                refresh = Refresh::None;
            }
            self.copied_session(hops.is_empty())?;
        }
        let draft = Draft {
            name: self.profile.name.clone(),
            place: self.profile.place,
            length: Placed { value: self.options.length.unwrap_or(PLACEHOLDER), place: self.profile.place },
            length_from: LengthFrom::Declared,
            measured_by: None,
            age: None,
            source,
            session_by_default: self.session_by_default(),
            hops,
            refresh,
            comments,
            single_login: true,
        };
        Ok(Drafted { draft: Some(draft), not_run: self.not_run(), no_job: None })
    }

    /// Whether a program of its own default gives the session: the profile's command states no duration.
    fn session_by_default(&self) -> bool {
        let Base::Process(command) = &self.chain.base else { return false };
        match Helper::of(command) {
            Helper::AwsVault { duration } | Helper::Saml2aws { duration } => duration.is_none(),
            Helper::GimmeAwsCreds => true,
            Helper::RolesAnywhere { .. } | Helper::Granted | Helper::ExportCredentials { .. } | Helper::Unknown => {
                false
            }
        }
    }

    /// A command is followed to the profile that it names or judged by the defaults of its program, and is not run.
    fn not_run(&self) -> Option<Diagnostic> {
        let helper = match &self.chain.base {
            Base::Process(command) => Helper::of(command),
            _ => Helper::Unknown,
        };
        let by_default = |program: &str| Some(format!("the defaults of {program}"));
        let what = match helper {
            Helper::Granted => by_default("granted and IAM Identity Center"),
            Helper::AwsVault { .. } => by_default("aws-vault: sessions of 1h unless --duration says otherwise"),
            Helper::Saml2aws { .. } => by_default("saml2aws: a session of 1h, and then a person logs in"),
            Helper::GimmeAwsCreds => by_default("gimme-aws-creds: a session of 1h, and then a person logs in"),
            Helper::ExportCredentials { .. } | Helper::RolesAnywhere { .. } | Helper::Unknown => None,
        };
        let what = what.or_else(|| match self.chain.commands.last().map(|command| Helper::of(command))? {
            Helper::ExportCredentials { profile: Some(name) } => Some(format!("the credentials of profile `{name}`")),
            _ => None,
        })?;
        let message = format!(
            "profile `{}`: credential_process: the command was not run, and its output is not known. \
             credential-health assumes {what}",
            self.profile.name
        );
        let profile = crate::shell::option("--profile", &self.profile.name);
        let help = format!("run `credential-health doctor {profile}`, which runs it");
        Some(Diagnostic::new(self.profile.location.clone(), message, help))
    }

    /// The time until the stated end of a copied session.
    fn time_left(&self) -> Option<Seconds> {
        let end = self.chain.base_profile.stated_end?.at?;
        let left = end.as_second() - self.options.now.as_second();
        u64::try_from(left).ok().filter(|left| *left > 0).map(Seconds)
    }

    /// Refuses a copied session that has ended, and one that is used as it is and whose end nobody knows.
    fn copied_session(&self, used_itself: bool) -> Result<(), ChainOutcome> {
        let base = self.chain.base_profile;
        let end = base.stated_end.as_ref().and_then(|stated| Some((stated.key, stated.at?)));
        let help = "log in with the tool that wrote it, or declare the job in an inventory with its source's duration";
        match end {
            Some((key, at)) if at <= self.options.now => {
                let ago = describe_span(self.options.now.as_second() - at.as_second());
                let message = format!(
                    "profile `{}`: the copied session of profile `{}` ended at {at:.0}, {ago} ago ({key})",
                    self.profile.name, base.name
                );
                let remark =
                    Diagnostic::cannot_work(base.location.clone(), message, "log in with the tool that wrote it");
                Err(ChainOutcome { remark, cannot_start: Some("session has ended") })
            }
            None if used_itself => {
                let until = match &base.stated_end {
                    Some(stated) => format!("{} on line {} is no time", stated.key, stated.line),
                    None => "the file does not say until when it is valid".to_owned(),
                };
                Err(self.not_known(&format!("keys with a session token: a copy of a session, and {until}"), help))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn source(&mut self, comments: &mut JobComments) -> Result<Option<Source>, ChainOutcome> {
        let base = self.chain.base_profile;
        let of_kind = |kind| Ok(Source::of_kind(kind));
        match &self.chain.base {
            Base::Nothing => Ok(None),
            Base::Keys if self.chain.roles.is_empty() => {
                let is_source =
                    |other: &Profile| other.source_profile.as_ref().is_some_and(|source| **source == *base.name);
                // The jobs of other profiles show a key that they use.
                if !self.config.profiles().any(is_source) {
                    self.notes.add(base, notes::LONG_TERM_KEY);
                }
                Ok(None)
            }
            Base::Keys => Ok(Some(Source::IamUser { mfa: self.chain.roles[0].mfa_serial.is_some() })),
            Base::SessionKeys => match self.time_left() {
                Some(duration) => {
                    comments.source = Some(
                        "what was left of the copied session: write how long a session of the tool that wrote it lasts"
                            .to_owned(),
                    );
                    Ok(Some(Source::Issued { duration, renewable: false }))
                }
                // Its roles are assumed once, so that its own end limits no job.
                None => {
                    comments.source = Some("a copied session: the file does not say until when it is valid".to_owned());
                    of_kind("session-token")
                }
            },
            Base::WebIdentity => of_kind("web-identity"),
            Base::Sso(login) => {
                self.identity_center(comments);
                if login.session.is_none() {
                    self.notes.add(base, notes::LEGACY_SSO);
                }
                let set = base.sso_role_name.as_ref().and_then(|name| PermissionSet::parse(name).ok());
                Ok(SourceKind::IdentityCenter.with(&GivenParameters::of_permission_set(set)))
            }
            Base::Named(CredentialSource::Ec2InstanceMetadata) => of_kind("ec2-instance"),
            Base::Named(CredentialSource::EcsContainer) => of_kind("ecs-task"),
            Base::Named(CredentialSource::Environment) => Err(self.not_known(
                "credential_source = Environment: the file does not say which credentials the environment has",
                "declare the job in an inventory, with where its credentials come from as its source",
            )),
            Base::LoginSession => {
                self.notes.add(base, notes::CONSOLE_LOGIN);
                of_kind("console-login")
            }
            Base::Process(command) => self.process(command, comments),
        }
    }

    fn identity_center(&mut self, comments: &mut JobComments) {
        comments.source = Some(
            "session 1h and portal_session 8h are AWS's defaults: write yours, or let `check` read the session"
                .to_owned(),
        );
        self.notes.add(self.chain.base_profile, notes::IDENTITY_CENTER);
    }

    /// The programs whose credentials are known without running them.
    fn process(&mut self, command: &Setting, comments: &mut JobComments) -> Result<Option<Source>, ChainOutcome> {
        let unknown = |importer: &Self, what: &str| {
            Err(importer
                .not_known(&format!("credential_process: {what}"), "declare the job in an inventory, with its source"))
        };
        match Helper::of(command) {
            Helper::RolesAnywhere { duration } => self.roles_anywhere(command, duration.as_deref()).map(Some),
            Helper::Granted => {
                self.identity_center(comments);
                Ok(Source::of_kind("identity-center"))
            }
            Helper::AwsVault { duration } => {
                let written = duration.as_deref().map(Seconds::parse);
                let duration = written.and_then(Result::ok).unwrap_or(rules::DEFAULT_DURATION);
                // With MFA a person gives the code for each session.
                Ok(Some(Source::Issued { duration, renewable: self.chain.base_profile.mfa_serial.is_none() }))
            }
            Helper::Saml2aws { duration } => {
                let written = duration.as_deref().and_then(|written| written.parse().ok());
                let duration = written.map_or(rules::DEFAULT_DURATION, Seconds);
                Ok(Some(Source::Issued { duration, renewable: false }))
            }
            Helper::GimmeAwsCreds => Ok(Some(Source::Issued { duration: rules::DEFAULT_DURATION, renewable: false })),
            Helper::ExportCredentials { .. } | Helper::Unknown => {
                unknown(self, "the file does not say what the command gives, and for how long")
            }
        }
    }

    fn roles_anywhere(&self, command: &Setting, written: Option<&str>) -> Result<Source, ChainOutcome> {
        let Some(written) = written else { return Ok(Source::RolesAnywhere { duration: rules::DEFAULT_DURATION }) };
        let wrong = |_| ChainOutcome {
            cannot_start: Some("session duration is no number"),
            remark: Diagnostic::cannot_work(
                self.config.location(command.place),
                format!("profile `{}`: --session-duration is not a number of seconds", self.profile.name),
                "write a whole number of seconds: --session-duration 3600",
            ),
        };
        written.parse().map(|seconds| Source::RolesAnywhere { duration: Seconds(seconds) }).map_err(wrong)
    }

    fn hops(&self) -> Vec<DraftHop> {
        let placed = |setting: &Option<Setting>| {
            setting.as_ref().map(|setting| Placed { value: setting.to_string(), place: setting.place })
        };
        let hop = |(index, profile): (usize, &&Profile)| {
            let exchanged = index == 0 && self.chain.base == Base::WebIdentity;
            let duration = profile.duration_seconds.as_ref().filter(|_| !exchanged);
            let duration = duration.and_then(|set| Some(Placed { value: Seconds(set.seconds()?), place: set.place }));
            let external_id = placed(&profile.external_id).filter(|_| !exchanged);
            let role = DraftRole::Arn(placed(&profile.role_arn)?);
            let session_name = placed(&profile.role_session_name);
            Some(DraftHop { role, duration, misread: None, external_id, session_name, sessions: None })
        };
        self.chain.roles.iter().enumerate().filter_map(hop).collect()
    }

    fn not_known(&self, what: &str, help: &str) -> ChainOutcome {
        let location = self.chain.base_profile.location.clone();
        let message = format!("profile `{}`: {what}", self.profile.name);
        ChainOutcome { remark: Diagnostic::new(location, message, help), cannot_start: None }
    }
}
