//! From the inventory's shape to a valid inventory: aliases resolved, defaults filled in, every value that cannot be
//! reported with its place.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::bindings::Bindings;
use super::diagnostic::{Place, Placed, Sink};
use super::discover::Discover;
use super::files::Files;
use super::folder::PLATFORM;
use super::jobs::{JobNames, JobsOfFile};
use super::limits::{
    LONGEST_GLOB, LONGEST_REASON, LONGEST_WAIVER, MOST_JOBS, MOST_ROLES, MOST_WAIVERS, at_most, check_length,
    check_name,
};
use super::live_setting::is_region;
use super::names::{Declared, Locations, Names, Others};
use super::raw::{self, Document};
use super::{DEFAULT_MARGIN, IdentityCenter, Inventory, Readers, Seconds, TeamFile, Waiver, is_account};

/// What is done with a job's name that another file has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// It is a problem of the later file.
    Refuse,
    /// The later job gets the name of its file as well.
    Rename,
}

/// How files are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// The day that waivers are measured from; `None`: their length is not checked.
    pub(crate) today: Option<Date>,
    pub(crate) duplicates: Duplicates,
}

/// The inventory of the files, each with its index in `files`.
pub(crate) fn inventory(
    mut documents: Vec<(usize, Document)>,
    files: &Files,
    reading: Reading,
    sink: &mut Sink,
) -> Inventory {
    // The names of the platform's jobs go before those of the teams.
    documents.sort_by_key(|(index, _)| (Some(*index) != files.platform, *index));
    let roles = DeclaredRoles::take(&mut documents, files, sink);
    let others = Others::new(roles.own.values());
    let names = |index: usize| Names {
        files: Locations(&files.files),
        platform: roles.platform.as_ref(),
        own: roles.own.get(&index),
        others: &others,
    };
    let rules = PlatformRules::take(&mut documents, files.platform, &names, sink);
    let longest_waiver = rules.longest_waiver;
    let last_day = reading.today.and_then(|today| Some((last_day(today, longest_waiver)?, longest_waiver)));
    let mut inventory = Inventory {
        roles: roles.platform.as_ref().map(|platform| platform.roles.clone()).unwrap_or_default(),
        readers: rules.readers,
        accounts: rules.accounts,
        identity_center: rules.identity_center,
        discover: rules.discover,
        last_waived_day: last_day.map(|(day, _)| day),
        sha256: files.sha256.clone(),
        versions: files.versions.clone(),
        platform_owner: rules.defaults.owner.as_ref().map(|owner| owner.value.clone()),
        ..Inventory::default()
    };
    let mut job_names = JobNames { places: HashMap::new(), files, duplicates: reading.duplicates, clashes: Vec::new() };
    for (index, document) in documents {
        let is_platform = Some(index) == files.platform;
        let binding = if is_platform { None } else { rules.bindings.of_file(index, &files.within[index], sink) };
        let own_defaults = document.defaults.unwrap_or_default();
        check_owner(own_defaults.owner.as_ref().filter(|_| !is_platform), sink);
        if let (Some(binding), Some(owner)) = (binding, &own_defaults.owner) {
            binding.check_owner(owner, sink);
        }
        let margin = own_defaults.margin.as_ref().or(rules.defaults.margin.as_ref());
        let own_owner = own_defaults.owner.map(|owner| owner.value);
        let bound_owner = binding.and_then(|binding| binding.owner.as_ref()).map(|owner| owner.value.clone());
        let owner_of_file = bound_owner.or(own_owner);
        let own_roles = roles.own.get(&index);
        let mut file = JobsOfFile {
            names: names(index),
            margin: margin.map_or(DEFAULT_MARGIN, |margin| margin.value),
            owner: owner_of_file.clone().or_else(|| inventory.platform_owner.clone()),
            binding,
            roles: own_roles.map(|own| own.roles.clone()).unwrap_or_default(),
            named: &mut inventory.roles,
        };
        if let (Some(binding), Some(own)) = (binding, own_roles) {
            own.arns.iter().for_each(|(arn, place)| binding.check_role(arn, *place, sink));
        }
        let jobs = file.jobs(document.jobs, &mut job_names, sink);
        let team_roles = file.roles;
        inventory.jobs.extend(jobs);
        if !is_platform {
            let team = TeamFile { owner: owner_of_file, roles: team_roles };
            inventory.teams.insert(files.files[index].name.clone(), team);
        }
        let waivers = document.waivers.into_iter();
        inventory
            .waivers
            .extend(waivers.filter_map(|waiver| valid_waiver(waiver, last_day, Locations(&files.files), sink)));
    }
    inventory.clashes = job_names.clashes;
    inventory
}

/// The roles that the files declare.
struct DeclaredRoles {
    /// Those of the platform's file; `None`: there is no platform's file.
    platform: Option<Declared>,
    /// Those of each other file, by its index.
    own: BTreeMap<usize, Declared>,
}

impl DeclaredRoles {
    /// Takes the roles out of the documents, after the bounds of an inventory were applied.
    fn take(documents: &mut [(usize, Document)], files: &Files, sink: &mut Sink) -> Self {
        let located = Locations(&files.files);
        let roles_cut = bound(documents, files.platform, sink);
        let of_platform = |index: usize| Some(index) == files.platform;
        let take_roles =
            |document: &mut Document| (std::mem::take(&mut document.roles), document.roles_unread || roles_cut);
        let platform = documents.iter_mut().find(|(index, _)| of_platform(*index)).map(|(_, document)| {
            let (roles, unread) = take_roles(document);
            Declared::of(roles, unread, None, located, sink)
        });
        // A platform's file that cannot be read is set aside by no reading: its problems stop every file.
        let platform = platform.or_else(|| files.platform.map(|_| Declared::default()));
        let mut own = BTreeMap::new();
        for (index, document) in documents.iter_mut().filter(|(index, _)| !of_platform(*index)) {
            let (roles, unread) = take_roles(document);
            own.insert(*index, Declared::of(roles, unread, platform.as_ref(), located, sink));
        }
        Self { platform, own }
    }
}

/// What the platform's file states for every file. Without such a file, the readers of all files.
struct PlatformRules {
    readers: Readers,
    defaults: raw::Defaults,
    bindings: Bindings,
    accounts: BTreeMap<String, String>,
    identity_center: IdentityCenter,
    discover: Discover,
    longest_waiver: Seconds,
}

impl PlatformRules {
    fn take<'a>(
        documents: &mut [(usize, Document)],
        platform: Option<usize>,
        names: &impl Fn(usize) -> Names<'a>,
        sink: &mut Sink,
    ) -> Self {
        let mut rules = Self {
            readers: Readers::default(),
            defaults: raw::Defaults::default(),
            bindings: Bindings::default(),
            accounts: BTreeMap::new(),
            identity_center: IdentityCenter::default(),
            discover: Discover::default(),
            longest_waiver: LONGEST_WAIVER,
        };
        let mut places = HashMap::new();
        for (index, document) in documents {
            let written = std::mem::take(&mut document.readers);
            if Some(*index) == platform {
                names(*index).add_readers(&mut rules.readers, &mut places, written, sink);
                rules.defaults = document.defaults.take().unwrap_or_default();
                rules.bindings = Bindings::of(std::mem::take(&mut document.sources), sink);
                rules.accounts = valid_accounts(std::mem::take(&mut document.accounts), sink);
                rules.identity_center =
                    document.identity_center.take().map(|at| valid_identity_center(at, sink)).unwrap_or_default();
                let discover = std::mem::take(&mut document.discover);
                rules.discover = Discover::of(discover, &rules.readers, &rules.bindings, &rules.defaults, sink);
                rules.longest_waiver = document.longest_waiver.as_ref().map_or(LONGEST_WAIVER, |longest| longest.value);
                continue;
            }
            if platform.is_none() {
                names(*index).add_readers(&mut rules.readers, &mut places, written, sink);
            } else if let Some((account, _)) = written.first() {
                let help = format!("move it to {}", PLATFORM[0]);
                sink.add(account.place, "`readers` is a key of the platform's file", help);
            }
            refuse_keys_of_the_platform(document, platform.is_some(), sink);
        }
        check_owner(rules.defaults.owner.as_ref(), sink);
        rules
    }
}

/// Reports that there is nothing to check.
pub(crate) fn require_a_job(inventory: &Inventory, files: &Files, sink: &mut Sink) {
    if inventory.declares_nothing() && sink.problems.is_empty() {
        let place = Place::start_of(files.platform.unwrap_or_default());
        sink.add(place, "the inventory declares no job", "add one under `jobs:`");
    }
}

/// Reports and removes what is over the bounds of an inventory. Returns whether roles were removed.
fn bound(documents: &mut [(usize, Document)], platform: Option<usize>, sink: &mut Sink) -> bool {
    at_most((MOST_JOBS, "jobs"), documents, platform, |document| &mut document.jobs, |job| job.place, sink);
    at_most(
        (MOST_WAIVERS, "waivers"),
        documents,
        platform,
        |document| &mut document.waivers,
        |waiver| waiver.place,
        sink,
    );
    at_most((MOST_ROLES, "roles"), documents, platform, |document| &mut document.roles, |(alias, _)| alias.place, sink)
}

/// Reports the keys that count in the platform's file alone.
fn refuse_keys_of_the_platform(document: &mut Document, has_platform: bool, sink: &mut Sink) {
    let account = document.accounts.first().map(|(account, _)| ("accounts", account.place));
    let longest = document.longest_waiver.as_ref().map(|longest| ("longest_waiver", longest.place));
    let source = document.sources.iter().filter_map(|source| source.from.as_ref()).next();
    let source = source.map(|from| ("sources", from.place));
    let identity_center = document.identity_center.as_ref().map(|at| ("identity_center", at.place));
    let discover = document.discover.iter().filter_map(|discover| discover.account.as_ref()).next();
    let discover = discover.map(|account| ("discover", account.place));
    for (key, place) in account.into_iter().chain(longest).chain(source).chain(identity_center).chain(discover) {
        let make = if has_platform { "move it to" } else { "make a file for it:" };
        sink.add(place, format!("`{key}` is a key of the platform's file"), format!("{make} {}", PLATFORM[0]));
    }
}

fn check_owner(owner: Option<&Placed<String>>, sink: &mut Sink) {
    owner.into_iter().for_each(|owner| check_name(owner, "an owner", sink));
}

/// The last day that a waiver may hold; `None`: beyond the calendar.
pub(super) fn last_day(today: Date, longest: Seconds) -> Option<Date> {
    today.checked_add(jiff::Span::new().try_days(i64::try_from(longest.0 / 86_400).ok()?).ok()?).ok()
}

fn valid_accounts(written: Vec<(Placed<String>, Placed<String>)>, sink: &mut Sink) -> BTreeMap<String, String> {
    let mut accounts = BTreeMap::new();
    for (account, name) in written {
        if !is_account(&account.value) {
            let help = "write the account's 12 digits in quotes";
            sink.add(account.place, format!("`{}` is not an account", account.value), help);
        }
        check_name(&name, "an account's name", sink);
        accounts.insert(account.value, name.value);
    }
    accounts
}

fn valid_identity_center(written: raw::IdentityCenter, sink: &mut Sink) -> IdentityCenter {
    let raw::IdentityCenter { account, region, .. } = written;
    if let Some(account) = account.as_ref().filter(|account| !is_account(&account.value)) {
        let help = "write the account's 12 digits in quotes";
        sink.add(account.place, format!("`{}` is not an account", account.value), help);
    }
    if let Some(region) = region.as_ref().filter(|region| !is_region(&region.value)) {
        sink.add(region.place, format!("`{}` is not a Region", region.value), "write a Region such as eu-west-1");
    }
    IdentityCenter { account: account.map(|account| account.value), region: region.map(|region| region.value) }
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
        let longest = longest.in_days();
        let message = format!("a waiver until {} lasts longer than {longest}, the `longest_waiver`", until.value);
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
