//! Jobs from the profiles of shared configuration files: what each profile's credentials are, as the AWS CLI and the SDKs
//! get them. Knows no line of a file: that is `shared_config`'s.

use super::{Draft, DraftHop, DraftRole, Imported, gather};
use crate::inventory::problem::Placed;
use crate::inventory::{JobComments, LengthFrom, Refresh, Remark, Seconds, Source};
use crate::shared_config::{Base, Chain, CredentialSource, Profile, Setting, SharedConfig, Trouble, TroubleKind};
use crate::visible::printable;

/// What the files do not say.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long each job runs; `None`: not known, and a placeholder of an hour is written.
    pub length: Option<Seconds>,
    /// Copied sessions (keys with a session token) that a profile uses as they are become jobs too, with a duration that
    /// is a placeholder.
    pub copied_sessions: bool,
}

/// What stands for a job's length until someone writes it.
const PLACEHOLDER: Seconds = Seconds::hours(1);

/// Makes a job of each profile that assumes a role or has credentials of a session.
#[must_use]
pub fn import(config: &SharedConfig, options: Options) -> Imported {
    let mut imported = Imported::default();
    for Trouble { kind, remark } in config.problems() {
        let only_a_comment = matches!(kind, TroubleKind::Commented { .. });
        let to = if only_a_comment { &mut imported.notes } else { &mut imported.not_imported };
        to.push(remark.clone());
    }
    let mut profiles: Vec<&Profile> = config.profiles().collect();
    profiles.sort_by_key(|profile| profile.place);
    let mut drafts = Vec::new();
    for profile in profiles {
        let draft = config
            .chain(&profile.name)
            .map_err(|fault| *fault.remark)
            .and_then(|chain| Importer { config, options, profile, chain: &chain, notes: &mut imported.notes }.draft());
        match draft {
            Ok(draft) => drafts.extend(draft),
            Err(remark) => imported.not_imported.push(remark),
        }
    }
    imported.comments.head = vec![
        "Imported from AWS profiles by `credential-health import aws-config`.".to_owned(),
        "`refresh: auto` holds while the AWS CLI or an SDK uses the profile itself. A job that gets a copy of its"
            .to_owned(),
        "credentials, in environment variables say, is not renewed: write `refresh: none` for it.".to_owned(),
    ];
    let files: Vec<_> = config.files().iter().map(|file| file.name.clone()).collect();
    gather(drafts, &files, &mut imported);
    imported
}

struct Importer<'a> {
    config: &'a SharedConfig,
    options: Options,
    profile: &'a Profile,
    chain: &'a Chain<'a>,
    notes: &'a mut Vec<Remark>,
}

impl Importer<'_> {
    /// The profile's job; `None` where its credentials do not lapse, or it has none.
    fn draft(mut self) -> Result<Option<Draft>, Remark> {
        let mut comments = JobComments {
            above: vec![format!("[{}], {}", self.profile.name, self.profile.location)],
            ..JobComments::default()
        };
        if self.options.length.is_none() {
            comments.length = Some("a placeholder: write the job's longest run".to_owned());
        }
        let mut refresh = Refresh::Auto;
        let Some(source) = self.source(&mut comments)? else { return Ok(None) };
        let hops = self.hops()?;
        if let Source::SessionToken { .. } = source {
            // A copy: nothing renews it, and until when it can assume a role again is not in the file.
            refresh = Refresh::None;
            if hops.is_empty() && !self.options.copied_sessions {
                return Err(self.not_known(
                    "keys with a session token: a copy of a session, and the file does not say until when it is valid",
                    "log in with the tool that wrote it, or declare the job in an inventory with its source's duration",
                ));
            }
        }
        Ok(Some(Draft {
            name: self.profile.name.clone(),
            place: self.profile.place,
            length: Placed { value: self.options.length.unwrap_or(PLACEHOLDER), place: self.profile.place },
            length_from: LengthFrom::Declared,
            age: None,
            source,
            hops,
            refresh,
            comments,
        }))
    }

    fn source(&mut self, comments: &mut JobComments) -> Result<Option<Source>, Remark> {
        let roles = !self.chain.roles.is_empty();
        let base = self.chain.base_profile;
        let of_kind = |kind| Ok(Source::of_kind(kind));
        match &self.chain.base {
            Base::Nothing | Base::SsoToken(_) => Ok(None),
            Base::Keys if !roles => Ok(None),
            Base::Keys => Ok(Some(Source::IamUser { mfa: self.chain.roles[0].mfa_serial.is_some() })),
            Base::SessionKeys => {
                let what = "a copied session: 12h is a placeholder, the file does not say how long it is valid";
                comments.source = Some(what.to_owned());
                of_kind("session-token")
            }
            Base::WebIdentity => of_kind("web-identity"),
            Base::Sso(login) => {
                comments.source =
                    Some("session 1h and portal_session 8h are AWS's defaults: write your permission set's".to_owned());
                self.note(
                    base,
                    "IAM Identity Center",
                    "the permission set's session duration and the portal's are not in the file: AWS's defaults, 1h and 8h, are taken",
                    "import it, and write `source: {kind: identity-center, session: 4h, portal_session: 12h}` as yours are",
                );
                if login.session.is_none() {
                    self.note(
                        base,
                        "sso_start_url in the profile is the older form",
                        "its login cannot be renewed by the AWS CLI or an SDK: when the token lapses, a person must log in",
                        "write an [sso-session] and name it by `sso_session`: `aws configure sso` does",
                    );
                }
                of_kind("identity-center")
            }
            Base::Named(CredentialSource::Ec2InstanceMetadata) if roles => of_kind("ec2-instance"),
            Base::Named(CredentialSource::EcsContainer) if roles => of_kind("ecs-task"),
            Base::Named(CredentialSource::Environment) if roles => Err(self.not_known(
                "credential_source = Environment: what credentials the environment has is not in the file",
                "declare the job in an inventory, with where its credentials come from as its source",
            )),
            Base::Named(_) => Err(self.not_known("credential_source without a role_arn", "add the role_arn to assume")),
            Base::LoginSession => Err(self.not_known(
                "`aws login`: an inventory has no such source. Its credentials last 15 minutes, and the AWS CLI and SDKs \
                 that know it renew them while the console session lives",
                "run jobs that nobody watches on a role instead",
            )),
            Base::Process(command) => self.process(command).map(Some),
        }
    }

    /// The one credential process that says how long its credentials last is that of IAM Roles Anywhere.
    fn process(&self, command: &Setting) -> Result<Source, Remark> {
        let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
        let is_helper = |word: &&str| {
            word.rsplit(['/', '\\']).next().is_some_and(|name| name.trim_end_matches(".exe") == "aws_signing_helper")
        };
        if !words.first().is_some_and(is_helper) {
            return Err(self.not_known(
                "credential_process: what the command gives, and for how long, is not in the file",
                "declare the job in an inventory, with what the command does as its source",
            ));
        }
        let written =
            words.iter().position(|word| word.trim_start_matches('-').starts_with("session-duration")).map(|at| {
                words[at]
                    .split_once('=')
                    .map_or_else(|| words.get(at + 1).copied().unwrap_or_default(), |(_, value)| value)
            });
        let duration = match written {
            None => Seconds::hours(1),
            Some(written) => written.parse().map(Seconds).map_err(|_| Remark {
                location: self.config.location(command.place),
                message: format!("profile `{}`: --session-duration is not a number of seconds", self.profile.name),
                help: "write a whole number of seconds: --session-duration 3600".to_owned(),
                cannot_work: false,
            })?,
        };
        Ok(Source::RolesAnywhere { duration })
    }

    fn hops(&mut self) -> Result<Vec<DraftHop>, Remark> {
        let placed = |setting: &Option<Setting>| {
            setting.as_ref().map(|setting| Placed { value: setting.to_string(), place: setting.place })
        };
        let mut hops = Vec::new();
        for (index, profile) in self.chain.roles.iter().enumerate() {
            let Some(role) = placed(&profile.role_arn) else { continue };
            let exchanged = index == 0 && self.chain.base == Base::WebIdentity;
            let mut duration = match &profile.duration_seconds {
                Some(written) => Some(self.seconds(profile, written)?),
                None => None,
            };
            if exchanged && duration.take().is_some() {
                self.note(
                    profile,
                    "duration_seconds beside web_identity_token_file",
                    "the AWS CLI does not send it with a web identity: the session lasts the default hour",
                    "set the duration where the job assumes the role itself",
                );
            }
            if profile.mfa_serial.is_some() && (index > 0 || self.chain.base != Base::Keys) {
                self.note(
                    profile,
                    "mfa_serial",
                    "the role is assumed by a session, which has no MFA device: STS refuses the code",
                    "move mfa_serial to the profile whose role the user's own keys assume",
                );
            }
            let external_id = placed(&profile.external_id).filter(|_| !exchanged);
            let session_name = placed(&profile.role_session_name);
            hops.push(DraftHop { role: DraftRole::Arn(role), duration, external_id, session_name, sessions: None });
        }
        Ok(hops)
    }

    fn seconds(&self, profile: &Profile, written: &Setting) -> Result<Placed<Seconds>, Remark> {
        match written.parse() {
            Ok(seconds) => Ok(Placed { value: Seconds(seconds), place: written.place }),
            Err(_) => Err(Remark {
                location: self.config.location(written.place),
                message: format!("profile `{}`: duration_seconds is `{}`", profile.name, printable(written)),
                help: "write a whole number of seconds, 900 to 43200".to_owned(),
                cannot_work: false,
            }),
        }
    }

    fn not_known(&self, what: &str, help: &str) -> Remark {
        let location = self.chain.base_profile.location.clone();
        Remark {
            location,
            message: format!("profile `{}`: {what}", self.profile.name),
            help: help.to_owned(),
            cannot_work: false,
        }
    }

    /// Told once for the profile that says it, however many are built on it.
    fn note(&mut self, profile: &Profile, subject: &str, what: &str, help: &str) {
        let message = format!("profile `{}`: {subject}: {what}", profile.name);
        self.notes.push(Remark {
            location: profile.location.clone(),
            message,
            help: help.to_owned(),
            cannot_work: false,
        });
    }
}
