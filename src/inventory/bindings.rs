//! `sources` of the platform's file: which owner and which roles the files of a team may name.

use wildmatch::WildMatch;

use super::RoleArn;
use super::diagnostic::{Place, Placed, Sink};
use super::limits::{LONGEST_GLOB, check_length, check_name};
use super::raw;

/// The bindings of all files; without any, each file may name every owner and role.
#[derive(Debug, Default)]
pub(super) struct Bindings(Vec<Binding>);

/// What the files of a team may declare.
#[derive(Debug)]
pub(super) struct Binding {
    from: WildMatch,
    pub(super) owner: Option<Placed<String>>,
    /// Globs of role ARNs; `None`: every role.
    roles: Option<Vec<WildMatch>>,
}

impl Bindings {
    /// Reads `sources`.
    pub(super) fn of(written: Vec<raw::Binding>, sink: &mut Sink) -> Self {
        let mut bindings = Vec::with_capacity(written.len());
        for raw::Binding { from, owner, roles } in written {
            owner.iter().for_each(|owner| check_name(owner, "an owner", sink));
            for glob in from.iter().chain(roles.iter().flatten()) {
                check_length(glob, "a glob", LONGEST_GLOB, sink);
            }
            let Some(from) = from else { continue };
            let folder = from.value.trim_start_matches("./");
            let from = WildMatch::new(&if folder.ends_with('/') { format!("{folder}*") } else { folder.to_owned() });
            let roles = roles.map(|globs| globs.iter().map(|glob| WildMatch::new(&glob.value)).collect());
            bindings.push(Binding { from, owner, roles });
        }
        Self(bindings)
    }

    /// The first binding that names the file. Where there are bindings, each file of a team needs one.
    pub(super) fn of_file(&self, file: usize, within: &str, sink: &mut Sink) -> Option<&Binding> {
        let found = self.0.iter().find(|binding| binding.from.matches(within));
        if found.is_none() && !self.0.is_empty() {
            let message = "`sources` of the platform's file does not name this file";
            sink.add(Place::start_of(file), message, format!("add `- {{from: {within}, owner: …}}` to `sources`"));
        }
        found
    }

    /// The owner of a file that cannot be read.
    pub(super) fn owner_of(&self, within: &str) -> Option<&str> {
        let found = self.0.iter().find(|binding| binding.from.matches(within))?;
        found.owner.as_ref().map(|owner| owner.value.as_str())
    }
}

impl Binding {
    pub(super) fn check_owner(&self, written: &Placed<String>, sink: &mut Sink) {
        if let Some(owner) = self.owner.as_ref().filter(|owner| owner.value != written.value) {
            let message =
                format!("the platform's file gives this file to `{}`, not to `{}`", owner.value, written.value);
            sink.add(written.place, message, "leave the owner out");
        }
    }

    pub(super) fn check_role(&self, role: &RoleArn, place: Place, sink: &mut Sink) {
        let Some(globs) = &self.roles else { return };
        if !globs.iter().any(|glob| glob.matches(role.as_str())) {
            let message = format!("the platform's file does not allow {role} in this file");
            sink.add(place, message, "ask for a glob in `roles` of its entry under `sources`");
        }
    }
}
