//! Carries out an event: its revocations, the application's hook, its changes.

use std::{fmt, sync::Arc, time::SystemTime};

use mcp_auth_core::{
    UnixTime,
    revocation::{NewRevocation, Revocations, RevokeError},
};

use crate::{event::Event, hook::Hook, mapping, settings::WorkOsSettings};

/// Where events take effect. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Effects {
    pub(crate) settings: Arc<WorkOsSettings>,
    pub(crate) revocations: Revocations,
    pub(crate) hook: Option<Hook>,
}

/// Why an event has not taken its whole effect. It must come again.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// A revocation is not in the log.
    Revocation(RevokeError),
    /// The application's hook failed.
    Hook(String),
}

impl Effects {
    /// Carries out an event. `Ok` means that all of it is in the log. Again is harmless.
    ///
    /// The revocations come first, so that a hook that fails keeps none back. The changes come
    /// last: users that are read again must be those that the hook has written.
    pub(crate) async fn carry_out(&self, event: Event) -> Result<(), NotDone> {
        let time = event.created_at;
        let mapping::Effects { revocations, changes } = mapping::effects(&self.settings, &event);
        for new in revocations {
            log_invalid(self.revocations.revoke_at(new, time, now()).await)?;
        }
        if let Some(hook) = &self.hook {
            hook(event).await.map_err(|error| NotDone::Hook(error.to_string()))?;
        }
        for new in changes {
            self.change(new).await?;
        }
        Ok(())
    }

    async fn change(&self, new: NewRevocation) -> Result<(), NotDone> {
        log_invalid(self.revocations.revoke(new, now()).await)
    }
}

/// What can never be recorded, such as an id with control characters, must not come again for ever:
/// it has no effect, and the log says so.
fn log_invalid<T>(result: Result<T, RevokeError>) -> Result<(), NotDone> {
    match result {
        Ok(_) => Ok(()),
        Err(RevokeError::Invalid(why)) => {
            crate::log::event_without_effect(why);
            Ok(())
        }
        Err(error) => Err(NotDone::Revocation(error)),
    }
}

pub(crate) fn now() -> UnixTime {
    UnixTime::since_epoch(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revocation(error) => error.fmt(f),
            Self::Hook(error) => write!(f, "the application's hook failed: {error}"),
        }
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects")
            .field("settings", &self.settings)
            .field("revocations", &self.revocations)
            .finish_non_exhaustive()
    }
}
