//! `GET /callback`: completes a sign-in (RFC 6749 §4.1.2).

use actix_web::{HttpRequest, HttpResponse, web};
use mcp_auth_core::{Rejection, Step};

use super::{is_repeated, parameter};
use crate::{
    answers::{redirect, with_cookies},
    authkit::AuthKitError,
    context::Context,
    cookies::headers,
    flow::Flow,
    log, pages,
    sessions::{CreateError, TOO_LONG},
    stored::StoredSession,
};

pub(super) async fn callback(sign_in: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let query = request.query_string().as_bytes();
    // Whoever reads the other value would decide about another answer.
    if ["state", "code", "error"].iter().any(|name| is_repeated(query, name)) {
        sign_in.log_refused("repeated_parameter");
        return sign_in.page(pages::unknown_flow());
    }
    let state = parameter(query, "state").unwrap_or_default();
    let cookies = headers(&request);
    let (flow, removal) = match Flow::end(&sign_in.cookies, &cookies, &state, sign_in.now()) {
        Ok(found) => found,
        Err(why) => {
            sign_in.log_refused(why.name());
            return sign_in.page(pages::unknown_flow());
        }
    };
    // Only a browser in which the sign-in began reaches what follows.
    let return_to = [("return_to", flow.return_to.as_str())];
    if let Some(error) = parameter(query, "error") {
        sign_in.log_refused(&error);
        let page = sign_in.page_with(pages::refused(&error), &return_to);
        return with_cookies(page, [removal]);
    }
    let Some(code) = parameter(query, "code").filter(|code| !code.is_empty()) else {
        sign_in.log_refused("no_code");
        return with_cookies(sign_in.page_with(pages::unknown_flow(), &return_to), [removal]);
    };
    if !sign_in.completed.is_first(&flow.state, sign_in.now()) {
        sign_in.log_refused("repeated_answer");
        return with_cookies(sign_in.page_with(pages::unknown_flow(), &return_to), [removal]);
    }
    match complete(&sign_in, &flow, &code, &cookies).await {
        Ok(cookie) => redirect(&flow.return_to, [removal, cookie]),
        Err(page) => with_cookies(page, [removal]),
    }
}

/// The `Set-Cookie` value of the new session, or the page that says why there is none.
async fn complete(
    sign_in: &Context,
    flow: &Flow,
    code: &str,
    cookies: &[&[u8]],
) -> Result<String, HttpResponse> {
    let return_to = [("return_to", flow.return_to.as_str())];
    let again = |page| sign_in.page_with(page, &return_to);
    let tokens = sign_in.authkit.exchange(code, flow).await.map_err(|error| {
        match &error {
            AuthKitError::Refused(code) => sign_in.log_refused(code),
            _ => log::sign_in_unavailable(&error),
        }
        again(pages::of_authkit(&error))
    })?;
    let session =
        StoredSession::new(tokens.access, tokens.refresh, sign_in.now()).ok_or_else(|| {
            log::sign_in_unavailable(
                &"the access token has no exp or no sid: is a JWT template wrong?",
            );
            again(pages::misconfigured())
        })?;
    admit(sign_in, &session).await.map_err(|rejection| {
        sign_in.log_refused(rejection.reason());
        // Somebody else can sign in, and the same person is asked again.
        let login = [("return_to", flow.return_to.as_str()), ("max_age", "0")];
        sign_in.page_with(pages::not_admitted(&rejection), &login)
    })?;
    let cookie = sign_in.sessions.create(&session).await.map_err(|error| match error {
        CreateError::Store(error) => {
            log::sign_in_unavailable(&error);
            again(pages::unavailable())
        }
        CreateError::TooLong => {
            log::sign_in_unavailable(&TOO_LONG);
            again(pages::misconfigured())
        }
    })?;
    // The session that this browser had before is not the one that goes on (session fixation).
    if let Ok(Some(before)) = sign_in.sessions.find(cookies).await {
        sign_in.sessions.delete(&before.key).await;
    }
    log::signed_in();
    Ok(cookie)
}

/// The same decision as about a request with this session: token, revocations, user.
async fn admit(sign_in: &Context, session: &StoredSession) -> Result<(), Rejection> {
    let authenticator = sign_in.handle.authenticator();
    let now = sign_in.now();
    match authenticator.begin_session(session.credential().into(), &[], now, &mut None)? {
        Step::Done(_) => Ok(()),
        Step::Waiting(waiting) => authenticator.finish(waiting, &[], now).await.map(|_| ()),
    }
}
