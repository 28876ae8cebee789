//! The tools that an agent is offered, each on behalf of the person who signed in.
//!
//! The comment on a tool is also its description: agents read it.

mod arguments;
mod results;

use std::sync::Arc;

use actix_mcp_auth::mcp::ToolRules;
use mcp_auth_rmcp::{Caller, ToolRulesMismatch, check_tools, tool_rules};
use rmcp::{
    ErrorData, Json, RoleServer, ServerHandler,
    handler::server::{tool::ToolRouter, wrapper::Parameters},
    model::{
        Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
    tool, tool_handler, tool_router,
};

use self::{
    arguments::{AddBookmark, DeleteBookmark, ListBookmarks, SearchBookmarks},
    results::{Deleted, Entry, Page, ToolError, WhoAmI},
};
use crate::{
    actions,
    auth::{BookmarksRead, BookmarksWrite},
    store::{Store, User},
};

/// The MCP server: what the tools need, and the tools. Cheap to clone, since every request does.
#[derive(Clone)]
pub struct Tools {
    store: Store,
    router: Arc<ToolRouter<Self>>,
    rules: Arc<ToolRules>,
}

/// Who may call which tool, by its signature. Others get 403 before the tool is called, and so does
/// everybody who calls a tool that is not listed here.
///
/// # Errors
/// A tool that is not listed here, or is listed by another name: a mistake in this file.
pub fn rules() -> Result<ToolRules, ToolRulesMismatch> {
    let rules = tool_rules!(
        Tools: whoami, list_bookmarks, search_bookmarks, add_bookmark, delete_bookmark
    );
    // Before the rule for all others, which would apply to a tool that was forgotten above.
    check_tools(&rules, &Tools::tool_router().list_all())?;
    Ok(rules.other_tools().refused())
}

impl Tools {
    /// Who may call which.
    pub fn rules(&self) -> ToolRules {
        (*self.rules).clone()
    }
}

#[tool_router]
impl Tools {
    /// The tools over `store`; the list of tools shows what `rules` let the caller use.
    pub fn new(store: Store, rules: ToolRules) -> Self {
        Self { store, router: Arc::new(Self::tool_router()), rules: rules.into() }
    }

    /// Says who is signed in, and how many bookmarks they have.
    #[tool(title = "Who am I", annotations(read_only_hint = true, open_world_hint = false))]
    async fn whoami(&self, caller: Caller<User>) -> Result<Json<WhoAmI>, ToolError> {
        let bookmarks = actions::count(&self.store, caller.user()).await?;
        Ok(Json(WhoAmI::new(&caller, bookmarks)))
    }

    /// Lists the signed-in person's bookmarks, the newest first, a page at a time.
    #[tool(title = "List bookmarks", annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_bookmarks(
        &self,
        caller: Caller<User, BookmarksRead>,
        Parameters(wanted): Parameters<ListBookmarks>,
    ) -> Result<Json<Page>, ToolError> {
        let all = actions::list(&self.store, caller.user()).await?;
        Ok(Json(Page::of(all, wanted.page())))
    }

    /// Finds the signed-in person's bookmarks that contain every word of the query, in any case.
    #[tool(title = "Search bookmarks", annotations(read_only_hint = true, open_world_hint = false))]
    async fn search_bookmarks(
        &self,
        caller: Caller<User, BookmarksRead>,
        Parameters(wanted): Parameters<SearchBookmarks>,
    ) -> Result<Json<Page>, ToolError> {
        let found = actions::search(&self.store, caller.user(), &wanted.query).await?;
        Ok(Json(Page::of(found, wanted.page())))
    }

    /// Keeps a web page for the signed-in person, and answers with the new bookmark and its id.
    #[tool(
        title = "Add a bookmark",
        annotations(destructive_hint = false, idempotent_hint = false, open_world_hint = false)
    )]
    async fn add_bookmark(
        &self,
        caller: Caller<User, BookmarksWrite>,
        Parameters(wanted): Parameters<AddBookmark>,
    ) -> Result<Json<Entry>, ToolError> {
        let AddBookmark { url, title, tags } = wanted;
        let kept = actions::add(&self.store, caller.user(), &url, &title, &tags).await?;
        Ok(Json(kept.into()))
    }

    /// Deletes one of the signed-in person's bookmarks for good, by the id that lists show.
    #[tool(
        title = "Delete a bookmark",
        annotations(destructive_hint = true, idempotent_hint = true, open_world_hint = false)
    )]
    async fn delete_bookmark(
        &self,
        caller: Caller<User, BookmarksWrite>,
        Parameters(wanted): Parameters<DeleteBookmark>,
    ) -> Result<Json<Deleted>, ToolError> {
        actions::delete(&self.store, caller.user(), wanted.id).await?;
        Ok(Json(Deleted::new(wanted.id)))
    }
}

#[tool_handler(router = self.router)]
impl ServerHandler for Tools {
    /// Leaves out what the rules would refuse to the caller.
    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        mcp_auth_rmcp::tools_for(&self.rules, &context, self.router.list_all())
    }

    fn get_info(&self) -> ServerConfig {
        let name = Implementation::new("bookmarket", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(name.with_title("Bookmarket"))
            .with_instructions(
                "Keeps the bookmarks of the person who signed in; nobody else sees them.",
            )
    }
}
