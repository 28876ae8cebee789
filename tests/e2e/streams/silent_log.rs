//! Answers that are being sent while the revocation log is out of reach.

use std::time::Duration;

use actix_mcp_auth::{
    McpAuth,
    revocation::{
        LogBatch, LogEntry, LogError, LogFollower, RevocationLog, RevocationSettings, RevokeError,
        Revoked, SharedRevocations,
    },
};
use actix_web::rt::time::{sleep, timeout};

use super::{LONGER_THAN_A_PAUSE, server::Streams};

/// A log that is empty, answers once, and is out of reach from then on.
struct LostLog;

struct LostFollower(bool);

fn lost() -> LogError {
    LogError::new("out of reach")
}

#[actix_mcp_auth::async_trait]
impl RevocationLog for LostLog {
    fn name(&self) -> String {
        "lost".to_owned()
    }

    async fn append(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Err(lost())
    }

    async fn delete(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Err(lost())
    }

    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(LostFollower(false))
    }

    async fn checkpoint(&self, _: &str) -> Result<Option<String>, LogError> {
        Err(lost())
    }

    async fn set_checkpoint(&self, _: &str, _: &str) -> Result<(), LogError> {
        Err(lost())
    }

    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<bool, LogError> {
        Err(lost())
    }
}

#[actix_mcp_auth::async_trait]
impl LogFollower for LostFollower {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        match std::mem::replace(&mut self.0, true) {
            false => Ok(LogBatch::everything(Vec::new())),
            true => Err(lost()),
        }
    }
}

async fn ready(auth: &McpAuth) {
    while !auth.health().revocations.ready {
        sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn r35_silent_log_ends_no_stream_and_hides_no_revocation() {
    let mut settings = RevocationSettings::default();
    settings.max_silence = Some(Duration::from_secs(3));
    let shared = SharedRevocations::follow(LostLog, settings).unwrap();
    let streams = Streams::with(|builder| builder.revocations(&shared));
    ready(&streams.auth).await;
    let ada = streams.token("user_ada");
    let mut stream = streams.get("events", Some(&ada)).await;
    let refused = async {
        while streams.status("events", &ada).await != 503 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(9), refused).await.expect("the silence has no end");
    let revoked = streams.auth.revoke(Revoked::subject("user_alan")).await;
    assert!(matches!(revoked, Err(RevokeError::NotInLog(_))), "{revoked:?}");
    sleep(LONGER_THAN_A_PAUSE).await;
    stream.goes_on().await;
    // In force in this process, although the log does not have it.
    streams.auth.revoke(Revoked::subject("user_ada")).await.unwrap_err();
    stream.ends_within_a_second().await.expect("a clean end");
}
