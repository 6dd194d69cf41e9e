//! From what the SDK reports to a [`Failure`]: code, message, status and request id, and nothing else. The SDK's own
//! Debug and error chains can hold a secret key (an answer that could not be parsed), so they are never printed.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::failure::{Class, printable};

/// A failed call's answer, without the call.
pub(crate) struct Answer {
    pub(crate) class: Class,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
}

/// Reads what came back, or what stopped the call on this side.
pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Answer
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let local = |class: Class, message: &str| Answer {
        class,
        code: None,
        message: message.to_owned(),
        status: None,
        request_id: None,
    };
    match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let status = service.raw().status().as_u16();
            let (code, message) = (meta.code().unwrap_or_default(), meta.message().unwrap_or_default());
            if code.is_empty() {
                return not_from_aws(status);
            }
            let shown =
                if message.is_empty() { format!("HTTP {status} without a message") } else { printable(message) };
            Answer {
                class: Class::of(code, status, message),
                code: Some(printable(code)),
                message: shown,
                status: Some(status),
                request_id: meta.extra("aws_request_id").map(printable),
            }
        }
        SdkError::ResponseError(response) => not_from_aws(response.raw().status().as_u16()),
        SdkError::TimeoutError(_) => local(Class::TimedOut, "no answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => local(Class::TimedOut, "no connection in time"),
        other => match credentials_error(other) {
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                local(Class::NoCredentials, "no provider of the credential chain has credentials")
            }
            Some(_) => local(Class::NoCredentials, "a provider of the credential chain failed"),
            None if matches!(other, SdkError::ConstructionFailure(_)) => {
                local(Class::InvalidRequest, "the request could not be made")
            }
            None => local(Class::Unreachable, "no connection: name, network or TLS"),
        },
    }
}

/// An answer without an error code, or that is no XML of AWS's: a proxy's page, say. It refuses nothing.
fn not_from_aws(status: u16) -> Answer {
    let class = if status >= 500 { Class::Unavailable } else { Class::Unreadable };
    let message = format!("HTTP {status} with an answer that is not AWS's");
    Answer { class, code: None, message, status: Some(status), request_id: None }
}

fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<CredentialsError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
