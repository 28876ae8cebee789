//! What messages are about: which methods name a tool, a prompt or a resource, and where.

use std::borrow::Cow;

/// What a message asks for, and so which rule judges it. A request or notification has at least
/// one target; `subscriptions/listen` has one for each URI.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target<'m> {
    /// A tool, by its name.
    Tool(Cow<'m, str>),
    /// A prompt, by its name.
    Prompt(Cow<'m, str>),
    /// A resource, by its URI.
    Resource(Cow<'m, str>),
    /// Every resource that a URI template (RFC 6570) may expand to.
    ResourceTemplate(Cow<'m, str>),
    /// Something without a name: the method's own rule judges it.
    Unnamed,
}

/// Where the `params` of a method name what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// `name` is a tool.
    Tool,
    /// `name` is a prompt.
    Prompt,
    /// `uri` is a resource.
    Resource,
    /// `uri`, where it is there, is a resource.
    ResourceIfAny,
    /// `ref` is a prompt, a resource or a URI template.
    Reference,
    /// `notifications.resourceSubscriptions` are resources.
    Subscriptions,
}

/// The methods of all revisions that name a tool, a prompt or a resource. All others are judged by
/// the method's own rule.
pub(super) fn naming(method: &str) -> Option<Naming> {
    match method {
        "tools/call" => Some(Naming::Tool),
        "prompts/get" => Some(Naming::Prompt),
        "resources/read" => Some(Naming::Resource),
        // The revision 2026-07-28 has no such methods. That is for the server to say (-32601), so a
        // missing `uri` is no error here (-32602): nobody can subscribe to what is not named.
        "resources/subscribe" | "resources/unsubscribe" => Some(Naming::ResourceIfAny),
        // Of extensions: "Skills" reads directories of resources, and skills by their URI.
        "resources/directory/read" | "skills/get" => Some(Naming::ResourceIfAny),
        "completion/complete" => Some(Naming::Reference),
        "subscriptions/listen" => Some(Naming::Subscriptions),
        _ => None,
    }
}

/// Whether the header `Mcp-Name` repeats what the method is about (MCP 2026-07-28, "Standard
/// Request Headers"; `rmcp` sends it for subscriptions as well).
pub(super) fn is_mirrored(method: &str) -> bool {
    matches!(
        method,
        "tools/call"
            | "prompts/get"
            | "resources/read"
            | "resources/subscribe"
            | "resources/unsubscribe"
    )
}

impl<'m> Target<'m> {
    /// What a method is about if this is the one name that it gives.
    pub(crate) fn of(method: &str, name: Option<&'m str>) -> Self {
        let Some(name) = name.map(Cow::Borrowed) else {
            return Self::Unnamed;
        };
        match naming(method) {
            Some(Naming::Tool) => Self::Tool(name),
            Some(Naming::Prompt) => Self::Prompt(name),
            Some(Naming::Resource | Naming::ResourceIfAny) => Self::Resource(name),
            Some(Naming::Reference | Naming::Subscriptions) | None => Self::Unnamed,
        }
    }

    /// The resource, or the template of resources, that `uri` is where a template may stand.
    pub(super) fn resource_or_template(uri: Cow<'m, str>) -> Self {
        match uri.contains('{') {
            true => Self::ResourceTemplate(uri),
            false => Self::Resource(uri),
        }
    }

    /// The name, the URI or the template; `None` of what has no name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Tool(name)
            | Self::Prompt(name)
            | Self::Resource(name)
            | Self::ResourceTemplate(name) => Some(name),
            Self::Unnamed => None,
        }
    }
}
