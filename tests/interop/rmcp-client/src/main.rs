//! The Rust client, `rmcp`. Settings: `MCP_URL`, `MCP_ERA`, `CLIENT_NAME`. It exchanges JSON lines
//! with the program that runs it, see [`conversation`].

mod callback;
mod conversation;
mod session;

use std::{env, error::Error, process::ExitCode};

use serde_json::json;

/// Errors are reported and never handled: the test run decides what they mean.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            conversation::say(&json!({ "failed": with_causes(error.as_ref()) }));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let settings = session::Settings {
        url: env::var("MCP_URL")?,
        stateless: env::var("MCP_ERA")? == "2026-07-28",
        name: env::var("CLIENT_NAME")?,
    };
    let session = session::Session::sign_in(&settings).await?;
    conversation::converse(session).await
}

fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
