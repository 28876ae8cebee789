//! Bookmarket in this process, on a free port, beside an authorization server of its own.

use std::time::Duration;

use actix_mcp_auth::testing::TestAuthority;
use actix_web::rt::{task::JoinHandle, time::sleep};
use bookmarket::{Bookmarket, Settings, StartError, settings, store::Store};
use tokio::sync::oneshot;

use crate::{agent::Agent, place::Place};

/// A running Bookmarket; it stops when told to, or with the test.
pub(crate) struct Server {
    pub(crate) resource: String,
    pub(crate) authority: TestAuthority,
    /// The store that it runs over.
    pub(crate) store: Store,
    pub(crate) place: Place,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<Result<(), StartError>>,
}

impl Server {
    /// Starts with nothing but the defaults.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with some settings besides.
    pub(crate) async fn start_with(more: &[(&'static str, &str)]) -> Self {
        Self::start_at(Place::new(), more).await
    }

    /// Starts at a place of the caller's choice.
    pub(crate) async fn start_at(place: Place, more: &[(&'static str, &str)]) -> Self {
        let authority = TestAuthority::start().expect("an authority starts");
        Self::start_in(place, authority, more).await
    }

    /// Stops it, and starts it again over the same database, or over an empty memory.
    pub(crate) async fn restart(self) -> Self {
        let Self { authority, place, stop, stopped, .. } = self;
        drop(stop);
        stopped.await.expect("no panic").expect("a clean stop");
        Self::start_in(place, authority, &[]).await
    }

    /// Starts beside an authorization server that runs already.
    pub(crate) async fn start_in(
        place: Place,
        authority: TestAuthority,
        more: &[(&'static str, &str)],
    ) -> Self {
        let settings = Settings::read(|name| {
            let more = more.iter().find(|(key, _)| *key == name);
            Ok(match name {
                _ if more.is_some() => more.map(|(_, value)| (*value).to_owned()),
                settings::BIND => Some("127.0.0.1:0".to_owned()),
                settings::AUTHKIT_DOMAIN => Some(authority.issuer().to_owned()),
                settings::DATABASE_URL => Some(place.url().to_owned()),
                _ => None,
            })
        });
        let settings = settings.expect("valid settings");
        let store = Store::open(&settings.database_url).await.expect("the store opens");
        let bookmarket = Bookmarket::start_over(store.clone(), &settings).await;
        let bookmarket = bookmarket.expect("Bookmarket starts");
        let (stop, stopping) = oneshot::channel::<()>();
        Self {
            resource: bookmarket.resource().as_str().to_owned(),
            authority,
            store,
            place,
            stop,
            stopped: actix_web::rt::spawn(bookmarket.run_until(async {
                let _ = stopping.await;
            })),
        }
    }

    /// Waits for the issuer's keys, so that no call is 503 on a busy machine.
    pub(crate) async fn wait_for_keys(&self) {
        while self.stranger().get(Some("/health")).await.status != 200 {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// The agent of a person whom the authority knows.
    pub(crate) fn agent_of(&self, person: &str) -> Agent {
        let token = self.authority.token().subject(person).audience(&self.resource).sign();
        Agent::new(&self.resource, Some(token))
    }

    /// The agent of nobody in particular.
    pub(crate) fn stranger(&self) -> Agent {
        Agent::new(&self.resource, None)
    }
}
