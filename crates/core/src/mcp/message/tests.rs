use super::*;

mod limits;
mod mutated;
mod spelling;
mod targets;

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
