//! Lambda: GetFunctionConfiguration, for the Timeout of functions. The answer also holds the function's environment
//! variables, which are never kept or shown.

use super::answer::ErrorAnswer;
use super::calls::{Calls, setting_failure};
use super::client::AssumedSession;
use super::errors::Operation::GetFunctionConfiguration;
use crate::facts::SettingFailure;
use crate::inventory::{FunctionArn, Seconds};
use crate::lease::rules::LAMBDA_TIMEOUT_RANGE;

impl Calls {
    /// Reads the function's Timeout.
    pub(super) async fn function_timeout(
        &self,
        session: Option<&AssumedSession>,
        function: &FunctionArn,
    ) -> Result<Seconds, SettingFailure> {
        let answer = self
            .aws
            .lambda(session, function)
            .get_function_configuration()
            .function_name(function.name())
            .set_qualifier(function.qualifier().map(str::to_owned))
            .send()
            .await
            .map_err(|error| setting_failure(GetFunctionConfiguration, ErrorAnswer::read(&error, &self.aws.secrets)))?;
        let unreadable = |message: &str| setting_failure(GetFunctionConfiguration, ErrorAnswer::unreadable(message));
        // The credentials may be of another account, which may have a function of that name.
        let answered = answer.function_arn.as_deref().and_then(|arn| FunctionArn::parse(arn).ok());
        let is_asked = |answered: FunctionArn| {
            answered.region() == function.region()
                && answered.account() == function.account()
                && answered.name() == function.name()
        };
        if !answered.is_some_and(is_asked) {
            return Err(unreadable("the answer is not about this function"));
        }
        let timeout = answer.timeout.and_then(|timeout| u64::try_from(timeout).ok()).map(Seconds);
        timeout.filter(|timeout| LAMBDA_TIMEOUT_RANGE.contains(timeout)).ok_or_else(|| {
            let (least, most) = (LAMBDA_TIMEOUT_RANGE.start(), LAMBDA_TIMEOUT_RANGE.end());
            unreadable(&format!("the answer has no Timeout from {} to {} s", least.0, most.0))
        })
    }
}
