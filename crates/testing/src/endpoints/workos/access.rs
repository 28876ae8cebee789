//! Who may call the API: the key is checked, then the rate limit that the test set.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::error::ApiError;
use crate::state::State;

/// The state, for a call with the right key.
pub(super) struct ApiCall(Arc<State>);

impl Deref for ApiCall {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl FromRequest for ApiCall {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(admit(request))
    }
}

fn admit(request: &HttpRequest) -> Result<ApiCall, ApiError> {
    let state = request.app_data::<Data<State>>().ok_or_else(ApiError::unauthorized)?;
    let sent = request.headers().get(header::AUTHORIZATION);
    let sent = sent.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if sent.is_none() || sent != state.workos.api_key.as_deref() {
        return Err(ApiError::unauthorized());
    }
    if state.workos.takes_limited_call() {
        return Err(ApiError::too_many_requests());
    }
    Ok(ApiCall(Arc::clone(state)))
}
