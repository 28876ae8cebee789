//! Part of actix-mcp-auth; use its feature `testing`.
//!
//! [`TestAuthority`] is an OAuth 2.1 authorization server that runs inside your test or your
//! development server. To an MCP client it looks like WorkOS AuthKit: the same paths, the same
//! tokens, a page to sign in and one to approve. A test calls its methods: to sign any valid or
//! invalid token, to rotate its keys, to stop and restart it, and to inject faults.
//!
//! It needs no network beyond loopback, no configuration and no runtime. It stops when its last
//! handle is dropped. **It is not for production:** everybody who can reach it can sign in as
//! anybody. That is why it listens on loopback only, accepts loopback names only, and shows a
//! warning on every page.
//!
//! # A test that sends a token
//!
//! ```
//! use std::time::Duration;
//! use mcp_auth_testing::TestAuthority;
//!
//! const RESOURCE: &str = "https://app.example.com/mcp";
//!
//! # fn main() -> Result<(), mcp_auth_testing::StartError> {
//! let authority = TestAuthority::start()?;
//! // … point the application at `authority.issuer()` …
//!
//! let good = authority.person_token("user_ada", RESOURCE);
//! let foreign = authority.token().audience("https://other.example.com").sign();
//! let expired = authority
//!     .token()
//!     .audience(RESOURCE)
//!     .expired_for(Duration::from_secs(60))
//!     .sign();
//! let forged = authority.token().audience(RESOURCE).signed_by_stranger().sign();
//! // … `good` is let in; the others get 401 …
//! # let _ = (good, foreign, expired, forged);
//! # Ok(())
//! # }
//! ```
//!
//! # A development server
//!
//! With [`persist`](TestAuthorityBuilder::persist) the authority keeps its keys, clients, consents and
//! refresh tokens in a file, so that clients go on after a restart.
//!
//! # Unit tests
//!
//! [`authority`] is one for the whole process. [`bearer`] makes the `Authorization` header of a
//! person, and [`mcp_call`] the request that calls a tool.
//!
//! # Rotating keys
//!
//! ```
//! use mcp_auth_testing::{Algorithm, TestAuthority};
//!
//! # fn main() -> Result<(), mcp_auth_testing::StartError> {
//! let authority = TestAuthority::start()?;
//! let before = authority.person_token("user_ada", "https://app.example.com/mcp");
//!
//! let old = authority.keys().current();
//! authority.keys().add(Algorithm::Rs256);
//! let after = authority.person_token("user_ada", "https://app.example.com/mcp");
//! // … both are good: the application fetches the new key when it first meets it …
//!
//! authority.keys().withdraw(&old);
//! // … and refuses `before` from its next refresh on …
//! let fetches = authority.requests("/oauth2/jwks");
//! # let _ = (before, after, fetches);
//! # Ok(())
//! # }
//! ```
//!
//! # Opaque tokens
//!
//! With [`opaque_tokens`](TestAuthorityBuilder::opaque_tokens) clients get random texts as access
//! tokens; [`TestAuthority::opaque_token`] makes one of any claims. `/oauth2/introspection`
//! (RFC 7662) tells their claims to clients that authenticate by a secret or by a key.
//!
//! ```
//! use mcp_auth_testing::{Algorithm, Client, Key, TestAuthority};
//!
//! # fn main() -> Result<(), mcp_auth_testing::StartError> {
//! let key = Key::stranger(Algorithm::Es256);
//! let authority = TestAuthority::builder()
//!     .opaque_tokens()
//!     .client(Client::with_key("resource-1", &key)) // private_key_jwt, by key.private_pem()
//!     .start()?;
//! let token = authority.opaque_token(authority.token().audience("https://app.example.com/mcp"));
//! assert!(token.starts_with("oat_"));
//! authority.revoke(&token); // introspection answers `{"active": false}`
//! # Ok(())
//! # }
//! ```
//!
//! # An outage
//!
//! ```
//! use std::time::Duration;
//! use mcp_auth_testing::{Endpoint, Fault, TestAuthority};
//!
//! # fn main() -> Result<(), mcp_auth_testing::StartError> {
//! let authority = TestAuthority::start()?;
//!
//! authority.go_down(); // connections are refused
//! // … tokens whose key is known are still good; others get 503, not 401 …
//! authority.come_up()?; // on the same port
//!
//! authority.inject(Endpoint::Jwks, Fault::Html); // 200, but no key set
//! authority.slow_down(Endpoint::Metadata, Duration::from_secs(3));
//! authority.clear_faults();
//!
//! authority.advance_clock(Duration::from_secs(300)); // what was issued has expired
//! # Ok(())
//! # }
//! ```
//!
//! # Signing in
//!
//! It supports the whole flow of AuthKit: metadata at
//! `/.well-known/oauth-authorization-server`, registration (RFC 7591) or a Client ID Metadata
//! Document, the code flow with PKCE S256, `resource` (RFC 8707) into `aud`, `iss` in the answer
//! (RFC 9207), rotating refresh tokens if the scope `offline_access` was granted, machines by
//! `client_credentials`, userinfo and introspection.
//!
//! A test can submit the forms; the names of their fields are stable. `GET /oauth2/authorize` shows
//! the people as submit buttons `person`; the page after that has the submit buttons `decision`
//! with the values `approve` and `deny`. Submit a form's hidden fields with it. To show no page at
//! all, call [`TestAuthorityBuilder::auto_approve`].
//!
//! # WorkOS's API
//!
//! With [`workos_api_key`](TestAuthorityBuilder::workos_api_key) it serves the parts of WorkOS's API
//! that end access, beside its OAuth endpoints and under the same URL: `GET /events`, the resource
//! indicators at `/user_management/authkit_oauth_resources`, `/webhook_endpoints`, and
//! `/user_management/users/{id}` with the person's `authorized_applications` and `sessions`. Keys
//! are checked, and errors have WorkOS's form. Webhooks are made by [`WorkOsEvent::webhook`], for a
//! test to send.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use mcp_auth_testing::{TestAuthority, WorkOsEvent};
//!
//! # fn main() -> Result<(), mcp_auth_testing::StartError> {
//! let authority = TestAuthority::builder().workos_api_key("sk_test_1").start()?;
//! // … point the application at `authority.issuer()` as WorkOS's API …
//!
//! let deleted = authority.emit_event(WorkOsEvent::user_deleted("user_ada")); // in GET /events
//! let webhook = deleted.webhook("the endpoint's secret");
//! let late = webhook.clone().signed_at(SystemTime::now() - Duration::from_secs(181));
//!
//! authority.limit_api(1); // one 429, with `Retry-After`
//! authority.forget_events(); // the cursor is lost
//! # let _ = late;
//! # Ok(())
//! # }
//! ```
//!
//! # Sign-in with a browser
//!
//! With the API key it also serves WorkOS's User Management, by which a person signs in to the
//! application itself: `GET /user_management/authorize` shows the page with the submit buttons
//! `person` and redirects with `code` and `state`; there is no page to approve.
//! `POST /user_management/authenticate` takes the code, and later the refresh token, with the API
//! key as `client_secret`. Its access tokens are session tokens. A refresh token works once: a
//! second use ends the session. `GET /user_management/sessions/logout`,
//! `POST /user_management/sessions/revoke` and [`TestAuthority::end_session`] end a session and
//! store the event `session.revoked`; `GET /user_management/users/{id}/sessions` lists them.
//!
//! ```
//! use std::time::Duration;
//! use mcp_auth_testing::{Endpoint, Fault, Person, TestAuthority};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), mcp_auth_testing::StartError> {
//! let ada = Person::new("user_ada", "Ada Lovelace")
//!     .email("ada@example.com")
//!     .org("org_engines")
//!     .also_in("org_poets", "reader", ["poems:read"]); // can switch to it
//! let authority = TestAuthority::builder()
//!     .workos_api_key("sk_test_1")
//!     .local_session_issuer() // `iss` of session tokens is this authority
//!     .session_token_lifetime(Duration::from_secs(6))
//!     .redirect_uri("http://127.0.0.1/callback")
//!     .person(ada)
//!     .auto_approve("user_ada") // no page
//!     .start()?;
//! // … point the application at `authority.issuer()` as WorkOS's API, with
//! // `authority.client_id()`, and let 20 requests meet an expired token …
//! let refreshes = authority.refreshes(); // … 1 …
//!
//! let authenticate = Endpoint::Path("/user_management/authenticate".into());
//! authority.inject(authenticate.clone(), Fault::Unavailable);
//! authority.inject(authenticate, Fault::json(403, json!({ "code": "sso_required" })));
//! authority.clear_faults();
//!
//! let session = authority.sign_in_session("user_ada"); // tokens without a browser
//! authority.end_session(&session.id);
//! # let _ = refreshes;
//! # Ok(())
//! # }
//! ```
//!
//! # Where it differs from WorkOS
//!
//! - Registration and Client ID Metadata Documents are always on; at WorkOS they are switches in
//!   the dashboard. A document is fetched anew for each sign-in, without redirects, up to 5 KiB
//!   and within 5 seconds. http is accepted on loopback. On this machine a document is fetched from
//!   the authority's own port only, and from those that
//!   [`metadata_document_port`](TestAuthorityBuilder::metadata_document_port) names: a web page can
//!   choose the URL, and must not cause requests to other programs on this machine.
//! - Every `resource` is known, unless
//!   [`resource`](TestAuthorityBuilder::resource) or
//!   [`ignore_resources`](TestAuthorityBuilder::ignore_resources) says otherwise.
//! - More scopes than AuthKit's four can be granted: [`TestAuthorityBuilder::scope`].
//! - Its API has no organizations, memberships and roles; events about them are those that the test
//!   emits. Deleting a person through it is the only call that emits one.
//! - It has no browser session: every authorization request asks for the person.
//! - A sign-in with a browser needs PKCE, also from a client with a secret, and `provider=authkit`.
//!   Hints such as `screen_hint` and `max_age` are checked for form and change nothing, and an
//!   invitation is not looked at. Unless [`redirect_uri`](TestAuthorityBuilder::redirect_uri) names
//!   one, every https redirect URI is taken.
//! - Who is in several organizations is signed in to [`Person::org`] unless the request names
//!   another one; WorkOS lets them choose. For an organization that the person is not in, the code
//!   `organization_membership_not_found` is an assumption: WorkOS documents none for refreshing.
//! - A refresh token that is used again ends the session at once, and so does a code. WorkOS may
//!   accept two refreshes at the same time.
//!
//! # Independence
//!
//! Tokens are signed with OpenSSL directly and without any code of the verifier in
//! `mcp-auth-core`. Otherwise the same mistake on both sides would not be found.

#![forbid(unsafe_code)]

mod algorithm;
mod authority;
mod builder;
mod client;
mod clock;
mod endpoints;
mod fault;
mod grants;
mod issued;
mod key;
mod keys;
mod lock;
mod middleware;
mod oauth_error;
mod opaque;
mod pages;
mod parameters;
mod paths;
mod person;
mod random;
mod redirect_scheme;
mod redirect_uri;
mod server;
mod session_tokens;
mod start_error;
mod state;
mod state_file;
mod stored;
mod token;
mod token_presets;
mod unit_tests;
mod workos;

pub use algorithm::Algorithm;
pub use authority::{BrowserSession, TestAuthority};
pub use builder::TestAuthorityBuilder;
pub use client::Client;
pub use fault::{Endpoint, Fault};
pub use key::Key;
pub use keys::Keys;
pub use person::Person;
pub use start_error::StartError;
pub use token::TokenBuilder;
pub use unit_tests::{authority, bearer, mcp_call};
pub use workos::{SignedWebhook, WorkOsEvent};
