//! The whole decision of core in process, without a socket and with a fixed clock.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_mcp_auth::{
    Issuer, Rejection, Resource, Subject, async_trait,
    keys::{Algorithm, RefreshSettings},
    operation::UnixTime,
    stores::{Profile, ProfileError},
};
use mcp_auth_core::{
    Authenticator, AwaitRefresh, FetchProfile, IncomingRequest, IssuerKeys, KeySet, ResourcePolicy,
    Secret,
    signature::{Josekit, SignatureBackend},
};

use crate::{answer::piece_of, server::RESOURCE};

/// Every signature backend, by its name.
pub fn backends() -> Vec<(&'static str, Box<dyn SignatureBackend>)> {
    vec![
        ("OpenSSL", Box::new(Josekit)),
        #[cfg(feature = "aws-lc-rs")]
        ("aws-lc-rs", Box::new(mcp_auth_core::signature::AwsLcRs)),
    ]
}

/// The library that `HOSTILE_BACKEND` names, as in [`builder_for`](crate::server::builder_for).
fn backend() -> Box<dyn SignatureBackend> {
    match std::env::var("HOSTILE_BACKEND").as_deref() {
        Err(_) | Ok("josekit") => Box::new(Josekit),
        #[cfg(feature = "aws-lc-rs")]
        Ok("aws-lc-rs") => Box::new(mcp_auth_core::signature::AwsLcRs),
        Ok(other) => panic!("HOSTILE_BACKEND={other} is not built in"),
    }
}

/// An authenticator that trusts one issuer, with a fixed key set.
pub struct Gate {
    authenticator: Authenticator,
    now: UnixTime,
}

impl Gate {
    /// Trusts `issuer` with the keys of this JWK set, for [`RESOURCE`], at `now`.
    ///
    /// # Errors
    /// Where the document is no usable key set.
    pub fn new(issuer: &str, jwks: &str, now: UnixTime) -> Result<Self, String> {
        let resource = Resource::parse(RESOURCE).unwrap();
        Self::with_policy(issuer, jwks, now, ResourcePolicy::new(resource))
    }

    /// The same with a policy of one's own.
    ///
    /// # Errors
    /// Where the document is no usable key set.
    pub fn with_policy(
        issuer: &str,
        jwks: &str,
        now: UnixTime,
        policy: ResourcePolicy,
    ) -> Result<Self, String> {
        let set = KeySet::parse(jwks.as_bytes(), Algorithm::ALL, &*backend());
        let keys = Arc::new(IssuerKeys::new(RefreshSettings::default(), now));
        keys.fetched(set.map_err(|error| error.to_string())?, None, now, 0.5);
        let mut authenticator = Authenticator::new(policy, Arc::new(NoProfiles)).unwrap();
        let issuer = Issuer::new(issuer).unwrap();
        authenticator.trust(issuer, keys, Arc::new(NoNewKeys)).unwrap();
        Ok(Self { authenticator, now })
    }

    /// Authenticates a request with a token. A token of an unknown key is an outage here, since no
    /// newer key set is fetched.
    ///
    /// # Errors
    /// The rejection.
    pub fn ask(&self, token: &str) -> Result<(), Rejection> {
        self.ask_with(&[format!("Bearer {token}").as_bytes()])
    }

    /// The same, and checks that no piece of the token is in the text for the log (R9).
    ///
    /// # Errors
    /// The rejection.
    ///
    /// # Panics
    /// If the text contains a piece of the token.
    pub fn ask_and_listen(&self, token: &str) -> Result<(), Rejection> {
        let outcome = self.ask(token);
        if let Err(rejection) = &outcome {
            let said = format!("{rejection} {rejection:?}");
            if let Some(piece) = piece_of(token.as_bytes(), &[said.as_bytes()]) {
                panic!("R9: {piece:?} of the token in {said:?}");
            }
        }
        outcome
    }

    /// Authenticates a request with these values of `Authorization`.
    ///
    /// # Errors
    /// The rejection.
    ///
    /// # Panics
    /// If the decision waits for something.
    pub fn ask_with(&self, authorization: &[&[u8]]) -> Result<(), Rejection> {
        let request = IncomingRequest::new(authorization.iter().copied());
        at_once(self.authenticator.authenticate(request, self.now)).map(|_| ())
    }
}

/// No fetch ever succeeds.
struct NoNewKeys;

#[async_trait]
impl AwaitRefresh for NoNewKeys {
    async fn refreshed(&self, _: u64, _: Duration) -> Duration {
        Duration::ZERO
    }
}

struct NoProfiles;

#[async_trait]
impl FetchProfile for NoProfiles {
    async fn fetch(&self, _: &Subject, _: &Secret) -> Result<Profile, ProfileError> {
        Err(ProfileError::NoProfile)
    }
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the decision waits for something"),
    }
}
