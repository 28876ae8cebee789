//! The start-up check of rules for tools against the tools that the server has.

use std::{collections::BTreeSet, fmt};

use mcp_auth_core::mcp::ToolRules;
use rmcp::model::Tool;

/// Checks at start-up that `rules` and `tools` fit together: every tool that has a rule exists, and
/// every tool that exists is judged by a rule, its own or that of
/// [`other_tools`](ToolRules::other_tools). Without the check, a rule with a mistyped name protects
/// nothing, and nobody is told.
///
/// ```
/// use actix_mcp_auth::mcp::ToolRules;
/// use mcp_auth_rmcp::check_tools;
/// use rmcp::{tool, tool_router};
///
/// actix_mcp_auth::scopes! { Write = "bookmarks:write"; }
///
/// struct Tools;
///
/// #[tool_router]
/// impl Tools {
///     /// Deletes a bookmark.
///     #[tool]
///     async fn delete_bookmark(&self) {}
/// }
///
/// let rules = ToolRules::new().tool("delete_bookmrk").requires::<Write>();
/// let mismatch = check_tools(&rules, &Tools::tool_router().list_all()).unwrap_err();
/// assert_eq!(mismatch.unknown(), ["delete_bookmrk"]);
/// assert_eq!(mismatch.unruled(), ["delete_bookmark"]);
///
/// let rules = ToolRules::new().tool("delete_bookmark").requires::<Write>().other_tools().refused();
/// assert_eq!(check_tools(&rules, &Tools::tool_router().list_all()), Ok(()));
/// ```
///
/// A router leaves disabled tools out of its list. Where tools are enabled later, check before any
/// is disabled. Where tools come and go at run time, check what is there at the start, and let
/// `.other_tools().refused()` decide about the rest.
///
/// # Errors
/// [`ToolRulesMismatch`] names the tools of either kind.
pub fn check_tools(rules: &ToolRules, tools: &[Tool]) -> Result<(), ToolRulesMismatch> {
    let ruled: BTreeSet<&str> = rules.tools().collect();
    let existing: BTreeSet<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    let owned = |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect();

    let unruled = match rules.judges_other_tools() {
        true => Vec::new(),
        false => owned(&(&existing - &ruled)),
    };
    let mismatch = ToolRulesMismatch {
        unknown: owned(&(&ruled - &existing)),
        unruled,
        existing: owned(&existing),
    };
    match mismatch.unknown.is_empty() && mismatch.unruled.is_empty() {
        true => Ok(()),
        false => Err(mismatch),
    }
}

/// Rules for tools that do not fit the server's tools: a mistake in the program, for whoever starts
/// it. The text names the tools and the remedy.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolRulesMismatch {
    unknown: Vec<String>,
    unruled: Vec<String>,
    existing: Vec<String>,
}

impl ToolRulesMismatch {
    /// The tools that have a rule and do not exist, in alphabetical order.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// The tools that exist and are judged by no rule, in alphabetical order.
    pub fn unruled(&self) -> &[String] {
        &self.unruled
    }
}

impl fmt::Display for ToolRulesMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rules for tools do not fit the server's tools")?;
        if !self.unknown.is_empty() {
            write!(
                f,
                "; rules without a tool: {}, but a rule must name a tool as the server lists it: {}",
                Names(&self.unknown),
                Names(&self.existing)
            )?;
        }
        if let Some(first) = self.unruled.first() {
            write!(
                f,
                "; tools without a rule: {}, but each must have one, for example \
                 .tool({first:?}).open(), or all that have none share one, for example \
                 .other_tools().refused()",
                Names(&self.unruled)
            )?;
        }
        Ok(())
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for ToolRulesMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ToolRulesMismatch {}

/// Names in quotes with commas between them.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("(none)");
        }
        for (index, name) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name:?}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn tools(names: &[&'static str]) -> Vec<Tool> {
        names.iter().map(|name| Tool::new(*name, "", Arc::new(Default::default()))).collect()
    }

    fn rules(names: &[&str]) -> ToolRules {
        names.iter().fold(ToolRules::new(), |rules, name| rules.tool(*name).open())
    }

    #[test]
    fn r30_rules_that_fit_the_tools_pass() {
        assert_eq!(check_tools(&rules(&["a", "b"]), &tools(&["b", "a"])), Ok(()));
        assert_eq!(check_tools(&ToolRules::new(), &[]), Ok(()));
    }

    #[test]
    fn r30_a_rule_for_a_tool_that_does_not_exist_is_named() {
        // Names are compared byte for byte: a tool in other letters is another tool.
        let rules = rules(&["delete ", "Delete", "delete"]).other_tools().refused();
        let mismatch = check_tools(&rules, &tools(&["delete", "list"])).unwrap_err();
        assert_eq!(mismatch.unknown(), ["Delete", "delete "]);
        assert!(mismatch.unruled().is_empty());
        assert_eq!(
            mismatch.to_string(),
            "the rules for tools do not fit the server's tools; rules without a tool: \"Delete\", \
             \"delete \", but a rule must name a tool as the server lists it: \"delete\", \"list\""
        );
        let nothing = check_tools(&rules, &[]).unwrap_err().to_string();
        assert!(nothing.ends_with("(none)"), "{nothing}");
    }

    #[test]
    fn r30_a_tool_without_a_rule_is_named() {
        let mismatch = check_tools(&rules(&["a"]), &tools(&["c", "a", "b"])).unwrap_err();
        assert!(mismatch.unknown().is_empty());
        assert_eq!(mismatch.unruled(), ["b", "c"]);
        assert_eq!(
            mismatch.to_string(),
            "the rules for tools do not fit the server's tools; tools without a rule: \"b\", \"c\", \
             but each must have one, for example .tool(\"b\").open(), or all that have none share \
             one, for example .other_tools().refused()"
        );
    }

    #[test]
    fn r30_a_rule_for_other_tools_judges_those_without_their_own() {
        for rules in [
            rules(&["a"]).other_tools().refused(),
            rules(&["a"]).other_tools().open(),
            rules(&["a"]).method("tools/call").open(),
        ] {
            assert_eq!(check_tools(&rules, &tools(&["a", "b"])), Ok(()));
        }
        // A rule for another method, or for a prompt of that name, judges no tool.
        let others = rules(&["a"]).method("tools/list").open().prompt("b").open();
        assert_eq!(check_tools(&others, &tools(&["a", "b"])).unwrap_err().unruled(), ["b"]);
    }
}
