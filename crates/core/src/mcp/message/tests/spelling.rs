//! Names that parsers read differently.

use super::*;

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
