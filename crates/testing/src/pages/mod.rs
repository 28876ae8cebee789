//! The pages: plain HTML without scripts, so that they work with a keyboard and in any browser.

mod escape;
mod layout;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use url::Url;

use crate::client::Origin;
use crate::grants::{Outcome, Transaction};
use crate::paths::{CONSENT, SESSION_SIGN_IN, SIGN_IN};
use crate::person::Person;
use crate::state::State;
use escape::{escape, initials, short};
use layout::Page;

/// The page that asks for the person, before a client is approved.
pub(crate) fn sign_in(state: &State, id: &str, transaction: &Transaction) -> HttpResponse {
    choose_person(state, id, transaction, SIGN_IN, "wants to connect.")
}

/// The page that asks for the person, when they sign in to the application itself.
pub(crate) fn sign_in_to_application(
    state: &State,
    id: &str,
    transaction: &Transaction,
) -> HttpResponse {
    choose_person(state, id, transaction, SESSION_SIGN_IN, "asks you to sign in.")
}

fn choose_person(
    state: &State,
    id: &str,
    transaction: &Transaction,
    action: &str,
    wish: &str,
) -> HttpResponse {
    let mut people = state.people();
    if let Some(hint) = &transaction.login_hint {
        // Stable: the person hinted at comes first, the others keep their order.
        people.sort_by_key(|p| p.id != *hint && p.email.as_ref() != Some(hint));
    }
    let choices: String = people.iter().map(person_button).collect();
    let body = format!(
        r#"<p class="lead"><strong>{client}</strong> {wish} Choose who you are.</p>
<form method="post" action="{action}">
<input type="hidden" name="transaction" value="{id}">
<ul class="people">{choices}</ul>
</form>
<p class="note">These are demo people. There is no password, and no account behind them.</p>"#,
        client = short(transaction.client.display_name()),
        id = escape(id),
    );
    Page::new("Sign in", &state.issuer).show(&body)
}

fn person_button(person: &Person) -> String {
    let detail = match &person.email {
        Some(email) if person.email_verified => escape(email),
        Some(email) => format!("{} <em>(not verified)</em>", escape(email)),
        None => escape(&person.id),
    };
    format!(
        r#"<li><button type="submit" name="person" value="{id}" class="person">
<span class="avatar" aria-hidden="true">{initials}</span>
<span class="who"><span class="name">{name}</span><span class="detail">{detail}</span></span>
<span class="arrow" aria-hidden="true">→</span></button></li>"#,
        id = escape(&person.id),
        initials = escape(&initials(&person.name)),
        name = short(&person.name),
    )
}

/// The consent page: the client, the scopes and the resource.
pub(crate) fn consent(
    state: &State,
    id: &str,
    transaction: &Transaction,
    person: &Person,
) -> HttpResponse {
    let client = &transaction.client;
    let resources: String = if transaction.resources.is_empty() {
        "<p>No particular resource: the token is for this environment as a whole.</p>".into()
    } else {
        let code = |r: &String| format!("<p><code>{}</code></p>", short(r));
        transaction.resources.iter().map(code).collect()
    };
    let scopes: String = transaction.scope.iter().map(|s| scope_item(s)).collect();
    let scopes = if scopes.is_empty() {
        "<p>Nothing but the connection itself.</p>".into()
    } else {
        format!("<ul class=\"scopes\">{scopes}</ul>")
    };
    let body = format!(
        r#"<p class="lead"><strong>{name}</strong> asks to act for you.</p>
<div class="signed-in"><span class="avatar" aria-hidden="true">{initials}</span>
<span class="who"><span class="name">{person}</span><span class="detail">{person_id}</span></span>
<a href="{SIGN_IN}?transaction={id}">Not you?</a></div>
<dl>
<dt>It wants to use</dt><dd>{resources}</dd>
<dt>With permission to</dt><dd>{scopes}</dd>
<dt>Who asks</dt><dd><p><code>{client_id}</code></p><p class="small">{origin}</p></dd>
<dt>The answer goes to</dt><dd><p><code>{target}</code></p></dd>
</dl>
<form method="post" action="{CONSENT}" class="decision">
<input type="hidden" name="transaction" value="{id}">
<button type="submit" name="decision" value="approve" class="primary">Approve</button>
<button type="submit" name="decision" value="deny" class="secondary">Deny</button>
</form>"#,
        name = short(client.display_name()),
        initials = escape(&initials(&person.name)),
        person = short(&person.name),
        person_id = escape(&person.id),
        id = escape(id),
        client_id = short(&client.id),
        origin = origin(client.origin),
        target = short(&target(&transaction.redirect_uri)),
    );
    Page::new("Approve access", &state.issuer).show(&body)
}

fn scope_item(scope: &str) -> String {
    let meaning = match scope {
        "openid" => "know who you are",
        "profile" => "see your name",
        "email" => "see your e-mail address",
        "offline_access" => "stay connected",
        _ => "use this scope of the application",
    };
    format!("<li><span>{meaning}</span> <code>{}</code></li>", short(scope))
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Configured => "Known to this authority from its start.",
        Origin::Registered => "It registered itself; its name is what it says of itself.",
        Origin::MetadataDocument => "Described by the document at this address.",
    }
}

/// Scheme and host of the redirect URI, which show who gets the answer.
fn target(redirect_uri: &str) -> String {
    match Url::parse(redirect_uri) {
        Ok(url) if url.scheme() == "https" || url.scheme() == "http" => {
            url.origin().ascii_serialization()
        }
        Ok(url) => format!("the application that opens {}: addresses", url.scheme()),
        Err(_) => redirect_uri.to_owned(),
    }
}

/// The page for a transaction that is decided already: after a second click, or after "back".
pub(crate) fn done(state: &State, transaction: &Transaction) -> HttpResponse {
    let (title, what) = match transaction.outcome {
        Some(Outcome::Denied) => ("Denied", "was refused"),
        _ => ("All done", "is connected"),
    };
    let body = format!(
        r#"<p class="lead"><strong>{client}</strong> {what}.</p>
<p>Your answer was passed on. You can close this window and go back to the application.</p>"#,
        client = short(transaction.client.display_name()),
    );
    Page::new(title, &state.issuer).show(&body)
}

/// The page after a sign-out that names no page to go to.
pub(crate) fn signed_out(issuer: &str) -> HttpResponse {
    let body = r#"<p class="lead">You are signed out.</p>
<p>You can close this window.</p>"#;
    Page::new("Signed out", issuer).show(body)
}

/// The error page for a request that must not be answered by a redirect.
pub(crate) fn error(issuer: &str, why: &str) -> HttpResponse {
    failure(StatusCode::BAD_REQUEST, issuer, why)
}

pub(crate) fn forbidden(issuer: &str, why: &str) -> HttpResponse {
    failure(StatusCode::FORBIDDEN, issuer, why)
}

fn failure(status: StatusCode, issuer: &str, why: &str) -> HttpResponse {
    let body = format!(
        r#"<p class="lead">This request cannot go on.</p>
<p class="problem" role="alert">{}</p>
<p>Nothing was sent to the application that brought you here. Close this window and start again
from there.</p>"#,
        escape(why)
    );
    Page::new("Something is wrong", issuer).status(status).show(&body)
}

/// The page at the issuer's own URL.
pub(crate) fn home(state: &State) -> HttpResponse {
    let people: String = state
        .people()
        .iter()
        .map(|p| {
            format!(
                r#"<li class="person"><span class="avatar" aria-hidden="true">{}</span>
<span class="who"><span class="name">{}</span><span class="detail">{}</span></span></li>"#,
                escape(&initials(&p.name)),
                short(&p.name),
                escape(&p.id)
            )
        })
        .collect();
    let body = format!(
        r#"<p class="lead">It runs. Connect an MCP client to your server, and its sign-in will
lead here.</p>
<dl>
<dt>Issuer</dt><dd><p><code>{issuer}</code></p></dd>
<dt>Documents</dt><dd>
<p><a href="/.well-known/oauth-authorization-server">Authorization server metadata</a></p>
<p><a href="/oauth2/jwks">Keys</a></p></dd>
</dl>
<h2>People who can sign in</h2>
<ul class="people">{people}</ul>"#,
        issuer = escape(&state.issuer),
    );
    Page::new("Test authority", &state.issuer).show(&body)
}
