//! From the inventory's shape to a valid inventory: aliases resolved, defaults filled in, every value that cannot be
//! reported with its place.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::diagnostic::{Location, Place, Placed, Sink, SourceFile, nearest};
use super::files::Files;
use super::limits::{
    EXTERNAL_ID, LONGEST_GLOB, LONGEST_REASON, LONGEST_WAIVER, MOST_HOPS, MOST_JOBS, MOST_ROLES, MOST_WAIVERS,
    SESSION_NAME, SOURCE_IDENTITY, at_most, check_length, check_name, check_pattern,
};
use super::raw::{self, Document};
use super::{DEFAULT_MARGIN, Hop, Inventory, Job, Reader, Readers, Role, RoleArn, Seconds, Source, Waiver, is_account};
use crate::lease::rules;

/// `today`: the day that waivers are measured from; `None`: their length is not checked.
pub(crate) fn inventory(documents: Vec<Document>, files: &Files, today: Option<Date>, sink: &mut Sink) -> Inventory {
    let mut jobs = Vec::new();
    let mut readers = Vec::new();
    let mut roles = Vec::new();
    let mut waivers = Vec::new();
    let mut all_defaults = Vec::new();
    let mut accounts = Vec::new();
    let mut longest_waiver = None;
    let mut unread = documents.iter().any(|document| document.roles_unread);
    let files_read = Locations(&files.files);
    for document in documents {
        jobs.extend(document.jobs);
        accounts.extend(document.accounts);
        once(&mut longest_waiver, document.longest_waiver, "longest_waiver", files_read, sink);
        readers.extend(document.readers);
        roles.extend(document.roles);
        waivers.extend(document.waivers);
        all_defaults.extend(document.defaults);
    }
    at_most(MOST_JOBS, "jobs", &mut jobs, |job: &raw::Job| job.place, sink);
    at_most(MOST_WAIVERS, "waivers", &mut waivers, |waiver: &raw::Waiver| waiver.place, sink);
    unread |= at_most(MOST_ROLES, "roles", &mut roles, |(alias, _)| alias.place, sink);
    let mut names =
        Names { files: files_read, aliases: BTreeMap::new(), arns: HashMap::new(), roles: BTreeMap::new(), unread };
    names.declare(roles, sink);
    let readers = names.readers(readers, sink);
    let defaults = defaults(all_defaults, files_read, sink);
    if jobs.is_empty() && sink.problems.is_empty() {
        sink.add(Place::start_of(0), "the inventory declares no job", "add one under `jobs:`");
    }
    let jobs = names.jobs(jobs, &defaults, sink);
    let longest_waiver = longest_waiver.map_or(LONGEST_WAIVER, |longest: Placed<Seconds>| longest.value);
    let last_day = today.and_then(|today| last_day(today, longest_waiver).map(|day| (day, longest_waiver)));
    let waivers = waivers.into_iter().filter_map(|waiver| valid_waiver(waiver, last_day, files_read, sink)).collect();
    let accounts = valid_accounts(accounts, files_read, sink);
    Inventory { jobs, roles: names.roles, readers, waivers, accounts, sha256: files.sha256.clone() }
}

/// The files, to name the one that a place is in.
#[derive(Clone, Copy)]
struct Locations<'a>(&'a [SourceFile]);

impl Locations<'_> {
    fn of(self, place: Place) -> Location {
        let file = self.0.get(place.file).map(|file| file.name.clone()).unwrap_or_default();
        Location { file, line: place.line, column: place.column }
    }
}

struct Defaults {
    margin: Seconds,
    owner: Option<String>,
}

/// The files are one inventory, so two of them may state a default only with the same value.
fn defaults(all: Vec<raw::Defaults>, files: Locations<'_>, sink: &mut Sink) -> Defaults {
    let (mut margin, mut owner) = (None, None);
    for defaults in all {
        once(&mut margin, defaults.margin, "margin` of `defaults", files, sink);
        once(&mut owner, defaults.owner, "owner` of `defaults", files, sink);
    }
    Defaults { margin: margin.map_or(DEFAULT_MARGIN, |m| m.value), owner: owner.map(|o: Placed<String>| o.value) }
}

fn once<T: PartialEq>(
    kept: &mut Option<Placed<T>>,
    written: Option<Placed<T>>,
    key: &str,
    files: Locations<'_>,
    sink: &mut Sink,
) {
    let Some(written) = written else { return };
    match kept {
        Some(first) if first.value != written.value => {
            let message = format!("`{key}` has another value in {}", files.of(first.place));
            sink.add(written.place, message, "the files are one inventory: state it once");
        }
        _ => *kept = Some(written),
    }
}

/// The roles by alias and by ARN.
struct Names<'a> {
    files: Locations<'a>,
    /// `None`: declared, with a diagnostic of its own; jobs that use the alias get none.
    aliases: BTreeMap<String, Option<RoleArn>>,
    arns: HashMap<RoleArn, Placed<String>>,
    roles: BTreeMap<RoleArn, Role>,
    /// Some roles could not be read, so an alias that is missing here may be declared.
    unread: bool,
}

impl Names<'_> {
    fn declare(&mut self, roles: Vec<(Placed<String>, raw::Role)>, sink: &mut Sink) {
        let mut places: HashMap<String, Place> = HashMap::new();
        for (alias, role) in roles {
            check_name(&alias, "an alias", sink);
            if alias.value.starts_with("arn:") {
                sink.add(
                    alias.place,
                    "an alias must not look like an ARN",
                    "choose a short name; the ARN goes into `arn:`",
                );
            }
            check_role(&role, sink);
            let arn = role.arn.as_ref().and_then(|arn| parse_arn(arn, sink));
            if let Some(first) = places.insert(alias.value.clone(), alias.place) {
                if first.file != alias.place.file {
                    let message = format!("the alias `{}` is declared in {} too", alias.value, self.files.of(first));
                    sink.add(alias.place, message, "the files are one inventory: declare a role once");
                }
                continue;
            }
            self.aliases.insert(alias.value.clone(), arn.clone());
            let Some(arn) = arn else { continue };
            if let Some(first) = self.arns.get(&arn) {
                let message = format!("{arn} is the alias `{}` too ({})", first.value, self.files.of(first.place));
                let place = role.arn.as_ref().map_or(alias.place, |arn| arn.place);
                sink.add(place, message, "keep one alias for a role");
                continue;
            }
            self.arns.insert(arn.clone(), alias.clone());
            self.roles.insert(arn.clone(), valid_role(arn, alias.value, role, self.files.of(alias.place)));
        }
    }

    /// The role behind an alias or an ARN.
    fn resolve(&self, written: &Placed<String>, sink: &mut Sink) -> Option<RoleArn> {
        if written.value.starts_with("arn:") {
            return parse_arn(written, sink);
        }
        if let Some(declared) = self.aliases.get(&written.value) {
            return declared.clone();
        }
        if self.unread {
            return None;
        }
        // Each suggestion takes long, and after many errors the cause is no misspelt letter.
        let known = self.aliases.keys().map(String::as_str).filter(|_| sink.problems.len() < 200);
        let help = match nearest(&written.value, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it under `roles:`, or write the role's ARN".to_owned(),
        };
        sink.add(written.place, format!("`{}` is not an alias of a role", written.value), help);
        None
    }

    fn readers(&self, written: Vec<(Placed<String>, raw::Reader)>, sink: &mut Sink) -> Readers {
        let mut readers = Readers::default();
        let mut places: HashMap<String, Place> = HashMap::new();
        for (account, reader) in written {
            if let Some(first) = places.insert(account.value.clone(), account.place) {
                if first.file != account.place.file {
                    let message =
                        format!("the reader of `{}` is declared in {} too", account.value, self.files.of(first));
                    sink.add(account.place, message, "the files are one inventory: declare a reader once");
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
            let Some(arn) = self.resolve(&role, sink) else { continue };
            if arn.account() != account.value {
                let message = format!("{arn} is not in account {}", account.value);
                sink.add(role.place, message, "IAM reads roles of its own account only: name a role there");
                continue;
            }
            let declared = self.roles.get(&arn).and_then(|role| role.external_id.clone());
            readers.named.insert(account.value, Reader { role: arn, external_id: external_id.or(declared) });
        }
        readers
    }

    fn jobs(&mut self, written: Vec<raw::Job>, defaults: &Defaults, sink: &mut Sink) -> Vec<Job> {
        let mut places: HashMap<String, Place> = HashMap::with_capacity(written.len());
        let mut jobs = Vec::with_capacity(written.len());
        for job in written {
            if let Some(name) = &job.name {
                check_name(name, "a job's name", sink);
                if let Some(first) = places.insert(name.value.clone(), name.place) {
                    let message = format!("a job named `{}` is at {} too", name.value, self.files.of(first));
                    sink.add(name.place, message, "give each job its own name");
                }
            }
            if let Some(owner) = &job.owner {
                check_name(owner, "an owner", sink);
            }
            let path = self.path(&job, sink);
            check_source(&job, sink);
            if let Some(glob) = &job.session_name {
                check_length(glob, "a glob", LONGEST_GLOB, sink);
            }
            let signin_role = job.signin_role.as_ref().map(|role| self.resolve(role, sink));
            let (Some(name), Some(length), Some(source), Some(path)) = (job.name, job.length, job.source, path) else {
                continue; // Each missing value is reported.
            };
            let source = match (source.value, signin_role) {
                (_, Some(None)) => continue, // The unknown alias is reported.
                (Source::ConsoleLogin { signin_session, .. }, Some(role)) => {
                    Source::ConsoleLogin { role: role.map(Into::into), signin_session }
                }
                (source, _) => source,
            };
            jobs.push(Job {
                name: name.value.into(),
                owner: job.owner.map(|owner| owner.value).or_else(|| defaults.owner.clone()),
                length: length.value,
                length_from: job.length_from,
                unstated: job.unstated,
                pause: job.pause.map_or(Seconds(0), |pause| pause.value),
                age: job.age.map_or(Seconds(0), |age| age.value),
                session_name: job.session_name.map(|glob| glob.value),
                margin: job.margin.map_or(defaults.margin, |margin| margin.value),
                source,
                path,
                refresh: job.refresh.unwrap_or_default(),
                location: self.files.of(job.place),
            });
        }
        jobs
    }

    fn path(&mut self, job: &raw::Job, sink: &mut Sink) -> Option<Vec<Hop>> {
        let Some(written) = &job.path else { return Some(Vec::new()) };
        if written.value.len() > MOST_HOPS {
            let message = format!("the path has {} hops", written.value.len());
            sink.add(written.place, message, format!("a path has at most {MOST_HOPS} hops"));
        }
        let mut hops: Vec<Hop> = Vec::with_capacity(written.value.len());
        let mut whole = true;
        for hop in &written.value {
            let Some(role) = &hop.role else {
                whole = false;
                continue;
            };
            let Some(arn) = self.resolve(role, sink) else {
                whole = false;
                continue;
            };
            if let Some(previous) = hops.last()
                && let Some(partition) = previous.role.partition()
                && partition != arn.partition()
            {
                let message =
                    format!("`{}` is in partition {}, the hop before it in {}", role.value, arn.partition(), partition);
                sink.add(role.place, message, "AWS partitions share no credentials: a path stays in one");
            }
            self.roles.entry(arn.clone()).or_insert_with(|| Role::bare(arn.clone()));
            let duration = hop.duration.as_ref().map(|duration| duration.value);
            hops.push(Hop { role: arn.into(), duration, copied: hop.copied });
        }
        whole.then_some(hops)
    }
}

/// What the kind of source requires of the job.
fn check_source(job: &raw::Job, sink: &mut Sink) {
    let Some(source) = &job.source else { return };
    let empty = job.path.as_ref().is_none_or(|path| path.value.is_empty());
    if empty && source.value.reaches_directly() {
        let message = format!("a job of source `{}` has no path", source.value.kind());
        let help = match source.value {
            Source::IamUser { .. } => {
                "add `path:` with the role that the user assumes; the user's own key does not lapse"
            }
            Source::AccountAccess { .. } => "add `path:` with the role that account access manager gives to the person",
            _ => "add `path:` with the role that its token is exchanged for",
        };
        sink.add(source.place, message, help);
    }
    if let (Source::Lambda, Some(length)) = (&source.value, &job.length)
        && length.value > rules::LAMBDA_MANAGED_LONGEST
    {
        let (managed, longest) = (rules::LAMBDA_MANAGED_LONGEST, rules::LAMBDA_LONGEST);
        let message = format!("a Lambda function cannot run for {}", length.value);
        let help = format!("its longest run is {longest}, on Lambda Managed Instances {managed}");
        sink.add(length.place, message, help);
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

/// The last day that a waiver may hold; `None`: beyond the calendar.
fn last_day(today: Date, longest: Seconds) -> Option<Date> {
    today.checked_add(jiff::Span::new().try_days(i64::try_from(longest.0 / 86_400).ok()?).ok()?).ok()
}

fn valid_accounts(
    written: Vec<(Placed<String>, Placed<String>)>,
    files: Locations<'_>,
    sink: &mut Sink,
) -> BTreeMap<String, String> {
    let mut accounts: BTreeMap<String, Placed<String>> = BTreeMap::new();
    for (account, name) in written {
        if !is_account(&account.value) {
            let help = "write the account's 12 digits in quotes";
            sink.add(account.place, format!("`{}` is not an account", account.value), help);
        }
        check_name(&name, "an account's name", sink);
        if let Some(first) = accounts.get(&account.value).filter(|first| first.place.file != account.place.file) {
            let message = format!("the account `{}` is named in {} too", account.value, files.of(first.place));
            sink.add(account.place, message, "the files are one inventory: name an account once");
        }
        accounts.insert(account.value, name);
    }
    accounts.into_iter().map(|(account, name)| (account, name.value)).collect()
}

fn valid_waiver(
    waiver: raw::Waiver,
    last_day: Option<(Date, Seconds)>,
    files: Locations<'_>,
    sink: &mut Sink,
) -> Option<Waiver> {
    if let (Some(until), Some((last_day, longest))) = (&waiver.until, last_day)
        && until.value > last_day
    {
        let message = format!("a waiver until {} is longer than `longest_waiver`, {longest}", until.value);
        let help = format!("write a day up to {last_day}, or a longer `longest_waiver: 730d` at the top of the file");
        sink.add(until.place, message, help);
    }
    if !waiver.named {
        sink.add(
            waiver.place,
            "a waiver names neither a job nor a role",
            "add `job:`, `role:` or both; globs are allowed",
        );
    }
    for glob in waiver.job.iter().chain(&waiver.role) {
        check_length(glob, "a glob", LONGEST_GLOB, sink);
    }
    if let Some(reason) = &waiver.reason {
        check_length(reason, "a reason", LONGEST_REASON, sink);
    }
    if let Some(approver) = &waiver.approver {
        check_name(approver, "an approver", sink);
    }
    Some(Waiver {
        finding: waiver.finding?.value,
        job: waiver.job.map(|glob| glob.value),
        role: waiver.role.map(|glob| glob.value),
        until: waiver.until?.value,
        reason: waiver.reason?.value,
        approver: waiver.approver.map(|approver| approver.value),
        location: files.of(waiver.place),
    })
}

fn parse_arn(written: &Placed<String>, sink: &mut Sink) -> Option<RoleArn> {
    RoleArn::parse(&written.value).map_err(|wrong| sink.add(written.place, wrong.message, wrong.help)).ok()
}
