//! What a message names: tools, prompts, resources.

use super::*;

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
fn r35_one_request_to_listen_is_a_subscription() {
    let is_subscription = |body: &str| read(body).unwrap().is_subscription();
    assert!(is_subscription(LISTEN));
    let (batch, notification) = (format!("[{LISTEN}]"), LISTEN.replace("\"id\":1,", ""));
    for other in [&batch, &notification, CALL, r#"{"id":1,"result":{}}"#] {
        assert!(!is_subscription(other), "{other}");
    }
}
