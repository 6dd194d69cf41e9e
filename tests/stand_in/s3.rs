//! S3 GetObject, PutObject and ListObjectsV2, by path, with ETags and conditions. A missing object is 404 only for a
//! caller that may list the bucket, and 403 for others, as in AWS.
//!
//! Chosen without a measurement: the Region is checked before permission, both before the object, and the key last. Not
//! implemented: versions, multipart uploads, ranges other than `bytes=N-`, conditions of a policy, and the computation
//! of checksums (their headers are accepted).

use std::collections::BTreeMap;

use super::{
    authorization::{self, Cause},
    credentials::Key,
    errors::Problem,
    request::Request,
    role::Wording,
    signature::hex_sha256,
    world::World,
};

/// A bucket as a test declares it.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) objects: BTreeMap<String, Vec<u8>>,
    pub(super) key: Option<String>,
    /// The most keys of a page.
    pub(super) page: usize,
}

impl Bucket {
    pub fn new(name: &str, region: &str) -> Bucket {
        Bucket { name: name.to_owned(), region: region.to_owned(), objects: BTreeMap::new(), key: None, page: 1000 }
    }

    /// Its lists have pages of this many keys.
    pub fn pages_of(mut self, keys: usize) -> Bucket {
        self.page = keys;
        self
    }

    /// Its default encryption uses this customer key: reading needs `kms:Decrypt` on the key, writing
    /// `kms:GenerateDataKey`.
    pub fn encrypted_with(mut self, key: &str) -> Bucket {
        self.key = Some(key.to_owned());
        self
    }
}

/// The result of a call: the body, and the object's ETag where it is about an object.
pub struct Object {
    pub status: u16,
    pub body: Vec<u8>,
    pub etag: Option<String>,
}

/// A refusal, with the Region of the bucket if the Region is the reason.
pub struct Refused {
    pub problem: Problem,
    pub region: Option<String>,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused { problem, region: None }
    }
}

pub fn answer(world: &mut World, caller: &Key, request: &Request) -> Result<Object, Refused> {
    let (name, key) = (request.param("Bucket").unwrap_or_default(), request.param("Key").unwrap_or_default());
    let Some(bucket) = world.buckets.get(name) else {
        return Err(Problem::new(404, "NoSuchBucket", "The specified bucket does not exist").into());
    };
    if request.signed.as_ref().is_some_and(|signed| signed.region != bucket.region) {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please \
            send all future requests to this endpoint.";
        let region = Some(bucket.region.clone());
        return Err(Refused { problem: Problem::new(301, "PermanentRedirect", message), region });
    }
    if request.action == "ListObjectsV2" {
        let arn = format!("arn:aws:s3:::{name}");
        authorization::may(world, caller, "s3:ListBucket", &arn).map_err(|cause| {
            let text = authorization::denial(caller, "s3:ListBucket", &arn, Wording::WithCause, &cause);
            Refused::from(Problem::new(403, "AccessDenied", text))
        })?;
        return Ok(Object { status: 200, body: list(bucket, request).into_bytes(), etag: None });
    }
    let (bucket_arn, arn) = (format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/{key}"));
    let denied = |action: &str, cause: &Cause| {
        let text = authorization::denial(caller, action, &format!("\"{arn}\""), Wording::WithCause, cause);
        Refused::from(Problem::new(403, "AccessDenied", text))
    };
    let action = format!("s3:{}", request.action);
    authorization::may(world, caller, &action, &arn).map_err(|cause| denied(&action, &cause))?;
    let may_list = authorization::may(world, caller, "s3:ListBucket", &bucket_arn);
    let existing = bucket.objects.get(key).cloned();
    let use_of_key = if request.action == "GetObject" { "kms:Decrypt" } else { "kms:GenerateDataKey" };
    if let Some(kms) = bucket.key.as_ref().filter(|_| request.action != "GetObject" || existing.is_some()) {
        authorization::may(world, caller, use_of_key, kms).map_err(|cause| {
            let text = authorization::denial(caller, use_of_key, kms, Wording::WithCause, &cause);
            Refused::from(Problem::new(403, "AccessDenied", text))
        })?;
    }
    if request.action == "GetObject" {
        return match (existing, may_list) {
            (Some(body), _) => read(request, body).map_err(Refused::from),
            (None, Ok(())) => Err(Problem::new(404, "NoSuchKey", "The specified key does not exist.").into()),
            (None, Err(cause)) => Err(denied("s3:ListBucket", &cause)),
        };
    }
    check_conditions(request, existing.as_deref())?;
    let body = request.body.to_vec();
    let etag = etag(&body);
    if let Some(bucket) = world.buckets.get_mut(name) {
        bucket.objects.insert(key.to_owned(), body);
    }
    Ok(Object { status: 200, body: Vec::new(), etag: Some(etag) })
}

/// The whole object, or what follows the first bytes.
fn read(request: &Request, body: Vec<u8>) -> Result<Object, Problem> {
    let etag = etag(&body);
    if request.header("if-match").is_some_and(|wanted| wanted != etag) {
        return Err(Problem::new(412, "PreconditionFailed", "At least one of the pre-conditions did not hold"));
    }
    // RFC 9110, 13.1.2: 304 has no body.
    if request.header("if-none-match").is_some_and(|known| known == etag) {
        return Ok(Object { status: 304, body: Vec::new(), etag: Some(etag) });
    }
    let start = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let (status, body) = match start {
        Some(start) if start < body.len() => (206, body[start..].to_vec()),
        Some(_) => return Err(Problem::new(416, "InvalidRange", "The requested range is not satisfiable")),
        None => (200, body),
    };
    Ok(Object { status, body, etag: Some(etag) })
}

/// A page of the keys, and of the folders if there is a delimiter. The marker is the last entry of the page before, as
/// hexadecimal digits. `encoding-type=url`: S3 API Reference, ListObjectsV2, EncodingType.
fn list(bucket: &Bucket, request: &Request) -> String {
    let param = |name: &str| request.param(name).unwrap_or_default();
    let (prefix, delimiter, marker) = (param("prefix"), param("delimiter"), param("continuation-token"));
    let is_encoded = param("encoding-type") == "url";
    let shown = |name: &str| if is_encoded { url_encoded(name) } else { escaped(name) };
    let mut entries: BTreeMap<String, Option<&Vec<u8>>> = BTreeMap::new();
    for (key, body) in bucket.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let rest = &key[prefix.len()..];
        match rest.find(delimiter).filter(|_| !delimiter.is_empty()) {
            Some(end) => entries.insert(format!("{prefix}{}", &rest[..=end]), None),
            None => entries.insert(key.clone(), Some(body)),
        };
    }
    let mut rest = entries.into_iter().filter(|(name, _)| hex(name).as_str() > marker);
    let page: Vec<_> = rest.by_ref().take(bucket.page).collect();
    let has_more = rest.next().is_some();
    let mut xml = format!("<ListBucketResult><IsTruncated>{has_more}</IsTruncated>");
    if is_encoded {
        xml.push_str("<EncodingType>url</EncodingType>");
    }
    if let Some((last, _)) = page.last().filter(|_| has_more) {
        xml.push_str(&format!("<NextContinuationToken>{}</NextContinuationToken>", hex(last)));
    }
    for (name, body) in page {
        let name = shown(&name);
        xml.push_str(&match body {
            Some(body) => format!(
                "<Contents><Key>{name}</Key><ETag>{}</ETag><Size>{}</Size></Contents>",
                etag(body).replace('"', "&quot;"),
                body.len()
            ),
            None => format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"),
        });
    }
    xml + "</ListBucketResult>"
}

fn hex(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// As S3 encodes a key: a form's encoding, in which `/` stays.
fn url_encoded(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace("%2F", "/")
}

/// As S3 writes a key into XML. XML 1.0 has no text for most control characters, not even this one.
fn escaped(name: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c if c.is_control() => format!("&#x{:x};", u32::from(c)),
        c => c.to_string(),
    };
    name.chars().map(escape).collect()
}

fn check_conditions(request: &Request, existing: Option<&[u8]>) -> Result<(), Problem> {
    let failed =
        || Problem::new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    if let Some(wanted) = request.header("if-match") {
        let Some(existing) = existing else {
            return Err(Problem::new(404, "NoSuchKey", "The specified key does not exist."));
        };
        if wanted != etag(existing) {
            return Err(failed());
        }
    }
    match request.header("if-none-match").as_deref() {
        None => Ok(()),
        Some("*") if existing.is_none() => Ok(()),
        Some("*") => Err(failed()),
        Some(_) => Err(Problem::new(
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        )),
    }
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", &hex_sha256(body)[..32])
}
