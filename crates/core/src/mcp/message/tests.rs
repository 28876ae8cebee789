use super::*;

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"del\u0065te","arguments":{"a":[1,{"b":null}]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;

fn read(text: &str) -> Result<Messages<'_>, MessageError> {
    Messages::read(text.as_bytes())
}

fn call(rest: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"add"{rest}}}}}"#)
}

#[test]
fn r30_the_body_says_method_name_and_id() {
    let messages = read(CALL).unwrap();
    let only = messages.only().unwrap();
    assert_eq!((only.method(), only.name()), (Some("tools/call"), Some("delete")));
    assert_eq!(only.id(), Some(&Value::from(7)));
    assert_eq!(only.protocol_version(), Some("2026-07-28"));
    assert!(only.is_request());
    for (text, name) in [
        (
            r#"{"method":"resources/read","params":{"uri":"file:///a","name":"b"}}"#,
            Some("file:///a"),
        ),
        (r#"{"params":{"name":"daily"},"method":"prompts/get"}"#, Some("daily")),
        (r#"{"method":"tools/list","params":{"name":"ignored"}}"#, None),
        (r#"{"method":"tools/list","params":[1,2]}"#, None),
        (r#"{"method":"tools/list"}"#, None),
    ] {
        let messages = read(text).unwrap();
        let only = messages.only().unwrap();
        assert_eq!((only.name(), only.is_request()), (name, false), "{text}");
    }
}

#[test]
fn r30_a_batch_is_all_of_its_messages() {
    let batch =
        format!("[{CALL},{},{}]", r#"{"method":"ping","id":"x"}"#, r#"{"id":2,"result":{}}"#);
    let messages = read(&batch).unwrap();
    assert!(messages.only().is_none());
    let methods: Vec<_> = messages.iter().map(Message::method).collect();
    assert_eq!(methods, [Some("tools/call"), Some("ping"), None]);
    let lone = format!("[{CALL}]");
    assert!(read(&lone).unwrap().only().is_none(), "a batch of one is a batch");
}

#[test]
fn r30_what_two_parsers_could_read_in_two_ways_is_refused() {
    for text in [
        r#"{"method":"ping","method":"tools/call","params":{"name":"a"}}"#.to_owned(),
        r#"{"method":"ping","m\u0065thod":"tools/call","params":{"name":"a"}}"#.to_owned(),
        r#"{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#.to_owned(),
        call(r#","name":"delete""#),
        call(r#","n\u0061me":"delete""#),
        call(r#","arguments":{"a":1,"a":2}"#),
        call(r#","arguments":[{"a":{"b":1,"b":1}}]"#),
        call(r#","_meta":{"x":1,"x":1}"#),
        call(r#","Name":"delete""#),
        r#"{"method":"ping","Method":"tools/call"}"#.to_owned(),
        r#"{"method":"ping","PARAMS":{}}"#.to_owned(),
        r#"[{"method":"ping","id":1,"id":2}]"#.to_owned(),
        r#"{"method":"ping","id":1,"result":{}}"#.to_owned(),
    ] {
        assert_eq!(read(&text), Err(MessageError::NotAMessage), "{text}");
    }
}

#[test]
fn r30_what_is_no_message_is_refused() {
    for text in
        ["[]", "1", "null", "\"ping\"", "[[]]", "[1]", "{}", r#"{"id":1}"#, r#"{"method":1}"#]
    {
        assert_eq!(read(text), Err(MessageError::NotAMessage), "{text}");
    }
    for text in ["", " ", "{", "{}{}", "\u{feff}{\"method\":\"ping\"}", "{'method':'ping'}", "nul"]
    {
        assert_eq!(read(text), Err(MessageError::NotJson), "{text:?}");
    }
    for call in [
        r#"{"method":"tools/call"}"#,
        r#"{"method":"tools/call","params":{}}"#,
        r#"{"method":"tools/call","params":{"uri":"a"}}"#,
        r#"{"method":"tools/call","params":["add"]}"#,
        r#"{"method":"tools/call","params":{"name":["add"]}}"#,
        r#"{"method":"tools/call","params":{"name":null}}"#,
        r#"{"method":"resources/read","params":{"name":"a"}}"#,
        r#"{"method":"resources/read"}"#,
        r#"{"method":"resources/subscribe","params":{"uri":["a"]}}"#,
        r#"{"method":"resources/subscribe","params":{"uri":null}}"#,
        r#"{"method":"resources/subscribe","params":["a"]}"#,
        r#"{"method":"resources/unsubscribe","params":"a"}"#,
    ] {
        assert_eq!(read(call), Err(MessageError::NoName), "{call}");
    }
}

#[test]
fn r30_a_subscription_to_nothing_is_for_the_server_to_refuse() {
    for call in [
        r#"{"id":1,"method":"resources/subscribe"}"#,
        r#"{"id":1,"method":"resources/subscribe","params":{"_meta":{},"name":"a"}}"#,
        r#"{"id":1,"method":"resources/unsubscribe","params":{}}"#,
    ] {
        let messages = read(call).unwrap();
        assert_eq!(messages.only().unwrap().name(), None, "{call}");
    }
    let messages = read(r#"{"method":"resources/subscribe","params":{"uri":"a"}}"#).unwrap();
    assert_eq!(messages.only().unwrap().name(), Some("a"));
}

#[test]
fn r30_every_truncation_is_refused() {
    for end in 0..CALL.len() {
        assert_eq!(read(&CALL[..end]), Err(MessageError::NotJson), "{end}");
    }
}

#[test]
fn r30_every_broken_byte_is_refused_or_read_as_what_it_says() {
    for at in 0..CALL.len() {
        for byte in [0x00, 0x1f, 0x80, 0xc0, 0xed, 0xff] {
            let mut body = CALL.as_bytes().to_vec();
            body[at] = byte;
            assert_eq!(Messages::read(&body), Err(MessageError::NotJson), "{at} {byte:x}");
        }
    }
    // A surrogate in UTF-8, an overlong slash, a character cut short.
    for bytes in [&b"\xed\xa0\x80"[..], b"\xc0\xaf", b"\xe2\x82"] {
        let mut body = br#"{"method":""#.to_vec();
        body.extend_from_slice(bytes);
        body.extend_from_slice(br#""}"#);
        assert_eq!(Messages::read(&body), Err(MessageError::NotJson));
    }
    assert_eq!(read(r#"{"method":"\ud800"}"#), Err(MessageError::NotJson));
}

#[test]
fn r30_depth_and_numbers_are_bounded() {
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert!(read(&deep).is_err());
        assert_eq!(read(&call(&format!(r#","arguments":{deep}"#))), Err(MessageError::NotJson));
    }
    let nested = |n: usize| call(&format!(r#","arguments":{}{}"#, "[".repeat(n), "]".repeat(n)));
    assert!(read(&nested(100)).is_ok());
    assert_eq!(read(&nested(128)), Err(MessageError::NotJson));
    let digits = "9".repeat(100_000);
    for (number, good) in [("1e400", false), ("-1e400", false), ("1e-400", true), ("1e308", true)] {
        assert_eq!(read(&call(&format!(r#","arguments":{number}"#))).is_ok(), good, "{number}");
    }
    assert_eq!(read(&call(&format!(r#","arguments":{digits}"#))), Err(MessageError::NotJson));
    let huge_id = r#"{"method":"ping","id":123456789012345678901234567890}"#;
    assert!(read(huge_id).unwrap().only().unwrap().is_request());
}

#[test]
fn r30_many_members_cost_no_square() {
    let mut members = String::new();
    for n in 0..200_000 {
        members.push_str(&format!(",\"m{n}\":{n}"));
    }
    let body = call(&format!(r#","arguments":{{"a":0{members}}}"#));
    let started = std::time::Instant::now();
    assert!(read(&body).is_ok());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

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

/// What a server that reads the body with `serde_json` takes for its first method and name.
fn as_a_server_reads(message: &Value) -> (Option<&str>, Option<&str>) {
    let method = message["method"].as_str();
    let member = method.and_then(name_of_subject);
    (method, member.and_then(|member| message["params"][member].as_str()))
}

#[test]
fn r30_whatever_is_let_through_is_read_as_a_server_reads_it() {
    let batch = format!("[{CALL},{CALL}]");
    let resource = r#"{"params":{"uri":"file:///a","n":1.5e3},"method":"resources/read","id":"q"}"#;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut let_through = 0;
    for round in 0..150_000 {
        let seed = [CALL, &batch, resource][round % 3];
        let body = mutated(seed, &mut dice);
        let Ok(messages) = Messages::read(&body) else {
            continue;
        };
        let_through += 1;
        let shown = String::from_utf8_lossy(&body);
        let read: Value = serde_json::from_slice(&body).expect(&shown);
        let all = read.as_array().map_or(std::slice::from_ref(&read), Vec::as_slice);
        let ours: Vec<_> = messages.iter().map(|one| (one.method(), one.name())).collect();
        let theirs: Vec<_> = all.iter().map(as_a_server_reads).collect();
        assert_eq!(ours, theirs, "{shown}");
    }
    assert!(let_through > 5_000, "{let_through}");
}
