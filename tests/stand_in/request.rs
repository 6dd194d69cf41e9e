//! One request as it came over the wire: its form, its Authorization header, and which service it is for.
//! Does not judge whether it may do what it asks for.

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
    /// The form's fields but Action and Version; of a repeated field the first, as AWS takes it.
    pub params: BTreeMap<String, String>,
    pub version: String,
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// None: the request is not signed.
    pub signed: Option<Signed>,
}

/// The Authorization header, taken apart.
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

const ACTIONS: [(&str, &str); 8] = [
    ("GetObject", "s3"),
    ("PutObject", "s3"),
    ("AssumeRole", "sts"),
    ("GetCallerIdentity", "sts"),
    ("GetSessionToken", "sts"),
    ("GetRole", "iam"),
    ("ListRoles", "iam"),
    ("Publish", "sns"),
];

impl Request {
    pub fn read(parts: Parts, body: Bytes) -> Result<Request, Problem> {
        let bad = |message: &str| Problem::new(400, "MalformedQueryString", message);
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

    /// S3 by path: `/BUCKET/KEY`, with `x-id` as the SDKs send it.
    fn of_s3(action: &str, parts: Parts, body: Bytes) -> Result<Request, Problem> {
        let (bucket, key) = parts.uri.path().trim_start_matches('/').split_once('/').unwrap_or_default();
        let query = parts.uri.query().unwrap_or_default();
        if key.is_empty() || query != format!("x-id={action}") {
            return Err(Problem::new(400, "InvalidRequest", "The stand-in knows GetObject and PutObject by path only"));
        }
        let params = [("Bucket", bucket), ("Key", key)].map(|(name, value)| (name.to_owned(), value.to_owned()));
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

    /// A header's value, trimmed, with repeated ones joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// What the call is about: a role's ARN or name, or a topic.
    pub fn target(&self) -> Option<&str> {
        ["RoleArn", "RoleName", "TopicArn", "TargetArn"].into_iter().find_map(|name| self.param(name))
    }

    /// The request as it came, without what signs it.
    pub fn without_signature(&self) -> String {
        let signs = |name: &str| name == AUTHORIZATION.as_str() || name == "x-amz-security-token";
        let headers = self.headers.iter().filter(|(name, _)| !signs(name.as_str()));
        let headers: String =
            headers.map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect();
        let body = String::from_utf8_lossy(&self.body);
        // Percent-encoded as it came, and as it is read.
        format!("{} {}?{}\n{headers}\n{body}\n{:?}\n", self.method, self.path, self.query, self.params)
    }

    /// Whether the stand-in has such an action at all.
    pub fn is_known(&self) -> bool {
        ACTIONS.iter().any(|(action, _)| *action == self.action)
    }
}

/// The action tells; for one that is not known, the signature's scope.
fn service_of(action: &str, signed: Option<&Signed>) -> &'static str {
    let by_action = ACTIONS.iter().find(|(known, _)| *known == action).map(|(_, service)| *service);
    by_action.unwrap_or_else(|| match signed.map(|signed| signed.service.as_str()) {
        Some("iam") => "iam",
        Some("sns") => "sns",
        _ => "sts",
    })
}

impl Signed {
    /// None: there is no Authorization header.
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
