//! The pages that people see in a browser: plain HTML without scripts, made on the server.
//!
//! | path | page | file |
//! |---|---|---|
//! | `/` | what Bookmarket is, and the way to sign in | `home` |
//! | `/bookmarks` | a person's bookmarks | `bookmarks`, `forms` |
//! | `/agents` | the agents that act for a person | `agents`, `agent` |
//! | `/activity` | what a person and their agents did | `activity` |
//! | any of them | an error | `problem` |
//! | `/style.css`, `/icon.svg` | how they look | `layout`, which all pages share |

mod activity;
mod agent;
mod agents;
mod bookmarks;
mod forms;
mod home;
mod layout;
mod problem;

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_mcp_auth::{Resource, audit::AuditLog};
use actix_web::{
    HttpResponse,
    http::header,
    middleware::DefaultHeaders,
    web::{self, ServiceConfig},
};

pub use problem::error_page;

use crate::{agents::Agents, site::Site, store::Store};

/// Where a person's bookmarks are.
pub const BOOKMARKS_PATH: &str = "/bookmarks";
/// Where a person's agents are.
const AGENTS_PATH: &str = "/agents";
/// Where it is shown what a person and their agents did.
const ACTIVITY_PATH: &str = "/activity";
const STYLE_PATH: &str = "/style.css";
const STYLE: &str = include_str!("style.css");
const ICON_PATH: &str = "/icon.svg";

/// No scripts, no frames, and nothing from elsewhere. There is no `form-action`, because browsers
/// apply it to the redirect after a form as well, and signing out leads to the issuer's origin.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// What the pages need.
#[derive(Debug, Clone)]
pub struct Pages {
    store: Store,
    resource: Resource,
    /// Where it is kept what people do.
    audit: AuditLog,
    /// For how many days that is kept.
    activity_days: u64,
    agents: Agents,
}

impl Pages {
    /// The pages over `store`, beside the MCP server `resource`, on which people see their `agents`.
    /// What people do is written to `audit`, and kept for some time.
    pub fn new(
        store: Store,
        resource: Resource,
        agents: Agents,
        audit: AuditLog,
        kept: Duration,
    ) -> Self {
        let activity_days = kept.as_secs() / (24 * 60 * 60);
        Self { store, resource, audit, activity_days, agents }
    }

    /// Serves the pages to the people who sign in at `site`. Where nobody can, they say why.
    pub fn configure(&self, site: &Site, config: &mut ServiceConfig) {
        let style = || file("text/css; charset=utf-8", STYLE);
        let icon = || file("image/svg+xml", include_str!("icon.svg"));
        config
            .app_data(web::Data::new(self.clone()))
            .service(web::resource(STYLE_PATH).wrap(headers()).route(web::get().to(style)))
            .service(web::resource(ICON_PATH).wrap(headers()).route(web::get().to(icon)));
        match site {
            Site::Open { auth, sign_in } => {
                config.configure(sign_in.routes());
                let home = web::resource("/").wrap(auth.middleware().optional());
                config.service(home.wrap(headers()).route(web::get().to(home::show)));
                let bookmarks =
                    web::scope(BOOKMARKS_PATH).wrap(auth.middleware().audit(&self.audit));
                config.service(bookmarks.wrap(headers()).configure(bookmarks::configure));
                let agents = web::scope(AGENTS_PATH).wrap(auth.middleware().audit(&self.audit));
                config.service(agents.wrap(headers()).configure(agents::configure));
                let activity = web::scope(ACTIVITY_PATH).wrap(auth.middleware());
                config.service(activity.wrap(headers()).configure(activity::configure));
            }
            Site::Closed(reason) => {
                let why = reason.clone();
                let home = move || ready(home::without_sign_in(&why));
                let home = web::resource("/").wrap(headers()).route(web::get().to(home));
                config.service(home);
                for path in [BOOKMARKS_PATH, AGENTS_PATH, ACTIVITY_PATH] {
                    let why_not = reason.clone();
                    let closed = move || ready(problem::no_sign_in(&why_not));
                    let closed = web::scope(path).default_service(web::to(closed));
                    config.service(closed.wrap(headers()));
                }
            }
        }
    }
}

/// The line that adds an MCP server to Claude Code.
pub fn line_to_paste(resource: &Resource) -> String {
    format!("claude mcp add bookmarket --transport http {resource}")
}

/// The headers of every page, where it has no others.
fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Not `no-referrer`: forms would then say `Origin: null`, and be refused.
        .add((header::REFERRER_POLICY, "same-origin"))
}

fn file(content_type: &'static str, text: &'static str) -> Ready<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "public, max-age=300"));
    ready(response.content_type(content_type).body(text))
}
