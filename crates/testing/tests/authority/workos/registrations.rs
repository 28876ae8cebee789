//! Resource indicators and webhook endpoints.

use mcp_auth_testing::{Client, TestAuthority};
use serde_json::{Value, json};

use super::{builder, call, column, get, start};
use crate::browser::{
    RESOURCE, authorize_url, claims, parameters, redeem, refresh, register, token_endpoint,
};
use crate::http::{Response, post_form};

const RESOURCES: &str = "/user_management/authkit_oauth_resources";
const ENDPOINTS: &str = "/webhook_endpoints";

fn create_resource(authority: &TestAuthority, body: Value) -> Response {
    call(authority, "POST", RESOURCES, Some(body))
}

#[test]
fn a_resource_indicator_is_created_listed_and_deleted() {
    let authority = start();
    let created = create_resource(&authority, json!({ "uri": RESOURCE }));
    assert_eq!(created.status, 201, "{created:?}");
    let created = created.json();
    assert_eq!(created["object"], "authkit_oauth_resource");
    assert_eq!((&created["uri"], &created["default"]), (&json!(RESOURCE), &json!(false)));
    assert!(created["created_at"].is_string() && created["updated_at"].is_string());
    assert_eq!(get(&authority, RESOURCES).json()["data"], json!([created]));

    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("authkit_oauth_resource_"));
    let target = format!("{RESOURCES}/{id}");
    assert_eq!(call(&authority, "DELETE", &target, None).status, 204);
    assert!(column(&get(&authority, RESOURCES), "uri").is_empty());
    let again = call(&authority, "DELETE", &target, None);
    assert_eq!((again.status, &again.json()["entity_id"]), (404, &json!(id)));
}

#[test]
fn a_resource_is_registered_once_byte_for_byte() {
    let authority = start();
    authority.register_resource(RESOURCE);
    authority.register_resource(RESOURCE);
    let again = create_resource(&authority, json!({ "uri": RESOURCE }));
    assert_eq!((again.status, &again.json()["code"]), (422, &json!("unprocessable_entity")));
    let slash = create_resource(&authority, json!({ "uri": format!("{RESOURCE}/") }));
    assert_eq!(slash.status, 201);
    assert_eq!(column(&get(&authority, RESOURCES), "uri").len(), 2);
}

#[test]
fn unusable_resources_are_refused() {
    let authority = start();
    for body in [
        json!({}),
        json!({ "uri": "/mcp" }),
        json!({ "uri": "https://h/mcp#part" }),
        json!({ "uri": "https://*.h/mcp" }),
        json!({ "uri": RESOURCE, "default": "yes" }),
    ] {
        assert_eq!(create_resource(&authority, body.clone()).status, 422, "{body}");
    }
    assert_eq!(create_resource(&authority, json!([])).status, 400, "no object");
}

#[test]
fn one_resource_at_most_is_the_default() {
    let authority = start();
    for uri in ["https://h/one", "https://h/two"] {
        create_resource(&authority, json!({ "uri": uri, "default": true }));
    }
    let list = get(&authority, &format!("{RESOURCES}?order=asc")).json();
    let defaults = [&list["data"][0]["default"], &list["data"][1]["default"]];
    assert_eq!(defaults, [&json!(false), &json!(true)]);
}

#[test]
fn long_lists_come_in_pages() {
    let authority = start();
    for n in 0..12 {
        authority.register_resource(format!("https://h/{n}"));
    }
    let first = get(&authority, &format!("{RESOURCES}?order=asc"));
    assert_eq!(column(&first, "uri").len(), 10);
    let after = first.json()["list_metadata"]["after"].as_str().unwrap().to_owned();
    let next = get(&authority, &format!("{RESOURCES}?order=asc&after={after}"));
    assert_eq!(column(&next, "uri"), ["https://h/10", "https://h/11"]);
    assert_eq!(get(&authority, &format!("{RESOURCES}?limit=101")).status, 422);
}

#[test]
fn the_token_endpoint_refuses_unregistered_resources_if_asked_to() {
    let authority = builder()
        .registered_resources_only()
        .auto_approve("user_ada")
        .client(Client::machine("client_m", "secret"))
        .start()
        .unwrap();
    let client = register(&authority, "Agent");
    let code = || {
        let url = authorize_url(&authority, &client, &[]);
        parameters(&crate::http::get(&url).location())["code"].clone()
    };
    let machine = || {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "client_m"),
            ("client_secret", "secret"),
            ("resource", RESOURCE),
        ];
        post_form(&token_endpoint(&authority), &fields)
    };
    let tokens = redeem(&authority, &client, &code(), &[]).json();
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(machine().status, 200, "none is registered");

    authority.register_resource(format!("{RESOURCE}/"));
    let kept = code();
    for refused in [
        redeem(&authority, &client, &kept, &[]),
        redeem(&authority, &client, &code(), &[("resource", RESOURCE)]),
        refresh(&authority, &client, refresh_token, &[]),
        machine(),
    ] {
        assert_eq!((refused.status, refused.error()), (400, "invalid_target".to_owned()));
    }

    authority.register_resource(RESOURCE);
    let token = redeem(&authority, &client, &kept, &[]).json();
    assert_eq!(claims(token["access_token"].as_str().unwrap())["aud"], RESOURCE);
    assert_eq!(refresh(&authority, &client, refresh_token, &[]).status, 200);
    assert_eq!(machine().status, 200);
}

#[test]
fn by_default_the_token_endpoint_accepts_unregistered_resources() {
    let authority = builder().auto_approve("user_ada").start().unwrap();
    authority.register_resource("https://h/other");
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]);
    let code = parameters(&crate::http::get(&url).location())["code"].clone();
    assert_eq!(redeem(&authority, &client, &code, &[]).status, 200);
}

#[test]
fn deleting_a_resource_ends_the_consents_for_it() {
    let authority = builder().auto_approve("user_ada").start().unwrap();
    let created = create_resource(&authority, json!({ "uri": RESOURCE })).json();
    let client = register(&authority, "Agent");
    let url = authorize_url(&authority, &client, &[]);
    let code = parameters(&crate::http::get(&url).location())["code"].clone();
    let tokens = redeem(&authority, &client, &code, &[]).json();
    let target = format!("{RESOURCES}/{}", created["id"].as_str().unwrap());
    call(&authority, "DELETE", &target, None);
    let refused = refresh(&authority, &client, tokens["refresh_token"].as_str().unwrap(), &[]);
    assert_eq!(refused.error(), "invalid_grant");
}

#[test]
fn a_webhook_endpoint_is_created_changed_and_deleted() {
    let authority = start();
    let url = "https://app.example.com/webhooks/workos";
    let body = json!({ "endpoint_url": url, "events": ["user.deleted"] });
    let created = call(&authority, "POST", ENDPOINTS, Some(body));
    assert_eq!(created.status, 201, "{created:?}");
    let created = created.json();
    assert_eq!((&created["endpoint_url"], &created["status"]), (&json!(url), &json!("enabled")));
    assert_eq!(created["events"], json!(["user.deleted"]));
    assert!(created["secret"].as_str().unwrap().len() >= 32);
    assert_eq!(get(&authority, ENDPOINTS).json()["data"], json!([created]));

    let target = format!("{ENDPOINTS}/{}", created["id"].as_str().unwrap());
    let changes = json!({ "status": "disabled", "events": ["session.revoked"] });
    let changed = call(&authority, "PATCH", &target, Some(changes));
    assert_eq!((changed.status, &changed.json()["status"]), (200, &json!("disabled")));
    let listed = &get(&authority, ENDPOINTS).json()["data"][0];
    assert_eq!(listed["events"], json!(["session.revoked"]));
    assert_eq!(listed["endpoint_url"], url, "it was not named");

    assert_eq!(call(&authority, "DELETE", &target, None).status, 204);
    for (method, body) in [("DELETE", None), ("PATCH", Some(json!({})))] {
        let gone = call(&authority, method, &target, body);
        assert_eq!((gone.status, &gone.json()["code"]), (404, &json!("entity_not_found")));
    }
}

#[test]
fn unusable_webhook_endpoints_are_refused() {
    let authority = start();
    let url = "https://app.example.com/webhooks/workos";
    for body in [
        json!({}),
        json!({ "endpoint_url": url }),
        json!({ "events": ["user.deleted"] }),
        json!({ "endpoint_url": "ftp://h/", "events": [] }),
        json!({ "endpoint_url": url, "events": [1] }),
        json!({ "endpoint_url": url, "events": [], "status": "asleep" }),
    ] {
        let answer = call(&authority, "POST", ENDPOINTS, Some(body.clone()));
        assert_eq!(answer.status, 422, "{body}");
    }
    assert!(column(&get(&authority, ENDPOINTS), "id").is_empty());
}

#[test]
fn a_registered_endpoint_has_the_secret_that_was_returned() {
    let authority = start();
    let secret = authority.register_webhook_endpoint("https://h/hooks", ["user.deleted"]);
    assert_eq!(column(&get(&authority, ENDPOINTS), "secret"), [secret]);
}
