//! Signatures, invalid requests, scripted faults, and many connections at once.

use std::time::Duration;

use aws_sdk_sts::{error::ProvideErrorMetadata as _, operation::RequestId as _};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeTransmitInterceptorContextMut},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag, retry::RetryConfig};
use jiff::SignedDuration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    super::stand_in::{Answer, Call, Credentials, Fault, REFUSALS, StandIn},
    CHECKER, HUB, SESSION, TOPIC, assume, world,
};

#[tokio::test]
async fn an_invalid_request_gets_a_400_and_a_wrong_scope_is_reported_first() {
    let aws = StandIn::start(world()).await;
    let authorization = |scope: &str| {
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIANOBODY/{scope}/aws4_request, SignedHeaders=host, \
                Signature=00\r\n"
        )
    };
    for (header, body, status, text) in [
        (String::new(), "\u{1}&&=%%%", "400", "MissingAction"),
        ("Authorization: Basic x\r\n".to_owned(), "Action=AssumeRole", "400", "IncompleteSignature"),
        (String::new(), "Action=AssumeRole", "403", "MissingAuthenticationToken"),
        (authorization("20260101/eu-west-1/iam"), "Action=AssumeRole", "403", "scoped to correct service: &quot;sts"),
        (
            authorization("20260101/nowhere/sts"),
            "Action=AssumeRole",
            "403",
            "Credential should be scoped to a valid region. <",
        ),
        (authorization("20260101/eu-west-1/sts"), "Action=AssumeRole", "403", "InvalidClientTokenId"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(aws.url().trim_start_matches("http://")).await.unwrap();
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let head = format!(
            "POST / HTTP/1.1\r\nHost: aws\r\nConnection: close\r\n{form}Content-Length: {}\r\n{header}\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let text = text.replace("&quot;", "'");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(&text), "{text}: {answer}");
    }
    assert_eq!(aws.calls().len(), 6);
}

/// Requests one second more than was signed.
#[derive(Debug)]
struct OneSecondMore;

impl Intercept for OneSecondMore {
    fn name(&self) -> &'static str {
        "OneSecondMore"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = String::from_utf8(context.request().body().bytes().unwrap_or_default().to_vec())?;
        *context.request_mut().body_mut() = SdkBody::from(body.replace("=900", "=901"));
        Ok(())
    }
}

#[tokio::test]
async fn a_signature_covers_the_body_and_is_valid_for_fifteen_minutes() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let changed = client!(aws_sdk_sts, aws, caller, |config| config.interceptor(OneSecondMore));
    let outcome = outcome!(changed.assume_role().role_arn(HUB).role_session_name("run").duration_seconds(900));
    assert!(
        outcome.starts_with("SignatureDoesNotMatch: The request signature we calculated does not match"),
        "{outcome}"
    );
    for (offset, start) in [
        (14 * 60, "ok"),
        (-14 * 60, "ok"),
        (16 * 60, "SignatureDoesNotMatch: Signature expired: 2"),
        (-16 * 60, "SignatureDoesNotMatch: Signature not yet current: 2"),
    ] {
        aws.set_clock_offset(SignedDuration::from_secs(offset));
        let outcome = assume(&aws, &caller, HUB, 900).await;
        assert!(outcome.starts_with(start), "{offset} s: {outcome}");
        assert!(
            start == "ok" || outcome.ends_with(if offset > 0 { "Z - 15 min.)" } else { "Z + 15 min.)" }),
            "{outcome}"
        );
    }
}

#[tokio::test]
async fn every_scripted_refusal_arrives_as_written() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let sts = client!(aws_sdk_sts, aws, caller);
    for refusal in REFUSALS {
        aws.script(Fault::on("GetCallerIdentity").times(1).then(*refusal));
        let error = sts.get_caller_identity().send().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(refusal.code), refusal.message), "{}", refusal.name);
        assert_eq!(error.raw_response().unwrap().status().as_u16(), refusal.status);
        assert!(error.request_id().is_some());
    }
    assert_eq!(outcome!(sts.get_caller_identity()), "ok");
}

#[tokio::test]
async fn only_the_scripted_call_fails_and_in_the_scripted_way() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    use Answer::{EmptyBody, Html, Malformed, Reset, ResetAfterwards, Truncated};
    for answer in [Reset, ResetAfterwards, Truncated, Malformed, EmptyBody, Html(200), Html(503)] {
        aws.script(Fault::on("AssumeRole").target(HUB).times(1).then(answer.clone()));
        let outcome = assume(&aws, &caller, HUB, 900).await;
        assert_eq!(outcome, "no code: no message", "{answer:?}");
        assert_eq!(assume(&aws, &caller, HUB, 900).await, "ok");
    }
    // The SDK accepts an answer without its members.
    aws.script(Fault::on("AssumeRole").times(1).then(Answer::NoMembers));
    let call = client!(aws_sdk_sts, aws, caller).assume_role().role_arn(HUB).role_session_name("run");
    assert!(call.send().await.unwrap().credentials().is_none());
    aws.script(Fault::on("Publish").after(1).times(1).then(Answer::ResetAfterwards));
    let publish = || client!(aws_sdk_sns, aws, caller).publish().topic_arn(TOPIC).message("m");
    assert_eq!([outcome!(publish()), outcome!(publish())], ["ok", "no code: no message"]);
    assert_eq!(aws.messages(TOPIC).len(), 2, "the second was taken, although the caller cannot know");
    aws.script(Fault::on("GetRole").target(CHECKER).then(Answer::Hang));
    let hangs = client!(aws_sdk_iam, aws, caller).get_role().role_name("checker").send();
    let arrives = async {
        while aws.calls_of("GetRole").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        answer = hangs => panic!("a call that hangs is answered: {answer:?}"),
        () = arrives => {}
    }
    assert_eq!(aws.calls_of("GetRole")[0].status, 0);
}

#[tokio::test]
async fn sixty_four_concurrent_calls_are_answered_after_the_configured_latency() {
    let mut world = world();
    let caller = world.role_session(SESSION);
    let aws = StandIn::start(world).await;
    let sts = client!(aws_sdk_sts, aws, caller);
    // Long enough for a slow machine to send all calls before the first answer.
    let latency = Duration::from_secs(2);
    aws.set_latency(latency);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let call = sts.assume_role().role_arn(HUB).role_session_name("run");
        calls.spawn(async move { call.send().await.is_ok() });
    }
    assert!(calls.join_all().await.into_iter().all(|good| good));
    assert_eq!(aws.connections(), 64);
    let seen = aws.calls();
    let took = |call: &Call| call.ended - call.started;
    assert!(seen.iter().all(|call| took(call) >= latency));
    assert!(aws.most_at_once() > 32);
    aws.set_latency(Duration::ZERO);
    assert_eq!(outcome!(sts.get_caller_identity()), "ok");
    assert_eq!(aws.connections(), 64, "a connection is used again");
}
