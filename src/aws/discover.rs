//! Reads the tags of the roles that `discover` names: the reader of each account lists the roles and describes each.
//! ListRoles returns no tags, GetRole does (IAM API, ListRoles). A failure concerns its own account or role alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::calls::{Calls, Request};
use super::client::AssumedSession;
use super::errors::{Class, Failure, Operation};
use super::probe::Probe;
use super::tasks::result_of;
use super::walk::{declared_with, out_of_time};
use crate::facts::FolderTags;
use crate::inventory::{Inventory, Reader, Role, RoleArn, RoleFolder, TaggedRole};
use crate::plan::tags_policy;

/// Concurrent calls in one account: other tools use the same quota.
const AT_ONCE: usize = 8;
/// Only an AWS service can assume a service-linked role, so it has no job (IAM User Guide, service-linked roles).
const OF_SERVICES: &str = "/aws-service-role/";

impl Probe<'_> {
    /// Reads the tags of all roles that `discover` names, in half of the time at most: the walk needs the rest.
    pub(crate) async fn read_tags(&self, inventory: &Inventory) -> (Vec<FolderTags>, Vec<TaggedRole>) {
        let half = |deadline: Instant| Instant::now() + deadline.saturating_duration_since(Instant::now()) / 2;
        let reading = Arc::new(Reading {
            calls: Calls::new(self.aws, self.run_id),
            permits: Semaphore::new(self.concurrency.max(1)),
            deadline: self.deadline.map(half),
        });
        let mut under_way = JoinSet::new();
        for folder in &inventory.discover.folders {
            // An inventory has a reader for each of these accounts.
            let Some(reader) = inventory.readers.for_account(&folder.account) else { continue };
            let role = declared_with(inventory.role(&reader.role), reader.external_id.clone());
            under_way.spawn(Arc::clone(&reading).folder(folder.clone(), reader, role));
        }
        let (mut folders, mut roles) = (Vec::new(), Vec::new());
        for (folder, tagged) in under_way.join_all().await {
            folders.push(folder);
            roles.extend(tagged);
        }
        folders.sort_by(|one, other| one.folder.cmp(&other.folder));
        (folders, roles)
    }
}

/// The shared parts of all calls.
struct Reading {
    calls: Calls,
    permits: Semaphore,
    deadline: Option<Instant>,
}

impl Reading {
    async fn folder(self: Arc<Self>, folder: RoleFolder, reader: Reader, role: Role) -> (FolderTags, Vec<TaggedRole>) {
        let mut tags = FolderTags { folder, reader: reader.role, roles: 0, failures: Vec::new() };
        let listed = self.list(&tags.folder, role).await;
        let (session, listed) = match listed {
            Ok(read) => read,
            Err(failure) => {
                tags.failures.push(failure);
                return (tags, Vec::new());
            }
        };
        let mut waiting = listed.into_iter();
        let mut under_way = JoinSet::new();
        let mut tagged = Vec::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(role) = waiting.next()
            {
                under_way.spawn(Arc::clone(&self).role(Arc::clone(&session), role));
            }
            match under_way.join_next().await.map(result_of) {
                None => break,
                Some(Ok(role)) => tagged.push(role),
                // Deleted since the list: the role has no job any more.
                Some(Err(failure)) if failure.class == Class::RoleMissing => {}
                Some(Err(failure)) => tags.failures.push(failure),
            }
        }
        tags.roles = tagged.len();
        tags.failures.sort_by(|one, other| one.target.cmp(&other.target));
        (tags, tagged)
    }

    /// The reader's session, and the roles of the folder. A part of a list is not used: a role that is missing in it
    /// would seem deleted.
    async fn list(&self, folder: &RoleFolder, reader: Role) -> Result<(Arc<AssumedSession>, Vec<RoleArn>), Failure> {
        let target = reader.arn.clone();
        let request = Request { policy: Some(tags_policy(&target, folder)), ..self.request(reader, None) };
        let assume = self.calls.assume_role(None, &request);
        let session = Arc::new(self.within_limits(Operation::AssumeRole, &target, assume).await?);
        self.calls.aws.secrets.hold_session(&session);
        let request = self.request(Role::bare(target.clone()), Some(&session));
        let (mut roles, mut markers, mut marker) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let page = self.calls.roles_below(&session, &folder.path_prefix, marker, &request);
            let (found, next) = self.within_limits(Operation::ListRoles, &target, page).await?;
            roles.extend(found.into_iter().filter(|role| !role.path().starts_with(OF_SERVICES)));
            match next {
                None => return Ok((session, roles)),
                Some(next) if markers.insert(next.clone()) => marker = Some(next),
                Some(_) => return Err(request.unreadable(Operation::ListRoles, "the answer repeats a marker")),
            }
        }
    }

    async fn role(self: Arc<Self>, session: Arc<AssumedSession>, arn: RoleArn) -> Result<TaggedRole, Failure> {
        let request = self.request(Role::bare(arn.clone()), Some(&session));
        let tags = self.calls.tags(&session, &request);
        let tags = self.within_limits(Operation::GetRole, &arn, tags).await?;
        Ok(TaggedRole { arn, tags })
    }

    /// Waits for a permit, makes the call, and stops at the deadline.
    async fn within_limits<T>(
        &self,
        operation: Operation,
        target: &RoleArn,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limited = Box::pin(async {
            let _permit = self.permits.acquire().await;
            call.await
        });
        let Some(deadline) = self.deadline else { return limited.await };
        match tokio::time::timeout_at(deadline, limited).await {
            Ok(answered) => answered,
            Err(_) => Err(out_of_time(operation, target)),
        }
    }

    fn request(&self, role: Role, session: Option<&AssumedSession>) -> Request {
        Request {
            caller: session.map(|session| session.arn.clone()),
            caller_role: session.map(|session| session.role.clone()),
            policy: None,
            role,
            secrets: self.calls.aws.secrets.clone(),
        }
    }
}
