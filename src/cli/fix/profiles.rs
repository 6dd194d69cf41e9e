//! The changes of AWS profiles: `duration_seconds` of a role's profile.

use std::path::Path;

use super::proposals::{Proposal, is_covered};
use super::{Fixable, MaxSession, NotFixed, Proposed, TextFile, WhyNot};
use crate::fixes::search::sufficient_requests;
use crate::import::aws_config::{self, ImportOptions};
use crate::inventory::{Job, JobName, Seconds};
use crate::lease::longest::with_its_copy;
use crate::lease::{Verdict, judge};
use crate::shared_config::SharedConfig;

/// Profiles and their jobs.
pub(in crate::cli) struct FixableProfiles {
    pub(in crate::cli) config: SharedConfig,
    pub(in crate::cli) files: Vec<TextFile>,
    pub(in crate::cli) options: ImportOptions,
    /// How the profiles become jobs.
    pub(in crate::cli) as_jobs: AsJobs,
    pub(in crate::cli) jobs: Vec<Job>,
    /// The profiles of the jobs.
    pub(in crate::cli) names: Vec<JobName>,
}

/// How a profile becomes the jobs that are judged.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct AsJobs {
    /// A length is declared, and the margin applies to it.
    pub(in crate::cli) with_length: bool,
    /// Jobs with a copy of their credentials are not judged.
    pub(in crate::cli) renewed: bool,
}

impl AsJobs {
    /// The job of a profile, and the job with a copy of its credentials.
    pub(in crate::cli) fn of(self, job: &Job) -> Vec<Job> {
        let margin = if self.with_length { job.margin } else { Seconds(0) };
        let jobs = with_its_copy(job.clone()).into_iter().map(|job| Job { margin, ..job });
        jobs.take(if self.renewed { 1 } else { 2 }).collect()
    }
}

impl Fixable for FixableProfiles {
    fn noun(&self) -> &'static str {
        "profile"
    }

    fn files(&self) -> Vec<TextFile> {
        self.files.clone()
    }

    fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    fn proposals(&self, max_session: MaxSession<'_>) -> Proposed {
        let mut proposed = Proposed::default();
        for name in &self.names {
            let Some(job) = self.jobs.iter().find(|job| job.name == *name) else { continue };
            let jobs: Vec<&Job> = self.with_copy(job).collect();
            let open: Vec<&Job> = jobs.iter().copied().filter(|job| !is_covered(job, max_session)).collect();
            if open.is_empty() {
                continue;
            }
            let change = request(&open, max_session).and_then(|(hop, seconds)| {
                aws_config::duration_change(&self.config, name, hop, seconds, |file| Some(&self.files.get(file)?.text))
            });
            let at = job.location.clone();
            match change {
                Some((file, change)) => {
                    let jobs = jobs.iter().map(|job| job.name.clone()).collect();
                    proposed.proposals.push(Proposal { file, change, jobs, at, note: None });
                }
                None => {
                    let jobs = open.iter().map(|job| job.name.clone()).collect();
                    proposed.without.push(NotFixed { at, jobs, why: WhyNot::NoSingleChange });
                }
            }
        }
        proposed
    }

    fn with_texts(&self, texts: Vec<String>) -> Option<Box<dyn Fixable>> {
        let texts = self.files.iter().zip(texts).map(|(file, text)| TextFile { name: file.name.clone(), text });
        let files: Vec<TextFile> = texts.collect();
        let read = self.config.files().iter().zip(&files);
        let read = read.map(|(file, now)| (file.kind, now.name.clone(), file.read.then(|| now.text.clone())));
        let config = SharedConfig::parse(read);
        if config.problems().len() > self.config.problems().len() {
            return None;
        }
        let imported = aws_config::profiles(&config, self.options).imported;
        let all = imported.inventory.jobs.iter().filter(|job| self.names.contains(&job.name));
        let jobs = all.flat_map(|job| self.as_jobs.of(job)).collect();
        Some(Box::new(Self { config, files, jobs, names: self.names.clone(), ..*self }))
    }
}

impl FixableProfiles {
    /// The texts of the files. Of a pipe, the text is gone.
    pub(in crate::cli) fn texts_of(config: &SharedConfig) -> Vec<TextFile> {
        let text = |name: &str| Path::new(name).is_file().then(|| std::fs::read_to_string(name).ok()).flatten();
        let files = config.files().iter();
        files.map(|file| TextFile { name: file.name.to_string(), text: text(&file.name).unwrap_or_default() }).collect()
    }

    /// The job, and the job with a copy of its credentials.
    fn with_copy<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = &'a Job> {
        let names: Vec<JobName> = self.as_jobs.of(job).into_iter().map(|job| job.name).collect();
        self.jobs.iter().filter(move |job| names.contains(&job.name))
    }
}

/// The request that covers all these jobs, if each has exactly one, of the same hop.
fn request(jobs: &[&Job], max_session: MaxSession<'_>) -> Option<(usize, Seconds)> {
    let only = |job: &&Job| {
        let is_known = judge(job, max_session).verdict != Verdict::Unknown;
        match sufficient_requests(job, max_session)[..] {
            [request] if is_known => Some(request),
            _ => None,
        }
    };
    let requests: Vec<(usize, Seconds)> = jobs.iter().map(only).collect::<Option<_>>()?;
    let (hop, _) = requests.first()?;
    let longest = requests.iter().map(|(_, seconds)| *seconds).max()?;
    requests.iter().all(|(other, _)| other == hop).then_some((*hop, longest))
}
