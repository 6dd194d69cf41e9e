//! The JSON Schema of the inventory, read by an independent validator. The schema and the parser agree about shapes,
//! and the copy in the repository is the generated schema.

use credential_health::findings::FindingId;
use credential_health::inventory::{Inventory, Seconds, Source};
use jsonschema::Validator;
use serde_json::Value;

/// The copy for editors and pipelines.
const COPY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/inventory.schema.json");

fn validator() -> Validator {
    let schema = Inventory::json_schema();
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("the schema itself is wrong: {error}"));
    jsonschema::validator_for(&schema).unwrap()
}

fn value(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// An inventory with one job that has these keys besides its name.
fn job(keys: &str) -> String {
    format!("version: 1\njobs:\n  - {{name: j, {keys}}}\n")
}

fn beside_a_job(more: &str) -> String {
    format!("version: 1\njobs: [{{name: j, length: 1h, source: ecs-task}}]\n{more}\n")
}

const ARN: &str = "arn:aws:iam::111111111111:role/hub";

fn good() -> Vec<String> {
    let mut good = vec![
        job("length: 1h, source: ecs-task"),
        job("length: PT4H, pause: 0s, margin: 1h30m, owner: us, source: codebuild, path: [], refresh: none"),
        job("length: 1h, owner: ~, pause: ~, margin: ~, source: ecs-task, path: ~, refresh: ~"),
        job("length: 1h, source: ecs-task, refresh: auto"),
        job("length: 1h, source: ecs-task, refresh: {every: 30m}"),
        job(&format!(
            "length: 1h, source: iam-user, path: [\"{ARN}\", {{role: \"{ARN}\"}}, {{role: \"{ARN}\", duration: 0s}}, \
                {{role: \"{ARN}\", duration: ~}}]"
        )),
        job(&format!("length: 1h, source: {{kind: iam-user, mfa: true}}, path: [\"{ARN}\"]")),
        job(&format!("length: 1h, source: {{kind: web-identity, renewable: false}}, path: [\"{ARN}\"]")),
        job(&format!("length: 1h, source: {{kind: saml, renewable: ~}}, path: [\"{ARN}\"]")),
        job("length: 1h, source: {kind: session-token, duration: 36h}"),
        job("length: 1h, source: {kind: federation-token, duration: P1D}"),
        job("length: 1h, source: {kind: roles-anywhere, duration: 43200s}"),
        job("length: 1h, source: {kind: identity-center, session: 12h, portal_session: 20h}"),
        job("length: 1h, age: 30m, session_name: \"etl-*\", source: {kind: issued, duration: 2h, renewable: true}"),
        job("length: 1h, source: {kind: service-role, duration: 2h}"),
        job(&format!("length: 1h, source: {{kind: account-access, portal_session: 9h}}, path: [\"{ARN}\"]")),
        job(&format!("length: 1h, source: {{kind: console-login, role: \"{ARN}\", signin_session: 90d}}")),
        job(&format!(
            "length: 1h, source: ecs-task, path: [{{role: \"{ARN}\", copied: true}}, {{role: \"{ARN}\", copied: ~}}]"
        )),
        beside_a_job("accounts: {\"222222222222\": data-prod}\nlongest_waiver: 90d"),
        beside_a_job("defaults: {margin: 5m, owner: us}"),
        beside_a_job("defaults: {}\nreaders: {}\nroles: {}\nwaivers: []"),
        beside_a_job("defaults: ~\nreaders: ~\nroles: ~\nwaivers: ~"),
        beside_a_job(&format!(
            "readers: {{\"111111111111\": \"{ARN}\", \"*\": {{role: \"arn:aws:iam::{{account}}:role/r\", external_id: \
                abc}}}}"
        )),
        beside_a_job(&format!(
            "roles: {{hub: {{arn: \"{ARN}\", external_id: abc, session_name: abc, source_identity: abc, assume: false, \
                max_session_duration: 12h}}}}"
        )),
        beside_a_job(
            "waivers: [{finding: thin-margin, job: \"*\", role: \"*\", until: 2027-01-31, reason: r, approver: me}]",
        ),
        format!(
            "{{\"version\": 1, \"jobs\": [{{\"name\": \"j\", \"length\": \"1h\", \"source\": {{\"kind\": \
                \"iam-user\"}}, \"path\": [\"{ARN}\"]}}]}}"
        ),
    ];
    // `issued` has no short form, because its duration has no default.
    for kind in Source::KINDS.into_iter().filter(|kind| *kind != "issued") {
        good.push(job(&format!("length: 1m, source: {kind}, path: [\"{ARN}\"]")));
        good.push(job(&format!("length: 1m, source: {{kind: {kind}}}, path: [\"{ARN}\"]")));
    }
    for finding in FindingId::ALL {
        good.push(beside_a_job(&format!("waivers: [{{finding: {finding}, job: j, until: 2027-01-31, reason: r}}]")));
    }
    good
}

/// Inventories with a wrong shape.
fn bad() -> Vec<String> {
    vec![
        "[]".to_owned(),
        "jobs: [{name: j, length: 1h, source: ecs-task}]".to_owned(),
        "version: 2\njobs: [{name: j, length: 1h, source: ecs-task}]".to_owned(),
        "version: \"1\"\njobs: [{name: j, length: 1h, source: ecs-task}]".to_owned(),
        "version: ~\njobs: [{name: j, length: 1h, source: ecs-task}]".to_owned(),
        "version: 1\njobs: {}".to_owned(),
        "version: 1\njobs: [nightly]".to_owned(),
        "version: 1\njobs: [~]".to_owned(),
        // Missing values.
        "version: 1\njobs: [{length: 1h, source: ecs-task}]".to_owned(),
        "version: 1\njobs: [{name: j, source: ecs-task}]".to_owned(),
        "version: 1\njobs: [{name: j, length: 1h}]".to_owned(),
        "version: 1\njobs: [{name: ~, length: 1h, source: ecs-task}]".to_owned(),
        job("length: ~, source: ecs-task"),
        job("length: 1h, source: ~"),
        job("length: 1h, source: {}"),
        job("length: 1h, source: ecs-task, path: [{duration: 1h}]"),
        job("length: 1h, source: ecs-task, refresh: {}"),
        job("length: 1h, source: ecs-task, refresh: {every: ~}"),
        beside_a_job("roles: {hub: {external_id: abc}}"),
        beside_a_job("readers: {\"111111111111\": {external_id: abc}}"),
        beside_a_job("waivers: [{job: j, until: 2027-01-31, reason: r}]"),
        beside_a_job("waivers: [{finding: thin-margin, job: j, reason: r}]"),
        beside_a_job("waivers: [{finding: thin-margin, job: j, until: 2027-01-31}]"),
        // Unknown keys.
        beside_a_job("waviers: []"),
        beside_a_job("defaults: {margn: 5m}"),
        beside_a_job(&format!("roles: {{hub: {{arn: \"{ARN}\", externalid: abc}}}}")),
        beside_a_job(&format!("readers: {{\"111111111111\": {{role: \"{ARN}\", externalid: abc}}}}")),
        beside_a_job("waivers: [{finding: thin-margin, job: j, until: 2027-01-31, reason: r, by: me}]"),
        job("length: 1h, source: ecs-task, lenght: 1h"),
        job("length: 1h, source: ecs-task, place: {}"),
        job("length: 1h, source: {kind: ecs-task, duration: 1h}"),
        job("length: 1h, source: {kind: session-token, mfa: true}"),
        job("length: 1h, source: {kind: identity-center, duration: 1h}"),
        job("source: {kind: lambda}"),
        job("source: lambda"),
        job("source: {kind: identity-center, permission_set: Admin}"),
        job("length: 1h, source: {kind: identity-center, permission_set: 5}"),
        job("length: 1h, source: {kind: lambda, permission_set: Admin}"),
        beside_a_job("identity_center: {region: eu-west-1, instance: x}"),
        beside_a_job("identity_center: eu-west-1"),
        job(&format!("length: 1h, source: ecs-task, path: [{{role: \"{ARN}\", time: 1h}}]")),
        job("length: 1h, source: ecs-task, refresh: {every: 1h, evry: 1h}"),
        job("length: 1h, source: {kind: issued}"),
        job("length: 1h, source: issued"),
        job("length: 1h, source: {kind: service-role, renewable: true}"),
        // Wrong types and words.
        job("length: 1h, age: 30, source: ecs-task"),
        job(&format!("length: 1h, source: ecs-task, path: [{{role: \"{ARN}\", copied: \"yes\"}}]")),
        job("length: 1h, source: {kind: console-login, role: 5}"),
        beside_a_job("accounts: {\"222222222222\": 5}"),
        beside_a_job("longest_waiver: 90"),
        job("length: 4, source: ecs-task"),
        job("length: [1h], source: ecs-task"),
        job("length: 1h, source: ecs-task, owner: 5"),
        job("length: 1h, source: ecs-tsk"),
        job("length: 1h, source: {kind: ecs-tsk}"),
        job("length: 1h, source: [ecs-task]"),
        job(&format!("length: 1h, source: {{kind: iam-user, mfa: \"yes\"}}, path: [\"{ARN}\"]")),
        job("length: 1h, source: {kind: session-token, duration: 3600}"),
        job("length: 1h, source: ecs-task, path: hub"),
        job("length: 1h, source: ecs-task, path: [5]"),
        job("length: 1h, source: ecs-task, refresh: always"),
        job("length: 1h, source: ecs-task, refresh: true"),
        job("length: 1h, source: ecs-task, refresh: {every: 30}"),
        beside_a_job("roles: [hub]"),
        beside_a_job(&format!("roles: {{hub: \"{ARN}\"}}")),
        beside_a_job(&format!("roles: {{hub: {{arn: \"{ARN}\", assume: \"true\"}}}}")),
        beside_a_job(&format!("roles: {{hub: {{arn: \"{ARN}\", max_session_duration: 3600}}}}")),
        beside_a_job("readers: [hub]"),
        beside_a_job("readers: {\"111111111111\": 5}"),
        beside_a_job("waivers: {}"),
        beside_a_job("waivers: [{finding: thin-margn, job: j, until: 2027-01-31, reason: r}]"),
        beside_a_job("waivers: [{finding: thin-margin, job: j, until: tomorrow, reason: r}]"),
        beside_a_job("waivers: [{finding: thin-margin, job: j, until: 31.01.2027, reason: r}]"),
    ]
}

#[test]
fn every_good_inventory_validates() {
    let validator = validator();
    for text in good() {
        Inventory::parse("good.yaml", &text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
        let errors: Vec<String> = validator.iter_errors(&value(&text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{text}\n{errors:?}");
    }
}

#[test]
fn inventories_of_a_wrong_shape_do_not_validate() {
    let validator = validator();
    let accepted: Vec<String> = bad().into_iter().filter(|text| validator.is_valid(&value(text))).collect();
    assert!(accepted.is_empty(), "the schema accepts\n{}", accepted.join("\n"));
    let read: Vec<String> = bad().into_iter().filter(|text| Inventory::parse("bad.yaml", text).is_ok()).collect();
    assert!(read.is_empty(), "the reader accepts\n{}", read.join("\n"));
}

#[test]
fn the_schema_and_the_parser_accept_the_same_durations() {
    let validator = validator();
    let durations = [
        "0s",
        "1s",
        "90m",
        "1h30m",
        "2d",
        "1d2h3m4s",
        "43200s",
        "007s",
        "PT4H",
        "PT0S",
        "P1D",
        "P1W",
        "P1DT2H",
        "PT1H30M5S",
        "",
        " ",
        "5",
        "-5m",
        "PT-4H",
        "-PT4H",
        "1.5h",
        "PT1.5H",
        "PT1,5H",
        "30m1h",
        "1h1h",
        "+1h",
        "1h 30m",
        " 1h",
        "1h ",
        "4H",
        "h",
        "P",
        "PT",
        "P1",
        "P1M",
        "P1Y",
        "P1DT",
        "PT4h",
        "p1d",
        "pt4h",
        "1w",
        "1mo",
        "1y",
        "500ms",
        "1us",
        "1h500ms",
        "1hour",
        "4 hours",
        "1:30:00",
        "1h,30m",
        "1m\n",
        "١h",
    ];
    let differ: Vec<_> = durations
        .into_iter()
        .map(|text| {
            let inventory =
                serde_json::json!({ "version": 1, "jobs": [{ "name": "j", "length": text, "source": "ecs-task" }] });
            (text, validator.is_valid(&inventory), Seconds::parse(text).is_ok())
        })
        .filter(|(_, schema, reader)| schema != reader)
        .collect();
    assert!(differ.is_empty(), "(text, schema, reader): {differ:?}");
}

#[test]
fn the_copy_in_the_repository_is_the_generated_schema() {
    let generated = format!("{}\n", serde_json::to_string_pretty(&Inventory::json_schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(COPY, &generated).unwrap();
    }
    let copy = std::fs::read_to_string(COPY).unwrap_or_default();
    assert!(copy == generated, "docs/inventory.schema.json is out of date: run this test with UPDATE_SCHEMA=1");
}
