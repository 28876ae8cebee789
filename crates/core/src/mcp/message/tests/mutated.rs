//! Bodies that are changed at random, read as a server reads them.

use super::*;

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Pieces that change what a message means.
const PIECES: [&str; 16] = [
    "\"method\":\"ping\",",
    "\"name\":\"add\",",
    "\"params\":{\"name\":\"x\"},",
    "\"id\":null,",
    "\"result\":{},",
    "\\u0061",
    "\\",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "1e999",
    " ",
];

fn mutated(seed: &str, dice: &mut Dice) -> Vec<u8> {
    let mut body = seed.as_bytes().to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(body.len());
        match dice.below(5) {
            0 => body[at] = dice.below(256) as u8,
            1 => drop(body.remove(at)),
            2 => {
                let piece = PIECES[dice.below(PIECES.len())].bytes();
                body.splice(at..at, piece);
            }
            3 => {
                let end = (at + dice.below(40)).min(body.len());
                let copied = body[at..end].to_vec();
                body.splice(end..end, copied);
            }
            _ => {
                let end = (at + dice.below(20)).min(body.len());
                body.drain(at..end);
            }
        }
        if body.is_empty() {
            break;
        }
    }
    body
}

/// What a server that reads the body with `serde_json` takes for its method and for what that names.
fn as_a_server_reads(message: &Value) -> (Option<&str>, Vec<&str>) {
    let (method, params) = (message["method"].as_str(), &message["params"]);
    let names = match method.unwrap_or_default() {
        "tools/call" | "prompts/get" => vec![params["name"].as_str()],
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
            vec![params["uri"].as_str()]
        }
        "completion/complete" => {
            vec![params["ref"]["name"].as_str(), params["ref"]["uri"].as_str()]
        }
        "subscriptions/listen" => {
            let uris = params["notifications"]["resourceSubscriptions"].as_array();
            uris.into_iter().flatten().map(Value::as_str).collect()
        }
        _ => vec![],
    };
    (method, names.into_iter().flatten().collect())
}

#[test]
fn r30_whatever_is_let_through_is_read_as_a_server_reads_it() {
    let batch = format!("[{CALL},{CALL}]");
    let resource = r#"{"params":{"uri":"file:///a","n":1.5e3},"method":"resources/read","id":"q"}"#;
    let seeds = [CALL, &batch, resource, LISTEN, COMPLETE];
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut let_through = 0;
    for round in 0..150_000 {
        let seed = seeds[round % seeds.len()];
        let body = mutated(seed, &mut dice);
        let Ok(messages) = Messages::read(&body) else {
            continue;
        };
        let_through += 1;
        let shown = String::from_utf8_lossy(&body);
        let read: Value = serde_json::from_slice(&body).expect(&shown);
        let all = read.as_array().map_or(std::slice::from_ref(&read), Vec::as_slice);
        let ours: Vec<_> = messages
            .iter()
            .map(|one| (one.method(), one.targets().filter_map(Target::name).collect::<Vec<_>>()))
            .collect();
        let theirs: Vec<_> = all.iter().map(as_a_server_reads).collect();
        assert_eq!(ours, theirs, "{shown}");
    }
    assert!(let_through > 5_000, "{let_through}");
}
