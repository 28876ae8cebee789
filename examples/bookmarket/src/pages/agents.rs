//! `/agents`: the agents that act for a person, with the forms that disconnect one and let it in
//! again.

use actix_mcp_auth::{Authorized, agents::AgentError};
use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Form},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{AGENTS_PATH, Pages, agent, forms, layout::Page, problem};
use crate::{
    activity::{AgentUse, MAX_AGENTS},
    auth::{self, BookmarksRead},
    store::User,
};

/// The largest form, in bytes: the longest client id fits into it with every byte escaped.
const MAX_FORM: usize = 16 * 1024;

const NOT_LISTED: &str = "Your agents cannot be listed now. Try again soon.";
const NOT_EVERYWHERE: &str = "The agent is disconnected here, and perhaps not yet on our other \
                              servers. Try again soon.";

/// The routes below `/agents`.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::FormConfig::default().limit(MAX_FORM).error_handler(problem::unreadable))
        .app_data(web::QueryConfig::default().error_handler(problem::unreadable))
        .route("", web::get().to(list))
        .route("/disconnect", web::post().to(disconnect))
        .route("/reconnect", web::post().to(reconnect))
        .default_service(web::to(async || problem::no_such_agent()));
}

/// A signed-in person. Who may only see bookmarks may disconnect agents all the same.
type Reader = Authorized<BookmarksRead, User>;

#[derive(Debug, Deserialize)]
struct Shown {
    /// What was done before.
    done: Option<Done>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Done {
    Disconnected,
    Reconnected,
}

/// What the forms send. It names no person: that is the signed-in one.
#[derive(Debug, Deserialize)]
struct Which {
    client_id: String,
}

async fn list(pages: web::Data<Pages>, me: Reader, shown: web::Query<Shown>) -> HttpResponse {
    let agents = match pages.agents.list(me.principal().subject()).await {
        Ok(agents) => agents,
        Err(error) => return unavailable(&error, html! { p { (NOT_LISTED) } }),
    };
    let uses = uses_of(&pages, &me).await;
    let person = auth::name_of(&me.clone().into_user());
    Page::new("Your agents").of(&person).show(html! {
        h1 { "Your agents" }
        @if let Some(done) = shown.done { p.notice role="status" { (notice(done)) } }
        div.stack {
            section.card aria-labelledby="list" {
                h2 #list { (heading(agents.len())) }
                @if agents.is_empty() {
                    p { (none(&pages)) }
                } @else {
                    ul.bookmarks.agents role="list" {
                        @for one in &agents {
                            @let used = uses.iter().find(|it| *it.client_id == *one.client_id);
                            li { (agent::entry(one, used, &agent::permissions(one, pages.agents.grants(), me.grants()))) }
                        }
                    }
                }
            }
            section.card aria-labelledby="agent" {
                h2 #agent { "Connect an agent" }
                (forms::line_to_paste(&pages.resource))
            }
        }
    })
}

async fn disconnect(pages: web::Data<Pages>, me: Reader, Form(which): Form<Which>) -> HttpResponse {
    match end(&pages, &me, &which.client_id).await {
        Ok(()) => see("disconnected"),
        Err(AgentError::UnknownAgent) => problem::no_such_agent(),
        Err(error) => {
            let text = match error {
                AgentError::NotRevoked(_) => NOT_EVERYWHERE,
                _ => "The agent was not disconnected and can go on. Try again soon.",
            };
            let again = agent::form("disconnect", &which.client_id, html! { "Disconnect it" });
            unavailable(&error, html! { p { (text) } (again) })
        }
    }
}

async fn reconnect(pages: web::Data<Pages>, me: Reader, Form(which): Form<Which>) -> HttpResponse {
    match admit(&pages, &me, &which.client_id).await {
        Ok(()) => see("reconnected"),
        Err(AgentError::UnknownAgent) => problem::no_such_agent(),
        Err(AgentError::RevokedByOperator) => problem::ended_by_operator(),
        Err(error) => {
            let again = agent::form("reconnect", &which.client_id, html! { "Let it in" });
            let text = "The agent was not let in everywhere. Try again soon.";
            unavailable(&error, html! { p { (text) } (again) })
        }
    }
}

async fn end(pages: &Pages, me: &Reader, client_id: &str) -> Result<(), AgentError> {
    check_is_own(pages, me, client_id).await?;
    pages.agents.disconnect(me.principal().subject(), client_id).await
}

async fn admit(pages: &Pages, me: &Reader, client_id: &str) -> Result<(), AgentError> {
    check_is_own(pages, me, client_id).await?;
    pages.agents.reconnect(me.principal().subject(), client_id).await
}

/// An agent that is not on the person's list and has not called for them is another person's, or
/// nobody's. One that was disconnected and not revoked everywhere is not on the list any more.
async fn check_is_own(pages: &Pages, me: &Reader, client_id: &str) -> Result<(), AgentError> {
    let agents = pages.agents.list(me.principal().subject()).await?;
    let is_listed = agents.iter().any(|agent| *agent.client_id == *client_id);
    let is_own = is_listed || uses_of(pages, me).await.iter().any(|it| it.client_id == client_id);
    is_own.then_some(()).ok_or(AgentError::UnknownAgent)
}

/// What the person's agents did. The page does without where that cannot be read.
async fn uses_of(pages: &Pages, me: &User) -> Vec<AgentUse> {
    let uses = pages.store.agents_of(me, MAX_AGENTS).await;
    uses.unwrap_or_else(|error| {
        tracing::error!(%error, "the store failed");
        Vec::new()
    })
}

/// Redirects to the list, so that reloading it changes nothing.
fn see(done: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, format!("{AGENTS_PATH}?done={done}")))
        .finish()
}

/// The issuer or the log of revocations does not answer.
fn unavailable(error: &AgentError, text: Markup) -> HttpResponse {
    tracing::warn!(%error, "a person's agents are out of reach");
    let mut page = problem::out_of_reach(text);
    if let AgentError::Unavailable { retry_after: Some(time), .. } = error {
        page.headers_mut().insert(header::RETRY_AFTER, time.as_secs().max(1).into());
    }
    page
}

fn notice(done: Done) -> &'static str {
    match done {
        Done::Disconnected => "The agent was disconnected.",
        Done::Reconnected => "The agent may act for you again, with its next sign-in.",
    }
}

/// What is known where the list is empty. Without consents, an agent that has not called since may
/// act all the same.
fn none(pages: &Pages) -> String {
    match (pages.agents.lists_consents(), pages.activity_days) {
        (true, _) => "No agent may act for you now.".to_owned(),
        (false, 1) => "No agent has called for you in the last day.".to_owned(),
        (false, days) => format!("No agent has called for you in the last {days} days."),
    }
}

fn heading(count: usize) -> String {
    match count {
        1 => "1 agent".to_owned(),
        count => format!("{count} agents"),
    }
}
