//! What the application demands of who calls a tool, reads a resource or gets a prompt.

use std::collections::HashMap;

use self::resources::ResourceRules;
use super::target::Target;
use crate::{
    authenticator::Authenticated, config::ConfigError, permission::Need, rejection::MessageError,
};

pub use demand::{Demand, Demands};
pub use rule::Rule;

mod demand;
mod resources;
mod rule;

/// Rules for tools, prompts and resources, and for other methods of MCP. The most specific counts:
/// that of a tool, prompt or resource by its name, whatever the method that names it, else that of
/// the method and that of other things of its kind. What no rule is about is open to everybody who
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
///     .resources_under("bookmark://private/").requires::<BookmarksWrite>()
///     .other_resources().requires::<BookmarksRead>();
///
/// assert!(matches!(rules.for_tool("whoami"), Demand::Nothing));
/// assert!(matches!(rules.for_tool("Whoami"), Demand::Refused));
/// ```
///
/// Names of tools and prompts are compared byte for byte, as MCP compares them. Where the server
/// takes a tool's name in other letters too, [`other_tools`](Self::other_tools) should be
/// [`refused`](Rule::refused) or require what the strictest rule does.
///
/// Where a resource or a prefix has a rule, every URI must be in normal form (RFC 3986 §6.2.2, as
/// the URL standard writes it), since servers parse URIs before they compare them; any other is
/// refused with 400. Rules whose URIs differ only by what some servers ignore (the case of the
/// host, user information, the fragment, empty segments, what is encoded) count together.
#[derive(Debug, Clone, Default)]
pub struct ToolRules {
    tools: HashMap<Box<str>, Demand>,
    prompts: HashMap<Box<str>, Demand>,
    other_prompts: Option<Demand>,
    resources: ResourceRules,
    other_resources: Option<Demand>,
    methods: HashMap<Box<str>, Demand>,
    mistake: Option<ConfigError>,
}

impl ToolRules {
    /// No rules: everything is open.
    pub fn new() -> Self {
        Self::default()
    }

    /// A rule for `tools/call` of this tool.
    pub fn tool(self, name: impl Into<Box<str>>) -> Rule {
        Rule::about_tool(self, name.into())
    }

    /// The rule for tools that have none of their own. The same as that of the method
    /// `tools/call`.
    pub fn other_tools(self) -> Rule {
        self.method("tools/call")
    }

    /// A rule for this prompt: for `prompts/get`, and for `completion/complete` of its arguments.
    pub fn prompt(self, name: impl Into<Box<str>>) -> Rule {
        Rule::about_prompt(self, name.into())
    }

    /// The rule for prompts that have none of their own, in every method that names a prompt. A
    /// rule for the method counts beside it.
    pub fn other_prompts(self) -> Rule {
        Rule::about_other_prompts(self)
    }

    /// A rule for the resource of this URI, in every method that names resources: reading
    /// (`resources/read`), subscriptions (`resources/subscribe`, `resources/unsubscribe`,
    /// `subscriptions/listen`), and `completion/complete` of templates that may expand to it.
    ///
    /// The URI must be in normal form, as in `secret://vault/keys`.
    pub fn resource(self, uri: impl Into<Box<str>>) -> Rule {
        Rule::about_resource(self, uri.into())
    }

    /// The same for all resources whose URIs begin so. A rule for the URI itself, or for a longer
    /// prefix, is more specific.
    ///
    /// The prefix must be in normal form and end in a separator, as in `secret://vault/`, so that
    /// it does not go on to other names by accident (`secret://vaulted/`).
    pub fn resources_under(self, prefix: impl Into<Box<str>>) -> Rule {
        Rule::about_resources_under(self, prefix.into())
    }

    /// The rule for resources that have none of their own, in every method that names resources. A
    /// rule for the method counts beside it.
    pub fn other_resources(self) -> Rule {
        Rule::about_other_resources(self)
    }

    /// The rule for a method, such as `resources/read` or `tasks/get`, where what it is about has
    /// none of its own.
    pub fn method(self, method: impl Into<Box<str>>) -> Rule {
        Rule::about_method(self, method.into())
    }

    /// What is demanded of who calls this tool.
    pub fn for_tool(&self, name: &str) -> Demand {
        let rule = self.tools.get(name).or_else(|| self.methods.get("tools/call"));
        rule.copied().unwrap_or_default()
    }

    /// What is demanded for what a method is about.
    ///
    /// # Errors
    /// [`MessageError::UriNotNormal`], where a resource or a prefix has a rule.
    pub fn demands(&self, method: &str, target: &Target<'_>) -> Result<Demands, MessageError> {
        let mut demands = Demands::default();
        self.add_demands(method, target, &mut demands)?;
        Ok(demands)
    }

    /// Adds what is demanded for what a method is about.
    pub(super) fn add_demands(
        &self,
        method: &str,
        target: &Target<'_>,
        demands: &mut Demands,
    ) -> Result<(), MessageError> {
        match target {
            Target::Tool(name) => demands.add(self.for_tool(name)),
            Target::Prompt(name) => match self.prompts.get(&**name) {
                Some(rule) => demands.add(*rule),
                None => self.add_rules_for_others(method, self.other_prompts, demands),
            },
            Target::Resource(uri) => {
                if self.resources.is_empty() || !self.resources.add_for_uri(uri, demands)? {
                    self.add_rules_for_others(method, self.other_resources, demands);
                }
            }
            Target::ResourceTemplate(uri) => {
                if self.resources.is_empty() || !self.resources.add_for_template(uri, demands)? {
                    self.add_rules_for_others(method, self.other_resources, demands);
                }
            }
            Target::Unnamed => demands.add(self.for_method(method)),
        }
        Ok(())
    }

    fn add_rules_for_others(&self, method: &str, others: Option<Demand>, demands: &mut Demands) {
        demands.add(others.unwrap_or_default());
        demands.add(self.for_method(method));
        // The revision that has this method has no other for subscriptions: who is told of changes
        // must be allowed to read.
        if method == "subscriptions/listen" {
            demands.add(self.for_method("resources/read"));
        }
    }

    fn for_method(&self, method: &str) -> Demand {
        self.methods.get(method).copied().unwrap_or_default()
    }

    /// Whether a list should show this to the caller: what they may use and what a new token may
    /// open, since an agent tries what it is shown, and is then told what to ask for; to nobody in
    /// particular what signing in may open. A resource whose URI would be refused is not shown.
    /// Nothing is enforced by it.
    pub fn shows(&self, method: &str, name: Option<&str>, caller: Option<&Authenticated>) -> bool {
        let Ok(demands) = self.demands(method, &Target::of(method, name)) else {
            return false;
        };
        !demands.is_refused()
            && caller.is_none_or(|caller| {
                demands.needs().iter().all(|need| caller.grants().within_reach(need))
            })
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

    /// Looks for rules that no message could ever meet, so that what they are about would be judged
    /// by another rule, or by none.
    ///
    /// # Errors
    /// The first name or URI of a rule that is refused in messages: a URI or a prefix that is not in
    /// normal form, a template, a prefix that does not end in a separator, control characters, white
    /// space at either end.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.mistake.clone().map_or(Ok(()), Err)
    }

    fn all(&self) -> impl Iterator<Item = &Demand> {
        let by_name = [&self.tools, &self.prompts, &self.methods];
        by_name
            .into_iter()
            .flat_map(HashMap::values)
            .chain(self.resources.all())
            .chain(&self.other_prompts)
            .chain(&self.other_resources)
    }
}

#[cfg(test)]
mod tests;
