//! Challenges for any resource, any scopes and any rejection.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use mcp_auth_core::{
    Challenge, Rejection, Resource, Scope, UnixTime,
    rejection::{ForbiddenReason, RequestError, TokenError, UnavailableReason},
};

use crate::auth_params;

/// The fuzzer's input.
#[derive(Debug, Arbitrary)]
struct Input<'d> {
    refusal: Refusal,
    /// Text from a request, for the rejections that contain some.
    text: &'d str,
    number: f64,
    resource: &'d str,
    /// Separated by spaces.
    scopes: &'d str,
    needed: &'d str,
}

#[derive(Debug, Arbitrary)]
enum Refusal {
    MissingCredentials,
    SeveralHeaders,
    EmptyCredentials,
    InsufficientScope,
    UnknownUser,
    Origin,
    Keys,
    Store,
    TimeLimit,
    Token(u8),
}

/// For every input, a parser that follows the grammar alone finds each parameter once and with the
/// intended value (R12 to R15).
pub fn check(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    let scopes = |list: &str| -> Vec<Scope> {
        list.split(' ').filter_map(|scope| scope.parse().ok()).collect()
    };
    let (asked, needed) = (scopes(input.scopes), scopes(input.needed));
    let resource = format!("https://{}", input.resource);
    // What the configuration rejects is left out; the rest of the input is used.
    let resource = Resource::parse(&resource).or_else(|_| Resource::parse("https://h/mcp"));
    let resource = resource.expect("the second is one");
    let rejection = rejection(&input, needed.clone());

    let header = Challenge::new(&resource, &asked).for_rejection(&rejection);
    let silent = matches!(rejection, Rejection::Forbidden(_) | Rejection::Unavailable(_));
    assert_eq!(header.is_none(), silent, "{rejection:?}");
    let Some(header) = header else { return };
    assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{header:?}");

    let read = auth_params::parse(header.as_bytes()).unwrap_or_else(|e| panic!("{e}: {header:?}"));
    assert_eq!(read.scheme, "Bearer");
    for (n, (name, value)) in read.parameters.iter().enumerate() {
        let again =
            read.parameters[n + 1..].iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        assert!(!again, "{name} occurs twice: {header:?}");
        assert!(!value.contains(['"', '\\']), "{header:?}");
    }
    let value = |name: &str| {
        read.parameters.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    };
    let names =
        |scopes: &[Scope]| scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let scope = match &rejection {
        Rejection::InsufficientScope { .. } => names(&needed),
        Rejection::MalformedRequest(_) => String::new(),
        _ => names(&asked),
    };
    assert_eq!(value("scope").unwrap_or_default(), scope, "{header:?}");
    assert_ne!(value("scope"), Some(""), "{header:?}");
    assert_eq!(value("resource_metadata"), Some(&*resource.metadata_url()), "{header:?}");
    let code = match &rejection {
        Rejection::MissingCredentials => None,
        Rejection::MalformedRequest(_) => Some("invalid_request"),
        Rejection::InsufficientScope { .. } => Some("insufficient_scope"),
        _ => Some("invalid_token"),
    };
    assert_eq!(value("error"), code, "{header:?}");
    assert_eq!(value("error_description").is_some(), code.is_some(), "{header:?}");
    // The challenge contains nothing of a token (R12).
    assert!(
        input.text.len() < 12
            || !is_foreign(input.text, &resource, &asked, &needed)
            || !header.contains(input.text),
        "{header:?}"
    );
}

/// Whether the text is not part of the configuration.
fn is_foreign(text: &str, resource: &Resource, asked: &[Scope], needed: &[Scope]) -> bool {
    let description = "The access token is of a kind that is not accepted".contains(text);
    let configured = format!("{} {asked:?} {needed:?}", resource.metadata_url());
    !description && !configured.contains(text)
}

fn rejection(input: &Input<'_>, required: Vec<Scope>) -> Rejection {
    let text = || input.text.to_owned();
    match input.refusal {
        Refusal::MissingCredentials => Rejection::MissingCredentials,
        Refusal::SeveralHeaders => RequestError::SeveralAuthorizationHeaders.into(),
        Refusal::EmptyCredentials => RequestError::EmptyCredentials.into(),
        Refusal::InsufficientScope => Rejection::InsufficientScope { required },
        Refusal::UnknownUser => ForbiddenReason::UnknownUser.into(),
        Refusal::Origin => ForbiddenReason::OriginNotAllowed { origin: text() }.into(),
        Refusal::Keys => UnavailableReason::Keys { issuer: text() }.into(),
        Refusal::Store => UnavailableReason::IdentityStore { error: text() }.into(),
        Refusal::TimeLimit => UnavailableReason::TimeLimit { limit: Duration::MAX }.into(),
        Refusal::Token(n) => token_error(n, input).into(),
    }
}

fn token_error(n: u8, input: &Input<'_>) -> TokenError {
    let text = || input.text.to_owned();
    let errors = [
        TokenError::TooLong,
        TokenError::Malformed,
        TokenError::MalformedHeader,
        TokenError::MalformedPayload { claim: Some("exp") },
        TokenError::UnacceptableAlgorithm,
        TokenError::UnsupportedExtension,
        TokenError::UnacceptableType,
        TokenError::IdToken,
        TokenError::MissingClaim("aud"),
        TokenError::UntrustedIssuer { found: text() },
        TokenError::UnknownKey,
        TokenError::BadSignature,
        TokenError::ForeignAudience { expected: vec![text()], found: vec![text(), text()] },
        TokenError::Expired { exp: input.number, now: UnixTime::from_secs(u64::MAX) },
        TokenError::NotYetValid,
        TokenError::IssuedInTheFuture,
        TokenError::UnacceptableSubject,
        TokenError::UnconfirmedBinding,
        TokenError::RefusedByIssuer,
        TokenError::Revoked,
        TokenError::MissingKeyId,
        TokenError::UnknownUser,
    ];
    errors[usize::from(n) % errors.len()].clone()
}
