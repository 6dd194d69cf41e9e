//! Verifies Signature Version 4 for a received request, and the window of fifteen minutes in which a signature is
//! valid.

use std::{fmt::Write as _, time::SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    clock,
    errors::{Problem, SIGNATURE_DOES_NOT_MATCH},
    request::{Request, Signed},
    rules::Rules,
};

pub fn check(request: &Request, signed: &Signed, secret: &str, now: Timestamp, rules: &Rules) -> Result<(), Problem> {
    let written = request.header("x-amz-date").unwrap_or_default();
    let Some(moment) = clock::parse_basic(&written) else {
        return Err(Problem::new(
            400,
            "IncompleteSignature",
            format!("Date must be in ISO-8601 'basic format'. Got '{written}'."),
        ));
    };
    check_window(moment, now, rules.clock_window)?;
    check_coverage(request, signed)?;
    let day = written.get(..8).unwrap_or_default();
    if signed.date != day {
        let message = format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
                '{day}', from '{written}'.",
            signed.date
        );
        return Err(mismatch(message));
    }
    let Signed { date, region, service, .. } = signed;
    let canonical = hex_sha256(canonical_request(request, signed).as_bytes());
    let to_sign = format!("AWS4-HMAC-SHA256\n{written}\n{date}/{region}/{service}/aws4_request\n{canonical}");
    let key = generate_signing_key(secret, SystemTime::from(moment), region, service);
    if calculate_signature(key, to_sign.as_bytes()) == signed.signature || !rules.checks_signatures {
        Ok(())
    } else {
        Err(mismatch(SIGNATURE_DOES_NOT_MATCH))
    }
}

fn mismatch(message: impl Into<String>) -> Problem {
    Problem::new(403, "SignatureDoesNotMatch", message)
}

fn check_window(signed: Timestamp, now: Timestamp, window: i64) -> Result<(), Problem> {
    let now = clock::whole_seconds(now);
    let (earliest, latest) = (clock::after(now, -window), clock::after(now, window));
    let [at, first, last, this] = [signed, earliest, latest, now].map(clock::basic);
    if signed < earliest {
        return Err(mismatch(format!("Signature expired: {at} is now earlier than {first} ({this} - 15 min.)")));
    }
    if signed > latest {
        return Err(mismatch(format!("Signature not yet current: {at} is still later than {last} ({this} + 15 min.)")));
    }
    Ok(())
}

/// The host and every `x-amz-` header must be signed, because an attacker could change them otherwise.
fn check_coverage(request: &Request, signed: &Signed) -> Result<(), Problem> {
    let needed =
        request.headers.keys().map(|name| name.as_str()).filter(|name| *name == "host" || name.starts_with("x-amz-"));
    for name in needed {
        if !signed.headers.iter().any(|header| header == name) {
            return Err(mismatch(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
        }
    }
    Ok(())
}

fn canonical_request(request: &Request, signed: &Signed) -> String {
    let mut query: Vec<&str> = request.query.split('&').filter(|part| !part.is_empty()).collect();
    query.sort_unstable();
    let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, query.join("&"));
    for name in &signed.headers {
        let value = request.header(name).unwrap_or_default();
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        // Writing to a String cannot fail.
        let _ = writeln!(canonical, "{name}:{value}");
    }
    let _ = write!(canonical, "\n{}\n{}", signed.headers.join(";"), hex_sha256(&request.body));
    canonical
}

pub fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
