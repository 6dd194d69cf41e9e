//! SSM: GetParametersByPath.

use std::collections::HashSet;

use super::answer::ErrorAnswer;
use super::client::Aws;
use super::s3_list::MOST_EMPTY_PAGES;

/// The most parameters of a page (SSM GetParametersByPath, `MaxResults`).
const MOST_OF_PAGE: i32 = 10;

/// Whether encrypted parameters are decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decryption {
    With,
    Without,
}

/// A parameter. It has no Debug, because its value may be secret.
pub(super) struct Parameter {
    /// The whole name.
    pub(super) name: String,
    /// The value; that of an encrypted parameter is its ciphertext, unless decryption was requested.
    pub(super) value: String,
    pub(super) version: i64,
    pub(super) is_encrypted: bool,
}

impl Aws {
    /// Passes each parameter below the path to `each`, until that returns `false`.
    pub(super) async fn parameters(
        &self,
        path: &str,
        decryption: Decryption,
        mut each: impl FnMut(Parameter) -> bool + Send,
    ) -> Result<(), ErrorAnswer> {
        let client = self.ssm();
        let mut known = HashSet::new();
        let (mut token, mut empty) = (None, 0);
        loop {
            let request = client
                .get_parameters_by_path()
                .path(path)
                .recursive(true)
                .with_decryption(decryption == Decryption::With);
            let request = request.max_results(MOST_OF_PAGE).set_next_token(token.take());
            let answer = Box::pin(request.send()).await.map_err(|error| ErrorAnswer::read(&error, &self.secrets))?;
            // A proxy's page can be JSON too.
            let parameters =
                answer.parameters.ok_or_else(|| ErrorAnswer::unreadable("the answer has no parameters"))?;
            empty = if parameters.is_empty() { empty + 1 } else { 0 };
            for parameter in parameters {
                let parameter = read(parameter).filter(|parameter| parameter.name.starts_with(path));
                let parameter =
                    parameter.ok_or_else(|| ErrorAnswer::unreadable("the answer is not about this path"))?;
                if !each(parameter) {
                    return Ok(());
                }
            }
            let Some(next) = answer.next_token.filter(|next| !next.is_empty()) else { return Ok(()) };
            if empty >= MOST_EMPTY_PAGES || !known.insert(next.clone()) {
                return Err(ErrorAnswer::unreadable("the list of parameters has no end"));
            }
            token = Some(next);
        }
    }
}

fn read(parameter: aws_sdk_ssm::types::Parameter) -> Option<Parameter> {
    Some(Parameter {
        name: parameter.name?,
        value: parameter.value?,
        version: parameter.version,
        is_encrypted: parameter.r#type == Some(aws_sdk_ssm::types::ParameterType::SecureString),
    })
}
