//! Reads error answers: code, message, status and request id, and nothing else. The SDK's Debug output and error
//! chains can hold a secret key of an unreadable answer, so they are never printed.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use http_body_util::LengthLimitError;
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::errors::{Class, answer_text, printable};
use super::secrets::Secrets;

/// The result of a failed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    pub(crate) class: Class,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
}

impl ErrorAnswer {
    /// A local failure: no code, no status.
    pub(crate) fn local(class: Class, message: &str) -> Self {
        Self { class, code: None, message: message.to_owned(), status: None, request_id: None }
    }

    /// An answer that does not come from AWS.
    pub(crate) fn unreadable(message: &str) -> Self {
        Self::local(Class::Unreadable, message)
    }

    /// An answer without an error code or without AWS's XML, such as a proxy's error page.
    fn not_from_aws(status: u16) -> Self {
        let class = if status >= 500 { Class::Unavailable } else { Class::Unreadable };
        let message = format!("HTTP {status} with an answer that is not AWS's");
        Self { status: Some(status), ..Self::local(class, &message) }
    }

    /// An error code of AWS with its message, of a call or of a part of it.
    pub(crate) fn coded(code: &str, status: u16, message: &str, secrets: &Secrets) -> Self {
        let printable = |text: &str| printable(&secrets.redact(text));
        let shown = if message.is_empty() { format!("HTTP {status} without a message") } else { printable(message) };
        Self {
            class: Class::from_answer(code, status, message),
            code: Some(printable(code)),
            message: shown,
            status: Some(status),
            request_id: None,
        }
    }

    /// Whether AWS was not asked, or did not answer.
    pub(crate) const fn is_missing(&self) -> bool {
        matches!(self.class, Class::NoCredentials | Class::Unreachable | Class::TimedOut)
    }

    /// The error code, if any, and the message.
    pub(crate) fn text(&self) -> String {
        answer_text(self.code.as_deref(), &self.message)
    }

    /// Reads the answer, or the local error that stopped the call. Nothing in it is a part of `secrets`.
    pub(crate) fn read<E>(error: &SdkError<E, HttpResponse>, secrets: &Secrets) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let printable = |text: &str| printable(&secrets.redact(text));
        if let Some(largest) = find::<LengthLimitError>(error) {
            let status = error.raw_response().map(|raw| raw.status().as_u16());
            let message = format!("the answer is too large: {largest}");
            return Self { status, ..Self::unreadable(&message) };
        }
        match error {
            SdkError::ServiceError(service) => {
                let meta = service.err().meta();
                let status = service.raw().status().as_u16();
                let (code, message) = (meta.code().unwrap_or_default(), meta.message().unwrap_or_default());
                if code.is_empty() {
                    return Self::not_from_aws(status);
                }
                let request_id = meta.extra("aws_request_id").map(printable);
                Self { request_id, ..Self::coded(code, status, message, secrets) }
            }
            SdkError::ResponseError(response) => Self::not_from_aws(response.raw().status().as_u16()),
            SdkError::TimeoutError(_) => Self::local(Class::TimedOut, "no answer in time"),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                Self::local(Class::TimedOut, "no connection in time")
            }
            other => match find::<CredentialsError>(other) {
                Some(CredentialsError::CredentialsNotLoaded(_)) => {
                    Self::local(Class::NoCredentials, "no provider of the credential chain has credentials")
                }
                Some(_) => Self::local(Class::NoCredentials, "a provider of the credential chain failed"),
                None if matches!(other, SdkError::ConstructionFailure(_)) => {
                    Self::local(Class::InvalidRequest, "the request could not be made")
                }
                None => Self::local(Class::Unreachable, "no connection: name, network or TLS"),
            },
        }
    }
}

/// The first error of this type in a chain of sources.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Refuses a truncated XML answer: the SDK's parsers accept it, and would read `432` instead of `43200`.
#[derive(Debug)]
pub(super) struct WholeAnswer;

#[dyn_dispatch_hint]
impl Intercept for WholeAnswer {
    fn name(&self) -> &'static str {
        "WholeAnswer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.response().body().bytes() {
            Some(body) if !is_closed(body) => Err("the answer is not a whole XML document".into()),
            _ => Ok(()),
        }
    }
}

/// Whether the document is XML whose every element is closed, with one root.
fn is_closed(document: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(document) else { return false };
    let (mut open, mut roots) = (Vec::new(), 0);
    for token in Tokenizer::from(text.trim_start_matches('\u{feff}').trim()) {
        match token {
            Ok(Token::ElementStart { prefix, local, .. }) => {
                roots += usize::from(open.is_empty());
                open.push((prefix.as_str(), local.as_str()));
            }
            Ok(Token::ElementEnd { end: ElementEnd::Empty, .. }) => drop(open.pop()),
            Ok(Token::ElementEnd { end: ElementEnd::Close(prefix, local), .. }) => {
                if open.pop() != Some((prefix.as_str(), local.as_str())) {
                    return false;
                }
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    roots == 1 && open.is_empty()
}

#[cfg(test)]
mod tests {
    use super::is_closed;

    #[test]
    fn every_cut_of_a_document_is_seen() {
        let documents = [
            "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>\
             <MaxSessionDuration>43200</MaxSessionDuration></Role></GetRoleResult></GetRoleResponse>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse><Error><Code>AccessDenied</Code>\
             <Message/></Error></ErrorResponse>",
            "<Empty/>",
        ];
        for whole in documents {
            assert!(is_closed(whole.as_bytes()) && is_closed(format!("{whole}\n").as_bytes()), "{whole}");
            for end in 0..whole.len() {
                assert!(!is_closed(&whole.as_bytes()[..end]), "{}", &whole[..end]);
            }
        }
        for other in [
            "",
            "{}",
            "not found",
            "<",
            "<>",
            "</>",
            "\u{0}",
            "<a><b>43200</a>",
            "<a><b>432</c></a>",
            "<a>1</b></a>",
            "<a><b><c>43200</b></c></a>",
            "<a/><a/>",
            "<a></a><b></b>",
            "<a></b:a>",
            "<a x=1></a>",
            "<a>&</a><",
        ] {
            assert!(!is_closed(other.as_bytes()), "{other:?}");
        }
    }
}
