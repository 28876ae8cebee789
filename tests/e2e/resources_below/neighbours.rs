//! The documents of several resources, some of them with resources below.

use actix_mcp_auth::{Issuer, McpAuth, McpAuthBuilder};
use actix_web::{
    App,
    http::Method,
    test::{TestRequest, call_and_read_body_json, call_service, init_service},
    web::{self, ServiceConfig},
};
use serde_json::Value;

use super::{METADATA, PUBLIC, metadata_url, whoami};
use crate::support::Server;

const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";

/// A resource whose document is known by its name, and by an issuer of its own.
fn resource(path: &str) -> McpAuthBuilder {
    let issuer = Issuer::new(format!("https://login{}.example.com", path.replace('/', "-")));
    let issuer = issuer.unwrap().jwks_uri("https://login.example.com/jwks").unwrap();
    McpAuth::builder(format!("{PUBLIC}{path}")).issuer(issuer).resource_name(path)
}

/// Registers them together, or one by one.
fn register(config: &mut ServiceConfig, together: bool, resources: &[&McpAuth]) {
    if together {
        config.configure(McpAuth::discovery_of(resources));
        return;
    }
    for resource in resources {
        config.configure(resource.discovery());
    }
}

/// The path of the resource that the document at this path names, and whose document it is.
async fn named_at(server: &Server, place: &str) -> (String, String) {
    let answer = server.get(place).send().await;
    assert_eq!(answer.status, 200, "{place}: {answer:?}");
    let document = answer.json();
    let text = |member: &str| document[member].as_str().unwrap().to_owned();
    let name = text("resource_name");
    let issuer = format!("https://login{}.example.com", name.replace('/', "-"));
    assert_eq!(document["authorization_servers"], serde_json::json!([issuer]), "{place}");
    (text("resource").replace(PUBLIC, ""), name)
}

/// Those with the metadata of the resource at this path.
fn places(path: &str) -> [String; 2] {
    [format!("{METADATA}{path}"), format!("{path}{METADATA}")]
}

#[actix_web::test]
async fn r02_own_documents_come_before_those_below_another_resource() {
    let root = resource("/").resources_below().build().unwrap();
    let (mcp, api) = (resource("/mcp").build().unwrap(), resource("/api").build().unwrap());
    let notes = resource("/notes").resources_below().build().unwrap();
    let orders =
        [[&root, &mcp, &notes, &api], [&root, &api, &mcp, &notes], [&mcp, &api, &notes, &root]];
    for (order, together) in orders.iter().flat_map(|order| [(order, true), (order, false)]) {
        let resources = order.map(Clone::clone);
        let server = Server::start(move |config| {
            register(config, together, &resources.each_ref());
        });
        for (path, name) in [
            ("/mcp", "/mcp"),
            ("/api", "/api"),
            ("/notes", "/notes"),
            ("/notes/ada", "/notes"),
            ("/acme", "/"),
            ("/acme/mcp", "/"),
        ] {
            for place in places(path) {
                let named = (path.to_owned(), name.to_owned());
                assert_eq!(named_at(&server, &place).await, named, "{place} {together}");
            }
        }
        assert_eq!(named_at(&server, METADATA).await, ("/".to_owned(), "/".to_owned()));
    }
}

#[actix_web::test]
async fn r02_a_middleware_leaves_registered_documents_alone() {
    let root = resource("/").resources_below().build().unwrap();
    let mcp = resource("/mcp").build().unwrap();
    let app = App::new().wrap(root.middleware()).configure(mcp.discovery());
    let around = init_service(app).await;
    for place in places("/mcp") {
        let request = TestRequest::get().uri(&place).to_request();
        let document: Value = call_and_read_body_json(&around, request).await;
        assert_eq!(document["resource_name"], "/mcp", "{place}");
    }
    for place in places("/acme") {
        let request = TestRequest::get().uri(&place).to_request();
        let document: Value = call_and_read_body_json(&around, request).await;
        assert_eq!(document["resource_name"], "/", "{place}");
    }
}

/// One thread may have several applications.
#[actix_web::test]
async fn r02_another_application_s_documents_do_not_count() {
    let root = resource("/").resources_below().build().unwrap();
    let mcp = resource("/mcp").build().unwrap();
    let one = init_service(App::new().configure(root.discovery())).await;
    let two = init_service(App::new().configure(mcp.discovery())).await;
    let request = || TestRequest::get().uri(&format!("{METADATA}/mcp")).to_request();
    let below: Value = call_and_read_body_json(&one, request()).await;
    assert_eq!(below["resource_name"], "/");
    let own: Value = call_and_read_body_json(&two, request()).await;
    assert_eq!(own["resource_name"], "/mcp");
    assert_eq!(below["resource"], own["resource"]);
    let alias = TestRequest::get().uri(METADATA).to_request();
    let alias: Value = call_and_read_body_json(&two, alias).await;
    assert_eq!(alias["resource_name"], "/mcp", "it is alone on its host");
}

#[actix_web::test]
async fn r02_below_a_nested_plain_resource_are_no_documents() {
    let notes = resource("/notes").resources_below().authorization_server_metadata(true);
    let notes = notes.build().unwrap();
    let admin = resource("/notes/admin").build().unwrap();
    let teams = resource("/notes/admin/teams").resources_below().build().unwrap();
    for together in [true, false] {
        let resources = [notes.clone(), admin.clone(), teams.clone()];
        let server = Server::start(move |config| {
            register(config, together, &resources.each_ref());
        });
        for (path, name) in [
            ("/notes/ada", "/notes"),
            ("/notes/administrators", "/notes"),
            ("/notes/admin", "/notes/admin"),
            ("/notes/admin/teams/red", "/notes/admin/teams"),
        ] {
            for place in places(path) {
                let named = (path.to_owned(), name.to_owned());
                assert_eq!(named_at(&server, &place).await, named, "{place}");
            }
        }
        for path in ["/notes/admin/x", "/notes/admin/x/y", "/notes/admin/teamsters"] {
            let [inserted, appended] = places(path);
            for place in [inserted, appended, format!("{AUTHORIZATION_SERVER}{path}")] {
                let answer = server.get(&place).send().await;
                assert_eq!(answer.status, 404, "{place}: {answer:?}");
            }
        }
    }
}

#[actix_web::test]
async fn r02_a_middleware_knows_registered_plain_resources() {
    let notes = resource("/notes").resources_below().build().unwrap();
    let admin = resource("/notes/admin").build().unwrap();
    let app = App::new().wrap(notes.middleware()).configure(admin.discovery());
    let around = init_service(app).await;
    for (path, status) in [("/notes/ada", 200), ("/notes/admin", 200), ("/notes/admin/x", 404)] {
        for place in places(path) {
            let request = TestRequest::get().uri(&place).to_request();
            assert_eq!(call_service(&around, request).await.status(), status, "{place}");
        }
    }
}

/// Behind a proxy that takes `/tools/mcp` away, a resource can be at the application's root.
#[actix_web::test]
async fn r05_a_document_below_is_of_the_longest_path_that_matches() {
    let tools = resource("/tools/mcp").served_at("/").resources_below().build().unwrap();
    let other = resource("/b").resources_below().build().unwrap();
    for together in [true, false] {
        let resources = [tools.clone(), other.clone()];
        let server = Server::start(move |config| {
            register(config, together, &resources.each_ref());
        });
        for (place, resource, name) in [
            (format!("{METADATA}/b/x"), "/b/x", "/b"),
            (format!("/b/x{METADATA}"), "/b/x", "/b"),
            (format!("{METADATA}/tools/mcp/x"), "/tools/mcp/x", "/tools/mcp"),
            (format!("{METADATA}/x"), "/tools/mcp/x", "/tools/mcp"),
            (format!("/x{METADATA}"), "/tools/mcp/x", "/tools/mcp"),
        ] {
            let named = (resource.to_owned(), name.to_owned());
            assert_eq!(named_at(&server, &place).await, named, "{place}");
        }
    }
}

/// Requests there are for a path behind `served_at`, which may begin with the public path.
#[actix_web::test]
async fn r05_an_appended_document_names_the_resource_of_requests() {
    let auth = resource("/api").served_at("/api/v1").resources_below().build().unwrap();
    let server = Server::start(move |config| {
        let scope = web::scope("/api/v1").wrap(auth.middleware());
        config.service(scope.default_service(web::to(whoami))).configure(auth.discovery());
    });
    let answer = server.request(Method::POST, "/api/v1/acme").send().await;
    assert!(answer.challenge().contains(&metadata_url("/api/acme")), "{answer:?}");
    for (place, resource) in [
        (format!("/api/v1/acme{METADATA}"), "/api/acme"),
        (format!("{METADATA}/api/acme"), "/api/acme"),
        // What a challenge names is a public path.
        (format!("{METADATA}/api/v1/acme"), "/api/v1/acme"),
    ] {
        let named = (resource.to_owned(), "/api".to_owned());
        assert_eq!(named_at(&server, &place).await, named, "{place}");
    }
}
