//! Connections and answers: reads requests, asks the script and the services, and writes their answers. Every request
//! gets an answer; a bad one gets a 400.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use http_body_util::{BodyExt as _, Limited};
use hyper::{
    Response,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Sleep, sleep},
};

use super::{
    authentication::{KnownKey, authenticate},
    authorization, clock,
    credentials::Key,
    errors::Problem,
    events,
    fault::Answer,
    iam, iam_changes,
    journal::{Call, Entry},
    lambda,
    request::Request,
    s3,
    server::Shared,
    sns, ssm, sso_admin, sts, trail,
    world::World,
    xml,
};

/// Larger than SNS's largest message, percent-encoded.
const MOST_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The pause between the first half of a truncated answer and its end, so that the first half is sent.
const BEFORE_CUT: Duration = Duration::from_millis(20);
const XML: &str = "text/xml";
const JSON: &str = "application/x-amz-json-1.1";

pub async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let mut state = shared.state();
        let number = state.connections;
        state.connections += 1;
        state.open += 1;
        drop(state);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut dropped = shared.dropped.subscribe();
            tokio::select! {
                () = serve(stream, number, Arc::clone(&shared)) => {}
                _ = dropped.changed() => {}
            }
            shared.state().open -= 1;
        });
    }
}

type Answering = Pin<Box<dyn Future<Output = io::Result<Response<Payload>>> + Send>>;

async fn serve(stream: TcpStream, number: usize, shared: Arc<Shared>) {
    // Without this setting, the second packet of an answer waits 40 ms for the acknowledgement of the first.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let wants_reset = Arc::clone(&reset);
    let service = service_fn(move |request| -> Answering {
        let (shared, wants_reset) = (Arc::clone(&shared), Arc::clone(&wants_reset));
        Box::pin(async move {
            let answer = respond(request, number, &shared).await;
            wants_reset.store(answer.as_ref().map_or(true, |answer| answer.body().resets), Ordering::Relaxed);
            answer
        })
    });
    let mut connection = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service);
    // Nobody needs the result of the connection.
    let _ = std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await;
    if reset.load(Ordering::Relaxed) {
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

/// An answer that is being sent.
struct Reply {
    status: u16,
    code: Option<String>,
    content_type: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    pace: Pace,
}

/// How an answer's body is sent.
enum Pace {
    Whole,
    /// This number of bytes, although the head promises all. Then the connection ends or is reset.
    Cut {
        bytes: usize,
        reset: bool,
    },
    /// Byte by byte.
    Drip(Duration),
}

impl Reply {
    fn xml(outcome: Result<String, Problem>, service: &str, action: &str, request_id: &str) -> Reply {
        let (status, code, body) = match outcome {
            Ok(result) => (200, None, xml::answer(service, action, &result, request_id)),
            Err(problem) => (problem.status, Some(problem.code.clone()), xml::error(service, &problem, request_id)),
        };
        Reply { code, ..Reply::other(status, XML, body) }
    }

    /// Members as in the service models of Lambda (restJson1; aarondfrancis/sidecar#23 has a whole answer) and of SSO
    /// Admin (awsJson1_1).
    fn json(outcome: Result<String, Problem>, service: &str) -> Reply {
        match outcome {
            Ok(result) => Reply::other(200, JSON, result),
            Err(Problem { status, code, message }) if service == "lambda" => {
                let fault = if status < 500 { "User" } else { "Service" };
                let key = if code == "TooManyRequestsException" { "message" } else { "Message" };
                let body = serde_json::json!({"Type": fault, key: message}).to_string();
                let headers = vec![("x-amzn-ErrorType", code.clone())];
                Reply { code: Some(code), headers, ..Reply::other(status, JSON, body) }
            }
            Err(Problem { status, code, message }) => {
                let body = serde_json::json!({"__type": code, "Message": message}).to_string();
                Reply { code: Some(code), ..Reply::other(status, JSON, body) }
            }
        }
    }

    fn other(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        let content_type = content_type.to_owned();
        Reply { status, code: None, content_type, headers: Vec::new(), body: body.into(), pace: Pace::Whole }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

async fn respond(
    incoming: hyper::Request<Incoming>,
    connection: usize,
    shared: &Shared,
) -> io::Result<Response<Payload>> {
    let started = shared.elapsed();
    let (parts, body) = incoming.into_parts();
    let request = match Limited::new(body, MOST_BODY_BYTES).collect().await {
        Ok(body) => Request::read(parts, body.to_bytes()),
        Err(_) => Err(Problem::new(413, "RequestEntityTooLarge", "Request body is too large, or broke off")),
    };
    let Arrived { call, latency, scripted } = arrive(shared, request.as_ref().ok(), connection, started);
    if !latency.is_zero() {
        sleep(latency).await;
    }
    match request {
        Ok(request) => call.answer(&request, scripted).await,
        Err(problem) => call.send(Reply::xml(Err(problem), "sts", "", &call.request_id)),
    }
}

/// A call in the journal, and its scripted faults.
struct Arrived<'a> {
    call: AnsweredCall<'a>,
    latency: Duration,
    scripted: Option<Answer>,
}

fn arrive<'a>(shared: &'a Shared, request: Option<&Request>, connection: usize, started: Duration) -> Arrived<'a> {
    let mut guard = shared.state();
    let state = &mut *guard;
    state.requests += 1;
    let known = request.map(|request| KnownKey::find(request, &state.world));
    let caller = known.as_ref().and_then(KnownKey::caller_arn);
    let (more, scripted) = request.map(|request| state.script.take(request, caller)).unwrap_or_default();
    let entry = state.journal.open(describe(request, known.as_ref(), connection, started));
    let request_id = format!("00000000-0000-4000-8000-{:012x}", state.requests);
    Arrived { call: AnsweredCall { shared, entry, request_id }, latency: state.latency + more, scripted }
}

fn describe(request: Option<&Request>, known: Option<&KnownKey>, connection: usize, started: Duration) -> Call {
    Call {
        service: request.map(|request| request.service.to_owned()).unwrap_or_default(),
        action: request.map(|request| request.action.clone()).unwrap_or_default(),
        caller_arn: known.and_then(KnownKey::caller_arn).map(str::to_owned),
        account: known.and_then(KnownKey::account).map(str::to_owned),
        region: request.and_then(|request| request.signed.as_ref()).map(|signed| signed.region.clone()),
        params: request.map(|request| request.params.clone()).unwrap_or_default(),
        sent: request.map(Request::without_signature).unwrap_or_default(),
        connection,
        started,
        ended: started,
        status: 0,
        code: None,
    }
}

fn dispatch(world: &mut World, caller: &Key, request: &Request) -> Result<String, Problem> {
    if let Some(answer) = iam_changes::answer(world, caller, request) {
        return answer;
    }
    match request.action.as_str() {
        "AssumeRole" => sts::assume_role(world, caller, request),
        "GetSessionToken" => sts::get_session_token(world, caller, request),
        "GetFederationToken" => sts::get_federation_token(world, caller, request),
        "GetRole" => iam::get_role(world, caller, request),
        "ListRoles" => iam::list_roles(world, caller, request),
        "Publish" => sns::publish(world, caller, request),
        "PutEvents" => events::put_events(world, caller, request),
        "GetFunctionConfiguration" => lambda::get_function_configuration(world, caller, request),
        "ListInstances" => sso_admin::list_instances(world, caller, request),
        "ListPermissionSets" => sso_admin::list_permission_sets(world, caller, request),
        "DescribePermissionSet" => sso_admin::describe_permission_set(world, caller, request),
        "GetParametersByPath" => ssm::get_parameters_by_path(world, caller, request),
        "LookupEvents" => trail::lookup_events(world, caller, request),
        "ListBuckets" | "DescribeRegions" => {
            let action = format!("{}:{}", request.service, request.action);
            authorization::may(world, caller, &action, "*")
                .map(|()| String::new())
                .map_err(|_| Problem::new(403, "AccessDenied", "Access Denied"))
        }
        _ => sts::get_caller_identity(world, caller),
    }
}

struct AnsweredCall<'a> {
    shared: &'a Shared,
    entry: Entry,
    request_id: String,
}

impl AnsweredCall<'_> {
    async fn answer(&self, request: &Request, scripted: Option<Answer>) -> io::Result<Response<Payload>> {
        let xml = |outcome| match request.is_json() {
            true => Reply::json(outcome, request.service),
            false => Reply::xml(outcome, request.service, &request.action, &self.request_id),
        };
        if let Some(problem) = scripted.as_ref().and_then(Answer::problem) {
            return self.send(xml(Err(problem)));
        }
        let carried_out = || self.reply(request);
        self.send(match scripted {
            Some(Answer::Reset) => return self.reset(),
            Some(Answer::ResetAfterwards) => {
                // The answer is lost.
                let _ = carried_out();
                return self.reset();
            }
            Some(Answer::ResetAfterHead) => Reply { pace: Pace::Cut { bytes: 0, reset: true }, ..carried_out() },
            Some(Answer::Hang) => std::future::pending().await,
            Some(Answer::Drip(pause)) => Reply { pace: Pace::Drip(pause), ..carried_out() },
            Some(Answer::EmptyBody) => Reply::other(200, XML, String::new()),
            Some(Answer::Malformed) => Reply::other(200, XML, "<<not xml>".to_owned()),
            Some(Answer::NoMembers) => xml(Ok(if request.is_json() { "{}" } else { "" }.to_owned())),
            Some(Answer::HalfXml) => {
                let reply = carried_out();
                let half = reply.body.len() / 2;
                Reply { body: reply.body[..half].to_vec(), ..reply }
            }
            Some(Answer::Altered(from, to)) => {
                let reply = carried_out();
                Reply { body: reply.text().replace(&from, &to).into_bytes(), ..reply }
            }
            Some(Answer::CutAfter(text)) => {
                let reply = carried_out();
                let end = reply.text().find(&text).map_or(reply.body.len(), |start| start + text.len());
                Reply { body: reply.body[..end].to_vec(), ..reply }
            }
            Some(Answer::Html(status)) => {
                let body = "<!DOCTYPE html><html><head><title>Proxy</title></head><body><h1>Not now</h1></body></html>";
                Reply::other(status, "text/html; charset=utf-8", body.to_owned())
            }
            Some(Answer::Truncated) => {
                let reply = carried_out();
                Reply { pace: Pace::Cut { bytes: reply.body.len() / 2, reset: false }, ..reply }
            }
            Some(Answer::ContentType(content_type)) => Reply { content_type, ..carried_out() },
            Some(Answer::Redirect(location)) => {
                Reply { headers: vec![("Location", location)], ..Reply::other(302, "text/html", String::new()) }
            }
            Some(Answer::Raw { status, content_type, body }) => Reply::other(status, &content_type, body),
            _ => carried_out(),
        })
    }

    /// The answer to a call that is carried out.
    fn reply(&self, request: &Request) -> Reply {
        if request.is_json() {
            return Reply::json(self.carry_out(request), request.service);
        }
        if request.service != "s3" || request.action == "ListBuckets" {
            return Reply::xml(self.carry_out(request), request.service, &request.action, &self.request_id);
        }
        let known = KnownKey::find(request, &self.shared.state().world);
        let answer = authenticate(request, known)
            .map_err(s3::Refused::from)
            .and_then(|caller| s3::answer(&mut self.shared.state().world, &caller, request));
        match answer {
            Ok(s3::Object { status, body, etag }) => {
                let mut headers = vec![("x-amz-request-id", self.request_id.clone())];
                headers.extend(etag.map(|etag| ("ETag", etag)));
                Reply { headers, ..Reply::other(status, "application/json", body) }
            }
            Err(s3::Refused { problem, region }) => {
                let headers = region.into_iter().map(|region| ("x-amz-bucket-region", region)).collect();
                Reply { headers, ..Reply::xml(Err(problem), "s3", &request.action, &self.request_id) }
            }
        }
    }

    fn carry_out(&self, request: &Request) -> Result<String, Problem> {
        let earlier = self.shared.state().world.consistency.next();
        let known = self.shared.state().world.seeing(earlier.as_ref(), |world| KnownKey::find(request, world));
        let caller = authenticate(request, known)?;
        if !request.is_known() || request.version != xml::version(request.service) {
            let message = format!("Could not find operation {} for version {}", request.action, request.version);
            return Err(Problem::new(400, "InvalidAction", message));
        }
        let mut state = self.shared.state();
        let world = &mut state.world;
        if !iam_changes::is_change(&request.action) {
            return world.seeing(earlier.as_ref(), |world| dispatch(world, &caller, request));
        }
        // A server that does not know a new thing yet cannot change it.
        if earlier.is_some() && !request.action.starts_with("Create") {
            world.clone().seeing(earlier.as_ref(), |world| dispatch(world, &caller, request))?;
        }
        // A refused change delays nothing.
        dispatch(&mut world.clone(), &caller, request)?;
        world.changing(|world| dispatch(world, &caller, request))
    }

    fn reset(&self) -> io::Result<Response<Payload>> {
        self.shared.state().journal.close(self.entry, self.shared.elapsed(), 0, None);
        Err(io::ErrorKind::ConnectionReset.into())
    }

    fn send(&self, reply: Reply) -> io::Result<Response<Payload>> {
        let mut state = self.shared.state();
        let date = clock::http_date(state.world.clock.now());
        let mut response = Response::builder().status(reply.status);
        if state.world.rules.has_date {
            response = response.header("Date", date);
        }
        for (name, value) in &reply.headers {
            response = response.header(*name, value);
        }
        // The page of a proxy does not have AWS's request id.
        if reply.content_type == XML || reply.content_type == JSON {
            response = response.header("x-amzn-RequestId", &self.request_id);
        }
        let payload = Payload::new(reply.body, &reply.pace);
        let response = response.header("Content-Type", reply.content_type).body(payload).map_err(io::Error::other);
        let status = if response.is_ok() { reply.status } else { 0 };
        state.journal.close(self.entry, self.shared.elapsed(), status, reply.code);
        response
    }
}

/// The body of an answer: whole, truncated or slow.
pub struct Payload {
    data: Bytes,
    declared: u64,
    /// The pause between the bytes of a slow body.
    drip: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
    cut: bool,
    resets: bool,
}

impl Payload {
    fn new(body: Vec<u8>, pace: &Pace) -> Payload {
        let declared = body.len() as u64;
        let mut payload =
            Payload { data: Bytes::from(body), declared, drip: None, pause: None, cut: false, resets: false };
        match *pace {
            Pace::Whole => {}
            Pace::Cut { bytes, reset } => {
                payload.data.truncate(bytes);
                (payload.cut, payload.resets) = (true, reset);
            }
            Pace::Drip(pause) => payload.drip = Some(pause),
        }
        payload
    }

    /// Number of polls that wait first.
    fn wait(&mut self, pause: Duration, context: &mut Context<'_>) -> Poll<()> {
        let waiting = self.pause.get_or_insert_with(|| Box::pin(sleep(pause)));
        ready!(waiting.as_mut().poll(context));
        self.pause = None;
        Poll::Ready(())
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.data.is_empty() {
            let Some(pause) = self.drip else {
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.data)))));
            };
            ready!(self.wait(pause, context));
            return Poll::Ready(Some(Ok(Frame::data(self.data.split_to(1)))));
        }
        if !self.cut {
            return Poll::Ready(None);
        }
        ready!(self.wait(BEFORE_CUT, context));
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.declared == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.declared)
    }
}
