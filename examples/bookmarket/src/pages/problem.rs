//! Pages for what cannot be done.

use actix_mcp_auth::session::ErrorPage;
use actix_web::{
    Error, HttpRequest, HttpResponse, ResponseError, error::InternalError, http::StatusCode,
};
use maud::{Markup, html};

use super::{BOOKMARKS_PATH, layout::Page};

/// A path, a query or a form that no page of ours sends.
pub(super) fn unreadable<E>(error: E, _: &HttpRequest) -> Error
where
    E: ResponseError + 'static,
{
    let (status, title, text) = match error.status_code() {
        StatusCode::NOT_FOUND => return InternalError::from_response(error, not_found()).into(),
        StatusCode::PAYLOAD_TOO_LARGE => {
            (StatusCode::PAYLOAD_TOO_LARGE, "Too much text", "The form holds too much text.")
        }
        _ => (StatusCode::BAD_REQUEST, "Not understood", "The address or the form is incomplete."),
    };
    InternalError::from_response(error, show(status, title, html! { p { (text) } })).into()
}

/// Nothing is here, or it is another person's.
pub(super) fn not_found() -> HttpResponse {
    show(StatusCode::NOT_FOUND, "Not found", html! { p { "You have no such bookmark." } })
}

/// No page has this address.
pub(super) fn no_page() -> HttpResponse {
    show(StatusCode::NOT_FOUND, "Not found", html! { p { "There is no such page." } })
}

/// The person has no such agent, even if another person has.
pub(super) fn no_such_agent() -> HttpResponse {
    show(StatusCode::NOT_FOUND, "Not found", html! { p { "You have no such agent." } })
}

/// The operator has ended what the agent may do.
pub(super) fn ended_by_operator() -> HttpResponse {
    let text = "The operator of Bookmarket has ended what this agent may do for you.";
    show(StatusCode::FORBIDDEN, "Not let in", html! { p { (text) } })
}

/// People cannot sign in.
pub(super) fn no_sign_in(reason: &str) -> HttpResponse {
    let text = html! { p { "Nobody can sign in here yet. " (reason) } };
    show(StatusCode::SERVICE_UNAVAILABLE, "No sign-in", text)
}

/// The store does not answer.
pub(super) fn unavailable() -> HttpResponse {
    out_of_reach(html! { p { "The bookmarks are out of reach now; try again soon." } })
}

/// Something else does not answer.
pub(super) fn out_of_reach(text: Markup) -> HttpResponse {
    show(StatusCode::SERVICE_UNAVAILABLE, "Out of reach", text)
}

/// The store does not answer with what was done.
pub(super) fn no_activity() -> HttpResponse {
    let text = html! { p { "Your activity cannot be shown now; try again soon." } };
    show(StatusCode::SERVICE_UNAVAILABLE, "Out of reach", text)
}

/// An error of the sign-in, or of a session, in the design of the other pages. It is sent without
/// anything that is loaded.
pub fn error_page(page: &ErrorPage) -> String {
    Page::new(page.title).in_one_piece(html! {
        div.card.narrow {
            h1 { (page.title) }
            p { (page.text) }
            @if let Some((text, url)) = &page.link { p { a href=(url) { (text) } } }
        }
    })
}

fn show(status: StatusCode, title: &str, text: Markup) -> HttpResponse {
    Page::new(title).status(status).show(html! {
        div.card.narrow {
            h1 { (title) }
            (text)
            p { a href=(BOOKMARKS_PATH) { "Your bookmarks" } }
        }
    })
}
