//! Sessions of the revisions up to 2025-11-25: they stay with whom they were given to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use actix_mcp_auth::{
    McpAuth, McpAuthBuilder,
    mcp::{AnonymousMethods, McpMiddleware, SessionSettings},
    testing::TestAuthority,
};
use actix_web::{HttpRequest, HttpResponse, http::Method, web};

use crate::support::{Answer, RESOURCE, Request, Server, authority, builder};

/// A server that opens a session at each `initialize` and believes whoever names one.
struct Sessions {
    authority: TestAuthority,
    server: Server,
}

impl Sessions {
    fn start() -> Self {
        Self::with(|builder| builder, McpAuth::mcp)
    }

    fn with(
        settings: impl FnOnce(McpAuthBuilder) -> McpAuthBuilder,
        mcp: impl FnOnce(&McpAuth) -> McpMiddleware,
    ) -> Self {
        let authority = authority();
        let auth = settings(builder(&authority)).build().unwrap();
        let mcp = mcp(&auth);
        let opened = Arc::new(AtomicUsize::new(0));
        let server = Server::start(move |config| {
            let handler = web::route().to(trusting);
            config.configure(auth.discovery()).service(
                web::resource("/mcp")
                    .app_data(web::Data::from(opened.clone()))
                    .wrap(mcp.clone())
                    .route(handler),
            );
        });
        Self { authority, server }
    }

    /// A token of a person's, newly issued, through this client.
    fn token(&self, person: &str, client: &str) -> String {
        static SERIAL: AtomicUsize = AtomicUsize::new(0);
        let serial = SERIAL.fetch_add(1, Relaxed);
        let token = self.authority.token().subject(person).audience(RESOURCE);
        token.claim("client_id", client).claim("jti", format!("token-{serial}")).sign()
    }

    fn request(&self, method: Method, session: Option<&str>) -> Request {
        let request = self.server.request(method, "/mcp");
        match session {
            Some(id) => request.header("Mcp-Session-Id", id),
            None => request,
        }
    }

    async fn as_person(&self, method: Method, person: &str, session: Option<&str>) -> Answer {
        let token = self.token(person, "client_1");
        self.request(method, session).bearer(&token).send_body(PING).await
    }

    /// Opens a session of a person's.
    async fn open(&self, person: &str) -> String {
        let token = self.token(person, "client_1");
        let answer = self.request(Method::POST, None).bearer(&token).send_body(INITIALIZE).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("mcp-session-id").unwrap().to_owned()
    }
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

async fn trusting(
    request: HttpRequest,
    opened: web::Data<AtomicUsize>,
    body: web::Bytes,
) -> HttpResponse {
    if request.headers().contains_key("X-Fail") {
        return HttpResponse::BadRequest()
            .insert_header(("Mcp-Session-Id", "of-an-error"))
            .finish();
    }
    match request.method() {
        &Method::DELETE => HttpResponse::NoContent().finish(),
        _ if body == INITIALIZE => {
            let id = format!("session-{}", opened.fetch_add(1, Relaxed));
            HttpResponse::Ok().insert_header(("Mcp-Session-Id", id)).body("opened")
        }
        _ => match request.headers().get("Mcp-Session-Id") {
            Some(id) => HttpResponse::Ok().insert_header(("Mcp-Session-Id", id)).body("yours"),
            None => HttpResponse::Ok().body("no session"),
        },
    }
}

/// As for a session that never was.
#[track_caller]
fn assert_not_found(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 404, "{what}: {answer:?}");
    assert_eq!(answer.json()["error"]["message"], "Session not found", "{what}");
    assert!(answer.header("www-authenticate").is_none(), "{what}");
    assert!(answer.header("mcp-session-id").is_none(), "{what}");
}

#[actix_web::test]
async fn r08_another_person_s_session_is_404_whatever_the_method() {
    let sessions = Sessions::start();
    let id = sessions.open("user_ada").await;
    for method in [Method::POST, Method::GET, Method::DELETE, Method::PUT] {
        let answer = sessions.as_person(method.clone(), "user_alan", Some(&id)).await;
        assert_not_found(&answer, method.as_str());
    }
    let answer = sessions.as_person(Method::GET, "user_ada", Some(&id)).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "yours"), "it is still hers");
}

#[actix_web::test]
async fn r08_a_session_is_bound_to_the_client_as_well() {
    let sessions = Sessions::start();
    let id = sessions.open("user_ada").await;
    let other = sessions.token("user_ada", "client_2");
    let answer = sessions.request(Method::POST, Some(&id)).bearer(&other).send_body(PING).await;
    assert_not_found(&answer, "another client");
}

#[actix_web::test]
async fn r08_a_refreshed_token_keeps_its_session() {
    let sessions = Sessions::start();
    let id = sessions.open("user_ada").await;
    for _ in 0..3 {
        // Each is a new token.
        let answer = sessions.as_person(Method::POST, "user_ada", Some(&id)).await;
        assert_eq!(answer.body, "yours");
    }
}

#[actix_web::test]
async fn r08_a_session_id_authenticates_nobody() {
    let sessions = Sessions::start();
    let id = sessions.open("user_ada").await;
    let answer = sessions.request(Method::POST, Some(&id)).send_body(PING).await;
    assert_eq!(answer.status, 401);
    let answer = sessions.request(Method::GET, Some(&id)).bearer("x").send().await;
    assert_eq!(answer.status, 401);
}

#[actix_web::test]
async fn r08_an_id_unknown_to_this_process_passes_through_and_is_bound_by_its_answer() {
    let sessions = Sessions::start();
    let answer = sessions.as_person(Method::POST, "user_ada", Some("of-another-process")).await;
    assert_eq!(answer.body, "yours");
    let answer = sessions.as_person(Method::POST, "user_alan", Some("of-another-process")).await;
    assert_not_found(&answer, "the answer to Ada carried it");
}

#[actix_web::test]
async fn r08_an_ended_session_is_unknown() {
    let sessions = Sessions::start();
    let id = sessions.open("user_ada").await;
    let failed = sessions.token("user_ada", "client_1");
    let request = sessions.request(Method::DELETE, Some(&id)).bearer(&failed);
    assert_eq!(request.header("X-Fail", "1").send().await.status, 400);
    let answer = sessions.as_person(Method::POST, "user_alan", Some(&id)).await;
    assert_not_found(&answer, "ending it failed");
    let answer = sessions.as_person(Method::DELETE, "user_ada", Some(&id)).await;
    assert_eq!(answer.status, 204);
    let answer = sessions.as_person(Method::POST, "user_alan", Some(&id)).await;
    assert_eq!(answer.body, "yours", "what the server behind says of it is its own");
}

#[actix_web::test]
async fn r08_an_answer_that_fails_binds_nothing() {
    let sessions = Sessions::start();
    let token = sessions.token("user_ada", "client_1");
    let request = sessions.request(Method::POST, None).bearer(&token).header("X-Fail", "1");
    assert_eq!(request.send().await.status, 400);
    let answer = sessions.as_person(Method::POST, "user_alan", Some("of-an-error")).await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn r08_two_session_ids_are_refused() {
    let sessions = Sessions::start();
    let (mine, other) = (sessions.open("user_alan").await, sessions.open("user_ada").await);
    let token = sessions.token("user_alan", "client_1");
    let request = sessions.request(Method::POST, Some(&mine)).header("Mcp-Session-Id", &other);
    let answer = request.bearer(&token).send_body(PING).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["code"], -32020);
}

#[actix_web::test]
async fn r08_a_version_header_unbinds_no_session() {
    let sessions = Sessions::start();
    let id = sessions.open("user_ada").await;
    let token = sessions.token("user_alan", "client_1");
    let request = sessions.request(Method::POST, Some(&id)).bearer(&token);
    let answer = request.header("MCP-Protocol-Version", "2026-07-28").send_body(PING).await;
    assert_not_found(&answer, "it is the server behind that knows whether it heeds sessions");
}

#[actix_web::test]
async fn r08_a_session_opened_by_nobody_becomes_that_of_who_signs_in_within_it() {
    let open = AnonymousMethods::discovery();
    let sessions = Sessions::with(|builder| builder, |auth| auth.mcp().allow_anonymous(open));
    let answer = sessions.request(Method::POST, None).send_body(INITIALIZE).await;
    let id = answer.header("mcp-session-id").unwrap().to_owned();
    let anonymous = || sessions.request(Method::POST, Some(&id)).send_body(PING);
    assert_eq!(anonymous().await.body, "yours");
    assert_eq!(sessions.as_person(Method::POST, "user_ada", Some(&id)).await.body, "yours");
    assert_not_found(&sessions.as_person(Method::POST, "user_alan", Some(&id)).await, "Alan");
    assert_not_found(&anonymous().await, "nobody");
    assert_eq!(sessions.as_person(Method::POST, "user_ada", Some(&id)).await.body, "yours");
}

#[actix_web::test]
async fn r08_every_clone_of_the_middleware_and_every_call_of_mcp_knows_the_same_sessions() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |config| {
        for path in ["/mcp", "/mcp/again"] {
            config.service(
                web::resource(path)
                    .app_data(web::Data::from(opened.clone()))
                    .wrap(auth.mcp())
                    .route(web::route().to(trusting)),
            );
        }
    });
    let sessions = Sessions { authority, server };
    let id = sessions.open("user_ada").await;
    let token = sessions.token("user_alan", "client_1");
    let request = sessions.server.request(Method::POST, "/mcp/again");
    let answer = request.bearer(&token).header("Mcp-Session-Id", &id).send_body(PING).await;
    assert_not_found(&answer, "opened at the other route");
}

fn with_capacity(capacity: usize) -> SessionSettings {
    let mut settings = SessionSettings::default();
    settings.capacity = capacity;
    settings
}

#[actix_web::test]
async fn r08_a_session_evicted_by_many_clients_is_bound_to_its_owner() {
    let sessions = Sessions::with(|builder| builder.sessions(with_capacity(64)), McpAuth::mcp);
    let id = sessions.open("user_ada").await;
    // A sixteenth of the slots, through each of 16 clients of one person and of 16 people.
    for n in 0..16 {
        for (person, client) in [("user_alan".into(), n), (format!("user_{n}"), 0)] {
            let token = sessions.token(&person, &format!("client_{client}"));
            for _ in 0..4 {
                let opening = sessions.request(Method::POST, None).bearer(&token);
                assert_eq!(opening.send_body(INITIALIZE).await.status, 200);
            }
        }
    }
    let answer = sessions.as_person(Method::POST, "user_alan", Some(&id)).await;
    assert_not_found(&answer, "Alan");
    assert_eq!(sessions.as_person(Method::POST, "user_ada", Some(&id)).await.body, "yours");
}

#[actix_web::test]
async fn r08_handlers_learn_whether_a_session_is_bound_to_the_caller() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let server = Server::start(move |config| {
        let (bound, handler_s) = (auth.clone(), auth.clone());
        let bound = web::route().to(move |request: HttpRequest| {
            let bound = bound.is_session_bound(&request);
            let mut answer = HttpResponse::Ok();
            if request.headers().contains_key("X-Open") {
                answer.insert_header(("Mcp-Session-Id", "of-ada"));
            }
            std::future::ready(answer.body(bound.to_string()))
        });
        config.service(web::resource("/mcp").wrap(auth.mcp()).route(bound)).service(
            web::resource("/open").to(move |request: HttpRequest| {
                std::future::ready(handler_s.is_session_bound(&request).to_string())
            }),
        );
    });
    let ada = || authority.token().subject("user_ada").audience(RESOURCE).sign();
    let asks = |session: &str| {
        server.request(Method::GET, "/mcp").bearer(&ada()).header("Mcp-Session-Id", session)
    };
    assert_eq!(server.call(&ada()).await.body, "false", "no session");
    assert_eq!(asks("of-ada").send().await.body, "false", "unknown");
    assert_eq!(asks("of-ada").header("X-Open", "1").send().await.body, "false", "opened by this");
    assert_eq!(asks("of-ada").send().await.body, "true");
    assert_eq!(asks("another").send().await.body, "false");
    let outside = server.get("/open").bearer(&ada()).header("Mcp-Session-Id", "of-ada");
    assert_eq!(outside.send().await.body, "false", "nobody was asked for a token");
}

#[actix_web::test]
async fn sessions_can_be_left_to_the_server_behind() {
    let off = |builder: McpAuthBuilder| builder.sessions(SessionSettings::off());
    let sessions = Sessions::with(off, McpAuth::mcp);
    let id = sessions.open("user_ada").await;
    assert_eq!(sessions.as_person(Method::POST, "user_alan", Some(&id)).await.body, "yours");
}
