//! The rights of callers, the length of sessions, and the order of refusals.

use std::time::Duration;

use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_smithy_types::retry::RetryConfig;

use super::{
    super::stand_in::{Credentials, Role, StandIn, Wording},
    CHECKER, HUB, SESSION, TOPIC, assume, assumed_with, handed_out, user, world, wrong_secret,
};

#[tokio::test]
async fn the_first_failed_check_determines_the_error() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let expired = world.role_session_for(SESSION, -1);
    let aws = StandIn::start(world).await;
    let without_token = |credentials: &Credentials| Credentials { session_token: None, ..credentials.clone() };
    let unknown = Credentials { access_key_id: "ASIAUNKNOWN".to_owned(), ..wrong_secret(&caller) };
    let no_role = "arn:aws:iam::111111111111:role/nobody";
    for (credentials, role, seconds, start) in [
        (unknown, HUB, 899, "InvalidClientTokenId: The security token included in the request is invalid."),
        (without_token(&wrong_secret(&expired)), HUB, 899, "InvalidClientTokenId"),
        (wrong_secret(&expired), HUB, 899, "ExpiredToken: The security token included in the request is expired"),
        (wrong_secret(&caller), HUB, 899, "SignatureDoesNotMatch: The request signature we calculated does not match"),
        (
            caller.clone(),
            no_role,
            899,
            "ValidationError: 1 validation error detected: Value '899' at 'durationSeconds' failed",
        ),
        (
            caller.clone(),
            no_role,
            43_200,
            "AccessDenied: User: arn:aws:sts::999999999999:assumed-role/checker/lambda is not",
        ),
        (
            caller.clone(),
            HUB,
            43_201,
            "ValidationError: 1 validation error detected: Value '43201' at 'durationSeconds'",
        ),
        (caller.clone(), HUB, 3601, "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit"),
        (caller.clone(), HUB, 3600, "ok"),
    ] {
        let outcome = assume(&aws, &credentials, role, seconds).await;
        assert!(outcome.starts_with(start), "{seconds} s: {outcome}");
    }
    aws.world(|world| {
        world.role(Role::new(HUB).max_session(3600).trusts(CHECKER));
    });
    let outcome = assume(&aws, &caller, HUB, 3601).await;
    assert_eq!(
        outcome,
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    );
}

#[tokio::test]
async fn a_users_key_gets_up_to_the_role_maximum_and_its_session_token_one_hour() {
    let mut world = world();
    let user = user(&mut world);
    world.role(Role::new(HUB).max_session(7200).trusts("999999999999"));
    let aws = StandIn::start(world).await;
    assert_eq!(assume(&aws, &user, HUB, 7200).await, "ok");
    assert!(assume(&aws, &user, HUB, 7201).await.contains("exceeds the MaxSessionDuration"));
    let answer = client!(aws_sdk_sts, aws, user).get_session_token().duration_seconds(129_600).send().await.unwrap();
    let session = handed_out(answer.credentials());
    assert_eq!(assume(&aws, &session, HUB, 3600).await, "ok");
    assert!(assume(&aws, &session, HUB, 3601).await.contains("1 hour session limit"));
    let outcome = outcome!(client!(aws_sdk_sts, aws, session).get_session_token());
    assert_eq!(outcome, "AccessDenied: Cannot call GetSessionToken with session credentials");
    let outcome = outcome!(client!(aws_sdk_iam, aws, session).get_role().role_name("checker"));
    assert_eq!(outcome, "InvalidClientTokenId: The security token included in the request is invalid");
}

#[tokio::test]
async fn assuming_a_missing_role_is_answered_as_a_denial() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    world.role(Role::new("arn:aws:iam::111111111111:role/closed").trusts("222222222222"));
    world.role(Role::new("arn:aws:iam::111111111111:role/keyed").trusts(CHECKER).external_id("example"));
    let aws = StandIn::start(world).await;
    let mut texts = Vec::new();
    for name in ["absent", "closed", "keyed"] {
        texts.push(
            assume(&aws, &caller, &format!("arn:aws:iam::111111111111:role/{name}"), 900).await.replace(name, "X"),
        );
    }
    let plain = "AccessDenied: User: arn:aws:sts::999999999999:assumed-role/checker/lambda is not authorized to \
                 perform: sts:AssumeRole on resource: arn:aws:iam::111111111111:role/X";
    assert_eq!(texts, [plain; 3]);
    let sts = client!(aws_sdk_sts, aws, caller);
    let keyed = sts.assume_role().role_arn("arn:aws:iam::111111111111:role/keyed").role_session_name("run");
    assert_eq!(outcome!(keyed.external_id("example")), "ok");
    aws.world(|world| {
        world.denial_wording(Wording::WithCause).role(Role::new("arn:aws:iam::111111111111:role/closed"));
    });
    let outcome = assume(&aws, &caller, "arn:aws:iam::111111111111:role/closed", 900).await;
    assert!(
        outcome.ends_with("role/closed because no role trust policy allows the sts:AssumeRole action"),
        "{outcome}"
    );
    aws.world(|world| {
        world.role(Role::new(HUB).denied("with an explicit deny in a service control policy"));
    });
    assert!(
        assume(&aws, &caller, HUB, 900)
            .await
            .ends_with("role/pipeline/hub with an explicit deny in a service control policy")
    );
}

#[tokio::test]
async fn a_session_may_do_only_calls_that_its_session_policy_and_its_role_allow() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let policy = |action: &str, resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",
               "Action":"{action}","Resource":"{resource}"}}]}}"#
        )
    };
    let wide = assumed_with(&aws, &caller, None).await;
    let read = assumed_with(&aws, &caller, Some(&policy("iam:GetRole", HUB))).await;
    let publish = assumed_with(&aws, &caller, Some(&policy("sns:Publish", "*"))).await;
    let all = assumed_with(&aws, &caller, Some(&policy("*", "*"))).await;
    // The path is part of a role's ARN, so this ARN names another role.
    let pathless =
        assumed_with(&aws, &caller, Some(&policy("iam:GetRole", "arn:aws:iam::111111111111:role/hub"))).await;
    for (session, may_read, may_publish) in [
        (&wide, true, true),
        (&read, true, false),
        (&publish, false, true),
        (&all, true, true),
        (&pathless, false, false),
    ] {
        let outcome = outcome!(client!(aws_sdk_iam, aws, session).get_role().role_name("hub"));
        let denied = "AccessDenied: User: arn:aws:sts::111111111111:assumed-role/hub/run is not authorized to perform: \
                      iam:GetRole on resource: role hub";
        assert_eq!(outcome, if may_read { "ok" } else { denied });
        let outcome = outcome!(client!(aws_sdk_sns, aws, session).publish().topic_arn(TOPIC).message("m"));
        assert_eq!(outcome == "ok", may_publish, "{outcome}");
        assert_eq!(outcome!(client!(aws_sdk_sts, aws, session).get_caller_identity()), "ok");
        assert!(assume(&aws, session, CHECKER, 900).await.starts_with("AccessDenied"));
    }
    let sts = client!(aws_sdk_sts, aws, caller);
    let with = |policy: &str| sts.assume_role().role_arn(HUB).role_session_name("run").policy(policy);
    assert!(outcome!(with("{")).starts_with("MalformedPolicyDocument"));
    assert!(outcome!(with(&" ".repeat(2049))).starts_with("ValidationError: 1 validation error detected: Value '"));
    let outcome = outcome!(client!(aws_sdk_iam, aws, wide).get_role().role_name("nobody"));
    assert!(
        outcome.starts_with("AccessDenied"),
        "a caller without permission does not learn that the role is missing: {outcome}"
    );
    let outcome = outcome!(client!(aws_sdk_iam, aws, caller).get_role().role_name("nobody"));
    assert_eq!(outcome, "NoSuchEntity: The role with name nobody cannot be found.");
}

#[tokio::test]
async fn a_session_assumes_only_the_roles_that_its_session_policy_names() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    world.role(Role::new(HUB).trusts(CHECKER).may_assume("*").allows("sts:SetSourceIdentity", "*"));
    let [one, other] = ["arn:aws:iam::222222222222:role/one", "arn:aws:iam::222222222222:role/other"];
    for role in [one, other] {
        world.role(Role::new(role).trusts(HUB).accepts_source_identity());
    }
    let aws = StandIn::start(world).await;
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{one}"}}]}}"#
    );
    let session = assumed_with(&aws, &caller, Some(&policy)).await;
    let wide = assumed_with(&aws, &caller, None).await;
    for (caller, role, allowed) in [(&session, one, true), (&session, other, false), (&wide, other, true)] {
        assert_eq!(assume(&aws, caller, role, 900).await == "ok", allowed, "{role}");
    }
    let named = client!(aws_sdk_sts, aws, session).assume_role().role_arn(one).role_session_name("run");
    let outcome = outcome!(named.source_identity("health"));
    assert!(outcome.contains("perform: sts:SetSourceIdentity"), "{outcome}");
}

#[tokio::test]
async fn a_session_ends_at_its_expiration_or_when_its_role_is_deleted() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let first = assumed_with(&aws, &caller, None).await;
    aws.advance(Duration::from_secs(3590));
    let second = assumed_with(&aws, &caller, None).await;
    let identity =
        async |credentials: &Credentials| outcome!(client!(aws_sdk_sts, aws, credentials).get_caller_identity());
    assert_eq!(identity(&first).await, "ok");
    aws.advance(Duration::from_secs(10));
    assert_eq!(identity(&first).await, "ExpiredToken: The security token included in the request is expired");
    assert_eq!(identity(&second).await, "ok");
    // A recreated role with the same name is another role.
    aws.world(|world| {
        world.delete_role(HUB);
        world.role(Role::new(HUB).trusts(CHECKER));
    });
    assert_eq!(identity(&second).await, "InvalidClientTokenId: The security token included in the request is invalid.");
    assert_eq!(assume(&aws, &caller, HUB, 900).await, "ok");
}

#[tokio::test]
async fn a_source_identity_needs_permission_on_both_sides_and_persists() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    world.role(Role::new(HUB).trusts(CHECKER).source_identity("health"));
    let aws = StandIn::start(world).await;
    let call = client!(aws_sdk_sts, aws, caller).assume_role().role_arn(HUB).role_session_name("run");
    assert!(outcome!(call.clone()).starts_with("AccessDenied"));
    assert_eq!(outcome!(call.clone().source_identity("health")), "ok");
    aws.world(|world| {
        world.role(Role::new(HUB).trusts(CHECKER).accepts_source_identity().may_assume("*"));
        world.role(Role::new("arn:aws:iam::222222222222:role/etl").trusts(HUB).accepts_source_identity());
    });
    let answer = call.source_identity("health").send().await.unwrap();
    let hub = handed_out(answer.credentials());
    let next = client!(aws_sdk_sts, aws, hub)
        .assume_role()
        .role_arn("arn:aws:iam::222222222222:role/etl")
        .role_session_name("run");
    let outcome = outcome!(next.clone().source_identity("other"));
    assert_eq!(outcome, "ValidationError: The source identity is already set for this assume role session");
    let outcome = outcome!(next);
    assert!(
        outcome.contains("perform: sts:SetSourceIdentity on resource: arn:aws:iam::222222222222:role/etl"),
        "{outcome}"
    );
}

#[tokio::test]
async fn roles_are_listed_in_pages() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    for number in 0..25 {
        world.role(Role::new(format!("arn:aws:iam::999999999999:role/r{number:02}")));
    }
    world.list_roles_page(10);
    let aws = StandIn::start(world).await;
    let pages = client!(aws_sdk_iam, aws, caller).list_roles().into_paginator().items().send();
    let roles = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(roles.len(), 26);
    assert_eq!(roles[25].max_session_duration(), Some(3600));
    assert_eq!(aws.calls_of("ListRoles").len(), 3);
}
