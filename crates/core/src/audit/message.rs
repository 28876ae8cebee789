//! What the messages of a body ask for, as their records say it.

use serde::Serialize;
use serde_json::Value;

use super::{
    details::{self, ClientInfo},
    text::{MAX_NAME, MAX_URI, Privacy, clean},
};
use crate::mcp::{Message, Messages, Target, ToolRules};

/// The most things that one record names.
const MAX_TARGETS: usize = 20;

/// The longest arguments in a record, in bytes of JSON.
const MAX_ARGUMENTS: usize = 4_096;

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditTarget {
    /// What kind of thing it is.
    pub kind: TargetKind,
    /// Its name, URI or path.
    pub name: Box<str>,
}

/// The kind of an [`AuditTarget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TargetKind {
    /// A tool.
    Tool,
    /// A prompt.
    Prompt,
    /// A resource of MCP, by its URI.
    Resource,
    /// A template of such URIs.
    ResourceTemplate,
    /// A task, by its id.
    Task,
    /// The path of a request that is no message of MCP, without its query.
    Path,
}

/// What is known of a message before it is answered.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct AuditedMessage {
    /// The method; none for a response.
    pub method: Option<Box<str>>,
    /// What it is about.
    pub targets: Vec<AuditTarget>,
    /// How many more things it is about.
    pub targets_omitted: usize,
    /// The JSON-RPC id; none for a notification.
    pub id: Option<Value>,
    /// The permissions that it needs, one text for each rule.
    pub required: Vec<Box<str>>,
    /// The trace context in `params._meta`.
    pub traceparent: Option<Box<str>>,
    /// What the client says about itself.
    pub client_info: Option<ClientInfo>,
    /// The arguments of a call, as they are, where [`Privacy::arguments`] asks for them.
    pub arguments: Option<Value>,
}

impl AuditedMessage {
    /// What headers say of a message whose body is not read
    /// ([`MirroredHeaders::claim`](crate::mcp::MirroredHeaders::claim)).
    pub fn of_headers(
        (method, name): (&str, Option<&str>),
        rules: &ToolRules,
        privacy: Privacy,
    ) -> Self {
        let mut message =
            Self { method: Some(clean(method, MAX_NAME, privacy)), ..Self::default() };
        message.add(method, &Target::of(method, name), rules, privacy);
        message
    }

    /// Lets a redactor decide what of the arguments is written: at most 4 KiB of JSON, whose texts
    /// are cleaned as all others. Longer is left out, and a text says so.
    pub fn redact(&mut self, redactor: impl FnOnce(&str, Value) -> Option<Value>) {
        let name = self.targets.first().map_or("", |target| &*target.name);
        self.arguments = self.arguments.take().and_then(|arguments| redactor(name, arguments));
        if let Some(arguments) = &mut self.arguments {
            match arguments.to_string().len() > MAX_ARGUMENTS {
                true => *arguments = Value::String("(longer than 4096 bytes)".into()),
                false => clean_value(arguments),
            }
        }
    }

    /// Whether somebody waits for an answer to it.
    pub fn is_request(&self) -> bool {
        self.method.is_some() && self.id.is_some()
    }

    fn of(message: &Message<'_>, rules: &ToolRules, privacy: Privacy) -> Self {
        let method = message.method();
        let mut audited = Self {
            method: method.map(|method| clean(method, MAX_NAME, privacy)),
            id: message.id().cloned(),
            ..Self::default()
        };
        for target in message.targets() {
            audited.add(method.unwrap_or_default(), target, rules, privacy);
        }
        audited
    }

    fn add(&mut self, method: &str, target: &Target<'_>, rules: &ToolRules, privacy: Privacy) {
        if let (Some((kind, max)), Some(name)) = (kind_of(target), target.name()) {
            if self.targets.len() == MAX_TARGETS {
                self.targets_omitted += 1;
                return;
            }
            self.targets.push(AuditTarget { kind, name: clean(name, max, privacy) });
        }
        let demands = rules.demands(method, target).unwrap_or_default();
        for need in demands.needs() {
            let need = need.to_string().into_boxed_str();
            if !self.required.contains(&need) {
                self.required.push(need);
            }
        }
    }
}

/// The kind of a target, and how long its name may be.
fn kind_of(target: &Target<'_>) -> Option<(TargetKind, usize)> {
    match target {
        Target::Tool(_) => Some((TargetKind::Tool, MAX_NAME)),
        Target::Prompt(_) => Some((TargetKind::Prompt, MAX_NAME)),
        Target::Resource(_) => Some((TargetKind::Resource, MAX_URI)),
        Target::ResourceTemplate(_) => Some((TargetKind::ResourceTemplate, MAX_URI)),
        Target::Unnamed => None,
    }
}

/// The messages of a body, in their order. `body` is what they were read from.
pub fn read_messages(
    messages: &Messages<'_>,
    body: &[u8],
    rules: &ToolRules,
    privacy: Privacy,
) -> Vec<AuditedMessage> {
    let body = std::str::from_utf8(body).unwrap_or_default();
    let mut details = details::read(body, privacy).into_iter();
    let read = |message: &Message<'_>| {
        let mut audited = AuditedMessage::of(message, rules, privacy);
        if let Some(details) = details.next() {
            audited.client_info = details.client_info;
            audited.traceparent = details.traceparent;
            audited.arguments = details.arguments;
            let is_about_task = message.method().is_some_and(|method| method.starts_with("tasks/"));
            if let Some(name) = details.task.filter(|_| is_about_task) {
                audited.targets.push(AuditTarget { kind: TargetKind::Task, name });
            }
        }
        audited
    };
    messages.iter().map(read).collect()
}

/// A path as a record's target.
impl AuditTarget {
    /// The path of a request, without its query.
    pub fn path(path: &str, privacy: Privacy) -> Self {
        Self { kind: TargetKind::Path, name: clean(path, MAX_URI, privacy) }
    }
}

/// An id as text: a string as it is, cut; a number as it is written.
pub(super) fn id_text(id: &Value) -> Box<str> {
    match id {
        Value::String(text) => clean(text, MAX_NAME, Privacy::default()),
        Value::Number(number) => number.to_string().into(),
        _ => "null".into(),
    }
}

fn clean_value(value: &mut Value) {
    let clean = |text: &str| clean(text, MAX_URI, Privacy::default()).into_string();
    match value {
        Value::String(text) => *text = clean(text),
        Value::Array(values) => values.iter_mut().for_each(clean_value),
        Value::Object(members) => {
            for (name, mut value) in std::mem::take(members) {
                clean_value(&mut value);
                members.insert(clean(&name), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, arguments: bool) -> Vec<AuditedMessage> {
        let messages = Messages::read(body.as_bytes()).unwrap();
        let privacy = Privacy { arguments, ..Privacy::default() };
        read_messages(&messages, body.as_bytes(), &ToolRules::new(), privacy)
    }

    #[test]
    fn r40_a_message_tells_its_method_targets_and_the_clients_word() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let body = format!(
            r#"[{{"id":1,"method":"tools/call","params":{{"name":"add","arguments":{{"pin":"1"}},
            "_meta":{{"traceparent":"{trace}","io.modelcontextprotocol/clientInfo":
            {{"name":"agent\u202e","version":"1","icons":[]}}}}}}}},
            {{"method":"notifications/initialized"}},
            {{"id":"x","method":"tasks/get","params":{{"taskId":"t1"}}}},
            {{"id":2,"result":{{}}}}]"#
        );
        let all = read(&body, false);
        let names = |message: &AuditedMessage| {
            let names = message.targets.iter().map(|target| format!("{target:?}"));
            (message.method.clone(), names.collect::<Vec<_>>().join(" "), message.is_request())
        };
        assert_eq!(all.len(), 4);
        let call = &all[0];
        assert_eq!(names(call).1, r#"AuditTarget { kind: Tool, name: "add" }"#);
        assert_eq!(call.traceparent.as_deref(), Some(trace));
        let info = call.client_info.as_ref().unwrap();
        assert_eq!(info.name.as_deref(), Some("agent\u{fffd}"));
        assert_eq!(call.arguments, None, "arguments are read only where asked for");
        assert!(!all[1].is_request() && !all[3].is_request());
        assert_eq!(names(&all[2]).1, r#"AuditTarget { kind: Task, name: "t1" }"#);
    }

    #[test]
    fn r40_arguments_are_redacted_cleaned_and_bounded() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
        let body = format!(
            r#"{{"id":1,"method":"tools/call","params":{{"name":"add","arguments":
            {{"pin":"1234","text":["{token}"]}}}}}}"#
        );
        let mut message = read(&body, true).remove(0);
        message.redact(|tool, mut arguments| {
            assert_eq!(tool, "add");
            arguments["pin"] = "…".into();
            Some(arguments)
        });
        let shown = message.arguments.clone().unwrap().to_string();
        assert_eq!(shown, r#"{"pin":"…","text":["(token withheld)"]}"#);
        message.redact(|_, _| Some("x".repeat(5_000).into()));
        assert_eq!(message.arguments, Some("(longer than 4096 bytes)".into()));
        message.redact(|_, _| None);
        assert_eq!(message.arguments, None);
    }

    #[test]
    fn r40_a_message_about_many_things_names_twenty() {
        let uris: Vec<String> = (0..30).map(|n| format!("\"a:{n}\"")).collect();
        let body = format!(
            r#"{{"id":1,"method":"subscriptions/listen","params":{{"notifications":
            {{"resourceSubscriptions":[{}]}}}}}}"#,
            uris.join(",")
        );
        let message = read(&body, false).remove(0);
        assert_eq!((message.targets.len(), message.targets_omitted), (20, 10));
    }
}
