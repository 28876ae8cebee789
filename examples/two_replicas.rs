//! Two replicas of an MCP server that share their revocations in Redis. Access that ends at one ends
//! at the other within a second, and a replica that starts later knows of it before it is ready.
//!
//! `REDIS_URL=redis://127.0.0.1:6379 cargo run --example two_replicas` starts them on this machine and
//! asks them. Without the variable it uses that address.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::{
    env,
    error::Error,
    net::TcpListener,
    time::{Duration, Instant},
};

use actix_mcp_auth::{
    AuthedUser, McpAuth,
    revocation::{RedisRevocationLog, Revoked, SharedRevocations},
    testing::TestAuthority,
};
use actix_web::{App, HttpServer, http::StatusCode, rt, web};

const RESOURCE: &str = "http://127.0.0.1:8787/mcp";

/// One replica, as a process of its own would be: nothing but the log is shared.
struct Replica {
    auth: McpAuth,
    url: String,
}

impl Replica {
    fn start(authority: &TestAuthority, prefix: &str) -> Result<Self, Box<dyn Error>> {
        let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into());
        let log = RedisRevocationLog::new(url)?.key_prefix(prefix)?;
        let revocations = SharedRevocations::follow(log, Default::default())?;
        let auth = McpAuth::builder(RESOURCE)
            .authkit(authority.issuer())
            .revocations(&revocations)
            .build()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/mcp", listener.local_addr()?);
        let middleware = auth.middleware();
        let server = HttpServer::new(move || {
            let whoami = web::post().to(whoami);
            App::new().service(web::resource("/mcp").wrap(middleware.clone()).route(whoami))
        });
        rt::spawn(server.workers(1).listen(listener)?.run());
        Ok(Self { auth, url })
    }

    async fn call(&self, token: &str) -> Result<StatusCode, awc::error::SendRequestError> {
        let client = awc::Client::default();
        Ok(client.post(&self.url).bearer_auth(token).send().await?.status())
    }

    /// Waits until a call has this status, and returns for how long.
    async fn until(&self, token: &str, status: StatusCode) -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        while self.call(token).await? != status {
            if start.elapsed() > Duration::from_secs(10) {
                return Err(format!("no {status} within 10 s; does Redis answer?").into());
            }
            rt::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(start.elapsed())
    }
}

async fn whoami(me: AuthedUser) -> String {
    me.subject().id().to_owned()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let authority = TestAuthority::start()?;
    // A prefix of its own, so that this example does not meet another application's records.
    let prefix = format!("two-replicas-{}", std::process::id());
    let (first, second) =
        (Replica::start(&authority, &prefix)?, Replica::start(&authority, &prefix)?);
    let ada = authority.person_token("user_ada", RESOURCE);
    let alan = authority.person_token("user_alan", RESOURCE);
    for replica in [&first, &second] {
        // 503 until the replica has read the log and the keys.
        replica.until(&ada, StatusCode::OK).await?;
        replica.until(&alan, StatusCode::OK).await?;
        assert!(replica.auth.health().is_ready());
    }

    // In force at the first when this returns, and in the log.
    first.auth.revoke(Revoked::subject("user_ada").standing().because("an example")).await?;
    assert_eq!(first.call(&ada).await?, StatusCode::UNAUTHORIZED);
    let after = second.until(&ada, StatusCode::UNAUTHORIZED).await?;
    assert!(after < Duration::from_secs(1), "{after:?}");
    println!("The second replica refused the token {after:?} after the first.");

    let third = Replica::start(&authority, &prefix)?;
    third.until(&alan, StatusCode::OK).await?;
    assert_eq!(third.call(&ada).await?, StatusCode::UNAUTHORIZED);
    println!("A replica that started later refuses it as well, and accepts others.");
    Ok(())
}
