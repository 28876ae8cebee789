//! What the application demands of who calls a tool, reads a resource or gets a prompt.

use std::collections::HashMap;

use crate::{
    authenticator::Authenticated,
    permission::{Need, Requirement},
};

/// Rules for tools, and for other methods of MCP. The most specific counts: that of a tool, prompt
/// or resource by its name, else that of the method. What no rule is about is open to everybody who
/// may call the endpoint at all.
///
/// ```
/// use mcp_auth_core::{mcp::{Demand, ToolRules}, scopes};
///
/// scopes! {
///     pub BookmarksRead = "bookmarks:read";
///     pub BookmarksWrite = "bookmarks:write" implies BookmarksRead;
/// }
///
/// let rules = ToolRules::new()
///     .tool("delete_bookmark").requires::<BookmarksWrite>()
///     .tool("list_bookmarks").requires::<BookmarksRead>()
///     .tool("whoami").open()
///     .other_tools().refused()
///     .method("resources/read").requires::<BookmarksRead>();
///
/// assert!(matches!(rules.for_tool("whoami"), Demand::Nothing));
/// assert!(matches!(rules.for_tool("Whoami"), Demand::Refused));
/// ```
///
/// Names are compared byte for byte, as MCP compares them. Where the server behind takes a tool's
/// name in other letters too, [`other_tools`](Self::other_tools) should be
/// [`refused`](Rule::refused) or require what the strictest does.
#[derive(Debug, Clone, Default)]
pub struct ToolRules {
    tools: HashMap<Box<str>, Demand>,
    prompts: HashMap<Box<str>, Demand>,
    resources: HashMap<Box<str>, Demand>,
    methods: HashMap<Box<str>, Demand>,
}

/// What is demanded of a caller.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub enum Demand {
    /// Nothing but what the endpoint demands of everybody.
    #[default]
    Nothing,
    /// Permissions.
    Permissions(&'static Need),
    /// It is refused, whoever calls.
    Refused,
}

/// A rule that is being written: for what it is, and not yet what it demands.
#[derive(Debug)]
#[must_use = "a rule says what it demands: requires::<…>(), open() or refused()"]
pub struct Rule {
    rules: ToolRules,
    about: About,
    name: Box<str>,
}

#[derive(Debug, Clone, Copy)]
enum About {
    Tool,
    Prompt,
    Resource,
    Method,
}

impl ToolRules {
    /// No rules: everything is open.
    pub fn new() -> Self {
        Self::default()
    }

    /// A rule for `tools/call` of this tool.
    pub fn tool(self, name: impl Into<Box<str>>) -> Rule {
        self.about(About::Tool, name)
    }

    /// The rule for tools that have none of their own.
    pub fn other_tools(self) -> Rule {
        self.method("tools/call")
    }

    /// A rule for `prompts/get` of this prompt.
    pub fn prompt(self, name: impl Into<Box<str>>) -> Rule {
        self.about(About::Prompt, name)
    }

    /// A rule for `resources/read` of this URI, and for its subscriptions
    /// (`resources/subscribe`, `resources/unsubscribe`).
    pub fn resource(self, uri: impl Into<Box<str>>) -> Rule {
        self.about(About::Resource, uri)
    }

    /// The rule for a method, such as `resources/read` or `completion/complete`, where what it is
    /// about has none of its own.
    pub fn method(self, method: impl Into<Box<str>>) -> Rule {
        self.about(About::Method, method)
    }

    /// What is demanded of who calls this tool.
    pub fn for_tool(&self, name: &str) -> Demand {
        self.for_call("tools/call", Some(name))
    }

    /// What is demanded for a method, and for what it is about where that has a name.
    pub fn for_call(&self, method: &str, name: Option<&str>) -> Demand {
        let named = match method {
            "tools/call" => Some(&self.tools),
            "prompts/get" => Some(&self.prompts),
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                Some(&self.resources)
            }
            _ => None,
        };
        let own = named.zip(name).and_then(|(rules, name)| rules.get(name));
        own.or_else(|| self.methods.get(method)).copied().unwrap_or_default()
    }

    /// Whether a list should show this to the caller: what they may use and what a new token may
    /// open, since an agent tries what it is shown, and is then told what to ask for; to nobody in
    /// particular what signing in may open. Nothing is enforced by it.
    pub fn shows(&self, method: &str, name: Option<&str>, caller: Option<&Authenticated>) -> bool {
        match (self.for_call(method, name), caller) {
            (Demand::Nothing, _) => true,
            (Demand::Permissions(need), Some(caller)) => caller.grants().within_reach(need),
            (Demand::Permissions(_), None) => true,
            (Demand::Refused, _) => false,
        }
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// The names of the tools that have a rule of their own, in no particular order: for a check
    /// against the tools that a server really has.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(AsRef::as_ref)
    }

    /// Whether tools without a rule of their own are judged by a rule, because
    /// [`other_tools`](Self::other_tools), or [`method("tools/call")`](Self::method), was
    /// configured.
    pub fn judges_other_tools(&self) -> bool {
        self.methods.contains_key("tools/call")
    }

    /// Every requirement that stands in a rule.
    pub fn needs(&self) -> impl Iterator<Item = &'static Need> {
        self.all().copied().filter_map(Demand::need)
    }

    fn all(&self) -> impl Iterator<Item = &Demand> {
        [&self.tools, &self.prompts, &self.resources, &self.methods]
            .into_iter()
            .flat_map(HashMap::values)
    }

    fn about(self, about: About, name: impl Into<Box<str>>) -> Rule {
        Rule { rules: self, about, name: name.into() }
    }
}

impl Demand {
    pub(super) fn need(self) -> Option<&'static Need> {
        match self {
            Self::Permissions(need) => Some(need),
            Self::Nothing | Self::Refused => None,
        }
    }
}

impl Rule {
    /// Who calls must be granted this: a permission, a tuple of several, or
    /// [`Any`](crate::Any) of several.
    #[must_use]
    pub fn requires<R: Requirement>(self) -> ToolRules {
        self.demands(Demand::Permissions(R::NEED))
    }

    /// Nothing is demanded.
    #[must_use]
    pub fn open(self) -> ToolRules {
        self.demands(Demand::Nothing)
    }

    /// Nobody may call it: a plain 403, since no other token would help.
    #[must_use]
    pub fn refused(self) -> ToolRules {
        self.demands(Demand::Refused)
    }

    /// The last rule about the same counts.
    fn demands(self, demand: Demand) -> ToolRules {
        let Self { mut rules, about, name } = self;
        let place = match about {
            About::Tool => &mut rules.tools,
            About::Prompt => &mut rules.prompts,
            About::Resource => &mut rules.resources,
            About::Method => &mut rules.methods,
        };
        place.insert(name, demand);
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scopes;

    scopes! {
        Read = "read";
        Write = "write" implies Read;
    }

    fn demanded(rules: &ToolRules, method: &str, name: Option<&str>) -> String {
        match rules.for_call(method, name) {
            Demand::Nothing => "nothing".to_owned(),
            Demand::Permissions(need) => need.to_string(),
            Demand::Refused => "refused".to_owned(),
        }
    }

    #[test]
    fn r30_the_most_specific_rule_counts() {
        let rules = ToolRules::new()
            .tool("add")
            .requires::<Write>()
            .tool("list")
            .requires::<Read>()
            .tool("whoami")
            .open()
            .other_tools()
            .refused()
            .prompt("add")
            .requires::<(Read, Write)>()
            .resource("file:///a")
            .requires::<Write>()
            .method("resources/read")
            .requires::<Read>();
        for (method, name, demand) in [
            ("tools/call", Some("add"), "write"),
            ("tools/call", Some("list"), "read"),
            ("tools/call", Some("whoami"), "nothing"),
            ("tools/call", Some("Add"), "refused"),
            ("tools/call", Some("add "), "refused"),
            ("tools/call", None, "refused"),
            ("prompts/get", Some("add"), "read and write"),
            ("prompts/get", Some("other"), "nothing"),
            ("resources/read", Some("file:///a"), "write"),
            ("resources/subscribe", Some("file:///a"), "write"),
            ("resources/read", Some("file:///b"), "read"),
            ("resources/subscribe", Some("file:///b"), "nothing"),
            ("tools/list", None, "nothing"),
            ("add", None, "nothing"),
        ] {
            assert_eq!(demanded(&rules, method, name), demand, "{method} {name:?}");
        }
        assert_eq!(rules.needs().count(), 5);
        assert!(!rules.is_empty() && ToolRules::new().is_empty());
    }

    #[test]
    fn r30_rules_name_their_tools_and_whether_others_are_judged() {
        let rules = ToolRules::new().tool("a").open().prompt("p").open().tool("b").refused();
        let mut tools: Vec<_> = rules.tools().collect();
        tools.sort_unstable();
        assert_eq!(tools, ["a", "b"]);
        assert!(!rules.judges_other_tools());
        assert!(rules.other_tools().open().judges_other_tools());
    }

    #[test]
    fn the_last_rule_about_the_same_counts() {
        let rules = ToolRules::new().tool("a").open().tool("a").requires::<Read>();
        assert_eq!(demanded(&rules, "tools/call", Some("a")), "read");
    }
}
