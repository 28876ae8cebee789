//! An agent on the page of agents.

use actix_mcp_auth::{
    agents::{Agent, NameSource},
    permission::{Grants as Held, Permission},
};
use maud::{Markup, html};

use super::{
    AGENTS_PATH, activity,
    layout::{attribute, time},
};
use crate::{
    activity::AgentUse,
    auth::{BookmarksRead, BookmarksWrite, SCOPES},
    settings::Grants,
};

/// All of an agent: what it may do is in `may`.
pub(super) fn entry(agent: &Agent, used: Option<&AgentUse>, may: &Markup) -> Markup {
    html! {
        div {
            h3.title { bdi { (agent.name.as_str()) } }
            p.soft { (source(agent)) }
            dl.facts {
                @if let Some(since) = agent.since { dt { "May act for you since" } dd { (time(since)) } }
                dt { "Last used" }
                dd { @match agent.last_used { Some(at) => (time(at)), None => "Never here" } }
                @if let Some(AgentUse { last, .. }) = used {
                    dt { "What it did last" }
                    dd {
                        (activity::what(last)) " (" (activity::outcome(last)) ") "
                        a href=(activity::link_to(&agent.client_id)) {
                            "All that it did" (hidden_name(agent))
                        }
                    }
                }
                dt { "It may" }
                dd { (may) }
                dt { "Client id" }
                dd { code { bdi { (escaped(&agent.client_id)) } } }
            }
        }
        @if agent.is_revoked_by_operator {
            p.tags { "Ended by the operator of Bookmarket" }
        } @else if agent.is_disconnected { (reconnect(agent)) } @else { (disconnect(agent)) }
    }
}

/// All of a text, with an escape in place of each character that is not seen or moves others.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// Whose word the name is.
fn source(agent: &Agent) -> Markup {
    let whose = match agent.name.source() {
        NameSource::Application => "Named by Bookmarket.",
        NameSource::Issuer => "Named where you sign in.",
        NameSource::ClientId => "It has no name.",
        _ => "It calls itself so. Nobody has checked the name.",
    };
    html! {
        @if let Some(host) = agent.host() { "From " strong { (host) } ". " }
        (whose)
    }
}

/// What it may do, in words. `held` are the permissions of the person, which count where Bookmarket
/// grants them.
pub(super) fn permissions(agent: &Agent, grants: Grants, held: &Held) -> Markup {
    let has = |name| match grants {
        Grants::Own => held.contains(name),
        Grants::Scopes => agent.scopes.contains_str(name),
    };
    let bookmarks = match (has(BookmarksWrite::NAME), has(BookmarksRead::NAME)) {
        (true, _) => Some("see, add and delete your bookmarks"),
        (false, true) => Some("see your bookmarks"),
        (false, false) => None,
    };
    let others = agent.scopes.iter().filter(|scope| !SCOPES.contains(scope));
    html! {
        ul {
            @if let Some(text) = bookmarks { li { (text) } }
            @for scope in others {
                @match scope {
                    "openid" => li { "know who you are" },
                    "profile" => li { "know your name" },
                    "email" => li { "know your e-mail address" },
                    "offline_access" => li { "stay connected while you are away" },
                    other => li { "use " code { (other) } },
                }
            }
        }
    }
}

/// Asks once, without a script: the button is there after a click.
fn disconnect(agent: &Agent) -> Markup {
    html! {
        details.ask {
            summary { "Disconnect" (hidden_name(agent)) }
            p { "It can do nothing more for you, from its next call on. Your bookmarks stay." }
            (form("disconnect", &agent.client_id, html! { "Disconnect it now" (hidden_name(agent)) }))
        }
    }
}

fn reconnect(agent: &Agent) -> Markup {
    html! {
        div {
            p.tags { "Disconnected" }
            (form("reconnect", &agent.client_id, html! { "Let in again" (hidden_name(agent)) }))
        }
    }
}

/// The name, for those who do not see what stands beside a button.
fn hidden_name(agent: &Agent) -> Markup {
    html! { span.hidden { " “" bdi { (agent.name.as_str()) } "”" } }
}

/// A button that does something about an agent.
pub(super) fn form(act: &str, client_id: &str, button: Markup) -> Markup {
    html! {
        form method="post" action={ (AGENTS_PATH) "/" (act) } {
            input type="hidden" name="client_id" value=(attribute(client_id));
            button { (button) }
        }
    }
}
