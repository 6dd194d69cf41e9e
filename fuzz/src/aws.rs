//! AWS in this process: a function answers the calls, and every call is recorded.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use credential_health::aws::Aws;

/// A part of every credential here. No output may show it.
pub const CANARY: &str = "FUZZCANARY";

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// Its Content-Type.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// A recorded call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The parameters of its form.
    pub form: Vec<(String, String)>,
    /// The status of its answer.
    pub status: u16,
}

impl Call {
    /// A parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The operation.
    #[must_use]
    pub fn action(&self) -> &str {
        self.parameter("Action").unwrap_or_default()
    }
}

type Answerer = dyn Fn(&Call, usize) -> Answer + Send + Sync;

/// AWS, and its recorded calls.
#[derive(Clone)]
pub struct InProcess {
    answer: Arc<Answerer>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl InProcess {
    /// Answers each call from the call and the number of earlier calls.
    pub fn new(answer: impl Fn(&Call, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), calls: Arc::default() }
    }

    /// The recorded calls.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A client as in the programs, but without retries: waiting for another attempt would test only the SDK.
    pub async fn client(&self) -> Aws {
        let key = Credentials::new(format!("AKIA{CANARY}"), CANARY, Some(CANARY.to_owned()), None, "fuzz");
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(key)
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .http_client(self.clone());
        Aws::with(loader.load().await)
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let form = form_urlencoded::parse(request.body().bytes().unwrap_or_default()).into_owned().collect();
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut call = Call { form, status: 0 };
        let Answer { status, content_type, body } = (self.answer)(&call, calls.len());
        call.status = status;
        calls.push(call);
        let status = status.try_into().expect("100 to 599");
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        // An invalid header is not sent.
        let _ = response.headers_mut().try_insert("content-type", content_type);
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The normal answer of AWS.
#[must_use]
pub fn answer_normally(call: &Call) -> Answer {
    let body = match call.action() {
        "AssumeRole" => {
            let arn = call.parameter("RoleArn").unwrap_or_default().replace(":iam:", ":sts:");
            // The ARN of a session has the name of the role without the path.
            let name = arn.rsplit('/').next().unwrap_or_default();
            let arn =
                arn.split(":role/").next().map(|start| format!("{start}:assumed-role/{name}")).unwrap_or_default();
            let end = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(15);
            format!(
                "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
                 <Credentials>\
                 <AccessKeyId>ASIA{CANARY}</AccessKeyId><SecretAccessKey>{CANARY}</SecretAccessKey>\
                 <SessionToken>{CANARY}</SessionToken><Expiration>{end:.0}</Expiration></Credentials>\
                 <AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>{arn}/x</Arn></AssumedRoleUser>\
                 </AssumeRoleResult></AssumeRoleResponse>"
            )
        }
        "GetRole" => {
            let name = call.parameter("RoleName").unwrap_or_default();
            format!(
                "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>\
                 <Path>/</Path>\
                 <RoleName>{name}</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::222222222222:role/{name}</Arn>\
                 <CreateDate>2020-01-01T00:00:00Z</CreateDate><MaxSessionDuration>7200</MaxSessionDuration></Role>\
                 </GetRoleResult></GetRoleResponse>"
            )
        }
        "GetCallerIdentity" => "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:sts::111111111111:assumed-role/checker/x</Arn>\
             <UserId>AROA:x</UserId>\
             <Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            .to_owned(),
        _ => "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
             <MessageId>1</MessageId></PublishResult></PublishResponse>"
            .to_owned(),
    };
    Answer { status: 200, content_type: "text/xml".to_owned(), body: body.into_bytes() }
}

/// Runs a future to its end on this thread, so that the calls come in the same order each time.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(future)
}
