//! Pages and agents: people with a session in the browser are the same users as their agents.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use actix_mcp_auth::{
    AuthedUser, Authorized, MaybeAuthed, McpAuth,
    operation::UnixTime,
    revocation::{Revoked, SharedRevocations},
    scopes,
    session::{
        LoadFuture, LoadedSession, SessionCredential, SessionError, SessionIdentity, SessionSource,
        SessionToken,
    },
    stores::{IdentityStoreExt, MemoryIdentityStore},
    testing::TestAuthority,
};
use actix_web::{HttpRequest, HttpResponse, http::Method, web};

use crate::support::{
    Answer, RESOURCE, Request, Server, authority, builder, session_token, sessions_issuer,
    sessions_name,
};

mod browser;
mod revoked;

scopes! {
    /// Read bookmarks.
    pub Read = "bookmarks:read";
}

const SITE: &str = "http://127.0.0.1:8787/site";
const ORIGIN: &str = "http://127.0.0.1:8787";

/// Sessions in memory, by the value of the cookie `session`.
#[derive(Clone, Default)]
struct Sessions {
    credentials: Arc<Mutex<HashMap<String, SessionCredential>>>,
    is_down: Arc<std::sync::atomic::AtomicBool>,
    issuer: String,
}

impl Sessions {
    fn sign_in(&self, cookie: &str, credential: impl Into<SessionCredential>) {
        self.credentials.lock().unwrap().insert(cookie.to_owned(), credential.into());
    }
}

impl SessionSource for Sessions {
    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn max_age(&self) -> Duration {
        Duration::from_secs(40 * 24 * 60 * 60)
    }

    fn load<'r>(&'r self, cookies: Vec<&'r [u8]>) -> LoadFuture<'r> {
        Box::pin(async move {
            if self.is_down.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(SessionError::new("the session store at secret-host is away"));
            }
            let value = |cookie: &[u8]| {
                let text = String::from_utf8_lossy(cookie).into_owned();
                text.split("; ").find_map(|it| it.strip_prefix("session=").map(str::to_owned))
            };
            let Some(value) = cookies.into_iter().find_map(value) else {
                return Ok(LoadedSession::none());
            };
            Ok(match self.credentials.lock().unwrap().get(&value) {
                Some(credential) => {
                    LoadedSession::of(credential.clone()).set_cookie("session=renewed; Secure")
                }
                None => LoadedSession::none().set_cookie("session=; Max-Age=0"),
            })
        })
    }

    fn sign_in_url(&self, return_to: &str) -> Option<String> {
        Some(format!("/login?back={}", return_to.replace('?', "%3F").replace('&', "%26")))
    }
}

/// A person of the application's.
struct User {
    name: String,
}

/// A site at `/site` and an MCP endpoint at `/mcp`, with the same people.
struct Application {
    authority: TestAuthority,
    sessions: Sessions,
    site: McpAuth,
    server: Server,
}

impl Application {
    fn new() -> Self {
        let authority = authority();
        let sessions = Sessions { issuer: sessions_name(&authority), ..Sessions::default() };
        let revocations = SharedRevocations::in_memory(Default::default());
        let users = || {
            let users = MemoryIdentityStore::new();
            users.insert("user_ada", User { name: "Ada".to_owned() });
            users.insert("user_alan", User { name: "Alan".to_owned() });
            users.shared_subjects()
        };
        let site = McpAuth::api(SITE)
            .issuer(sessions_issuer(&authority))
            .issuer(authority.issuer())
            .revocations(&revocations)
            .permissions::<Read>()
            .grants(|_, user: &User| (user.name == "Ada").then_some("bookmarks:read"))
            .users(users())
            .build()
            .unwrap();
        let site = site.accept_sessions(Arc::new(sessions.clone())).unwrap();
        let mcp = builder(&authority).revocations(&revocations).users(users()).build().unwrap();
        let (pages, agents) = (site.clone(), mcp);
        let server = Server::start(move |config| {
            let whoami = async |me: AuthedUser<User>| {
                let principal = me.principal();
                let kind = if principal.signed_in_at().is_some() { "page" } else { "agent" };
                format!("{} {kind} {:?} {:?}", me.name, principal.session(), principal.client())
            };
            let perhaps = async |me: MaybeAuthed<User>| {
                me.user().map_or("nobody".to_owned(), |me| me.name.clone())
            };
            let read = async |me: Authorized<Read, User>| me.name.clone();
            let cached = async |_: AuthedUser<User>| {
                HttpResponse::Ok().insert_header(("cache-control", "private, max-age=60")).finish()
            };
            config
                .service(
                    web::scope("/site")
                        .service(
                            web::resource("/maybe").wrap(pages.middleware().optional()).to(perhaps),
                        )
                        .service(
                            web::resource("/required")
                                .wrap(pages.middleware().require::<Read>())
                                .to(whoami),
                        )
                        .service(
                            web::scope("")
                                .wrap(pages.middleware())
                                .route("/read", web::to(read))
                                .route("/cached", web::to(cached))
                                .default_service(web::to(whoami)),
                        ),
                )
                .service(web::resource("/mcp").wrap(agents.middleware()).to(whoami));
        });
        Self { authority, sessions, site, server }
    }

    /// Signs a person in, and returns the cookie.
    fn sign_in(&self, sub: &str, sid: &str, signed_in_at: SystemTime) -> String {
        let token = session_token(&self.authority).subject(sub).claim("sid", sid).sign();
        self.sessions.sign_in(sid, SessionToken::new(secret(&token), unix(signed_in_at)));
        format!("theme=dark; session={sid}")
    }

    fn page(&self, path: &str, cookie: &str) -> Request {
        self.server.get(path).header("cookie", cookie)
    }

    async fn visit(&self, path: &str, cookie: &str) -> Answer {
        self.page(path, cookie).send().await
    }

    fn agent(&self, sub: &str) -> String {
        self.authority.token().subject(sub).audiences([RESOURCE, SITE]).sign()
    }
}

fn secret(token: &str) -> actix_mcp_auth::session::Secret {
    actix_mcp_auth::session::Secret::new(token)
}

fn unix(time: SystemTime) -> UnixTime {
    UnixTime::since_epoch(time.duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

fn now() -> SystemTime {
    SystemTime::now()
}

#[actix_web::test]
async fn a_page_and_an_agent_are_the_same_user() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now());
    for _ in 0..2 {
        let answer = application.visit("/site/home", &cookie).await;
        assert_eq!(answer.body, "Ada page Some(\"session_1\") None", "{answer:?}");
    }
    let agent = application.agent("user_ada");
    let answer = application.server.get("/mcp").bearer(&agent).send().await;
    assert!(answer.body.starts_with("Ada agent"), "{answer:?}");
    for (path, ada, alan) in
        [("/site/read", 200, 403), ("/site/required", 200, 403), ("/site/maybe", 200, 200)]
    {
        let other = application.sign_in("user_alan", "session_2", now());
        assert_eq!(application.visit(path, &cookie).await.status, ada, "{path}");
        assert_eq!(application.visit(path, &other).await.status, alan, "{path}");
    }
    let stranger = application.sign_in("user_eve", "session_3", now());
    assert_eq!(application.visit("/site/home", &stranger).await.status, 403, "no user");
    assert_eq!(application.visit("/site/maybe", "theme=dark").await.body, "nobody");
}

#[actix_web::test]
async fn r39_a_session_never_authenticates_on_an_mcp_resource() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now());
    assert_eq!(application.visit("/mcp", &cookie).await.status, 401);
    let mcp = builder(&application.authority).build().unwrap();
    let error = mcp.accept_sessions(Arc::new(Sessions::default())).unwrap_err().to_string();
    assert!(error.contains("McpAuth::api"), "{error}");
    let error = mcp.or_session(async |_: &HttpRequest| Ok(None)).unwrap_err().to_string();
    assert!(error.contains("McpAuth::api"), "{error}");
    let other = McpAuth::api(SITE).issuer(application.authority.issuer()).build().unwrap();
    let error = other.accept_sessions(Arc::new(Sessions::default())).unwrap_err().to_string();
    assert!(error.contains("an issuer that this resource trusts"), "{error}");
    let twice = application.site.accept_sessions(Arc::new(application.sessions.clone()));
    assert!(twice.unwrap_err().to_string().contains("once only"));
}

#[actix_web::test]
async fn a_bearer_token_goes_before_a_session() {
    let application = Application::new();
    let cookie = application.sign_in("user_ada", "session_1", now());
    let with = |token: &str| application.page("/site/home", &cookie).bearer(token).send();
    let answer = with(&application.agent("user_alan")).await;
    assert!(answer.body.starts_with("Alan agent"), "{answer:?}");
    let bad = with("no.good.token").await;
    assert_eq!(bad.status, 401, "a bad one beside a good session");
    assert!(bad.challenge().contains("invalid_token"));
}

#[actix_web::test]
async fn a_token_of_a_session_may_name_the_client_id() {
    let application = Application::new();
    for (aud, status) in [(application.authority.client_id(), 200), ("client_01OTHER", 401)] {
        let token = session_token(&application.authority).subject("user_ada").audience(aud);
        let token = token.claim("sid", "session_1").sign();
        application.sessions.sign_in("s", SessionToken::new(secret(&token), unix(now())));
        assert_eq!(application.visit("/site/home", "session=s").await.status, status, "{aud}");
    }
}

#[actix_web::test]
async fn a_team_keeps_its_own_sign_in() {
    let authority = authority();
    let issuer = authority.issuer().to_owned();
    let site = McpAuth::api(SITE).issuer(authority.issuer()).build().unwrap();
    let site = site
        .or_session(async move |request: &HttpRequest| {
            let user = request.headers().get("x-own-session").and_then(|it| it.to_str().ok());
            let identity = |user| SessionIdentity::new(&*issuer, user, unix(now()));
            Ok(user.map(|user| identity(user).session("own_1")))
        })
        .unwrap()
        .sign_in_page("/login")
        .unwrap();
    assert!(site.sign_in_page("//evil.example").is_err());
    let auth = site.clone();
    let server = Server::start(move |config| {
        let whoami =
            web::to(async |me: AuthedUser| format!("{} {:?}", me.subject().id(), me.session()));
        config.service(web::resource("/site").wrap(site.middleware()).route(whoami));
    });
    let get = || server.get("/site").header("x-own-session", "user_ada");
    assert_eq!(get().send().await.body, "user_ada Some(\"own_1\")");
    let unsafe_method = server.request(Method::POST, "/site").header("x-own-session", "user_ada");
    assert_eq!(unsafe_method.send().await.status, 403, "another site may have caused it");
    let navigation = server.get("/site?a=b").header("accept", "text/html").send().await;
    assert_eq!(navigation.status, 303);
    assert_eq!(navigation.header("location"), Some("/login?return_to=/site%3Fa%3Db"));
    assert_eq!(server.get("/site").send().await.status, 401);
    auth.revoke(Revoked::session("own_1").standing()).await.unwrap();
    assert_eq!(get().send().await.status, 401, "revoked by its id");
}
