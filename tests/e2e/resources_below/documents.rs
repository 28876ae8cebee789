//! The documents of the resources below.

use actix_mcp_auth::McpAuth;
use actix_web::{
    App,
    http::Method,
    test::{TestRequest, call_service, init_service},
    web,
};

use super::{Below, METADATA, PUBLIC, metadata_url, whoami};
use crate::support::{Server, authority, builder};

#[actix_web::test]
async fn r02_r03_each_resource_below_has_a_document_that_names_it() {
    let below = Below::with(|builder| builder.resource_name("Shops"));
    let configured = below.server.get(&format!("{METADATA}/mcp")).send().await.json();
    for path in ["/mcp/acme/shop", "/mcp/acme", "/mcp/A.b-c_~1"] {
        let mut expected = configured.clone();
        expected["resource"] = format!("{PUBLIC}{path}").into();
        for place in [
            format!("{METADATA}{path}"),
            format!("{METADATA}{path}/"),
            format!("{METADATA}{path}?a=b"),
            format!("{path}{METADATA}"),
        ] {
            let answer = below.server.get(&place).send().await;
            assert_eq!(answer.status, 200, "{place}");
            assert_eq!(answer.json(), expected, "{place}");
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));

            let head = below.server.request(Method::HEAD, &place).send().await;
            assert_eq!((head.status.as_u16(), &*head.body), (200, ""), "{place}");
            assert_eq!(head.header("content-type"), Some("application/json"));
            let preflight = below.server.request(Method::OPTIONS, &place);
            let preflight = preflight
                .header("Origin", "https://chat.example.com")
                .header("Access-Control-Request-Method", "GET");
            let preflight = preflight.send().await;
            assert_eq!(preflight.status, 204, "{place}");
            assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
            assert_eq!(below.server.request(Method::POST, &place).send().await.status, 405);
        }
        let challenge = below.server.request(Method::POST, path).send().await;
        assert_eq!(challenge.status, 401);
        assert!(challenge.challenge().contains(&metadata_url(path)), "{challenge:?}");
    }
    assert_eq!(configured["resource"], format!("{PUBLIC}/mcp"));
    // What clients of the revision 2025-03-26 look for.
    let server = "/.well-known/oauth-authorization-server/mcp/acme/shop";
    let metadata = below.server.get(server).send().await;
    assert_eq!(metadata.json()["issuer"], below.authority.issuer());
}

#[actix_web::test]
async fn r02_documents_below_are_there_whatever_the_order_of_registration() {
    let authority = authority();
    let auth = builder(&authority).resources_below().build().unwrap();
    let scope = |auth: &McpAuth| web::scope("/mcp").wrap(auth.middleware());
    let first = {
        let auth = auth.clone();
        Server::start(move |config| {
            config.configure(auth.discovery()).service(scope(&auth));
        })
    };
    let nested = {
        let auth = auth.clone();
        Server::start(move |config| {
            let inner = web::scope("/mcp").default_service(web::to(whoami));
            config.service(web::scope("").wrap(auth.middleware()).service(inner));
        })
    };
    let places = ["/mcp/acme", ""].map(|behind| format!("{METADATA}{behind}"));
    let appended = format!("/mcp/acme{METADATA}");
    for server in [&first, &nested] {
        for place in [&places[0], &appended] {
            let document = server.get(place).send().await.json();
            assert_eq!(document["resource"], format!("{PUBLIC}/mcp/acme"), "{place}");
        }
        let root = server.get(&places[1]).send().await.json();
        assert_eq!(root["resource"], format!("{PUBLIC}/mcp"), "the root alias");
    }
    let around = init_service(App::new().wrap(auth.middleware()).configure(auth.discovery())).await;
    let request = TestRequest::get().uri(&places[0]).to_request();
    assert_eq!(call_service(&around, request).await.status(), 200);
    let outside = TestRequest::get().uri("/elsewhere").to_request();
    assert_eq!(call_service(&around, outside).await.status(), 404, "no resource, whoever asks");
}

/// Of several resources, the one with the longest path answers for what is below it.
#[actix_web::test]
async fn r02_resources_below_several_resources_have_their_own_documents() {
    let authority = authority();
    let resource = |path: &str| {
        let auth = McpAuth::builder(format!("{PUBLIC}{path}")).authkit(authority.issuer());
        auth.resource_name(path)
    };
    let notes = resource("/notes").resources_below().build().unwrap();
    let admin = resource("/notes/admin").build().unwrap();
    let teams = resource("/notes/teams").resources_below().build().unwrap();
    let server = Server::start(move |config| {
        config.configure(McpAuth::discovery_of(&[&notes, &admin, &teams]));
    });
    for (path, name) in [
        ("/notes", "/notes"),
        ("/notes/ada", "/notes"),
        ("/notes/admin", "/notes/admin"),
        ("/notes/teams", "/notes/teams"),
        ("/notes/teams/red", "/notes/teams"),
    ] {
        let document = server.get(&format!("{METADATA}{path}")).send().await.json();
        assert_eq!(document["resource"], format!("{PUBLIC}{path}"));
        assert_eq!(document["resource_name"], name, "{path}");
    }
    assert_eq!(server.get(METADATA).send().await.status, 404, "nobody's");
    assert_eq!(server.get(&format!("{METADATA}/elsewhere/ada")).send().await.status, 404);
}

/// One resource for each tenant, with the same path behind each tenant's name.
#[actix_web::test]
async fn r02_a_host_s_root_can_have_resources_below() {
    let authority = authority();
    for root in [PUBLIC.to_owned(), format!("{PUBLIC}/")] {
        let auth = McpAuth::builder(root.as_str()).authkit(authority.issuer()).resources_below();
        let auth = auth.build().unwrap();
        let server = Server::start(move |config| {
            let tenant = web::resource("/{tenant}/mcp").wrap(auth.middleware()).to(whoami);
            config.configure(auth.discovery()).service(tenant);
        });
        let resource = format!("{PUBLIC}/acme/mcp");
        let document = server.get(&format!("{METADATA}/acme/mcp")).send().await.json();
        assert_eq!(document["resource"], resource);
        let own = server.get(METADATA).send().await.json();
        assert_eq!(own["resource"], root);
        let token = authority.person_token("user_ada", &resource);
        for (path, status) in [("/acme/mcp", 200), ("/other/mcp", 401)] {
            let answer = server.request(Method::POST, path).bearer(&token).send().await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
        }
    }
}
