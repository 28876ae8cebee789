//! What the decision reads of a request.

use std::fmt;

use crate::{metadata::resource::Resource, permission::Need};

/// What the decision reads of a request. Adapters for a web framework create it.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct IncomingRequest<'r> {
    authorization: [Option<&'r [u8]>; 2],
    needs: &'r [&'static Need],
    resource: Option<&'r Resource>,
}

impl<'r> IncomingRequest<'r> {
    /// A request with these values of `Authorization` headers, which must be all of them.
    #[inline]
    pub fn new(authorization: impl IntoIterator<Item = &'r [u8]>) -> Self {
        let mut values = authorization.into_iter();
        // A request with two is rejected, so a third makes no difference.
        Self { authorization: [values.next(), values.next()], needs: &[], resource: None }
    }

    /// What the operation needs, besides what every request needs. Default: nothing.
    #[must_use]
    pub fn needing(mut self, needs: &'r [&'static Need]) -> Self {
        self.needs = needs;
        self
    }

    /// The resource that the request is for, where it is
    /// [below](super::ResourcePolicy::resources_below) the configured one. Default: the configured one.
    #[must_use]
    pub fn at(mut self, resource: Option<&'r Resource>) -> Self {
        self.resource = resource;
        self
    }

    pub(super) fn resource(&self) -> Option<&'r Resource> {
        self.resource
    }

    pub(super) fn needs(&self) -> &'r [&'static Need] {
        self.needs
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &'r [u8]> {
        self.authorization.into_iter().flatten()
    }
}

impl fmt::Debug for IncomingRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IncomingRequest({} Authorization headers)", self.values().count())
    }
}
