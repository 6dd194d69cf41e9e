//! The inventory's roles among those of templates and plans: owns which role of a file is which of the inventory. A role is the same where account, path and name are; an account that the file does not tell is the
//! inventory's, unless the name fits roles of several.

use std::collections::{BTreeMap, BTreeSet};

use super::cloudformation::{Identity, LeftOut, TemplateRole};
use super::files::{Files, Given};
use super::intrinsic::Deployment;
use super::resolved::Resolved;
use super::terraform_plan::PlanRole;
use super::{Note, Planned, PlannedRole, Setting};
use crate::failure::printable;
use crate::inventory::{Inventory, RoleArn};

impl Files {
    /// What the files say of the inventory's roles.
    #[must_use]
    pub fn planned(&self, inventory: &Inventory, given: &Given) -> Planned {
        let mut matching = Matching::of(inventory, given);
        let mut planned = Planned { files: self.names.clone(), ..Planned::default() };
        for template in &self.templates {
            let before = planned.defined;
            for role in template.roles() {
                planned.defined += 1;
                matching.place_template_role(role);
            }
            matching.notes.extend(template.unread().map(|(from, text)| Note { role: None, from, text }));
            if planned.defined == before {
                let text = "the template defines no IAM role".to_owned();
                matching.notes.insert(Note { role: None, from: template.file().to_owned(), text });
            }
        }
        for plan in &self.plans {
            planned.defined += plan.roles.len();
            plan.roles.iter().for_each(|role| matching.place_plan_role(role));
            let unread = plan.unread.iter().cloned();
            matching.notes.extend(unread.map(|(from, text)| Note { role: None, from, text }));
        }
        matching.finish(planned)
    }
}

/// How a role of a file and one of the inventory, in one account, compare.
enum Fit {
    Same,
    /// The name is the same, and the path is not.
    OtherPath(String),
    /// The name is known in part, and fits.
    MayBe(String),
    No,
}

fn fit(identity: &Identity, role: &RoleArn) -> Fit {
    match (&identity.name, &identity.path) {
        (Resolved::Text(name), _) if name != role.name() => Fit::No,
        (Resolved::Text(_), Resolved::Text(path)) if path != role.path() => Fit::OtherPath(path.clone()),
        // A name occurs once in an account, whatever the path.
        (Resolved::Text(_), _) => Fit::Same,
        (Resolved::Partly(partly), _) if !partly.prefix.is_empty() || !partly.suffix.is_empty() => {
            if partly.may_be(role.name()) { Fit::MayBe(partly.why.clone()) } else { Fit::No }
        }
        _ => Fit::No,
    }
}

/// A role of a file that is one of the inventory's.
#[derive(Clone, Copy)]
enum Definition<'a> {
    Template(TemplateRole<'a>),
    Plan(&'a PlanRole),
}

struct Matching<'a> {
    given: &'a Given,
    /// The roles of the inventory by partition and account, as far as the files are for it.
    by_account: BTreeMap<(&'a str, &'a str), Vec<&'a RoleArn>>,
    found: BTreeMap<&'a RoleArn, Vec<Definition<'a>>>,
    /// Roles that a name fits which fits those of other accounts too.
    ambiguous: BTreeMap<&'a RoleArn, String>,
    /// Roles that the defaults of parameters leave out: where, and how.
    left_out: BTreeMap<&'a RoleArn, (String, String)>,
    notes: BTreeSet<Note>,
}

impl<'a> Matching<'a> {
    fn of(inventory: &'a Inventory, given: &'a Given) -> Self {
        let mut by_account: BTreeMap<(&str, &str), Vec<&RoleArn>> = BTreeMap::new();
        for role in inventory.roles.keys() {
            by_account.entry((role.partition(), role.account())).or_default().push(role);
        }
        let mut notes = BTreeSet::new();
        for account in given.accounts.iter().filter(|id| !by_account.keys().any(|(_, known)| known == id)) {
            let text = format!("the inventory has no role in account {account}");
            notes.insert(Note { role: None, from: "--account".to_owned(), text });
        }
        Self { given, by_account, found: BTreeMap::new(), ambiguous: BTreeMap::new(), left_out: BTreeMap::new(), notes }
    }

    fn is_meant(&self, account: &str) -> bool {
        self.given.accounts.is_empty() || self.given.accounts.contains(account)
    }

    fn deployment(&self, partition: &'a str, account: &'a str) -> Deployment<'a> {
        Deployment { partition, account, parameters: &self.given.parameters }
    }

    fn place_template_role(&mut self, role: TemplateRole<'a>) {
        let mut same = Vec::new();
        for ((partition, account), known) in self.by_account.clone() {
            if !self.is_meant(account) {
                continue;
            }
            let deployment = self.deployment(partition, account);
            let identity = role.identity(deployment);
            if let Some(left_out) = role.left_out(deployment) {
                if let LeftOut::ByDefault(how) = left_out {
                    let dropped = known.into_iter().filter(|arn| matches!(fit(&identity, arn), Fit::Same));
                    self.left_out.extend(dropped.map(|arn| (arn, (role.from(), how.clone()))));
                }
                continue;
            }
            for arn in known {
                match fit(&identity, arn) {
                    Fit::No if role.may_have_been_named(arn) => {
                        self.may_be(arn, role.from(), "AWS makes up its name at deployment");
                    }
                    fit => self.note(fit, arn, &role.from(), &mut same),
                }
            }
        }
        let pinned = !self.given.accounts.is_empty();
        self.place(Definition::Template(role), role.from(), same, pinned);
    }

    fn place_plan_role(&mut self, role: &'a PlanRole) {
        let mut same = Vec::new();
        let only = (self.given.accounts.len() == 1).then(|| self.given.accounts.first()).flatten();
        let account = role.account.as_ref().or(only);
        for ((_, id), known) in self.by_account.clone() {
            if account.map_or(self.is_meant(id), |account| account == id) {
                known.iter().for_each(|arn| self.note(fit(&role.identity, arn), arn, &role.planned.from, &mut same));
            }
        }
        self.place(Definition::Plan(role), role.planned.from.clone(), same, account.is_some());
    }

    fn note(&mut self, fit: Fit, arn: &'a RoleArn, from: &str, same: &mut Vec<&'a RoleArn>) {
        match fit {
            Fit::Same => same.push(arn),
            Fit::MayBe(why) => self.may_be(arn, from.to_owned(), &why),
            Fit::OtherPath(path) => {
                let text = format!(
                    "not taken as this role: it has the same name, and the path `{path}` instead of `{}`",
                    arn.path()
                );
                self.notes.insert(Note { role: Some(arn.clone()), from: from.to_owned(), text });
            }
            Fit::No => {}
        }
    }

    fn may_be(&mut self, arn: &RoleArn, from: String, why: &str) {
        let text = format!("not taken as this role, though it may be: its name is not known in full: {why}");
        self.notes.insert(Note { role: Some(arn.clone()), from, text });
    }

    /// Notes where a definition was found; one name in several accounts is one role or several: that is not known.
    fn place(&mut self, definition: Definition<'a>, from: String, same: Vec<&'a RoleArn>, pinned: bool) {
        for role in &same {
            let others = same.iter().filter(|other| other.name() == role.name() && other.account() != role.account());
            if !pinned && others.count() > 0 {
                let why =
                    format!("{from} fits roles of several accounts: give --account with the ones it is deployed to");
                self.ambiguous.entry(role).or_insert(why);
            }
            self.found.entry(role).or_default().push(definition);
        }
    }

    fn finish(mut self, mut planned: Planned) -> Planned {
        for (role, definitions) in std::mem::take(&mut self.found) {
            let mut all: Vec<PlannedRole> =
                definitions.iter().map(|definition| self.details(*definition, role)).collect();
            // A role that one resource gives up and another takes on is not deleted.
            if all.iter().any(|one| !one.deleted) {
                all.retain(|one| !one.deleted);
            }
            let Some(mut one) = all.into_iter().reduce(merged) else { continue };
            if let Some(why) = self.ambiguous.get(role).filter(|_| !one.deleted || definitions.len() == 1) {
                (one.max_session, one.trust, one.deleted) =
                    (Setting::Unknown(why.clone()), Setting::Unknown(why.clone()), false);
                one.account_open = true;
            }
            planned.roles.insert(role.clone(), fit_to_show(one));
        }
        // What another resource defines is there all the same.
        for (role, (from, how)) in std::mem::take(&mut self.left_out) {
            if !planned.roles.contains_key(role) {
                let text = format!("the template does not make this role {how}: nothing is taken from it");
                self.notes.insert(Note { role: Some(role.clone()), from, text });
            }
        }
        for (role, one) in planned.roles.iter().filter(|(_, one)| !one.deleted) {
            let mut note = |what: &str, why: &str| {
                let (role, text) = (Some(role.clone()), format!("{what} is not known: {why}"));
                self.notes.insert(Note { role, from: one.from.clone(), text });
            };
            match (&one.max_session, &one.trust) {
                (Setting::Unknown(why), Setting::Unknown(other)) if why == other => note("what it will be", why),
                (max, trust) => {
                    if let Setting::Unknown(why) = max {
                        note("MaxSessionDuration", why);
                    }
                    if let Setting::Unknown(why) = trust {
                        note("whom it trusts", why);
                    }
                }
            }
        }
        let shown = |note: Note| Note { from: printable(&note.from), text: printable(&note.text), ..note };
        planned.notes = self.notes.into_iter().map(shown).collect();
        planned
    }

    fn details(&self, definition: Definition<'a>, role: &'a RoleArn) -> PlannedRole {
        match definition {
            Definition::Template(found) => found.planned(self.deployment(role.partition(), role.account())),
            Definition::Plan(found) => found.planned.clone(),
        }
    }
}

/// The texts of a file without what a terminal would obey.
fn fit_to_show(role: PlannedRole) -> PlannedRole {
    PlannedRole {
        from: printable(&role.from),
        max_session_from: printable(&role.max_session_from),
        trust_from: printable(&role.trust_from),
        terraform: role.terraform.as_deref().map(printable),
        max_session: match role.max_session {
            Setting::Unknown(why) => Setting::Unknown(printable(&why)),
            known => known,
        },
        ..role
    }
}

/// Two definitions of one role: what they agree on is known.
fn merged(a: PlannedRole, b: PlannedRole) -> PlannedRole {
    let why = format!("{} and {} both define it, and differ", a.from, b.from);
    PlannedRole {
        max_session: if a.max_session == b.max_session { a.max_session } else { Setting::Unknown(why.clone()) },
        trust: if a.trust == b.trust { a.trust } else { Setting::Unknown(why) },
        from: format!("{} and {}", a.from, b.from),
        max_session_from: a.max_session_from,
        trust_from: a.trust_from,
        deleted: a.deleted && b.deleted,
        account_open: a.account_open || b.account_open,
        terraform: a.terraform,
    }
}
