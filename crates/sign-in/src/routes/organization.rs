//! `POST /login/organization`: switches a session to another organization.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{is_own_form, parameter};
use crate::{
    answers::redirect,
    context::Context,
    cookies::headers,
    flow::own_path,
    log,
    outcome::Outcome,
    pages,
    refresh::Job,
    sessions::{Current, TOO_LONG},
};

/// How often a switch is tried where other requests renew the session at the same time.
const MAX_TRIES: usize = 3;

pub(super) async fn switch(
    sign_in: web::Data<Context>,
    request: HttpRequest,
    form: web::Bytes,
) -> HttpResponse {
    if !is_own_form(&request, &sign_in.origin) {
        sign_in.log_refused("cross_site");
        return sign_in.page_alone(pages::cross_site());
    }
    let organization = parameter(&form, "organization_id").unwrap_or_default();
    let return_to = parameter(&form, "return_to").unwrap_or_default();
    let return_to = own_path(&return_to);
    let sign_in_there =
        sign_in.login_url(&[("organization_id", &organization), ("return_to", return_to)]);
    let mut current = match sign_in.sessions.find(&headers(&request)).await {
        Ok(Some(current)) => current,
        Ok(None) => return redirect(&sign_in_there, []),
        Err(error) => {
            log::sign_in_unavailable(&error);
            return sign_in.page(pages::unavailable());
        }
    };
    for _ in 0..MAX_TRIES {
        let Current { key, session } = current;
        let job = Job { key, session, organization: Some(organization.clone()) };
        match sign_in.refresher.renew(job).await {
            (Outcome::Renewed(renewed), true) => {
                let cookie = sign_in.sessions.set_cookie(&renewed.key, &renewed.session);
                if cookie.is_none() {
                    log::session_not_stored(&TOO_LONG);
                }
                return redirect(return_to, cookie);
            }
            // Another request has renewed the session meanwhile, in the organization of before.
            (Outcome::Renewed(renewed), false) => {
                current = Current { key: renewed.key.clone(), session: renewed.session.clone() };
            }
            // The organization may ask for another way to sign in.
            (Outcome::Refused(_), _) => return redirect(&sign_in_there, []),
            (Outcome::Failed(_), _) => return sign_in.page(pages::unavailable()),
        }
    }
    sign_in.page(pages::unavailable())
}
