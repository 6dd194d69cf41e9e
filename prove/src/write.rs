//! The calls that change IAM: what a run makes, and what it changes between two rules.

use aws_credential_types::Credentials;
use aws_sdk_iam::error::SdkError;
use aws_sdk_iam::types::{StatusType, Tag};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use credential_health::inventory::Seconds;

use crate::aws::{Aws, Signer, seen_of};
use crate::model::{Change, Make, Role, Seen};
use crate::sandbox::{Names, POLICY_NAME, TAG};

const DESCRIPTION: &str = "made by credential-health-prove, which removes it";

impl Aws {
    /// Makes a thing once. The credentials are those of a new access key. A thing of this name exists already where the
    /// answer to an earlier attempt was lost.
    pub(crate) async fn make(&self, make: Make, names: &Names) -> Result<Option<Credentials>, Seen> {
        let iam = self.iam(&Signer::YOU);
        match make {
            Make::User => {
                let create = iam.create_user().user_name(names.user()).path(&names.path).set_tags(tags(names));
                unless_it_exists(done(create.send().await))
            }
            Make::UserPolicy => {
                let put = iam.put_user_policy().user_name(names.user()).policy_name(POLICY_NAME);
                done(put.policy_document(names.user_policy()).send().await)
            }
            Make::AccessKey => {
                let answer = iam.create_access_key().user_name(names.user()).send().await;
                let key = answer.map_err(|error| seen_of(&error))?.access_key;
                let key = key.ok_or_else(|| Seen::NoAnswer("the answer has no key".to_owned()))?;
                Ok(Some(Credentials::new(key.access_key_id, key.secret_access_key, None, None, "prove")))
            }
            Make::Role(role, maximum) => unless_it_exists(self.create_role(role, maximum, names).await),
            Make::RolePolicy(role) => {
                let put = iam.put_role_policy().role_name(names.role(role)).policy_name(POLICY_NAME);
                done(put.policy_document(names.role_policy()).send().await)
            }
        }
    }

    /// Makes a change once. `key`: the access key of the user.
    pub(crate) async fn change(
        &self,
        change: Change,
        key: Option<&Credentials>,
        names: &Names,
    ) -> Result<Option<Credentials>, Seen> {
        let iam = self.iam(&Signer::YOU);
        match change {
            Change::DescribeReset => {
                let update = iam.update_role().role_name(names.role(Role::Reset));
                done(update.description(format!("{DESCRIPTION}, changed")).send().await)
            }
            Change::DeleteDoomed => done(iam.delete_role().role_name(names.role(Role::Doomed)).send().await),
            Change::MakeDoomedAgain => self.create_role(Role::Doomed, None, names).await,
            Change::DeactivateKey => {
                let id = key.map(Credentials::access_key_id).unwrap_or_default();
                let update = iam.update_access_key().user_name(names.user()).access_key_id(id);
                done(update.status(StatusType::Inactive).send().await)
            }
        }
    }

    async fn create_role(
        &self,
        role: Role,
        maximum: Option<Seconds>,
        names: &Names,
    ) -> Result<Option<Credentials>, Seen> {
        let create = self
            .iam(&Signer::YOU)
            .create_role()
            .role_name(names.role(role))
            .path(&names.path)
            .description(DESCRIPTION)
            .assume_role_policy_document(names.trust(role))
            .set_max_session_duration(maximum.map(|seconds| i32::try_from(seconds.0).unwrap_or(i32::MAX)))
            .set_tags(tags(names));
        done(create.send().await)
    }
}

fn tags(names: &Names) -> Option<Vec<Tag>> {
    Some(vec![Tag::builder().key(TAG).value(&names.run).build().ok()?])
}

fn done<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<Credentials>, Seen>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    answer.map(|_| None).map_err(|error| seen_of(&error))
}

fn unless_it_exists(answer: Result<Option<Credentials>, Seen>) -> Result<Option<Credentials>, Seen> {
    match answer {
        Err(Seen::Refused { code, .. }) if code == "EntityAlreadyExists" => Ok(None),
        other => other,
    }
}
