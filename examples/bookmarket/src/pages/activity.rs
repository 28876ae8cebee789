//! `/activity`: what a person and their agents did.

use actix_mcp_auth::{
    Authorized,
    agents::{Agent, AgentName, NameSource},
};
use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::{
    ACTIVITY_PATH, Pages,
    layout::{Page, attribute},
    problem,
};
use crate::{
    activity::{AgentUse, Cursor, MAX_AGENTS, Through},
    auth::{self, BookmarksRead},
    store::{self, Activity, User},
};

/// How many rows a page shows at most.
const PER_PAGE: usize = 50;
/// Begins the choice of an agent, before its client id.
const AGENT: &str = "agent:";
/// The choice of the browser.
const BROWSER: &str = "browser";

/// The route of `/activity`.
pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(web::QueryConfig::default().error_handler(problem::unreadable))
        .route("", web::get().to(list))
        .default_service(web::to(async || problem::no_page()));
}

type Reader = Authorized<BookmarksRead, User>;

/// Which rows to show. Only the signed-in person's are.
#[derive(Debug, Default, Deserialize)]
struct Shown {
    #[serde(default)]
    agent: Filter,
    before: Option<RowId>,
    after: Option<RowId>,
}

/// By whom: empty for everything, `browser`, or `agent:` and a client id.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
struct Filter(Through);

/// The id of a row, as the links between pages have it.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct RowId(String);

impl TryFrom<String> for Filter {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self(match (text.as_str(), text.strip_prefix(AGENT)) {
            ("", _) => Through::Any,
            (BROWSER, _) => Through::Browser,
            // No row has such an id, and not every database takes it.
            (_, Some(id)) if !id.contains(char::is_control) => Through::Agent(id.to_owned()),
            _ => return Err("no choice of this page"),
        }))
    }
}

impl TryFrom<String> for RowId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        match id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => Ok(Self(id)),
            false => Err("no id of a row"),
        }
    }
}

/// One page of rows, the newest first, and whether there are others.
struct Rows {
    rows: Vec<Activity>,
    has_newer: bool,
    has_older: bool,
}

async fn list(pages: web::Data<Pages>, me: Reader, shown: web::Query<Shown>) -> HttpResponse {
    let Shown { agent: Filter(through), before, after } = shown.into_inner();
    let from = match (before, after) {
        (Some(RowId(id)), _) => Cursor::Before(id),
        (None, Some(RowId(id))) => Cursor::After(id),
        (None, None) => Cursor::Newest,
    };
    let found = async {
        let rows = page_of(&pages.store, &me, &through, from).await?;
        Ok::<_, store::Error>((rows, pages.store.agents_of(&me, MAX_AGENTS).await?))
    };
    let (rows, agents) = match found.await {
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, "the store failed");
            return problem::no_activity();
        }
    };
    let person = auth::name_of(&me.clone().into_user());
    let heading = heading(&through, &agents);
    Page::new(&heading).of(&person).show(html! {
        h1 { "Your activity" }
        section.card aria-labelledby="list" {
            h2 #list dir="auto" { (heading) }
            (filter(&through, &agents))
            @if rows.rows.is_empty() { p { "There is nothing yet." } } @else {
                (table(&rows.rows, &agents))
            }
            (links(&rows, &through))
            p.soft { "Times are in UTC. Activity is kept for " (pages.activity_days) " days." }
        }
    })
}

async fn page_of(
    store: &store::Store,
    me: &User,
    through: &Through,
    from: Cursor,
) -> Result<Rows, store::Error> {
    let mut rows = store.activity_of(me, through, &from, PER_PAGE + 1).await?;
    let has_more = rows.len() > PER_PAGE;
    match from {
        Cursor::After(_) if has_more => {
            rows.remove(0);
            Ok(Rows { rows, has_newer: true, has_older: true })
        }
        // The newest page is full, however many rows are newer than that one.
        Cursor::After(_) => Box::pin(page_of(store, me, through, Cursor::Newest)).await,
        Cursor::Before(_) | Cursor::Newest => {
            rows.truncate(PER_PAGE);
            Ok(Rows { rows, has_newer: from != Cursor::Newest, has_older: has_more })
        }
    }
}

fn heading(through: &Through, agents: &[AgentUse]) -> String {
    match through {
        Through::Any => "What you and your agents did".to_owned(),
        Through::Browser => "What was done in a browser".to_owned(),
        Through::Agent(id) => {
            let known = agents.iter().find(|agent| agent.client_id == *id);
            let name = known.map_or_else(|| AgentName::of_client_id(id), |it| it.name.clone());
            format!("What {} did", name.as_str())
        }
    }
}

/// The form to choose an agent.
fn filter(through: &Through, agents: &[AgentUse]) -> Markup {
    let chosen = value(through);
    let is_listed = |id: &str| agents.iter().any(|agent| agent.client_id == *id);
    let other = match through {
        Through::Agent(id) if !is_listed(id) => Some(AgentName::of_client_id(id)),
        _ => None,
    };
    html! {
        form.search action=(ACTIVITY_PATH) {
            label for="agent" { "Agent or browser" }
            select #agent name="agent" {
                option value="" { "All" }
                option value=(BROWSER) selected[chosen == BROWSER] { "Browser" }
                @for agent in agents {
                    @let one = format!("{AGENT}{}", agent.client_id);
                    option value=(attribute(&one)) selected[chosen == one] { (label(agent)) }
                }
                @if let Some(name) = other { option value=(attribute(&chosen)) selected { (name.as_str()) } }
            }
            div { button { "Show" } }
        }
    }
}

/// A name that tells agents of one name apart.
fn label(agent: &AgentUse) -> String {
    let (name, id) = (agent.name.as_str(), AgentName::of_client_id(&agent.client_id));
    match agent.name.source() {
        NameSource::ClientId => name.to_owned(),
        _ => format!("{name} ({})", id.as_str()),
    }
}

/// Where the page shows what one agent did.
pub(super) fn link_to(client_id: &str) -> String {
    let chosen = value(&Through::Agent(client_id.to_owned()));
    let query = Serializer::new(String::new()).append_pair("agent", &chosen).finish();
    format!("{ACTIVITY_PATH}?{query}")
}

fn value(through: &Through) -> String {
    match through {
        Through::Any => String::new(),
        Through::Browser => BROWSER.to_owned(),
        Through::Agent(id) => format!("{AGENT}{id}"),
    }
}

/// The roles are those of the elements. They are named since on narrow screens the style makes the
/// cells stand one below the other, which would take the roles away.
fn table(rows: &[Activity], agents: &[AgentUse]) -> Markup {
    html! {
        table.activity role="table" aria-labelledby="list" {
            thead role="rowgroup" {
                tr role="row" {
                    @for title in ["Time", "By", "What", "Outcome"] {
                        th role="columnheader" scope="col" { (title) }
                    }
                }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    @let at = row.at();
                    tr role="row" {
                        td role="cell" {
                            time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M:%S")) }
                        }
                        td role="cell" { (by(row, agents)) }
                        td role="cell" { (what(row)) }
                        td role="cell" { (outcome(row)) }
                    }
                }
            }
        }
    }
}

fn by(row: &Activity, agents: &[AgentUse]) -> Markup {
    match row.is_by_staff() {
        true if row.client_id.is_none() => html! { "Staff, as you" },
        true => html! { "Staff, as you" br; (through(row, agents)) },
        false => through(row, agents),
    }
}

fn through(row: &Activity, agents: &[AgentUse]) -> Markup {
    let Some(id) = &row.client_id else {
        let text = match row.credential.as_str() {
            "session" => "Browser",
            "token" => "A program without a usable client id",
            _ => "A program with a key",
        };
        return html! { (text) };
    };
    // The name that is known now is the same on all pages.
    let known = agents.iter().find(|agent| agent.client_id == *id).map(|agent| agent.name.clone());
    let name = known.or_else(|| row.client_name()).unwrap_or_else(|| AgentName::of_client_id(id));
    html! {
        bdi { (name.as_str()) }
        @if name.source() != NameSource::ClientId {
            @let host = Agent::new(id.as_str()).host();
            @let shown = host.unwrap_or_else(|| AgentName::of_client_id(id).as_str().to_owned());
            br; span.soft { bdi { (shown) } }
        }
    }
}

/// What was done.
pub(super) fn what(row: &Activity) -> Markup {
    match (row.target_kind.as_deref(), row.target.as_deref()) {
        (Some("path"), Some(path)) => html! { code { (row.method) " " bdi { (path) } } },
        (Some(kind), Some(name)) => html! {
            (kind.replace('_', " ")) " " code { bdi { (name) } }
        },
        _ => match row.method.as_str() {
            "initialize" => html! { "Connected" },
            "tools/list" => html! { "Read the list of tools" },
            method => html! { code { bdi { (method) } } },
        },
    }
}

/// How it ended.
pub(super) fn outcome(row: &Activity) -> Markup {
    let reason = row.reason.as_deref().unwrap_or_default();
    let code = row.code.unwrap_or_default();
    let text = match (row.decision.as_str(), row.outcome.as_str()) {
        ("refused", _) if reason == "refused_by_rule" => "Refused: nobody may use it".to_owned(),
        ("refused", _) => format!("Refused: {}", reason.replace('_', " ")),
        ("unavailable", _) => format!("Not answered: {}", reason.replace('_', " ")),
        (_, "ok") => return html! { "Done" },
        (_, "tool_error") => "The tool reported an error".to_owned(),
        (_, "json_rpc_error") => format!("Error {code}"),
        (_, "http_error") => format!("Error (HTTP {code})"),
        (_, "cut") => "Interrupted".to_owned(),
        _ => "Not known".to_owned(),
    };
    html! { strong { (text) } }
}

/// The way to the pages before and after this one.
fn links(rows: &Rows, through: &Through) -> Markup {
    let link = |direction: &str, row: &Activity| {
        let mut query = Serializer::new(String::new());
        if *through != Through::Any {
            query.append_pair("agent", &value(through));
        }
        let query = query.append_pair(direction, &row.id).finish();
        format!("{ACTIVITY_PATH}?{query}")
    };
    let newer = rows.rows.first().filter(|_| rows.has_newer);
    let older = rows.rows.last().filter(|_| rows.has_older);
    html! {
        @if newer.is_some() || older.is_some() {
            nav.pages aria-label="Pages" {
                @if let Some(row) = newer { a href=(link("after", row)) rel="prev" { "Newer" } }
                span {}
                @if let Some(row) = older { a href=(link("before", row)) rel="next" { "Older" } }
            }
        }
    }
}
