//! The Lambda function.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use credential_health::lambda::{Function, Invocation, logs};
use credential_health::probe::Aws;
use credential_health::settings::Settings;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logs::set_up();
    let settings = Settings::read(|name| std::env::var(name).ok()).map_err(|problems| {
        tracing::error!(target: "credential_health", event = "bad_settings", problems = problems.join("; "));
        Error::from(format!("bad settings: {}", problems.join("; ")))
    })?;
    let function = Function::new(settings, Aws::of_function().await, logs::write_metrics);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let deadline = UNIX_EPOCH + Duration::from_millis(event.context.deadline);
        let remaining = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let invocation = Invocation { request_id: event.context.request_id, remaining, at: Timestamp::now() };
        let function = &function;
        // Boxed: each layer of the runtime has it in its own future, and moves it.
        Box::pin(async move { function.handle(&event.payload, &invocation).await })
    }))
    .await
}
