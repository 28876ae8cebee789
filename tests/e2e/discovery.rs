//! The documents that lead a client to the authorization server.

use actix_mcp_auth::{Issuer, McpAuth};
use actix_web::{
    App, HttpResponse,
    http::Method,
    web::{self, ServiceConfig},
};
use serde_json::json;

use crate::support::{RESOURCE, Server, authority, builder, good_token};

const PLACES: [&str; 3] = [
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource",
    "/mcp/.well-known/oauth-protected-resource",
];
const SHIM: [&str; 2] =
    ["/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/mcp"];

async fn ok() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[actix_web::test]
async fn r02_the_metadata_is_at_three_places_whatever_the_order_of_registration() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let discovery_first = {
        let auth = auth.clone();
        Server::start(move |config: &mut ServiceConfig| {
            config
                .configure(auth.discovery())
                .service(web::scope("/mcp").wrap(auth.middleware()).route("", web::post().to(ok)));
        })
    };
    let discovery_last = {
        let auth = auth.clone();
        Server::start(move |config: &mut ServiceConfig| {
            config
                .service(web::scope("/mcp").wrap(auth.middleware()).route("", web::post().to(ok)))
                .configure(auth.discovery());
        })
    };
    let nested_scopes = {
        let auth = auth.clone();
        Server::start(move |config: &mut ServiceConfig| {
            let inner = web::scope("/mcp").route("", web::post().to(ok));
            config
                .service(web::scope("").wrap(auth.middleware()).service(inner))
                .configure(auth.discovery());
        })
    };
    for (order, server) in
        [("first", discovery_first), ("last", discovery_last), ("nested", nested_scopes)]
    {
        check_places(order, &server, authority.issuer()).await;
    }
}

#[actix_web::test]
async fn r02_the_middleware_around_the_whole_app_lets_discovery_through() {
    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    let service = {
        let auth = auth.clone();
        actix_web::test::init_service(
            App::new()
                .wrap(auth.middleware())
                .configure(auth.discovery())
                .route("/mcp", web::post().to(ok)),
        )
        .await
    };
    for path in PLACES.iter().chain(&SHIM) {
        let request = actix_web::test::TestRequest::get().uri(path).to_request();
        let answer = actix_web::test::call_service(&service, request).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    let request = actix_web::test::TestRequest::get().uri("/elsewhere").to_request();
    assert_eq!(actix_web::test::call_service(&service, request).await.status(), 401);
}

async fn check_places(order: &str, server: &Server, issuer: &str) {
    for path in PLACES {
        let answer = server.get(path).send().await;
        assert_eq!(answer.status, 200, "{order} {path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(answer.header("cache-control").unwrap().contains("max-age="));
        assert_eq!(
            answer.json(),
            json!({
                "resource": RESOURCE,
                "authorization_servers": [issuer],
                "bearer_methods_supported": ["header"],
            }),
            "{order} {path}"
        );
        let preflight = server
            .request(Method::OPTIONS, path)
            .header("Origin", "https://chat.example.com")
            .header("Access-Control-Request-Method", "GET")
            .send()
            .await;
        assert_eq!(preflight.status, 204, "{order} {path}");
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
    }
    for path in SHIM {
        let answer = server.get(path).send().await;
        assert_eq!(answer.status, 200, "{order} {path}");
        assert_eq!(answer.json()["issuer"], issuer, "{order} {path}");
    }
}

#[actix_web::test]
async fn r05_the_public_url_does_not_follow_the_host_header() {
    let authority = authority();
    let local = Server::of(&builder(&authority).build().unwrap());
    let public = McpAuth::builder("https://app.example.com/mcp").authkit("x.authkit.app");
    let public = Server::of(&public.build().unwrap());
    let hostile = |server: &Server, method, path| {
        server
            .request(method, path)
            .header("Host", "evil.example")
            .header("X-Forwarded-Host", "evil.example")
            .header("X-Forwarded-Proto", "https")
            .header("Forwarded", "host=evil.example")
    };
    for (server, resource) in [(&local, RESOURCE), (&public, "https://app.example.com/mcp")] {
        let document = hostile(server, Method::GET, PLACES[0]).send().await;
        assert_eq!(document.json()["resource"], resource);
    }
    let refused = hostile(&public, Method::POST, "/mcp").send().await;
    assert!(!refused.challenge().contains("evil"), "{}", refused.challenge());
}

#[actix_web::test]
async fn r03_r04_the_document_says_what_was_configured_and_no_more() {
    let authority = authority();
    let auth = McpAuth::builder("http://127.0.0.1:8787/mcp/")
        .authkit(authority.issuer())
        .require_scopes(["openid"])
        .scopes_supported(["openid", "email", "offline_access"])
        .resource_name("Bookmarks")
        .build()
        .unwrap();
    let server = Server::of(&auth);
    let answer = server.get("/.well-known/oauth-protected-resource/mcp/").send().await;
    assert_eq!(
        answer.json(),
        json!({
            "resource": "http://127.0.0.1:8787/mcp/",
            "authorization_servers": [authority.issuer()],
            "scopes_supported": ["openid", "email"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Bookmarks",
        })
    );
}

#[actix_web::test]
async fn r06_the_shim_passes_on_the_issuers_own_document() {
    let authority = authority();
    authority.set_metadata("service_documentation", "https://docs.example.com");
    let server = Server::of(&builder(&authority).build().unwrap());
    let mut document = server.get(SHIM[0]).send().await.json();
    for _ in 0..50 {
        if document.get("service_documentation").is_some() {
            break;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(20)).await;
        document = server.get(SHIM[0]).send().await.json();
    }
    assert_eq!(document["service_documentation"], "https://docs.example.com");
    assert_eq!(document["issuer"], authority.issuer());
    let openid = server.get("/.well-known/openid-configuration").send().await;
    assert_eq!(openid.status, 404, "only when asked for");
}

#[actix_web::test]
async fn r06_with_the_authority_down_at_start_the_preset_answers() {
    let authority = authority();
    authority.go_down();
    let server = Server::of(&builder(&authority).build().unwrap());
    let answer = server.get(SHIM[1]).send().await;
    assert_eq!(answer.status, 200);
    let issuer = authority.issuer();
    assert_eq!(answer.json()["issuer"], issuer);
    assert_eq!(answer.json()["token_endpoint"], format!("{issuer}/oauth2/token"));
}

#[actix_web::test]
async fn r06_off_means_a_real_404_and_asked_for_means_the_openid_form_as_well() {
    let authority = authority();
    let any = Issuer::new(authority.issuer()).unwrap();
    let off = Server::of(&McpAuth::builder(RESOURCE).issuer(any).build().unwrap());
    for path in SHIM {
        let answer = off.get(path).send().await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    }
    let asked = Server::of(&builder(&authority).openid_configuration().build().unwrap());
    let openid = asked.get("/.well-known/openid-configuration").send().await;
    assert_eq!(openid.json()["code_challenge_methods_supported"], json!(["S256"]));
}

#[actix_web::test]
async fn r27_keys_are_discovered_from_the_issuers_metadata() {
    let authority = authority();
    let any = Issuer::new(authority.issuer()).unwrap();
    let server = Server::of(&McpAuth::builder(RESOURCE).issuer(any).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
}

#[actix_web::test]
async fn r02_a_slash_at_the_end_of_a_document_s_path_counts_for_nothing() {
    let authority = authority();
    let page = || async { HttpResponse::Ok().body("<html>") };
    let auth = builder(&authority).build().unwrap();
    let of_middleware = auth.clone();
    let behind_a_page = Server::start(move |config| {
        config.configure(auth.discovery()).default_service(web::to(page));
    });
    let by_middleware = Server::start(move |config| {
        let auth = of_middleware.clone();
        config.service(web::scope("").wrap(auth.middleware()).default_service(web::to(page)));
    });
    for (what, server) in [("routes", behind_a_page), ("middleware", by_middleware)] {
        for place in PLACES {
            let answer = server.get(&format!("{place}/")).send().await;
            assert_eq!(answer.status, 200, "{what} {place}");
            assert_eq!(answer.json()["resource"], RESOURCE, "{what} {place}");
        }
        let two = server.get(&format!("{}//", PLACES[0])).send().await;
        assert!(!two.body.contains(RESOURCE), "{what}");
    }
}

#[actix_web::test]
async fn r02_documents_are_there_behind_normalize_path_with_slashes() {
    use actix_web::middleware::{NormalizePath, TrailingSlash};

    let authority = authority();
    let auth = builder(&authority).build().unwrap();
    for slashes in [TrailingSlash::Always, TrailingSlash::Trim] {
        let auth = auth.clone();
        let app = App::new()
            .wrap(NormalizePath::new(slashes))
            .configure(auth.discovery())
            .service(web::resource(["/mcp", "/mcp/"]).wrap(auth.middleware()).to(ok));
        let app = actix_web::test::init_service(app).await;
        for place in PLACES {
            let request = actix_web::test::TestRequest::get().uri(place).to_request();
            let answer = actix_web::test::call_service(&app, request).await;
            assert_eq!(answer.status(), 200, "{slashes:?} {place}");
        }
    }
}

#[actix_web::test]
async fn r04_further_members_of_the_metadata_are_served() {
    let authority = authority();
    let auth = builder(&authority)
        .resource_metadata("resource_tos_uri", "https://app.example.com/terms")
        .resource_metadata("resource_name#de", "Lesezeichen");
    let server = Server::of(&auth.build().unwrap());
    let document = server.get(PLACES[0]).send().await.json();
    assert_eq!(document["resource_tos_uri"], "https://app.example.com/terms");
    assert_eq!(document["resource_name#de"], "Lesezeichen");
    assert_eq!(document["resource"], RESOURCE);
}
