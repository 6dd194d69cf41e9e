//! S3: ListObjectsV2.

use std::collections::HashSet;

use super::answer::ErrorAnswer;
use super::s3::{Bucket, NotReadObject, S3Problem};

/// The most pages without an entry in a row.
pub(super) const MOST_EMPTY_PAGES: usize = 100;

/// S3's longest key, in bytes (S3 User Guide, "Naming Amazon S3 objects").
const LONGEST_KEY: usize = 1024;

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The version.
    pub etag: String,
}

/// The entries below a prefix.
#[derive(Debug, Default)]
pub struct Listed {
    /// The prefixes of the next level, each with its slash.
    pub folders: Vec<String>,
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// Why the list has no further entries, if there are more.
    pub problem: Option<S3Problem>,
}

impl Bucket {
    /// Lists what is below the prefix: with `folders` the next level, otherwise every object; at most `most` entries.
    pub(super) async fn list(&self, prefix: &str, folders: bool, most: usize) -> Listed {
        let mut listed = Listed::default();
        let mut known = HashSet::new();
        let mut marker: Option<String> = None;
        let mut empty = 0;
        loop {
            let page = match self.page(prefix, folders, marker.as_deref()).await {
                Err(NotReadObject::OtherRegion) => self.page(prefix, folders, marker.as_deref()).await,
                page => page,
            };
            match page {
                Err(error) => listed.problem = Some(S3Problem::new(error)),
                Ok(page) => {
                    empty = if page.folders.is_empty() && page.objects.is_empty() { empty + 1 } else { 0 };
                    listed.folders.extend(page.folders);
                    listed.objects.extend(page.objects);
                    marker = page.next;
                    let count = listed.folders.len() + listed.objects.len();
                    match &marker {
                        Some(_) if empty >= MOST_EMPTY_PAGES => listed.problem = Some(S3Problem::EmptyPages),
                        Some(_) if count > most => listed.problem = Some(S3Problem::TooMany { most }),
                        Some(next) if known.insert(next.clone()) => continue,
                        Some(_) => listed.problem = Some(S3Problem::RepeatedPage),
                        None => {}
                    }
                }
            }
            return listed;
        }
    }

    async fn page(&self, prefix: &str, folders: bool, marker: Option<&str>) -> Result<Page, NotReadObject> {
        let client = self.aws.s3_lists(self.region().await);
        let request = client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .set_delimiter(folders.then(|| "/".to_owned()))
            .set_continuation_token(marker.map(str::to_owned));
        let answer = match Box::pin(request.send()).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.not_read(&error).await),
        };
        let has_more = answer.is_truncated.unwrap_or_default();
        let next = answer.next_continuation_token.filter(|_| has_more);
        if has_more && next.is_none() {
            return Err(NotReadObject::Refused(ErrorAnswer::unreadable("a page of the list names no next page")));
        }
        let object = |object: aws_sdk_s3::types::Object| {
            let size = u64::try_from(object.size.unwrap_or_default()).unwrap_or_default();
            Some(ListedObject { key: object.key?, size, etag: object.e_tag.unwrap_or_default() })
        };
        let common = answer.common_prefixes.unwrap_or_default().into_iter();
        let page = Page {
            folders: common.filter_map(|folder| folder.prefix).collect(),
            objects: answer.contents.unwrap_or_default().into_iter().filter_map(object).collect(),
            next,
        };
        let is_below = |key: &str| key.len() <= LONGEST_KEY && key.starts_with(prefix);
        let are_below = page.objects.iter().all(|object| is_below(&object.key))
            && page.folders.iter().all(|folder| folders && is_below(folder) && is_next_level(prefix, folder));
        if !are_below {
            return Err(NotReadObject::Refused(ErrorAnswer::unreadable(
                "a page of the list has other keys than asked",
            )));
        }
        Ok(page)
    }
}

/// Whether the folder is directly below the prefix, which may end in the middle of a name.
fn is_next_level(prefix: &str, folder: &str) -> bool {
    let rest = folder.strip_prefix(prefix).and_then(|rest| rest.strip_suffix('/'));
    rest.is_some_and(|name| !name.contains('/'))
}

/// A page of a list.
struct Page {
    folders: Vec<String>,
    objects: Vec<ListedObject>,
    next: Option<String>,
}
