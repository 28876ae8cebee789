//! The paths of the endpoints, which are AuthKit's, and those of WorkOS's API.

pub(crate) const AUTHORIZE: &str = "/oauth2/authorize";
pub(crate) const SIGN_IN: &str = "/oauth2/authorize/sign-in";
pub(crate) const CONSENT: &str = "/oauth2/authorize/consent";
pub(crate) const TOKEN: &str = "/oauth2/token";
pub(crate) const REGISTER: &str = "/oauth2/register";
pub(crate) const JWKS: &str = "/oauth2/jwks";
pub(crate) const INTROSPECTION: &str = "/oauth2/introspection";
pub(crate) const USERINFO: &str = "/oauth2/userinfo";
pub(crate) const SESSION_JWKS: &str = "/sso/jwks";

pub(crate) const EVENTS: &str = "/events";
pub(crate) const WEBHOOK_ENDPOINTS: &str = "/webhook_endpoints";
pub(crate) const OAUTH_RESOURCES: &str = "/user_management/authkit_oauth_resources";
pub(crate) const SESSION_AUTHORIZE: &str = "/user_management/authorize";
pub(crate) const SESSION_SIGN_IN: &str = "/user_management/authorize/sign-in";
pub(crate) const AUTHENTICATE: &str = "/user_management/authenticate";
pub(crate) const SESSION_LOGOUT: &str = "/user_management/sessions/logout";
pub(crate) const SESSION_REVOKE: &str = "/user_management/sessions/revoke";
pub(crate) const USERS: &str = "/user_management/users";
