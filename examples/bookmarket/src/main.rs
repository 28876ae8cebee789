//! Bookmarket: `cargo run -p bookmarket`, then paste the line that it prints.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an application talks to whoever starts it"
)]

use std::{
    error::Error,
    io::{self, BufWriter, IsTerminal},
    process::ExitCode,
};

use bookmarket::{
    Bookmarket, Settings,
    audit::{self, Audit},
    revocations::{self, Revoke},
    workos::{self, Check},
};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Keeps bookmarks for people and their agents. Without a command it runs the server. Settings are
/// environment variables: see examples/bookmarket/README.md.
#[derive(Parser)]
#[command(name = "bookmarket")]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Ends access at once, in every process that follows the log BOOKMARKET_REVOCATIONS.
    Revoke(Revoke),
    /// Checks the set-up in WorkOS: a line for each finding. Ends with exit code 1 where something
    /// has to be mended.
    Check(Check),
    /// Prints what a person and their agents did, from the database of DATABASE_URL.
    Audit(Audit),
}

#[actix_web::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    let CommandLine { command } = CommandLine::parse();
    let done = match command {
        None => run().await,
        Some(Command::Revoke(revoke)) => run_revoke(&revoke).await,
        Some(Command::Check(check)) => run_check(&check).await,
        Some(Command::Audit(audit)) => run_audit(&audit).await,
    };
    match done {
        Ok((text, code)) => {
            if !text.is_empty() {
                println!("{text}");
            }
            code
        }
        Err(error) => {
            eprintln!("bookmarket: {error}");
            ExitCode::from(2)
        }
    }
}

/// What is printed at the end, and the exit code.
type Done = Result<(String, ExitCode), Box<dyn Error>>;

async fn run() -> Done {
    let settings = Settings::from_env()?;
    let stop = stop_signal()?;
    let bookmarket = Bookmarket::start(&settings).await?;
    println!("{}", bookmarket.welcome());
    bookmarket.run_until(stop).await?;
    Ok(("Goodbye.".to_owned(), ExitCode::SUCCESS))
}

async fn run_check(check: &Check) -> Done {
    let (text, is_good) = workos::check(&Settings::from_env()?, check).await?;
    Ok((text, if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

async fn run_revoke(revoke: &Revoke) -> Done {
    revocations::revoke(&Settings::from_env()?, revoke).await?;
    Ok(("The revocation is in the log.".to_owned(), ExitCode::SUCCESS))
}

async fn run_audit(audit: &Audit) -> Done {
    let mut output = BufWriter::new(io::stdout());
    audit::audit(&Settings::from_env()?, audit, &mut output).await?;
    Ok((String::new(), ExitCode::SUCCESS))
}

/// Ready at the first Ctrl-C or SIGTERM after this call.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready at the first Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
