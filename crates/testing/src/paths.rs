//! The paths of the endpoints, which are AuthKit's.

pub(crate) const AUTHORIZE: &str = "/oauth2/authorize";
pub(crate) const SIGN_IN: &str = "/oauth2/authorize/sign-in";
pub(crate) const CONSENT: &str = "/oauth2/authorize/consent";
pub(crate) const TOKEN: &str = "/oauth2/token";
pub(crate) const REGISTER: &str = "/oauth2/register";
pub(crate) const JWKS: &str = "/oauth2/jwks";
pub(crate) const INTROSPECTION: &str = "/oauth2/introspection";
pub(crate) const USERINFO: &str = "/oauth2/userinfo";
pub(crate) const SESSION_JWKS: &str = "/sso/jwks";
