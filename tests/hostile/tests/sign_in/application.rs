//! An application with pages at `/site`, an MCP resource at `/mcp` and a sign-in, and checks that
//! hold for each of its answers.

use std::{
    cell::RefCell,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth,
    operation::{Clock, SystemClock, UnixTime},
    revocation::{RevocationSettings, SharedRevocations},
    sign_in::{SignIn, SignInSettings},
    stores::{IdentityStoreExt, MemoryIdentityStore},
    testing::{Person, TestAuthority, TestAuthorityBuilder},
};
use actix_web::{HttpResponse, dev::ServiceResponse, error::ErrorGone, web};
use hostile::{Answer, Server, Wire, builder_for, full, server::wait_until_ready};

use crate::browser::{Browser, Sent};

pub(crate) const ORIGIN: &str = "https://localhost";
pub(crate) const API_KEY: &str = "sk_test_a1B2c3";
pub(crate) const PASSWORD: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const AUTHENTICATE: &str = "/user_management/authenticate";
/// The name of the session's cookie.
pub(crate) const SESSION: &str = "__Host-mcp-auth-session";
/// The lifetime of a session's tokens, in seconds.
pub(crate) const LIFETIME: u64 = 300;
/// After so many seconds tokens have to be renewed, and are good.
pub(crate) const DUE: u64 = 210;
/// No answer takes longer while the issuer fails.
pub(crate) const LONGEST: Duration = Duration::from_secs(10);
const ROUTES: [&str; 3] = ["/login", "/callback", "/logout"];

/// A person of the application's.
struct User(&'static str);

pub(crate) struct Application {
    pub(crate) authority: TestAuthority,
    pub(crate) site: McpAuth,
    clock: Ahead,
    server: Server,
    wire: RefCell<Wire>,
    longest: Duration,
}

/// The machine's clock, set ahead by so many seconds.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicU64>);

impl Clock for Ahead {
    fn now(&self) -> UnixTime {
        SystemClock.now() + Duration::from_secs(self.0.load(Relaxed))
    }
}

/// An authority at which Ada signs in, who is in two organizations.
pub(crate) fn authority() -> TestAuthorityBuilder {
    let ada = Person::new("user_ada", "Ada Lovelace").org("org_engines");
    TestAuthority::builder()
        .workos_api_key(API_KEY)
        .local_session_issuer()
        .session_token_lifetime(Duration::from_secs(LIFETIME))
        .person(ada.also_in("org_poets", "reader", ["poems:read"]))
        .auto_approve("user_ada")
}

/// The name under which the authority issues session tokens.
pub(crate) fn sessions_name(authority: &TestAuthority) -> String {
    authority.issuer().replace("127.0.0.1", "localhost")
}

impl Application {
    pub(crate) fn start() -> Self {
        Self::with(authority().start().unwrap(), PASSWORD, |settings| settings)
    }

    pub(crate) fn with(
        authority: TestAuthority,
        password: &str,
        change: impl FnOnce(SignInSettings) -> SignInSettings,
    ) -> Self {
        let users = || {
            let users = MemoryIdentityStore::new();
            users.insert("user_ada", User("Ada"));
            users.insert("user_alan", User("Alan"));
            users.shared_subjects()
        };
        let (revocations, clock) =
            (SharedRevocations::in_memory(RevocationSettings::default()), Ahead::default());
        let sessions = sessions_name(&authority);
        let site = McpAuth::api(format!("{ORIGIN}/site"))
            .clock(clock.clone())
            .issuer(Issuer::workos_sessions_at(&*sessions, authority.client_id()).unwrap())
            .revocations(&revocations)
            .users(users())
            .build()
            .unwrap();
        let callback = format!("{ORIGIN}/callback");
        let settings = SignInSettings::new(authority.client_id(), API_KEY, callback, password);
        let settings = change(settings.unwrap().api_url(sessions).unwrap());
        let sign_in = SignIn::authkit(&settings, site.handle()).unwrap();
        let site = site.accept_sessions(sign_in.sessions()).unwrap();
        let mcp = builder_for(&format!("{ORIGIN}/mcp")).authkit(authority.issuer());
        let mcp = mcp.revocations(&revocations).users(users()).build().unwrap();
        for auth in [&site, &mcp] {
            wait_until_ready(auth);
        }
        let pages = site.clone();
        let server = Server::start(move |config| {
            config
                .configure(sign_in.routes())
                .service(web::resource("/mcp").wrap(mcp.middleware()).to(name))
                .service(web::scope("/site").wrap(pages.middleware()).configure(routes));
        });
        let wire = RefCell::new(server.wire());
        let longest = if full() { Duration::from_secs(2) } else { LONGEST };
        Self { authority, site, clock, server, wire, longest }
    }

    /// The same, whose answers may wait for the issuer.
    pub(crate) fn behind_a_slow_issuer(self) -> Self {
        Self { longest: LONGEST, ..self }
    }

    /// Lets time pass, for the application and for the authority.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Relaxed);
        self.authority.advance_clock(Duration::from_secs(seconds));
    }

    /// A client of its own, for a request beside the others.
    pub(crate) fn wire(&self) -> Wire {
        self.server.wire()
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { application: self, jar: Vec::new() }
    }

    /// A browser in which Ada has signed in.
    pub(crate) fn signed_in(&self) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.sign_in("/login");
        assert_eq!(answer.status, 303, "{answer:?}");
        browser
    }

    /// Follows a redirect to the issuer, which redirects back: the path of the callback.
    pub(crate) fn at_the_issuer(&self, authorize: &str) -> String {
        let authority: SocketAddr = self.authority.issuer()["http://".len()..].parse().unwrap();
        let (_, path) = authorize["http://".len()..].split_once('/').unwrap();
        let answer = Wire::to(authority).send(&Sent::get(&format!("/{path}")).bytes());
        let back = answer.header("location").unwrap_or_else(|| panic!("{answer:?}"));
        back.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("back to {back}")).to_owned()
    }

    /// Sends a request, and checks what holds for each answer.
    pub(crate) fn send(&self, sent: &Sent) -> Answer {
        let answer = self.wire.borrow_mut().send(&sent.bytes());
        self.judged(sent, answer)
    }

    /// Checks what holds for each answer: no 5xx but 503 with `Retry-After` (and, for a wrong
    /// set-up, a page with 500), in time, without a piece of a cookie, and out of shared caches.
    pub(crate) fn judged(&self, sent: &Sent, answer: Answer) -> Answer {
        let answer = answer.judged(&sent.cookie_values());
        assert!(answer.took < self.longest, "{sent:?}: {answer:?}");
        let is_misconfigured = answer.body.contains("has to be set up differently");
        let may_be = match answer.status {
            503 => answer.header("retry-after").is_some(),
            status => status < 500 || is_misconfigured,
        };
        assert!(may_be, "{sent:?}: {answer:?}");
        let is_route = ROUTES.iter().any(|route| sent.path.starts_with(route));
        let is_private = is_route || sent.path.starts_with("/site") && sent.has_cookies();
        // Bytes that are no HTTP are answered before the application is asked.
        let is_http = answer.header("content-type").is_some() || !answer.body.is_empty();
        let is_http = is_http || !matches!(answer.status, 400 | 431);
        if is_private && is_http {
            assert!(is_kept_out_of_shared_caches(&answer), "{sent:?}: {answer:?}");
        }
        answer
    }
}

/// Whether no shared cache may store it (RFC 9111 §3).
fn is_kept_out_of_shared_caches(answer: &Answer) -> bool {
    let control = answer.header("cache-control").unwrap_or_default().to_ascii_lowercase();
    let mut directives = control.split(',').map(str::trim);
    directives.any(|it| it == "no-store" || it == "private") && !control.contains("public")
}

fn routes(config: &mut web::ServiceConfig) {
    let moved = || HttpResponse::MovedPermanently().insert_header(("location", "/x")).finish();
    config
        .route("/moved", web::to(move || std::future::ready(moved())))
        .route("/not-modified", web::to(HttpResponse::NotModified))
        .route("/gone", web::to(async || Err::<&str, _>(ErrorGone(""))))
        .service(
            web::resource("/inner-error")
                .wrap_fn(|_, _| async { Err::<ServiceResponse, _>(ErrorGone("")) })
                .to(name),
        )
        .route("/home", web::to(name));
}

async fn name(me: AuthedUser<User>) -> &'static str {
    me.0
}
