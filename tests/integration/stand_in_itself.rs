//! Tests of the stand-in against recorded behaviour of AWS, through the real SDK clients. A failure here is an error of
//! the stand-in, not of the product.
#![allow(clippy::unwrap_used, reason = "a test may")]

use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_smithy_types::retry::RetryConfig;

use super::stand_in::{Credentials, Role, StandIn, Topic, User, World};

const CHECKER: &str = "arn:aws:iam::999999999999:role/tools/checker";
const SESSION: &str = "arn:aws:sts::999999999999:assumed-role/checker/lambda";
const HUB: &str = "arn:aws:iam::111111111111:role/pipeline/hub";
const TOPIC: &str = "arn:aws:sns:eu-west-1:999999999999:credential-health";
const FIFO: &str = "arn:aws:sns:eu-west-1:999999999999:credential-health.fifo";

/// A checker with all permissions, a hub of twelve hours that trusts the checker and a user, and two topics.
fn world() -> World {
    let mut world = World::new();
    world.role(Role::new(CHECKER).allows("*", "*"));
    let trusted = Role::new(HUB).max_session(43_200).trusts(CHECKER).trusts("arn:aws:iam::999999999999:user/checker");
    world.role(trusted.allows("iam:GetRole", HUB).allows("sns:Publish", "*"));
    world.topic(Topic::new(TOPIC).accepts_account("111111111111")).topic(Topic::fifo(FIFO));
    world
}

fn user(world: &mut World) -> Credentials {
    world.user(User::new("arn:aws:iam::999999999999:user/checker").may_assume("arn:aws:iam::*:role/*"))
}

/// The client of each service with the same settings: the endpoint of the stand-in, these credentials, no retries.
macro_rules! client {
    ($service:ident, $aws:expr, $credentials:expr) => {
        client!($service, $aws, $credentials, |config| config)
    };
    ($service:ident, $aws:expr, $credentials:expr, $more:expr) => {{
        let Credentials { access_key_id, secret_access_key, session_token } = $credentials.clone();
        let builder = $service::Config::builder()
            .behavior_version($service::config::BehaviorVersion::latest())
            .region($service::config::Region::new("eu-west-1"))
            .endpoint_url($aws.url())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .credentials_provider($service::config::Credentials::new(
                access_key_id,
                secret_access_key,
                session_token,
                None,
                "test",
            ));
        let more: fn($service::config::Builder) -> $service::config::Builder = $more;
        $service::Client::from_conf(more(builder).build())
    }};
}

/// `code: message` of a refused call, `ok` of a successful call.
macro_rules! outcome {
    ($call:expr) => {
        match $call.send().await {
            Ok(_) => "ok".to_owned(),
            Err(error) => format!("{}: {}", error.code().unwrap_or("no code"), error.message().unwrap_or("no message")),
        }
    };
}

async fn assume(aws: &StandIn, credentials: &Credentials, role: &str, seconds: i32) -> String {
    outcome!(
        client!(aws_sdk_sts, aws, credentials)
            .assume_role()
            .role_arn(role)
            .role_session_name("run")
            .duration_seconds(seconds)
    )
}

async fn assumed_with(aws: &StandIn, credentials: &Credentials, policy: Option<&str>) -> Credentials {
    let call = client!(aws_sdk_sts, aws, credentials).assume_role().role_arn(HUB).role_session_name("run");
    let answer = call.set_policy(policy.map(str::to_owned)).send().await.unwrap();
    handed_out(answer.credentials())
}

/// The credentials that STS issued, in the type of the stand-in.
fn handed_out(given: Option<&aws_sdk_sts::types::Credentials>) -> Credentials {
    let given = given.unwrap();
    Credentials {
        access_key_id: given.access_key_id().to_owned(),
        secret_access_key: given.secret_access_key().to_owned(),
        session_token: Some(given.session_token().to_owned()),
    }
}

fn wrong_secret(credentials: &Credentials) -> Credentials {
    Credentials { secret_access_key: "wrong".to_owned(), ..credentials.clone() }
}

// The modules are in the folder of the stand-in. They come after the macros that they use.
#[path = "../stand_in/itself/s3.rs"]
mod s3;
#[path = "../stand_in/itself/sns.rs"]
mod sns;
#[path = "../stand_in/itself/sts_and_iam.rs"]
mod sts_and_iam;
#[path = "../stand_in/itself/wire.rs"]
mod wire;
