//! Messages that need no credentials.

use super::{message::Messages, target::Target};

/// What may be asked without credentials, such as the list of tools, where the tools themselves
/// need a signed-in caller. Everything that is not named needs one.
///
/// The body alone decides, never a header, and it is read as for [`ToolRules`]: where a rule
/// demands a permission for what is opened here, the rule counts. A bad token is refused whatever
/// the method.
///
/// [`ToolRules`]: super::ToolRules
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
    /// What a client sends to find out what the server offers, before a user signs in:
    /// `initialize`, `notifications/initialized` and `ping` of the revisions up to 2025-11-25,
    /// `server/discover` of 2026-07-28, and `tools/list`.
    pub fn discovery() -> Self {
        ["initialize", "notifications/initialized", "ping", "server/discover", "tools/list"]
            .into_iter()
            .fold(Self::default(), Self::method)
    }

    /// A further method, such as `prompts/list`, whatever it is about: `tools/call` opens every
    /// tool, and `resources/read` every resource. For one tool, see [`tool`](Self::tool).
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
    /// the session belongs to no principal. Default: both need credentials, since a stream carries
    /// whatever the server sends.
    #[must_use]
    pub fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Whether all of these messages are open to everybody. A response never is: it answers a
    /// request of the server to a signed-in caller.
    pub fn cover(&self, messages: &Messages<'_>) -> bool {
        messages.iter().all(|message| {
            message.method().is_some_and(|method| self.covers(method, message.targets()))
        })
    }

    /// Whether requests without a message are open to everybody.
    pub fn cover_streams(&self) -> bool {
        self.streams
    }

    /// Whether a method, for all that it is about, is open to everybody.
    pub(super) fn covers<'t>(
        &self,
        method: &str,
        targets: impl Iterator<Item = &'t Target<'t>>,
    ) -> bool {
        let is_open_tool = |target: &Target<'_>| match target {
            Target::Tool(name) => self.tools.iter().any(|open| **open == **name),
            _ => false,
        };
        let mut targets = targets.peekable();
        self.methods.iter().any(|open| **open == *method)
            || targets.peek().is_some() && targets.all(is_open_tool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be read is refused, and so not open either.
    fn covers(open: &AnonymousMethods, body: &str) -> bool {
        Messages::read(body.as_bytes()).is_ok_and(|messages| open.cover(&messages))
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
        let prompt = r#"{"id":1,"method":"completion/complete","params":{
            "ref":{"type":"ref/prompt","name":"hours"}}}"#;
        assert!(!covers(&open, prompt));
        assert!(covers(&open, r#"{"method":"tools/call","params":{"name":"hours"}}"#));
        assert!(!covers(&open, r#"{"method":"prompts/get","params":{"name":"hours"}}"#));
    }
}
