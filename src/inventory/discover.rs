//! `discover` of the platform's file: in which accounts, and below which paths, the tags of roles declare jobs, and
//! which owners a tag may name.

use wildmatch::WildMatch;

use super::bindings::Bindings;
use super::diagnostic::Sink;
use super::{Readers, RoleArn, Seconds, is_account, raw};

/// IAM ListRoles, `PathPrefix`: up to 512 characters.
const LONGEST_PREFIX: usize = 512;

/// The roles of one account below a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleFolder {
    /// The account's 12 digits.
    pub account: String,
    /// The path, which begins and ends with `/`.
    pub path_prefix: String,
}

/// Where the tags of roles declare jobs, and what they may say.
#[derive(Debug, Clone, Default)]
pub struct Discover {
    /// The roles whose tags are read.
    pub folders: Vec<RoleFolder>,
    /// The margin of jobs that state none.
    pub(super) margin: Seconds,
    /// The owners that a tag may name; `None`: every owner.
    pub(super) owners: Option<Vec<KnownOwner>>,
}

/// An owner that the platform's file knows.
#[derive(Debug, Clone)]
pub(super) struct KnownOwner {
    pub(super) name: String,
    /// Globs of the ARNs of its roles; `None`: every role.
    pub(super) roles: Option<Vec<WildMatch>>,
}

/// Why a tag may not name an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WrongOwner {
    NotKnown,
    NotOfTheRole,
}

impl Discover {
    /// Checks `discover`. Each account needs a reader.
    pub(super) fn of(
        written: Vec<raw::Discover>,
        readers: &Readers,
        bindings: &Bindings,
        defaults: &raw::Defaults,
        sink: &mut Sink,
    ) -> Self {
        if written.is_empty() {
            return Self::default();
        }
        let mut folders = Vec::with_capacity(written.len());
        for raw::Discover { account, path_prefix } in written {
            let prefix = path_prefix.as_ref().map_or("/", |prefix| prefix.value.as_str());
            if let Some(written) = path_prefix.as_ref().filter(|_| !is_path(prefix)) {
                let help = "begin and end it with `/`, such as /jobs/, without wildcards";
                sink.add(written.place, format!("`{prefix}` is not a path of IAM roles"), help);
            }
            let Some(account) = account else { continue };
            if !is_account(&account.value) {
                let help = "write the account's 12 digits in quotes";
                sink.add(account.place, format!("`{}` is not an account", account.value), help);
            } else if readers.for_account(&account.value).is_none() {
                let help = format!("add `\"{0}\": arn:aws:iam::{0}:role/NAME` to `readers`", account.value);
                sink.add(account.place, format!("account {} has no reader that reads its tags", account.value), help);
            }
            folders.push(RoleFolder { account: account.value, path_prefix: prefix.to_owned() });
        }
        folders.sort();
        folders.dedup();
        let margin = defaults.margin.as_ref().map_or(super::DEFAULT_MARGIN, |margin| margin.value);
        let platform = defaults.owner.as_ref().map(|owner| owner.value.clone());
        let platform = platform.map(|name| KnownOwner { name, roles: None });
        let owners = bindings.owners().map(|owners| owners.into_iter().chain(platform).collect());
        Self { folders, margin, owners }
    }

    /// Whether a tag of the role may name the owner.
    pub(super) fn check_owner(&self, owner: &str, roles: &[&RoleArn]) -> Result<(), WrongOwner> {
        let Some(owners) = &self.owners else { return Ok(()) };
        let mut known = owners.iter().filter(|known| known.name == owner).peekable();
        if known.peek().is_none() {
            return Err(WrongOwner::NotKnown);
        }
        let has = |globs: &Vec<WildMatch>, role: &RoleArn| globs.iter().any(|glob| glob.matches(role.as_str()));
        let allows =
            |known: &KnownOwner| known.roles.as_ref().is_none_or(|globs| roles.iter().all(|role| has(globs, role)));
        if known.any(allows) { Ok(()) } else { Err(WrongOwner::NotOfTheRole) }
    }
}

/// Whether the text is a path of IAM roles, without a character that a policy would read as a wildcard or a variable.
fn is_path(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    text.starts_with('/') && text.ends_with('/') && text.len() <= LONGEST_PREFIX && text.chars().all(is_part)
}
