//! By which names the endpoint may be called: rmcp's own check of `Host`, without `McpAuth` around.

use actix_mcp_auth::Resource;
use mcp_auth_rmcp::{EndpointBuilder, endpoint};
use serde_json::json;

use crate::server::{Tools, start_alone};

async fn statuses(
    resource: &str,
    change: impl FnOnce(EndpointBuilder<Tools>) -> EndpointBuilder<Tools>,
    hosts: &[&str],
) -> Vec<u16> {
    let resource = Resource::parse(resource).unwrap();
    let client = start_alone(change(endpoint(&resource, || Tools)).build().unwrap());
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let mut statuses = Vec::new();
    for host in hosts {
        statuses.push(client.post(&[("Host", host)], &list).await.status);
    }
    statuses
}

#[actix_web::test]
async fn r29_a_public_endpoint_is_called_by_the_host_of_its_resource() {
    let resource = "https://app.example.com/mcp";
    let own = ["app.example.com", "app.example.com:443", "App.Example.com:8443"];
    assert_eq!(statuses(resource, |it| it, &own).await, [200; 3]);
    let foreign =
        ["evil.example", "app.example.com.evil.example", "xapp.example.com", "localhost", "[::1]"];
    assert_eq!(statuses(resource, |it| it, &foreign).await, [403; 5]);
}

#[actix_web::test]
async fn r29_a_local_endpoint_is_called_by_this_machines_names() {
    for resource in ["http://127.0.0.1:8787/mcp", "http://[::1]:8787/mcp", "http://127.9.9.9/mcp"] {
        let own = ["127.0.0.1:1", "localhost:8787", "localhost", "[::1]:8787", "[::1]"];
        assert_eq!(statuses(resource, |it| it, &own).await, [200; 5], "{resource}");
        let foreign = ["evil.example", "evil.example:8787", "127.0.0.1.nip.io", "192.168.1.5"];
        assert_eq!(statuses(resource, |it| it, &foreign).await, [403; 4], "{resource}");
    }
    assert_eq!(statuses("http://127.9.9.9/mcp", |it| it, &["127.9.9.9:80"]).await, [200]);
}

#[actix_web::test]
async fn r29_further_hosts_are_accepted_by_name() {
    let hosts = ["app:8080", "app", "[fe80::1]:1", "app.example.com", "app.internal"];
    let allow = |it: EndpointBuilder<Tools>| it.allow_host("App").allow_host("[fe80::1]");
    let found = statuses("https://app.example.com/mcp", allow, &hosts).await;
    assert_eq!(found, [200, 200, 200, 200, 403]);
}
