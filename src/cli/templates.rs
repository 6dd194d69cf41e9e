//! The options of `lint` and `explain` for planned infrastructure: templates and plans, and values for their
//! references.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::inventory::{Problems, Source, is_account};
use crate::lease::source::may_assume;
use crate::shell::option;
use crate::templates::{GivenValues, TemplateFiles};

#[derive(Debug, Args)]
#[command(next_help_heading = "Planned infrastructure")]
pub(super) struct TemplateOptions {
    /// Judge by the roles of these CloudFormation or SAM templates (YAML or JSON) before they are deployed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    cloudformation: Vec<PathBuf>,
    /// Judge by the roles of these Terraform plans, as `terraform show -json plan.out` writes them
    #[arg(long, value_name = "FILE", num_args = 1..)]
    terraform_plan: Vec<PathBuf>,
    /// A parameter of the templates, or a pseudo parameter such as AWS::Region; may be given several times
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter, requires = "cloudformation")]
    parameters: Vec<(String, String)>,
    /// An account that the files are deployed to; may be given several times. Default: the accounts of the inventory
    /// whose roles the names fit, unless a name fits several
    #[arg(long = "account", value_name = "ID", value_parser = account)]
    accounts: Vec<String>,
}

/// An option with an unusable value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadValue {
    #[error("write NAME=VALUE")]
    Parameter,
    #[error("write --account ID for the account")]
    AccountAsParameter,
    #[error("write an account id of 12 digits")]
    Account,
    #[error("write a kind of source whose credentials may call AssumeRole, such as iam-user or ec2-instance")]
    Source,
    #[error("the role of the token belongs in the provider: assume_role_with_web_identity")]
    Token,
}

/// Reads NAME=VALUE.
pub(super) fn parameter(text: &str) -> Result<(String, String), BadValue> {
    match text.split_once('=') {
        Some(("AWS::AccountId", _)) => Err(BadValue::AccountAsParameter),
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(BadValue::Parameter),
    }
}

/// Reads an account id.
pub(super) fn account(text: &str) -> Result<String, BadValue> {
    if is_account(text) { Ok(text.to_owned()) } else { Err(BadValue::Account) }
}

/// Reads the kind of source of Terraform's credentials.
pub(super) fn terraform_source(text: &str) -> Result<Source, BadValue> {
    match Source::of_kind(text) {
        Some(Source::WebIdentity { .. } | Source::Saml { .. } | Source::AccountAccess { .. }) => Err(BadValue::Token),
        Some(source) if may_assume(&source) => Ok(source),
        _ => Err(BadValue::Source),
    }
}

impl TemplateOptions {
    /// The files of templates and plans.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.cloudformation.iter().chain(&self.terraform_plan)
    }

    /// Reads the files.
    ///
    /// # Errors
    /// Every problem of every file.
    pub(super) fn read(&self) -> Result<(TemplateFiles, GivenValues), Problems> {
        let parameters = self.parameters.iter().cloned().collect();
        let given = GivenValues { parameters, accounts: self.accounts.iter().cloned().collect() };
        Ok((TemplateFiles::read(&self.cloudformation, &self.terraform_plan, &given)?, given))
    }

    /// Whether a file is given.
    pub(super) fn has_files(&self) -> bool {
        !self.cloudformation.is_empty() || !self.terraform_plan.is_empty()
    }

    /// The options as words of a command, each after a blank: a command about the same run repeats them.
    pub(super) fn as_words(&self) -> String {
        let paths = |name: &'static str, files: &[PathBuf]| -> Vec<String> {
            files.iter().map(|file| option(name, &file.to_string_lossy())).collect()
        };
        let parameters = self.parameters.iter().map(|(name, value)| option("--parameter", &format!("{name}={value}")));
        let accounts = self.accounts.iter().map(|account| option("--account", account));
        let files = paths("--cloudformation", &self.cloudformation).into_iter();
        let plans = paths("--terraform-plan", &self.terraform_plan);
        files.chain(plans).chain(parameters).chain(accounts).map(|word| format!(" {word}")).collect()
    }

    /// The error text for options that exclude each other. `taken`: the inventory uses standard input, which can be
    /// read only once.
    pub(super) fn misuse(&self, taken: bool) -> Option<&'static str> {
        let files = self.cloudformation.iter().chain(&self.terraform_plan);
        let from_standard_input = files.filter(|path| path.as_path() == Path::new("-")).count();
        if from_standard_input + usize::from(taken && from_standard_input > 0) > 1 {
            return Some("error: only one of the files can be `-`, standard input.");
        }
        let alone = !self.accounts.is_empty() && !self.has_files();
        alone.then_some("error: --account goes with --cloudformation or --terraform-plan.")
    }
}
