//! CloudTrail: LookupEvents of the calls of one access key with an expired token.

use serde_json::json;

use super::{authorization, credentials::Key, errors::Problem, request::Request, world::World};

pub fn lookup_events(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    if let Err(cause) = authorization::may(world, caller, "cloudtrail:LookupEvents", "*") {
        let message = authorization::denial(caller, "cloudtrail:LookupEvents", "*", world.wording, &cause);
        return Err(Problem::new(400, "AccessDeniedException", message));
    }
    let has_expired =
        |key: &&Key| key.expires.is_some_and(|at| at <= world.clock.now()) && world.rules.trail_has_expired;
    let is_asked = |key: &&Key| {
        request.param("LookupAttributes").is_some_and(|asked| asked.contains(&key.credentials.access_key_id))
    };
    let event = |key: &Key| {
        let record = json!({
            "eventSource": "sts.amazonaws.com",
            "eventName": "GetCallerIdentity",
            "errorCode": "ExpiredToken",
            "userIdentity": {"accessKeyId": key.credentials.access_key_id},
        });
        json!({"EventName": "GetCallerIdentity", "CloudTrailEvent": record.to_string()})
    };
    let events: Vec<_> = world.keys.values().filter(is_asked).filter(has_expired).map(event).collect();
    Ok(json!({"Events": events}).to_string())
}
