//! The Lambda function.

#![allow(clippy::disallowed_methods, reason = "an entry point reads the clock and the environment")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use credential_health::aws::Aws;
use credential_health::lambda::{Function, Invocation, logs};
use credential_health::settings::Settings;
use jiff::Timestamp;
use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logs::set_up();
    let variable = |name: &str| std::env::var(name).ok();
    let (settings, aws) = match (Settings::read(variable), Aws::from_environment(&variable).await) {
        (Ok(settings), Ok(aws)) => (settings, aws),
        (settings, aws) => {
            let sdk = aws.err().map(|bad| bad.to_string());
            let ours = settings.err().map(|bad| bad.to_string());
            let problems = ours.into_iter().chain(sdk).collect::<Vec<_>>().join("; ");
            tracing::error!(target: "credential_health", event = "bad_settings", problems);
            return Err(Error::from(format!("bad settings: {problems}")));
        }
    };
    let function = Function::new(settings, aws, logs::write_metrics);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| {
        let deadline = UNIX_EPOCH + Duration::from_millis(event.context.deadline);
        let remaining = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let caller = caller(&event.context);
        let invocation = Invocation { request_id: event.context.request_id, remaining, at: Timestamp::now(), caller };
        let function = &function;
        // Boxed: each layer of the runtime holds it in its own future, and moves it.
        Box::pin(async move { function.handle_text(event.payload.get(), &invocation).await })
    }))
    .await
}

/// The caller of a direct invocation, where Lambda's context names one.
fn caller(context: &Context) -> Option<String> {
    let identity = context.identity.as_ref().map(|identity| format!("Cognito identity {}", identity.identity_id));
    let client = context.client_context.as_ref().map(|context| context.client.app_title.clone());
    identity.or(client)
}
