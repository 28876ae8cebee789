//! Bookmarket in this process, on a free port, beside an authorization server of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use actix_mcp_auth::testing::TestAuthority;
use actix_web::rt::task::JoinHandle;
use bookmarket::{Bookmarket, Settings, StartError, settings};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use tokio::sync::oneshot;

use crate::agent::Agent;

/// A running Bookmarket; it stops when told to, or with the test.
pub(crate) struct Server {
    pub(crate) resource: String,
    pub(crate) authority: TestAuthority,
    folder: Folder,
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
        let authority = TestAuthority::start().expect("an authority starts");
        Self::start_in(Folder::new(), authority, more).await
    }

    /// Stops it, and starts it again over the same database.
    pub(crate) async fn restart(self) -> Self {
        let Self { authority, folder, stop, stopped, .. } = self;
        drop(stop);
        stopped.await.expect("no panic").expect("a clean stop");
        Self::start_in(folder, authority, &[]).await
    }

    async fn start_in(
        folder: Folder,
        authority: TestAuthority,
        more: &[(&'static str, &str)],
    ) -> Self {
        let settings = Settings::read(|name| {
            let more = more.iter().find(|(key, _)| *key == name);
            Ok(match name {
                _ if more.is_some() => more.map(|(_, value)| (*value).to_owned()),
                settings::BIND => Some("127.0.0.1:0".to_owned()),
                settings::AUTHKIT_DOMAIN => Some(authority.issuer().to_owned()),
                settings::DATABASE_URL => Some(folder.database_url()),
                _ => None,
            })
        });
        let bookmarket = Bookmarket::start(&settings.expect("valid settings")).await;
        let bookmarket = bookmarket.expect("Bookmarket starts");
        let (stop, stopping) = oneshot::channel::<()>();
        Self {
            resource: bookmarket.resource().as_str().to_owned(),
            authority,
            folder,
            stop,
            stopped: actix_web::rt::spawn(bookmarket.run_until(async {
                let _ = stopping.await;
            })),
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

    /// Does something to the database behind Bookmarket's back.
    pub(crate) async fn sql(&self, statement: &str) {
        let db = self.database().await;
        db.execute_unprepared(statement).await.expect(statement);
    }

    /// A connection of our own.
    pub(crate) async fn database(&self) -> DatabaseConnection {
        Database::connect(self.folder.database_url()).await.expect("the database opens")
    }
}

/// An empty folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bookmarket-{}-{next}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.0.join("bookmarket.sqlite").display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
