//! The objects of a bucket and the conditions of a write.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_smithy_types::retry::RetryConfig;

use super::{
    super::stand_in::{Bucket, Credentials, Role, StandIn},
    CHECKER, HUB, SESSION, assumed_with, world,
};

#[tokio::test]
async fn an_object_is_replaced_only_with_the_etag_of_the_current_object() {
    let mut world = world();
    world.bucket(Bucket::new("bucket", "eu-west-1"));
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let s3 = client!(aws_sdk_s3, aws, caller);
    let put =
        |text: &'static str| s3.put_object().bucket("bucket").key("a/b.json").body(text.as_bytes().to_vec().into());
    assert!(outcome!(s3.get_object().bucket("bucket").key("a/b.json")).starts_with("NoSuchKey"));
    assert!(outcome!(s3.get_object().bucket("other").key("a/b.json")).starts_with("NoSuchBucket"));
    assert!(outcome!(put("0").if_match("\"x\"")).starts_with("NoSuchKey"));
    let first = put("1").if_none_match("*").send().await.unwrap();
    assert!(outcome!(put("2").if_none_match("*")).starts_with("PreconditionFailed"));
    let second = put("2").if_match(first.e_tag().unwrap()).send().await.unwrap();
    assert!(outcome!(put("3").if_match(first.e_tag().unwrap())).starts_with("PreconditionFailed"));
    let got = s3.get_object().bucket("bucket").key("a/b.json").send().await.unwrap();
    assert_eq!(got.e_tag(), second.e_tag());
    assert_eq!(&got.body.collect().await.unwrap().into_bytes()[..], b"2");
}

#[tokio::test]
async fn a_missing_object_without_list_permission_is_403_and_a_wrong_region_names_the_right_region() {
    let mut world = world();
    world.bucket(Bucket::new("bucket", "eu-west-1")).bucket(Bucket::new("elsewhere", "us-west-2"));
    world.role(Role::new(CHECKER).allows("s3:GetObject", "*"));
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let s3 = client!(aws_sdk_s3, aws, caller);
    assert!(outcome!(s3.get_object().bucket("bucket").key("k")).contains("AccessDenied"));
    assert!(outcome!(s3.put_object().bucket("bucket").key("k")).contains("s3:PutObject"));
    let error = s3.get_object().bucket("elsewhere").key("k").send().await.unwrap_err();
    assert_eq!(error.code(), Some("PermanentRedirect"));
    let raw = error.raw_response().unwrap();
    assert_eq!((raw.status().as_u16(), raw.headers().get("x-amz-bucket-region")), (301, Some("us-west-2")));
}

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/example";

#[tokio::test]
async fn a_session_policy_and_the_key_of_the_bucket_limit_each_object_call() {
    let mut world = world();
    world.bucket(Bucket::new("bucket", "eu-west-1").encrypted_with(KEY));
    world.role(Role::new(HUB).trusts(CHECKER).allows("*", "*"));
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    aws.world(|world| ["a", "b"].map(|key| world.set_object("bucket", key, Some("{}"))));
    let allow = |pairs: &[(&str, &str)]| {
        let statements: Vec<String> = pairs
            .iter()
            .map(|(action, resource)| format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#))
            .collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
    };
    let (get, put) = (("s3:GetObject", "arn:aws:s3:::bucket/a"), ("s3:PutObject", "arn:aws:s3:::bucket/a"));
    let (decrypt, generate) = (("kms:Decrypt", KEY), ("kms:GenerateDataKey", KEY));
    for (policy, may_get, may_put) in [
        (&[get, put, decrypt, generate][..], true, true),
        (&[get, put], false, false),
        (&[get, put, decrypt], true, false),
        (&[get, put, generate], false, true),
        (&[put, decrypt, generate], false, true),
        (&[("sts:AssumeRole", "*")], false, false),
    ] {
        let session = assumed_with(&aws, &caller, Some(&allow(policy))).await;
        let s3 = client!(aws_sdk_s3, aws, session);
        let outcome = outcome!(s3.get_object().bucket("bucket").key("a"));
        assert_eq!(outcome == "ok", may_get, "{policy:?}: {outcome}");
        let outcome = outcome!(s3.put_object().bucket("bucket").key("a").body(b"{}".to_vec().into()));
        assert_eq!(outcome == "ok", may_put, "{policy:?}: {outcome}");
        let others = [
            outcome!(s3.get_object().bucket("bucket").key("b")),
            outcome!(s3.put_object().bucket("bucket").key("b")),
            outcome!(client!(aws_sdk_iam, aws, session).list_roles()),
            outcome!(client!(aws_sdk_iam, aws, session).get_role().role_name("hub")),
        ];
        assert!(others.iter().all(|outcome| outcome.starts_with("AccessDenied")), "{policy:?}: {others:?}");
    }
}
