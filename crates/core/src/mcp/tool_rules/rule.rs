//! A rule that is being written.

use super::{Demand, ToolRules};
use crate::{
    config::ConfigError,
    mcp::{
        message::is_plain,
        resource_uri::{begins_normal_form, normal_form, suggestion, template_prefix},
    },
    permission::{Need, Requirement},
};

/// A rule that is being written: it says what it is about, and not yet what it demands.
#[derive(Debug)]
#[must_use = "a rule says what it demands: requires::<…>(), open() or refused()"]
pub struct Rule {
    rules: ToolRules,
    about: About,
}

#[derive(Debug)]
enum About {
    Tool(Box<str>),
    Prompt(Box<str>),
    OtherPrompts,
    Resource(Box<str>),
    ResourcesUnder(Box<str>),
    OtherResources,
    Method(Box<str>),
}

impl Rule {
    pub(super) fn about_tool(rules: ToolRules, name: Box<str>) -> Self {
        Self { rules, about: About::Tool(name) }
    }

    pub(super) fn about_prompt(rules: ToolRules, name: Box<str>) -> Self {
        Self { rules, about: About::Prompt(name) }
    }

    pub(super) fn about_other_prompts(rules: ToolRules) -> Self {
        Self { rules, about: About::OtherPrompts }
    }

    pub(super) fn about_resource(rules: ToolRules, uri: Box<str>) -> Self {
        Self { rules, about: About::Resource(uri) }
    }

    pub(super) fn about_resources_under(rules: ToolRules, prefix: Box<str>) -> Self {
        Self { rules, about: About::ResourcesUnder(prefix) }
    }

    pub(super) fn about_other_resources(rules: ToolRules) -> Self {
        Self { rules, about: About::OtherResources }
    }

    pub(super) fn about_method(rules: ToolRules, method: Box<str>) -> Self {
        Self { rules, about: About::Method(method) }
    }

    /// Who calls must be granted this: a permission, a tuple of several, or
    /// [`Any`](crate::Any) of several.
    #[must_use]
    pub fn requires<R: Requirement>(self) -> ToolRules {
        self.demands(Demand::Permissions(R::NEED))
    }

    /// The same for a requirement as data, such as that of a tool's signature.
    #[must_use]
    pub fn requires_need(self, need: &'static Need) -> ToolRules {
        self.demands(Demand::Permissions(need))
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
        let Self { mut rules, about } = self;
        if rules.mistake.is_none() {
            rules.mistake = about.mistake();
        }
        match about {
            About::Tool(name) => drop(rules.tools.insert(name, demand)),
            About::Prompt(name) => drop(rules.prompts.insert(name, demand)),
            About::OtherPrompts => rules.other_prompts = Some(demand),
            About::Resource(uri) => rules.resources.insert(&uri, demand),
            About::ResourcesUnder(prefix) => rules.resources.insert_under(&prefix, demand),
            About::OtherResources => rules.other_resources = Some(demand),
            About::Method(method) => drop(rules.methods.insert(method, demand)),
        }
        rules
    }
}

impl About {
    /// Why no message can be about this.
    fn mistake(&self) -> Option<ConfigError> {
        match self {
            Self::Tool(name) => unplain("rules.tool", name),
            Self::Prompt(name) => unplain("rules.prompt", name),
            Self::Method(method) => unplain("rules.method", method),
            Self::Resource(uri) => resource_mistake(uri),
            Self::ResourcesUnder(prefix) => prefix_mistake(prefix),
            Self::OtherPrompts | Self::OtherResources => None,
        }
    }
}

fn unplain(setting: &str, name: &str) -> Option<ConfigError> {
    let expected = "must have neither control characters nor white space at its ends, since \
                    messages with such names are refused";
    (!is_plain(name)).then(|| {
        let plain: String = name.chars().filter(|c| !c.is_control()).collect();
        ConfigError::invalid(setting, name, expected, plain.trim())
    })
}

fn resource_mistake(uri: &str) -> Option<ConfigError> {
    // `{` stands in no URI (RFC 3986), but a parser may leave it in the host.
    let (expected, example) = if uri.contains('{') {
        let expected = "must be a URI and not a template (resources_under(…) is for all that begin \
                        with the same)";
        (expected, Some(template_prefix(uri).to_owned()))
    } else if normal_form(uri).is_none() {
        let expected = "must be a URI in normal form (RFC 3986, section 6.2.2), since every other \
                        spelling is refused in messages";
        (expected, suggestion(uri))
    } else {
        return None;
    };
    let example = example.filter(|example| !example.is_empty());
    let example = example.unwrap_or_else(|| "secret://vault/keys".to_owned());
    Some(ConfigError::invalid("rules.resource", uri, expected, example))
}

fn prefix_mistake(prefix: &str) -> Option<ConfigError> {
    let setting = "rules.resources_under";
    if prefix.contains('{') || !prefix.contains(':') || !begins_normal_form(prefix) {
        let expected = "must be the first part of a URI in normal form (RFC 3986, section 6.2.2), \
                        with its scheme";
        let example = suggestion(template_prefix(prefix));
        let example = example.unwrap_or_else(|| "secret://vault/".to_owned());
        return Some(ConfigError::invalid(setting, prefix, expected, example));
    }
    prefix.ends_with(|c: char| c.is_ascii_alphanumeric()).then(|| {
        let expected = "must end in a separator, or it would reach further names that begin so";
        ConfigError::invalid(setting, prefix, expected, format!("{prefix}/"))
    })
}
