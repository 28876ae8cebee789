//! What a request with a session costs beside one with a bearer token, in process and without a
//! socket: the middleware and a handler.
//!
//! `cargo bench --manifest-path benches/Cargo.toml -p http-benches --bench sessions`

use std::{hint::black_box, sync::Arc, time::Duration};

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth,
    operation::{Clock, SystemClock},
    session::{LoadFuture, LoadedSession, Secret, SessionSource, SessionToken},
    sign_in::{SignIn, SignInSettings},
    testing::TestAuthority,
};
use actix_web::{
    App,
    dev::{Service, ServiceResponse},
    http::header,
    rt::System,
    test::{TestRequest, init_service},
    web,
};
use criterion::{Criterion, criterion_group, criterion_main};

const SITE: &str = "http://127.0.0.1:8787/site";
const API_KEY: &str = "sk_test_a1B2c3";
const AN_HOUR: Duration = Duration::from_secs(60 * 60);

/// A session that is at hand: loading it costs nothing.
struct AtHand {
    issuer: String,
    token: SessionToken,
}

impl SessionSource for AtHand {
    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn max_age(&self) -> Duration {
        AN_HOUR
    }

    fn load<'r>(&'r self, _: Vec<&'r [u8]>) -> LoadFuture<'r> {
        Box::pin(async { Ok(LoadedSession::of(self.token.clone())) })
    }

    fn sign_in_url(&self, _: &str) -> Option<String> {
        None
    }
}

fn site(authority: &TestAuthority) -> McpAuth {
    let sessions = Issuer::workos_sessions_at(authority.session_issuer(), authority.client_id());
    let site = McpAuth::api(SITE).issuer(sessions.expect("an issuer")).issuer(authority.issuer());
    site.build().expect("settings that can be meant")
}

async fn home(me: AuthedUser) -> String {
    me.subject().id().to_owned()
}

/// An application with these sessions, and the routes of a sign-in.
macro_rules! application {
    ($site:expr, $routes:expr) => {{
        let site = $site.clone();
        let pages = web::resource("/site").wrap(site.middleware()).to(home);
        init_service(App::new().configure($routes).service(pages)).await
    }};
}

/// The status of one request, which is a good one.
async fn get(
    application: &impl Service<
        actix_http::Request,
        Response = ServiceResponse,
        Error = actix_web::Error,
    >,
    name: header::HeaderName,
    value: &str,
) {
    let request = TestRequest::get().uri("/site").insert_header((name, value)).to_request();
    let answer = application.call(request).await.expect("an answer");
    assert_eq!(black_box(answer).status(), 200);
}

/// The session's cookie, by a whole sign-in.
async fn sign_in(
    application: &impl Service<
        actix_http::Request,
        Response = ServiceResponse,
        Error = actix_web::Error,
    >,
) -> String {
    let value = |answer: &ServiceResponse, name| {
        let values = answer.headers().get_all(name).filter_map(|it| it.to_str().ok());
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    let pair = |cookie: &String| cookie.split(';').next().unwrap_or_default().to_owned();
    let begun = application.call(TestRequest::get().uri("/login").to_request()).await;
    let begun = begun.expect("an answer");
    let issuer = &value(&begun, header::LOCATION)[0];
    let client = awc::Client::builder().disable_redirects().finish();
    let back = client.get(issuer).send().await.expect("the authority answers");
    let back = back.headers().get(header::LOCATION).expect("a redirect").to_str().expect("a URL");
    let path = back.split_once(":8787").expect("the callback").1;
    let cookie = pair(&value(&begun, header::SET_COOKIE)[0]);
    let request = TestRequest::get().uri(path).insert_header((header::COOKIE, cookie));
    let done = application.call(request.to_request()).await.expect("an answer");
    let set = value(&done, header::SET_COOKIE);
    pair(set.iter().find(|it| it.starts_with("mcp-auth-session=")).expect("a session"))
}

fn sessions(criterion: &mut Criterion) {
    let authority = TestAuthority::builder()
        .workos_api_key(API_KEY)
        .local_session_issuer()
        .token_lifetime(AN_HOUR)
        .auto_approve("user_ada")
        .start()
        .expect("loopback can be listened on");
    let system = System::new();
    let signed_in = authority.sign_in_session("user_ada");
    let token = SessionToken::new(Secret::new(&*signed_in.access_token), SystemClock.now());
    let issuer = authority.session_issuer().to_owned();
    let at_hand = site(&authority).accept_sessions(Arc::new(AtHand { issuer, token }));
    let at_hand = at_hand.expect("sessions of a trusted issuer");
    let settings = SignInSettings::new(
        authority.client_id(),
        API_KEY,
        "http://127.0.0.1:8787/callback",
        "0123456789abcdef0123456789abcdef",
    );
    let settings = settings.and_then(|it| it.api_url(authority.session_issuer()));
    let in_cookie = site(&authority);
    let sign_in_routes = SignIn::authkit(&settings.expect("settings"), in_cookie.handle());
    let sign_in_routes = sign_in_routes.expect("a sign-in");
    let in_cookie = in_cookie.accept_sessions(sign_in_routes.sessions()).expect("its sessions");
    // The same token for both, so that both are as long.
    let bearer = format!("Bearer {}", signed_in.access_token);

    let (at_hand, in_cookie, cookie) = system.block_on(async {
        let at_hand = application!(at_hand, |_: &mut web::ServiceConfig| ());
        let in_cookie = application!(in_cookie, sign_in_routes.routes());
        let cookie = sign_in(&in_cookie).await;
        (at_hand, in_cookie, cookie)
    });
    let mut group = criterion.benchmark_group("gate");
    for round in ["", ", again"] {
        group.bench_function(format!("bearer token{round}"), |b| {
            b.iter(|| system.block_on(get(&at_hand, header::AUTHORIZATION, &bearer)))
        });
        group.bench_function(format!("session at hand{round}"), |b| {
            b.iter(|| system.block_on(get(&at_hand, header::COOKIE, &cookie)))
        });
        group.bench_function(format!("session in the cookie{round}"), |b| {
            b.iter(|| system.block_on(get(&in_cookie, header::COOKIE, &cookie)))
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = sessions
}
criterion_main!(benches);
