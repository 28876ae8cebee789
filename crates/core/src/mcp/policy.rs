//! Whether a caller may send a message.

use std::sync::Arc;

use super::{
    anonymous::AnonymousMethods,
    headers::MirroredHeaders,
    message::Messages,
    target::{Naming, Target, naming},
    tool_rules::{Demands, ToolRules},
};
use crate::{
    authenticator::Authenticated,
    permission::Need,
    rejection::{ForbiddenReason, MessageError, Rejection},
};

/// Rules for tools, prompts, resources and methods, and which messages need no credentials.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct McpPolicy {
    /// What is demanded of callers. Default: nothing.
    pub rules: Arc<ToolRules>,
    /// What may be asked without credentials. Default: nothing.
    pub anonymous: Option<AnonymousMethods>,
}

impl McpPolicy {
    /// Whether the body has to be read before it is known whether this caller may go on.
    pub fn must_read(&self, caller: Option<&Authenticated>) -> bool {
        caller.is_none() || !self.rules.is_empty()
    }

    /// What can be refused before the body is read: headers that speak under the request's
    /// revision. They grant nothing.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_early(
        &self,
        headers: &MirroredHeaders<'_>,
        caller: Option<&Authenticated>,
    ) -> Result<(), Rejection> {
        let Some((method, name)) = headers.claim() else {
            return Ok(());
        };
        let target = Target::of(method, name);
        self.check_credentials(method, [&target].into_iter(), caller)?;
        // What these two are about stands in no header.
        let is_told = !matches!(naming(method), Some(Naming::Reference | Naming::Subscriptions));
        let mut demands = Demands::default();
        if is_told {
            self.rules.add_demands(method, &target, &mut demands)?;
        }
        check_demands(&demands, caller)
    }

    /// Whether the caller may do all that the body asks for: each target of each message must pass,
    /// and one challenge names what all of them need.
    ///
    /// # Errors
    /// The caller has no credentials and a message needs some: [`Rejection::MissingCredentials`]. A
    /// URI is not in normal form: [`MessageError::UriNotNormal`]. A rule refuses:
    /// [`ForbiddenReason::RefusedByRule`]. A permission is missing: as
    /// [`Grants::require`](crate::permission::Grants::require) says.
    pub fn check(
        &self,
        messages: &Messages<'_>,
        caller: Option<&Authenticated>,
    ) -> Result<(), Rejection> {
        for message in messages.iter() {
            match message.method() {
                Some(method) => self.check_credentials(method, message.targets(), caller)?,
                // A response answers a request of the server to a signed-in caller.
                None if caller.is_none() => return Err(Rejection::MissingCredentials),
                None => {}
            }
        }
        check_demands(&self.demands(messages)?, caller)
    }

    /// What the rules need for all of these messages, for the challenge to a caller without
    /// credentials; nothing where a message cannot be judged.
    pub fn needs(&self, messages: &Messages<'_>) -> Vec<&'static Need> {
        self.demands(messages).map(|demands| demands.needs().to_vec()).unwrap_or_default()
    }

    /// Whether a request by another HTTP method than POST may go on, whatever its body says: a
    /// stream (GET), the end of a session (DELETE), or what MCP does not know.
    ///
    /// # Errors
    /// [`Rejection::MissingCredentials`], unless the application
    /// [said otherwise](AnonymousMethods::streams) of streams and the end of sessions.
    pub fn check_http_method(
        &self,
        method: &str,
        caller: Option<&Authenticated>,
    ) -> Result<(), Rejection> {
        let open = self.anonymous.as_ref().is_some_and(AnonymousMethods::cover_streams)
            && matches!(method, "GET" | "HEAD" | "DELETE");
        match caller.is_some() || open {
            true => Ok(()),
            false => Err(Rejection::MissingCredentials),
        }
    }

    /// What all rules demand that these messages meet.
    fn demands(&self, messages: &Messages<'_>) -> Result<Demands, MessageError> {
        let mut demands = Demands::default();
        for message in messages.iter() {
            for target in message.targets() {
                let method = message.method().unwrap_or_default();
                self.rules.add_demands(method, target, &mut demands)?;
            }
        }
        Ok(demands)
    }

    fn check_credentials<'t>(
        &self,
        method: &str,
        targets: impl Iterator<Item = &'t Target<'t>>,
        caller: Option<&Authenticated>,
    ) -> Result<(), Rejection> {
        let is_open = || self.anonymous.as_ref().is_some_and(|open| open.covers(method, targets));
        match caller.is_some() || is_open() {
            true => Ok(()),
            false => Err(Rejection::MissingCredentials),
        }
    }
}

fn check_demands(demands: &Demands, caller: Option<&Authenticated>) -> Result<(), Rejection> {
    match caller {
        _ if demands.is_refused() => Err(ForbiddenReason::RefusedByRule.into()),
        _ if demands.needs().is_empty() => Ok(()),
        Some(caller) => caller.require(demands.needs()),
        None => Err(Rejection::MissingCredentials),
    }
}
