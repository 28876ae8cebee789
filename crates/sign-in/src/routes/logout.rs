//! `POST /logout`: ends the session here, in the revocation log, and at the issuer.

use actix_web::{HttpRequest, HttpResponse, web};
use mcp_auth_core::Revoked;

use super::is_own_form;
use crate::{answers::redirect, context::Context, cookies::headers, log, pages, sessions::Current};

pub(super) async fn logout(sign_in: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    if !is_own_form(&request, &sign_in.origin) {
        sign_in.log_refused("cross_site");
        return sign_in.page_alone(pages::cross_site());
    }
    let Current { key, session } = match sign_in.sessions.find(&headers(&request)).await {
        Ok(Some(current)) => current,
        Ok(None) => return redirect(&sign_in.home, [sign_in.sessions.removal()]),
        Err(error) => {
            log::sign_out_failed(&error);
            return sign_in.page_alone(pages::still_signed_in());
        }
    };
    let ended = Revoked::session(session.sid.as_str())
        .of_issuer(sign_in.sessions.issuer.as_ref())
        .because("signed out in the browser");
    if let Err(error) = sign_in.handle.revocations().revoke(ended, sign_in.now()).await {
        log::sign_out_failed(&error);
        return sign_in.page_alone(pages::still_signed_in());
    }
    sign_in.sessions.delete(&key).await;
    log::signed_out();
    let issuer = sign_in.authkit.logout_url(&session.sid, &sign_in.home);
    redirect(&issuer, [sign_in.sessions.removal()])
}
