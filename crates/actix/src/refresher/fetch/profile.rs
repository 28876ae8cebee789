//! Asking about a person: the userinfo endpoint, or the WorkOS API.

use std::ops::ControlFlow::{Break, Continue};

use mcp_auth_core::{
    HttpRequest, Issuer, Profile, ProfileError, Secret, issuer::WorkosApi, metadata::metadata_urls,
};

use super::Fetcher;
use crate::{
    percent,
    refresher::{document::Answer, error::FetchError, origin},
};

const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;

impl Fetcher {
    /// A person's profile, from the issuer's userinfo endpoint or from the WorkOS API.
    pub(in crate::refresher) async fn profile(
        &self,
        issuer: &Issuer,
        sub: &str,
        token: &Secret,
    ) -> Result<Profile, ProfileError> {
        let answer = match issuer.workos_api() {
            Some(api) => self.workos_user(issuer, api, sub).await,
            None => self.userinfo(issuer, sub, token).await,
        };
        answer.map_err(|error| match (&error, issuer.workos_api()) {
            (FetchError::Status { status: UNAUTHORIZED, .. }, None) => ProfileError::TokenRefused,
            (FetchError::Status { status: FORBIDDEN, .. }, None)
            | (FetchError::Status { status: NOT_FOUND, .. }, _) => ProfileError::NoProfile,
            _ => ProfileError::Unavailable(error.to_string()),
        })
    }

    async fn workos_user(
        &self,
        issuer: &Issuer,
        api: &WorkosApi,
        sub: &str,
    ) -> Result<Profile, FetchError> {
        let uri = format!("{}/user_management/users/{}", api.url, path_segment(sub));
        let answer = self.get_as(issuer, &uri, &api.key).await?;
        Profile::from_workos_user(answer.document(), sub)
            .map_err(|error| FetchError::Profile { uri, error })
    }

    async fn userinfo(
        &self,
        issuer: &Issuer,
        sub: &str,
        token: &Secret,
    ) -> Result<Profile, FetchError> {
        let uri = match issuer.configured_userinfo_endpoint() {
            Some(uri) => uri.to_owned(),
            None => self.discover_userinfo_endpoint(issuer).await?,
        };
        let outcome = self.get_as(issuer, &uri, token).await;
        if outcome.as_ref().is_err_and(may_have_moved) {
            self.userinfo.borrow_mut().remove(issuer.name());
        }
        Profile::from_userinfo(outcome?.document(), sub)
            .map_err(|error| FetchError::Profile { uri, error })
    }

    /// From the first document that names it: AuthKit's RFC 8414 document does not, its OpenID one
    /// does. The token is sent to the issuer's own origin only: metadata that was tampered with,
    /// or that is wrong, must not collect the tokens of all newcomers.
    async fn discover_userinfo_endpoint(&self, issuer: &Issuer) -> Result<String, FetchError> {
        if let Some(known) = self.userinfo.borrow().get(issuer.name()) {
            return Ok(known.clone());
        }
        let urls = metadata_urls(issuer.name());
        let endpoint = self.walk_metadata(issuer, urls, |url, found| match found {
            Ok((metadata, _)) => match metadata.userinfo_endpoint() {
                Some(endpoint) => Break(own(issuer, endpoint)),
                None => Continue(FetchError::NoUserinfo { uri: url.to_owned() }),
            },
            Err(error) => Continue(error),
        });
        let endpoint = endpoint.await?;
        self.userinfo.borrow_mut().insert(issuer.name().to_owned(), endpoint.clone());
        Ok(endpoint)
    }

    async fn get_as(
        &self,
        issuer: &Issuer,
        uri: &str,
        bearer: &Secret,
    ) -> Result<Answer, FetchError> {
        // At any address: configured URLs, and such on the issuer's own host.
        self.fetch(issuer, HttpRequest::get(uri).bearer(bearer)).await
    }
}

/// Whether the endpoint may be at another URL now, so that the metadata is read again. An endpoint
/// that judges the token is where it was: refused tokens cause no further requests.
fn may_have_moved(error: &FetchError) -> bool {
    !matches!(error, FetchError::Status { status: UNAUTHORIZED | FORBIDDEN, .. })
}

/// The endpoint, where it is on the issuer's own origin.
fn own(issuer: &Issuer, endpoint: &str) -> Result<String, FetchError> {
    match origin::same_origin(endpoint, issuer.name()) {
        true => Ok(endpoint.to_owned()),
        false => Err(FetchError::ForeignUserinfo { uri: endpoint.to_owned() }),
    }
}

/// A subject as one segment of a path, whatever is in it (RFC 3986 §3.3).
fn path_segment(text: &str) -> String {
    percent::encode(text, b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_stays_one_segment_of_the_path() {
        assert_eq!(path_segment("user_1"), "user_1");
        assert_eq!(path_segment("../a?b#c%/ü"), "..%2Fa%3Fb%23c%25%2F%C3%BC");
    }
}
