//! The files of templates and plans: owns how they are read, from where, and that what is given along with them is known to
//! them. Knows nothing of the inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::cloudformation::Template;
use super::terraform_plan::{self, Plan};
use super::tree;
use crate::inventory::{Place, Problem, Problems, Sink, SourceFile, nearest};
use crate::limited;

/// What is given along with the files.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Parameters of the templates, pseudo parameters included.
    pub parameters: BTreeMap<String, String>,
    /// The accounts that the files are deployed to; empty: not said.
    pub accounts: BTreeSet<String>,
}

/// The templates and plans that were read.
#[derive(Debug, Default)]
pub struct Files {
    pub(super) names: Vec<String>,
    pub(super) templates: Vec<Template>,
    pub(super) plans: Vec<Plan>,
}

impl Files {
    /// Reads templates and plans; `-` is standard input.
    ///
    /// # Errors
    /// Every problem of every file, with its place, and parameters that no template declares.
    pub fn read(templates: &[PathBuf], plans: &[PathBuf], given: &Given) -> Result<Self, Problems> {
        let (mut sources, mut sink) = (Vec::new(), Sink::default());
        let mut files = Self::default();
        for (path, is_plan) in templates.iter().map(|path| (path, false)).chain(plans.iter().map(|path| (path, true))) {
            let source = source(path, is_plan, &mut sink);
            let index = sources.len();
            if source.readable && is_plan {
                files.plans.extend(Plan::read(index, &source, &mut sink));
            } else if source.readable {
                files.templates.extend(Template::read(index, &source, &mut sink));
            }
            files.names.push(source.name.to_string());
            sources.push(source);
        }
        if sink.problems.is_empty() {
            files.check_parameters(given, &mut sink);
        }
        if sink.problems.is_empty() {
            return Ok(files);
        }
        Err(Problems::new(sources, sink.problems).in_the("the templates and plans"))
    }

    fn check_parameters(&self, given: &Given, sink: &mut Sink) {
        let declared: BTreeSet<&str> = self.templates.iter().flat_map(Template::parameters).collect();
        let unknown = |name: &&String| !name.starts_with("AWS::") && !declared.contains(name.as_str());
        for name in given.parameters.keys().filter(unknown) {
            let help = match nearest(name, declared.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "give parameters that a template declares, or pseudo parameters such as AWS::Region".to_owned(),
            };
            let message = format!("no template has a parameter `{name}`");
            sink.problems.push(Problem { place: None, file: "--parameter".into(), message, help });
        }
    }
}

fn source(path: &Path, is_plan: bool, sink: &mut Sink) -> SourceFile {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let most = if is_plan { terraform_plan::MAX_BYTES } else { tree::MAX_BYTES };
    let read = match stdin {
        true => limited::stream(std::io::stdin().lock(), most),
        false => limited::file(path, most),
    };
    let what =
        if is_plan { "a plan as `terraform show -json plan.out` writes it" } else { "a CloudFormation template" };
    let packed = read.as_ref().is_ok_and(|bytes| bytes.starts_with(b"PK\x03\x04"));
    let (text, problem) = match read.and_then(limited::text) {
        _ if packed => (None, Some("is a packed file: the plan as `-out` writes it, perhaps".to_owned())),
        Ok(text) => (Some(text), None),
        Err(wrong) => (None, Some(wrong.to_string())),
    };
    let readable = problem.is_none();
    if let Some(message) = problem {
        let help = format!("name {what}");
        sink.problems.push(Problem { place: None::<Place>, file: name.as_str().into(), message, help });
    }
    let text = text.unwrap_or_default();
    SourceFile { name: name.into(), text: text.trim_start_matches('\u{feff}').into(), readable }
}
