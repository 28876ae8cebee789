//! One application and how it is reached: several resources, several hosts, a proxy in front.

use actix_mcp_auth::{AuthedUser, Issuer, McpAuth, testing::TestAuthority};
use actix_web::{
    HttpResponse,
    http::Method,
    web::{self, ServiceConfig},
};
use serde_json::json;

use crate::{
    logs::logged,
    support::{Answer, Server, authority},
};

const ROOT: &str = "/.well-known/oauth-protected-resource";
const SERVER_ROOT: &str = "/.well-known/oauth-authorization-server";
const HOST: &str = "http://127.0.0.1:8787";

fn resource(path: &str, authority: &TestAuthority) -> McpAuth {
    McpAuth::builder(format!("{HOST}{path}")).authkit(authority.issuer()).build().unwrap()
}

async fn whoami(me: AuthedUser) -> String {
    me.subject().id().to_owned()
}

/// A resource at its own path.
fn serve(config: &mut ServiceConfig, path: &str, auth: &McpAuth) {
    config.service(web::resource(path).wrap(auth.middleware()).route(web::post().to(whoami)));
}

async fn get(server: &Server, path: &str) -> Answer {
    server.get(path).send().await
}

async fn named_at(server: &Server, path: &str) -> serde_json::Value {
    let answer = get(server, path).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.json()["resource"].clone()
}

/// A real 404, which clients read as "not here".
async fn assert_absent(server: &Server, path: &str) {
    let answer = get(server, path).await;
    assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
}

#[actix_web::test]
async fn r02_r26_nested_resources_have_documents_of_their_own_and_the_root_is_nobodys() {
    let authority = authority();
    let (mcp, admin) = (resource("/mcp", &authority), resource("/mcp/admin", &authority));
    let server = Server::start(move |config| {
        config.configure(McpAuth::discovery_of(&[&mcp, &admin]));
        serve(config, "/mcp/admin", &admin);
        serve(config, "/mcp", &mcp);
    });
    for path in ["/mcp", "/mcp/admin"] {
        let own = json!(format!("{HOST}{path}"));
        assert_eq!(named_at(&server, &format!("{ROOT}{path}")).await, own);
        assert_eq!(named_at(&server, &format!("{path}{ROOT}")).await, own);
        let challenge = server.request(Method::POST, path).send().await;
        let url = format!("resource_metadata=\"{HOST}{ROOT}{path}\"");
        assert!(challenge.challenge().contains(&url), "{}", challenge.challenge());
        // A token is for one of them (R19).
        for other in ["/mcp", "/mcp/admin"] {
            let token = authority.person_token("user_ada", &format!("{HOST}{other}"));
            let answer = server.request(Method::POST, path).bearer(&token).send().await;
            let expected = if other == path { 200 } else { 401 };
            assert_eq!(answer.status, expected, "a token for {other} at {path}");
        }
    }
    assert_absent(&server, ROOT).await;
    // Both pass on the same authorization server's document (R6).
    assert_eq!(get(&server, SERVER_ROOT).await.json()["issuer"], authority.issuer());
}

#[actix_web::test]
async fn r02_a_scope_within_anothers_finds_its_documents_though_it_comes_last() {
    let authority = authority();
    let (mcp, admin) = (resource("/mcp", &authority), resource("/mcp/admin", &authority));
    let server = Server::start(move |config| {
        let inner = web::resource("/admin").wrap(admin.middleware()).route(web::post().to(whoami));
        config
            .service(web::scope("/mcp").wrap(mcp.middleware()).service(inner))
            .configure(McpAuth::discovery_of(&[&mcp, &admin]));
    });
    // The outer middleware sees these first, and lets its neighbour's documents through as well.
    for path in ["/mcp", "/mcp/admin"] {
        let own = json!(format!("{HOST}{path}"));
        assert_eq!(named_at(&server, &format!("{path}{ROOT}")).await, own);
        assert_eq!(named_at(&server, &format!("{ROOT}{path}")).await, own);
    }
}

#[actix_web::test]
async fn r02_resources_registered_one_by_one_leave_the_root_alone_as_well() {
    let authority = authority();
    let (one, two) = (resource("/one", &authority), resource("/two", &authority));
    let server = Server::start(move |config| {
        config.configure(one.discovery()).configure(two.discovery());
    });
    assert_absent(&server, ROOT).await;
    assert_eq!(get(&server, SERVER_ROOT).await.json()["issuer"], authority.issuer());
    for path in ["/one", "/two"] {
        let own = json!(format!("{HOST}{path}"));
        assert_eq!(named_at(&server, &format!("{ROOT}{path}")).await, own);
    }
}

#[actix_web::test]
async fn r02_a_resource_that_is_the_root_of_its_host_keeps_its_document() {
    let authority = authority();
    let (root, mcp) = (resource("/", &authority), resource("/mcp", &authority));
    let together = {
        let (root, mcp) = (root.clone(), mcp.clone());
        Server::start(move |config| {
            config.configure(McpAuth::discovery_of(&[&mcp, &root]));
        })
    };
    let one_by_one = Server::start(move |config| {
        config.configure(root.discovery()).configure(mcp.discovery());
    });
    for server in [together, one_by_one] {
        assert_eq!(named_at(&server, ROOT).await, format!("{HOST}/"));
        assert_eq!(named_at(&server, &format!("{ROOT}/mcp")).await, format!("{HOST}/mcp"));
    }
}

#[actix_web::test]
async fn r01_r26_each_resource_has_issuers_and_scopes_of_its_own() {
    let (staff, customers) = (authority(), authority());
    let build = |path: &str, authority: &TestAuthority, scope: &str| {
        let issuer = Issuer::new(authority.issuer()).unwrap();
        let resource = McpAuth::builder(format!("{HOST}{path}")).issuer(issuer);
        resource.require_scopes([scope]).build().unwrap()
    };
    let one = build("/staff", &staff, "staff:write");
    let two = build("/shop", &customers, "shop:buy");
    let server = Server::start(move |config| {
        config.configure(McpAuth::discovery_of(&[&one, &two]));
        serve(config, "/staff", &one);
        serve(config, "/shop", &two);
    });
    for (path, authority, scope) in
        [("/staff", &staff, "staff:write"), ("/shop", &customers, "shop:buy")]
    {
        let document = get(&server, &format!("{ROOT}{path}")).await.json();
        assert_eq!(document["authorization_servers"], json!([authority.issuer()]));
        assert_eq!(document["scopes_supported"], json!([scope]));
        let resource = format!("{HOST}{path}");
        for signer in [&staff, &customers] {
            let token = signer.token().subject("user_ada").audience(&resource).scope(scope);
            let answer = server.request(Method::POST, path).bearer(&token.sign()).send().await;
            let trusted = signer.issuer() == authority.issuer();
            assert_eq!(answer.status, if trusted { 200 } else { 401 }, "{path}");
        }
    }
    // They pass on nothing (it was not asked for), and so the root has nothing to pass on.
    assert_absent(&server, SERVER_ROOT).await;
}

#[actix_web::test]
async fn r06_the_root_passes_nothing_on_where_resources_have_different_servers() {
    let (first, second) = (authority(), authority());
    let (one, two) = (resource("/one", &first), resource("/two", &second));
    let server = Server::start(move |config| {
        config.configure(McpAuth::discovery_of(&[&one, &two]));
    });
    assert_absent(&server, SERVER_ROOT).await;
    for (path, authority) in [("/one", &first), ("/two", &second)] {
        let document = get(&server, &format!("{SERVER_ROOT}{path}")).await.json();
        assert_eq!(document["issuer"], authority.issuer(), "{path}");
    }
}

#[actix_web::test]
async fn r05_several_hosts_are_told_apart_by_host_and_by_nothing_that_a_client_forges() {
    let build = |host: &str| {
        McpAuth::builder(format!("https://{host}/mcp")).authkit("x.authkit.app").build().unwrap()
    };
    let (one, two) = (build("one.example.com"), build("two.example.com"));
    let together = {
        let (one, two) = (one.clone(), two.clone());
        Server::start(move |config| {
            config.configure(McpAuth::discovery_of(&[&one, &two]));
        })
    };
    let one_by_one = Server::start(move |config| {
        config.configure(one.discovery()).configure(two.discovery());
    });
    for server in [together, one_by_one] {
        for (host, resource) in [
            ("one.example.com", "https://one.example.com/mcp"),
            ("TWO.example.com:443", "https://two.example.com/mcp"),
        ] {
            for path in [ROOT.to_owned(), format!("{ROOT}/mcp"), format!("/mcp{ROOT}")] {
                let request = server.get(&path).header("X-Forwarded-Host", "one.example.com");
                let answer = request.header("Host", host).send().await;
                assert_eq!(answer.json()["resource"], resource, "{host} {path}");
            }
        }
        let stranger = server.get(ROOT).header("Host", "evil.example").send().await;
        assert_eq!(stranger.status, 404);
        assert!(!stranger.body.contains("evil"), "{}", stranger.body);
    }
}

#[actix_web::test]
async fn r05_behind_a_proxy_that_takes_a_prefix_away_clients_see_the_public_url_alone() {
    let authority = authority();
    let public = format!("{HOST}/tools/mcp");
    let auth = McpAuth::builder(&*public).authkit(authority.issuer()).served_at("/mcp");
    let auth = auth.build().unwrap();
    let server = Server::start(move |config| {
        config
            .service(web::scope("/mcp").wrap(auth.middleware()).route("", web::post().to(whoami)));
        config.configure(auth.discovery());
    });
    // As the proxy sends them on: with the prefix taken away, or as they came.
    for path in [
        format!("{ROOT}/tools/mcp"),
        format!("{ROOT}/mcp"),
        format!("/tools/mcp{ROOT}"),
        format!("/mcp{ROOT}"),
        ROOT.to_owned(),
    ] {
        assert_eq!(named_at(&server, &path).await, *public, "{path}");
    }
    for path in ["/tools/mcp", "/mcp", ""] {
        let document = get(&server, &format!("{SERVER_ROOT}{path}")).await.json();
        assert_eq!(document["issuer"], authority.issuer(), "{path}");
    }
    let challenge = server.request(Method::POST, "/mcp").send().await;
    let url = format!("resource_metadata=\"{HOST}{ROOT}/tools/mcp\"");
    assert!(challenge.challenge().contains(&url), "{}", challenge.challenge());
    assert_eq!(server.call(&authority.person_token("user_ada", &public)).await.status, 200);
    let inner = authority.person_token("user_ada", &format!("{HOST}/mcp"));
    assert_eq!(server.call(&inner).await.status, 401, "the inner path is no resource");
}

#[actix_web::test]
async fn r02_the_middleware_around_an_app_without_discovery_answers_for_its_own_resource() {
    let authority = authority();
    let auth = resource("/mcp", &authority);
    let app = actix_web::App::new()
        .wrap(auth.middleware())
        .default_service(web::to(|| async { HttpResponse::Ok().body("a page") }));
    let service = actix_web::test::init_service(app).await;
    for (path, status) in [
        (ROOT, 200),
        ("/.well-known/oauth-protected-resource/mcp", 200),
        ("/.well-known/oauth-protected-resource/other", 401),
    ] {
        let request = actix_web::test::TestRequest::get().uri(path).to_request();
        assert_eq!(
            actix_web::test::call_service(&service, request).await.status(),
            status,
            "{path}"
        );
    }
}

#[test]
fn r03_a_public_url_that_looks_wrong_is_told_at_start_up_once_and_no_other() {
    let told_for = |resource: &str| {
        let build = || McpAuth::builder(resource.to_owned()).authkit("x.authkit.app").build();
        logged(|| drop(build().unwrap()))
    };
    let told = told_for("https://app.internal:8080/mcp/");
    for doubt in ["known inside a network only", "behind a proxy", "ends with a slash"] {
        let lines = told.lines().filter(|line| line.contains(doubt));
        let told = lines.filter(|line| line.contains("event=\"public_url_doubtful\"")).count();
        assert_eq!(told, 1, "{doubt}");
    }
    assert!(told.contains("resource=\"https://app.internal:8080/mcp/\""), "{told}");
    assert!(!told_for("https://app.example.com/mcp").contains("doubtful"));
}
