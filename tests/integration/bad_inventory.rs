//! The parser of inventories. A bad inventory gives one error for each problem, all at once. Each error has a place,
//! the offending text and the right form.
//!
//! In the texts, each `«` marks the expected place of a problem. The mark is removed before the text is parsed.

use std::fs;
use std::path::Path;

use credential_health::inventory::{
    Inventory, InventorySource, Location, Problems, Refresh, RemoteFiles, RoleArn, RoleRef, Seconds, Source,
};

/// The expected parts of a problem: one of its message (mostly the offending text) and one of its help.
type Expected<'a> = (&'a str, &'a str);

/// Removes the marks from a text and returns their lines and columns.
fn marked(text: &str) -> (String, Vec<(usize, usize)>) {
    let (mut plain, mut marks, mut line, mut column) = (String::new(), Vec::new(), 1, 1);
    for character in text.chars() {
        match character {
            '«' => {
                marks.push((line, column));
                continue;
            }
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
        plain.push(character);
    }
    (plain, marks)
}

/// The difference between the problems of a marked text and the expected problems, if there is one.
fn mistake(text: &str, expected: &[Expected]) -> Option<String> {
    let (plain, marks) = marked(text);
    assert_eq!(marks.len(), expected.len(), "each expected problem needs a mark: {text}");
    let found = match Inventory::parse("team.yaml", &plain) {
        Ok(_) => return Some(format!("{text}\n  is accepted")),
        Err(problems) => problems,
    };
    let as_expected = found.iter().count() == expected.len()
        && found.iter().zip(marks.iter().zip(expected)).all(|(problem, (mark, (message, help)))| {
            (problem.location.line, problem.location.column) == *mark
                && &*problem.location.file == "team.yaml"
                && problem.message.contains(message)
                && problem.help.contains(help)
        });
    let listed = |problem: &credential_health::inventory::Diagnostic| {
        let place = (problem.location.line, problem.location.column);
        format!("  found {place:?} {} / {}", problem.message, problem.help)
    };
    (!as_expected).then(|| {
        format!(
            "{text}\n  expected {marks:?} {expected:?}\n{}",
            found.iter().map(listed).collect::<Vec<_>>().join("\n")
        )
    })
}

fn check(cases: &[(String, &[Expected])]) {
    let wrong: Vec<String> = cases.iter().filter_map(|(text, expected)| mistake(text, expected)).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

/// An inventory with one job that has these keys besides its name.
fn job(keys: &str) -> String {
    format!("version: 1\njobs:\n  - {{name: j, {keys}}}\n")
}

/// An inventory with a good job, two good roles, and more.
fn beside_a_job(more: &str) -> String {
    format!(
        "version: 1\nroles:\n  hub: {{arn: \"arn:aws:iam::111111111111:role/hub\"}}\n  etl: {{arn: \
            \"arn:aws:iam::222222222222:role/etl\"}}\njobs:\n  - {{name: j, length: 1h, source: ecs-task, path: \
            [hub]}}\n{more}\n"
    )
}

/// An inventory with a good job and one role.
fn role(details: &str) -> String {
    format!("version: 1\njobs: [{{name: j, length: 1h, source: ecs-task}}]\nroles:\n  hub: {{{details}}}\n")
}

/// A job with one hop.
fn hop(written: &str) -> String {
    job(&format!("length: 1h, source: ecs-task, path: [{written}]"))
}

const ARN: &str = "arn: \"arn:aws:iam::111111111111:role/hub\"";

#[test]
#[rustfmt::skip] // One case a line.
fn an_unknown_key_is_an_error_that_suggests_the_nearest_known_key() {
    check(&[
        (beside_a_job("«waviers: []"), &[("`waviers`", "`waivers`")]),
        (beside_a_job("defaults: {«margn: 10m}"), &[("`margn`", "`margin`")]),
        (role(&format!("{ARN}, «externalid: xyz")), &[("`externalid`", "`external_id`")]),
        (role(&format!("{ARN}, «max_session: 1h")), &[("`max_session`", "max_session_duration")]),
        (job("length: 1h, source: ecs-task, «refesh: auto"), &[("`refesh`", "`refresh`")]),
        (job("length: 1h, source: ecs-task, «zzzzzzzz: 1"), &[("`zzzzzzzz`",
            "name, owner, length, pause, age, margin, session_name, measured_by, source, path, refresh")]),
        (job("length: 1h, source: {kind: session-token, «duratoin: 1h}"), &[("`duratoin`", "`duration`")]),
        (job("length: 1h, source: {kind: ecs-task, «duration: 1h}"), &[("`duration`", "kind")]),
        (job("length: 1h, source: {kind: iam-user, «renewable: true}, path: \
            [\"arn:aws:iam::111111111111:role/hub\"]"), &[("`renewable`", "mfa")]),
        (hop("{role: \"arn:aws:iam::111111111111:role/hub\", «durations: 1h}"), &[("`durations`", "`duration`")]),
        (job("length: 1h, source: ecs-task, refresh: {every: 5m, «evry: 5m}"), &[("`evry`", "`every`")]),
        (beside_a_job("readers: {\"111111111111\": {role: hub, «external: xyz}}"), &[("`external`", "external_id")]),
        (
            beside_a_job("waivers: [{finding: thin-margin, job: j, until: 2027-01-31, reason: r, «aprover: me}]"),
            &[("`aprover`", "`approver`")],
        ),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_duplicate_key_is_an_error() {
    check(&[
        (beside_a_job("«jobs: []"), &[("`jobs`", "line 5")]),
        (job("length: 1h, source: ecs-task, «length: 2h"), &[("`length`", "line 3")]),
        (role(&format!("{ARN}, «{ARN}")), &[("`arn`", "")]),
        (beside_a_job("readers:\n  \"111111111111\": hub\n  «\"111111111111\": hub"), &[("`111111111111`", "line 8")]),
        ("version: 1\nroles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/hub\"}\n  «hub: {arn: \
            \"arn:aws:iam::111111111111:role/hub2\"}\njobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(),
                &[("`hub`", "line 3")]),
        (job("length: 1h, source: {kind: saml, renewable: true, «renewable: true}, path: \
            [\"arn:aws:iam::111111111111:role/hub\"]"), &[("`renewable`", "")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_missing_value_is_reported_at_the_map_that_lacks_it() {
    check(&[
        ("«jobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(), &[("`version`", "version")]),
        ("version: 1\njobs:\n  - «{length: 1h, source: ecs-task}\n".to_owned(), &[("`name`", "name:")]),
        ("version: 1\njobs:\n  - «{name: j, source: ecs-task}\n".to_owned(), &[("`length`", "length:")]),
        ("version: 1\njobs:\n  - «{name: j, length: , source: ecs-task}\n".to_owned(), &[("`length`", "length:")]),
        ("version: 1\njobs:\n  - «name: j\n    length: 1h\n".to_owned(), &[("`source`", "source:")]),
        (job("length: 1h, source: «{}"), &[("`kind`", "kind:")]),
        (job("length: 1h, source: ecs-task, refresh: «{}"), &[("`every`", "every:")]),
        (hop("«{duration: 1h}"), &[("`role`", "role:")]),
        ("version: 1\njobs: [{name: j, length: 1h, source: ecs-task}]\n\
            roles:\n  hub: «{external_id: xyz}\n".to_owned(), &[("`arn`", "arn:")]),
        (beside_a_job("readers: {\"111111111111\": «{external_id: xyz}}"), &[("`role`", "role:")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_wrong_type_is_an_error_that_names_the_found_and_the_expected_type() {
    check(&[
        (beside_a_job("defaults: «10m"), &[("text", "map")]),
        (beside_a_job("defaults: {owner: «[a]}"), &[("`owner` is a list", "text")]),
        (beside_a_job("readers: «[hub]"), &[("`readers` is a list", "readers")]),
        (beside_a_job("waivers: «{}"), &[("`waivers` is a map", "- ")]),
        ("version: 1\njobs: «nightly\n".to_owned(), &[("`jobs` is text", "- ")]),
        ("version: 1\njobs:\n  - «nightly\n".to_owned(), &[("text", "map")]),
        ("version: 1\nroles: «[]\njobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(),
            &[("`roles` is a list", "roles")]),
        ("version: 1\njobs:\n  - {name: «5, length: 1h, source: ecs-task}\n".to_owned(), &[("`name` is a bare number",
            "quotes")]),
        ("version: 1\njobs:\n  - {name: «true, length: 1h, source: ecs-task}\n".to_owned(), &[("`name`", "quotes")]),
        ("version: 1\njobs:\n  - {name: «\"\", length: 1h, source: ecs-task}\n".to_owned(), &[("`name` is empty",
            "name")]),
        (job("length: «true, source: ecs-task"), &[("`length`", "1h30m")]),
        (job("length: «[1h], source: ecs-task"), &[("`length` is a list", "1h30m")]),
        (job("length: 1h, source: «[ecs-task]"), &[("a list", "map")]),
        (job("length: 1h, source: «ecs-tsk"), &[("`ecs-tsk`", "`ecs-task`")]),
        (job("length: 1h, source: {kind: «ecs-tsk}"), &[("`ecs-tsk`", "`ecs-task`")]),
        (job("length: 1h, source: «ECS-Task"), &[("`ECS-Task`", "ecs-task")]),
        (job("length: 1h, source: {kind: iam-user, mfa: «yes}, path: [\"arn:aws:iam::111111111111:role/hub\"]"),
            &[("`mfa` is text", "`true` or `false`")]),
        (job("length: 1h, source: {kind: web-identity, renewable: «1}, path: \
            [\"arn:aws:iam::111111111111:role/hub\"]"), &[("`renewable`", "`true` or `false`")]),
        (role(&format!("{ARN}, assume: «\"true\"")), &[("`assume`", "`true` or `false`")]),
        (job("length: 1h, source: ecs-task, path: «hub"), &[("`path` is text", "- ")]),
        (job("length: 1h, source: ecs-task, path: [«5]"), &[("a bare number", "")]),
        (job("length: 1h, source: ecs-task, refresh: «always"), &[("`always`", "{every: 30m}")]),
        (job("length: 1h, source: ecs-task, refresh: «30m"), &[("`30m`", "{every: 30m}")]),
        (job("length: 1h, source: ecs-task, refresh: «true"), &[("`refresh`", "`auto`")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_version_other_than_1_is_an_error() {
    check(&[
        ("version: «2\njobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(), &[("version", "`version: 1`")]),
        ("version: «\"1\"\njobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(), &[("version",
            "`version: 1`")]),
        ("version: «one\njobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(), &[("version", "`version: 1`")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_fractional_a_negative_and_a_unitless_duration_are_refused() {
    check(&[
        (job("length: «4, source: ecs-task"), &[("`4` is a bare number", "`4s`")]),
        (job("length: «\"3600\", source: ecs-task"), &[("`3600` is a bare number", "`3600s`")]),
        (job("length: «0, source: ecs-task"), &[("`0` is a bare number", "`0s`")]),
        (job("length: 1h, pause: «30, source: ecs-task"), &[("`pause`: `30` is a bare number", "`30s`")]),
        (job("length: 1h, margin: «5, source: ecs-task"), &[("`margin`: `5` is a bare number", "`5s`")]),
        (beside_a_job("defaults: {margin: «600}"), &[("`margin`: `600` is a bare number", "`600s`")]),
        (job("length: 1h, source: {kind: session-token, duration: «43200}"), &[("`43200` is a bare number",
            "`43200s`")]),
        (job("length: 1h, source: {kind: identity-center, portal_session: «8}"),
            &[("`portal_session`: `8` is a bare number", "`8s`")]),
        (hop("{role: \"arn:aws:iam::111111111111:role/hub\", duration: «3600}"), &[("`3600` is a bare number",
            "`3600s`")]),
        (role(&format!("{ARN}, max_session_duration: «3600")), &[("`3600` is a bare number", "`3600s`")]),
        (job("length: 1h, source: ecs-task, refresh: {every: «30}"), &[("`every`: `30` is a bare number", "`30s`")]),
        (job("length: «-5m, source: ecs-task"), &[("`-5m` is negative", "`1h30m`")]),
        (job("length: «-5, source: ecs-task"), &[("`-5` is negative", "`1h30m`")]),
        (job("length: «PT-4H, source: ecs-task"), &[("`PT-4H` is negative", "`PT4H`")]),
        (job("length: «1.5h, source: ecs-task"), &[("`1.5h` is not whole", "`1h30m`")]),
        (job("length: «PT1.5H, source: ecs-task"), &[("`PT1.5H` is not whole", "`PT4H`")]),
        (job("length: «\"PT1,5H\", source: ecs-task"), &[("`PT1,5H` is not whole", "`PT4H`")]),
        (job("length: «P1M, source: ecs-task"), &[("`P1M` counts in months", "`PT4H`")]),
        (job("length: «P1Y, source: ecs-task"), &[("`P1Y` counts in months or years", "`PT4H`")]),
        (job("length: «1mo, source: ecs-task"), &[("`1mo`", "`1h30m`")]),
        (job("length: «30m1h, source: ecs-task"), &[("`30m1h` is not a duration", "`1h30m`")]),
        (job("length: «1h1h, source: ecs-task"), &[("`1h1h` is not a duration", "`1h30m`")]),
        (job("length: «+1h, source: ecs-task"), &[("`+1h` is not a duration", "`1h30m`")]),
        (job("length: «1h 30m, source: ecs-task"), &[("`1h 30m` is not a duration", "`1h30m`")]),
        (job("length: «4H, source: ecs-task"), &[("`4H` is not a duration", "`1h30m`")]),
        (job("length: «PT, source: ecs-task"), &[("`PT` is not a duration", "`PT4H`")]),
        (job("length: «h, source: ecs-task"), &[("`h` is not a duration", "`1h30m`")]),
        (job("length: «1:30:00, source: ecs-task"), &[("`1:30:00` is not a duration", "`1h30m`")]),
        (job("length: «500ms, source: ecs-task"), &[("`500ms` is not a duration", "`1h30m`")]),
        (job("length: «1h90000ms, source: ecs-task"), &[("`1h90000ms` is not a duration", "`1h30m`")]),
        (job("length: «forever, source: ecs-task"), &[("`forever` is not a duration", "`1h30m`")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_bad_duration_is_quoted_as_written_and_the_hint_suggests_a_valid_one() {
    check(&[
        (job("length: «99999999999999999999999, source: ecs-task"), &[("`99999999999999999999999` is a bare number",
            "")]),
        (job("length: «1e3, source: ecs-task"), &[("`1e3`", "")]),
        // `1.5s` is refused as well, so the hint must not suggest it.
        (job("length: «1.5, source: ecs-task"), &[("`1.5`", "`1h30m`")]),
        // A hyphen in a word does not make a number negative.
        (job("length: «half-an-hour, source: ecs-task"), &[("`half-an-hour` is not a duration", "`1h30m`")]),
    ]);
    let problems = Inventory::parse("team.yaml", &job("length: 1.5, source: ecs-task")).unwrap_err();
    assert!(problems.iter().all(|problem| !problem.help.contains("1.5s")), "{problems}");
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_role_is_named_by_its_alias_or_its_role_arn() {
    check(&[
        (beside_a_job("  - {name: k, length: 1h, source: ecs-task, path: [«hubb]}"), &[("`hubb`", "`hub`")]),
        (beside_a_job("  - {name: k, length: 1h, source: ecs-task, path: [hub, {role: «elt, duration: 1h}]}"),
            &[("`elt`", "`etl`")]),
        (hop("«warehouse"), &[("`warehouse` is not an alias", "roles:")]),
        (hop("«arn:aws:sts::111111111111:assumed-role/etl/session"), &[("is a session of a role",
            "arn:aws:iam::111111111111:role/etl")]),
        (hop("«arn:aws:iam::111111111111:user/bob"), &[("arn:aws:iam::111111111111:user/bob", "iam-user")]),
        (hop("«arn:aws:iam::111111111111:instance-profile/web"), &[("is an instance profile", "ec2-instance")]),
        (hop("«arn:aws:iam::111111111111:group/ops"), &[("arn:aws:iam::111111111111:group/ops", "role/NAME")]),
        (hop("«arn:aws:iam::11111111111:role/short"), &[("12 digits", "role/NAME")]),
        (hop("«arn:aws:iam::111111111111:role/"), &[("arn:aws:iam::111111111111:role/", "role/NAME")]),
        (hop("«\"arn:aws:iam::111111111111:role/*\""), &[("role/*", "role/NAME")]),
        (hop("«arn:aws:iam:eu-west-1:111111111111:role/regional"), &[("eu-west-1", "role/NAME")]),
        (hop("«arn:aws:s3:::bucket"), &[("arn:aws:s3:::bucket", "role/NAME")]),
        (hop("«arn:gcp:iam::111111111111:role/r"), &[("partition", "arn:aws:iam")]),
        (role("arn: «hub"), &[("`hub` is not an ARN", "role/NAME")]),
        (role("arn: «arn:aws:sts::111111111111:assumed-role/etl/session"), &[("is a session of a role",
            "arn:aws:iam::111111111111:role/etl")]),
        (beside_a_job("readers: {\"111111111111\": «hubb}"), &[("`hubb`", "`hub`")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_second_alias_and_settings_that_aws_refuses_are_errors() {
    check(&[
        (
            "version: 1\nroles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/hub\"}\n  core: {arn: \
                «\"arn:aws:iam::111111111111:role/hub\"}\njobs: [{name: j, length: 1h, source: ecs-task, path: \
                [core]}]\n".to_owned(),
            &[("`hub` too (team.yaml:3)", "one alias")],
        ),
        (role(&format!("{ARN}, max_session_duration: «59m59s")), &[("59m59s is outside 1h to 12h", "3600s to 43200s")]),
        (role(&format!("{ARN}, max_session_duration: «43201s")), &[("12h1s is outside 1h to 12h", "3600s to 43200s")]),
        (role(&format!("{ARN}, max_session_duration: «0s")), &[("0s is outside 1h to 12h", "3600s to 43200s")]),
        (role(&format!("{ARN}, external_id: «x")), &[("`x`", "2 to 1224")]),
        (role(&format!("{ARN}, external_id: «\"two words\"")), &[("`two words`", "2 to 1224")]),
        (role(&format!("{ARN}, session_name: «a/b")), &[("`a/b`", "2 to 64")]),
        (role(&format!("{ARN}, session_name: «{}", "n".repeat(65))), &[("session_name", "2 to 64")]),
        (role(&format!("{ARN}, source_identity: «aws:me")), &[("aws:", "prefix")]),
    ]);
    for fits in ["max_session_duration: 1h", "max_session_duration: 12h", "external_id: ab", "session_name: a_+=.@-9",
        "source_identity: me"] {
        Inventory::parse("team.yaml", &role(&format!("{ARN}, {fits}"))).unwrap_or_else(|problems| panic!("{problems}"));
    }
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_path_across_partitions_or_with_more_than_twelve_hops_is_refused() {
    let role = |number| format!("arn:aws:iam::111111111111:role/r{number}");
    let hops = |count: usize| (0..count).map(role).collect::<Vec<_>>().join(", ");
    check(&[
        (hop("arn:aws:iam::111111111111:role/a, «arn:aws-cn:iam::111111111111:role/b"), &[("partition aws-cn",
            "partition")]),
        (hop("arn:aws:iam::111111111111:role/a, arn:aws:iam::111111111111:role/b, {role: \
            «\"arn:aws-us-gov:iam::111111111111:role/c\", duration: 1h}"), &[("partition aws-us-gov", "partition")]),
        (job(&format!("length: 1h, source: ecs-task, path: «[{}]", hops(13))), &[("13 hops", "at most 12")]),
    ]);
    for good in [hops(12), "arn:aws-cn:iam::111111111111:role/a, arn:aws-cn:iam::111111111111:role/b".to_owned()] {
        Inventory::parse("team.yaml", &hop(&good)).unwrap_or_else(|problems| panic!("{problems}"));
    }
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_job_needs_a_unique_name_and_a_possible_source() {
    let long = "j".repeat(257);
    check(&[
        ("version: 1\njobs:\n  - {name: j, length: 1h, source: ecs-task}\n  - {name: «j, length: 2h, source: \
            codebuild}\n".to_owned(), &[("`j` is at team.yaml:3", "its own name")]),
        (format!("version: 1\njobs:\n  - {{name: «{long}, length: 1h, source: ecs-task}}\n"), &[("257", "256")]),
        ("version: 1\njobs:\n  - {name: «\"a\\u0007b\", length: 1h, source: ecs-task}\n".to_owned(),
            &[("control character", "plain text")]),
        (job("length: 1h, source: «iam-user"), &[("`iam-user` has no path", "`path:`")]),
        (job("length: 1h, source: «iam-user, path: []"), &[("`iam-user` has no path", "`path:`")]),
        (job("length: 1h, source: «{kind: web-identity}"), &[("`web-identity` has no path", "exchanged")]),
        (job("length: 1h, source: «saml"), &[("`saml` has no path", "exchanged")]),
        (job("length: «5401s, source: lambda"), &[("1h30m1s", "1h30m")]),
        (job("length: «2h, source: {kind: lambda}, path: [\"arn:aws:iam::111111111111:role/hub\"]"), &[("2h",
            "1h30m")]),
        (job("length: 1h, source: {kind: identity-center, session: «59m}"), &[("59m is outside 1h to 12h",
            "1h to 12h")]),
        (job("length: 1h, source: {kind: identity-center, session: «43201s}"), &[("12h1s is outside 1h to 12h",
            "1h to 12h")]),
        (job("length: 1h, source: {kind: identity-center, session: «0s}"), &[("0s is outside 1h to 12h", "1h to 12h")]),
        (job("length: 1h, source: {kind: console-login, signin_session: «91d}"), &[("91 days is outside 1h to 90 days",
            "1h to 90 days")]),
        (job("length: 1h, source: {kind: console-login, signin_session: «1m}"), &[("1m is outside 1h to 90 days",
            "1h to 90 days")]),
        ("«version: 1\n".to_owned(), &[("no job", "`jobs:`")]),
        ("«version: 1\njobs: []\n".to_owned(), &[("no job", "`jobs:`")]),
    ]);
    for good in ["length: 90m, pause: 1h, source: lambda",
        "length: 1h, source: {kind: identity-center, session: 12h, portal_session: 15m}",
        "length: 1h, source: {kind: console-login, signin_session: 1h}",
        "length: 1h, source: {kind: console-login, signin_session: 90d}"] {
        Inventory::parse("team.yaml", &job(good)).unwrap_or_else(|problems| panic!("{problems}"));
    }
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_reader_of_another_account_is_refused() {
    check(&[
        (beside_a_job("readers: {\"333333333333\": «hub}"),
            &[("arn:aws:iam::111111111111:role/hub is not in account 333333333333", "own account")]),
        (beside_a_job("readers: {\"333333333333\": {role: «\"arn:aws:iam::111111111111:role/reader\"}}"),
            &[("not in account 333333333333", "own account")]),
        (beside_a_job("readers: {\"*\": «\"arn:aws:iam::111111111111:role/reader\"}"), &[("one account", "{account}")]),
        (beside_a_job("readers: {\"*\": «hub}"), &[("one account", "{account}")]),
        (beside_a_job("readers: {\"*\": {role: «\"arn:aws:iam::{account}:user/reader\"}}"), &[("is an IAM user", "")]),
        (beside_a_job("readers: {«production: hub}"), &[("`production` is not an account", "12 digits")]),
        (beside_a_job("readers: {«\"11111111111\": hub}"), &[("`11111111111` is not an account", "12 digits")]),
        (beside_a_job("readers: {\"111111111111\": {role: hub, external_id: «x}}"), &[("`x`", "2 to 1224")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_waiver_without_finding_target_reason_or_last_day_is_refused() {
    let waiver = |keys: &str| beside_a_job(&format!("waivers:\n  - {keys}"));
    check(&[
        (waiver("«{finding: thin-margin, until: 2027-01-31, reason: r}"), &[("neither a job nor a role",
            "`job:`, `role:`")]),
        (waiver("«{finding: thin-margin, job: j, until: 2027-01-31}"), &[("`reason`", "reason:")]),
        (waiver("{finding: thin-margin, job: j, until: 2027-01-31, reason: «\"  \"}"), &[("`reason` is empty",
            "reason")]),
        (waiver("«{finding: thin-margin, job: j, reason: r}"), &[("`until`", "until:")]),
        (waiver("«{job: j, until: 2027-01-31, reason: r}"), &[("`finding`", "finding:")]),
        (waiver("{finding: «thin-margn, job: j, until: 2027-01-31, reason: r}"), &[("`thin-margn`", "`thin-margin`")]),
        (waiver("{finding: «whatever-it-is, job: j, until: 2027-01-31, reason: r}"), &[("`whatever-it-is`",
            "docs/findings")]),
        (waiver("{finding: «\"*\", job: j, until: 2027-01-31, reason: r}"), &[("`*`", "")]),
        (waiver("{finding: thin-margin, job: j, until: «2027-02-30, reason: r}"), &[("`2027-02-30` is not a date",
            "YYYY-MM-DD")]),
        (waiver("{finding: thin-margin, job: j, until: «tomorrow, reason: r}"), &[("`tomorrow` is not a date",
            "YYYY-MM-DD")]),
        (waiver("{finding: thin-margin, job: j, until: «31.01.2027, reason: r}"), &[("`31.01.2027` is not a date",
            "YYYY-MM-DD")]),
        (waiver("{finding: thin-margin, job: j, until: «\"2027-01-31T00:00\", reason: r}"), &[("2027-01-31T00:00",
            "YYYY-MM-DD")]),
        (waiver("«««{job: j}"), &[("`finding`", ""), ("`until`", ""), ("`reason`", "")]),
    ]);
}

#[test]
#[rustfmt::skip] // One case a line.
fn text_that_is_not_an_inventory_is_one_problem_with_a_place() {
    check(&[
        ("«# nothing\n# but comments\n".to_owned(), &[("empty", "`version: 1`")]),
        ("«- name: j\n".to_owned(), &[("a list", "map")]),
        ("«nightly\n".to_owned(), &[("text", "map")]),
        ("«5\n".to_owned(), &[("a bare number", "map")]),
        ("version: 1\njobs:\n  - «{name: j, length: 1h\n".to_owned(), &[("{", "YAML")]),
        ("version: 1\njobs:\n«\t- name: j\n".to_owned(), &[("tab", "YAML")]),
        ("version: 1\njobs:«\u{0}\n".to_owned(), &[("character", "YAML")]),
        ("version: 1\njobs: «*nowhere\n".to_owned(), &[("alias", "&anchor")]),
        ("version: 1\njobs: [{name: j, length: 1h, source: ecs-task}]\n«---\nversion: 1\n".to_owned(), &[("document",
            "")]),
    ]);
}

/// One error for each problem: its consequences are not reported as further problems.
#[test]
#[rustfmt::skip] // One case a line.
fn a_problem_is_not_reported_again_by_its_dependents() {
    check(&[
        ("version: 1\nroles:\n  hub: «\"arn:aws:iam::111111111111:role/hub\"\n\
            jobs:\n  - {name: j, length: 1h, source: iam-user, path: [hub]}\n  - {name: k, length: 1h, source: \
            iam-user, path: [hub]}\n".to_owned(), &[("text", "map")]),
        ("version: 1\nroles:\n  hub: {arn: «nothing}\njobs:\n  - {name: j, length: 1h, source: iam-user, path: \
            [hub]}\n".to_owned(), &[("`nothing`", "role/NAME")]),
        ("version: 1\nroles: «[hub]\njobs:\n  - {name: j, length: 1h, source: iam-user, path: [hub]}\n".to_owned(),
            &[("`roles` is a list", "roles")]),
        (job("length: 1h, source: iam-user, path: «hub"), &[("`path` is text", "- ")]),
        (job("length: 1h, source: iam-user, path: [«5]"), &[("a bare number", "")]),
        (job("length: 1h, source: iam-user, path: [«{duration: 1h}]"), &[("`role`", "role:")]),
        (beside_a_job("waivers: [{finding: thin-margin, job: «5, until: 2027-01-31, reason: r}]"),
            &[("`job` is a bare number", "quotes")]),
        ("version: 1\njobs:\n  - {name: a, length: &long «4, source: ecs-task}\n  - {name: b, length: *long, source: \
            ecs-task}\n".to_owned(), &[("`4` is a bare number", "`4s`")]),
    ]);
}

/// Every problem is reported at once, not only after another is fixed.
#[test]
#[rustfmt::skip] // One case a line.
fn a_problem_does_not_hide_another() {
    check(&[
        (
            "version: «2\ndefaults: {margin: «10}\n«reader: {}\n\
                roles:\n  hub: {arn: «hub, «extrnal_id: xyz}\n  etl: {arn: \"arn:aws:iam::222222222222:role/etl\", \
                max_session_duration: «13h}\njobs:\n  - {name: j, length: «4, source: «ecs-tsk, path: [«elt], refresh: \
                «never}\n  - ««{«nam: j}\nwaivers:\n  - «{finding: «thin, until: «soon, reason: r}\n".to_owned(),
            &[
                ("version", ""), ("`10`", ""), ("`reader`", "`readers`"), ("`hub`", ""), ("`extrnal_id`", ""), ("13h",
                    ""), ("`4`", ""),
                ("`ecs-tsk`", ""), ("`elt`", "`etl`"), ("`never`", ""), ("`length`", ""), ("`source`", ""), ("`nam`",
                    "`name`"),
                ("neither", ""), ("`thin`", ""), ("`soon`", ""),
            ],
        ),
        (
            "version: 1\nroles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/hub\"}\n  core: {arn: \
                «\"arn:aws:iam::111111111111:role/hub\", external_id: «x, max_session_duration: «99h}\n\
                jobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(),
            &[("`hub` too", ""), ("`x`", ""), ("99h", "")],
        ),
        (
            "version: 1\nroles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/hub\"}\n  «hub: {arn: \
                «\"arn:aws:iam::111111111111:user/hub\"}\njobs: [{name: j, length: 1h, source: ecs-task}]\n".to_owned(),
            &[("`hub` is here twice", ""), ("IAM user", "")],
        ),
        (beside_a_job("readers: {«production: {role: hub, external_id: «x}}"), &[("`production`", ""), ("`x`", "")]),
        (job("length: «4, source: lambda, path: [«nowhere], margin: «5"), &[("`4`", ""), ("`nowhere`", ""), ("`5`",
            "")]),
    ]);
}

#[test]
fn a_problem_shows_its_line_and_the_right_form() {
    let text = "version: 1\njobs:\n  - name: nightly-etl\n    lenght: 4h\n    length: 4\n    source: ecs-task\n";
    let problems = Inventory::parse("team.yaml", text).unwrap_err();
    insta::assert_snapshot!(problems, @"
    error: `lenght` is not a key of a job
     --> team.yaml:4:5
      |
    4 |     lenght: 4h
      |     ^^^^^^
      |
      = help: did you mean `length`? Known here: name, owner, length, pause, age, margin, session_name, \
        measured_by, source, path, refresh

    error: `length`: `4` is a bare number
     --> team.yaml:5:13
      |
    5 |     length: 4
      |             ^
      |
      = help: write its unit: `4s` for seconds, or a duration such as `1h30m`

    2 problems in the inventory; nothing was checked.
    ");
    assert_eq!(problems.render(false), problems.to_string());
}

/// Reads a file or folder. The date is before the last days of the waivers in this file.
pub(crate) fn load(from: &Path) -> Result<Inventory, Problems> {
    let from = InventorySource::Path(from.to_owned());
    Inventory::load(&from.into(), RemoteFiles::default(), jiff::civil::date(2026, 11, 30))
}

fn problems_of(from: &Path) -> Problems {
    load(from).err().unwrap_or_else(|| panic!("{} is accepted", from.display()))
}

/// The message and help of each problem, and the name of its file.
fn messages_of(problems: &Problems) -> Vec<(String, String)> {
    problems
        .iter()
        .map(|p| (Path::new(&*p.location.file).file_name().unwrap().to_string_lossy().into_owned(), p.message.clone()))
        .collect()
}

const GOOD_JOB: &str = "version: 1\njobs: [{name: good, length: 1h, source: ecs-task}]\n";

#[test]
fn a_missing_empty_binary_or_huge_file_is_one_problem_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let huge = folder.path().join("huge.yaml");
    fs::File::create(&huge).unwrap().set_len(50 * 1024 * 1024).unwrap();
    let cases = [
        (folder.path().join("absent.yaml"), "no such file", "YAML"),
        (file("empty.yaml", b""), "empty", "`version: 1`"),
        (file("blank.yaml", b" \n\n"), "empty", "`version: 1`"),
        (file("binary.yaml", b"version: 1\n\xff\xfe\x00"), "not UTF-8", "UTF-8"),
        (huge, "larger than", "folder"),
    ];
    for (path, message, help) in cases {
        let problems = problems_of(&path);
        let listed: Vec<_> = problems.iter().collect();
        assert_eq!(listed.len(), 1, "{problems}");
        assert!(listed[0].message.contains(message) && listed[0].help.contains(help), "{problems}");
        assert_eq!(&*listed[0].location.file, path.display().to_string());
        assert!(problems.to_string().contains(&path.display().to_string()), "{problems}");
    }
}

#[test]
fn the_problem_of_an_empty_or_binary_file_has_a_place() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, line) in [(&b""[..], 1), (b"version: 1\njobs: \xff\n", 2)] {
        let path = folder.path().join("inventory.yaml");
        fs::write(&path, bytes).unwrap();
        let problems = problems_of(&path);
        assert_eq!(problems.iter().map(|problem| problem.location.line).collect::<Vec<_>>(), [line], "{problems}");
    }
}

#[test]
fn a_folder_is_one_inventory() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = problems_of(folder.path());
    assert_eq!(nothing.iter().count(), 1);
    assert!(nothing.to_string().contains("*.yaml, *.yml or *.json"), "{nothing}");

    fs::write(folder.path().join("notes.txt"), "not: [an inventory").unwrap();
    fs::write(folder.path().join(".hidden.yaml"), "not: [an inventory").unwrap();
    assert_eq!(problems_of(folder.path()).iter().count(), 1, "other files are ignored");

    fs::write(
        folder.path().join("platform.yaml"),
        "version: 1\nroles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/hub\"}\n\
        defaults: {margin: 5m, owner: us}\nreaders: {\"111111111111\": hub}\n\
        jobs: [{name: a, length: 1h, source: iam-user, path: [hub]}]\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("b.yml"),
        "version: 1\ndefaults: {margin: 5m}\njobs: [{name: b, length: 1h, source: iam-user, path: [hub]}]\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("c.json"),
        "{\"version\": 1, \"jobs\": [{\"name\": \"c\", \"length\": \"1h\", \"source\": \"ecs-task\"}]}",
    )
    .unwrap();
    let inventory = load(folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
    let name_of = |location: &Location| Path::new(&*location.file).file_name().unwrap().to_owned();
    let jobs: Vec<_> = inventory
        .jobs
        .iter()
        .map(|job| (&*job.name, job.owner.as_deref(), job.margin, name_of(&job.location)))
        .collect();
    assert_eq!(
        jobs,
        [
            ("a", Some("us"), Seconds::minutes(5), "platform.yaml".into()),
            ("b", Some("us"), Seconds::minutes(5), "b.yml".into()),
            ("c", Some("us"), Seconds::minutes(5), "c.json".into())
        ]
    );
    assert_eq!(inventory.jobs[0].path, inventory.jobs[1].path);
}

#[test]
fn a_duplicate_declaration_in_a_folder_is_reported_in_the_second_file() {
    let folder = tempfile::tempdir().unwrap();
    let role = "roles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/hub\"}\nreaders: {\"111111111111\": hub}\n";
    fs::write(folder.path().join("a.yaml"), format!("{GOOD_JOB}defaults: {{margin: 5m}}\n{role}")).unwrap();
    fs::write(folder.path().join("b.yaml"), format!("{GOOD_JOB}defaults: {{margin: 6m}}\n{role}")).unwrap();
    let problems = problems_of(folder.path());
    let found = messages_of(&problems);
    // Defaults and aliases count for the jobs of their file alone.
    assert_eq!(found.len(), 2, "{problems}");
    assert!(found.iter().all(|(file, message)| file == "b.yaml" && message.contains("a.yaml")), "{problems}");
    for what in ["`good`", "`111111111111`"] {
        assert_eq!(found.iter().filter(|(_, message)| message.contains(what)).count(), 1, "{what}: {problems}");
    }
}

#[test]
fn one_file_of_a_folder_does_not_hide_the_problems_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("a.yaml", b"version: 1\njobs: [{name: a, length: 4, source: ecs-task}]\n");
    write("b.yaml", b"version: 1\njobs: [\n");
    assert_eq!(
        messages_of(&problems_of(folder.path())).iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>(),
        ["a.yaml", "b.yaml"]
    );
    write("c.yaml", b"");
    write("d.yaml", b"\xff");
    write("e.yaml", b"version: 1\njobs: [{name: e, length: 5, source: ecs-task}]\n");
    let problems = problems_of(folder.path());
    assert_eq!(
        messages_of(&problems).iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>(),
        ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml"],
        "{problems}"
    );
}

#[test]
fn a_file_that_does_not_parse_causes_no_problems_in_jobs_that_use_its_roles() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a-roles.yaml"),
        "version: 1\nroles:\n  hub: {arn: \"arn:aws:iam::111111111111:role/hub\"\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("b-jobs.yaml"),
        "version: 1\njobs: [{name: b, length: 1h, source: iam-user, path: [hub]}]\n",
    )
    .unwrap();
    let problems = problems_of(folder.path());
    assert_eq!(
        messages_of(&problems).iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>(),
        ["a-roles.yaml"],
        "{problems}"
    );
}

#[test]
fn a_small_file_with_nested_aliases_is_refused() {
    let mut bomb = "version: 1\na: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (one, next) in ('a'..'j').zip('b'..) {
        bomb.push_str(&format!("{next}: &{next} [{}]\n", vec![format!("*{one}"); 10].join(", ")));
    }
    bomb.push_str("jobs: [{name: j, length: 1h, source: ecs-task}]\n");
    let deep = format!("version: 1\njobs: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let deep_blocks = (0..2000).fold("version: 1\njobs:\n".to_owned(), |text, depth| text + &" ".repeat(depth) + "-\n");
    let circle = "version: 1\njobs: &a [*a]\n".to_owned();
    // An inventory has five levels. The parser refuses far deeper input before a small stack overflows.
    let forty = format!("version: 1\njobs: {}{}\n", "[".repeat(40), "]".repeat(40));
    let parse = move || Inventory::parse("team.yaml", &forty).unwrap_err();
    let problems = std::thread::Builder::new().stack_size(16 * 1024 * 1024).spawn(parse).unwrap().join().unwrap();
    assert!(problems.iter().all(|problem| !problem.message.contains("a list is written here")), "{problems}");
    for text in [bomb, deep, deep_blocks, circle] {
        let problems = Inventory::parse("team.yaml", &text).unwrap_err();
        assert!(problems.iter().count() >= 1 && problems.iter().all(|problem| problem.location.line > 0));
        assert!(problems.to_string().len() < 100_000, "the report of a bomb is small");
    }
}

#[test]
fn ordinary_anchors_are_accepted() {
    let text = "version: 1\njobs:\n  - &base {name: a, length: 1h, source: ecs-task, margin: &margin 5m}\n  - {name: \
        b, length: 2h, source: codebuild, margin: *margin}\n";
    let inventory = Inventory::parse("team.yaml", text).unwrap();
    assert_eq!(inventory.jobs.iter().map(|job| job.margin).collect::<Vec<_>>(), [Seconds::minutes(5); 2]);
}

/// YAML 1.2.2, section 10.3.2: the core schema.
#[test]
fn a_plain_scalar_has_the_type_of_the_core_schema() {
    let owner_or_message = |written: &str| {
        let text = format!("version: 1\njobs: [{{name: a, length: 1h, source: ecs-task, owner: {written}}}]\n");
        match Inventory::parse("team.yaml", &text) {
            Ok(inventory) => inventory.jobs[0].owner.as_deref().unwrap_or("nothing").to_owned(),
            Err(problems) => problems.iter().next().unwrap().message.clone(),
        }
    };
    for number in
        ["0", "-19", "+12", "0o7", "0x3A", "0.", "-0.0", ".5", "12e03", "-2E+05", ".inf", "-.Inf", ".NAN", "0127"]
    {
        assert_eq!(owner_or_message(number), "`owner` is a bare number, not text", "{number}");
        assert_eq!(owner_or_message(&format!("!!str {number}")), number);
        assert_eq!(owner_or_message(&format!("! {number}")), number);
        assert_eq!(owner_or_message(&format!("'{number}'")), number);
    }
    for (tagged, found) in [("!!int '5'", "a bare number"), ("!!bool 'true'", "a yes-or-no value")] {
        assert_eq!(owner_or_message(tagged), format!("`owner` is {found}, not text"));
    }
    for wrong in ["!!int abc", "!!bool yes", "!!float ''", "!!map x"] {
        assert!(owner_or_message(wrong).starts_with("this is not what its tag"), "{wrong}");
    }
    for yes_or_no in ["true", "True", "TRUE", "false", "False", "FALSE"] {
        assert_eq!(owner_or_message(yes_or_no), "`owner` is a yes-or-no value, not text", "{yes_or_no}");
    }
    for nothing in ["", "~", "null", "Null", "NULL"] {
        assert_eq!(owner_or_message(nothing), "nothing", "{nothing}");
    }
    for text in
        ["yes", "off", "tRUE", "nULL", "1h", "1_000", "0b1", "0o8", "0xg", ".", "+.", "1e", "inf", "2027-01-31", "1:30"]
    {
        assert_eq!(owner_or_message(text), text);
    }
}

#[test]
fn a_merge_adds_only_missing_keys() {
    let job = |name: &str, rest: &str| format!("  - {{name: {name}, {rest}}}\n");
    let text = format!(
        "version: 1\njobs:\n  - &one {{name: a, length: 1h, source: ecs-task, &key refresh: none}}\n  - &two {{name: \
            b, length: 2h, source: codebuild, owner: two}}\n{}{}",
        job("c", "length: 3h, <<: *one, *key : {every: 30m}"),
        job("d", "<<: [*one, *two]"),
    );
    let inventory = Inventory::parse("team.yaml", &text).unwrap();
    let jobs: Vec<_> = inventory.jobs[2..].iter().map(|job| (&*job.name, job.length, job.owner.as_deref())).collect();
    assert_eq!(jobs, [("c", Seconds::hours(3), None), ("d", Seconds::hours(1), Some("two"))]);
    assert_eq!(inventory.jobs[2].refresh, Refresh::Every(Seconds::minutes(30)));
    check(&[
        (text.replace("<<: *one", "«\"<<\": *one, source: ecs-task"), &[("`<<` is not a key", "")]),
        (text.replace("<<: [*one", "length: 1h, source: ecs-task, «<<: [x, *one"), &[("`<<` is not a key", "")]),
    ]);
}

/// A full example of an inventory.
const EXAMPLE: &str = r#"version: 1
defaults:
  margin: 10m
  owner: platform
readers:
  "222222222222": arn:aws:iam::222222222222:role/credential-health-reader
  "*": {role: "arn:aws:iam::{account}:role/credential-health-reader", external_id: example}
roles:
  hub:
    arn: arn:aws:iam::111111111111:role/pipeline/hub
    external_id: example         # optional
    assume: true
    max_session_duration: 1h
jobs:
  - name: nightly-etl            # unique
    owner: data-platform
    length: 4h
    pause: 0s
    margin: 15m
    source: web-identity
    path:
      - hub
      - {role: "arn:aws:iam::222222222222:role/etl", duration: 1h}
    refresh: none
waivers:
  - {finding: chain-caps-session, job: nightly-etl, until: 2027-01-31, reason: "moving to OIDC trust", approver: "…"}
"#;

const EXAMPLE_AS_JSON: &str = r#"{
	"version": 1,
	"defaults": {"margin": "PT10M", "owner": "platform"},
	"readers": {
		"222222222222": "arn:aws:iam::222222222222:role/credential-health-reader",
		"*": {"role": "arn:aws:iam::{account}:role/credential-health-reader", "external_id": "example"}
	},
	"roles": {
		"hub": {"arn": "arn:aws:iam::111111111111:role\/pipeline\/hub", "external_id": "example",
			"assume": true, "max_session_duration": "3600s"}
	},
	"jobs": [
		{
			"name": "nightly-etl", "owner": "data-platform", "length": "PT4H", "pause": "0s", "margin": "15m",
			"source": {"kind": "web-identity", "renewable": true},
			"path": [{"role": "hub", "duration": null}, {"role": "arn:aws:iam::222222222222:role/etl", "duration": "1h"}],
			"refresh": "none"
		}
	],
	"waivers": [
		{"finding": "chain-caps-session", "job": "nightly-etl", "until": "2027-01-31",
			"reason": "moving to OIDC trust", "approver": "\u2026"}
	]
}"#;

/// The inventory without places and digest.
fn meaning(mut inventory: Inventory) -> String {
    inventory.sha256.clear();
    inventory.teams.clear();
    // `parse` does not know the day.
    inventory.last_waived_day = None;
    inventory.jobs.iter_mut().for_each(|job| job.location = Default::default());
    inventory.roles.values_mut().for_each(|role| role.location = None);
    inventory.waivers.iter_mut().for_each(|waiver| waiver.location = Default::default());
    format!("{inventory:#?}")
}

#[test]
fn the_full_example_is_read_as_written() {
    let inventory = Inventory::parse("example.yaml", EXAMPLE).unwrap_or_else(|problems| panic!("{problems}"));
    let arn = |text: &str| RoleArn::parse(text).unwrap();
    let (hub, etl) = (arn("arn:aws:iam::111111111111:role/pipeline/hub"), arn("arn:aws:iam::222222222222:role/etl"));

    let [job] = &inventory.jobs[..] else { panic!("{:?}", inventory.jobs) };
    assert_eq!((job.name.as_str(), job.owner.as_deref()), ("nightly-etl", Some("data-platform")));
    assert_eq!(
        (job.length, job.pause, job.margin, job.needed()),
        (Seconds(14_400), Seconds(0), Seconds(900), Seconds(14_400))
    );
    assert_eq!((job.source.clone(), job.refresh), (Source::WebIdentity { renewable: true }, Refresh::None));
    assert_eq!(
        job.path.iter().map(|hop| (hop.role.clone(), hop.duration)).collect::<Vec<_>>(),
        [(RoleRef::from(&hub), None), (RoleRef::from(&etl), Some(Seconds(3600)))]
    );
    assert_eq!((job.is_chained(0), job.is_chained(1)), (false, true));
    assert_eq!((job.location.line, job.location.column), (15, 5));

    let declared = inventory.role(&hub);
    assert_eq!((declared.alias.as_deref(), declared.external_id.as_deref()), (Some("hub"), Some("example")));
    assert_eq!((declared.assume, declared.max_session_duration), (Some(true), Some(Seconds(3600))));
    assert_eq!((declared.label(), inventory.role(&etl).label()), ("hub", "arn:aws:iam::222222222222:role/etl"));
    assert_eq!((hub.partition(), hub.account(), hub.name()), ("aws", "111111111111", "hub"));

    let reader =
        |role: &RoleArn| inventory.readers.for_role(role).map(|reader| (reader.role.to_string(), reader.external_id));
    assert_eq!(reader(&etl), Some(("arn:aws:iam::222222222222:role/credential-health-reader".to_owned(), None)));
    assert_eq!(
        reader(&hub),
        Some(("arn:aws:iam::111111111111:role/credential-health-reader".to_owned(), Some("example".to_owned())))
    );
    assert_eq!(
        reader(&arn("arn:aws-cn:iam::333333333333:role/r")),
        None,
        "a reader does not read roles of another partition"
    );

    let [waiver] = &inventory.waivers[..] else { panic!("{:?}", inventory.waivers) };
    assert_eq!(
        (waiver.finding.as_str(), waiver.job.as_deref(), waiver.role.as_deref()),
        ("chain-caps-session", Some("nightly-etl"), None)
    );
    assert_eq!(
        (waiver.until.to_string().as_str(), waiver.reason.as_str(), waiver.approver.as_deref()),
        ("2027-01-31", "moving to OIDC trust", Some("…"))
    );
    assert_eq!(waiver.location.to_string(), "example.yaml:26");
}

#[test]
fn json_a_folder_crlf_and_a_byte_order_mark_give_the_same_inventory() {
    let parse = |text: &str| meaning(Inventory::parse("example", text).unwrap_or_else(|problems| panic!("{problems}")));
    let expected = parse(EXAMPLE);
    assert_eq!(parse(EXAMPLE_AS_JSON), expected);
    assert_eq!(parse(&EXAMPLE.replace('\n', "\r\n")), expected);
    assert_eq!(parse(&format!("\u{feff}{EXAMPLE}")), expected);

    let folder = tempfile::tempdir().unwrap();
    let (settings, jobs) = EXAMPLE.split_once("jobs:").unwrap();
    let (jobs, waivers) = jobs.split_once("waivers:").unwrap();
    let settings = format!("{settings}waivers:{waivers}");
    fs::write(folder.path().join("platform.yaml"), settings).unwrap();
    fs::write(folder.path().join("1.yml"), format!("version: 1\njobs:{jobs}")).unwrap();
    assert_eq!(meaning(load(folder.path()).unwrap()), expected);
}

#[test]
#[rustfmt::skip] // One case a line.
fn a_problem_in_json_has_a_place() {
    check(&[
        ("{\n  \"version\": 1,\n  \"jobs\": [{\"name\": \"é\", \"length\": «4, \"source\": «\"ecs-tsk\"}]\n\
            }\n".to_owned(), &[("`4`", "`4s`"), ("`ecs-tsk`", "`ecs-task`")]),
        ("{\"version\": 1, \"jobs\": [{\"name\": \"j\", \"length\": \"1h\", \"source\": \"ecs-task\", «\"length\": \
            \"2h\"}]}".to_owned(), &[("`length` is here twice", "")]),
    ]);
    let escaped = "{\"version\": 1, \"jobs\": [{\"name\": \"\\ud83d\\ude00\", \"length\": \"1h\", \"source\": \
        \"ecs-task\"}]}";
    assert_eq!(Inventory::parse("team.json", escaped).unwrap().jobs[0].name, "😀");
}

#[test]
fn sources_have_the_documented_defaults() {
    let source = |written: &str| {
        let text = job(&format!("length: 1m, source: {written}, path: [\"arn:aws:iam::111111111111:role/hub\"]"));
        Inventory::parse("team.yaml", &text).unwrap_or_else(|problems| panic!("{problems}")).jobs[0].source.clone()
    };
    assert_eq!(source("iam-user"), Source::IamUser { mfa: false });
    assert_eq!(source("session-token"), Source::SessionToken { duration: Seconds::hours(12) });
    assert_eq!(source("federation-token"), Source::FederationToken { duration: Seconds::hours(12) });
    assert_eq!(source("web-identity"), Source::WebIdentity { renewable: true });
    assert_eq!(source("saml"), Source::Saml { renewable: false });
    assert_eq!(
        source("identity-center"),
        Source::IdentityCenter { permission_set: None, session: Seconds::hours(1), portal_session: Seconds::hours(8) }
    );
    assert_eq!(source("roles-anywhere"), Source::RolesAnywhere { duration: Seconds::hours(1) });
    assert_eq!(source("{kind: session-token, duration: 0s}"), Source::SessionToken { duration: Seconds(0) });
    assert_eq!(
        source("{kind: identity-center, portal_session: P1D}"),
        Source::IdentityCenter { permission_set: None, session: Seconds::hours(1), portal_session: Seconds::hours(24) }
    );
    // `issued` has no short form, because its duration has no default.
    for kind in Source::KINDS.into_iter().filter(|kind| *kind != "issued") {
        assert_eq!(source(kind), source(&format!("{{kind: {kind}}}")));
        assert_eq!(source(kind).kind(), kind);
    }
}

#[test]
fn the_digest_is_the_sha_256_of_the_files_bytes() {
    // printf 'version: 1\njobs: [{name: good, length: 1h, source: ecs-task}]\n' | sha256sum
    assert_eq!(
        Inventory::parse("good.yaml", GOOD_JOB).unwrap().sha256,
        "b45311eb7dcfaa80babb326ddcdffdd7a587834ad94d0c0511d4b1005b9e6bd6"
    );
}
