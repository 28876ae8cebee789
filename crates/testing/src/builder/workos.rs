//! Settings of WorkOS's API.

use super::TestAuthorityBuilder;

/// # WorkOS's API
impl TestAuthorityBuilder {
    /// Serves WorkOS's API beside the OAuth endpoints, under the authority's own URL, to callers
    /// that send `Authorization: Bearer` with this key (`sk_test_…`). Default: without a key the
    /// API's paths answer 404.
    pub fn workos_api_key(mut self, key: impl Into<String>) -> Self {
        self.workos_api_key = Some(key.into());
        self
    }

    /// The token endpoint answers `invalid_target` for a resource that is not registered at
    /// `/user_management/authkit_oauth_resources`, as soon as one is registered. Default: it
    /// accepts them.
    ///
    /// `/oauth2/authorize` accepts every resource; [`resource`](Self::resource) is for a known set
    /// that does not change.
    pub fn registered_resources_only(mut self) -> Self {
        self.registered_resources_only = true;
        self
    }
}
