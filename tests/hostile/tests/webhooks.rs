//! Hostile webhooks of WorkOS: each class is refused, and changes nothing.
#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, SystemTime},
};

use actix_mcp_auth::{
    McpAuth,
    revocation::{RevocationSettings, SharedRevocations},
    testing::{SignedWebhook, TestAuthority, WorkOsEvent},
    workos::{WorkOs, WorkOsSettings},
};
use actix_web::{http::Method, web};
use hostile::{
    Class, RESOURCE, Server,
    server::{builder, wait_until_ready},
};

const SECRET: &str = "whsec_of_the_endpoint";
const PATH: &str = "/webhooks/workos";
const SIGNATURE: &str = "WorkOS-Signature";

/// A request and the status that it must get.
struct Sent {
    method: Method,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    status: u16,
}

impl Sent {
    /// Refused with 401.
    fn signed(signature: impl Into<String>, body: &str) -> Self {
        Self {
            method: Method::POST,
            path: PATH,
            headers: vec![(SIGNATURE, signature.into())],
            body: body.to_owned(),
            status: 401,
        }
    }

    fn of(webhook: SignedWebhook) -> Self {
        Self::signed(webhook.signature, &webhook.body)
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// An application that webhooks with one of these secrets reach, and the token of a person whom a
/// webhook of [`deleted`] would lock out.
struct Application {
    server: Server,
    auth: McpAuth,
    token: String,
    _authority: TestAuthority,
}

impl Application {
    fn start(secrets: &[&str]) -> Self {
        let authority = TestAuthority::start().unwrap();
        let revocations = SharedRevocations::in_memory(RevocationSettings::default());
        let auth = builder(&authority).revocations(&revocations).build().unwrap();
        wait_until_ready(&auth);
        let settings = WorkOsSettings::authkit(authority.issuer()).unwrap();
        let workos = WorkOs::new(settings.api_url(authority.issuer()), auth.handle()).unwrap();
        let webhooks = workos.webhooks(secrets.iter().copied()).unwrap();
        let middleware = auth.clone();
        let server = Server::start(move |config| {
            let mcp = web::resource("/mcp").wrap(middleware.middleware());
            config
                .service(webhooks.at(PATH))
                .service(mcp.route(web::post().to(async || "ok")))
                .app_data(web::Data::new(workos.clone()));
        });
        let token = authority.token().subject("user_ada").audience(RESOURCE).sign();
        Self { server, auth, token, _authority: authority }
    }

    async fn send(&self, sent: &Sent) -> hostile::Answer {
        let request = self.server.request(sent.method.clone(), sent.path);
        let add =
            |request: hostile::Request, (name, value): &(&str, String)| request.header(name, value);
        sent.headers.iter().fold(request, add).send_body(sent.body.clone()).await
    }

    /// A row of the table: each request gets its status without a word, and changes nothing.
    async fn refuses(&self, name: &'static str, cases: Vec<Sent>) {
        let mut class = Class::new(name);
        for (n, sent) in cases.iter().enumerate() {
            let answer = self.send(sent).await;
            class.same(format!("{n}: status"), answer.status, sent.status);
            class.same(format!("{n}: body"), &*answer.body, "");
            class.case(format!("{n}: effect"), self.has_no_effect().await);
        }
        class.done();
    }

    async fn has_no_effect(&self) -> Result<(), String> {
        match (self.server.call(&self.token).await.status, self.auth.revocations().count()) {
            (200, 0) => Ok(()),
            (status, count) => Err(format!("the person gets {status}, {count} revocations")),
        }
    }
}

/// The webhook that locks the person out.
fn deleted() -> SignedWebhook {
    WorkOsEvent::user_deleted("user_ada").webhook(SECRET)
}

fn hex(webhook: &SignedWebhook) -> &str {
    webhook.signature.rsplit("v1=").next().unwrap()
}

fn time(webhook: &SignedWebhook) -> &str {
    webhook.signature.split(',').next().unwrap()
}

#[actix_web::test]
async fn r36_hostile_signatures_of_webhooks_are_refused() {
    let application = Application::start(&[SECRET]);
    let good = deleted();
    let (hex, time) = (hex(&good), time(&good));
    let signed = |signature: String| Sent::signed(signature, &good.body);
    let unsigned = || Sent { headers: vec![], ..signed(String::new()) };
    let at = |time: SystemTime| Sent::of(good.clone().signed_at(time));
    let (now, seconds) = (SystemTime::now(), Duration::from_secs);
    let flipped = |n: usize| {
        let other = if &hex[n..=n] == "0" { "1" } else { "0" };
        signed(format!("{time}, v1={}{other}{}", &hex[..n], &hex[n + 1..]))
    };
    for (name, cases) in [
        (
            "webhooks: no signature",
            vec![
                unsigned(),
                signed(String::new()),
                unsigned().header("X-WorkOS-Signature", &*good.signature),
                unsigned().header("Authorization", &*good.signature),
            ],
        ),
        (
            "webhooks: a forged signature",
            vec![Sent::of(good.clone().forged()), signed(format!("{time}, v1={}", "0".repeat(64)))],
        ),
        ("webhooks: one digit of the signature", (0..hex.len()).map(flipped).collect()),
        (
            "webhooks: another scheme",
            ["v0", "v2", "V1", "", "v11"].map(|it| Sent::of(good.clone().with_scheme(it))).into(),
        ),
        ("webhooks: too old", vec![at(now - seconds(190)), at(SystemTime::UNIX_EPOCH)]),
        ("webhooks: of the future", vec![at(now + seconds(200)), at(now + seconds(1 << 32))]),
        (
            "webhooks: another time than the signed one",
            vec![signed(format!("t={}, v1={hex}", time[2..].parse::<u64>().unwrap() + 1))],
        ),
        (
            "webhooks: a time that is no number",
            ["x", "-1", "1e12", "0x10", "99999999999999999999", ""]
                .map(|it| signed(format!("t={it}, v1={hex}")))
                .into(),
        ),
        ("webhooks: two times", vec![signed(format!("t=1, {}", good.signature))]),
        ("webhooks: the time alone", vec![signed(time.to_owned()), signed(format!("{time}, v1="))]),
        ("webhooks: the signature alone", vec![signed(format!("v1={hex}")), signed(hex.into())]),
        (
            "webhooks: half a signature",
            (1..hex.len()).map(|n| signed(format!("{time}, v1={}", &hex[..n]))).collect(),
        ),
        (
            "webhooks: more than a signature",
            vec![signed(format!("{time}, v1={hex}00")), signed(format!("{time}, v1={hex}{hex}"))],
        ),
        ("webhooks: no hexadecimal", vec![signed(format!("{time}, v1={}", "zz".repeat(32)))]),
        (
            "webhooks: a thousand signatures",
            vec![signed(format!("{}{}", good.signature, format!(",v1={hex}").repeat(1000)))],
        ),
        (
            "webhooks: duplicate headers",
            vec![
                signed(good.signature.clone()).header(SIGNATURE, &*good.signature),
                signed(good.signature.clone()).header(SIGNATURE, "t=1, v1=00"),
                signed("t=1, v1=00".into()).header(SIGNATURE, &*good.signature),
            ],
        ),
    ] {
        application.refuses(name, cases).await;
    }
    // The one that they were made of has an effect.
    assert_eq!(application.send(&Sent::of(good)).await.status, 200);
    assert_eq!(application.server.call(&application.token).await.status, 401);
}

#[actix_web::test]
async fn r36_hostile_bodies_of_webhooks_are_refused() {
    let application = Application::start(&[SECRET]);
    let good = deleted();
    let body = |body: &str| Sent::signed(&*good.signature, body);
    let whole = || body(&good.body);
    let no_event = |body: &str| {
        let mut webhook = good.clone();
        webhook.body = body.to_owned();
        Sent::of(webhook.signed_at(SystemTime::now())).status(400)
    };
    for (name, cases) in [
        (
            "webhooks: a truncated body",
            (0..good.body.len()).step_by(16).map(|n| body(&good.body[..n])).collect(),
        ),
        (
            "webhooks: another body",
            vec![
                body(&good.body.replace("user_ada", "user_eve")),
                body(&format!("{} ", good.body)),
                body(&format!(" {}", good.body)),
                body(&format!("\u{feff}{}", good.body)),
            ],
        ),
        (
            "webhooks: an encoded body",
            ["gzip", "br", "identity", "x"]
                .map(|it| whole().header("Content-Encoding", it).status(415))
                .into(),
        ),
        ("webhooks: too large", vec![body(&"x".repeat((1 << 20) + 1)).status(413)]),
        (
            "webhooks: signed, and no event",
            ["{}", "[]", "null", "\u{0}", "not json", r#"{"id":1,"event":"user.deleted"}"#]
                .map(no_event)
                .into(),
        ),
        (
            "webhooks: another path",
            ["/webhooks", "/webhooks/workos/", "/webhooks//workos", "/WEBHOOKS/workos"]
                .map(|path| Sent { path, status: 404, ..whole() })
                .into(),
        ),
        (
            "webhooks: another method",
            [Method::GET, Method::PUT, Method::PATCH, Method::DELETE]
                .map(|method| Sent { method, status: 405, ..whole() })
                .into(),
        ),
    ] {
        application.refuses(name, cases).await;
    }
    let rotated = Application::start(&["whsec_new"]);
    rotated.refuses("webhooks: replay after rotation", vec![whole()]).await;
}

#[actix_web::test]
async fn r36_a_slow_body_of_a_webhook_is_408() {
    let application = Application::start(&[SECRET]);
    let mut class = Class::new("webhooks: a slow body");
    let address = application.server.address();
    let signature = deleted().signature;
    let slow = web::block(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
             {SIGNATURE}: {signature}\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    });
    class.case("others meanwhile", application.has_no_effect().await);
    class.same("status", slow.await.unwrap(), "HTTP/1.1 408".to_owned());
    class.case("effect", application.has_no_effect().await);
    class.done();
}
