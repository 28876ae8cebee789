//! `GET /login`: begins a sign-in.

use actix_web::{HttpRequest, HttpResponse, web};

use super::parameter;
use crate::{answers::redirect, context::Context, cookies::headers, flow::Flow, log, pages};

/// The parameters that are passed on to AuthKit, and the longest value.
const PASSED_ON: [&str; 5] =
    ["organization_id", "login_hint", "screen_hint", "max_age", "invitation_token"];
const MAX_VALUE: usize = 320;

pub(super) async fn login(sign_in: web::Data<Context>, request: HttpRequest) -> HttpResponse {
    let query = request.query_string().as_bytes();
    let return_to = parameter(query, "return_to").unwrap_or_default();
    let Some(flow) = Flow::begin(&return_to, sign_in.now()) else {
        log::sign_in_unavailable(&"the operating system gives no random bytes");
        return sign_in.page(pages::unavailable());
    };
    let further: Vec<(&str, String)> = PASSED_ON
        .into_iter()
        .filter_map(|name| Some((name, parameter(query, name)?)))
        .filter(|(name, value)| is_allowed(name, value))
        .collect();
    let further: Vec<(&str, &str)> = further.iter().map(|(name, it)| (*name, &**it)).collect();
    let cookies = flow.set_cookies(&sign_in.cookies, &headers(&request));
    redirect(&sign_in.authkit.authorize_url(&flow, &further), cookies)
}

fn is_allowed(name: &str, value: &str) -> bool {
    match name {
        "screen_hint" => value == "sign-in" || value == "sign-up",
        "max_age" => value.len() < 10 && value.parse::<u32>().is_ok(),
        _ => !value.is_empty() && value.len() <= MAX_VALUE,
    }
}
