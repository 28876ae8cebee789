//! Each path below the resource's is a resource of its own (`resources_below`).

use actix_mcp_auth::{
    AuthedUser, Authorized, Issuer, MaybeAuthed, McpAuth, McpAuthBuilder,
    issuer::ClientCredentials, revocation::Revoked, scopes, testing::TestAuthority,
};
use actix_web::{HttpResponse, http::Method, web};
use serde_json::json;

use crate::support::{Answer, RESOURCE, Server, authority, builder};

mod documents;
mod neighbours;
mod records;
mod sessions;
mod settings;
mod spellings;

const PUBLIC: &str = "http://127.0.0.1:8787";
const METADATA: &str = "/.well-known/oauth-protected-resource";

scopes! {
    Editing = "edit";
}

/// A server with every path below `/mcp` behind the middleware, which answers who was let in where.
struct Below {
    authority: TestAuthority,
    auth: McpAuth,
    server: Server,
}

impl Below {
    fn start() -> Self {
        Self::with(|builder| builder)
    }

    fn with(settings: impl FnOnce(McpAuthBuilder) -> McpAuthBuilder) -> Self {
        let authority = authority();
        let auth = settings(builder(&authority).resources_below()).build().unwrap();
        let server = {
            let auth = auth.clone();
            Server::start(move |config| {
                let scope = web::scope("/mcp").wrap(auth.middleware());
                config
                    .service(scope.default_service(web::to(whoami)))
                    .configure(auth.discovery())
                    .default_service(web::to(async || "a page for everything"));
            })
        };
        Self { authority, auth, server }
    }

    /// A token of Ada's for the resources at these paths.
    fn token(&self, paths: &[&str]) -> String {
        let audiences: Vec<String> = paths.iter().map(|path| format!("{PUBLIC}{path}")).collect();
        self.authority.token().subject("user_ada").claim("aud", json!(audiences)).sign()
    }

    async fn call(&self, path: &str, token: &str) -> Answer {
        self.server.request(Method::POST, path).bearer(token).send().await
    }

    async fn is_let_in(&self, path: &str, token: &str) -> bool {
        let answer = self.call(path, token).await;
        match answer.status.as_u16() {
            200 => true,
            401 => false,
            _ => panic!("{path}: {answer:?}"),
        }
    }
}

async fn whoami(me: AuthedUser) -> String {
    format!("{} at {}", me.subject().id(), me.resource())
}

/// Where a challenge says that the metadata of the resource at this path is.
fn metadata_url(path: &str) -> String {
    format!("resource_metadata=\"{PUBLIC}{METADATA}{path}\"")
}

#[actix_web::test]
async fn r19_a_token_is_good_at_the_resource_that_it_names_only() {
    let below = Below::start();
    let paths = ["/mcp", "/mcp/acme", "/mcp/acme/shop", "/mcp/other", "/mcp/Acme", "/mcp/acme."];
    for named in paths {
        let token = below.token(&[named]);
        for path in paths {
            let answer = below.call(path, &token).await;
            match path == named {
                true => {
                    assert_eq!(answer.status, 200, "{named} at {path}: {answer:?}");
                    assert_eq!(answer.body, format!("user_ada at {PUBLIC}{path}"));
                }
                false => {
                    assert_eq!(answer.status, 401, "{named} at {path}: {answer:?}");
                    assert!(answer.challenge().contains(&metadata_url(path)), "{answer:?}");
                }
            }
        }
    }
    // `Host` and what proxies add count for nothing, and one slash at the end of the path neither.
    let token = below.token(&["/mcp/acme"]);
    for (path, status) in [("/mcp/acme", 200), ("/mcp/acme/", 200), ("/mcp/other", 401)] {
        let request = below.server.request(Method::GET, path).bearer(&token);
        let request = request.header("Host", "localhost:1").header("X-Forwarded-Host", "evil");
        let answer = request.header("X-Forwarded-Prefix", "/mcp/acme").send().await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    // A token may name several.
    let both = below.token(&["/mcp/acme", "/mcp/other"]);
    assert!(
        below.is_let_in("/mcp/acme", &both).await && below.is_let_in("/mcp/other", &both).await
    );
    assert!(!below.is_let_in("/mcp", &both).await);
}

#[actix_web::test]
async fn r19_a_cached_token_is_refused_at_another_resource() {
    let below = Below::start();
    let token = below.token(&["/mcp/acme"]);
    for _ in 0..3 {
        assert!(below.is_let_in("/mcp/acme", &token).await);
        assert_eq!(below.auth.token_cache_use().entries, 1, "it is cached");
        for path in ["/mcp/other", "/mcp", "/mcp/acme/shop", "/mcp/acm"] {
            assert!(!below.is_let_in(path, &token).await, "{path}");
        }
    }
    // A token for the resource above is cached for that one too.
    let above = below.token(&["/mcp"]);
    assert!(below.is_let_in("/mcp", &above).await && !below.is_let_in("/mcp/acme", &above).await);
    assert_eq!(below.auth.token_cache_use().entries, 2);
    // A revocation ends access to all of them at once.
    let both = below.token(&["/mcp/acme", "/mcp/other"]);
    for path in ["/mcp/acme", "/mcp/other"] {
        assert!(below.is_let_in(path, &both).await, "{path}");
    }
    below.auth.revoke(Revoked::subject("user_ada")).await.unwrap();
    for path in ["/mcp/acme", "/mcp/other"] {
        assert!(!below.is_let_in(path, &both).await, "{path}");
    }
}

#[actix_web::test]
async fn r19_r32_an_introspected_token_is_good_at_its_resource_only() {
    let authority = authority();
    let (id, secret) = (authority.client_id(), authority.client_secret());
    let issuer = Issuer::new(authority.issuer()).unwrap().introspection(
        format!("{}/oauth2/introspection", authority.issuer()),
        ClientCredentials::client_secret_basic(id, secret),
    );
    let auth = McpAuth::builder(RESOURCE).issuer(issuer.unwrap()).resources_below();
    let auth = auth.build().unwrap();
    let server = Server::start(move |config| {
        let scope = web::scope("/mcp").wrap(auth.middleware());
        config.service(scope.default_service(web::to(whoami)));
    });
    let acme = authority.token().subject("user_ada").audience(format!("{RESOURCE}/acme"));
    let token = authority.opaque_token(acme);
    for _ in 0..2 {
        for (path, status) in [("/mcp/acme", 200), ("/mcp/other", 401), ("/mcp", 401)] {
            let answer = server.request(Method::POST, path).bearer(&token).send().await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
        }
    }
}

/// Those of the middleware, of extractors behind it, and of requirements within it.
#[actix_web::test]
async fn r14_r15_every_challenge_names_the_metadata_of_its_resource() {
    let authority = authority();
    let issuer = Issuer::new(authority.issuer()).unwrap().scopes(["openid", "edit"]).unwrap();
    let auth = McpAuth::builder(RESOURCE).issuer(issuer).permissions::<Editing>();
    let auth = auth.resources_below().build().unwrap();
    let server = Server::start(move |config| {
        let required = web::resource("/{tenant}/required").wrap(auth.require::<Editing>());
        config.service(
            web::scope("/mcp")
                .wrap(auth.middleware().optional())
                .service(required.to(HttpResponse::Ok))
                .route("/{tenant}/editor", web::to(async |_: Authorized<Editing>| "edited"))
                .route("/{tenant}/me", web::to(async |_: AuthedUser| "me"))
                .route("/{tenant}/anybody", web::to(anybody)),
        );
    });
    for (path, without, with) in [
        ("/mcp/acme/required", 401, 403),
        ("/mcp/acme/editor", 401, 403),
        ("/mcp/acme/me", 401, 200),
        ("/mcp/acme/anybody", 200, 200),
    ] {
        let token = authority.token().subject("user_ada").audience(format!("{PUBLIC}{path}"));
        let token = token.scope("openid").sign();
        let anonymous = server.request(Method::GET, path).send().await;
        let signed_in = server.request(Method::GET, path).bearer(&token).send().await;
        let elsewhere = server.request(Method::GET, "/mcp/acme").bearer(&token).send().await;
        elsewhere.challenge();
        for (answer, status) in [(anonymous, without), (signed_in, with)] {
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            if status != 200 {
                assert!(answer.challenge().contains(&metadata_url(path)), "{path}: {answer:?}");
            }
        }
    }
}

async fn anybody(caller: MaybeAuthed) -> &'static str {
    match caller.user() {
        Some(_) => "somebody",
        None => "nobody",
    }
}

/// An MCP endpoint below a scope and behind a proxy that takes a prefix away.
#[actix_web::test]
async fn r05_behind_a_prefix_a_resource_below_has_its_public_url() {
    let authority = authority();
    let auth = McpAuth::builder("http://127.0.0.1:8787/tools/mcp").authkit(authority.issuer());
    let auth = auth.resources_below().served_at("/mcp").build().unwrap();
    let server = Server::start(move |config| {
        let inner = web::resource("/{organization}/{project}").to(whoami);
        let scope = web::scope("/mcp").wrap(auth.mcp()).service(inner);
        config.service(scope).configure(auth.discovery());
    });
    let resource = format!("{PUBLIC}/tools/mcp/acme/shop");
    for path in [
        format!("{METADATA}/tools/mcp/acme/shop"),
        format!("{METADATA}/mcp/acme/shop"),
        format!("/mcp/acme/shop{METADATA}"),
    ] {
        assert_eq!(server.get(&path).send().await.json()["resource"], resource, "{path}");
    }
    let answer = server.request(Method::POST, "/mcp/acme/shop").send().await;
    assert!(answer.challenge().contains(&metadata_url("/tools/mcp/acme/shop")), "{answer:?}");
    for (audience, status) in
        [("/tools/mcp/acme/shop", 200), ("/mcp/acme/shop", 401), ("/tools/mcp", 401)]
    {
        let token = authority.person_token("user_ada", &format!("{PUBLIC}{audience}"));
        let answer = server.request(Method::POST, "/mcp/acme/shop").bearer(&token).send().await;
        assert_eq!(answer.status, status, "{audience}: {answer:?}");
    }
}
