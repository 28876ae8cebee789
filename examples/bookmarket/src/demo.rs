//! Signing in without an account at WorkOS, for trying Bookmarket out.

use std::{net::SocketAddr, time::Duration};

use actix_mcp_auth::{
    ConfigError,
    testing::{self, Person, TestAuthority},
};

use crate::{
    auth,
    settings::{DEMO_APPROVE, Grants},
    start::StartError,
};

/// How the demo authority behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demo {
    /// Whom it signs in without showing a page, for scripted tests.
    pub approve: Option<String>,
    /// How long its tokens are good, where not for its own default.
    pub token_lifetime: Option<Duration>,
    /// Whether it grants Bookmarket's permissions by scope, or Bookmarket does without it.
    pub grants: Grants,
}

impl Demo {
    /// The one of the demo people who may look and not touch.
    pub const READER: &str = "user_katherine";

    fn people() -> [Person; 4] {
        [
            Person::new("user_ada", "Ada Lovelace").email("ada@example.com"),
            Person::new("user_alan", "Alan Turing").email("alan@example.com"),
            Person::new("user_grace", "Grace Hopper").email("grace@example.com").verified(false),
            Person::new(Self::READER, "Katherine Johnson (may only read)")
                .email("katherine@example.com"),
        ]
    }

    /// Starts an authorization server with made-up people on the port after Bookmarket's own, or
    /// on any free one where Bookmarket asked for any as well.
    ///
    /// # Errors
    /// The port is taken, or nobody has the id that should be approved.
    pub fn start(&self, bookmarket: SocketAddr) -> Result<TestAuthority, StartError> {
        let port = match bookmarket.port() {
            0 | u16::MAX => 0,
            port => port + 1,
        };
        let mut authority = TestAuthority::builder().address(bookmarket.ip()).port(port);
        for person in Self::people() {
            // Whoever may only read does so by Bookmarket's own list.
            if self.grants == Grants::Own || person.id != Self::READER {
                authority = authority.person(person);
            }
        }
        authority = match self.grants {
            // Some clients never ask for `offline_access`; nobody likes to sign in every five minutes.
            Grants::Own => authority.always_refresh(),
            // Who was given a refresh token unasked may use that where a new scope is wanted, which
            // no refresh brings (RFC 6749 §6).
            Grants::Scopes => {
                auth::SCOPES.iter().fold(authority, |authority, scope| authority.scope(*scope))
            }
        };
        if let Some(person) = &self.approve {
            authority = authority.auto_approve(person);
        }
        if let Some(lifetime) = self.token_lifetime {
            authority = authority.token_lifetime(lifetime);
        }
        authority.start().map_err(|error| match error {
            testing::StartError::UnknownPerson(id) => {
                let expected = "must be the id of one of the demo people";
                ConfigError::invalid(DEMO_APPROVE, id, expected, "user_ada").into()
            }
            error => StartError::Demo(error),
        })
    }
}
