//! Which messages need nobody signed in.

use super::message::Messages;

/// What may be asked without credentials, such as the list of tools, where the tools themselves
/// need a signed-in caller. Everything that is not named needs one.
///
/// It is the body that tells, never a header. A bad token is refused whatever the method.
///
/// ```
/// use mcp_auth_core::mcp::{AnonymousMethods, Messages};
///
/// let open = AnonymousMethods::discovery().method("prompts/list").tool("opening_hours");
/// let asked = |body: &'static str| open.cover(&Messages::read(body.as_bytes()).unwrap());
///
/// assert!(asked(r#"{"id":1,"method":"tools/list"}"#));
/// assert!(asked(r#"{"id":1,"method":"tools/call","params":{"name":"opening_hours"}}"#));
/// assert!(!asked(r#"{"id":1,"method":"tools/call","params":{"name":"book_table"}}"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnonymousMethods {
    methods: Vec<Box<str>>,
    tools: Vec<Box<str>>,
    streams: bool,
}

impl AnonymousMethods {
    /// What a client sends to learn what there is, before it has a reason to sign anybody in:
    /// `initialize`, `notifications/initialized` and `ping` of the revisions up to 2025-11-25,
    /// `server/discover` of 2026-07-28, and `tools/list`.
    pub fn discovery() -> Self {
        ["initialize", "notifications/initialized", "ping", "server/discover", "tools/list"]
            .into_iter()
            .fold(Self::default(), Self::method)
    }

    /// A further method, such as `prompts/list`. `tools/call` would open every tool; mostly
    /// [`tool`](Self::tool) is meant.
    #[must_use]
    pub fn method(mut self, method: impl Into<Box<str>>) -> Self {
        self.methods.push(method.into());
        self
    }

    /// A tool that anybody may call.
    #[must_use]
    pub fn tool(mut self, name: impl Into<Box<str>>) -> Self {
        self.tools.push(name.into());
        self
    }

    /// The GET stream of the revisions up to 2025-11-25, and the DELETE that ends a session, where
    /// the session is nobody's. Default: both need credentials, since a stream carries whatever the
    /// server sends.
    #[must_use]
    pub fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Whether all of these messages are open to everybody. A response never is: it answers a
    /// question that was asked of somebody.
    pub fn cover(&self, messages: &Messages<'_>) -> bool {
        messages.iter().all(|message| {
            message.method().is_some_and(|method| self.covers(method, message.name()))
        })
    }

    /// Whether requests without a message are open to everybody.
    pub fn cover_streams(&self) -> bool {
        self.streams
    }

    /// Whether a method, about what has this name, is open to everybody.
    pub(super) fn covers(&self, method: &str, name: Option<&str>) -> bool {
        let tool = name.filter(|_| method == "tools/call");
        self.methods.iter().any(|open| **open == *method)
            || tool.is_some_and(|tool| self.tools.iter().any(|open| **open == *tool))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(open: &AnonymousMethods, body: &str) -> bool {
        open.cover(&Messages::read(body.as_bytes()).unwrap())
    }

    #[test]
    fn r08_only_what_is_named_needs_nobody() {
        let open = AnonymousMethods::discovery();
        for method in ["initialize", "notifications/initialized", "ping", "server/discover"] {
            assert!(covers(&open, &format!(r#"{{"method":"{method}"}}"#)), "{method}");
        }
        for body in [
            r#"{"method":"tools/call","params":{"name":"tools/list"}}"#,
            r#"{"method":"Tools/list"}"#,
            r#"{"method":"tools/list "}"#,
            r#"{"method":"resources/list"}"#,
            r#"{"id":1,"result":{}}"#,
            r#"[{"method":"tools/list"},{"method":"tools/call","params":{"name":"a"}}]"#,
        ] {
            assert!(!covers(&open, body), "{body}");
        }
        assert!(covers(&open, r#"[{"method":"tools/list"},{"method":"ping"}]"#));
        assert!(!open.cover_streams());
        assert!(!covers(&AnonymousMethods::default(), r#"{"method":"ping"}"#));
    }

    #[test]
    fn r08_an_open_tool_opens_no_prompt_of_its_name() {
        let open = AnonymousMethods::default().tool("hours");
        assert!(covers(&open, r#"{"method":"tools/call","params":{"name":"hours"}}"#));
        assert!(!covers(&open, r#"{"method":"prompts/get","params":{"name":"hours"}}"#));
    }
}
