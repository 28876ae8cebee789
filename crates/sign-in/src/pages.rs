//! What people are told where a sign-in does not come to its end.

use mcp_auth_core::{Rejection, session::ErrorPage};

use crate::authkit::AuthKitError;

const NOT_COMPLETED: &str = "The sign-in was not completed";

/// The issuer's answer belongs to no sign-in that began in this browser.
pub(crate) fn unknown_flow() -> ErrorPage {
    ErrorPage::new(
        400,
        NOT_COMPLETED,
        "It did not begin in this browser, was completed already, or took longer than 10 minutes.",
    )
}

/// The issuer refused, with this code. Its description is not shown: whoever makes a link to the
/// callback chooses it.
pub(crate) fn refused(code: &str) -> ErrorPage {
    let text = match code {
        "access_denied" => "It was canceled.",
        "invalid_grant" => "It was completed already, or took too long.",
        "login_required" => "Nobody is signed in there.",
        code if code.starts_with("invitation") => {
            "The invitation cannot be used: it has expired, was used already, or was withdrawn. Ask \
             for a new one."
        }
        "email_verification_required" => "Your email address has to be verified first.",
        "mfa_enrollment" | "mfa_challenge" => "A second factor is needed.",
        "organization_selection_required" => "An organization has to be chosen first.",
        "sso_required" | "organization_authentication_methods_required" => {
            "Your organization requires another way to sign in."
        }
        _ => "The identity provider has refused it.",
    };
    ErrorPage::new(400, NOT_COMPLETED, text)
}

/// The issuer, or something that the decision needs, does not answer.
pub(crate) fn unavailable() -> ErrorPage {
    ErrorPage::new(
        503,
        "Signing in is not possible now",
        "A service that is needed does not answer. Please try again in a minute.",
    )
}

/// The application is set up wrongly; its log says how.
pub(crate) fn misconfigured() -> ErrorPage {
    ErrorPage::new(
        500,
        "Signing in is not possible",
        "The application has to be set up differently. Its operator finds the reason in its log.",
    )
}

/// The person is who they say, and may not use the application.
pub(crate) fn not_admitted(rejection: &Rejection) -> ErrorPage {
    match rejection.status() {
        503 => unavailable(),
        401 => ErrorPage::new(
            403,
            "No access",
            "You have signed in, but your access to this application was withdrawn.",
        ),
        _ => ErrorPage::new(403, "No access", rejection.description()),
    }
}

/// A request that another site has caused.
pub(crate) fn cross_site() -> ErrorPage {
    ErrorPage::new(403, "Not done", "The request came from another site.")
}

/// Signing out needs the revocation log, which is out of reach.
pub(crate) fn still_signed_in() -> ErrorPage {
    ErrorPage::new(
        503,
        "You are still signed in",
        "Signing out is not possible now. Please try again in a minute.",
    )
}

/// What failed at the issuer.
pub(crate) fn of_authkit(error: &AuthKitError) -> ErrorPage {
    match error {
        AuthKitError::Refused(code) => refused(code),
        AuthKitError::KeyRefused => misconfigured(),
        AuthKitError::Unavailable(_) => unavailable(),
    }
}
