//! S3 GetObject and PutObject, by path, with ETags and conditional writes. A missing object is 404 only for a caller
//! that may list the bucket, and 403 for others, as in AWS.
//!
//! Chosen without a measurement: the Region is checked before permission, both before the object, and the key last. Not
//! implemented: versions, multipart uploads, ranges, and the computation of checksums (their headers are accepted).

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
    pub(super) objects: BTreeMap<String, String>,
    pub(super) key: Option<String>,
}

impl Bucket {
    pub fn new(name: &str, region: &str) -> Bucket {
        Bucket { name: name.to_owned(), region: region.to_owned(), objects: BTreeMap::new(), key: None }
    }

    /// Its default encryption uses this customer key: reading needs `kms:Decrypt` on the key, writing
    /// `kms:GenerateDataKey`.
    pub fn encrypted_with(mut self, key: &str) -> Bucket {
        self.key = Some(key.to_owned());
        self
    }
}

/// The result of a call: the body and the object's ETag.
pub struct Object {
    pub body: String,
    pub etag: String,
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
            (Some(body), _) => Ok(Object { etag: etag(&body), body }),
            (None, Ok(())) => Err(Problem::new(404, "NoSuchKey", "The specified key does not exist.").into()),
            (None, Err(cause)) => Err(denied("s3:ListBucket", &cause)),
        };
    }
    check_conditions(request, existing.as_deref())?;
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let etag = etag(&body);
    if let Some(bucket) = world.buckets.get_mut(name) {
        bucket.objects.insert(key.to_owned(), body);
    }
    Ok(Object { body: String::new(), etag })
}

fn check_conditions(request: &Request, existing: Option<&str>) -> Result<(), Problem> {
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

fn etag(body: &str) -> String {
    format!("\"{}\"", &hex_sha256(body.as_bytes())[..32])
}
