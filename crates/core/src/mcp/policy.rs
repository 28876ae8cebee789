//! What is decided of a message once it is known who calls and what it says.

use std::sync::Arc;

use super::{
    anonymous::AnonymousMethods,
    headers::MirroredHeaders,
    message::Messages,
    tool_rules::{Demand, ToolRules},
};
use crate::{
    authenticator::Authenticated,
    permission::Need,
    rejection::{ForbiddenReason, Rejection},
};

/// Rules for tools, and which messages need nobody signed in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct McpPolicy {
    /// What is demanded of callers, by tool and method. Default: nothing.
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
    /// revision. They grant nothing (R30).
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub fn judge_early(
        &self,
        headers: &MirroredHeaders<'_>,
        caller: Option<&Authenticated>,
    ) -> Result<(), Rejection> {
        headers.claim().map_or(Ok(()), |call| self.judge_calls([call], caller))
    }

    /// Whether the caller may do all that the body asks for: each message of a batch must pass, and
    /// one challenge names what all of them need.
    ///
    /// # Errors
    /// Nobody is signed in and a message needs somebody: [`Rejection::MissingCredentials`]. A rule
    /// refuses: [`ForbiddenReason::RefusedByRule`]. A permission is missing: as
    /// [`Grants::require`](crate::permission::Grants::require) says.
    pub fn judge(
        &self,
        messages: &Messages<'_>,
        caller: Option<&Authenticated>,
    ) -> Result<(), Rejection> {
        // A response answers a question that was asked of somebody.
        if caller.is_none() && messages.iter().any(|message| message.method().is_none()) {
            return Err(Rejection::MissingCredentials);
        }
        let calls = messages.iter().filter_map(|message| Some((message.method()?, message.name())));
        self.judge_calls(calls, caller)
    }

    /// What the rules need for all of these messages: for the challenge to who has not signed in.
    pub fn needs(&self, messages: &Messages<'_>) -> Vec<&'static Need> {
        let demands = messages
            .iter()
            .filter_map(|message| Some(self.rules.for_call(message.method()?, message.name())));
        demands.filter_map(Demand::need).collect()
    }

    /// Whether a request by another HTTP method than POST may go on, whatever its body says: a
    /// stream (GET), the end of a session (DELETE), or what MCP does not know.
    ///
    /// # Errors
    /// [`Rejection::MissingCredentials`], unless the application
    /// [said otherwise](AnonymousMethods::streams) of streams and the end of sessions.
    pub fn judge_http_method(
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

    fn judge_calls<'m>(
        &self,
        calls: impl IntoIterator<Item = (&'m str, Option<&'m str>)>,
        caller: Option<&Authenticated>,
    ) -> Result<(), Rejection> {
        let mut needs: Vec<&Need> = Vec::new();
        let mut refused = false;
        for (method, name) in calls {
            let open = || self.anonymous.as_ref().is_some_and(|open| open.covers(method, name));
            if caller.is_none() && !open() {
                return Err(Rejection::MissingCredentials);
            }
            match self.rules.for_call(method, name) {
                Demand::Nothing => {}
                Demand::Permissions(need) => needs.push(need),
                Demand::Refused => refused = true,
            }
        }
        match caller {
            _ if refused => Err(ForbiddenReason::RefusedByRule.into()),
            _ if needs.is_empty() => Ok(()),
            Some(caller) => caller.require(&needs),
            None => Err(Rejection::MissingCredentials),
        }
    }
}
