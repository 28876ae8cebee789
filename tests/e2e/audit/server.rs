//! An MCP server whose tools answer in every way there is.

use std::{convert::Infallible, time::Duration};

use actix_web::{HttpResponse, http::Method, rt::time::sleep, web};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// Answers messages; other requests by what they are.
pub(super) async fn serve(method: Method, body: web::Bytes) -> HttpResponse {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return HttpResponse::Ok().body(format!("{method} of {} bytes", body.len()));
    };
    match tool(&message) {
        Some("busy") => return HttpResponse::ServiceUnavailable().finish(),
        Some("never") => std::future::pending().await,
        Some("stream") => return events(message, 3),
        Some("endless") => return events(message, usize::MAX),
        Some("text") => return HttpResponse::Ok().body("hello"),
        Some("accepted") => return HttpResponse::Accepted().finish(),
        _ => {}
    }
    let answers = match &message {
        Value::Array(batch) => Value::Array(batch.iter().filter_map(answer).collect()),
        message => answer(message).unwrap_or_default(),
    };
    match answers {
        Value::Null => HttpResponse::Accepted().finish(),
        Value::Array(none) if none.is_empty() => HttpResponse::Accepted().finish(),
        answers => HttpResponse::Ok().json(answers),
    }
}

fn tool(message: &Value) -> Option<&str> {
    message["params"]["name"].as_str()
}

fn answer(message: &Value) -> Option<Value> {
    let (id, method) = (message.get("id")?, message.get("method")?);
    let answer = |name: &str, value| Some(json!({ "jsonrpc": "2.0", "id": id, name: value }));
    match (method.as_str(), tool(message)) {
        (Some("tools/call"), Some("fail")) => {
            answer("result", json!({ "content": [], "isError": true }))
        }
        (Some("tools/call"), Some("large")) => {
            answer("result", json!({ "text": "x".repeat(1_500_000) }))
        }
        (Some("nope"), _) => answer("error", json!({ "code": -32601, "message": "no" })),
        _ => answer("result", json!({ "content": [] })),
    }
}

/// So many events of progress, and then the result.
fn events(message: Value, progress: usize) -> HttpResponse {
    let event = |message: &Value| web::Bytes::from(format!("event: message\ndata: {message}\n\n"));
    let tick = event(&json!({ "jsonrpc": "2.0", "method": "notifications/progress" }));
    let ticks = stream::repeat(tick).take(progress).then(async |tick| {
        sleep(Duration::from_millis(20)).await;
        tick
    });
    let result = event(&answer(&message).unwrap());
    let all = ticks.chain(stream::once(async { result })).map(Ok::<_, Infallible>);
    HttpResponse::Ok().content_type("text/event-stream").streaming(all)
}
