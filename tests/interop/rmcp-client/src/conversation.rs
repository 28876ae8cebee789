//! The client's protocol with the program that runs it: JSON lines on stdout and stdin.
//!
//! ```text
//! out {"open": url}                     show this to the person
//! out {"connected": version}            the MCP connection is open
//! in  {"tool": …, "arguments": …}   →   out {"answer": text, "error": bool}
//! out {"failed": reason}                and the end
//! ```

use std::io::{self, Write};

use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{Outcome, session::Session};

/// Writes one line; errors are ignored, since then nobody reads.
pub(crate) fn say(message: &Value) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{message}");
    let _ = out.flush();
}

/// Calls tools as asked until stdin ends.
pub(crate) async fn converse(session: Session) -> Outcome<()> {
    say(&json!({ "connected": session.version() }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let asked: Value = serde_json::from_str(&line)?;
        say(&call(&session, &asked).await?);
    }
    session.end().await
}

async fn call(session: &Session, asked: &Value) -> Outcome<Value> {
    let tool = asked["tool"].as_str().unwrap_or_default().to_owned();
    let arguments = asked["arguments"].as_object().cloned().unwrap_or_default();
    let request = CallToolRequestParams::new(tool).with_arguments(arguments);
    let result = session.call(request).await?;
    let texts = result.content.iter().filter_map(|part| part.as_text());
    let text = texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n");
    Ok(json!({ "answer": text, "error": result.is_error == Some(true) }))
}
