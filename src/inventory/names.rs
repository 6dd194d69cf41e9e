//! The names of roles: aliases and details, each in the scope of its file. The platform's file counts everywhere, and
//! its word on a role goes before a team's.

use std::collections::{BTreeMap, HashMap};

use super::diagnostic::{Location, Place, Placed, Sink, SourceFile, nearest};
use super::limits::{EXTERNAL_ID, SESSION_NAME, SOURCE_IDENTITY, check_name, check_pattern};
use super::{Reader, Readers, Role, RoleArn, is_account, raw};
use crate::lease::rules;

/// The files, to name the one that a place is in.
#[derive(Clone, Copy)]
pub(super) struct Locations<'a>(pub(super) &'a [SourceFile]);

impl Locations<'_> {
    pub(super) fn of(self, place: Place) -> Location {
        let file = self.0.get(place.file).map(|file| file.name.clone()).unwrap_or_default();
        Location { file, line: place.line, column: place.column }
    }
}

/// The roles that one file declares.
#[derive(Default)]
pub(super) struct Declared {
    /// `None`: declared, with a diagnostic of its own; jobs that use the alias get none.
    aliases: BTreeMap<String, Option<RoleArn>>,
    pub(super) roles: BTreeMap<RoleArn, Role>,
    /// Where each of these ARNs is written.
    pub(super) arns: Vec<(RoleArn, Place)>,
    /// Some roles could not be read, so an alias that is missing here may be declared.
    unread: bool,
}

impl Declared {
    /// The roles of a file. `platform`: those of the platform's file, where this is another.
    pub(super) fn of(
        roles: Vec<(Placed<String>, raw::Role)>,
        unread: bool,
        platform: Option<&Self>,
        files: Locations<'_>,
        sink: &mut Sink,
    ) -> Self {
        let mut declared = Self { unread, ..Self::default() };
        let mut arns: HashMap<RoleArn, Placed<String>> = HashMap::new();
        for (alias, role) in roles {
            check_name(&alias, "an alias", sink);
            if alias.value.starts_with("arn:") {
                let help = "choose a short name; the ARN goes into `arn:`";
                sink.add(alias.place, "an alias must not look like an ARN", help);
            }
            check_role(&role, sink);
            let arn = role.arn.as_ref().and_then(|arn| parse_arn(arn, sink));
            // The decoder reports an alias that a file repeats.
            if declared.aliases.insert(alias.value.clone(), arn.clone()).is_some() {
                continue;
            }
            let Some(arn) = arn else { continue };
            let of_platform = platform.and_then(|platform| platform.aliases.get(&alias.value)?.as_ref());
            if let Some(other) = of_platform.filter(|other| **other != arn) {
                let message = format!("`{}` is the alias of another role in the platform's file: {other}", alias.value);
                sink.add(alias.place, message, "choose another alias");
            }
            if let Some(first) = arns.get(&arn) {
                let message = format!("{arn} is the alias `{}` too ({})", first.value, files.of(first.place));
                let place = role.arn.as_ref().map_or(alias.place, |arn| arn.place);
                sink.add(place, message, "keep one alias for a role");
                continue;
            }
            arns.insert(arn.clone(), alias.clone());
            declared.arns.push((arn.clone(), role.arn.as_ref().map_or(alias.place, |arn| arn.place)));
            let known = platform.and_then(|platform| platform.roles.get(&arn));
            let role = valid_role(arn.clone(), alias.value, role, files.of(alias.place));
            declared.roles.insert(arn, known.map_or_else(|| role.clone(), |known| in_doubt(known, &role)));
        }
        declared
    }
}

/// The details of a role that two files declare: those of the platform's file, and of the other what it leaves open.
fn in_doubt(platform: &Role, team: &Role) -> Role {
    Role {
        arn: team.arn.clone(),
        alias: team.alias.clone(),
        external_id: platform.external_id.clone().or_else(|| team.external_id.clone()),
        session_name: platform.session_name.clone().or_else(|| team.session_name.clone()),
        source_identity: platform.source_identity.clone().or_else(|| team.source_identity.clone()),
        assume: platform.assume.or(team.assume),
        max_session_duration: platform.max_session_duration.or(team.max_session_duration),
        location: team.location.clone(),
    }
}

/// The names that the jobs of one file can use.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) files: Locations<'a>,
    pub(super) platform: Option<&'a Declared>,
    pub(super) own: Option<&'a Declared>,
    /// The other files. Their aliases can be used only where there is no platform's file.
    pub(super) others: &'a Others<'a>,
}

/// The aliases of all files.
#[derive(Default)]
pub(super) struct Others<'a> {
    by_alias: HashMap<&'a str, Vec<&'a Declared>>,
    unread: bool,
}

impl<'a> Others<'a> {
    pub(super) fn new(files: impl Iterator<Item = &'a Declared>) -> Self {
        let mut others = Self::default();
        for file in files {
            others.unread |= file.unread;
            file.aliases.keys().for_each(|alias| others.by_alias.entry(alias).or_default().push(file));
        }
        others
    }
}

/// The role behind a name.
pub(super) struct Resolved<'a> {
    pub(super) arn: RoleArn,
    /// Its details, where another team's file declares the alias.
    pub(super) of_another: Option<&'a Role>,
}

impl<'a> Names<'a> {
    fn declared(&self) -> impl Iterator<Item = &'a Declared> {
        self.own.into_iter().chain(self.platform)
    }

    /// The role behind an alias or an ARN.
    pub(super) fn resolve(&self, written: &Placed<String>, sink: &mut Sink) -> Option<Resolved<'a>> {
        let known = |arn| Resolved { arn, of_another: None };
        if written.value.starts_with("arn:") {
            return parse_arn(written, sink).map(known);
        }
        if let Some(declared) = self.declared().find_map(|declared| declared.aliases.get(&written.value)) {
            return declared.clone().map(known);
        }
        let elsewhere = self.others.by_alias.get(&*written.value).map_or(&[][..], Vec::as_slice);
        if let (None, [only]) = (self.platform, elsewhere) {
            let arn = only.aliases.get(&written.value)?.clone()?;
            return Some(Resolved { of_another: only.roles.get(&arn), arn });
        }
        let unread = self.platform.is_none() && self.others.unread;
        if unread || self.declared().any(|declared| declared.unread) {
            return None;
        }
        // Each suggestion takes long, and after many errors the cause is no misspelt letter.
        let known = self.declared().flat_map(|declared| declared.aliases.keys()).map(String::as_str);
        let help = match nearest(&written.value, known.filter(|_| sink.is_short())) {
            _ if !elsewhere.is_empty() => {
                "another team's file declares it for its own jobs: declare it here or in platform.yaml".to_owned()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it under `roles:`, or write the role's ARN".to_owned(),
        };
        sink.add(written.place, format!("`{}` is not an alias of a role", written.value), help);
        None
    }

    /// Adds the readers that the file declares.
    pub(super) fn add_readers(
        &self,
        readers: &mut Readers,
        places: &mut HashMap<String, Place>,
        written: Vec<(Placed<String>, raw::Reader)>,
        sink: &mut Sink,
    ) {
        for (account, reader) in written {
            if let Some(first) = places.insert(account.value.clone(), account.place) {
                if first.file != account.place.file {
                    let message =
                        format!("the reader of `{}` is declared in {} too", account.value, self.files.of(first));
                    sink.add(account.place, message, "declare it once, in the platform's file, platform.yaml");
                }
                continue;
            }
            check_pattern(reader.external_id.as_ref(), &EXTERNAL_ID, sink);
            let external_id = reader.external_id.map(|id| id.value);
            let Some(role) = reader.role else { continue };
            if account.value == "*" {
                if !role.value.contains("{account}") {
                    let help = "write the account as {account}: arn:aws:iam::{account}:role/NAME";
                    sink.add(role.place, "the reader of every account names one account", help);
                } else if parse_arn(&role.clone().map(|arn| arn.replace("{account}", "000000000000")), sink).is_some() {
                    readers.every = Some((role.value, external_id));
                }
                continue;
            }
            if !is_account(&account.value) {
                let help = "write the account's 12 digits in quotes, or \"*\" for every account not named";
                sink.add(account.place, format!("`{}` is not an account", account.value), help);
                continue;
            }
            let role = role.map(|arn| arn.replace("{account}", &account.value));
            let Some(Resolved { arn, of_another }) = self.resolve(&role, sink) else { continue };
            if arn.account() != account.value {
                let message = format!("{arn} is not in account {}", account.value);
                sink.add(role.place, message, "IAM reads roles of its own account only: name a role there");
                continue;
            }
            let declared = self.declared().find_map(|declared| declared.roles.get(&arn)).or(of_another);
            let declared = declared.and_then(|role| role.external_id.clone());
            readers.named.insert(account.value, Reader { role: arn, external_id: external_id.or(declared) });
        }
    }
}

fn check_role(role: &raw::Role, sink: &mut Sink) {
    check_pattern(role.external_id.as_ref(), &EXTERNAL_ID, sink);
    check_pattern(role.session_name.as_ref(), &SESSION_NAME, sink);
    match &role.source_identity {
        Some(identity) if identity.value.starts_with("aws:") => {
            sink.add(identity.place, "a SourceIdentity must not start with `aws:`", "that prefix is AWS's own");
        }
        identity => check_pattern(identity.as_ref(), &SOURCE_IDENTITY, sink),
    }
    if let Some(max) = &role.max_session_duration
        && !rules::MAX_SESSION_RANGE.contains(&max.value)
    {
        let (least, most) = (rules::MAX_SESSION_RANGE.start(), rules::MAX_SESSION_RANGE.end());
        let message = format!("a MaxSessionDuration of {} is outside {least} to {most}", max.value);
        sink.add(max.place, message, format!("IAM takes {}s to {}s", least.0, most.0));
    }
}

fn valid_role(arn: RoleArn, alias: String, role: raw::Role, location: Location) -> Role {
    Role {
        arn,
        alias: Some(alias),
        external_id: role.external_id.map(|id| id.value),
        session_name: role.session_name.map(|name| name.value),
        source_identity: role.source_identity.map(|identity| identity.value),
        assume: role.assume.map(|assume| assume.value),
        max_session_duration: role.max_session_duration.map(|max| max.value),
        location: Some(location),
    }
}

pub(super) fn parse_arn(written: &Placed<String>, sink: &mut Sink) -> Option<RoleArn> {
    RoleArn::parse(&written.value).map_err(|wrong| sink.add(written.place, wrong.message, wrong.help)).ok()
}
