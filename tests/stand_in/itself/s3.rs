//! What a bucket keeps, and on which condition.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_smithy_types::retry::RetryConfig;

use super::{
    super::stand_in::{Bucket, Credentials, Role, StandIn},
    CHECKER, SESSION, world,
};

#[tokio::test]
async fn an_object_is_replaced_only_by_who_names_the_one_that_is_there() {
    let mut world = world();
    world.bucket(Bucket::new("bucket", "eu-west-1"));
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let s3 = client!(aws_sdk_s3, aws, caller);
    let put =
        |text: &'static str| s3.put_object().bucket("bucket").key("a/b.json").body(text.as_bytes().to_vec().into());
    assert!(said!(s3.get_object().bucket("bucket").key("a/b.json")).starts_with("NoSuchKey"));
    assert!(said!(s3.get_object().bucket("other").key("a/b.json")).starts_with("NoSuchBucket"));
    assert!(said!(put("0").if_match("\"x\"")).starts_with("NoSuchKey"));
    let first = put("1").if_none_match("*").send().await.unwrap();
    assert!(said!(put("2").if_none_match("*")).starts_with("PreconditionFailed"));
    let second = put("2").if_match(first.e_tag().unwrap()).send().await.unwrap();
    assert!(said!(put("3").if_match(first.e_tag().unwrap())).starts_with("PreconditionFailed"));
    let got = s3.get_object().bucket("bucket").key("a/b.json").send().await.unwrap();
    assert_eq!(got.e_tag(), second.e_tag());
    assert_eq!(&got.body.collect().await.unwrap().into_bytes()[..], b"2");
}

#[tokio::test]
async fn who_may_not_list_the_bucket_is_not_told_that_an_object_is_missing_and_another_region_is_named() {
    let mut world = world();
    world.bucket(Bucket::new("bucket", "eu-west-1")).bucket(Bucket::new("elsewhere", "us-west-2"));
    world.role(Role::new(CHECKER).allows("s3:GetObject", "*"));
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let s3 = client!(aws_sdk_s3, aws, caller);
    assert!(said!(s3.get_object().bucket("bucket").key("k")).contains("AccessDenied"));
    assert!(said!(s3.put_object().bucket("bucket").key("k")).contains("s3:PutObject"));
    let error = s3.get_object().bucket("elsewhere").key("k").send().await.unwrap_err();
    assert_eq!(error.code(), Some("PermanentRedirect"));
    let raw = error.raw_response().unwrap();
    assert_eq!((raw.status().as_u16(), raw.headers().get("x-amz-bucket-region")), (301, Some("us-west-2")));
}
