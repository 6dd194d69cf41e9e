//! `sources` of the platform's file: which owner, roles, functions and permission sets the files of a team may name.

use glob::{MatchOptions, Pattern};
use wildmatch::WildMatch;

use super::diagnostic::{Place, Placed, Sink};
use super::discover::KnownOwner;
use super::limits::{LONGEST_GLOB, check_length, check_name};
use super::raw;
use super::{LiveSetting, RoleArn};

/// As in `.gitignore`: `*` matches no `/`, `**` any folders.
const WITHIN_A_FOLDER: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// The bindings of all files; without any, each file may name every owner and role.
#[derive(Debug, Default)]
pub(super) struct Bindings(Vec<Binding>);

/// What the files of a team may declare.
#[derive(Debug)]
pub(super) struct Binding {
    from: Pattern,
    pub(super) owner: Option<Placed<String>>,
    /// Globs of role ARNs; `None`: every role.
    roles: Option<Vec<WildMatch>>,
    /// Globs of the ARNs of Lambda functions; `None`: every function.
    functions: Option<Vec<WildMatch>>,
    /// Globs of the names or ARNs of permission sets; `None`: every permission set.
    permission_sets: Option<Vec<WildMatch>>,
}

impl Bindings {
    /// Reads `sources`.
    pub(super) fn of(written: Vec<raw::Binding>, sink: &mut Sink) -> Self {
        let mut bindings = Vec::with_capacity(written.len());
        for raw::Binding { from, owner, roles, functions, permission_sets } in written {
            owner.iter().for_each(|owner| check_name(owner, "an owner", sink));
            for glob in from.iter().chain([&roles, &functions, &permission_sets].into_iter().flatten().flatten()) {
                check_length(glob, "a glob", LONGEST_GLOB, sink);
            }
            let Some(from) = from.and_then(|from| pattern(&from, sink)) else { continue };
            let [roles, functions, permission_sets] = [roles, functions, permission_sets]
                .map(|globs| globs.map(|globs| globs.iter().map(|glob| WildMatch::new(&glob.value)).collect()));
            bindings.push(Binding { from, owner, roles, functions, permission_sets });
        }
        Self(bindings)
    }

    /// The first binding that names the file. Where there are bindings, each file of a team needs one.
    pub(super) fn of_file(&self, file: usize, within: &str, sink: &mut Sink) -> Option<&Binding> {
        let found = self.0.iter().find(|binding| binding.names(within));
        if found.is_none() && !self.0.is_empty() {
            let message = "`sources` of the platform's file does not name this file";
            sink.add(Place::start_of(file), message, format!("add `- {{from: {within}, owner: …}}` to `sources`"));
        }
        found
    }

    /// The owners that `sources` names, with the roles of each; `None`: there is no `sources`.
    pub(super) fn owners(&self) -> Option<Vec<KnownOwner>> {
        let known = |binding: &Binding| {
            let owner = binding.owner.as_ref()?;
            Some(KnownOwner { name: owner.value.clone(), roles: binding.roles.clone() })
        };
        (!self.0.is_empty()).then(|| self.0.iter().filter_map(known).collect())
    }

    /// The owner of a file that cannot be read.
    pub(super) fn owner_of(&self, within: &str) -> Option<&str> {
        let found = self.0.iter().find(|binding| binding.names(within))?;
        found.owner.as_ref().map(|owner| owner.value.as_str())
    }
}

/// The files that `from` names.
fn pattern(from: &Placed<String>, sink: &mut Sink) -> Option<Pattern> {
    let written = from.value.trim_start_matches("./");
    let written = if written.ends_with('/') { format!("{written}**") } else { written.to_owned() };
    let help = "write a file (data.yaml), a folder (data/), or a glob: `*` within a folder, `/**/` for any folders";
    Pattern::new(&written).map_err(|wrong| sink.add(from.place, format!("not a glob: {}", wrong.msg), help)).ok()
}

impl Binding {
    fn names(&self, within: &str) -> bool {
        self.from.matches_with(within, WITHIN_A_FOLDER)
    }

    pub(super) fn check_owner(&self, written: &Placed<String>, sink: &mut Sink) {
        if let Some(owner) = self.owner.as_ref().filter(|owner| owner.value != written.value) {
            let message =
                format!("the platform's file gives this file to `{}`, not to `{}`", owner.value, written.value);
            sink.add(written.place, message, "leave the owner out");
        }
    }

    pub(super) fn check_role(&self, role: &RoleArn, place: Place, sink: &mut Sink) {
        check(&self.roles, "roles", role.as_str(), place, sink);
    }

    /// Checks the function or the permission set that a source names.
    pub(super) fn check_setting(&self, setting: &LiveSetting, place: Place, sink: &mut Sink) {
        let (globs, key) = match setting {
            LiveSetting::Function(_) => (&self.functions, "functions"),
            LiveSetting::PermissionSet(_) => (&self.permission_sets, "permission_sets"),
        };
        check(globs, key, setting.as_str(), place, sink);
    }
}

fn check(globs: &Option<Vec<WildMatch>>, key: &str, name: &str, place: Place, sink: &mut Sink) {
    let Some(globs) = globs else { return };
    if !globs.iter().any(|glob| glob.matches(name)) {
        let message = format!("the platform's file does not allow {name} in this file");
        sink.add(place, message, format!("ask for a glob in `{key}` of its entry under `sources`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_named(from: &str, within: &str) -> bool {
        let mut sink = Sink::default();
        let from = Some(Placed { value: from.to_owned(), place: Place::default() });
        let bindings = Bindings::of(vec![raw::Binding { from, ..raw::Binding::default() }], &mut sink);
        assert!(sink.problems.is_empty());
        bindings.of_file(0, within, &mut sink).is_some()
    }

    #[test]
    fn a_star_stays_within_a_folder_and_two_stars_cross_folders() {
        for (from, within, expected) in [
            ("data.yaml", "data.yaml", true),
            ("data.yaml", "x/data.yaml", false),
            ("data/", "data/a.yaml", true),
            ("./data/", "data/b/c.yaml", true),
            ("data/", "data-2/a.yaml", false),
            ("data/", "data.yaml", false),
            ("data*", "data-1.yaml", true),
            ("data*", "data/other/a.yaml", false),
            ("data*", "data-2/a.yaml", false),
            ("data*/", "data-2/a/b.yaml", true),
            ("data/*.yaml", "data/a.yaml", true),
            ("data/*.yaml", "data/b/a.yaml", false),
            ("data/?.yaml", "data/a.yaml", true),
            ("data?a.yaml", "data/a.yaml", false),
            ("*", "a.yaml", true),
            ("*", "a/b.yaml", false),
            ("**", "a/b/c.yaml", true),
            ("**/data-*.yaml", "data-1.yaml", true),
            ("**/data-*.yaml", "a/b/data-1.yaml", true),
            ("a/**/c.yaml", "a/c.yaml", true),
            ("a/**/c.yaml", "a/b/b/c.yaml", true),
        ] {
            assert_eq!(is_named(from, within), expected, "{from} {within}");
        }
    }

    #[test]
    fn an_invalid_glob_is_a_problem() {
        for from in ["a***", "[a", "a/b**"] {
            let mut sink = Sink::default();
            let from = Some(Placed { value: from.to_owned(), place: Place::default() });
            Bindings::of(vec![raw::Binding { from, ..raw::Binding::default() }], &mut sink);
            assert_eq!(sink.problems.len(), 1);
        }
    }
}
