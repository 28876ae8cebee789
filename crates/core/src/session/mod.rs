//! Sessions of browsers: the other half of one login.
//!
//! A person signs in on a page, and an agent signs in for the same person. A [`SessionSource`] turns
//! a page's cookies into a [`SessionCredential`], from which
//! [`Authenticator::begin_session`](crate::Authenticator::begin_session) makes the same
//! [`Authenticated`](crate::Authenticated) as from a bearer token: the same user, permissions and
//! revocations.
//!
//! One thing differs. Revocations are compared with the time of sign-in, never with the `iat` of a
//! token that was refreshed since, so that refreshing does not revive a session that was revoked.

mod credential;
mod own_origin;
mod page;
mod refresh_lock;
mod source;

pub(crate) use credential::SessionStart;
pub use credential::{SessionCredential, SessionIdentity, SessionToken};
pub use own_origin::{is_own_path, is_same_origin};
pub use page::ErrorPage;
pub use refresh_lock::{RefreshClaim, RefreshLock};
pub use source::{LoadFuture, LoadedSession, SessionError, SessionSource, SetCookie};
