//! The part of [`Authentication`] for the audit log.

use actix_web::dev::ServiceRequest;
use mcp_auth_core::{Authenticated, Principal, Rejection, rejection::TokenError};

use super::authentication::{Audited, Authentication};
use crate::audit::OpenCall;

impl Authentication {
    /// The record of an accepted request, where every request has one.
    pub(super) fn open_call(
        &self,
        request: &ServiceRequest,
        caller: &Authenticated,
    ) -> Option<Box<OpenCall>> {
        let Some(Audited::Requests(log)) = &self.audit else { return None };
        let mut call = OpenCall::begin(log, &self.auth, request, caller);
        call.set_path(request.path(), &self.needs);
        Some(call)
    }

    /// Writes the record of a rejected request, where its caller is known.
    pub(super) fn audit_rejected(
        &self,
        request: &ServiceRequest,
        rejection: &Rejection,
        caller: Option<&Principal>,
    ) {
        let (Some(audit), Some(caller)) = (&self.audit, caller) else { return };
        // Whose token was revoked, has expired or is otherwise no good is nobody who is known.
        let is_known = match rejection {
            Rejection::InvalidToken(error) => *error == TokenError::UnknownUser,
            _ => true,
        };
        if !is_known {
            return;
        }
        let (Audited::Requests(log) | Audited::Rejections(log)) = audit;
        let mut call = OpenCall::of_principal(log, &self.auth, request, caller);
        if let Audited::Requests(_) = audit {
            call.set_path(request.path(), &self.needs);
        }
        call.reject(rejection);
    }
}
