//! The jobs of one file: aliases resolved, defaults filled in, every value that cannot be reported with its place.

use std::collections::{BTreeMap, HashMap};

use super::bindings::Binding;
use super::diagnostic::{Place, Placed, Sink};
use super::files::Files;
use super::limits::{LONGEST_GLOB, check_hops, check_length, check_name};
use super::names::{Locations, Names, Resolved};
use super::validate::Duplicates;
use super::{FirstCall, Hop, Job, NameClash, Role, RoleArn, Seconds, Source, raw};
use crate::lease::rules;

/// The names of all jobs: a name is unique in the inventory.
pub(super) struct JobNames<'a> {
    pub(super) places: HashMap<String, Place>,
    pub(super) files: &'a Files,
    pub(super) duplicates: Duplicates,
    pub(super) clashes: Vec<NameClash>,
}

impl JobNames<'_> {
    /// The name of a job in the inventory.
    fn unique(&mut self, name: &Placed<String>, sink: &mut Sink) -> String {
        let mut unique = name.value.clone();
        while let Some(first) = self.places.get(&unique) {
            let within_a_file = first.file == name.place.file && unique == name.value;
            if within_a_file || self.duplicates == Duplicates::Refuse {
                let message = format!("a job named `{unique}` is at {} too", Locations(&self.files.files).of(*first));
                sink.add(name.place, message, "give each job its own name");
                return unique;
            }
            unique = format!("{unique} ({})", self.files.within[name.place.file]);
        }
        if unique != name.value {
            let file = self.files.files[name.place.file].name.clone();
            self.clashes.push(NameClash { file, first: name.value.as_str().into(), second: unique.as_str().into() });
        }
        self.places.insert(unique.clone(), name.place);
        unique
    }
}

/// What counts for the jobs of one file.
pub(super) struct JobsOfFile<'a> {
    pub(super) names: Names<'a>,
    pub(super) margin: Seconds,
    /// The owner of jobs that name none.
    pub(super) owner: Option<String>,
    /// What the platform's file allows here.
    pub(super) binding: Option<&'a Binding>,
    /// The details that count for these jobs.
    pub(super) roles: BTreeMap<RoleArn, Role>,
    /// Every role that a path names.
    pub(super) named: &'a mut BTreeMap<RoleArn, Role>,
}

impl JobsOfFile<'_> {
    pub(super) fn jobs(&mut self, written: Vec<raw::Job>, names: &mut JobNames<'_>, sink: &mut Sink) -> Vec<Job> {
        let mut jobs = Vec::with_capacity(written.len());
        for job in written {
            let name = job.name.as_ref().map(|name| {
                check_name(name, "a job's name", sink);
                names.unique(name, sink)
            });
            if let Some(owner) = &job.owner {
                check_name(owner, "an owner", sink);
                self.binding.inspect(|binding| binding.check_owner(owner, sink));
            }
            let path = self.path(&job, sink);
            check_source(&job, sink);
            if let Some(glob) = &job.session_name {
                check_length(glob, "a glob", LONGEST_GLOB, sink);
            }
            let signin_role = job.signin_role.as_ref().map(|role| {
                let arn = self.names.resolve(role, sink)?.arn;
                self.binding.inspect(|binding| binding.check_role(&arn, role.place, sink));
                Some(arn)
            });
            if let (Some(binding), Some(source)) = (self.binding, &job.source)
                && let Some(setting) = source.value.live_setting()
            {
                binding.check_setting(&setting, source.place, sink);
            }
            let (Some(name), Some(length), Some(source), Some(path)) = (name, job.length, job.source, path) else {
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
                name: name.into(),
                owner: job.owner.map(|owner| owner.value).or_else(|| self.owner.clone()),
                length: length.value,
                length_from: job.length_from,
                unstated: job.unstated,
                pause: job.pause.map_or(Seconds(0), |pause| pause.value),
                age: job.age.map_or(Seconds(0), |age| age.value),
                session_name: job.session_name.map(|glob| glob.value),
                measured_by: job.measured_by,
                margin: job.margin.map_or(self.margin, |margin| margin.value),
                source,
                path,
                refresh: job.refresh.unwrap_or_default(),
                location: self.names.files.of(job.place),
            });
        }
        jobs
    }

    fn path(&mut self, job: &raw::Job, sink: &mut Sink) -> Option<Vec<Hop>> {
        let Some(written) = &job.path else { return Some(Vec::new()) };
        check_hops(written.value.len(), written.place, sink);
        let mut hops: Vec<Hop> = Vec::with_capacity(written.value.len());
        let mut whole = true;
        for hop in &written.value {
            let Some(role) = &hop.role else {
                whole = false;
                continue;
            };
            let Some(Resolved { arn, of_another }) = self.names.resolve(role, sink) else {
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
            self.binding.inspect(|binding| binding.check_role(&arn, role.place, sink));
            if let Some(details) = of_another {
                self.roles.entry(arn.clone()).or_insert_with(|| details.clone());
            }
            self.named.entry(arn.clone()).or_insert_with(|| Role::bare(arn.clone()));
            let duration = hop.duration.as_ref().map(|duration| duration.value);
            hops.push(Hop { role: arn.into(), duration, copied: hop.copied, misread: hop.misread.clone() });
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
        let help = match source.value.first_call() {
            FirstCall::AssumeRole => {
                "add `path:` with the role that the user assumes; the user's own key does not lapse"
            }
            FirstCall::AccountAccess => "add `path:` with the role that account access manager gives to the person",
            FirstCall::WebIdentity | FirstCall::Saml => "add `path:` with the role that its token is exchanged for",
        };
        sink.add(source.place, message, help);
    }
    if let (Source::Lambda { .. }, Some(length)) = (&source.value, &job.length)
        && length.value > rules::LAMBDA_MANAGED_LONGEST
    {
        let (managed, longest) = (rules::LAMBDA_MANAGED_LONGEST, rules::LAMBDA_LONGEST);
        let message = format!("a Lambda function cannot run for {}", length.value);
        let help = format!("its longest run is {longest}, on Lambda Managed Instances {managed}");
        sink.add(length.place, message, help);
    }
}
