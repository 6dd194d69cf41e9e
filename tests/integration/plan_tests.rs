//! The plan: each distinct walk once, each role described once, and session policies that fit and allow nothing else.

use std::collections::{BTreeMap, BTreeSet};

use credential_health::facts::{Description, Facts, StepOutcome};
use credential_health::findings::FindingId;
use credential_health::findings::Subject;
use credential_health::inventory::{Inventory, Job, Reader, RoleArn, Seconds};
use credential_health::plan::{DescribedBy, LIST_FROM, LONGEST_SESSION_POLICY, Plan, PlannedHop, ReaderStep};
use proptest::prelude::*;
use serde_json::Value;

fn inventory(text: &str) -> Inventory {
    Inventory::parse("plan.yaml", &format!("version: 1\n{text}")).unwrap_or_else(|problems| panic!("{problems}"))
}

fn plan_of(inventory: &Inventory) -> Plan {
    Plan::new(inventory, &inventory.jobs.iter().collect::<Vec<_>>())
}

fn arn(name: &str) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::111111111111:role/{name}")).unwrap()
}

/// A path of roles in one account, by name.
fn path(names: &[&str]) -> String {
    let hops: Vec<String> = names.iter().map(|name| format!("\"{}\"", arn(name))).collect();
    format!("[{}]", hops.join(", "))
}

/// An inventory of jobs with these sources and paths, and with these further lines.
fn jobs(paths: &[(&str, &[&str])], more: &str) -> Inventory {
    let mut text = format!("{more}\njobs:\n");
    for (number, (source, names)) in paths.iter().enumerate() {
        text.push_str(&format!("  - {{name: j{number}, length: 1m, source: {source}, path: {}}}\n", path(names)));
    }
    inventory(&text)
}

/// The roles from the first step to this one.
fn walk(plan: &Plan, step: usize) -> Vec<String> {
    let mut walk = plan.steps[step].parent.map_or_else(Vec::new, |parent| walk(plan, parent));
    walk.push(plan.steps[step].role.name().to_owned());
    walk
}

/// The rights of a session policy: the roles of each action.
fn allowed(policy: &str) -> BTreeMap<String, BTreeSet<String>> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let texts = |value: &Value| match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    };
    let mut allowed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        assert_eq!(statement.as_object().unwrap().len(), 3, "{statement}");
        for action in texts(&statement["Action"]) {
            allowed.entry(action).or_default().extend(texts(&statement["Resource"]));
        }
    }
    allowed
}

/// The rights of the session of the only step for this role.
fn policy_of(plan: &Plan, name: &str) -> BTreeMap<String, BTreeSet<String>> {
    allowed(&plan.policy(plan.steps.iter().position(|step| step.role.name() == name).unwrap()))
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(|name| arn(name).to_string()).collect()
}

/// The invariants of every plan.
fn check(inventory: &Inventory, plan: &Plan) {
    let mut seen: BTreeMap<(Option<usize>, &RoleArn), usize> = BTreeMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        assert!(step.parent.is_none_or(|parent| parent < index), "a step's parent comes before it");
        let policy = plan.policy(index);
        assert!(policy.len() <= LONGEST_SESSION_POLICY, "{} characters: {policy}", policy.len());
        assert!(!policy.contains('*'), "{policy}");
        let allowed = allowed(&policy);
        assert!(!allowed.is_empty() && allowed.values().all(|roles| !roles.is_empty()), "{policy}");
        assert!(
            allowed
                .keys()
                .all(|action| ["iam:GetRole", "sts:AssumeRole", "sts:SetSourceIdentity"].contains(&&**action)),
            "{policy}"
        );
        let next: BTreeSet<String> = step.next.iter().map(|next| plan.steps[*next].role.to_string()).collect();
        assert_eq!(
            allowed.get("sts:AssumeRole").cloned().unwrap_or_default(),
            next,
            "a session may assume its next hops and no other role"
        );
        let only_itself = BTreeSet::from([step.role.to_string()]);
        assert!(allowed.get("iam:GetRole").is_none_or(|roles| *roles == only_itself), "{policy}");
        assert!(step.next.iter().all(|next| plan.steps[*next].parent == Some(index)));
        *seen.entry((step.parent, &step.role)).or_default() += 1;
    }
    // If a session assumes a role more than once, each of the new sessions serves different next hops.
    for (_, steps) in group(plan.steps.iter().enumerate().map(|(index, _)| (walk(plan, index), index))) {
        let mut served = BTreeSet::new();
        for next in steps.iter().flat_map(|step| &plan.steps[*step].next) {
            served.insert((plan.steps[*next].role.clone(), plan.steps[*next].parent));
        }
        let roles: BTreeSet<_> = served.iter().map(|(role, _)| role).collect();
        assert_eq!(roles.len(), served.len(), "a next hop is in one group only");
        let reads = |step: &usize| allowed(&plan.policy(*step)).contains_key("iam:GetRole");
        assert!(
            steps.len() == 1 || steps.iter().all(|step| !plan.steps[*step].next.is_empty() || reads(step)),
            "a prefix is walked once"
        );
        let describing = steps.iter().filter(|step| allowed(&plan.policy(**step)).contains_key("iam:GetRole")).count();
        assert!(describing <= 1, "a role describes itself once a prefix");
    }
    for (job, planned) in inventory.jobs.iter().zip(&plan.paths) {
        assert_eq!(planned.len(), job.path.len());
        let mut parent = None;
        for (hop, planned) in job.path.iter().zip(planned) {
            assert!(plan.roles.contains_key(hop.role.arn().unwrap()), "every role on a path is to be described");
            if let PlannedHop::Step(step) = planned {
                assert_eq!(
                    (&plan.steps[*step].role, plan.steps[*step].parent),
                    (hop.role.arn().unwrap(), parent),
                    "the steps of a job follow its path"
                );
                parent = Some(*step);
            }
        }
    }
    let described: Vec<&RoleArn> = plan.readers.iter().flat_map(|reader| &reader.roles).collect();
    assert_eq!(described.len(), described.iter().collect::<BTreeSet<_>>().len(), "a reader describes each role once");
    for (index, reader) in plan.readers.iter().enumerate() {
        let (action, resources) = if reader.lists {
            ("iam:ListRoles", BTreeSet::from(["*".to_owned()]))
        } else {
            assert!(reader.policy.len() <= LONGEST_SESSION_POLICY && !reader.policy.contains('*'), "{}", reader.policy);
            ("iam:GetRole", reader.roles.iter().map(ToString::to_string).collect())
        };
        assert_eq!(reader.lists, reader.roles.len() >= LIST_FROM);
        assert_eq!(allowed(&reader.policy), BTreeMap::from([(action.to_owned(), resources)]));
        assert!(reader.roles.iter().all(|role| plan.roles[role] == DescribedBy::Reader(index)));
        assert!(
            reader.roles.iter().all(|role| role.account() == reader.reader.role.account()),
            "IAM reads its own account only"
        );
    }
    let by_readers = plan.roles.values().filter(|by| matches!(by, DescribedBy::Reader(_))).count();
    assert_eq!(by_readers, described.len());
    let listed: usize = plan.readers.iter().filter(|step| step.lists).map(|step| step.roles.len() - 1).sum();
    assert_eq!(plan.calls(), 1 + plan.steps.len() + plan.readers.len() + plan.roles.len() - listed);
}

/// The findings if IAM returns this MaxSessionDuration for the role, and one hour for all others.
fn findings_with_maximum(
    inventory: &Inventory,
    plan: &Plan,
    role: &RoleArn,
    max_session: u64,
) -> Vec<(FindingId, Option<String>)> {
    let of =
        |other: &RoleArn| Description::Known { max_session: Seconds(if other == role { max_session } else { 3600 }) };
    let facts = Facts {
        mode: credential_health::facts::Mode::Live,
        steps: vec![StepOutcome::Assumed; plan.steps.len()],
        described: plan.roles.keys().map(|role| (role.clone(), of(role))).collect(),
        ..Facts::default()
    };
    let subject =
        Subject::new(inventory, inventory.jobs.iter().collect(), plan, &facts, jiff::civil::date(2026, 11, 23));
    subject.findings().into_iter().map(|finding| (finding.id, finding.role.map(|role| role.to_string()))).collect()
}

fn group<K: Ord, V>(pairs: impl Iterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups: BTreeMap<K, Vec<V>> = BTreeMap::new();
    pairs.for_each(|(key, value)| groups.entry(key).or_default().push(value));
    groups
}

#[test]
fn jobs_that_share_a_prefix_assume_it_once() {
    let inventory = jobs(
        &[
            ("ecs-task", &["hub", "etl"]),
            ("iam-user", &["hub", "etl"]),
            ("ecs-task", &["hub", "report"]),
            ("ecs-task", &["hub"]),
            ("ecs-task", &["etl"]),
            ("codebuild", &["hub", "etl", "deep"]),
            ("lambda", &[]),
        ],
        "",
    );
    let plan = plan_of(&inventory);
    check(&inventory, &plan);
    let walks: BTreeSet<Vec<String>> = (0..plan.steps.len()).map(|step| walk(&plan, step)).collect();
    let expected: [&[&str]; 5] = [&["hub"], &["hub", "etl"], &["hub", "etl", "deep"], &["hub", "report"], &["etl"]];
    assert_eq!(walks, expected.iter().map(|walk| walk.iter().map(|name| (*name).to_owned()).collect()).collect());
    assert_eq!(plan.steps.len(), 5);
    assert_eq!(plan.roles.keys().map(RoleArn::name).collect::<Vec<_>>(), ["deep", "etl", "hub", "report"]);
    assert!(plan.roles.values().all(|by| *by == DescribedBy::Itself));
    assert_eq!(plan.paths[0], plan.paths[1]);
    assert_eq!(plan.paths[6], []);
}

#[test]
fn a_session_may_only_read_its_role_and_assume_its_next_hops() {
    let plan = plan_of(&jobs(&[("ecs-task", &["hub", "etl"]), ("ecs-task", &["hub", "report"])], ""));
    assert_eq!(
        policy_of(&plan, "hub"),
        BTreeMap::from([
            ("iam:GetRole".to_owned(), set(["hub"])),
            ("sts:AssumeRole".to_owned(), set(["etl", "report"]))
        ])
    );
    assert_eq!(policy_of(&plan, "etl"), BTreeMap::from([("iam:GetRole".to_owned(), set(["etl"]))]));
}

#[test]
fn only_chains_with_a_source_identity_may_set_it_at_each_hop() {
    let declared = format!("roles: {{etl: {{arn: \"{}\", source_identity: me}}}}", arn("etl"));
    let inventory = jobs(&[("ecs-task", &["hub", "etl", "deep"]), ("ecs-task", &["hub", "plain"])], &declared);
    let plan = plan_of(&inventory);
    check(&inventory, &plan);
    let of = |name| policy_of(&plan, name);
    assert_eq!(of("hub")["sts:SetSourceIdentity"], set(["etl"]));
    assert_eq!(of("etl")["sts:SetSourceIdentity"], set(["deep"]));
    assert!(!of("plain").contains_key("sts:SetSourceIdentity"));
}

#[test]
fn a_hub_with_many_next_hops_is_assumed_once_for_each_group_that_fits() {
    let names: Vec<String> =
        (0..200).map(|n| format!("a-role-with-a-rather-long-name-that-fills-policies-{n}")).collect();
    let paths: Vec<[&str; 2]> = names.iter().map(|name| ["hub", &**name]).collect();
    let listed: Vec<(&str, &[&str])> = paths.iter().map(|path| ("ecs-task", &path[..])).collect();
    let inventory = jobs(&listed, "");
    let plan = plan_of(&inventory);
    check(&inventory, &plan);
    let hubs: Vec<usize> = (0..plan.steps.len()).filter(|step| plan.steps[*step].role.name() == "hub").collect();
    let next = hubs.iter().flat_map(|hub| &plan.steps[*hub].next);
    let served: Vec<&str> = next.map(|next| plan.steps[*next].role.name()).collect();
    assert_eq!(served.len(), 200);
    assert_eq!(served.iter().copied().collect::<BTreeSet<_>>(), names.iter().map(String::as_str).collect());
    assert_eq!(plan.steps.len(), hubs.len() + 200);
    // An ARN has about 85 characters, so 200 ARNs need nine policies and few more.
    assert!((9..=12).contains(&hubs.len()), "{} groups", hubs.len());
    assert_eq!(plan.steps.iter().filter(|step| step.parent.is_none()).count(), hubs.len());
    for hub in &hubs[..hubs.len() - 1] {
        let length = plan.policy(*hub).len();
        assert!(length > LONGEST_SESSION_POLICY - 300, "a group is filled before the next: {length}");
    }
}

#[test]
fn groups_within_groups_keep_each_job_on_its_own_path() {
    let names: Vec<String> = (0..30).map(|n| format!("{n}-{}", "x".repeat(58))).collect();
    let listed: Vec<[&str; 3]> =
        names.iter().flat_map(|middle| names.iter().take(25).map(|last| ["hub", &**middle, &**last])).collect();
    let paths: Vec<(&str, &[&str])> = listed.iter().map(|path| ("ecs-task", &path[..])).collect();
    let inventory = jobs(&paths, "");
    let plan = plan_of(&inventory);
    check(&inventory, &plan);
    assert!(plan.paths.iter().flatten().all(|hop| matches!(hop, PlannedHop::Step(_))));
}

#[test]
fn a_reader_describes_few_roles_and_lists_many() {
    let plan_of_roles = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("role-{n}")).collect();
        let listed: Vec<[&str; 1]> = names.iter().map(|name| [&**name]).collect();
        let paths: Vec<(&str, &[&str])> = listed.iter().map(|path| ("ecs-task", &path[..])).collect();
        let inventory =
            jobs(&paths, "readers: {\"*\": {role: \"arn:aws:iam::{account}:role/reader\", external_id: abc}}");
        let plan = plan_of(&inventory);
        check(&inventory, &plan);
        plan
    };
    let few = plan_of_roles(4);
    let [reader] = &few.readers[..] else { panic!("{} readers", few.readers.len()) };
    assert!(!reader.lists && !few.roles.contains_key(&arn("reader")), "a reader is no role of a job");
    // 1 + 4 pages of 250 in an account within the default quota of 1,000 roles, or 1 + 5 by GetRole.
    let more = plan_of_roles(5);
    let [reader] = &more.readers[..] else { panic!("{} readers", more.readers.len()) };
    assert!(reader.lists && reader.roles.len() == 5);
    assert!(reader.reader.role == arn("reader") && reader.reader.external_id.as_deref() == Some("abc"));
}

#[test]
fn a_reader_describes_roles_in_groups_that_fit_a_session_policy() {
    let name = |n| format!("a-role-with-a-rather-long-name-that-fills-policies-{n}");
    let roles: Vec<RoleArn> = (0..100).map(|n| arn(&name(n))).collect();
    let reader = Reader { role: arn("reader"), external_id: Some("abc".to_owned()) };
    let steps = ReaderStep::one_by_one(&reader, roles.clone());
    assert!((5..=6).contains(&steps.len()), "{} groups", steps.len());
    for step in &steps {
        assert!(step.policy.len() <= LONGEST_SESSION_POLICY && !step.policy.contains('*'), "{}", step.policy);
        let named: BTreeSet<String> = step.roles.iter().map(ToString::to_string).collect();
        assert_eq!(allowed(&step.policy), BTreeMap::from([("iam:GetRole".to_owned(), named)]));
        assert!(!step.lists && step.reader == reader);
    }
    assert_eq!(steps.into_iter().flat_map(|step| step.roles).collect::<Vec<_>>(), roles, "each role once, none lost");
}

#[test]
fn each_account_has_its_own_reader_and_a_role_without_a_reader_reads_itself() {
    let text = r#"
readers:
  "222222222222": {role: "arn:aws:iam::222222222222:role/auditor"}
roles:
  quiet: {arn: "arn:aws:iam::333333333333:role/quiet", assume: false}
jobs:
  - {name: a, length: 1m, source: ecs-task,
     path: ["arn:aws:iam::111111111111:role/hub", "arn:aws:iam::222222222222:role/etl", quiet]}
  - {name: b, length: 1m, source: ecs-task, path: ["arn:aws:iam::222222222222:role/other"]}
"#;
    let inventory = inventory(text);
    let plan = plan_of(&inventory);
    check(&inventory, &plan);
    let by: BTreeMap<&str, &DescribedBy> = plan.roles.iter().map(|(role, by)| (role.name(), by)).collect();
    assert_eq!(
        by,
        BTreeMap::from([
            ("hub", &DescribedBy::Itself),
            ("etl", &DescribedBy::Reader(0)),
            ("other", &DescribedBy::Reader(0)),
            ("quiet", &DescribedBy::Checker)
        ])
    );
    assert_eq!(plan.readers.len(), 1);
    // A role that a reader describes needs no more than its next hops.
    assert!(policy_of(&plan, "hub").contains_key("iam:GetRole"));
}

#[test]
fn a_walk_stops_at_a_role_declared_with_assume_false() {
    let declared = format!("roles: {{quiet: {{arn: \"{}\", assume: false}}}}", arn("quiet"));
    let inventory = jobs(
        &[("ecs-task", &["hub", "quiet", "etl", "deep"]), ("ecs-task", &["quiet", "etl"]), ("ecs-task", &["etl"])],
        &declared,
    );
    let plan = plan_of(&inventory);
    check(&inventory, &plan);
    use PlannedHop::{BehindDeclared, Declared, Step};
    assert!(matches!(plan.paths[0][..], [Step(_), Declared, BehindDeclared, BehindDeclared]), "{:?}", plan.paths[0]);
    assert_eq!(plan.paths[1], [Declared, BehindDeclared]);
    assert!(matches!(plan.paths[2][..], [Step(_)]));
    assert_eq!(plan.steps.len(), 2, "hub and etl, each by the checker itself");
    assert!(
        !(0..plan.steps.len()).any(|step| plan.policy(step).contains("role/quiet")),
        "no session may assume what is not to be assumed"
    );
    assert_eq!(plan.roles[&arn("quiet")], DescribedBy::Checker);
    assert_eq!(plan.roles[&arn("deep")], DescribedBy::Checker);
}

#[test]
fn a_role_for_an_identity_provider_is_only_described_unless_declared_with_assume_true() {
    use PlannedHop::{BehindDeclared, Declared, Step};
    for source in ["web-identity", "saml", "{kind: saml, renewable: true}"] {
        let described = jobs(&[(source, &["hub", "etl"])], "");
        let plan = plan_of(&described);
        check(&described, &plan);
        assert_eq!(plan.paths[0], [Declared, BehindDeclared]);
        assert_eq!((plan.steps.len(), plan.roles.len()), (0, 2));

        let declared = |assume| format!("roles: {{hub: {{arn: \"{}\", assume: {assume}}}}}", arn("hub"));
        let assumed = jobs(&[(source, &["hub", "etl"])], &declared(true));
        let plan = plan_of(&assumed);
        check(&assumed, &plan);
        assert_eq!(plan.paths[0], [Step(0), Step(1)]);
        let refused = jobs(&[(source, &["hub", "etl"])], &declared(false));
        assert_eq!(plan_of(&refused).paths[0], [Declared, BehindDeclared]);
    }
    // The same role is assumed after another source or as a later hop.
    let mixed = jobs(&[("web-identity", &["hub"]), ("ecs-task", &["hub"]), ("ecs-task", &["etl", "hub"])], "");
    let plan = plan_of(&mixed);
    check(&mixed, &plan);
    assert_eq!(plan.paths[0], [Declared]);
    assert!(matches!((&plan.paths[1][..], &plan.paths[2][..]), ([Step(_)], [Step(_), Step(_)])));
    assert_eq!(plan.roles[&arn("hub")], DescribedBy::Itself);
}

#[test]
fn a_plan_has_only_the_calls_of_the_selected_jobs() {
    let inventory = jobs(&[("ecs-task", &["hub", "etl"]), ("ecs-task", &["other"])], "");
    let selected: Vec<&Job> = inventory.jobs.iter().skip(1).collect();
    let plan = Plan::new(&inventory, &selected);
    assert_eq!((plan.steps.len(), plan.paths.len(), plan.roles.len()), (1, 1, 1));
    assert_eq!(Plan::new(&inventory, &[]).calls(), 1, "the checker's own identity");
}

#[test]
fn the_longest_role_arns_fit_a_session_policy() {
    // Each quote is two characters in JSON, so reading the role and assuming one next role need separate sessions.
    // IAM accepts a path of 512 characters from `!` to `~`, with quotes and backslashes, and a name of 64.
    for filler in ["p", "\"", "\\"] {
        let long = |end: char| {
            RoleArn::parse(&format!("arn:aws:iam::111111111111:role/{}/{}{end}", filler.repeat(508), "n".repeat(63)))
                .unwrap()
        };
        let quoted = |end: char| serde_json::to_string(long(end).as_str()).unwrap();
        let inventory = inventory(&format!(
            "jobs: [{{name: j, length: 1m, source: ecs-task, path: [{}, {}]}}]",
            quoted('a'),
            quoted('b')
        ));
        check(&inventory, &plan_of(&inventory));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_is_sound_and_every_call_of_it_is_needed(
        paths in prop::collection::vec((0..5_usize, prop::collection::vec(0..8_usize, 1..5)), 1..40),
        assume in prop::collection::vec(prop::option::of(any::<bool>()), 8),
        identity in prop::collection::vec(any::<bool>(), 8),
        reader in any::<bool>(),
        length in 1..50_usize,
    ) {
        let sources = ["ecs-task", "iam-user", "web-identity", "saml", "codebuild"];
        let names: Vec<String> = (0..8).map(|n| format!("{n}{}", "x".repeat(length))).collect();
        let mut more = "roles:\n".to_owned();
        for (name, (assume, identity)) in names.iter().zip(assume.iter().zip(&identity)) {
            let assume = assume.map_or(String::new(), |assume| format!(", assume: {assume}"));
            let identity = if *identity { ", source_identity: me" } else { "" };
            more.push_str(&format!("  r{name}: {{arn: \"{}\"{assume}{identity}}}\n", arn(name)));
        }
        if reader {
            more.push_str("readers: {\"*\": \"arn:aws:iam::{account}:role/reader\"}\n");
        }
        let listed: Vec<Vec<&str>> = paths.iter().map(|(_, path)| path.iter().map(|n| &*names[*n]).collect()).collect();
        let named: Vec<(&str, &[&str])> =
            paths.iter().zip(&listed).map(|((source, _), path)| (sources[*source], &path[..])).collect();
        let inventory = jobs(&named, &more);
        let plan = plan_of(&inventory);
        check(&inventory, &plan);
        for role in plan.roles.keys() {
            // Otherwise the description would be useless.
            let with_maximum = |seconds| findings_with_maximum(&inventory, &plan, role, seconds);
            prop_assert_ne!(with_maximum(3600), with_maximum(43_200), "{}", role);
        }
        let again = plan_of(&jobs(&named, &more));
        prop_assert_eq!(format!("{:?}", plan), format!("{:?}", again));
        // The walk continues until a declaration forbids it, and stops there.
        for (job, planned) in inventory.jobs.iter().zip(&plan.paths) {
            let stop = (0..job.path.len()).find(|index| {
                let exchanged = *index == 0 && job.source.is_exchanged();
                !inventory.role(job.path[*index].role.arn().unwrap()).assume.unwrap_or(!exchanged)
            });
            let walked = planned.iter().take_while(|hop| matches!(hop, PlannedHop::Step(_))).count();
            prop_assert_eq!(walked, stop.unwrap_or(job.path.len()));
        }
    }
}
