//! A database server that goes away under load and comes back, seen by callers.

use std::time::{Duration, Instant};

use actix_mcp_auth::{AuthedUser, stores::SeaOrmIdentityStore};
use actix_web::{rt, web};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

use crate::support::{Server, authority, builder, good_token};

#[path = "../../crates/stores/tests/contract/proxy.rs"]
mod proxy;

use proxy::Proxy;

mod people {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people_under_load")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        #[sea_orm(unique)]
        pub(super) external_id: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How many callers call all the time.
const CALLERS: usize = 8;

#[cfg(feature = "test-postgres")]
#[actix_web::test]
async fn r11_postgresql_lost_under_load_is_503_until_it_is_back() {
    lost_and_found("TEST_POSTGRES_URL", 5432).await;
}

#[cfg(feature = "test-mysql")]
#[actix_web::test]
async fn r11_mariadb_lost_under_load_is_503_until_it_is_back() {
    lost_and_found("TEST_MYSQL_URL", 3306).await;
}

async fn lost_and_found(variable: &str, port: u16) {
    let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} must be set"));
    let mut url = reqwest::Url::parse(&url).unwrap();
    prepare(url.as_str()).await;
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(port));
    let way = Proxy::to(&server);
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(way.address().port())).unwrap();

    let authority = authority();
    let store = SeaOrmIdentityStore::new(connect(url.as_str()).await, people::Column::ExternalId);
    let auth = builder(&authority).users(store).build().unwrap();
    let server = Server::start(move |config| {
        let id = web::post().to(async |me: AuthedUser<people::Model>| me.external_id.clone());
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(id));
    });
    let token = good_token(&authority);
    assert_eq!(load(&server, &token, Duration::from_secs(1)).await, [200]);
    for lose in [Proxy::cut, Proxy::block] {
        lose(&way);
        // A call that is under way may still succeed. No call may be rejected as unknown.
        accepted_or_503(&load(&server, &token, Duration::from_millis(500)).await);
        assert_eq!(load(&server, &token, Duration::from_secs(3)).await, [503]);
        way.restore();
        let start = Instant::now();
        loop {
            let status = server.call(&token).await.status.as_u16();
            accepted_or_503(&[status]);
            if status == 200 {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(15), "{variable}: no recovery");
            rt::time::sleep(Duration::from_millis(50)).await;
        }
        // A lost connection may be noticed late.
        accepted_or_503(&load(&server, &token, Duration::from_secs(3)).await);
        assert_eq!(load(&server, &token, Duration::from_secs(1)).await, [200]);
    }
}

fn accepted_or_503(statuses: &[u16]) {
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
}

/// Many callers for a while; every status that was answered. No answer takes longer than the time
/// limit of a decision.
async fn load(server: &Server, token: &str, time: Duration) -> Vec<u16> {
    let end = Instant::now() + time;
    let caller = async || {
        let mut seen = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            seen.push(server.call(token).await.status.as_u16());
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        }
        seen
    };
    let all = futures_util::future::join_all((0..CALLERS).map(|_| caller())).await;
    let mut seen = all.concat();
    seen.sort_unstable();
    seen.dedup();
    seen
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(4).sqlx_logging(false);
    Database::connect(options).await.unwrap()
}

async fn prepare(url: &str) {
    let db = connect(url).await;
    for statement in [
        "DROP TABLE IF EXISTS people_under_load",
        "CREATE TABLE people_under_load (id INT PRIMARY KEY, external_id VARCHAR(255) UNIQUE)",
        "INSERT INTO people_under_load VALUES (1, 'user_ada')",
    ] {
        db.execute_unprepared(statement).await.unwrap();
    }
}
