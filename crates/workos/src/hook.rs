//! The application's own work for an event.

use std::{error::Error, future::Future, pin::Pin, sync::Arc};

use crate::event::Event;

pub(crate) type HookFuture =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

/// Sees every verified event.
pub(crate) type Hook = Arc<dyn Fn(Event) -> HookFuture + Send + Sync>;
