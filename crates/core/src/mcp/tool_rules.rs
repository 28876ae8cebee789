//! What the application demands of who calls a tool, reads a resource or gets a prompt.

use std::collections::HashMap;

use self::resources::ResourceRules;
use super::{error::MessageError, target::Target};
use crate::{authenticator::Authenticated, config::ConfigError, permission::Need};

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
/// host, user information, the fragment, encoded or empty segments of the path) count together.
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
mod tests {
    use super::*;
    use crate::scopes;

    scopes! {
        Read = "read";
        Write = "write" implies Read;
    }

    fn demanded(rules: &ToolRules, method: &str, name: Option<&str>) -> String {
        let demands = rules.demands(method, &Target::of(method, name)).unwrap();
        match demands.needs() {
            _ if demands.is_refused() => "refused".to_owned(),
            [] => "nothing".to_owned(),
            needs => needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "),
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
    fn r30_every_method_that_names_a_thing_goes_by_its_rule() {
        let rules = ToolRules::new()
            .prompt("daily")
            .requires::<Write>()
            .resource("file:///a")
            .requires::<Write>()
            .other_prompts()
            .requires::<Read>()
            .other_resources()
            .requires::<Read>();
        let demanded = |method: &str, target: Target<'_>| {
            let demands = rules.demands(method, &target).unwrap();
            let needs: Vec<_> = demands.needs().iter().map(ToString::to_string).collect();
            needs.join(" + ")
        };
        for method in ["prompts/get", "completion/complete"] {
            assert_eq!(demanded(method, Target::Prompt("daily".into())), "write", "{method}");
            assert_eq!(demanded(method, Target::Prompt("weekly".into())), "read", "{method}");
        }
        for method in [
            "resources/read",
            "resources/subscribe",
            "resources/unsubscribe",
            "subscriptions/listen",
            "completion/complete",
        ] {
            let resource = |uri: &'static str| Target::Resource(uri.into());
            assert_eq!(demanded(method, resource("file:///a")), "write", "{method}");
            assert_eq!(demanded(method, resource("file:///b")), "read", "{method}");
            assert_eq!(demanded(method, Target::Unnamed), "", "{method}");
        }
    }

    #[test]
    fn r30_a_listener_to_other_resources_goes_by_both_methods() {
        let rules = ToolRules::new()
            .resource("file:///a")
            .open()
            .method("resources/read")
            .requires::<Read>()
            .method("subscriptions/listen")
            .requires::<Write>();
        let listen = |target: &Target<'_>| {
            let demands = rules.demands("subscriptions/listen", target).unwrap();
            demands.needs().iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
        };
        assert_eq!(listen(&Target::Resource("file:///a".into())), "", "its own rule");
        assert_eq!(listen(&Target::Resource("file:///b".into())), "write + read");
        assert_eq!(listen(&Target::Unnamed), "write");
    }

    fn vault() -> ToolRules {
        ToolRules::new()
            .resources_under("secret://vault/")
            .requires::<Write>()
            .resources_under("secret://vault/shared/")
            .requires::<Read>()
            .resource("secret://vault/shared/menu")
            .open()
            .resource("notes://Ada/1")
            .requires::<Write>()
            .other_resources()
            .refused()
    }

    #[test]
    fn r30_the_longest_prefix_counts_and_a_uri_before_it() {
        for (uri, demand) in [
            ("secret://vault/keys", "write"),
            ("secret://vault/shared", "write"),
            ("secret://vault/shared/", "read"),
            ("secret://vault/shared/a/b", "read"),
            ("secret://vault/shared/menu", "nothing"),
            ("secret://vault/shared/menu/", "read"),
            ("secret://vaulted/keys", "refused"),
            ("secret://vault", "refused"),
            ("other:a", "refused"),
        ] {
            assert_eq!(demanded(&vault(), "resources/read", Some(uri)), demand, "{uri}");
        }
    }

    #[test]
    fn r30_spellings_that_servers_take_for_one_another_go_by_both() {
        for (uri, demand) in [
            ("notes://Ada/1", "write"),
            // Another resource for some servers, and the same for others.
            ("notes://ada/1", "refused"),
            ("notes://ADA/1", "refused"),
            ("notes://x@Ada/1", "refused"),
            ("notes://Ada/1#x", "refused"),
            ("notes://Ada//1", "refused"),
            // Both readings are below the prefix.
            ("secret://vault/keys#x", "write"),
            ("secret://vault/shared/menu#x", "read"),
            ("secret://vault/shared/..%2Fkeys", "read + write"),
            ("secret://vault/shared/x%2F..%2F..%2Fkeys", "read + write"),
        ] {
            assert_eq!(demanded(&vault(), "resources/read", Some(uri)), demand, "{uri}");
        }
        let rules = ToolRules::new()
            .resource("notes://Ada/1")
            .requires::<Write>()
            .resource("notes://ada/1")
            .requires::<Read>();
        for (uri, demand) in [
            ("notes://Ada/1", "write + read"),
            ("notes://ada/1", "read + write"),
            ("notes://ADA/1", "write + read"),
            ("notes://Ada/2", "nothing"),
        ] {
            assert_eq!(demanded(&rules, "resources/read", Some(uri)), demand, "{uri}");
        }
    }

    #[test]
    fn r30_uris_must_be_in_normal_form_where_resources_have_rules() {
        for (uri, ruled) in [
            ("SECRET://vault/keys", Err(MessageError::UriNotNormal)),
            ("secret://vault/x/../keys", Err(MessageError::UriNotNormal)),
            ("secret://vault/%6Beys", Err(MessageError::UriNotNormal)),
            ("keys", Err(MessageError::UriNotNormal)),
            ("secret://vault/keys", Ok(())),
        ] {
            let target = Target::Resource(uri.into());
            for method in ["resources/read", "subscriptions/listen", "completion/complete"] {
                let demands = vault().demands(method, &target);
                assert_eq!(demands.map(drop), ruled, "{method} {uri}");
                let without = ToolRules::new().method(method).refused().tool("a").open();
                assert!(without.demands(method, &target).unwrap().is_refused(), "{method} {uri}");
            }
            assert_eq!(vault().shows("resources/read", Some(uri), None), ruled.is_ok(), "{uri}");
        }
    }

    #[test]
    fn r30_a_template_goes_by_every_rule_that_it_may_reach() {
        let demanded = |template: &str| {
            let target = Target::ResourceTemplate(template.into());
            let demands = vault().demands("completion/complete", &target)?;
            let mut needs: Vec<_> = demands.needs().iter().map(ToString::to_string).collect();
            needs.sort();
            needs.extend(demands.is_refused().then(|| "refused".to_owned()));
            Ok(needs.join(" + "))
        };
        for (template, demand) in [
            ("secret://vault/shared/{name}", "read"),
            ("secret://vault/shared/m{name}", "read"),
            ("secret://vault/{name}", "read + write"),
            ("secret://vault/s{name}", "read + write"),
            ("secret://vault/x{name}", "write"),
            ("secret://vault/x/{+path}{?q,r}", "write"),
            ("secret://vault{x}", "read + write + refused"),
            ("secret://{+all}", "read + write + refused"),
            ("secret:{+all}", "read + write + refused"),
            ("{+all}", "read + write + refused"),
            ("notes://A{x}", "write + refused"),
            ("notes://a{x}", "write + refused"),
            ("https://{host}/", "refused"),
            ("https://example.com:{port}/a", "refused"),
        ] {
            assert_eq!(demanded(template), Ok(demand.to_owned()), "{template}");
        }
        for template in ["SECRET://vault/{x}", "secret://vault/x/../{y}", "secret://vault/%6B{x}"] {
            assert_eq!(demanded(template), Err(MessageError::UriNotNormal), "{template}");
        }
    }

    #[test]
    fn r30_rules_that_no_message_can_meet_are_mistakes() {
        let check = |rules: ToolRules| rules.check().map_err(|mistake| mistake.to_string());
        assert_eq!(check(vault()), Ok(()));
        let resource = |uri: &str| check(ToolRules::new().resource(uri).refused()).unwrap_err();
        assert_eq!(
            resource("SECRET://vault/keys"),
            "rules.resource is \"SECRET://vault/keys\", but it must be a URI in normal form \
             (RFC 3986, section 6.2.2), since every other spelling is refused in messages, for \
             example \"secret://vault/keys\""
        );
        assert!(resource("notes://{user}/1").ends_with("for example \"notes://\""));
        assert!(resource("keys").starts_with("rules.resource is \"keys\", but it must be a URI"));
        let under = |prefix: &str| check(ToolRules::new().resources_under(prefix).refused());
        for good in ["secret://vault/", "secret://", "secret:", "urn:isbn:", "notes://Ada/"] {
            assert_eq!(under(good), Ok(()), "{good}");
        }
        for (prefix, example) in [
            ("secret://vault", "secret://vault/"),
            ("SECRET://vault/", "secret://vault/"),
            ("secret://vault/{x}", "secret://vault/"),
            ("vault/", "secret://vault/"),
            ("", "secret://vault/"),
        ] {
            let mistake = under(prefix).unwrap_err();
            assert!(mistake.starts_with("rules.resources_under is "), "{mistake}");
            assert!(mistake.ends_with(&format!("for example {example:?}")), "{mistake}");
        }
        for rules in [
            ToolRules::new().tool("delete ").refused().tool("a").open(),
            ToolRules::new().prompt("a\nb").refused(),
            ToolRules::new().method("\u{a0}tools/call").refused(),
        ] {
            assert!(check(rules).unwrap_err().contains("neither control characters nor white"));
        }
    }

    #[test]
    fn r30_a_rule_in_another_spelling_still_counts() {
        // Built without a check, it does not protect less than the normal form would.
        let rules = ToolRules::new().resource("https://example.com").refused();
        assert_eq!(rules.check(), Ok(()));
        for uri in ["https://example.com", "https://example.com/"] {
            assert_eq!(demanded(&rules, "resources/read", Some(uri)), "refused", "{uri}");
        }
    }

    #[test]
    fn r30_a_rule_counts_once_however_often_it_applies() {
        let rules = vault();
        let mut demands = Demands::default();
        for n in 0..1_000 {
            let target = Target::Resource(format!("secret://vault/{n}").into());
            rules.add_demands("subscriptions/listen", &target, &mut demands).unwrap();
        }
        assert_eq!(demands.needs().len(), 1);
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
