//! Tables of records and the sessions that they show.

use serde_json::{Value, json};

use super::build::{self, BuildOptions};
use super::collect::{Collected, Window};
use super::model::Sessions;
use super::stream;

const HUB: &str = "arn:aws:iam::111122223333:role/hub";
const ETL: &str = "arn:aws:iam::444455556666:role/data/etl";

fn read(records: &[Value]) -> Sessions {
    let text = json!({ "Records": records }).to_string();
    let mut collected = Collected::default();
    stream::read(text.as_bytes(), &mut Vec::new(), 0, &Window::default(), &mut collected).unwrap();
    build::sessions(collected, &BuildOptions::default())
}

fn value(sessions: &Sessions) -> Value {
    serde_json::to_value(sessions).unwrap()
}

fn at(time: &str) -> String {
    format!("2026-11-28T{time}Z")
}

/// A record of STS that issues a session.
fn issue(id: &str, time: &str, caller: Value, request: Value, key: &str, expires: &str) -> Value {
    let role = request["roleArn"].as_str().unwrap_or_default();
    let name = request["roleSessionName"].as_str().unwrap_or_default();
    let (account, role_name) =
        (role.split(':').nth(4).unwrap_or_default(), role.rsplit('/').next().unwrap_or_default());
    json!({
        "eventID": id, "eventTime": at(time), "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
        "sourceIPAddress": "192.0.2.1", "userIdentity": caller, "requestParameters": request,
        "responseElements": {
            "credentials": {"accessKeyId": key, "expiration": at(expires), "sessionToken": "x"},
            "assumedRoleUser": {
                "assumedRoleId": format!("AROA{role_name}:{name}"),
                "arn": format!("arn:aws:sts::{account}:assumed-role/{role_name}/{name}"),
            },
        },
    })
}

fn user() -> Value {
    json!({"type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": "arn:aws:iam::111122223333:user/ci",
           "accessKeyId": "AKIAEXAMPLE", "userName": "ci"})
}

/// A caller that is a session of a role.
fn session(role: &str, name: &str, key: &str, created: &str) -> Value {
    let (account, role_name) =
        (role.split(':').nth(4).unwrap_or_default(), role.rsplit('/').next().unwrap_or_default());
    json!({
        "type": "AssumedRole", "principalId": format!("AROA{role_name}:{name}"), "accessKeyId": key,
        "arn": format!("arn:aws:sts::{account}:assumed-role/{role_name}/{name}"),
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": role},
            "webIdFederationData": {}, "attributes": {"creationDate": at(created)},
        },
    })
}

fn call(id: &str, time: &str, caller: Value) -> Value {
    json!({"eventID": id, "eventTime": at(time), "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances",
           "userIdentity": caller})
}

fn request(role: &str, name: &str) -> Value {
    json!({"roleArn": role, "roleSessionName": name, "durationSeconds": 3600})
}

#[test]
fn a_chain_has_its_path_its_parent_and_its_uses() {
    let sessions = value(&read(&[
        issue("1", "10:00:00", user(), request(HUB, "etl"), "ASIA1", "11:00:00"),
        issue("2", "10:01:00", session(HUB, "etl", "ASIA1", "10:00:00"), request(ETL, "etl"), "ASIA2", "11:01:00"),
        call("3", "10:59:00", session(ETL, "etl", "ASIA2", "10:01:00")),
        call("4", "11:16:01", session(ETL, "other", "ASIA2", "10:01:00")),
    ]));
    assert_eq!(sessions["window"], json!({"from": at("10:00:00"), "to": at("11:16:01")}));
    let list = &sessions["sessions"];
    assert_eq!(list[0]["source"], "iam-user");
    assert_eq!(list[0]["chained"], false);
    assert_eq!(list[0]["calls"], 1);
    assert_eq!(list[0]["last_used"], at("10:01:00"));
    assert_eq!(
        list[1],
        json!({
            "access_key_id": "ASIA2", "operation": "AssumeRole", "role": ETL,
            "principal": "arn:aws:sts::444455556666:assumed-role/etl/etl", "session_name": "etl",
            "source": "iam-user", "service": null, "parent": "ASIA1", "path": [HUB, ETL], "chained": true,
            "issued_at": at("10:01:00"), "expires_at": at("11:01:00"), "requested_seconds": 3600,
            "granted_seconds": 3600, "first_used": at("10:59:00"), "last_used": at("10:59:00"), "calls": 1,
            "renews": null, "console": false,
        })
    );
    // A use more than 15 minutes after the end, by another session name, is of a session without an issue.
    assert_eq!(list[2]["operation"], Value::Null);
}

#[test]
fn copies_of_a_call_count_once_and_the_copy_that_knows_the_caller_wins() {
    let mut foreign = issue("1", "10:00:00", user(), request(HUB, "a"), "ASIA1", "11:00:00");
    foreign["sharedEventID"] = json!("shared");
    let mut own = foreign.clone();
    own["eventID"] = json!("2");
    foreign["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "111122223333"});
    let alone = value(&read(&[foreign.clone()]));
    assert_eq!(alone["sessions"][0]["source"], "unknown");
    assert_eq!(alone["sessions"][0]["chained"], Value::Null);
    for records in [[foreign.clone(), own.clone()], [own, foreign]] {
        let sessions = value(&read(&records));
        assert_eq!(sessions["records"], 2);
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(sessions["sessions"][0]["source"], "iam-user");
    }
}

#[test]
fn a_key_that_comes_back_belongs_to_the_last_issue_before_the_use() {
    let sessions = value(&read(&[
        call("3", "14:30:00", session(HUB, "b", "ASIA1", "14:00:00")),
        issue("1", "10:00:00", user(), request(HUB, "a"), "ASIA1", "11:00:00"),
        issue("2", "14:00:00", user(), request(HUB, "b"), "ASIA1", "15:00:00"),
        call("4", "10:30:00", session(HUB, "a", "ASIA1", "10:00:00")),
    ]));
    assert_eq!(sessions["sessions"][0]["calls"], 1);
    assert_eq!(sessions["sessions"][1]["first_used"], at("14:30:00"));
}

#[test]
fn a_session_without_an_issue_has_the_key_of_its_first_record() {
    let mut console = call("2", "12:00:00", session(HUB, "a", "ASIAB", "09:00:00"));
    console["sessionCredentialFromConsole"] = json!("true");
    let mut service = call("1", "11:00:00", session(HUB, "a", "ASIA0", "09:00:00"));
    service["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    assert_eq!(value(&read(&[service.clone()]))["sessions"], json!([]));
    let sessions = value(&read(&[console, service]));
    assert_eq!(
        sessions["sessions"],
        json!([{
            "access_key_id": "ASIA0", "operation": null, "role": HUB,
            "principal": "arn:aws:sts::111122223333:assumed-role/hub/a", "session_name": "a", "source": "unknown",
            "service": null, "parent": null, "path": [HUB], "chained": null, "issued_at": at("09:00:00"),
            "expires_at": null, "requested_seconds": null, "granted_seconds": null, "first_used": at("11:00:00"),
            "last_used": at("12:00:00"), "calls": 2, "renews": null, "console": true,
        }])
    );
}

#[test]
fn the_source_comes_of_the_caller_of_the_first_issue() {
    let service = |name: &str| json!({"type": "AWSService", "invokedBy": name});
    let permission_set = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123";
    for (operation, caller, role, expected) in [
        ("AssumeRole", service("ec2.amazonaws.com"), HUB, "ec2-instance"),
        ("AssumeRole", service("ecs-tasks.amazonaws.com"), HUB, "ecs-task"),
        ("AssumeRole", service("lambda.amazonaws.com"), HUB, "lambda"),
        ("AssumeRole", service("codebuild.amazonaws.com"), HUB, "codebuild"),
        ("AssumeRole", service("pods.eks.amazonaws.com"), HUB, "eks-pod-identity"),
        ("AssumeRole", service("glue.amazonaws.com"), HUB, "service"),
        ("AssumeRoleWithWebIdentity", json!({"type": "WebIdentityUser", "userName": "repo:a/b"}), HUB, "web-identity"),
        ("AssumeRoleWithSAML", json!({"type": "SAMLUser", "userName": "a"}), HUB, "saml"),
        ("AssumeRoleWithSAML", json!({"type": "SAMLUser", "userName": "a"}), permission_set, "identity-center"),
        ("AssumeRole", json!({"type": "IAMUser", "accessKeyId": "ASIA0", "arn": "arn:x"}), HUB, "session-token"),
        ("AssumeRole", json!({"type": "AWSAccount", "principalId": "AIDA"}), HUB, "unknown"),
    ] {
        let mut record = issue("1", "10:00:00", caller, request(role, "a"), "ASIA1", "11:00:00");
        record["eventName"] = json!(operation);
        let sessions = value(&read(&[record]));
        assert_eq!(sessions["sessions"][0]["source"], expected, "{operation} {expected}");
        assert_eq!(sessions["sessions"][0]["path"], json!([role]));
    }
}

#[test]
fn a_service_linked_role_is_left_out() {
    let role = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    let caller = json!({"type": "AWSService", "invokedBy": "ecs.amazonaws.com"});
    let record = issue("1", "10:00:00", caller, request(role, "a"), "ASIA1", "11:00:00");
    assert_eq!(value(&read(&[record]))["sessions"], json!([]));
}

/// The keys that each session renews, in the order of the sessions.
fn renewals(records: &[Value]) -> Vec<Value> {
    let sessions = value(&read(records));
    sessions["sessions"].as_array().unwrap().iter().map(|session| session["renews"].clone()).collect()
}

#[test]
fn a_shared_name_is_renewed_only_without_a_pause_and_from_the_same_address() {
    let used = |until: &str| {
        vec![
            issue("1", "10:00:00", user(), request(HUB, "etl"), "ASIA1", "11:00:00"),
            issue("2", "10:50:00", user(), request(HUB, "etl"), "ASIA2", "11:50:00"),
            call("3", until, session(HUB, "etl", "ASIA1", "10:00:00")),
        ]
    };
    assert_eq!(renewals(&used("10:45:00")), [Value::Null, json!("ASIA1")]);
    assert_eq!(renewals(&used("10:51:00")), [Value::Null, json!("ASIA1")]);
    assert_eq!(renewals(&used("10:34:59")), [Value::Null, Value::Null]);
    assert_eq!(renewals(&used("10:51:01")), [Value::Null, Value::Null]);
    let mut elsewhere = used("10:45:00");
    elsewhere[1]["sourceIPAddress"] = json!("192.0.2.2");
    assert_eq!(renewals(&elsewhere), [Value::Null, Value::Null]);
}

#[test]
fn a_made_up_name_is_renewed_whatever_time_passed() {
    let name = "botocore-session-1700000000";
    let records = [
        issue("1", "10:00:00", user(), request(HUB, name), "ASIA1", "11:00:00"),
        issue("2", "18:00:00", user(), request(HUB, name), "ASIA2", "19:00:00"),
    ];
    assert_eq!(renewals(&records), [Value::Null, json!("ASIA1")]);
}

#[test]
fn sessions_of_other_services_renew_none_and_those_of_a_task_do() {
    for (service, expected) in [
        ("glue.amazonaws.com", Value::Null),
        ("lambda.amazonaws.com", Value::Null),
        ("ecs-tasks.amazonaws.com", json!("ASIA1")),
    ] {
        let caller = json!({"type": "AWSService", "invokedBy": service});
        let name = "0b5d3f4c-6f0d-4a6e-9d70-2a4bb0b7c0de";
        let records = [
            issue("1", "10:00:00", caller.clone(), request(HUB, name), "ASIA1", "16:00:00"),
            issue("2", "15:00:00", caller, request(HUB, name), "ASIA2", "21:00:00"),
        ];
        assert_eq!(renewals(&records), [Value::Null, expected], "{service}");
    }
}

#[test]
fn a_refused_request_names_its_role_its_caller_and_its_kind() {
    let mut denied = issue("1", "10:00:00", user(), Value::Null, "", "11:00:00");
    denied["errorCode"] = json!("AccessDenied");
    denied["errorMessage"] = json!(format!("User: x is not authorized to perform: sts:AssumeRole on resource: {ETL}"));
    denied["responseElements"] = Value::Null;
    let mut long = issue("2", "10:00:01", user(), request(HUB, "a"), "", "11:00:00");
    long["errorCode"] = json!("ValidationException");
    long["errorMessage"] = json!("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    let refused = value(&read(&[long, denied]))["refused"].clone();
    assert_eq!(refused[0]["role"], ETL);
    assert_eq!(refused[0]["kind"], "denied");
    assert_eq!(refused[0]["caller"], "arn:aws:iam::111122223333:user/ci");
    assert_eq!(refused[1]["role"], HUB);
    assert_eq!(refused[1]["kind"], "duration-above-max-session");
}

#[test]
fn records_that_contradict_each_other_end() {
    let session = |key: &str| session(HUB, "a", key, "10:00:00");
    let sessions = value(&read(&[
        issue("1", "10:00:00", session("ASIA2"), request(ETL, "a"), "ASIA1", "11:00:00"),
        issue("2", "10:00:00", session("ASIA1"), request(ETL, "b"), "ASIA2", "11:00:00"),
        issue("3", "10:00:00", session("ASIA3"), request(ETL, "c"), "ASIA3", "11:00:00"),
    ]));
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 4);
}

/// Many issues that have something in common: each call could be compared with all of them.
#[test]
fn many_sessions_of_one_principal_second_or_key_take_seconds() {
    const MANY: usize = 10_000;
    let key = |number: usize| format!("ASIA{number:05}");
    let of_one_second = |number: usize| {
        let key = key(number);
        let caller = session(HUB, "etl", &key, "10:00:00");
        [
            issue(&format!("i{number}"), "10:00:00", user(), request(HUB, "etl"), &key, "11:00:00"),
            call(&format!("c{number}"), "10:30:00", caller),
        ]
    };
    let chain_of_one_second = |number: usize| {
        let caller = session(ETL, &format!("n{}", number + 1), &key(number + 1), "10:00:00");
        let request = request(ETL, &format!("n{number}"));
        [
            issue(&format!("i{number}"), "10:00:00", caller.clone(), request, &key(number), "11:00:00"),
            call(&format!("c{number}"), "10:00:00", caller),
        ]
    };
    let of_one_key = |number: usize| {
        let time = format!("{:02}:{:02}:{:02}", number / 3600, number / 60 % 60, number % 60);
        let caller = session(HUB, &format!("n{number}"), "ASIA1", &time);
        [
            issue(&format!("i{number}"), &time, user(), request(HUB, "etl"), "ASIA1", "23:00:00"),
            call(&format!("c{number}"), &time, caller),
        ]
    };
    let shapes: [&dyn Fn(usize) -> [Value; 2]; 3] = [&of_one_second, &chain_of_one_second, &of_one_key];
    for (shape, of) in shapes.into_iter().enumerate() {
        let records: Vec<Value> = (0..MANY).flat_map(of).collect();
        let start = std::time::Instant::now();
        let sessions = read(&records);
        // A few seconds in a build for tests; each with each took over two minutes.
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "{shape}: {:?}", start.elapsed());
        let calls: u64 = sessions.sessions.iter().map(|session| session.calls).sum();
        assert!(sessions.sessions.len() >= MANY && calls >= MANY as u64, "{shape}: {}", sessions.sessions.len());
    }
}
