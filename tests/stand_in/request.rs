//! Parses one HTTP request: its form, its Authorization header, and its service. Does not decide whether the call is
//! allowed.

use std::collections::BTreeMap;

use hyper::{
    HeaderMap, Method,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_TYPE},
    http::request::Parts,
};

use super::errors::Problem;

/// A request of the query protocol, or of S3.
#[derive(Clone, Debug)]
pub struct Request {
    pub service: &'static str,
    pub action: String,
    /// The fields of the form without Action and Version. The first of repeated fields counts, as in AWS.
    pub params: BTreeMap<String, String>,
    pub version: String,
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// None: the request has no signature.
    pub signed: Option<Signed>,
}

/// The parsed Authorization header.
#[derive(Clone, Debug)]
pub struct Signed {
    pub access_key_id: String,
    /// `20260102`
    pub date: String,
    pub region: String,
    pub service: String,
    pub headers: Vec<String>,
    pub signature: String,
}

const ACTIONS: [(&str, &str); 28] = [
    ("ListObjectsV2", "s3"),
    ("GetObject", "s3"),
    ("PutObject", "s3"),
    ("AssumeRole", "sts"),
    ("GetCallerIdentity", "sts"),
    ("GetSessionToken", "sts"),
    ("GetRole", "iam"),
    ("ListRoles", "iam"),
    ("CreateRole", "iam"),
    ("UpdateRole", "iam"),
    ("DeleteRole", "iam"),
    ("PutRolePolicy", "iam"),
    ("DeleteRolePolicy", "iam"),
    ("ListRoleTags", "iam"),
    ("CreateUser", "iam"),
    ("DeleteUser", "iam"),
    ("PutUserPolicy", "iam"),
    ("DeleteUserPolicy", "iam"),
    ("ListUserTags", "iam"),
    ("ListUsers", "iam"),
    ("CreateAccessKey", "iam"),
    ("UpdateAccessKey", "iam"),
    ("DeleteAccessKey", "iam"),
    ("ListAccessKeys", "iam"),
    ("GetFederationToken", "sts"),
    ("DescribeRegions", "ec2"),
    ("ListBuckets", "s3"),
    ("Publish", "sns"),
];

/// The operations of the JSON protocol, with their service.
const JSON_TARGETS: [(&str, &str, &str); 6] = [
    ("AWSEvents.PutEvents", "events", "PutEvents"),
    ("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", "cloudtrail", "LookupEvents"),
    ("AmazonSSM.GetParametersByPath", "ssm", "GetParametersByPath"),
    ("SWBExternalService.ListInstances", "sso", "ListInstances"),
    ("SWBExternalService.ListPermissionSets", "sso", "ListPermissionSets"),
    ("SWBExternalService.DescribePermissionSet", "sso", "DescribePermissionSet"),
];

impl Request {
    pub fn read(parts: Parts, body: Bytes) -> Result<Request, Problem> {
        let bad = |message: &str| Problem::new(400, "MalformedQueryString", message);
        if let Some(request) = Request::of_lambda(&parts) {
            return request;
        }
        let of_s3 = match parts.method {
            Method::GET => Some("GetObject"),
            Method::PUT => Some("PutObject"),
            _ => None,
        };
        if let Some(action) = of_s3 {
            return Request::of_s3(action, parts, body);
        }
        if parts.method != Method::POST || parts.uri.path() != "/" {
            return Err(bad("The stand-in takes POST / only"));
        }
        if parts.headers.contains_key("x-amz-target") {
            return Request::of_json(parts, body);
        }
        let form = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !form.starts_with("application/x-www-form-urlencoded") {
            return Err(bad("The stand-in takes forms only"));
        }
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&body) {
            params.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        let action = params.remove("Action").ok_or_else(|| Problem::new(400, "MissingAction", "Missing Action"))?;
        let version = params.remove("Version").unwrap_or_default();
        let signed = Signed::read(&parts.headers)?;
        Ok(Request {
            service: service_of(&action, signed.as_ref()),
            action,
            params,
            version,
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
            signed,
        })
    }

    /// A request whose body is no form.
    fn without_form(service: &'static str, action: &str, parts: Parts, body: Bytes) -> Result<Request, Problem> {
        Ok(Request {
            service,
            action: action.to_owned(),
            params: BTreeMap::new(),
            version: String::new(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            signed: Signed::read(&parts.headers)?,
            headers: parts.headers,
            body,
        })
    }

    /// The JSON protocol: the operation is in a header. Texts of the input become parameters.
    fn of_json(parts: Parts, body: Bytes) -> Result<Request, Problem> {
        let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let known = JSON_TARGETS.iter().find(|(known, ..)| *known == target);
        let Some((_, service, action)) = known else {
            return Err(Problem::new(400, "UnknownOperationException", "The stand-in does not know this operation"));
        };
        let input: serde_json::Value = serde_json::from_slice(&body)
            .map_err(|_| Problem::new(400, "SerializationException", "The input is not JSON"))?;
        let mut request = Request::without_form(service, action, parts, body)?;
        for (name, value) in input.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            request.params.insert(name.clone(), text);
        }
        Ok(request)
    }

    /// Lambda's `GET /2015-03-31/functions/NAME/configuration`, which has no body. `None`: another path.
    fn of_lambda(parts: &Parts) -> Option<Result<Request, Problem>> {
        let name = parts.uri.path().strip_prefix("/2015-03-31/functions/")?.strip_suffix("/configuration")?;
        if parts.method != Method::GET {
            return Some(Err(Problem::new(405, "MethodNotAllowed", "The stand-in reads functions only")));
        }
        let request = Request::without_form("lambda", "GetFunctionConfiguration", parts.clone(), Bytes::new());
        Some(request.map(|mut request| {
            request.params.insert("FunctionName".to_owned(), name.to_owned());
            for (key, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
                request.params.insert(key.into_owned(), value.into_owned());
            }
            request
        }))
    }

    /// S3 by path: `/BUCKET/KEY`, with `x-id` as the SDKs send it.
    fn of_s3(action: &str, parts: Parts, body: Bytes) -> Result<Request, Problem> {
        if parts.uri.path() == "/" && parts.uri.query() == Some("x-id=ListBuckets") {
            return Request::without_form("s3", "ListBuckets", parts, body);
        }
        let path = parts.uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let query = parts.uri.query().unwrap_or_default();
        if key.is_empty() && query.starts_with("list-type=2") {
            let bucket = bucket.to_owned();
            let listed: Vec<(String, String)> =
                form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
            let mut request = Request::without_form("s3", "ListObjectsV2", parts, body)?;
            request.params.extend(listed);
            request.params.insert("Bucket".to_owned(), bucket);
            return Ok(request);
        }
        if key.is_empty() || query != format!("x-id={action}") {
            return Err(Problem::new(400, "InvalidRequest", "The stand-in knows GetObject and PutObject by path only"));
        }
        let key = percent_decoded(key);
        let params = [("Bucket", bucket), ("Key", &key)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Request {
            service: "s3",
            action: action.to_owned(),
            params: BTreeMap::from(params),
            version: String::new(),
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: query.to_owned(),
            signed: Signed::read(&parts.headers)?,
            headers: parts.headers,
            body,
        })
    }

    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// The trimmed value of a header. Repeated headers are joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// The subject of the call: a role's ARN or name, or a topic.
    pub fn target(&self) -> Option<&str> {
        ["RoleArn", "RoleName", "TopicArn", "TargetArn", "FunctionName", "PermissionSetArn"]
            .into_iter()
            .find_map(|name| self.param(name))
    }

    /// The request without its signature.
    pub fn without_signature(&self) -> String {
        let signs = |name: &str| name == AUTHORIZATION.as_str() || name == "x-amz-security-token";
        let headers = self.headers.iter().filter(|(name, _)| !signs(name.as_str()));
        let headers: String =
            headers.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect();
        let body = String::from_utf8_lossy(&self.body);
        // Percent-encoded, as sent, and decoded.
        format!("{} {}?{}\n{headers}\n{body}\n{:?}\n", self.method, self.path, self.query, self.params)
    }

    /// Whether the call is one of the JSON protocol.
    pub fn is_json(&self) -> bool {
        self.headers.contains_key("x-amz-target") || self.service == "lambda"
    }

    /// Whether the stand-in implements this action.
    pub fn is_known(&self) -> bool {
        self.is_json() || ACTIONS.iter().any(|(action, _)| *action == self.action)
    }
}

/// The text of a path. A plus sign stands for itself there.
fn percent_decoded(path: &str) -> String {
    let query = format!("k={}", path.replace('+', "%2B"));
    form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// From the action; for an unknown action, from the signature's scope.
fn service_of(action: &str, signed: Option<&Signed>) -> &'static str {
    let by_action = ACTIONS.iter().find(|(known, _)| *known == action).map(|(_, service)| *service);
    by_action.unwrap_or_else(|| match signed.map(|signed| signed.service.as_str()) {
        Some("iam") => "iam",
        Some("sns") => "sns",
        _ => "sts",
    })
}

impl Signed {
    /// None: the Authorization header is missing.
    fn read(headers: &HeaderMap) -> Result<Option<Signed>, Problem> {
        let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
        let signed = header.to_str().ok().and_then(Signed::parse);
        signed.map(Some).ok_or_else(|| {
            let message = "Authorization header is not in the form that AWS Signature Version 4 has";
            Problem::new(400, "IncompleteSignature", message)
        })
    }

    fn parse(header: &str) -> Option<Signed> {
        let fields: BTreeMap<&str, &str> = header
            .strip_prefix("AWS4-HMAC-SHA256 ")?
            .split(',')
            .filter_map(|field| field.trim().split_once('='))
            .collect();
        let scope: Vec<&str> = fields.get("Credential")?.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope[..] else {
            return None;
        };
        Some(Signed {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            headers: fields.get("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: (*fields.get("Signature")?).to_owned(),
        })
    }
}
