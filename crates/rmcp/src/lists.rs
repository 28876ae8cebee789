//! Lists that show what the caller may use.
//!
//! They depend on the caller, so they are marked as private: rmcp's own answer to `tools/list` is
//! `public`, and a shared cache would show one person what another may do (MCP 2026-07-28,
//! "Caching").

use mcp_auth_core::mcp::ToolRules;
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CacheScope, ListPromptsResult, ListResourcesResult, ListToolsResult, Prompt,
        ProtocolVersion, Resource, Tool,
    },
    service::RequestContext,
};

use crate::carried::carried;

/// The answer to `tools/list`: those of `tools` that the caller may call by these rules, and those
/// that a new token may open, in their order. A caller without credentials is shown what signing in
/// may open: every tool that is not refused to everybody.
///
/// # Errors
/// Where the caller was not [carried over](crate::carry).
pub fn tools_for(
    rules: &ToolRules,
    context: &RequestContext<RoleServer>,
    tools: Vec<Tool>,
) -> Result<ListToolsResult, ErrorData> {
    let tools = shown(rules, context, "tools/call", tools, |tool| &tool.name)?;
    let (ttl_ms, cache_scope) = of_one_caller(context);
    Ok(ListToolsResult { ttl_ms, cache_scope, ..ListToolsResult::with_all_items(tools) })
}

/// The same for `prompts/list`.
///
/// # Errors
/// As [`tools_for`].
pub fn prompts_for(
    rules: &ToolRules,
    context: &RequestContext<RoleServer>,
    prompts: Vec<Prompt>,
) -> Result<ListPromptsResult, ErrorData> {
    let prompts = shown(rules, context, "prompts/get", prompts, |prompt| &prompt.name)?;
    let (ttl_ms, cache_scope) = of_one_caller(context);
    Ok(ListPromptsResult { ttl_ms, cache_scope, ..ListPromptsResult::with_all_items(prompts) })
}

/// The same for `resources/list`. Where resources have rules, those whose URIs are not in normal
/// form are left out as well: reading them is refused.
///
/// # Errors
/// As [`tools_for`].
pub fn resources_for(
    rules: &ToolRules,
    context: &RequestContext<RoleServer>,
    resources: Vec<Resource>,
) -> Result<ListResourcesResult, ErrorData> {
    let resources = shown(rules, context, "resources/read", resources, |resource| &resource.uri)?;
    let (ttl_ms, cache_scope) = of_one_caller(context);
    let all = ListResourcesResult::with_all_items(resources);
    Ok(ListResourcesResult { ttl_ms, cache_scope, ..all })
}

fn shown<T>(
    rules: &ToolRules,
    context: &RequestContext<RoleServer>,
    method: &str,
    mut all: Vec<T>,
    name: impl Fn(&T) -> &str,
) -> Result<Vec<T>, ErrorData> {
    let caller = carried(context)?;
    all.retain(|one| rules.shows(method, Some(name(one)), caller));
    Ok(all)
}

/// Not to be kept, and by nobody else: the next token may grant more. Older revisions have no such
/// members.
fn of_one_caller(context: &RequestContext<RoleServer>) -> (Option<u64>, Option<CacheScope>) {
    match context.protocol_version() >= Some(ProtocolVersion::V_2026_07_28) {
        true => (Some(0), Some(CacheScope::Private)),
        false => (None, None),
    }
}
