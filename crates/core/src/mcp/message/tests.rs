use super::*;

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"del\u0065te","arguments":{"a":[1,{"b":null}]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;

const LISTEN: &str = r#"{"id":1,"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":["file:///a","file:///b"]}}}"#;
const COMPLETE: &str = r#"{"id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"file:///{name}"},"argument":{"name":"name","value":"x"}}}"#;

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

/// All that a lone message is about.
fn targets(text: &str) -> Vec<Target<'static>> {
    let messages = read(text).unwrap();
    let owned = |target: &Target<'_>| match target {
        Target::Tool(name) => Target::Tool(name.to_string().into()),
        Target::Prompt(name) => Target::Prompt(name.to_string().into()),
        Target::Resource(uri) => Target::Resource(uri.to_string().into()),
        Target::ResourceTemplate(uri) => Target::ResourceTemplate(uri.to_string().into()),
        Target::Unnamed => Target::Unnamed,
    };
    messages.only().unwrap().targets().map(owned).collect()
}

#[test]
fn r30_a_message_yields_all_that_it_names() {
    let (a, b) = (Target::Resource("file:///a".into()), Target::Resource("file:///b".into()));
    let listen = |notifications: &str| {
        format!(r#"{{"id":1,"method":"subscriptions/listen","params":{{{notifications}}}}}"#)
    };
    let complete = |reference: &str| {
        format!(r#"{{"id":1,"method":"completion/complete","params":{{"ref":{reference}}}}}"#)
    };
    for (text, expected) in [
        (CALL.to_owned(), vec![Target::Tool("delete".into())]),
        (LISTEN.to_owned(), vec![a.clone(), b]),
        (COMPLETE.to_owned(), vec![Target::ResourceTemplate("file:///{name}".into())]),
        (r#"{"method":"tools/list"}"#.to_owned(), vec![Target::Unnamed]),
        (r#"{"id":1,"result":{}}"#.to_owned(), vec![]),
        (
            listen(
                r#""notifications":{"toolsListChanged":true,"resourceSubscriptions":["file:///a"]}"#,
            ),
            vec![a.clone(), Target::Unnamed],
        ),
        (listen(r#""notifications":{"toolsListChanged":true}"#), vec![Target::Unnamed]),
        (listen(r#""notifications":{"resourceSubscriptions":[]}"#), vec![Target::Unnamed]),
        (listen(r#""notifications":{}"#), vec![Target::Unnamed]),
        (listen(""), vec![Target::Unnamed]),
        (
            complete(r#"{"type":"ref/prompt","name":"daily","title":"Daily"}"#),
            vec![Target::Prompt("daily".into())],
        ),
        (complete(r#"{"uri":"file:///a","type":"ref/resource"}"#), vec![a.clone()]),
        (
            complete(r#"{"type":"ref/prompt","name":"daily","uri":"file:///a"}"#),
            vec![Target::Prompt("daily".into()), a.clone()],
        ),
        (r#"{"method":"skills/get","params":{"uri":"file:///a"}}"#.to_owned(), vec![a]),
    ] {
        assert_eq!(targets(&text), expected, "{text}");
    }
}

#[test]
fn r30_what_names_nothing_by_a_string_is_refused() {
    for params in [
        r#"["file:///a"]"#,
        "null",
        r#"{"notifications":null}"#,
        r#"{"notifications":["file:///a"]}"#,
        r#"{"notifications":{"resourceSubscriptions":"file:///a"}}"#,
        r#"{"notifications":{"resourceSubscriptions":null}}"#,
        r#"{"notifications":{"resourceSubscriptions":{"0":"file:///a"}}}"#,
        r#"{"notifications":{"resourceSubscriptions":["file:///a",1]}}"#,
        r#"{"notifications":{"resourceSubscriptions":[["file:///a"]]}}"#,
    ] {
        let text = format!(r#"{{"id":1,"method":"subscriptions/listen","params":{params}}}"#);
        assert_eq!(read(&text), Err(MessageError::NoName), "{text}");
    }
    for params in [
        r#"{}"#,
        r#"["file:///a"]"#,
        r#"{"ref":null}"#,
        r#"{"ref":"daily"}"#,
        r#"{"ref":[{"type":"ref/prompt","name":"daily"}]}"#,
        r#"{"ref":{"name":"daily"}}"#,
        r#"{"ref":{"type":"ref/tool","name":"daily"}}"#,
        r#"{"ref":{"type":"REF/PROMPT","name":"daily"}}"#,
        r#"{"ref":{"type":["ref/prompt"],"name":"daily"}}"#,
        r#"{"ref":{"type":"ref/prompt"}}"#,
        r#"{"ref":{"type":"ref/prompt","uri":"file:///a"}}"#,
        r#"{"ref":{"type":"ref/prompt","name":"daily","uri":1}}"#,
        r#"{"ref":{"type":"ref/resource","uri":["file:///a"]}}"#,
    ] {
        let text = format!(r#"{{"id":1,"method":"completion/complete","params":{params}}}"#);
        assert_eq!(read(&text), Err(MessageError::NoName), "{text}");
    }
}

#[test]
fn r30_member_names_that_parsers_fold_or_cut_are_refused() {
    let long_s = "\u{17f}";
    for text in [
        // What Go and cJSON read as another message.
        format!(
            r#"{{"id":1,"method":"tools/call","params":{{"name":"a"}},"param{long_s}":{{"name":"b"}}}}"#
        ),
        r#"{"id":1,"method\u0000":"tools/call","method":"ping","params":{"name":"a"}}"#.to_owned(),
        r#"{"id":1,"method":"ping","method\u0000x":"tools/call"}"#.to_owned(),
        r#"{"id":1,"method":"ping","re\u017fult":{}}"#.to_owned(),
        r#"{"id":1,"method":"ping","a\nb":1}"#.to_owned(),
        r#"{"id":1,"method":"ping","\u007f":1}"#.to_owned(),
        r#"{"id":1,"method":"ping","é":1}"#.to_owned(),
        r#"{"id":1,"result":{},"re\u017fult":{}}"#.to_owned(),
        call(r#","name\u0000":"b""#),
        call(r#","\u0000":"b""#),
        call(r#","größe":1"#),
        call(r#","Uri":"b""#),
        call(r#","_Meta":{}"#),
        call(r#","_meta":{"io.modelcontextprotocol/protocolVer\u017fion":"2025-06-18"}"#),
        call(r#","_meta":{"io.modelcontextprotocol/protocolVersion\u0000":"2025-06-18"}"#),
        call(r#","_meta":{"IO.modelcontextprotocol/protocolversion":"2025-06-18"}"#),
        LISTEN.replace("notifications", "Notifications"),
        LISTEN.replace("resourceSubs", "resourcesubs"),
        LISTEN.replace("Subs", "Sub\u{17f}"),
        LISTEN.replace("Subscriptions", "Subscriptions\\u0000"),
        COMPLETE.replace("\"ref\"", "\"Ref\""),
        COMPLETE.replace("uri", "URI"),
        COMPLETE.replace("\"uri\"", r#""uri":"a:b","uri\u0000""#),
        COMPLETE.replace("\"type\"", r#""type":"ref/prompt","Type""#),
    ] {
        assert_eq!(read(&text), Err(MessageError::NotAMessage), "{text}");
    }
    for free in [
        call(r#","arguments":{"größe":1,"Name":2,"name\u0000":3,"paramſ":4,"a\nb":{"é":1}}"#),
        call(r#","_meta":{"größe":1,"Name":2,"name\u0000":3,"progressToken":1}"#),
        call(r#","ref":{"é":1},"notifications":{"é":1}"#),
        r#"{"id":1,"result":{"größe":1,"name\u0000":2}}"#.to_owned(),
    ] {
        assert!(read(&free).is_ok(), "{free}");
    }
}

#[test]
fn r30_methods_and_names_that_a_server_might_strip_are_refused() {
    let odd = [
        " x",
        "x ",
        "\\tx",
        "x\\n",
        "x\\u0000",
        "x\\u0000y",
        "x\\u001by",
        "x\\u007f",
        "x\\u0085",
        "\u{a0}x",
        "x\u{3000}",
        "\u{2028}x",
        "\\ufeffx",
        " ",
    ];
    for odd in odd {
        let text = format!(r#"{{"id":1,"method":"{odd}"}}"#);
        assert_eq!(read(&text), Err(MessageError::NotAMessage), "{text}");
        for text in [
            format!(r#"{{"method":"tools/call","params":{{"name":"{odd}"}}}}"#),
            format!(r#"{{"method":"prompts/get","params":{{"name":"{odd}"}}}}"#),
            format!(r#"{{"method":"resources/read","params":{{"uri":"{odd}"}}}}"#),
            format!(r#"{{"method":"resources/subscribe","params":{{"uri":"{odd}"}}}}"#),
            LISTEN.replace("file:///b", odd),
            COMPLETE.replace("file:///{name}", odd),
            COMPLETE.replace("\"type\"", &format!("\"name\":\"{odd}\",\"type\"")),
        ] {
            assert_eq!(read(&text), Err(MessageError::NameNotPlain), "{text}");
        }
        // Where it names nothing, it is a value like any other.
        let other = format!(r#"{{"method":"notes/rename","params":{{"name":"{odd}"}}}}"#);
        assert!(read(&other).is_ok(), "{other}");
    }
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

#[test]
fn r30_a_body_names_a_bounded_number_of_things() {
    let listen =
        |uris: usize| LISTEN.replace("\"file:///a\"", &vec!["\"a:b\""; uris - 1].join(","));
    let batch = |calls: usize| format!("[{}]", vec![CALL; calls].join(","));
    for (names, good) in [(10_000, true), (10_001, false)] {
        for body in [listen(names), batch(names)] {
            let expected = if good { Ok(()) } else { Err(MessageError::TooManyNames) };
            assert_eq!(read(&body).map(drop), expected, "{names}");
        }
    }
    let pings = format!("[{}]", vec![r#"{"method":"ping"}"#; 20_000].join(","));
    assert!(read(&pings).is_ok(), "they name nothing");
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
