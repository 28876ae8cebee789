//! The `WWW-Authenticate` header that leads a client to a token (RFC 6750 §3, RFC 9728 §5.1).

use std::fmt::Write as _;

use crate::{metadata::resource::Resource, rejection::Rejection, scope::Scope};

/// Builds the value of `WWW-Authenticate` for one resource.
///
/// ```
/// use mcp_auth_core::{Challenge, Rejection, Resource};
///
/// let resource = Resource::parse("https://app.example.com/mcp").unwrap();
/// let challenge = Challenge::new(&resource, &[]);
/// assert_eq!(
///     challenge.for_rejection(&Rejection::MissingCredentials).unwrap(),
///     "Bearer resource_metadata=\
///      \"https://app.example.com/.well-known/oauth-protected-resource/mcp\""
/// );
/// ```
#[derive(Debug, Clone)]
pub struct Challenge {
    metadata_url: String,
    scope: String,
}

impl Challenge {
    /// The challenges of `resource`. `scopes` are what a client should ask for at its first
    /// sign-in: they stand in each 401 (R14), and are left out where there are none.
    pub fn new(resource: &Resource, scopes: &[Scope]) -> Self {
        Self { metadata_url: resource.metadata_url(), scope: joined(scopes) }
    }

    /// The same for another resource: one [below](Resource::below) the configured one.
    #[must_use]
    pub fn at(&self, resource: &Resource) -> Self {
        Self { metadata_url: resource.metadata_url(), scope: self.scope.clone() }
    }

    /// The header's value for a rejection; `None` where there is none to send: a plain 403 and a
    /// 503, which no new token would cure (R15).
    pub fn for_rejection(&self, rejection: &Rejection) -> Option<String> {
        let scope = match rejection {
            Rejection::MissingCredentials | Rejection::InvalidToken(_) => self.scope.clone(),
            Rejection::InsufficientScope { required } => joined(required),
            Rejection::MalformedRequest(_) => String::new(),
            Rejection::Forbidden(_)
            | Rejection::UnreadableMessage(_)
            | Rejection::ForeignSession
            | Rejection::UnknownResource { .. }
            | Rejection::Unavailable(_) => return None,
        };
        let mut value = Parameters::of_scheme("Bearer");
        if let Some(code) = rejection.error_code() {
            value.push("error", code);
            value.push("error_description", rejection.description());
        }
        if !scope.is_empty() {
            value.push("scope", &scope);
        }
        value.push("resource_metadata", &self.metadata_url);
        Some(value.0)
    }
}

fn joined(scopes: &[Scope]) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}

/// Comma-separated parameters, each a quoted string (RFC 9110 §11.2).
struct Parameters(String);

impl Parameters {
    fn of_scheme(scheme: &str) -> Self {
        Self(scheme.to_owned())
    }

    /// Adds `name="value"`. What may not stand in a value (OAuth 2.1 §5.3.1: %x20-21, %x23-5B,
    /// %x5D-7E) becomes a question mark, so that no value can end its string or its header.
    fn push(&mut self, name: &str, value: &str) {
        let separator = if self.0.contains('=') { "," } else { "" };
        let _ = write!(self.0, "{separator} {name}=\"");
        let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        self.0.extend(value.chars().map(|c| if allowed(c) { c } else { '?' }));
        self.0.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::{ForbiddenReason, RequestError, TokenError, UnavailableReason};

    fn challenge(scopes: &[&str]) -> Challenge {
        let scopes: Vec<Scope> = scopes.iter().map(|s| s.parse().unwrap()).collect();
        Challenge::new(&Resource::parse("https://h/mcp").unwrap(), &scopes)
    }

    #[test]
    fn r13_missing_token_has_no_error_code() {
        let value = challenge(&[]).for_rejection(&Rejection::MissingCredentials).unwrap();
        assert!(!value.contains("error"), "{value}");
    }

    #[test]
    fn r14_every_401_carries_resource_metadata_and_the_configured_scope() {
        let challenge = challenge(&["openid", "bookmarks:read"]);
        for rejection in [Rejection::MissingCredentials, TokenError::BadSignature.into()] {
            let value = challenge.for_rejection(&rejection).unwrap();
            assert!(
                value.contains(
                    "resource_metadata=\"https://h/.well-known/oauth-protected-resource/mcp\""
                ),
                "{value}"
            );
            assert!(value.contains("scope=\"openid bookmarks:read\""), "{value}");
        }
    }

    #[test]
    fn r12_parameters_are_separated_by_commas_and_quoted() {
        let value = challenge(&["openid"]).for_rejection(&TokenError::BadSignature.into());
        assert_eq!(
            value.unwrap(),
            "Bearer error=\"invalid_token\", \
             error_description=\"The access token's signature is not valid\", \
             scope=\"openid\", \
             resource_metadata=\"https://h/.well-known/oauth-protected-resource/mcp\""
        );
    }

    #[test]
    fn r12_no_value_can_leave_its_quotes() {
        let mut parameters = Parameters::of_scheme("Bearer");
        parameters.push("a", "x\"y\\z\r\n\u{7f}é");
        parameters.push("b", "c");
        assert_eq!(parameters.0, "Bearer a=\"x?y?z????\", b=\"c\"");
    }

    #[test]
    fn r15_insufficient_scope_names_everything_that_is_needed() {
        let required = vec!["a".parse().unwrap(), "b".parse().unwrap()];
        let value = challenge(&["openid"])
            .for_rejection(&Rejection::InsufficientScope { required })
            .unwrap();
        assert!(value.contains("error=\"insufficient_scope\""), "{value}");
        assert!(value.contains("scope=\"a b\"") && value.contains("resource_metadata="), "{value}");
    }

    #[test]
    fn r15_what_no_token_cures_is_not_challenged() {
        let keys = UnavailableReason::Keys { issuer: "https://i".into() };
        for rejection in [ForbiddenReason::UnknownUser.into(), keys.into()] {
            assert_eq!(challenge(&["openid"]).for_rejection(&rejection), None);
        }
        let malformed = RequestError::EmptyCredentials.into();
        let value = challenge(&["openid"]).for_rejection(&malformed).unwrap();
        assert!(value.contains("error=\"invalid_request\""), "{value}");
    }
}
