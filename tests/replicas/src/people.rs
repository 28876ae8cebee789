//! The people who use the replicas.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use actix_mcp_auth::testing::TestAuthority;

use crate::replica::Common;

/// How long tokens are valid: longer than the program runs.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A person and a token.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) subject: String,
    pub(crate) token: String,
}

/// A new person with a token.
pub(crate) fn new_caller(
    authority: &TestAuthority,
    common: &Common,
    count: &AtomicUsize,
) -> Caller {
    sign_in(authority, common, &format!("person_{}", count.fetch_add(1, Ordering::Relaxed)))
}

/// A token of this person that is issued now.
pub(crate) fn sign_in(authority: &TestAuthority, common: &Common, subject: &str) -> Caller {
    let audience = format!("{}/mcp/bookmarket", common.public_url);
    let token = authority.token().subject(subject).audience(audience).expires_in(LIFETIME).sign();
    Caller { subject: subject.to_owned(), token }
}
