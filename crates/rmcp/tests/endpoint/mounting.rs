//! Where the endpoint is mounted: at the path of the resource, whatever its form.

use awc::http::Method;

use crate::server::{Server, tool, whoami};

#[actix_web::test]
async fn the_endpoint_is_at_the_path_of_the_resource() {
    for path in ["/mcp", "/mcp/", "/a/b/mcp", "", "/"] {
        let server = Server::start(path, |it| it);
        let ada = server.client_of("user_ada");

        let called = ada.handshake_era(None, "tools/call", whoami()).await;
        assert_eq!(called.status, 200, "{path:?}: {called:?}");
        assert_eq!(called.said(), "user_ada");
    }
}

#[actix_web::test]
async fn the_endpoint_is_at_the_path_that_a_proxy_leaves() {
    let server = Server::start_behind_proxy("/tools/mcp", Some("/mcp"), |it| it.served_at("/mcp"));
    let inside = server.resource.replace("/tools/mcp", "/mcp");
    let ada = server.client_of("user_ada").at(inside);

    assert_eq!(ada.handshake_era(None, "tools/call", whoami()).await.said(), "user_ada");
    let outside = server.client_of("user_ada");
    assert_eq!(outside.handshake_era(None, "tools/call", whoami()).await.status, 404);
}

/// The endpoint is mounted within a scope that has the tenant's name.
#[actix_web::test]
async fn each_path_below_is_an_endpoint_and_a_resource() {
    let server = Server::start_below("/mcp");
    for tenant in ["acme", "other"] {
        let resource = format!("{}/{tenant}", server.resource);
        let ada = server.client_for("user_ada", &resource);
        let called = ada.handshake_era(None, "tools/call", tool("where_am_i")).await;
        assert_eq!(called.said(), resource);
        let elsewhere = ada.at(format!("{}/elsewhere", server.resource));
        let refused = elsewhere.handshake_era(None, "tools/call", tool("where_am_i")).await;
        assert_eq!(refused.status, 401, "{refused:?}");
    }
}

#[actix_web::test]
async fn r10_below_the_endpoint_a_token_is_needed_and_nothing_is_there() {
    let server = Server::start("/mcp", |it| it);
    let below = format!("{}/below", server.resource);
    let ada = server.client_of("user_ada").at(below.clone());

    assert_eq!(ada.send(Method::GET, &[], None).await.status, 404);
    let nobody = awc::Client::default().get(below).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
}
