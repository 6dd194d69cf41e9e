//! The command: says what it will do, asks, runs, removes, reports.
#![allow(clippy::disallowed_methods, reason = "the entry point reads the clock")]

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use credential_health_prove::aws::{Aws, Identity};
use credential_health_prove::calls;
use credential_health_prove::remove::{Listing, Removal, Thing, Unread};
use credential_health_prove::report::{self, About, Counts};
use credential_health_prove::run::{Patience, Settings, Watcher, run};
use credential_health_prove::sandbox::{DEFAULT_PATH, check_path, operator_policy};
use jiff::Timestamp;
use tokio::sync::watch;

/// Checks the rules of credential-health against the live AWS services, in a sandbox account.
///
/// Makes one user and six roles, asks STS and IAM, and removes everything. Costs nothing. Prints its calls and asks
/// before it begins.
///
/// Exit status: 0 all rules hold; 1 a rule differs; 2 bad usage, or the question was not answered with yes; 3 a rule is
/// undecided, the run ended early, or a list of what is left could not be read; 4 no credentials, or something was not
/// removed.
#[derive(Debug, Parser)]
#[command(name = "credential-health-prove", version)]
struct Arguments {
    /// Print the calls of a run, and make none
    #[arg(long, conflicts_with_all = ["clean", "policy"])]
    calls: bool,
    /// Print the least IAM policy for a run, and make no call
    #[arg(long, conflicts_with = "clean")]
    policy: bool,
    /// Remove what earlier runs left: roles and users of the path with the tag of a run
    #[arg(long)]
    clean: bool,
    /// Also wait for the end of a session, and check the answers after it (up to 40 minutes)
    #[arg(long)]
    expiry: bool,
    /// The path of everything that a run makes
    #[arg(long, value_name = "PATH", default_value = DEFAULT_PATH)]
    path: String,
    /// The report in Markdown, with the account id replaced
    #[arg(long, value_name = "FILE", default_value = "prove-report.md")]
    report: PathBuf,
    /// The profile of the AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Begin without the question
    #[arg(long)]
    yes: bool,
    /// Attempts of one question, one second apart
    #[arg(long, hide = true, default_value_t = Patience::default().attempts)]
    attempts: u32,
    /// The pause between two attempts, in milliseconds
    #[arg(long, hide = true, default_value_t = 1000)]
    pause: u64,
}

// A closed pipe must not stop the removal: `println!` and `eprintln!` would end the process.
macro_rules! show {
    ($($part:tt)*) => {{ let _ = writeln!(std::io::stdout(), $($part)*); }};
}
macro_rules! show_text {
    ($($part:tt)*) => {{ let _ = write!(std::io::stdout(), $($part)*); }};
}
macro_rules! note {
    ($($part:tt)*) => {{ let _ = writeln!(std::io::stderr(), $($part)*); }};
}
macro_rules! ask {
    ($($part:tt)*) => {{ let _ = write!(std::io::stderr(), $($part)*); }};
}

/// Prints each line of the run to standard error.
struct Printed;

impl Watcher for Printed {
    fn line(&self, text: &str) {
        note!("{text}");
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    ExitCode::from(command(arguments).await)
}

async fn command(arguments: Arguments) -> u8 {
    let path = match check_path(&arguments.path) {
        Ok(path) => path,
        Err(error) => {
            note!("error: --path {:?}: {error}", arguments.path);
            return 2;
        }
    };
    if arguments.calls {
        show_text!("{}Not decidable by this command\n{}", calls::list(&path, arguments.expiry), calls::not_decidable());
        return 0;
    }
    if arguments.policy {
        show!("{}", operator_policy("ACCOUNT_ID", "aws", &path, arguments.expiry));
        return 0;
    }
    if !arguments.clean
        && let Err(error) = is_writable(&arguments.report)
    {
        note!("error: --report {}: {error}", arguments.report.display());
        return 2;
    }
    let aws = Aws::from_environment(arguments.profile.as_deref()).await;
    if let Some(error) = aws.no_certificates(&|name| std::env::var(name).ok()) {
        note!("error: {error}");
        return 2;
    }
    let identity = match aws.identity().await {
        Ok(identity) => identity,
        Err(seen) => {
            note!("error: GetCallerIdentity: {seen}. Set AWS credentials, such as with --profile.");
            return 4;
        }
    };
    let patience =
        Patience { attempts: arguments.attempts, pause: Duration::from_millis(arguments.pause), ..Patience::default() };
    if arguments.clean {
        clean(&aws, &identity, &path, patience, arguments.yes).await
    } else {
        prove(&aws, &identity, path, patience, &arguments).await
    }
}

async fn prove(aws: &Aws, identity: &Identity, path: String, patience: Patience, arguments: &Arguments) -> u8 {
    ask!("{}", calls::list(&path, arguments.expiry));
    note!("\nYou are {} in account {}.", identity.arn, identity.account);
    if !arguments.yes && !confirm("Make these calls in this account? Type yes: ") {
        note!("Nothing was made.");
        return 2;
    }
    let id: String = uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect();
    let settings = Settings { path: path.clone(), run: id.clone(), patience, expiry: arguments.expiry };
    let about = About {
        started: Timestamp::now(),
        account: identity.account.clone(),
        partition: identity.partition.clone(),
        region: aws.region().to_owned(),
        run: id,
    };
    let outcome = run(aws, identity, &settings, Arc::new(Printed), stop_signal()).await;
    show_text!("{}", report::table(&outcome, &identity.account));
    show!("{}", report::summary(&outcome));
    if let Some(why) = &outcome.stopped {
        show!("The run ended early: {}.", report::hide(why, &identity.account));
    }
    let written = std::fs::write(&arguments.report, report::markdown(&about, &outcome));
    match &written {
        Ok(()) => show!("The report is in {}.", arguments.report.display()),
        Err(error) => note!("error: {}: {error}", arguments.report.display()),
    }
    for leftover in &outcome.removal.leftovers {
        note!("Not removed: {}: {}. Run this command with --clean.", leftover.thing.name(), leftover.why);
    }
    show_unread(&outcome.removal.unread);
    let counts = Counts::of(&outcome);
    let is_whole = outcome.stopped.is_none() && counts.undecided == 0 && outcome.removal.unread.is_empty();
    if !outcome.removal.leftovers.is_empty() || written.is_err() {
        4
    } else if counts.differs > 0 {
        1
    } else if is_whole {
        0
    } else {
        3
    }
}

async fn clean(aws: &Aws, identity: &Identity, path: &str, patience: Patience, yes: bool) -> u8 {
    let Listing { things: found, unread } = aws.find_things(path, None).await;
    if found.is_empty() {
        if unread.is_empty() {
            show!("Nothing of an earlier run is left in account {}.", identity.account);
            return 0;
        }
        show_unread(&unread);
        return 3;
    }
    found.iter().map(Thing::name).for_each(|name| show!("{name}"));
    if !yes && !confirm(&format!("Remove these from account {}? Type yes: ", identity.account)) {
        note!("Nothing was removed.");
        return 2;
    }
    let Removal { leftovers, unread } = aws.remove_all(found, path, None, patience, &Printed).await;
    leftovers.iter().for_each(|left| note!("Not removed: {}: {}", left.thing.name(), left.why));
    show_unread(&unread);
    match (leftovers.is_empty(), unread.is_empty()) {
        (false, _) => 4,
        (true, false) => 3,
        (true, true) => 0,
    }
}

/// Names what a list that was not read may hide.
fn show_unread(unread: &[Unread]) {
    unread.iter().for_each(|unread| note!("Could not be checked: {unread}. Run this command with --clean."));
}

/// Asks a question; `true`: the answer is yes.
fn confirm(question: &str) -> bool {
    ask!("{question}");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

/// Whether the report can be written, before anything is made. Leaves no new file.
fn is_writable(path: &Path) -> std::io::Result<()> {
    match std::fs::OpenOptions::new().create_new(true).write(true).open(path) {
        Ok(_) => std::fs::remove_file(path),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::OpenOptions::new().append(true).open(path).map(drop)
        }
        Err(error) => Err(error),
    }
}

/// Becomes true at Ctrl-C, and at SIGTERM and SIGHUP where they exist. Later signals are ignored: the removal goes on.
fn stop_signal() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            signal().await;
            note!("Stopping: this run removes what it made. Wait for the end.");
            stop.send_replace(true);
        }
    });
    stopped
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
        _ = hangup.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
