//! A mixed load: JSON, streams, batches, refusals, cut connections, 503, and callers who are nobody.

use std::cell::Cell;

use futures_util::{StreamExt, future::join_all};
use serde_json::{Value, json};

use crate::served::{Served, call, client};

const CLIENTS: usize = 16;

/// Sends at least so many messages: how many there were.
pub(crate) async fn mixed_load(served: &Served, messages: usize) -> usize {
    let sent = Cell::new(0);
    let clients = (0..CLIENTS).map(|client| one_client(served, client, messages, &sent));
    join_all(clients).await;
    sent.get()
}

async fn one_client(served: &Served, number: usize, messages: usize, sent: &Cell<usize>) {
    let kept = client();
    for round in 0.. {
        if sent.get() >= messages {
            return;
        }
        let (body, count, is_cut) = request(number, round);
        sent.set(sent.get() + count);
        let once = is_cut.then(client);
        let request = once.as_ref().unwrap_or(&kept).post(&served.url);
        let mut response = request.bearer_auth(&served.token).send_json(&body).await.unwrap();
        match is_cut {
            true => drop(response.next().await),
            false => drop(response.body().await.unwrap()),
        }
        if round % 16 == 0 {
            let nobody = kept.post(&served.url).bearer_auth("no.token.at-all");
            assert_eq!(nobody.send_json(&body).await.unwrap().status(), 401);
        }
    }
}

/// A body, how many messages it has, and whether the client goes away before the answer.
fn request(client: usize, round: usize) -> (Value, usize, bool) {
    let call = |n: usize, tool: &str| call(&format!("{client}-{round}-{n}"), tool);
    match round % 16 {
        0 | 8 => (call(0, "stream"), 1, false),
        1 => (call(0, "refused"), 1, false),
        2 => (call(0, "endless"), 1, true),
        3 => (call(0, "busy"), 1, false),
        4 => (json!({ "jsonrpc": "2.0", "method": "notifications/x" }), 1, false),
        5 => (json!([call(0, "add"), call(1, "refused")]), 2, false),
        6 => {
            ((0..20).map(|n| call(n, if n % 2 == 0 { "add" } else { "fail" })).collect(), 20, false)
        }
        7 => (call(0, "fail"), 1, false),
        _ => (call(0, "add"), 1, false),
    }
}
