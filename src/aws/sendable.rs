//! The provider of the checker's credentials: bounded in time, held as secrets, and only such as a request can carry.

use std::fmt;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::secrets::Secrets;
use super::sts::is_header_text;

/// The longest wait for credentials. A `credential_process` may ask a person; one that never ends must not stop a run
/// for ever, and a call with all its attempts has more time than this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A provider that returns only credentials that a header can hold: the SDK panics when it signs with others. It notes
/// what it returns, so that no answer that quotes them is shown.
pub(super) struct Sendable<P> {
    pub(super) provider: P,
    pub(super) secrets: Secrets,
}

impl<P> fmt::Debug for Sendable<P> {
    /// Nothing of the provider: the SDK's Debug prints the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sendable")
    }
}

impl<P: ProvideCredentials> ProvideCredentials for Sendable<P> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let provided = tokio::time::timeout(LONGEST_WAIT, self.provider.provide_credentials()).await;
            let credentials = provided.map_err(|_| CredentialsError::provider_timed_out(LONGEST_WAIT))??;
            self.secrets.hold(&credentials);
            let fits = [Some(credentials.access_key_id()), credentials.session_token()]
                .into_iter()
                .flatten()
                .all(is_header_text);
            let wrong = "a key or token has a blank, a control character or one that is not ASCII";
            if fits { Ok(credentials) } else { Err(CredentialsError::invalid_configuration(wrong)) }
        })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `credential_process` that never ends.
    #[derive(Debug)]
    struct Endless;

    impl ProvideCredentials for Endless {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_is_given_up() {
        let provider = Sendable { provider: Endless, secrets: Secrets::default() };
        let given_up = provider.provide_credentials().await;
        assert!(matches!(given_up, Err(CredentialsError::ProviderTimedOut(_))), "{given_up:?}");
    }
}
