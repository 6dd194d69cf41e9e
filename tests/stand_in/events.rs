//! EventBridge: PutEvents, at the bus whose ARN each entry names. Sources: the service model (lengths, the codes of
//! entries), EventBridge User Guide (size of an entry, order of the results).
//!
//! As in AWS, a bus that does not exist accepts events, which are lost (aws/aws-cli#9186). Chosen without a
//! measurement: the order of permission, size and entries, and the text of a denial, which is like that of other
//! services.

use serde_json::{Value, json};

use super::{arn::Arn, authorization, credentials::Key, errors::Problem, request::Request, world::World};

const MOST_ENTRIES: usize = 10;
const MOST_BYTES: usize = 256 * 1024;

/// An event bus as a test declares it.
#[derive(Clone, Debug)]
pub struct Bus {
    pub(super) arn: String,
    pub(super) events: Vec<Value>,
    failures: Vec<Failure>,
}

/// Entries that fail: those with this text in their detail, this often.
#[derive(Clone, Debug)]
struct Failure {
    text: String,
    code: String,
    times: usize,
}

impl Bus {
    /// # Panics
    /// If it is not the ARN of a bus, which is a typing error in the test.
    pub fn new(arn: &str) -> Bus {
        let is_bus = |parts: &Arn| parts.service == "events" && parts.resource.starts_with("event-bus/");
        assert!(Arn::parse(arn).is_some_and(|parts| is_bus(&parts)), "not the ARN of a bus: {arn}");
        Bus { arn: arn.to_owned(), events: Vec::new(), failures: Vec::new() }
    }

    /// Entries with this text in their detail fail with this code, this often.
    pub fn fails(mut self, text: &str, code: &str, times: usize) -> Bus {
        self.failures.push(Failure { text: text.to_owned(), code: code.to_owned(), times });
        self
    }

    /// The result of an entry.
    fn put(&mut self, entry: &Value, id: String) -> Value {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let detail: Option<Value> = serde_json::from_str(text("Detail")).ok().filter(Value::is_object);
        let failed = |code: &str, message: &str| json!({"ErrorCode": code, "ErrorMessage": message});
        if text("Source").is_empty() || text("DetailType").is_empty() || text("DetailType").len() > 128 {
            return failed("InvalidArgument", "Parameter Source or DetailType is not valid.");
        }
        if text("Source").starts_with("aws.") {
            return failed("NotAuthorizedForSourceException", "Not authorized for the source.");
        }
        let Some(detail) = detail else { return failed("MalformedDetail", "Detail is malformed.") };
        let fault =
            self.failures.iter_mut().find(|failure| failure.times > 0 && text("Detail").contains(&failure.text));
        if let Some(fault) = fault {
            fault.times -= 1;
            return failed(&fault.code, "The event was not accepted.");
        }
        self.events.push(json!({
            "id": id,
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "resources": entry["Resources"].as_array().cloned().unwrap_or_default(),
            "detail": detail,
        }));
        json!({"EventId": id})
    }
}

pub fn put_events(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    let invalid = |message: &str| Problem::new(400, "ValidationException", message);
    let entries: Vec<Value> = serde_json::from_str(request.param("Entries").unwrap_or_default())
        .map_err(|_| Problem::new(400, "SerializationException", "Entries is not a list"))?;
    if !(1..=MOST_ENTRIES).contains(&entries.len()) {
        return Err(invalid(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
             less than or equal to 10",
        ));
    }
    let region = request.signed.as_ref().map(|signed| signed.region.clone());
    for entry in &entries {
        let bus = entry["EventBusName"].as_str().unwrap_or_default();
        if Arn::parse(bus).map(|parts| parts.region) != region {
            return Err(invalid("The bus is in another Region"));
        }
        if let Err(cause) = authorization::may(world, caller, "events:PutEvents", bus) {
            let message = authorization::denial(caller, "events:PutEvents", bus, world.wording, &cause);
            return Err(Problem::new(400, "AccessDeniedException", message));
        }
    }
    if entries.iter().map(bytes).sum::<usize>() >= MOST_BYTES {
        return Err(invalid("Total size of the entries in the request is over the limit."));
    }
    let results: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let id = format!("00000000-0000-4000-a000-{:012x}", world.next());
            match world.buses.get_mut(entry["EventBusName"].as_str().unwrap_or_default()) {
                Some(bus) => bus.put(entry, id),
                None => json!({"EventId": id}),
            }
        })
        .collect();
    let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    Ok(json!({"FailedEntryCount": failed, "Entries": results}).to_string())
}

fn bytes(entry: &Value) -> usize {
    let text = |name: &str| entry[name].as_str().map_or(0, str::len);
    let resources = entry["Resources"].as_array().into_iter().flatten();
    let resources: usize = resources.map(|resource| resource.as_str().map_or(0, str::len)).sum();
    text("Source") + text("DetailType") + text("Detail") + resources
}
