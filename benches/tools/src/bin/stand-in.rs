//! A stand-in for STS, IAM and SNS with very little overhead, so that a bench measures the client. It accepts every
//! signature, has no policies, and every role exists. tests/stand_in checks whether calls are *right*.
//!
//! It prints its ports as JSON, one for each service, because AWS has one host for each. It answers until its standard
//! input ends, and then prints its counts. Each answer is sent `--latency` after its request arrived; connecting has no
//! latency. The access key id of a caller holds the account number: `ASIA` or `AKIA`, 12 digits, 4 letters.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use bench_tools::{Connection, Request};
use clap::Parser;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

#[derive(Parser)]
struct Settings {
    /// Milliseconds from a request to its answer.
    #[arg(long, default_value_t = 0.0)]
    latency: f64,
    /// Use TLS, and write the certificate of the authority to this file.
    #[arg(long)]
    tls: Option<PathBuf>,
    /// The number of roles that ListRoles returns in each account: `job-00000` and so on.
    #[arg(long, default_value_t = 0)]
    roles: usize,
    /// The number of other roles before them, which no job uses.
    #[arg(long, default_value_t = 0)]
    others: usize,
}

struct World {
    latency: Duration,
    roles: usize,
    others: usize,
    tls: Option<Arc<ServerConfig>>,
    calls: Mutex<BTreeMap<String, usize>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    connections: AtomicUsize,
    full_handshakes: AtomicUsize,
    resumed_handshakes: AtomicUsize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::parse();
    // Makes sleeps exact: by default the kernel rounds by 50 microseconds. Threads inherit the setting.
    std::fs::write("/proc/thread-self/timerslack_ns", "1").ok();
    let world = Arc::new(World {
        latency: Duration::from_secs_f64(settings.latency / 1000.0),
        roles: settings.roles,
        others: settings.others,
        tls: settings.tls.map(certified).transpose()?,
        calls: Mutex::default(),
        at_once: AtomicUsize::new(0),
        most_at_once: AtomicUsize::new(0),
        connections: AtomicUsize::new(0),
        full_handshakes: AtomicUsize::new(0),
        resumed_handshakes: AtomicUsize::new(0),
    });
    let mut ports = BTreeMap::new();
    for service in ["sts", "iam", "sns"] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        ports.insert(service, listener.local_addr()?.port());
        let world = Arc::clone(&world);
        thread::spawn(move || accept(&listener, &world));
    }
    println!("{}", json!(ports));
    io::stdin().read_to_end(&mut Vec::new())?;
    println!("{}", world.counted());
    Ok(())
}

/// A server certificate for 127.0.0.1, by an authority whose certificate is written to `path`.
fn certified(path: PathBuf) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    // A different name from that of the server, because equal names mean a self-signed certificate.
    authority.distinguished_name.push(DnType::CommonName, "The authority of a bench");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (authority_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
    std::fs::write(path, authority.self_signed(&authority_key)?.pem())?;
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key))?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)?;
    Ok(Arc::new(config))
}

fn accept(listener: &TcpListener, world: &Arc<World>) {
    for stream in listener.incoming().flatten() {
        world.connections.fetch_add(1, Relaxed);
        let world = Arc::clone(world);
        // A broken connection ends only its thread. The client and the table show the break.
        thread::spawn(move || world.connected(stream).ok());
    }
}

impl World {
    fn connected(&self, mut stream: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return Ok(self.serve(Connection::new(stream))?) };
        let mut session = ServerConnection::new(Arc::clone(tls))?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        let kind = if session.handshake_kind() == Some(HandshakeKind::Resumed) {
            &self.resumed_handshakes
        } else {
            &self.full_handshakes
        };
        kind.fetch_add(1, Relaxed);
        Ok(self.serve(Connection::new(StreamOwned::new(session, stream)))?)
    }

    fn serve(&self, mut connection: Connection<impl io::Read + io::Write>) -> io::Result<()> {
        while let Some(request) = connection.request()? {
            self.most_at_once.fetch_max(self.at_once.fetch_add(1, Relaxed) + 1, Relaxed);
            let answer = self.answer(&request);
            thread::sleep((request.received + self.latency).saturating_duration_since(Instant::now()));
            self.at_once.fetch_sub(1, Relaxed);
            let date = httpdate::fmt_http_date(SystemTime::now());
            let headers = format!("Content-Type: text/xml\r\nDate: {date}\r\nx-amzn-RequestId: {ID}\r\n");
            let (status, body) = answer.map_or(("400 Bad Request", String::new()), |body| ("200 OK", body));
            connection.answer(status, &headers, &body)?;
        }
        Ok(())
    }

    /// The answer, or `None` for an unknown call.
    fn answer(&self, request: &Request) -> Option<String> {
        let parameters: BTreeMap<_, _> = form_urlencoded::parse(&request.body).collect();
        let given = |name: &str| parameters.get(name).map(AsRef::as_ref);
        let action = given("Action")?;
        let mut calls = self.calls.lock().ok()?;
        *calls.entry(action.to_owned()).or_default() += 1;
        drop(calls);
        let account = request.authorization.split_once("Credential=")?.1.get(4..16)?;
        let (service, result) = match action {
            "AssumeRole" => ("sts", assumed(given("RoleArn")?, given("RoleSessionName")?)?),
            "GetCallerIdentity" => (
                "sts",
                format!(
                    "<Arn>arn:aws:iam::{account}:user/checker</Arn><UserId>AIDAEXAMPLE</UserId>\
                     <Account>{account}</Account>"
                ),
            ),
            "GetRole" => ("iam", format!("<Role>{}</Role>", described(account, given("RoleName")?))),
            "ListRoles" => ("iam", self.listed(account, given("MaxItems"), given("Marker"))?),
            "Publish" => ("sns", format!("<MessageId>{ID}</MessageId>")),
            _ => return None,
        };
        Some(format!(
            "<{action}Response xmlns=\"https://{service}.amazonaws.com/doc/\"><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>{ID}</RequestId></ResponseMetadata></{action}Response>"
        ))
    }

    /// A page of ListRoles. The marker is the number of the first role of the next page.
    fn listed(&self, account: &str, most: Option<&str>, marker: Option<&str>) -> Option<String> {
        let most: usize = most.map_or(Some(100), |most| most.parse().ok())?;
        let first: usize = marker.map_or(Some(0), |marker| marker.parse().ok())?;
        let all = self.others + self.roles;
        let next = all.min(first + most);
        let name = |number: usize| match number.checked_sub(self.others) {
            Some(number) => format!("job-{number:05}"),
            None => format!("another-{number:05}"),
        };
        let members: String =
            (first..next).map(|number| format!("<member>{}</member>", described(account, &name(number)))).collect();
        let more = if next < all {
            format!("true</IsTruncated><Marker>{next}</Marker>")
        } else {
            "false</IsTruncated>".to_owned()
        };
        Some(format!("<Roles>{members}</Roles><IsTruncated>{more}"))
    }

    fn counted(&self) -> serde_json::Value {
        json!({
            "calls": self.calls.lock().map(|calls| calls.clone()).unwrap_or_default(),
            "most_at_once": self.most_at_once.load(Relaxed),
            "connections": self.connections.load(Relaxed),
            "full_handshakes": self.full_handshakes.load(Relaxed),
            "resumed_handshakes": self.resumed_handshakes.load(Relaxed),
        })
    }
}

const ID: &str = "00000000-0000-4000-8000-000000000000";

/// Credentials as long as those of AWS.
fn assumed(role: &str, session: &str) -> Option<String> {
    let account = role.split(':').nth(4)?;
    let name = role.rsplit('/').next()?;
    let (secret, token) = ("s".repeat(40), "t".repeat(900));
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(15);
    Some(format!(
        "<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId>\
         <Arn>arn:aws:sts::{account}:assumed-role/{name}/{session}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>ASIA{account}AAAA</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{end:.0}</Expiration></Credentials>"
    ))
}

/// A role. Each name that ends in 0 has a longer MaxSessionDuration than its job needs, so that there are findings.
fn described(account: &str, name: &str) -> String {
    let longest = if name.ends_with('0') { 14400 } else { 7200 };
    format!(
        "<Path>/</Path><RoleName>{name}</RoleName><RoleId>AROAEXAMPLE</RoleId>\
         <Arn>arn:aws:iam::{account}:role/{name}</Arn>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A\
         %5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A\
         111111111111%3Auser%2Fchecker%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D\
         </AssumeRolePolicyDocument>\
         <MaxSessionDuration>{longest}</MaxSessionDuration>"
    )
}
