//! Webhooks that are not WorkOS's, or not whole: each is refused, or changes nothing.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, SystemTime},
};

use actix_mcp_auth::async_trait;
use actix_mcp_auth::{
    revocation::{LogBatch, LogEntry, LogError, LogFollower, RevocationLog, SharedRevocations},
    testing::WorkOsEvent,
    workos::WorkOs,
};

use super::{Application, PATH, SECRET, agent, authority, settings};
use crate::support::{Server, builder};

/// The signatures and the body of a request.
type Sent = (Vec<String>, String);

#[actix_web::test]
async fn r36_hostile_webhooks_are_refused_or_harmless() {
    let authority = authority();
    let application = Application::new(&authority, settings(&authority));
    let event = authority.emit_event(WorkOsEvent::user_deleted("user_ada"));
    let good = event.webhook(SECRET);
    let now = SystemTime::now();
    let seconds = Duration::from_secs;
    let signature = |webhook: &actix_mcp_auth::testing::SignedWebhook| webhook.signature.clone();
    let with = |signature: String, body: &str| (vec![signature], body.to_owned());
    let hex = signature(&good).rsplit("v1=").next().unwrap().to_owned();
    let classes: Vec<(&str, Sent, u16)> = vec![
        ("no signature", (vec![], good.body.clone()), 401),
        ("an empty signature", with(String::new(), &good.body), 401),
        ("another secret", with(signature(&good.clone().forged()), &good.body), 401),
        ("another scheme", with(signature(&good.clone().with_scheme("v0")), &good.body), 401),
        ("a scheme of no name", with(signature(&good.clone().with_scheme("")), &good.body), 401),
        ("too old", with(signature(&good.clone().signed_at(now - seconds(181))), &good.body), 401),
        (
            "of the future",
            with(signature(&good.clone().signed_at(now + seconds(600))), &good.body),
            401,
        ),
        ("truncated", with(signature(&good), &good.clone().truncated().body), 401),
        ("a byte more", with(signature(&good), &format!("{} ", good.body)), 401),
        ("another body", with(signature(&good), &good.body.replace("user_ada", "user_eve")), 401),
        ("two headers", (vec![signature(&good), signature(&good)], good.body.clone()), 401),
        (
            "a bad header beside a good one",
            (vec![signature(&good), "t=1, v1=00".into()], good.body.clone()),
            401,
        ),
        ("the time alone", with("t=1".into(), &good.body), 401),
        ("the signature alone", with(format!("v1={hex}"), &good.body), 401),
        ("two times", with(format!("t=1, {}", signature(&good)), &good.body), 401),
        ("a time that is no number", with(signature(&good).replace("t=", "t=x"), &good.body), 401),
        ("a time beyond all", with(format!("t=99999999999999999999, v1={hex}"), &good.body), 401),
        (
            "half a signature",
            with(
                format!("{}, v1={}", signature(&good).split(',').next().unwrap(), &hex[..32]),
                &good.body,
            ),
            401,
        ),
        (
            "a thousand signatures",
            with(format!("{}{}", signature(&good), format!(",v1={hex}").repeat(1000)), &good.body),
            401,
        ),
        ("an empty body", with(signature(&good), ""), 401),
        ("too large", with(signature(&good), &"x".repeat((1 << 20) + 1)), 413),
    ];
    assert!(classes.len() >= 20);
    for (class, (signatures, body), status) in classes {
        let mut request = application.webhook_request();
        for signature in &signatures {
            request = request.header("WorkOS-Signature", signature);
        }
        let answer = request.send_body(body).await;
        assert_eq!(answer.status.as_u16(), status, "{class}: {answer:?}");
        assert!(answer.body.is_empty(), "{class}: nothing is told");
        assert_eq!(application.call(&agent(&authority, &[])).await, 200, "{class}: no effect");
    }
    let encoded = application.webhook_request().header("content-encoding", "gzip");
    let encoded = encoded.header("WorkOS-Signature", &good.signature).send_body(good.body.clone());
    assert_eq!(encoded.await.status, 415);
    let elsewhere = application.server.request(actix_web::http::Method::GET, PATH).send().await;
    assert_eq!(elsewhere.status, 405);
    assert_eq!(application.receive(&good).await.status, 200, "the good one");
    assert_eq!(application.receive(&good).await.status, 200, "again");
    assert_eq!(application.call(&agent(&authority, &[])).await, 401);
}

#[actix_web::test]
async fn r36_a_signed_body_that_is_no_event_is_400_and_harmless() {
    let authority = authority();
    let application = Application::new(&authority, settings(&authority));
    let bodies = ["{}", "[]", "null", "{\"id\":1,\"event\":\"user.deleted\"}", "\u{0}", "not json"];
    for body in bodies {
        let mut webhook = WorkOsEvent::user_deleted("user_ada").webhook(SECRET);
        webhook.body = body.into();
        let webhook = webhook.signed_at(SystemTime::now());
        assert_eq!(application.receive(&webhook).await.status, 400, "{body}");
    }
    for data in
        [serde_json::json!({}), serde_json::json!({"id": 7}), serde_json::json!({"id": "a\nb"})]
    {
        let event = authority.emit("user.deleted", data);
        assert_eq!(application.receive_event(&event).await.status, 200, "without effect");
    }
    assert_eq!(application.mcp.revocations().count(), 0);
}

#[actix_web::test]
async fn r36_secrets_are_rotated_and_an_old_one_is_refused_after() {
    let authority = authority();
    let mcp = builder(&authority).build().unwrap();
    let workos = WorkOs::new(settings(&authority), mcp.handle()).unwrap();
    assert!(workos.webhooks([""]).is_err() && workos.webhooks(Vec::<String>::new()).is_err());
    for (secrets, old, new) in
        [(vec!["old"], 200, 401), (vec!["new", "old"], 200, 200), (vec!["new"], 401, 200)]
    {
        let webhooks = workos.webhooks(secrets).unwrap();
        let server = Server::start(move |config| {
            config.service(webhooks.at(PATH));
        });
        for (secret, status) in [("old", old), ("new", new)] {
            let webhook = WorkOsEvent::user_updated("user_ada").webhook(secret);
            let request = server.request(actix_web::http::Method::POST, PATH);
            let request = request.header("workos-signature", &webhook.signature);
            assert_eq!(request.send_body(webhook.body).await.status, status, "{secret}");
        }
    }
}

#[actix_web::test]
async fn r36_a_body_that_does_not_come_is_408_and_blocks_nobody() {
    let authority = authority();
    let application = Application::new(&authority, settings(&authority));
    let address = application.server.origin().replace("http://", "");
    let slow = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "POST /webhooks/workos HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\
                    workos-signature: t=1, v1=00\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    });
    let event = authority.emit_event(WorkOsEvent::user_deleted("user_ada"));
    assert_eq!(application.receive_event(&event).await.status, 200, "meanwhile");
    let answer = web_block(move || slow.join().unwrap()).await;
    assert_eq!(answer, "HTTP/1.1 408");
}

async fn web_block<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    actix_web::web::block(work).await.unwrap()
}

/// A log that never answers.
struct Away;

#[async_trait]
impl RevocationLog for Away {
    fn name(&self) -> String {
        "away".into()
    }
    async fn append(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Err(LogError::new("away"))
    }
    async fn delete(&self, _: &[LogEntry]) -> Result<(), LogError> {
        Err(LogError::new("away"))
    }
    fn follow(&self) -> Box<dyn LogFollower> {
        Box::new(Self)
    }
    async fn checkpoint(&self, _: &str) -> Result<Option<String>, LogError> {
        Err(LogError::new("away"))
    }
    async fn set_checkpoint(&self, _: &str, _: &str) -> Result<(), LogError> {
        Err(LogError::new("away"))
    }
    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<bool, LogError> {
        Err(LogError::new("away"))
    }
}

#[async_trait]
impl LogFollower for Away {
    async fn next(&mut self) -> Result<LogBatch, LogError> {
        Err(LogError::new("away"))
    }
}

#[actix_web::test]
async fn r36_a_webhook_is_503_until_its_effect_is_in_the_log() {
    let authority = authority();
    let revocations = SharedRevocations::follow(Away, Default::default()).unwrap();
    let mcp = builder(&authority).revocations(&revocations).build().unwrap();
    let workos = WorkOs::new(settings(&authority), mcp.handle()).unwrap();
    let webhooks = workos.webhooks([SECRET]).unwrap();
    let server = Server::start(move |config| {
        config.service(webhooks.at(PATH));
    });
    let webhook = WorkOsEvent::user_deleted("user_ada").webhook(SECRET);
    let request = server.request(actix_web::http::Method::POST, PATH);
    let answer = request.header("workos-signature", &webhook.signature).send_body(webhook.body);
    let answer = answer.await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    assert_eq!(mcp.revocations().count(), 1, "in force here all the same");
}
