//! The files of templates and plans: owns how they are read and decoded, and that the parameters given with them are
//! declared in them. Knows nothing of the inventory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::cloudformation::Template;
use super::terraform_plan::{self, TerraformPlan};
use super::tree;
use crate::inventory::{Diagnostic, Problems, Sink, SourceFile, is_partition, nearest, partitions};
use crate::limited::{self, Unreadable};

/// The values that are given with the files.
#[derive(Debug, Clone, Default)]
pub struct GivenValues {
    /// Parameters of the templates, pseudo parameters included.
    pub parameters: BTreeMap<String, String>,
    /// The accounts that the files are deployed to; empty: not said.
    pub accounts: BTreeSet<String>,
}

/// The templates and plans that were read.
#[derive(Debug, Default)]
pub struct TemplateFiles {
    pub(super) names: Vec<String>,
    pub(super) templates: Vec<Template>,
    pub(super) plans: Vec<TerraformPlan>,
    /// The files that are not UTF-8.
    pub(super) utf16: Vec<String>,
}

impl TemplateFiles {
    /// Reads templates and plans; `-` is standard input.
    ///
    /// # Errors
    /// Every problem of every file, with its place, and parameters that no template declares.
    pub fn read(templates: &[PathBuf], plans: &[PathBuf], given: &GivenValues) -> Result<Self, Problems> {
        let (mut sources, mut sink) = (Vec::new(), Sink::default());
        let mut files = Self::default();
        for (path, is_plan) in templates.iter().map(|path| (path, false)).chain(plans.iter().map(|path| (path, true))) {
            let (source, utf16) = source(path, is_plan, &mut sink);
            let index = sources.len();
            if source.readable && is_plan {
                files.plans.extend(TerraformPlan::read(index, &source, &mut sink));
            } else if source.readable {
                files.templates.extend(Template::read(index, &source, &mut sink));
            }
            files.names.push(source.name.to_string());
            files.utf16.extend(utf16.then(|| source.name.to_string()));
            sources.push(source);
        }
        if sink.problems.is_empty() {
            check_parameters(&files.templates, given, &mut sink);
        }
        if sink.problems.is_empty() {
            return Ok(files);
        }
        Err(Problems::new(sources, sink).in_the("the templates and plans"))
    }
}

/// Reads templates alone; `-` is standard input.
///
/// # Errors
/// Every problem of every file, with its place, and parameters that no template declares.
pub(crate) fn read_templates(paths: &[PathBuf], given: &GivenValues) -> Result<Vec<Template>, Problems> {
    TemplateFiles::read(paths, &[], given).map(|files| files.templates)
}

fn check_parameters(templates: &[Template], given: &GivenValues, sink: &mut Sink) {
    if let Some(partition) = given.parameters.get("AWS::Partition").filter(|name| !is_partition(name)) {
        let message = format!("AWS has no partition `{partition}`");
        let help = format!("AWS's partitions are {}", partitions());
        sink.problems.push(Diagnostic::of_file("--parameter", message, help));
    }
    let declared: BTreeSet<&str> = templates.iter().flat_map(Template::parameters).collect();
    let unknown = |name: &&String| !name.starts_with("AWS::") && !declared.contains(name.as_str());
    for name in given.parameters.keys().filter(unknown) {
        let help = match nearest(name, declared.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "give parameters that a template declares, or pseudo parameters such as AWS::Region".to_owned(),
        };
        let message = format!("no template has a parameter `{name}`");
        sink.problems.push(Diagnostic::of_file("--parameter", message, help));
    }
}

/// A file, and whether it is UTF-16.
pub(crate) fn source(path: &Path, is_plan: bool, sink: &mut Sink) -> (SourceFile, bool) {
    let stdin = path.as_os_str() == "-";
    let name = if stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let most = if is_plan { terraform_plan::MAX_BYTES } else { tree::MAX_BYTES };
    let read = match stdin {
        true => limited::stream(std::io::stdin().lock(), most),
        false => limited::file(path, most),
    };
    let wanted =
        if is_plan { "a plan as `terraform show -json plan.out` writes it" } else { "a CloudFormation template" };
    let packed = read.as_ref().is_ok_and(|bytes| bytes.starts_with(b"PK\x03\x04"));
    let utf16 = read.as_ref().ok().and_then(|bytes| byte_order(bytes));
    let (text, problem) = match read.and_then(|bytes| decoded(bytes, utf16)) {
        _ if packed => (None, Some("is a packed file, such as the plan that `-out` writes".to_owned())),
        Ok(text) => (Some(text), None),
        Err(wrong) => (None, Some(wrong.to_string())),
    };
    let readable = problem.is_none();
    if let Some(message) = problem {
        sink.problems.push(Diagnostic::of_file(&name, message, format!("name {wanted}")));
    }
    let text = text.unwrap_or_default();
    let text = text.trim_start_matches('\u{feff}').into();
    (SourceFile { name: name.into(), text, readable }, utf16.is_some())
}

/// The order of the bytes of UTF-16.
#[derive(Debug, Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

/// How a text in UTF-16 is recognized: by its byte order mark, or by the zero byte of its first character, which is
/// ASCII in every template and plan. PowerShell's `>` writes such files.
fn byte_order(bytes: &[u8]) -> Option<ByteOrder> {
    match bytes {
        [0xff, 0xfe, ..] => Some(ByteOrder::Little),
        [0xfe, 0xff, ..] => Some(ByteOrder::Big),
        [first, 0, ..] if *first != 0 => Some(ByteOrder::Little),
        [0, first, ..] if *first != 0 => Some(ByteOrder::Big),
        _ => None,
    }
}

fn decoded(bytes: Vec<u8>, utf16: Option<ByteOrder>) -> Result<String, Unreadable> {
    let Some(order) = utf16 else { return limited::text(bytes) };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| match order {
        ByteOrder::Little => u16::from_le_bytes(*pair),
        ByteOrder::Big => u16::from_be_bytes(*pair),
    });
    let (mut text, mut line) = (String::with_capacity(pairs.len()), 1);
    for unit in char::decode_utf16(units) {
        let Ok(character) = unit else { return Err(Unreadable::NotText { line, utf16: true }) };
        line += usize::from(character == '\n');
        text.push(character);
    }
    if rest.is_empty() { Ok(text) } else { Err(Unreadable::NotText { line, utf16: true }) }
}
