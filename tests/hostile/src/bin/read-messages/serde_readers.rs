//! How MCP servers in Rust read a body: with `serde_json` into a [`Value`], or from there into
//! structs, as rmcp does. Derived code reads a struct from an array as well, member by member.

use serde::Deserialize;
use serde_json::Value;

use crate::field;

/// What a message says, in the order of a line's fields.
#[derive(Default)]
struct Fields<'m> {
    method: Option<&'m str>,
    name: Option<&'m str>,
    uri: Option<&'m str>,
    ref_type: Option<&'m str>,
    ref_name: Option<&'m str>,
    ref_uri: Option<&'m str>,
    uris: Vec<Option<&'m str>>,
}

impl Fields<'_> {
    fn line(&self) -> String {
        let uris: Vec<_> = self.uris.iter().copied().map(field).collect();
        let texts = [self.method, self.name, self.uri, self.ref_type, self.ref_name, self.ref_uri];
        format!("{};{}", texts.map(field).join(";"), uris.join(","))
    }
}

/// Look-ups in a [`Value`].
pub(crate) fn by_value(body: &[u8]) -> String {
    each(body, |message| {
        if !message.is_object() {
            return "-".to_owned();
        }
        let text = |at: &str| message.pointer(at).and_then(Value::as_str);
        let uris = message.pointer("/params/notifications/resourceSubscriptions");
        let uris = uris.and_then(Value::as_array).into_iter().flatten().map(Value::as_str);
        Fields {
            method: text("/method"),
            name: text("/params/name"),
            uri: text("/params/uri"),
            ref_type: text("/params/ref/type"),
            ref_name: text("/params/ref/name"),
            ref_uri: text("/params/ref/uri"),
            uris: uris.collect(),
        }
        .line()
    })
}

/// Derived structs, params after the method is known.
pub(crate) fn by_struct(body: &[u8]) -> String {
    each(body, |message| struct_line(message).unwrap_or_else(|_| "-".to_owned()))
}

fn each(body: &[u8], one: impl Fn(&Value) -> String) -> String {
    match serde_json::from_slice(body) {
        Ok(Value::Array(batch)) => {
            let lines: Vec<_> = batch.iter().map(one).collect();
            format!("[{}", lines.join("|"))
        }
        Ok(message) => one(&message),
        Err(_) => "-".to_owned(),
    }
}

fn struct_line(message: &Value) -> serde_json::Result<String> {
    let message = Message::deserialize(message)?;
    let fields = Fields { method: message.method.as_deref(), ..Fields::default() };
    let params = message.params.unwrap_or_default();
    Ok(match fields.method {
        Some("tools/call" | "prompts/get") => {
            let params = Named::deserialize(&params)?;
            Fields { name: Some(&params.name), ..fields }.line()
        }
        Some(
            "resources/read"
            | "resources/subscribe"
            | "resources/unsubscribe"
            | "resources/directory/read"
            | "skills/get",
        ) => {
            let params = Located::deserialize(&params)?;
            Fields { uri: Some(&params.uri), ..fields }.line()
        }
        Some("completion/complete") => match Completed::deserialize(&params)?.reference {
            Reference::Prompt { name } => {
                let ref_type = Some("ref/prompt");
                Fields { ref_type, ref_name: Some(&name), ..fields }.line()
            }
            Reference::Resource { uri } => {
                let ref_type = Some("ref/resource");
                Fields { ref_type, ref_uri: Some(&uri), ..fields }.line()
            }
        },
        Some("subscriptions/listen") => {
            let filter = Listened::deserialize(&params)?.notifications;
            let uris = filter.resource_subscriptions.iter().flatten().map(|uri| Some(&**uri));
            Fields { uris: uris.collect(), ..fields }.line()
        }
        _ => fields.line(),
    })
}

// The order of the members is that of rmcp's structs.

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "jsonrpc")]
    _jsonrpc: Option<Value>,
    #[serde(default, rename = "id")]
    _id: Option<Value>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Value>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "_meta")]
    _meta: Option<Value>,
    name: String,
}

#[derive(Deserialize)]
struct Located {
    #[serde(rename = "_meta")]
    _meta: Option<Value>,
    uri: String,
}

#[derive(Deserialize)]
struct Completed {
    #[serde(rename = "_meta")]
    _meta: Option<Value>,
    #[serde(rename = "ref")]
    reference: Reference,
    #[serde(default, rename = "argument")]
    _argument: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Reference {
    #[serde(rename = "ref/resource")]
    Resource { uri: String },
    #[serde(rename = "ref/prompt")]
    Prompt { name: String },
}

#[derive(Deserialize)]
struct Listened {
    #[serde(rename = "_meta")]
    _meta: Option<Value>,
    notifications: Filter,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    #[serde(default, rename = "toolsListChanged")]
    _tools: Option<bool>,
    #[serde(default, rename = "promptsListChanged")]
    _prompts: Option<bool>,
    #[serde(default, rename = "resourcesListChanged")]
    _resources: Option<bool>,
    #[serde(default)]
    resource_subscriptions: Option<Vec<String>>,
}
