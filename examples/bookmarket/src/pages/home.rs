//! `/`: what Bookmarket is, and the way to sign in.

use actix_mcp_auth::MaybeAuthed;
use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use super::{BOOKMARKS_PATH, Pages, layout::Page, line_to_paste};
use crate::{auth, store::User};

pub(super) async fn show(pages: web::Data<Pages>, caller: MaybeAuthed<User>) -> HttpResponse {
    let person = caller.user().map(auth::name_of);
    let page = Page::new("Welcome");
    match &person {
        Some(person) => page.of(person).show(html! {
            (introduction(html! {
                p { a.button.primary href=(BOOKMARKS_PATH) { "Your bookmarks" } }
            }))
        }),
        None => page.show(html! {
            (introduction(html! {
                p { a.button.primary href="/login?return_to=/bookmarks" { "Sign in" } }
                p.soft {
                    "Connect an agent with " code { (line_to_paste(&pages.resource)) }
                    ". The agent opens a page where you sign in and approve it."
                }
            }))
        }),
    }
}

/// The page where people cannot sign in.
pub(super) fn without_sign_in(reason: &str) -> HttpResponse {
    let problem = html! { p.problem { "Nobody can sign in here yet. " (reason) } };
    Page::new("Welcome").show(introduction(problem))
}

fn introduction(way_on: Markup) -> Markup {
    html! {
        div.card.narrow {
            h1 { "Bookmarks for you and your agents" }
            p.lead {
                "Bookmarket keeps the pages that you want to find again. You use it here, your \
                 agents over MCP. Both see the same bookmarks, and nobody else sees them."
            }
            (way_on)
        }
    }
}
