//! What is said of places in workflows: once for each place, with the jobs that meet it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cases::Answers;
use super::login::NotJudgedLogin;
use crate::import::locate;
use crate::inventory::Diagnostic;
use crate::inventory::diagnostic::Place;
use crate::visible::first_of;

/// How many jobs one remark names.
const MOST_NAMED: usize = 3;

/// Remarks by their places.
#[derive(Default)]
pub(super) struct Remarks(Vec<OfPlace>);

struct OfPlace {
    place: Place,
    /// The jobs that meet it; none where the file as a whole is meant.
    jobs: Vec<String>,
    message: String,
    help: String,
    cannot_work: bool,
    /// It is said once for the file.
    per_file: bool,
}

impl Remarks {
    /// Adds what is said of a job at a place.
    pub(super) fn add(&mut self, job: Option<&str>, remark: NotJudgedLogin) {
        let NotJudgedLogin { place, message, help, cannot_work } = remark;
        let jobs = job.map(str::to_owned).into_iter().collect();
        self.merge(OfPlace { place, jobs, message, help, cannot_work, per_file: false });
    }

    /// Adds what is said of a job once for its file, however many jobs of the file meet it.
    pub(super) fn add_once_per_file(&mut self, job: &str, remark: NotJudgedLogin) {
        let NotJudgedLogin { place, message, help, cannot_work } = remark;
        self.merge(OfPlace { place, jobs: vec![job.to_owned()], message, help, cannot_work, per_file: true });
    }

    /// Adds all that others have.
    pub(super) fn append(&mut self, other: Self) {
        other.0.into_iter().for_each(|remark| self.merge(remark));
    }

    /// Drops what is said of logins at these places that fail in every run.
    pub(super) fn forget_failures(&mut self, places: impl Iterator<Item = Place>) {
        let places: Vec<Place> = places.collect();
        self.0.retain(|remark| !(remark.cannot_work && places.contains(&remark.place)));
    }

    fn merge(&mut self, remark: OfPlace) {
        let same_place =
            |known: &OfPlace| known.place == remark.place || (remark.per_file && known.place.file == remark.place.file);
        let same = |known: &&mut OfPlace| known.message == remark.message && same_place(known);
        match self.0.iter_mut().find(same) {
            Some(known) => {
                let new: Vec<String> = remark.jobs.into_iter().filter(|job| !known.jobs.contains(job)).collect();
                known.jobs.extend(new);
            }
            None => self.0.push(remark),
        }
    }

    /// As they are shown.
    pub(super) fn finish(self, files: &[Arc<str>]) -> Vec<Diagnostic> {
        let mut by_text: BTreeMap<(usize, usize, usize), Vec<Diagnostic>> = BTreeMap::new();
        for OfPlace { place, jobs, message, help, cannot_work, .. } in self.0 {
            let message = format!("{}{message}", named(&jobs));
            let remark = Diagnostic { cannot_work, ..Diagnostic::new(locate(place, files), message, help) };
            by_text.entry((place.file, place.line, place.column)).or_default().push(remark);
        }
        by_text.into_values().flatten().collect()
    }
}

/// Logins that fail in some cases of a job, with what these cases have in common.
#[derive(Default)]
pub(super) struct FailuresOfCases(Vec<(NotJudgedLogin, Answers)>);

impl FailuresOfCases {
    /// Adds what fails in a case with these answers. `known`: the answers of all cases.
    pub(super) fn add(&mut self, remarks: &Remarks, answers: &Answers, known: &Answers) {
        let mut own = answers.clone();
        own.retain(|question, _| !known.contains_key(question));
        for remark in remarks.0.iter().filter(|remark| remark.cannot_work) {
            let OfPlace { place, message, help, .. } = remark;
            match self.0.iter_mut().find(|(known, _)| known.place == *place && known.message == *message) {
                Some((_, common)) => common.retain(|question, answer| own.get(question) == Some(answer)),
                None => {
                    let (message, help) = (message.clone(), help.clone());
                    self.0.push((NotJudgedLogin { place: *place, message, help, cannot_work: false }, own.clone()));
                }
            }
        }
    }

    /// A note for each of these places at which a login fails, with the case.
    pub(super) fn notes(self, judged: impl Iterator<Item = Place>) -> Vec<NotJudgedLogin> {
        let judged: Vec<Place> = judged.collect();
        let mut notes: Vec<NotJudgedLogin> = Vec::new();
        for (failure, case) in self.0 {
            let place = failure.place;
            if !judged.contains(&place) || notes.iter().any(|note| note.place == place) {
                continue;
            }
            let answers: Vec<String> = case.iter().map(|(question, answer)| question.describe(answer)).collect();
            let case = if answers.is_empty() {
                "in some cases".to_owned()
            } else {
                format!("where {}", answers.join(" and "))
            };
            notes.push(NotJudgedLogin { message: format!("{case}: {}", failure.message), ..failure });
        }
        notes
    }
}

/// The jobs that meet a remark, before its text.
fn named(jobs: &[String]) -> String {
    let names: Vec<String> = jobs.iter().map(|job| format!("`{job}`")).collect();
    match &names[..] {
        [] => String::new(),
        [name] => format!("job {name}: "),
        names => format!("jobs {}: ", first_of(names, MOST_NAMED)),
    }
}
