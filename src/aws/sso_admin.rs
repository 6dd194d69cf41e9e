//! IAM Identity Center: DescribePermissionSet, for the SessionDuration of permission sets. A permission set whose name
//! alone is known is searched for by ListInstances, ListPermissionSets and DescribePermissionSet.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::ErrorAnswer;
use super::calls::{Calls, setting_failure};
use super::client::AssumedSession;
use super::errors::{Class, Operation};
use crate::facts::SettingFailure;
use crate::inventory::Seconds;
use crate::lease::rules::{PERMISSION_SET_RANGE, PERMISSION_SETS_IN_PAGE};

/// The most permission sets that one search describes. AWS's default quota is 3,500 (IAM Identity Center User Guide,
/// limits).
const MOST_DESCRIBED: usize = 10_000;
/// The most pages of a search: twice as many as the permission sets need.
const MOST_PAGES: usize = 200;

/// The SessionDuration of a permission set, or why it is not known.
type SessionOf = Result<Seconds, SettingFailure>;

/// A permission set as DescribePermissionSet answers.
struct Described {
    name: Option<String>,
    session: SessionOf,
}

/// The pages of a list, or of one list after another.
#[derive(Default)]
struct Pages {
    read: usize,
    token: Option<String>,
    /// The tokens of this list. AWS never repeats one.
    tokens: BTreeSet<String>,
}

impl Pages {
    /// The token of the next page; `None`: the first page.
    fn next(&mut self) -> Option<String> {
        self.read += 1;
        self.token.take()
    }

    /// Takes the token of an answer. `false`: the page was the last of its list.
    fn advance(&mut self, token: Option<String>) -> Result<bool, ErrorAnswer> {
        let Some(token) = token else {
            self.tokens.clear();
            return Ok(false);
        };
        if !self.tokens.insert(token.clone()) {
            return Err(ErrorAnswer::unreadable("the answer repeats a page"));
        }
        if self.read >= MOST_PAGES {
            return Err(ErrorAnswer::unreadable("the list does not end"));
        }
        self.token = Some(token);
        Ok(true)
    }
}

impl Calls {
    /// Reads the SessionDuration of a permission set.
    pub(super) async fn permission_set_session(
        &self,
        session: Option<&AssumedSession>,
        region: Option<&str>,
        instance: &str,
        permission_set: &str,
    ) -> SessionOf {
        let client = self.aws.sso_admin(session, region);
        self.describe(&client, instance, permission_set).await?.session
    }

    /// Searches for the permission sets of these names. Stops where all are found.
    pub(super) async fn permission_sets_by_name(
        &self,
        session: Option<&AssumedSession>,
        region: Option<&str>,
        names: &BTreeSet<String>,
    ) -> BTreeMap<String, SessionOf> {
        let mut found = BTreeMap::new();
        let end = self.search(&self.aws.sso_admin(session, region), names, &mut found).await;
        let missing = || ErrorAnswer::local(Class::SettingMissing, "no permission set has this name");
        let failure = end.err().unwrap_or_else(|| setting_failure(Operation::ListPermissionSets, missing()));
        for name in names {
            found.entry(name.clone()).or_insert_with(|| Err(failure.clone()));
        }
        found
    }

    async fn search(
        &self,
        client: &aws_sdk_ssoadmin::Client,
        names: &BTreeSet<String>,
        found: &mut BTreeMap<String, SessionOf>,
    ) -> Result<(), SettingFailure> {
        let failed = |answer| setting_failure(Operation::ListPermissionSets, answer);
        let mut described = 0;
        let mut pages = Pages::default();
        for instance in self.instances(client).await? {
            loop {
                let call = client.list_permission_sets().instance_arn(&instance).max_results(PERMISSION_SETS_IN_PAGE);
                let answer = call.set_next_token(pages.next()).send().await;
                let answer = answer.map_err(|error| failed(ErrorAnswer::read(&error, &self.aws.secrets)))?;
                let no_list = || failed(ErrorAnswer::unreadable("the answer has no list"));
                for arn in answer.permission_sets.ok_or_else(no_list)? {
                    described += 1;
                    if described > MOST_DESCRIBED {
                        let message = "there are too many permission sets to search: write the ARN of this one";
                        return Err(failed(ErrorAnswer::local(Class::InvalidRequest, message)));
                    }
                    let Described { name, session } = self.describe(client, &instance, &arn).await?;
                    if let Some(name) = name.filter(|name| names.contains(name)) {
                        found.entry(name).or_insert(session);
                    }
                    if found.len() == names.len() {
                        return Ok(());
                    }
                }
                if !pages.advance(answer.next_token).map_err(failed)? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The ARNs of the instances that the caller can see, of all pages. An organization has one.
    async fn instances(&self, client: &aws_sdk_ssoadmin::Client) -> Result<Vec<String>, SettingFailure> {
        let failed = |answer| setting_failure(Operation::ListInstances, answer);
        let mut pages = Pages::default();
        let mut instances = Vec::new();
        loop {
            let answer = client.list_instances().set_next_token(pages.next()).send().await;
            let answer = answer.map_err(|error| failed(ErrorAnswer::read(&error, &self.aws.secrets)))?;
            // AWS's answer has the list, also where it is empty.
            let page = answer.instances.ok_or_else(|| failed(ErrorAnswer::unreadable("the answer has no list")))?;
            let page = page.into_iter();
            instances.extend(page.filter_map(|instance| instance.instance_arn));
            if !pages.advance(answer.next_token).map_err(failed)? {
                break;
            }
        }
        if instances.is_empty() {
            let message = "IAM Identity Center has no instance in this account and Region";
            return Err(failed(ErrorAnswer::local(Class::SettingMissing, message)));
        }
        Ok(instances)
    }

    async fn describe(
        &self,
        client: &aws_sdk_ssoadmin::Client,
        instance: &str,
        permission_set: &str,
    ) -> Result<Described, SettingFailure> {
        let operation = Operation::DescribePermissionSet;
        let call = client.describe_permission_set().instance_arn(instance).permission_set_arn(permission_set);
        let answer = call
            .send()
            .await
            .map_err(|error| setting_failure(operation, ErrorAnswer::read(&error, &self.aws.secrets)))?;
        let unreadable = |message: &str| setting_failure(operation, ErrorAnswer::unreadable(message));
        let Some(set) = answer.permission_set.filter(|set| set.permission_set_arn.as_deref() == Some(permission_set))
        else {
            return Err(unreadable("the answer is not about this permission set"));
        };
        let session = set.session_duration.as_deref().filter(|text| text.starts_with('P'));
        let session = session.and_then(|text| Seconds::parse(text).ok());
        let session = session.filter(|session| PERMISSION_SET_RANGE.contains(session)).ok_or_else(|| {
            let (least, most) = (PERMISSION_SET_RANGE.start(), PERMISSION_SET_RANGE.end());
            unreadable(&format!("the answer has no SessionDuration from {least} to {most}"))
        });
        Ok(Described { name: set.name, session })
    }
}
