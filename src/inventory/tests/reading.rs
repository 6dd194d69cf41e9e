//! What is written is what is read: the keys that came in 2026, and the documentation of the kinds.

use jiff::civil::date;

use super::check;
use crate::inventory::{
    Comments, Inventory, InventorySource, LengthFrom, RemoteFiles, Seconds, Source, SourceKind, Takes,
};

const ARN: &str = "arn:aws:iam::111111111111:role/hub";

fn inventory(jobs: &str) -> Inventory {
    let text = format!("version: 1\nroles:\n  hub: {{arn: \"{ARN}\"}}\njobs:\n{jobs}");
    Inventory::parse("team.yaml", &text).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn age_session_name_and_copied_hops_are_read() {
    let read = inventory(
        "  - {name: a, length: 1h, age: 30m, session_name: \"etl-*\", source: ecs-task, \
         path: [{role: hub, copied: true}, hub]}\n",
    );
    let job = &read.jobs[0];
    assert_eq!((job.age, job.needed()), (Seconds::minutes(30), Seconds::minutes(90)));
    assert_eq!(job.session_name.as_deref(), Some("etl-*"));
    assert_eq!(job.path.iter().map(|hop| hop.copied).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn the_parameters_of_the_new_kinds_are_read() {
    let hub = inventory("  - {name: a, length: 1h, source: ecs-task, path: [hub]}\n").jobs[0].path[0].role.clone();
    for (written, source) in [
        ("account-access", Source::AccountAccess { portal_session: Seconds::hours(8) }),
        ("{kind: account-access, portal_session: 2h}", Source::AccountAccess { portal_session: Seconds::hours(2) }),
        ("console-login", Source::ConsoleLogin { role: None, signin_session: None }),
        (
            "{kind: console-login, role: hub, signin_session: 90d}",
            Source::ConsoleLogin { role: Some(hub), signin_session: Some(Seconds::hours(90 * 24)) },
        ),
        ("{kind: issued, duration: 1h}", Source::Issued { duration: Seconds::hours(1), renewable: false }),
        (
            "{kind: issued, duration: 1h, renewable: true}",
            Source::Issued { duration: Seconds::hours(1), renewable: true },
        ),
        ("service-role", Source::ServiceRole { duration: None }),
        ("{kind: service-role, duration: 1h}", Source::ServiceRole { duration: Some(Seconds::hours(1)) }),
    ] {
        let read = inventory(&format!("  - {{name: a, length: 1h, source: {written}, path: [hub]}}\n"));
        assert_eq!(read.jobs[0].source, source, "{written}");
    }
}

#[test]
fn an_inventory_is_written_as_it_was_read() {
    let path = "path: [{role: hub, duration: 15m, copied: true}]";
    let read = inventory(&format!(
        "  - {{name: a, length: 1h, age: 30m, source: {{kind: console-login, role: hub}}, {path}}}\n  \
         - {{name: b, length: 1h, session_name: \"b-*\", source: {{kind: issued, duration: 2h, renewable: true}}}}\n  \
         - {{name: c, length: 1h, source: {{kind: service-role, duration: 2h}}}}\n  \
         - {{name: d, length: 1h, source: {{kind: account-access, portal_session: 2h}}, path: [hub]}}\n\
         accounts: {{\"111111111111\": data-prod}}\n"
    ));
    let written = read.to_yaml(&crate::inventory::Comments::default());
    let again = Inventory::parse("again.yaml", &written).unwrap_or_else(|problems| panic!("{written}\n{problems}"));
    let jobs = |inventory: &Inventory| {
        let mut jobs = inventory.jobs.clone();
        jobs.iter_mut().for_each(|job| job.location = Default::default());
        jobs
    };
    assert_eq!(jobs(&again), jobs(&read));
    assert_eq!(again.accounts, read.accounts);
}

#[test]
fn sources_whose_credentials_are_not_used_directly_need_a_path() {
    for (source, help) in [
        ("iam-user", "the user assumes"),
        ("web-identity", "token is exchanged"),
        ("saml", "token is exchanged"),
        ("account-access", "account access manager"),
    ] {
        check(&format!("version: 1\njobs: [{{name: a, length: 1h, source: «{source}}}]\n"), &[("has no path", help)]);
    }
    for source in ["console-login", "service-role", "{kind: issued, duration: 1h}"] {
        inventory(&format!("  - {{name: a, length: 1h, source: {source}}}\n"));
    }
}

#[test]
fn issued_credentials_state_their_duration() {
    check(
        "version: 1\njobs: [{name: a, length: 1h, source: «issued}]\n",
        &[("`issued` needs parameters", "{kind: issued, duration: …}")],
    );
    check(
        "version: 1\njobs: [{name: a, length: 1h, source: «{kind: issued, renewable: true}}]\n",
        &[("has no `duration`", "duration:")],
    );
}

#[test]
fn a_lambda_function_runs_up_to_90_minutes() {
    inventory("  - {name: a, length: 5400s, source: lambda}\n");
    check(
        "version: 1\njobs: [{name: a, length: «5401s, source: lambda}]\n",
        &[("cannot run for 1h30m1s", "30m, on Lambda Managed Instances 1h30m")],
    );
}

#[test]
fn the_role_of_a_console_login_is_resolved_like_any_other() {
    check(
        "version: 1\njobs: [{name: a, length: 1h, source: {kind: console-login, role: «hub}}]\n",
        &[("`hub` is not an alias", "roles:")],
    );
}

#[test]
fn accounts_have_names() {
    let read = inventory("  - {name: a, length: 1h, source: ecs-task}\naccounts: {\"222222222222\": data-prod}\n");
    assert_eq!(read.accounts.get("222222222222").map(String::as_str), Some("data-prod"));
    check(
        "version: 1\njobs: [{name: a, length: 1h, source: ecs-task}]\naccounts: {«production: data}\n",
        &[("`production` is not an account", "12 digits")],
    );
}

#[test]
fn a_waiver_longer_than_longest_waiver_is_an_error() {
    let load = |until: &'static str, longest: &'static str| {
        let text = format!(
            "version: 1\n{longest}\njobs: [{{name: a, length: 1h, source: ecs-task}}]\n\
             waivers: [{{finding: thin-margin, job: a, until: {until}, reason: r}}]\n"
        );
        let from = InventorySource::Text { name: "team.yaml".to_owned(), text };
        let loaded = Inventory::load(&from.into(), RemoteFiles::default(), date(2026, 11, 30));
        loaded.map_err(|problems| problems.to_string())
    };
    for (until, longest) in [
        ("2027-11-30", ""),
        ("2020-01-01", ""),
        ("2027-02-28", "longest_waiver: 90d"),
        ("2099-12-31", "longest_waiver: 36500d"),
    ] {
        assert!(load(until, longest).is_ok(), "{until} {longest}");
    }
    for (until, longest, said) in [
        ("2027-12-01", "", "lasts longer than 365 days, the `longest_waiver`"),
        ("2027-03-01", "longest_waiver: 90d", "write a day up to 2027-02-28"),
    ] {
        let problems = load(until, longest).unwrap_err();
        assert!(problems.contains(said) && problems.contains("1 problem"), "{problems}");
    }
}

#[test]
fn the_documentation_lists_every_kind_of_source_with_its_parameters() {
    let page = include_str!("../../../docs/inventory.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .skip_while(|line| *line != "## Sources")
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let expected: Vec<(String, Vec<String>)> = SourceKind::ALL
        .iter()
        .map(|kind| {
            let parameters = kind.parameters().iter().map(|parameter| format!("`{}`", parameter.name));
            (format!("`{}`", kind.as_str()), parameters.collect())
        })
        .collect();
    let documented: Vec<(String, Vec<String>)> = rows
        .iter()
        .map(|row| {
            let parameters = row[1].split('`').skip(1).step_by(2).map(|name| format!("`{name}`")).collect();
            (row[0].to_owned(), parameters)
        })
        .collect();
    assert_eq!(documented, expected);
}

#[test]
fn every_parameter_that_is_a_role_is_named_role() {
    let roles = SourceKind::ALL.iter().flat_map(|kind| kind.parameters()).filter(|p| p.takes == Takes::Role);
    assert!(roles.map(|p| p.name).eq(["role"]));
}

#[test]
fn a_written_inventory_declares_no_limit_that_nobody_stated() {
    for source in [
        "identity-center",
        "{kind: identity-center, session: 4h}",
        "{kind: identity-center, portal_session: 12h}",
        "{kind: identity-center, permission_set: Admin}",
        "{kind: identity-center, permission_set: Admin, session: 1h}",
        "{kind: account-access, portal_session: 8h}",
    ] {
        let path = "[\"arn:aws:iam::111111111111:role/hub\"]";
        let text = format!("version: 1\njobs: [{{name: j, length: 1h, source: {source}, path: {path}}}]\n");
        let first = Inventory::parse("a.yaml", &text).unwrap();
        let again = Inventory::parse("a.yaml", &first.to_yaml(&Comments::default())).unwrap();
        let job = |inventory: &Inventory| (inventory.jobs[0].source.clone(), inventory.jobs[0].unstated);
        assert_eq!(job(&first), job(&again), "{source}");
    }
    let function = "{kind: lambda, function: \"arn:aws:lambda:eu-west-1:111111111111:function:etl\"}";
    let text = format!("version: 1\njobs: [{{name: j, source: {function}}}]\nidentity_center: {{region: eu-west-1}}\n");
    let first = Inventory::parse("a.yaml", &text).unwrap();
    let again = Inventory::parse("a.yaml", &first.to_yaml(&Comments::default())).unwrap();
    assert_eq!((first.jobs[0].length, first.jobs[0].length_from), (Seconds(5400), LengthFrom::LongestTimeout));
    assert_eq!(first.jobs[0].length_from, again.jobs[0].length_from);
    assert_eq!(first.identity_center, again.identity_center);
}
