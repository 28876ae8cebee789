//! A database of its own for one test.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};

use sea_orm::{ConnectionTrait, Database as SeaOrm, DatabaseConnection};
use tempfile::TempDir;
use tokio::runtime;

use crate::proxy::Proxy;

/// What a password must never be seen in: see `tests`.
pub(crate) const PASSWORD: &str = "hunter2";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    MariaDb,
}

/// An empty database, gone with this value.
pub(crate) struct Database {
    pub(crate) kind: Kind,
    /// For the store under test: by way of the proxy, where there is a server.
    pub(crate) url: String,
    /// For the test itself.
    pub(crate) admin: DatabaseConnection,
    pub(crate) proxy: Option<Proxy>,
    _directory: Option<TempDir>,
    remove: Option<Remove>,
}

/// How it is removed: where, and by which statements.
struct Remove {
    url: String,
    statements: Vec<String>,
}

impl Database {
    pub(crate) async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::sqlite().await,
            Kind::Postgres => Self::postgres().await,
            Kind::MariaDb => Self::mariadb().await,
        }
    }

    async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        let url = path.to_str().unwrap().to_owned();
        let admin = connect(&format!("sqlite://{url}?mode=rwc")).await;
        execute(&admin, "PRAGMA journal_mode = WAL").await;
        let (proxy, remove) = (None, None);
        Self { kind: Kind::Sqlite, url, admin, proxy, _directory: Some(directory), remove }
    }

    /// A schema.
    async fn postgres() -> Self {
        let server = server("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
        let name = unique_name();
        execute(&connect(&server).await, &format!("CREATE SCHEMA {name}")).await;
        let url = Url::parse(&server, 5432);
        // Extensions are in `public`.
        let search = format!("?options=-csearch_path%3D{name}%2Cpublic");
        let admin = connect(&format!("{server}{search}")).await;
        let proxy = Proxy::to(&url.host);
        // A server that trusts its neighbours takes any password.
        let user = match url.user.contains(':') {
            true => url.user,
            false => format!("{}:{PASSWORD}", url.user),
        };
        let url = format!("postgres://{user}@{}/{}{search}", proxy.address(), url.database);
        let statements = vec![format!("DROP SCHEMA {name} CASCADE")];
        let remove = Some(Remove { url: server, statements });
        let proxy = Some(proxy);
        Self { kind: Kind::Postgres, url, admin, proxy, _directory: None, remove }
    }

    /// A database, and a user who may use it.
    async fn mariadb() -> Self {
        let server = server("TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306/test");
        let name = unique_name();
        let root = connect(&server).await;
        for statement in [
            &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"),
            &format!("CREATE USER {name}@'%' IDENTIFIED BY '{PASSWORD}'"),
            &format!("GRANT ALL ON {name}.* TO {name}@'%'"),
        ] {
            execute(&root, statement).await;
        }
        let url = Url::parse(&server, 3306);
        let admin = connect(&format!("mysql://{}@{}/{name}", url.user, url.host)).await;
        let proxy = Proxy::to(&url.host);
        // One driver would rather take the server's socket, which no proxy cuts.
        let by_network = "prefer_socket=false";
        let url = format!("mysql://{name}:{PASSWORD}@{}/{name}?{by_network}", proxy.address());
        let statements = vec![format!("DROP DATABASE {name}"), format!("DROP USER {name}@'%'")];
        let remove = Some(Remove { url: server, statements });
        let proxy = Some(proxy);
        Self { kind: Kind::MariaDb, url, admin, proxy, _directory: None, remove }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some(Remove { url, statements }) = self.remove.take() else { return };
        let remove = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let root = connect(&url).await;
                for statement in statements {
                    execute(&root, &statement).await;
                }
            });
        });
        if remove.join().is_err() && !thread::panicking() {
            panic!("the test's database was not removed");
        }
    }
}

pub(crate) async fn execute(db: &DatabaseConnection, statement: &str) {
    let done = db.execute_unprepared(statement).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    SeaOrm::connect(options).await.unwrap_or_else(|error| panic!("the test's server: {error}"))
}

fn server(variable: &str, example: &str) -> String {
    env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} must say where the server for the tests is, such as {example}")
    })
}

fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("contract_{}_{}", process::id(), COUNT.fetch_add(1, Relaxed))
}

/// The parts of `scheme://user@host:port/database`.
struct Url {
    user: String,
    host: String,
    database: String,
}

impl Url {
    fn parse(url: &str, default_port: u16) -> Self {
        let parts = || {
            let (_, rest) = url.split_once("://")?;
            let (user, rest) = rest.rsplit_once('@')?;
            let (host, database) = rest.split_once('/')?;
            Some((user, host, database))
        };
        let (user, host, database) =
            parts().expect("a URL of the form scheme://user@host:port/database");
        let host = match host.contains(':') {
            true => host.to_owned(),
            false => format!("{host}:{default_port}"),
        };
        Self { user: user.to_owned(), host, database: database.to_owned() }
    }
}
