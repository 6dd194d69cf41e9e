//! Answers that quote the credentials that this program holds, in every form, and what is shown of them: nothing. Every
//! secret of the stand-in carries a canary, which the harness searches for in all output.

use serde_json::{Value, json};

use crate::harness::{Cli, INVENTORY, Lambda, TOPIC, account, event};
use crate::stand_in::{Answer, Credentials, Fault, StandIn};

fn hex(secret: &str) -> String {
    secret.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let six = |bits: u32, at: u32| char::from(LETTERS[(bits >> at & 63) as usize]);
    let triple = |part: &[u8]| part.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
    text.as_bytes().chunks_exact(3).map(triple).flat_map(|bits| [18, 12, 6, 0].map(|at| six(bits, at))).collect()
}

/// The encoded forms of a secret, each with the part of it that must not be shown.
fn forms(secret: &str) -> Vec<(String, String)> {
    let mut forms = Vec::new();
    let mut add = |quoted: String, part: String| forms.push((quoted, part));
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let decimal: String = secret.bytes().map(|byte| format!("&#{byte};")).collect();
    let sixteen: String = secret.bytes().map(|byte| format!("&amp;#x{byte:x};")).collect();
    let unicode: String = secret.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let each = |form: &dyn Fn(u8) -> String| secret.bytes().map(form).collect::<String>();
    let octal = each(&|byte| format!("\\{byte:03o}"));
    let printable = each(&|byte| format!("={byte:02X}"));
    let unseen = each(&|byte| format!("{}\u{3164}", char::from(byte)));
    for encoded in [octal, printable] {
        add(encoded.clone(), encoded[12..40].to_owned());
    }
    add(unseen.clone(), unseen.chars().take(20).collect());
    for encoded in [percent.clone(), percent.replace('%', "%25"), decimal, sixteen, unicode, hex(secret)] {
        add(encoded.clone(), encoded[12..40].to_owned());
    }
    for before in ["", "a", "ab"] {
        let encoded = base64(&format!("{before}{secret}xx"));
        add(format!("Basic {encoded}"), encoded[8..30].to_owned());
    }
    let half = secret.len() / 2;
    add(format!("{}\r\n    {}", &secret[..half], &secret[half..]), secret[..half].to_owned());
    let spaced: String = secret.chars().flat_map(|c| [c, ' ']).collect();
    add(spaced.clone(), spaced[..20].to_owned());
    forms
}

#[tokio::test]
async fn no_encoded_secret_in_a_refusal_is_shown() {
    let (aws, checker) = account().await;
    let lambda = Lambda::new(&aws, &checker, INVENTORY, &[("TOPIC_ARN", TOPIC)]).await;
    let mut tried = 0;
    for secret in [&checker.secret_access_key, checker.session_token.as_ref().unwrap()] {
        for (quoted, part) in forms(secret) {
            let body = format!(
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>You sent {} to us</Message></Error>\
                 </ErrorResponse>",
                quoted.replace('&', "&amp;")
            );
            aws.clear_script();
            aws.script(Fault::on("AssumeRole").then(Answer::xml(403, body)));
            let report = lambda.invoke(&event("scheduled.json")).await.unwrap().to_string();
            let ran = Cli::on(INVENTORY, "check", &["--format", "json"]).asking(&aws, &checker).run().await;
            let messages = format!("{:?}", aws.messages(TOPIC));
            for shown in [&report, &ran.stdout, &ran.stderr, &messages] {
                assert!(!shown.contains(&part), "{part} of {quoted}");
            }
            assert!(report.contains("You sent ") && report.contains('…'), "the rest of the refusal is shown: {quoted}");
            tried += 1;
        }
    }
    assert_eq!(tried, 28);
}

/// `doctor` in a shell with these variables and files, where AWS answers the call with what it got.
async fn doctor(
    aws: &StandIn,
    refused: &str,
    quotes: &[&str],
    variables: &[(&str, &str)],
    files: &[(&str, &str)],
) -> Value {
    aws.clear_script();
    let message = format!("You sent {} to us", quotes.join(" and "));
    aws.script(Fault::on(refused).then(Answer::error(403, "AccessDenied", &message)));
    let cli = Cli::new(&["doctor", "--format", "json"]).env("AWS_ENDPOINT_URL", &aws.url());
    let cli = cli.env("AWS_REGION", "eu-west-1").env("PATH", "/usr/bin:/bin");
    let cli = files.iter().fold(cli, |cli, (name, content)| cli.file(name, content));
    let ran = variables.iter().fold(cli, |cli, (name, value)| cli.env(name, value)).run().await;
    let report = ran.report();
    let shown = report["diagnoses"].to_string();
    assert!(shown.contains("You sent …"), "{refused}: {shown}");
    report
}

/// Texts that do not have the form of a credential.
const SECRET: &str = "canary-secret-of-a-key-in-words";
const TOKEN: &str = "canary-token-of-a-session-in-words";

#[tokio::test]
async fn doctor_shows_no_value_that_it_or_the_chain_of_providers_holds() {
    let (aws, checker) = account().await;
    let key = "AKIACANARY0000009999";
    let of_variables = [("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", TOKEN)];
    doctor(&aws, "GetCallerIdentity", &[key, SECRET, TOKEN], &of_variables, &[]).await;

    let keys = format!("aws_access_key_id = {key}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n");
    let role = "role_arn = arn:aws:iam::222222222222:role/etl\n";
    let credentials = format!("[base]\n{keys}");
    let chained = format!("[profile dev]\n{role}source_profile = base\n");
    let files = [(".aws/config", chained.as_str()), (".aws/credentials", &credentials)];
    let dev = [("AWS_PROFILE", "dev")];
    doctor(&aws, "AssumeRole", &[key, SECRET, TOKEN], &dev, &files).await;
    // A key of another profile that nobody uses.
    let other = format!("[default]\n{keys}[unused]\naws_secret_access_key = canary-secret-of-another-profile\n");
    let quotes = ["canary-secret-of-another-profile"];
    doctor(&aws, "GetCallerIdentity", &quotes, &[], &[(".aws/credentials", &other)]).await;

    let printed = json!({ "Version": 1, "AccessKeyId": key, "SecretAccessKey": SECRET, "SessionToken": TOKEN,
        "Expiration": "2099-01-01T00:00:00Z" });
    let program = "credential_process = cat printed.json\n";
    let printed = printed.to_string();
    let config = format!("[profile dev]\n{program}");
    let files = [(".aws/config", config.as_str()), ("printed.json", &printed)];
    doctor(&aws, "GetCallerIdentity", &[key, SECRET, TOKEN], &dev, &files).await;
    // Of a program behind a role, what is sent.
    let config = format!("[profile base]\n{program}[profile dev]\n{role}source_profile = base\n");
    let files = [(".aws/config", config.as_str()), ("printed.json", &printed)];
    doctor(&aws, "AssumeRole", &[key, TOKEN], &dev, &files).await;

    let identity = "canary-token-of-the-file-in-words";
    let variables = [("AWS_WEB_IDENTITY_TOKEN_FILE", "token"), ("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/etl")];
    doctor(&aws, "AssumeRoleWithWebIdentity", &[identity], &variables, &[("token", identity)]).await;
    let config = format!("[profile dev]\n{role}web_identity_token_file = token\n");
    let files = [(".aws/config", config.as_str()), ("token", identity)];
    doctor(&aws, "AssumeRoleWithWebIdentity", &[identity], &dev, &files).await;

    let container = container(&checker);
    let token = "canary-token-of-the-container-in-words";
    let of_session = [&checker.secret_access_key, checker.session_token.as_ref().unwrap(), token];
    let url = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str());
    let variables = [url, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)];
    doctor(&aws, "GetCallerIdentity", &of_session, &variables, &[]).await;
    let variables = [url, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token")];
    doctor(&aws, "GetCallerIdentity", &of_session, &variables, &[("token", token)]).await;
}

/// The endpoint of a container: these credentials for every request.
fn container(keys: &Credentials) -> String {
    use std::io::{Read as _, Write as _};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let body = json!({ "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
        "Token": keys.session_token, "Expiration": "2099-01-01T00:00:00Z" })
    .to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 16_384]);
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
            let _ = write!(stream, "{head}content-length: {length}\r\n\r\n{body}");
        }
    });
    url
}
