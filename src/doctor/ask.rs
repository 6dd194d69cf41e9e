//! Makes the calls of `doctor`: the SDK's chain of providers for credentials, once, then STS for their identity. Returns
//! facts.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::facts::{Asked, Identity, Key, Loaded, NotLoaded, ProcessFailure, Provider, Refused, Selected, SelectedBy};
use crate::aws::credentials::{ConfigFiles, Found, NotFound, ProcessError, ProviderKind};
use crate::aws::{Aws, ErrorAnswer};

/// The longest wait for STS.
const PATIENCE: Duration = Duration::from_secs(12);
/// The longest wait for credentials: a program may ask a person. The SDKs give up after 5 seconds, the AWS CLI does not.
pub(super) const PATIENCE_FOR_CREDENTIALS: Duration = Duration::from_secs(30);

/// Asks with these files in place of those that the SDK reads by itself. `waits`: the provider that decides would wait
/// for a file, so none is asked for credentials.
pub(super) async fn ask(selected: &Selected, files: ConfigFiles, waits: bool) -> Asked {
    // As with the AWS CLI's --profile, the environment's keys do not count.
    let profile = (selected.by == SelectedBy::Option).then_some(selected.name.as_str());
    let aws = Aws::for_shell(profile, files.clone(), PATIENCE).await;
    let failed = |process| Err(NotLoaded { failed: true, refused: None, process });
    let found = match waits {
        true => failed(None),
        false => match timeout(PATIENCE_FOR_CREDENTIALS, aws.find_credentials(profile, files)).await {
            Ok(found) => found.map_err(not_loaded),
            Err(_) => failed(Some(ProcessFailure::Late)),
        },
    };
    // Without credentials too: an answer that refuses the call has a Date, which shows whether the clock is right.
    let identity = aws.identity_of(found.as_ref().ok()).await;
    let (answers, clock_offset) = aws.clock.answers_and_offset();
    let nothing_to_sign_with = found.is_err();
    let identity = identity.map(|caller| Identity { arn: caller.arn, account: caller.account });
    let identity = identity.map_err(|answer| refused("GetCallerIdentity", answer));
    Asked {
        loaded: Some(found.map(|found| loaded(&found))),
        identity: (!nothing_to_sign_with || answers == 0).then_some(identity),
        answers,
        clock_offset,
        region: aws.region(),
    }
}

fn loaded(found: &Found) -> Loaded {
    Loaded {
        key: Key::of(found.access_key_id()),
        token: found.has_token(),
        provider: found.provider().map(|provider| match provider {
            ProviderKind::Profile => Provider::Profile,
            ProviderKind::Environment => Provider::Environment,
            ProviderKind::WebIdentity => Provider::WebIdentity,
            ProviderKind::Container => Provider::Container,
            ProviderKind::InstanceMetadata => Provider::InstanceMetadata,
        }),
        expires: found.expires().and_then(|end| Timestamp::try_from(end).ok()),
    }
}

fn not_loaded(error: NotFound) -> NotLoaded {
    NotLoaded {
        failed: error.failed,
        refused: error.refused.map(|(call, answer)| refused(call, answer)),
        process: error.process.map(|process| match process {
            ProcessError::Exit(status) => ProcessFailure::Exit(status),
            ProcessError::NotRun => ProcessFailure::NotRun,
            ProcessError::Output => ProcessFailure::Output,
        }),
    }
}

fn refused(call: &'static str, answer: ErrorAnswer) -> Refused {
    Refused { class: answer.class, call, code: answer.code, message: answer.message }
}
