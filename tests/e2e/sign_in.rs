//! Sign-in in the browser by WorkOS AuthKit, with a test authority in its place.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_mcp_auth::{
    AuthedUser, McpAuth,
    operation::{Clock, SystemClock, UnixTime},
    revocation::SharedRevocations,
    sign_in::{SignIn, SignInSettings},
    stores::{IdentityStoreExt, MemoryIdentityStore},
    testing::{TestAuthority, TestAuthorityBuilder},
};
use actix_web::{http::Method, web};

use crate::support::{Answer, RESOURCE, Request, Server, builder, sessions_issuer, sessions_name};

mod complete;
mod events;
mod organization;
mod refresh;
mod refused;
mod sign_out;

const SITE: &str = "http://127.0.0.1:8787/site";
const ORIGIN: &str = "http://127.0.0.1:8787";
const CALLBACK: &str = "http://127.0.0.1:8787/callback";
const API_KEY: &str = "sk_test_a1B2c3";
const PASSWORD: &str = "0123456789abcdef0123456789abcdef";
const AUTHENTICATE: &str = "/user_management/authenticate";

/// A person of the application's.
struct User {
    name: String,
}

/// An application with pages at `/site`, an MCP endpoint at `/mcp`, and a sign-in for its pages.
struct Application {
    authority: TestAuthority,
    clock: Ahead,
    site: McpAuth,
    server: Server,
}

/// The machine's clock, set ahead by so many seconds.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Clock for Ahead {
    fn now(&self) -> UnixTime {
        SystemClock.now() + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// An authority at which Ada signs in.
fn authority() -> TestAuthorityBuilder {
    TestAuthority::builder()
        .workos_api_key(API_KEY)
        .local_session_issuer()
        .redirect_uri(CALLBACK)
        .auto_approve("user_ada")
}

fn settings(authority: &TestAuthority) -> SignInSettings {
    let settings = SignInSettings::new(authority.client_id(), API_KEY, CALLBACK, PASSWORD);
    settings.unwrap().api_url(sessions_name(authority)).unwrap()
}

impl Application {
    fn new() -> Self {
        Self::with(authority().start().unwrap(), |settings| settings)
    }

    fn with(
        authority: TestAuthority,
        change: impl FnOnce(SignInSettings) -> SignInSettings,
    ) -> Self {
        let users = || {
            let users = MemoryIdentityStore::new();
            users.insert("user_ada", User { name: "Ada".to_owned() });
            users.insert("user_alan", User { name: "Alan".to_owned() });
            users.shared_subjects()
        };
        let revocations = SharedRevocations::in_memory(Default::default());
        let clock = Ahead::default();
        let site = McpAuth::api(SITE)
            .clock(clock.clone())
            .issuer(sessions_issuer(&authority))
            .issuer(authority.issuer())
            .revocations(&revocations)
            .users(users())
            .build()
            .unwrap();
        let sign_in = SignIn::authkit(&change(settings(&authority)), site.handle()).unwrap();
        let site = site.accept_sessions(sign_in.sessions()).unwrap();
        let mcp = builder(&authority).revocations(&revocations).users(users()).build().unwrap();
        let pages = site.clone();
        let server = Server::start(move |config| {
            let whoami = async |me: AuthedUser<User>| {
                format!("{} {}", me.name, me.principal().organization().unwrap_or("-"))
            };
            config
                .configure(sign_in.routes())
                .service(
                    web::scope("/site").wrap(pages.middleware()).default_service(web::to(whoami)),
                )
                .service(web::resource("/mcp").wrap(mcp.middleware()).to(whoami));
        });
        Self { authority, clock, site, server }
    }

    /// Lets time pass, for the application and for the authority.
    fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
        self.authority.advance_clock(Duration::from_secs(seconds));
    }

    fn browser(&self) -> Browser<'_> {
        Browser { application: self, cookies: Vec::new() }
    }

    /// A browser in which Ada has signed in.
    async fn signed_in(&self) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.sign_in("/login").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        browser
    }

    fn agent(&self) -> String {
        self.authority.token().subject("user_ada").audience(RESOURCE).sign()
    }
}

/// A browser, as far as cookies go.
#[derive(Clone)]
struct Browser<'a> {
    application: &'a Application,
    cookies: Vec<(String, String)>,
}

impl Browser<'_> {
    fn request(&self, method: Method, path: &str) -> Request {
        let request = self.application.server.request(method, path);
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        match cookies.is_empty() {
            true => request,
            false => request.header("cookie", &cookies.join("; ")),
        }
    }

    /// Keeps the cookies of an answer.
    fn keep(&mut self, answer: Answer) -> Answer {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !cookie.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// A navigation.
    async fn go(&mut self, path: &str) -> Answer {
        let answer = self.request(Method::GET, path).header("sec-fetch-mode", "navigate").send();
        let answer = answer.await;
        self.keep(answer)
    }

    /// A form of a page of the own origin.
    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).header("sec-fetch-site", "same-origin");
        let answer = request.header("sec-fetch-mode", "navigate").send_form(form).await;
        self.keep(answer)
    }

    /// Begins a sign-in, and returns the path of the callback with the issuer's answer.
    async fn begin(&mut self, login: &str) -> String {
        let answer = self.go(login).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        at_the_issuer(answer.header("location").unwrap()).await
    }

    /// A whole sign-in, and the answer at its end.
    async fn sign_in(&mut self, login: &str) -> Answer {
        let callback = self.begin(login).await;
        self.go(&callback).await
    }

    async fn home(&mut self) -> Answer {
        self.go("/site/home").await
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Follows the redirect to the issuer, which redirects back: the path of the callback.
async fn at_the_issuer(authorize: &str) -> String {
    let client = awc::Client::builder().disable_redirects().finish();
    let answer = client.get(authorize).send().await.unwrap();
    let back = answer.headers().get("location").unwrap_or_else(|| panic!("{answer:?}"));
    let back = back.to_str().unwrap();
    back.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("back to {back}")).to_owned()
}

/// Waits until it holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("does not become true: {what}");
}
