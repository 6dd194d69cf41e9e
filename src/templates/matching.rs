//! The inventory's roles among those of templates and plans: owns which role of a file is which of the inventory. A
//! role is the same where account, path and name are the same. An account that the file does not have is the
//! inventory's, unless the name fits roles of several accounts. `notes` words the roles that are not matched.

mod notes;

use std::collections::{BTreeMap, BTreeSet};

use super::cloudformation::{Creation, RoleIdentity, TemplateRole};
use super::files::{GivenValues, TemplateFiles};
use super::intrinsic::Deployment;
use super::resolved::{Partly, Resolved};
use super::terraform_plan::PlanRole;
use super::{Note, Planned, PlannedParameter, PlannedRole, PlannedSetting, Unresolved};
use crate::aws::errors::printable;
use crate::inventory::{Diagnostic, Inventory, RoleArn, partition_of_region};

impl TemplateFiles {
    /// The inventory's roles as the files define them.
    #[must_use]
    pub fn planned(&self, inventory: &Inventory, given: &GivenValues) -> Planned {
        let mut matching = Matching::new(inventory, given);
        let mut planned = Planned { files: self.names.clone(), ..Planned::default() };
        for name in &self.utf16 {
            matching.note_file(name, "the file is UTF-16 and was read as such; other tools expect UTF-8".to_owned());
        }
        for template in &self.templates {
            let before = planned.defined;
            let mut stacks = BTreeSet::new();
            for role in template.roles() {
                planned.defined += 1;
                stacks.extend(matching.place_template_role(role));
            }
            matching.note_several_accounts(template.file(), &stacks);
            for Diagnostic { location, message, help, .. } in template.mistakes() {
                matching.note_file(&location.to_string(), format!("{message}: {help}"));
            }
            let unread = template.unread().into_iter().chain(template.refused_parameters(&given.parameters));
            unread.for_each(|(from, text)| matching.note_file(&from, text));
            if planned.defined == before {
                matching.note_file(template.file(), "the template defines no IAM role".to_owned());
            }
        }
        for plan in &self.plans {
            planned.defined += plan.roles.len();
            plan.roles.iter().for_each(|role| matching.place_plan_role(role));
            plan.unread.iter().for_each(|(from, text)| matching.note_file(from, text.clone()));
        }
        matching.finish(planned)
    }
}

/// A role of a file compared with one of the inventory in the same account.
enum NameMatch {
    Same,
    /// The name is the same, and the path is not.
    OtherPath(String),
    /// The ARN is the same, but for the partition.
    OtherPartition(RoleArn),
    /// The name is the same, but for upper and lower case.
    OtherCase(String),
    /// The name is known in part, and fits.
    MayBe(Unresolved),
    /// Nothing of the name is known.
    NameUnknown(Unresolved),
    No,
}

fn fit(identity: &RoleIdentity, role: &RoleArn) -> NameMatch {
    match (&identity.name, &identity.path) {
        (Resolved::Text(name), _) if name != role.name() => {
            if name.eq_ignore_ascii_case(role.name()) {
                NameMatch::OtherCase(name.clone())
            } else {
                NameMatch::No
            }
        }
        (Resolved::Text(_), Resolved::Text(path)) if path != role.path() => NameMatch::OtherPath(path.clone()),
        // A name occurs once in an account, whatever the path.
        (Resolved::Text(_), _) => NameMatch::Same,
        (Resolved::Partly(Partly { prefix, suffix, why }), _) if prefix.is_empty() && suffix.is_empty() => {
            NameMatch::NameUnknown(why.clone())
        }
        (Resolved::Partly(partly), _) if partly.may_be(role.name()) => NameMatch::MayBe(partly.why.clone()),
        _ => NameMatch::No,
    }
}

/// A role of a plan compared with one of the inventory; an ARN that the plan has is compared whole.
fn fit_plan_role(planned: &PlanRole, role: &RoleArn) -> NameMatch {
    match fit(&planned.identity, role) {
        NameMatch::Same => match &planned.arn {
            Some(arn) if arn != role && arn.partition() != role.partition() => NameMatch::OtherPartition(arn.clone()),
            Some(arn) if arn.path() != role.path() => NameMatch::OtherPath(arn.path().to_owned()),
            _ => NameMatch::Same,
        },
        fit => fit,
    }
}

/// A role of a file that is one of the inventory's.
#[derive(Clone, Copy)]
enum MatchedRole<'a> {
    Template(TemplateRole<'a>),
    TerraformPlan(&'a PlanRole),
}

struct Matching<'a> {
    given: &'a GivenValues,
    /// The roles of the inventory by partition and account.
    by_account: BTreeMap<(&'a str, &'a str), Vec<&'a RoleArn>>,
    found: BTreeMap<&'a RoleArn, Vec<MatchedRole<'a>>>,
    /// Roles whose name also fits roles of other accounts.
    ambiguous: BTreeMap<&'a RoleArn, Unresolved>,
    /// Roles that the defaults of parameters leave out: where, and how.
    left_out: BTreeMap<&'a RoleArn, (String, String)>,
    /// The roles of a file of whose name nothing is known, by file and reason.
    unnamed: BTreeMap<(String, String), BTreeSet<String>>,
    notes: BTreeSet<Note>,
}

impl<'a> Matching<'a> {
    fn new(inventory: &'a Inventory, given: &'a GivenValues) -> Self {
        let mut by_account: BTreeMap<(&str, &str), Vec<&RoleArn>> = BTreeMap::new();
        for role in inventory.roles.keys() {
            by_account.entry((role.partition(), role.account())).or_default().push(role);
        }
        let mut matching = Self {
            given,
            by_account,
            found: BTreeMap::new(),
            ambiguous: BTreeMap::new(),
            left_out: BTreeMap::new(),
            unnamed: BTreeMap::new(),
            notes: BTreeSet::new(),
        };
        for account in &given.accounts {
            if !matching.by_account.keys().any(|(_, known)| known == account) {
                matching.note_file("--account", format!("the inventory has no role in account {account}"));
            }
        }
        matching
    }

    fn is_target_account(&self, account: &str) -> bool {
        self.given.accounts.is_empty() || self.given.accounts.contains(account)
    }

    fn deployment(&self, partition: &'a str, account: &'a str) -> Deployment<'a> {
        Deployment { partition, account, parameters: &self.given.parameters }
    }

    /// The partition that the files are deployed to, as far as it is given.
    fn given_partition(&self) -> Option<&'a str> {
        let given = |name: &str| self.given.parameters.get(name).map(String::as_str);
        given("AWS::Partition").or_else(|| given("AWS::Region").and_then(partition_of_region))
    }

    /// Returns the partition and the account of each role of the inventory that it is.
    fn place_template_role(&mut self, role: TemplateRole<'a>) -> Vec<(&'a str, &'a str)> {
        let mut same = Vec::new();
        let only_partition = self.given_partition();
        for ((partition, account), known) in self.by_account.clone() {
            if !self.is_target_account(account) || only_partition.is_some_and(|only| only != partition) {
                continue;
            }
            let deployment = self.deployment(partition, account);
            let identity = role.identity(deployment);
            let open = match role.creation(deployment) {
                Creation::Created => None,
                Creation::LeftOut => continue,
                Creation::LeftOutByDefault(how) => {
                    let dropped = known.into_iter().filter(|arn| matches!(fit(&identity, arn), NameMatch::Same));
                    self.left_out.extend(dropped.map(|arn| (arn, (role.from(), how.clone()))));
                    continue;
                }
                Creation::Open(why) => Some(why),
            };
            for arn in known {
                match fit(&identity, arn) {
                    NameMatch::No | NameMatch::NameUnknown(_) if role.may_have_been_named(arn) => {
                        self.note_possible_match(arn, role.from(), &Unresolved::GeneratedName);
                    }
                    NameMatch::NameUnknown(why) => {
                        let id = format!("{} (line {})", role.id.value, role.id.place.line);
                        self.unnamed.entry((role.file().to_owned(), why.to_string())).or_default().insert(id);
                    }
                    fit => {
                        if let (NameMatch::Same, Some(why)) = (&fit, &open) {
                            self.note_role(
                                arn,
                                role.from(),
                                format!("whether the template creates it is not known: {why}"),
                            );
                        }
                        self.compare(fit, arn, &role.from(), &mut same);
                    }
                }
            }
        }
        let pinned = !self.given.accounts.is_empty();
        let stacks = same.iter().map(|arn| (arn.partition(), arn.account())).collect();
        self.place(MatchedRole::Template(role), &role.from(), same, pinned);
        stacks
    }

    fn place_plan_role(&mut self, role: &'a PlanRole) {
        let mut same = Vec::new();
        let only = (self.given.accounts.len() == 1).then(|| self.given.accounts.first()).flatten();
        let account = role.home.as_ref().map(|home| &home.account).or(only);
        let partition = role.home.as_ref().and_then(|home| home.partition.as_deref());
        for ((known_partition, id), known) in self.by_account.clone() {
            if !account.map_or_else(|| self.is_target_account(id), |account| account == id) {
                continue;
            }
            for arn in known {
                let from = &role.planned.from;
                match fit_plan_role(role, arn) {
                    NameMatch::NameUnknown(why) => {
                        self.unnamed.entry((from.clone(), why.to_string())).or_default();
                    }
                    NameMatch::Same
                        if role.arn.is_none()
                            && partition
                                .or_else(|| self.given_partition())
                                .is_some_and(|partition| partition != known_partition) => {}
                    fit => self.compare(fit, arn, from, &mut same),
                }
            }
        }
        self.place(MatchedRole::TerraformPlan(role), &role.planned.from, same, account.is_some());
    }

    /// Keeps the role where it is the same, and notes why it is not where it nearly is.
    fn compare(&mut self, fit: NameMatch, arn: &'a RoleArn, from: &str, same: &mut Vec<&'a RoleArn>) {
        match fit {
            NameMatch::Same => same.push(arn),
            NameMatch::MayBe(why) => self.note_possible_match(arn, from.to_owned(), &why),
            NameMatch::OtherPath(path) => {
                let text = format!(
                    "not taken as this role: it has the same name, and the path `{path}` instead of `{}`",
                    arn.path()
                );
                self.note_role(arn, from.to_owned(), text);
            }
            NameMatch::OtherPartition(other) => {
                self.note_role(arn, from.to_owned(), format!("not taken as this role: its ARN is {other}"));
            }
            NameMatch::OtherCase(name) => {
                let text = format!(
                    "not taken as this role: its name is `{name}`, which differs in upper and lower case alone; \
                     correct the inventory or the file"
                );
                self.note_role(arn, from.to_owned(), text);
            }
            NameMatch::NameUnknown(_) | NameMatch::No => {}
        }
    }

    /// Keeps where a role is defined. One name in several accounts is one role or several: that is not known.
    fn place(&mut self, definition: MatchedRole<'a>, from: &str, same: Vec<&'a RoleArn>, pinned: bool) {
        for role in &same {
            let namesakes = || same.iter().filter(|other| other.name() == role.name());
            let why = if !pinned && namesakes().any(|other| other.account() != role.account()) {
                Some(Unresolved::SeveralAccounts(from.to_owned()))
            } else if namesakes().any(|other| other.partition() != role.partition()) {
                Some(Unresolved::SeveralPartitions(from.to_owned()))
            } else {
                None
            };
            if let Some(why) = why {
                self.ambiguous.entry(role).or_insert(why);
            }
            self.found.entry(role).or_default().push(definition);
        }
    }

    fn finish(mut self, mut planned: Planned) -> Planned {
        for (role, definitions) in std::mem::take(&mut self.found) {
            let mut all: Vec<PlannedRole> =
                definitions.iter().map(|definition| self.settings(*definition, role)).collect();
            // A role that one resource gives up and another takes on is not deleted.
            if all.iter().any(|one| !one.deleted) {
                all.retain(|one| !one.deleted);
            }
            let Some(mut one) = all.into_iter().reduce(merged) else { continue };
            if let Some(why) = self.ambiguous.get(role).filter(|_| !one.deleted || definitions.len() == 1) {
                (one.max_session, one.trust, one.deleted) =
                    (PlannedSetting::Unknown(why.clone()), PlannedSetting::Unknown(why.clone()), false);
            }
            planned.roles.insert(role.clone(), with_printable_places(one));
        }
        self.note_left_out(&planned);
        self.note_unknown_settings(&planned);
        self.note_unnamed();
        let shown = |note: Note| Note { from: printable(&note.from), text: printable(&note.text), ..note };
        planned.notes = self.notes.into_iter().map(shown).collect();
        planned
    }

    fn settings(&self, definition: MatchedRole<'a>, role: &'a RoleArn) -> PlannedRole {
        match definition {
            MatchedRole::Template(found) => found.planned(self.deployment(role.partition(), role.account())),
            MatchedRole::TerraformPlan(found) => found.planned.clone(),
        }
    }
}

/// The role with the names of its file free of control characters, which would act on a terminal.
fn with_printable_places(role: PlannedRole) -> PlannedRole {
    PlannedRole {
        from: printable(&role.from),
        max_session_from: printable(&role.max_session_from),
        max_session_parameter: role
            .max_session_parameter
            .map(|PlannedParameter { name, from }| PlannedParameter { name: printable(&name), from: printable(&from) }),
        trust_from: printable(&role.trust_from),
        terraform: role.terraform.as_deref().map(printable),
        ..role
    }
}

/// Two definitions of one role: the settings on which they agree are known.
fn merged(a: PlannedRole, b: PlannedRole) -> PlannedRole {
    let why = Unresolved::Differ(a.from.clone(), b.from.clone());
    PlannedRole {
        max_session: if a.max_session == b.max_session { a.max_session } else { PlannedSetting::Unknown(why.clone()) },
        trust: if a.trust == b.trust { a.trust } else { PlannedSetting::Unknown(why) },
        from: format!("{} and {}", a.from, b.from),
        max_session_from: a.max_session_from,
        max_session_parameter: a.max_session_parameter.filter(|_| b.max_session_parameter.is_none()),
        trust_from: a.trust_from,
        deleted: a.deleted && b.deleted,
        terraform: a.terraform,
        waivers: a.waivers.into_iter().chain(b.waivers).collect(),
    }
}
