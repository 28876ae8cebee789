//! What is logged, and that no token is.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use actix_mcp_auth::{
    AuthedUser, Authorized, Found, IdentityStore, Issuer, Lookup, McpAuth, Newcomer, StoreError,
    async_trait,
    keys::KeyIdHash,
    operation::LogSampling,
    scopes,
    stores::{IdentityStoreExt, MemoryIdentityStore, SqlxIdentityStore},
    testing::{Endpoint, Fault, TestAuthority},
};
use actix_web::{http::Method, web};
use sqlx::sqlite::SqlitePoolOptions;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    introspection, metrics,
    support::{RESOURCE, Server, authority, builder, good_token},
};

#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What this thread logs while `act` runs.
pub(crate) fn logged(act: impl FnOnce()) -> String {
    // While a thread without a subscriber causes an event for the first time, a subscriber of another
    // thread can miss it (https://github.com/tokio-rs/tracing/issues/2874).
    process_log();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone()).finish();
    tracing::subscriber::with_default(subscriber, act);
    lines.text()
}

/// What the whole process logs at any level from the first call on, whichever test writes it: the
/// server's workers and the refresher are threads of their own, so that a subscriber of the test's
/// thread does not get their events. Events of the libraries that use `log` are included.
pub(crate) fn process_log() -> &'static Lines {
    static LOG: OnceLock<Lines> = OnceLock::new();
    LOG.get_or_init(|| {
        let lines = Lines::default();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(lines.clone())
            .try_init()
            .unwrap();
        lines
    })
}

#[actix_web::test]
async fn r09_neither_log_nor_answer_shows_a_token_and_the_log_tells_the_remedy() {
    let lines = process_log();
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let good = good_token(&authority);
    let unbound = authority.token().subject("user_ada").audience(authority.client_id()).sign();
    let forged = authority.token().subject("user_ada").audience(RESOURCE).signed_by_stranger();
    let mut answers = String::new();
    for token in [good.as_str(), &unbound, &forged.sign(), "no-token-at-all-but-secret"] {
        let answer = server.request(Method::POST, "/mcp").bearer(token).send().await;
        answers += &format!("{answer:?}");
        // Header, payload and signature, each a secret as well.
        for secret in token.split('.').chain([token]) {
            assert!(!answers.contains(secret), "an answer shows a token");
            assert!(!lines.text().contains(secret), "the log shows a token");
            assert!(!metrics::rendered().contains(secret), "a metric shows a token");
        }
    }
    let log = lines.text();
    the_event_of_a_foreign_audience_is_as_documented(&log, &authority);
    assert!(log.contains("reason=\"foreign_audience\""), "{log}");
    assert!(log.contains("resource indicator"), "{log}");
    assert!(log.contains(RESOURCE) && log.contains(authority.client_id()), "{log}");

    let asked_with = provoke_what_the_guide_tells_of(&authority).await;
    let issuer = a_newcomer_whose_issuer_has_its_userinfo_endpoint_elsewhere(lines).await;
    keys_that_stay_and_keys_that_are_gone().await;
    introspection::provoke_what_the_guide_tells_of(&authority).await;
    the_guide_quotes_the_log(&lines.text());
    for event in [
        "keys_fetched",
        "keys_unchanged",
        "no_keys_published",
        "keys_fetch_failed",
        "metadata_fetch_failed",
        "wrong_user_type",
        "no_identity_store",
        "unknown_subject",
        "no_middleware",
        "undeclared_permission",
        "request_refused",
        "request_unavailable",
    ] {
        assert!(lines.text().contains(&format!(" event=\"{event}\"")), "{event} is not logged");
    }
    a_subject_without_a_user_is_named_at_the_level_debug_alone(&lines.text());
    let unused = |line: &&str| {
        line.contains("event=\"userinfo_endpoint_not_used\"") && line.contains(&issuer)
    };
    assert_eq!(lines.text().lines().filter(unused).count(), 1, "logged once");
    assert!(lines.text().contains("actix_server"), "libraries that use log are heard");
    assert!(!lines.text().contains(&asked_with), "the log shows a token");
}

fn a_subject_without_a_user_is_named_at_the_level_debug_alone(log: &str) {
    let named = |line: &&str| line.contains("event=\"unknown_subject\"");
    let line = log.lines().find(named).expect("a line about an unknown subject");
    assert!(line.contains(" DEBUG ") && line.contains(" sub="), "{line}");
    let refused = |line: &&str| line.contains("event=\"request_refused\" ");
    let mut unknown = log.lines().filter(refused).filter(|line| line.contains("\"unknown_user\""));
    assert!(unknown.all(|line| !line.contains("user_ada")), "a subject is at the level info");
}

/// Every field, and of the key a hash instead of its name.
fn the_event_of_a_foreign_audience_is_as_documented(log: &str, authority: &TestAuthority) {
    let of_ours = |line: &&str| {
        line.contains("foreign_audience") && line.contains(&format!("{:?}", authority.issuer()))
    };
    let line = log.lines().find(of_ours).expect("a line about the foreign audience");
    // The subscriber takes what `log` gets as well: an event that went both ways would be two lines.
    assert_eq!(log.lines().filter(of_ours).count(), 1, "{log}");
    let kid = authority.keys().current().id().to_owned();
    let hash = KeyIdHash::of(&kid);
    for piece in [
        " INFO mcp_auth: request refused event=\"request_refused\" decision=\"refused\"",
        " reason=\"foreign_audience\" status=401 ",
        &format!(" issuer={:?} kid_hash={hash} resource={RESOURCE:?} ", authority.issuer()),
        " detail=expected the audience",
    ] {
        assert!(line.contains(piece), "{piece:?} is not in {line:?}");
    }
    assert!(!line.contains(&kid), "{line}");
}

/// Makes each mistake that docs/troubleshooting.md explains. Returns the token that went to the
/// issuer's userinfo endpoint.
async fn provoke_what_the_guide_tells_of(authority: &TestAuthority) -> String {
    let token = || authority.token().subject("user_ada").audience(RESOURCE);
    let server = Server::of(&builder(authority).build().unwrap());
    let hour = Duration::from_secs(3600);
    for token in [
        authority.token().subject("user_ada").audience(format!("{RESOURCE}/")),
        token().issuer("https://api.workos.com/"),
        token().expired_for(hour),
        token().issued_at(std::time::SystemTime::now() + hour),
    ] {
        server.call(&token.sign()).await.assert_invalid_token("a mistake");
    }
    let page = server.request(Method::POST, "/mcp").header("Origin", "https://evil.example");
    assert_eq!(page.send().await.status, 403);
    let elsewhere = server.request(Method::POST, "/mcp").header("Host", "evil.example");
    assert_eq!(elsewhere.send().await.status, 403);

    for header in ["Bearer Bearer x", "Bearer \"x\"", "Bearer ${TOKEN}", "Token x"] {
        let request = server.request(Method::POST, "/mcp").header("Authorization", header);
        assert_eq!(request.send().await.status, 401, "{header}");
    }
    let no_aud = authority.token().subject("user_ada").without("aud").sign();
    server.call(&no_aud).await.assert_invalid_token("no aud");
    let id_token = authority.id_token("app").audience(RESOURCE).claim("typ", "ID").sign();
    server.call(&id_token).await.assert_invalid_token("an ID token");
    let closed = builder(authority).check(|_| Err("nobody may call")).build().unwrap();
    assert_eq!(Server::of(&closed).call(&token().sign()).await.status, 403);
    let offline = builder(authority).scopes_supported(["openid", "offline_access"]);
    let undiscovered = offline.build().unwrap();
    let undiscovered = Server::start(move |config| {
        let auth = undiscovered.clone();
        config.service(web::resource("/mcp").wrap(auth.middleware()).to(async || "never"));
    });
    assert_eq!(undiscovered.request(Method::POST, "/mcp").send().await.status, 401);

    let below = Server::of(&builder(authority).resources_below().build().unwrap());
    assert_eq!(below.request(Method::POST, "/%6dcp").send().await.status, 404);

    let nobody = MemoryIdentityStore::<String>::new();
    let strangers = Server::of(&builder(authority).users(nobody).build().unwrap());
    assert_eq!(strangers.call(&token().sign()).await.status, 403);
    let deactivated = MemoryIdentityStore::<String>::new();
    deactivated.refuse("user_ada");
    let deactivated = Server::of(&builder(authority).users(deactivated).build().unwrap());
    assert_eq!(deactivated.call(&token().sign()).await.status, 403);
    let program = authority.machine_token("client_nightly").audience(RESOURCE).sign();
    assert_eq!(strangers.call(&program).await.status, 403);
    let twice = Server::of(&builder(authority).users(two_rows_of_ada().await).build().unwrap());
    assert_eq!(twice.call(&token().sign()).await.status, 503);
    let broken = Server::of(&builder(authority).users(Broken).build().unwrap());
    assert_eq!(broken.call(&token().sign()).await.status, 503);

    let asking =
        MemoryIdentityStore::<String>::new().provision_with(|newcomer: Newcomer| async move {
            Ok(newcomer.profile().await?.email.into())
        });
    let userinfo = |status, content_type: &str, body: &str| {
        let (content_type, body) = (content_type.into(), body.into());
        let fault = Fault::Custom { status, content_type, body };
        authority.inject(Endpoint::Path("/oauth2/userinfo".into()), fault);
    };
    let asking = Server::of(&builder(authority).users(asking).build().unwrap());
    userinfo(200, "application/jwt", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
    assert_eq!(asking.call(&token().sign()).await.status, 503);
    userinfo(401, "text/plain", "");
    let asked_with = token().sign();
    asking.call(&asked_with).await.assert_invalid_token("refused by the issuer");
    let slow = MemoryIdentityStore::<String>::new()
        .provision_with(|_| std::future::pending::<Result<Found<String>, StoreError>>());
    let slow = builder(authority).users(slow).time_limit(Duration::from_millis(50));
    assert_eq!(Server::of(&slow.build().unwrap()).call(&token().sign()).await.status, 503);

    let strings: MemoryIdentityStore<String> =
        [("user_ada", "Ada".to_owned())].into_iter().collect();
    let wrong_type = Server::of(&builder(authority).users(strings).build().unwrap());
    assert_eq!(wrong_type.call(&token().sign()).await.status, 500);
    let forgotten = builder(authority).build().unwrap();
    let forgotten = Server::start(move |config| {
        let handler = async |_: AuthedUser<String>| "never";
        config.service(web::resource("/mcp").wrap(forgotten.middleware()).to(handler));
    });
    assert_eq!(forgotten.call(&token().sign()).await.status, 500);
    let open = Server::start(|config| {
        config.route("/mcp", web::post().to(async |_: AuthedUser| "never"));
    });
    assert_eq!(open.call(&token().sign()).await.status, 500);

    let auth = builder(authority).permissions::<Editing>().build().unwrap();
    let demanding = Server::start(move |config| {
        config.service(
            web::resource("/mcp")
                .wrap(auth.middleware())
                .route(web::post().to(async |_: Authorized<Editing>| "never"))
                .route(web::put().to(async |_: Authorized<Painting>| "never")),
        );
    });
    assert_eq!(demanding.call(&token().sign()).await.status, 403);
    let put = demanding.request(Method::PUT, "/mcp").bearer(&token().sign());
    assert_eq!(put.send().await.status, 500);

    let gone = TestAuthority::start().unwrap();
    gone.go_down();
    let unreachable = Server::of(&builder(&gone).build().unwrap());
    let token = gone.person_token("user_ada", RESOURCE);
    assert_eq!(unreachable.call(&token).await.status, 503);
    asked_with
}

/// A store over a table without a unique index, in which two rows have Ada's subject.
async fn two_rows_of_ada() -> SqlxIdentityStore<(String,), sqlx::Sqlite> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
    let pool = pool.unwrap();
    let table = "CREATE TABLE people (external_id TEXT NOT NULL); \
                 INSERT INTO people VALUES ('user_ada'), ('user_ada')";
    sqlx::raw_sql(table).execute(&pool).await.unwrap();
    SqlxIdentityStore::new(pool, "SELECT external_id FROM people WHERE external_id = ?")
}

/// A fetch that brings the same keys (304), and one that brings none.
async fn keys_that_stay_and_keys_that_are_gone() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
    let of_unknown_key =
        || authority.token().subject("user_ada").audience(RESOURCE).kid("unknown").sign();
    assert_eq!(server.call(&of_unknown_key()).await.status, 401);
    let none = Fault::Custom {
        status: 200,
        content_type: "application/json".into(),
        body: br#"{"keys":[]}"#.to_vec(),
    };
    authority.inject(Endpoint::Jwks, none);
    assert_ne!(server.call(&of_unknown_key()).await.status, 200);
    assert_eq!(server.call(&good_token(&authority)).await.status, 200, "believed the second time");
}

/// Calls until that is too often. Returns the issuer.
async fn a_newcomer_whose_issuer_has_its_userinfo_endpoint_elsewhere(lines: &Lines) -> String {
    let authority = authority();
    authority.set_metadata("userinfo_endpoint", "https://elsewhere.example/userinfo");
    let asking =
        MemoryIdentityStore::<String>::new().provision_with(|newcomer: Newcomer| async move {
            Ok(newcomer.profile().await?.email.into())
        });
    // Keys are discovered, so that the metadata is read at start-up.
    let builder = McpAuth::builder(RESOURCE).issuer(Issuer::new(authority.issuer()).unwrap());
    let auth = builder.users(asking).log_sampling(LogSampling::off()).build().unwrap();
    let server = Server::of(&auth);
    for _ in 0..200 {
        assert_eq!(server.call(&good_token(&authority)).await.status, 503);
        if lines.text().contains("asked too often") {
            break;
        }
    }
    authority.issuer().to_owned()
}

scopes! {
    Editing = "edit";
    Painting = "paint";
}

struct Broken;

#[async_trait]
impl IdentityStore for Broken {
    type User = String;

    async fn find(&self, _: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        Err(StoreError::new("the database is gone"))
    }
}

/// Every piece of a log line that stands in the guide's middle column must have been logged.
fn the_guide_quotes_the_log(log: &str) {
    let guide = include_str!("../../docs/troubleshooting.md");
    let mut quotes = 0;
    for row in guide.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let said = row.split(" | ").nth(1).unwrap();
        for quote in said.split('`').skip(1).step_by(2) {
            quotes += 1;
            assert!(log.contains(quote), "never logged: {quote}");
        }
    }
    assert!(quotes > 12, "{quotes} quotes");
}
