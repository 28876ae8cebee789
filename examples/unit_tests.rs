//! An application and its unit tests: handlers and tools, with and without tokens.
//! `cargo test --example unit_tests` runs the tests.
#![allow(clippy::unwrap_used)]

use actix_mcp_auth::{AuthedUser, Authorized, BuildError, McpAuth, scopes};
use actix_web::{App, HttpServer, Responder, error, web};
use mcp_auth_rmcp::{Caller, Endpoint, endpoint};
use rmcp::{tool, tool_router};

scopes! {
    /// See bookmarks.
    pub BookmarksRead = "bookmarks:read";
    /// Add and delete them, and see them.
    pub BookmarksWrite = "bookmarks:write" implies BookmarksRead;
}

/// The bookmark of this id, for its owner alone.
async fn bookmark(me: AuthedUser, id: web::Path<u32>) -> actix_web::Result<impl Responder> {
    match (*id, me.subject().id()) {
        (1, "user_ada") => Ok("https://example.com"),
        _ => Err(error::ErrorNotFound("no such bookmark")),
    }
}

async fn add(me: Authorized<BookmarksWrite>) -> impl Responder {
    format!("kept for {}", me.subject().id())
}

#[derive(Clone)]
struct Tools;

#[tool_router(server_handler)]
impl Tools {
    /// Says who is signed in.
    #[tool]
    async fn whoami(&self, me: Caller) -> String {
        me.subject().id().to_owned()
    }
}

fn auth(resource: &str, authkit: &str) -> Result<McpAuth, BuildError> {
    McpAuth::builder(resource)
        .authkit(authkit)
        .permissions::<(BookmarksRead, BookmarksWrite)>()
        .build()
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/bookmarks", web::post().to(add)).route("/bookmarks/{id}", web::get().to(bookmark));
}

fn tools(auth: &McpAuth) -> Endpoint<Tools> {
    endpoint(auth.resource(), || Tools).build().expect("the endpoint's settings are good")
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auth = auth("https://app.example.com/mcp", "your-subdomain.authkit.app")?;
    let tools = tools(&auth);
    let server = HttpServer::new(move || {
        App::new()
            .configure(auth.discovery())
            .service(web::scope("/api").wrap(auth.middleware()).configure(routes))
            .service(tools.scope().wrap(auth.mcp()))
    });
    Ok(server.bind("127.0.0.1:8080")?.run().await?)
}

#[cfg(test)]
mod tests {
    use actix_mcp_auth::{Authenticated, testing};
    use actix_web::{HttpMessage as _, test, test::TestRequest};
    use serde_json::{Value, json};

    use super::*;

    /// On this machine, as the test authority is.
    const RESOURCE: &str = "http://127.0.0.1:8080/mcp";

    /// Verifies the tokens of the authority that `testing::bearer` signs with.
    fn test_auth() -> McpAuth {
        auth(RESOURCE, testing::authority().issuer()).unwrap()
    }

    macro_rules! api {
        () => {{
            let api = web::scope("/api").wrap(test_auth().middleware()).configure(routes);
            test::init_service(App::new().service(api)).await
        }};
    }

    #[actix_web::test]
    async fn without_a_token_the_answer_is_401_with_a_challenge() {
        let api = api!();
        let request = TestRequest::get().uri("/api/bookmarks/1").to_request();
        let answer = test::call_service(&api, request).await;
        assert_eq!(answer.status(), 401);
        let challenge = answer.headers().get("WWW-Authenticate").unwrap().to_str().unwrap();
        assert!(challenge.starts_with("Bearer resource_metadata="), "{challenge}");
    }

    #[actix_web::test]
    async fn with_a_good_token_the_answer_is_200() {
        let request = TestRequest::get()
            .uri("/api/bookmarks/1")
            .insert_header(testing::bearer("user_ada", RESOURCE));
        assert_eq!(test::call_service(&api!(), request.to_request()).await.status(), 200);
    }

    #[actix_web::test]
    async fn a_missing_scope_is_403() {
        for (scope, status) in [("bookmarks:read", 403), ("bookmarks:write", 200)] {
            let token = testing::authority().token().audience(RESOURCE).scope(scope);
            let request = TestRequest::post().uri("/api/bookmarks").insert_header(token.bearer());
            let answer = test::call_service(&api!(), request.to_request()).await;
            assert_eq!(answer.status(), status, "{scope}");
        }
    }

    #[actix_web::test]
    async fn another_person_s_bookmark_is_404() {
        // The handlers alone: no token, no middleware, and no authority.
        let handlers = test::init_service(App::new().configure(routes)).await;
        for (person, status) in [("user_ada", 200), ("user_grace", 404)] {
            let request = TestRequest::get().uri("/bookmarks/1").to_request();
            request.extensions_mut().insert(Authenticated::for_tests(person).build());
            assert_eq!(test::call_service(&handlers, request).await.status(), status, "{person}");
        }
    }

    #[actix_web::test]
    async fn a_tool_is_called_for_the_person_who_signed_in() {
        let auth = test_auth();
        let app = App::new().service(tools(&auth).scope().wrap(auth.mcp()));
        let request = testing::mcp_call("whoami", json!({}))
            .uri("/mcp")
            .insert_header(testing::bearer("user_ada", RESOURCE));
        let answer: Value =
            test::call_and_read_body_json(&test::init_service(app).await, request.to_request())
                .await;
        assert_eq!(answer["result"]["content"][0]["text"], "user_ada");
    }
}
