//! Identifies the caller in STS's order of checks: signing scope, key, token, expiry, issuing role, signature.
//! `authorization` then decides what the caller may do.

use jiff::Timestamp;

use super::{
    credentials::{Key, Origin},
    errors::{
        Problem, SCOPE_REGION, SIGNATURE_DOES_NOT_MATCH, TOKEN_EXPIRED, TOKEN_EXPIRED_EC2, TOKEN_EXPIRED_S3,
        TOKEN_INVALID, TOKEN_INVALID_IAM,
    },
    request::{Request, Signed},
    rules::Rules,
    signature,
    world::World,
};

/// The parts of the world that the checks need, so that signatures are computed without a lock on it.
pub struct KnownKey {
    key: Option<Key>,
    issuer_lives: bool,
    now: Timestamp,
    rules: Rules,
}

impl KnownKey {
    pub fn find(request: &Request, world: &World) -> KnownKey {
        let key = request.signed.as_ref().and_then(|signed| world.keys.get(&signed.access_key_id)).cloned();
        let issuer_lives = key.as_ref().is_some_and(|key| world.issuer_lives(key));
        KnownKey { issuer_lives, key, now: world.clock.now(), rules: world.rules.clone() }
    }

    pub fn caller_arn(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.principal.arn.as_str())
    }

    pub fn account(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.principal.account.as_str())
    }
}

pub fn authenticate(request: &Request, known: KnownKey) -> Result<Key, Problem> {
    let Some(signed) = &request.signed else {
        return Err(Problem::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"));
    };
    check_scope(request, signed)?;
    let rules = &known.rules;
    let Some(key) = known.key.filter(|key| key.active || !rules.inactive_keys_are_refused) else {
        if !rules.unknown_keys_are_named {
            return Err(Problem::new(403, "SignatureDoesNotMatch", SIGNATURE_DOES_NOT_MATCH));
        }
        return Err(token_invalid(request));
    };
    let has_expired = key.expires.is_some_and(|expires| known.now >= expires);
    if has_expired && !rules.token_before_expiry {
        return Err(expired(request, rules));
    }
    if rules.checks_tokens && request.header("x-amz-security-token") != key.credentials.session_token {
        return Err(token_invalid(request));
    }
    if has_expired && rules.expiry_before_signature {
        return Err(expired(request, rules));
    }
    if !known.issuer_lives {
        return Err(token_invalid(request));
    }
    signature::check(request, signed, &key.credentials.secret_access_key, known.now, rules)?;
    if has_expired {
        return Err(expired(request, rules));
    }
    // IAM does not accept sessions of GetSessionToken without MFA, nor of GetFederationToken, and reports the token as
    // bad.
    let is_refused = match key.origin {
        Origin::SessionToken { mfa: false } => !rules.session_tokens_call_iam,
        Origin::Federation => !rules.federation_calls_iam,
        Origin::LongTerm | Origin::SessionToken { mfa: true } | Origin::RoleSession { .. } => false,
    };
    if request.service == "iam" && is_refused {
        return Err(token_invalid(request));
    }
    Ok(key)
}

/// The words of each kind of service for an expired token.
fn expired(request: &Request, rules: &Rules) -> Problem {
    let [query, s3, ec2, json] = rules.expired;
    let ((status, code), message) = match request.service {
        "s3" => (s3, TOKEN_EXPIRED_S3),
        "ec2" => (ec2, TOKEN_EXPIRED_EC2),
        "cloudtrail" | "sso" | "ssm" | "lambda" => (json, TOKEN_EXPIRED),
        _ => (query, TOKEN_EXPIRED),
    };
    Problem::new(status, code, message)
}

fn check_scope(request: &Request, signed: &Signed) -> Result<(), Problem> {
    if !is_region(&signed.region) {
        return Err(Problem::new(403, "SignatureDoesNotMatch", SCOPE_REGION));
    }
    if signed.service != request.service {
        let message = format!("Credential should be scoped to correct service: '{}'. ", request.service);
        return Err(Problem::new(403, "SignatureDoesNotMatch", message));
    }
    Ok(())
}

/// `eu-west-1`, `us-gov-west-1`: letters, at least three parts, a number at the end.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else {
        return false;
    };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() >= 2
        && words.iter().all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn token_invalid(request: &Request) -> Problem {
    if matches!(request.service, "sso" | "ssm" | "lambda") {
        return Problem::new(403, "UnrecognizedClientException", TOKEN_INVALID);
    }
    let message = if request.service == "iam" { TOKEN_INVALID_IAM } else { TOKEN_INVALID };
    Problem::new(403, "InvalidClientTokenId", message)
}
