//! S3: ListObjectsV2.

use std::collections::HashSet;

use aws_sdk_s3::types::{EncodingType, Object};
use percent_encoding::percent_decode_str;

use super::answer::ErrorAnswer;
use super::s3::{Bucket, NotReadObject, S3Problem};

/// The most pages without an entry in a row, of a list of S3 or of parameters.
pub(super) const MOST_EMPTY_PAGES: usize = 100;

/// S3's longest key, in bytes (S3 User Guide, "Naming Amazon S3 objects").
const LONGEST_KEY: usize = 1024;

/// Which entries below a prefix a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The objects and folders of the next level.
    NextLevel,
    /// Every object.
    All,
}

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
    /// Lists at most `most` entries below the prefix.
    pub(super) async fn list(&self, prefix: &str, depth: Depth, most: usize) -> Listed {
        let mut listed = Listed::default();
        let mut known = HashSet::new();
        let mut marker: Option<String> = None;
        let mut empty = 0;
        loop {
            let page = match self.page(prefix, depth, marker.as_deref()).await {
                Err(NotReadObject::OtherRegion) => self.page(prefix, depth, marker.as_deref()).await,
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

    async fn page(&self, prefix: &str, depth: Depth, marker: Option<&str>) -> Result<Page, NotReadObject> {
        let client = self.aws.s3_lists(self.region().await);
        let request = client
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .set_delimiter((depth == Depth::NextLevel).then(|| "/".to_owned()))
            .set_continuation_token(marker.map(str::to_owned))
            // XML has no control characters, which a key may have.
            .encoding_type(EncodingType::Url);
        let answer = match Box::pin(request.send()).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.not_read(&error).await),
        };
        let has_more = answer.is_truncated.unwrap_or_default();
        let next = answer.next_continuation_token.filter(|_| has_more);
        if has_more && next.is_none() {
            return Err(NotReadObject::Refused(ErrorAnswer::unreadable("a page of the list names no next page")));
        }
        let is_encoded = answer.encoding_type == Some(EncodingType::Url);
        let name = |name: Option<String>| if is_encoded { decoded(&name?) } else { name };
        let object = |object: Object| {
            let size = u64::try_from(object.size.unwrap_or_default()).unwrap_or_default();
            let etag = object.e_tag.filter(|etag| !etag.is_empty());
            Some(ListedObject { key: name(object.key)?, size, etag: etag? })
        };
        let common = answer.common_prefixes.unwrap_or_default().into_iter();
        let folders: Option<_> = common.map(|folder| name(folder.prefix)).collect();
        let objects: Option<_> = answer.contents.unwrap_or_default().into_iter().map(object).collect();
        let (Some(folders), Some(objects)) = (folders, objects) else {
            let problem = "a page of the list has an entry without a key or an ETag";
            return Err(NotReadObject::Refused(ErrorAnswer::unreadable(problem)));
        };
        let page = Page { folders, objects, next };
        let is_below = |key: &str| key.len() <= LONGEST_KEY && key.starts_with(prefix);
        let are_below = page.objects.iter().all(|object| is_below(&object.key))
            && page
                .folders
                .iter()
                .all(|folder| depth == Depth::NextLevel && is_below(folder) && is_next_level(prefix, folder));
        if !are_below {
            return Err(NotReadObject::Refused(ErrorAnswer::unreadable(
                "a page of the list has other keys than asked",
            )));
        }
        Ok(page)
    }
}

/// The key of an encoded name, in which S3 writes a space as `+`.
fn decoded(name: &str) -> Option<String> {
    let spaced = name.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|key| key.into_owned())
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
