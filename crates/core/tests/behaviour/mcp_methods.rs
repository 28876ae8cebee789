//! Every method of every revision of MCP that names a tool, a prompt or a resource is judged by that
//! thing's rule.
//!
//! `tests/mcp-schemas` has what the official schema of each revision says of the methods that a
//! client may send. A method or a member that is new there fails a test here until it is told
//! whether it names something.

use std::{collections::BTreeSet, sync::Arc};

use mcp_auth_core::{
    Rejection,
    mcp::{AnonymousMethods, McpPolicy, Messages, ToolRules},
    rejection::ForbiddenReason,
};
use serde_json::{Map, Value, json};

const SCHEMAS: [&str; 5] = [
    include_str!("../mcp-schemas/2024-11-05.json"),
    include_str!("../mcp-schemas/2025-03-26.json"),
    include_str!("../mcp-schemas/2025-06-18.json"),
    include_str!("../mcp-schemas/2025-11-25.json"),
    include_str!("../mcp-schemas/2026-07-28.json"),
];

/// The members that name something, and a name with a rule and one without.
const NAMING: [(&str, &str, &str, &str); 9] = [
    ("tools/call", "params.name", "secret", "public"),
    ("prompts/get", "params.name", "secret", "public"),
    ("resources/read", "params.uri", "secret://vault/keys", "public://a"),
    ("resources/subscribe", "params.uri", "secret://vault/keys", "public://a"),
    ("resources/unsubscribe", "params.uri", "secret://vault/keys", "public://a"),
    ("completion/complete", "params.ref.name", "secret", "public"),
    ("completion/complete", "params.ref.uri", "secret://vault/{name}", "public://{name}"),
    ("completion/complete", "params.ref.uri", "secret://vault/keys", "public://a"),
    (
        "subscriptions/listen",
        "params.notifications.resourceSubscriptions[]",
        "secret://vault/keys",
        "public://a",
    ),
];

/// The members that hold text, or anything at all, and name neither a tool nor a prompt nor a
/// resource of the server.
const NAMING_NOTHING: [&str; 25] = [
    // What a tool, a prompt or a template is given, and not which one it is.
    "params.arguments",
    "params.argument.name",
    "params.argument.value",
    "params.context.arguments",
    "params.inputResponses",
    // Whether a prompt or a resource is named, and how it is shown.
    "params.ref.type",
    "params.ref.title",
    // The server's own references to what it began. Tasks go by their method's rule.
    "params.cursor",
    "params.requestState",
    "params.taskId",
    // About the client.
    "params.capabilities.*",
    "params.clientInfo.*",
    "params.protocolVersion",
    "params.level",
    // About requests and tasks of the server, which the client answers.
    "params.requestId",
    "params.reason",
    "params.progressToken",
    "params.message",
    "params.status",
    "params.statusMessage",
    "params.createdAt",
    "params.lastUpdatedAt",
    "params.pollInterval",
    "params.task.ttl",
    "params.ttl",
];

/// Revision, method, and the members of its `params` with what they hold.
type Method = (String, String, Vec<(String, String)>);

/// Every method of every revision.
fn methods() -> Vec<Method> {
    let of_schema = |text: &&str| {
        let schema: Value = serde_json::from_str(text).unwrap();
        let revision = schema["revision"].as_str().unwrap().to_owned();
        assert!(schema["source"]["commit"].as_str().unwrap().len() == 40, "{revision}");
        let methods = schema["methods"].as_object().unwrap().clone();
        assert!(methods.contains_key("tools/call"), "{revision}");
        methods.into_iter().map(move |(method, params)| {
            let params = params.as_object().unwrap().iter();
            let params = params.map(|(path, kind)| (path.clone(), kind.as_str().unwrap().into()));
            (revision.clone(), method, params.collect())
        })
    };
    SCHEMAS.iter().flat_map(of_schema).collect()
}

/// A message whose member at `path` has this value.
fn message(method: &str, path: &str, value: &str) -> String {
    let mut inner = json!(value);
    for step in path.split('.').rev() {
        inner = match step.strip_suffix("[]") {
            Some(step) => json!({ step: [inner] }),
            None => json!({ step: inner }),
        };
    }
    let mut message: Map<String, Value> = inner.as_object().unwrap().clone();
    if path.starts_with("params.ref.") {
        let kind = if path.ends_with(".uri") { "ref/resource" } else { "ref/prompt" };
        message["params"]["ref"]["type"] = kind.into();
    }
    message.insert("id".into(), 1.into());
    message.insert("method".into(), method.into());
    Value::Object(message).to_string()
}

/// Whether a rule refuses this body. Nobody has to sign in.
fn is_refused(method: &str, body: &str) -> bool {
    let mut policy = McpPolicy::default();
    policy.rules = Arc::new(
        ToolRules::new()
            .tool("secret")
            .refused()
            .prompt("secret")
            .refused()
            .resources_under("secret://vault/")
            .refused(),
    );
    policy.anonymous = Some(AnonymousMethods::default().method(method));
    match policy.check(&Messages::read(body.as_bytes()).unwrap(), None) {
        Ok(()) => false,
        Err(Rejection::Forbidden(ForbiddenReason::RefusedByRule)) => true,
        Err(other) => panic!("{body}: {other}"),
    }
}

#[test]
fn r30_methods_of_every_revision_go_by_what_they_name() {
    let mut tried = BTreeSet::new();
    for (revision, method, params) in methods() {
        for (path, _) in &params {
            let naming = NAMING.iter().filter(|naming| (naming.0, naming.1) == (&method, path));
            for (method, path, ruled, other) in naming {
                let body = message(method, path, ruled);
                assert!(is_refused(method, &body), "{revision}: {body}");
                let body = message(method, path, other);
                assert!(!is_refused(method, &body), "{revision}: {body}");
                tried.insert((*method, *path));
            }
        }
    }
    let all: BTreeSet<_> = NAMING.iter().map(|naming| (naming.0, naming.1)).collect();
    assert_eq!(tried, all, "each of them is in a schema");
}

#[test]
fn r30_every_member_of_the_schemas_is_known() {
    for (revision, method, params) in methods() {
        for (path, kind) in params {
            let names = NAMING.iter().any(|naming| (naming.0, naming.1) == (&method, &path));
            let names_nothing = NAMING_NOTHING.iter().any(|free| match free.strip_suffix('*') {
                Some(start) => path.starts_with(start),
                None => path == *free,
            });
            let is_text =
                kind.split(" or ").any(|kind| !matches!(kind, "boolean" | "integer" | "number"));
            assert!(
                names != names_nothing || !is_text,
                "{method} of {revision} has the member {path} ({kind}): add it to NAMING and to \
                 mcp/target.rs, or to NAMING_NOTHING"
            );
        }
    }
}

#[test]
fn r30_the_guide_lists_every_method_that_names_something() {
    let guide = std::fs::read_to_string("../../docs/mcp.md").unwrap();
    for (method, ..) in NAMING {
        let row = guide.lines().find(|line| line.starts_with('|') && line.contains(method));
        assert!(row.is_some(), "docs/mcp.md has no row for {method}");
    }
}
