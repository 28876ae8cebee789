//! Registration, client authentication, and metadata documents as client ids.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_auth_testing::{Client, Endpoint, Fault, TestAuthority, TestAuthorityBuilder};
use serde_json::{Value, json};

use crate::browser::*;
use crate::http::{get, post_form, post_form_with, post_json};

#[test]
fn a_confidential_client_must_use_its_secret_as_registered() {
    let authority = TestAuthority::builder().auto_approve("user_ada").start().unwrap();
    let answer = post_json(
        &format!("{}/oauth2/register", authority.issuer()),
        &json!({ "redirect_uris": [CALLBACK] }),
    )
    .json();
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(answer["client_secret_expires_at"], 0);
    let id = answer["client_id"].as_str().unwrap();
    let secret = answer["client_secret"].as_str().unwrap();
    let url = authorize_url(&authority, id, &[]);
    let code = parameters(&get(&url).location())["code"].clone();

    let bare = redeem(&authority, id, &code, &[]);
    assert_eq!((bare.status, &*bare.error()), (401, "invalid_client"));
    assert!(bare.header("www-authenticate").unwrap().starts_with("Basic"));
    let posted = redeem(&authority, id, &code, &[("client_secret", secret)]);
    assert_eq!(posted.error(), "invalid_client");

    let fields =
        [("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", VERIFIER)];
    let with = |secret: &str| {
        let credentials = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let headers = [("Authorization", &*credentials)];
        post_form_with(&token_endpoint(&authority), &headers, &fields)
    };
    assert_eq!(with("wrong").error(), "invalid_client");
    assert_eq!(with(secret).status, 200);
}

#[test]
fn a_registration_that_makes_no_sense_is_refused() {
    let authority = TestAuthority::start().unwrap();
    let register = format!("{}/oauth2/register", authority.issuer());
    for (asked, error) in [
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example.com/cb"] }), "invalid_redirect_uri"),
        (
            json!({ "redirect_uris": [CALLBACK], "grant_types": ["implicit"] }),
            "invalid_client_metadata",
        ),
        (
            json!({ "redirect_uris": [CALLBACK], "response_types": ["token"] }),
            "invalid_client_metadata",
        ),
        (json!({ "redirect_uris": [CALLBACK], "client_name": 1 }), "invalid_client_metadata"),
        (json!([]), "invalid_client_metadata"),
    ] {
        let answer = post_json(&register, &asked);
        assert_eq!((answer.status, &*answer.error()), (400, error), "{asked}");
    }
}

#[test]
fn an_unknown_client_or_grant_type_is_refused() {
    let authority = TestAuthority::start().unwrap();
    let answer = redeem(&authority, "client_nobody", "code", &[]);
    assert_eq!((answer.status, &*answer.error()), (401, "invalid_client"));

    let client = register(&authority, "Agent");
    let fields = [("grant_type", "password"), ("client_id", &*client)];
    let answer = post_form(&token_endpoint(&authority), &fields);
    assert_eq!(answer.error(), "unsupported_grant_type");
}

/// Answers one request after another with what `answer` says for the URL of the document.
fn document_server(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/client.json", listener.local_addr().unwrap());
    let told = url.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer(&told).as_bytes());
        }
    });
    url
}

fn port_of(url: &str) -> u16 {
    let (_, rest) = url.split_once("127.0.0.1:").unwrap();
    rest.split_once('/').unwrap().0.parse().unwrap()
}

fn ok(document: &Value) -> String {
    let body = document.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

fn document(url: &str) -> Value {
    json!({
        "client_id": url,
        "client_name": "Documented Agent",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
    })
}

#[test]
fn dangerous_redirect_schemes_are_refused_and_own_ones_taken() {
    let authority = TestAuthority::start().unwrap();
    let endpoint = format!("{}/oauth2/register", authority.issuer());
    let register = |uri: &str| {
        let asked =
            json!({ "redirect_uris": [CALLBACK, uri], "token_endpoint_auth_method": "none" });
        post_json(&endpoint, &asked)
    };
    let path = "/client.json";
    let id = format!("{}{path}", authority.issuer());
    let by_document = |uri: &str| {
        let mut document = document(&id);
        document["redirect_uris"] = json!([CALLBACK, uri]);
        serve(&authority, path, &document);
        get(&authorize_url(&authority, &id, &[]))
    };
    for uri in [
        "javascript:alert(document.domain)",
        "JavaScript://x/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:/x",
        "file:///etc/passwd",
        "vbscript:/x",
        "ms-msdt:/id/PCWDiagnostic",
        "ms-settings://x",
        "search-ms:/query=x",
        "microsoft-edge:/x",
        "intent://scan/#Intent;end",
        "intent://scan/",
        "blob:https://app.example.com/x",
        "filesystem:https://app.example.com/x",
        "about:blank",
        "view-source:https://app.example.com/",
        "chrome-extension://x/y",
        "ws://127.0.0.1/cb",
        "wss://app.example.com/cb",
        "ftp://app.example.com/cb",
        "ldap://app.example.com/cb",
        "mailto:ada@example.com",
        "shell:/startup",
        "unheard-of:alert(1)",
        "http://app.example.com/cb",
    ] {
        let answer = register(uri);
        assert_eq!((answer.status, &*answer.error()), (400, "invalid_redirect_uri"), "{uri}");
        assert_eq!(by_document(uri).status, 400, "{uri}");
    }
    for uri in [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "vscode://vscode.github-authentication/did-authenticate",
        "vscode-insiders://callback",
        "com.example.app:/callback",
        "http://127.0.0.1:4711/callback",
        "http://localhost/callback",
        "http://[::1]:4711/callback",
        "https://app.example.com/callback",
    ] {
        assert_eq!(register(uri).status, 201, "{uri}");
        assert_eq!(by_document(uri).status, 200, "{uri}");
    }
}

#[test]
fn a_configured_client_is_not_redirected_to_a_script_either() {
    let client = Client::public("client_mine").redirect_uri("javascript:alert(1)");
    let authority = TestAuthority::builder().client(client).start().unwrap();
    let url = authorize_url(&authority, "client_mine", &[]);
    let without = url.replace("redirect_uri=", "ignored=");
    let answer = get(&without);
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("is not acceptable"), "{}", answer.body);
}

/// Lets the authority itself answer with this document.
fn serve(authority: &TestAuthority, path: &str, document: &Value) {
    let answer = Fault::Custom {
        status: 200,
        content_type: "application/json".into(),
        body: document.to_string().into_bytes(),
    };
    authority.inject(Endpoint::Path(path.into()), answer);
}

#[test]
fn metadata_documents_on_other_loopback_ports_are_not_fetched() {
    let authority = TestAuthority::start().unwrap();
    let fetched = Arc::new(AtomicBool::new(false));
    let told = fetched.clone();
    let other = document_server(move |url| {
        told.store(true, Ordering::Relaxed);
        ok(&document(url))
    });
    let port = port_of(&other);
    for client in [
        other,
        format!("http://localhost:{port}/client.json"),
        format!("http://127.9.9.9:{port}/client.json"),
        format!("https://127.0.0.1:{port}/client.json"),
        format!("https://0.0.0.0:{port}/client.json"),
        format!("https://[::ffff:7f00:1]:{port}/client.json"),
    ] {
        let answer = get(&authorize_url(&authority, &client, &[]));
        assert_eq!(answer.status, 400, "{client}");
        assert!(answer.body.contains("metadata_document_port("), "{client}: {}", answer.body);
    }
    assert!(!fetched.load(Ordering::Relaxed));

    let own = format!("{}/client.json", authority.issuer());
    serve(&authority, "/client.json", &document(&own));
    assert!(get(&authorize_url(&authority, &own, &[])).body.contains("Documented Agent"));
}

#[test]
fn a_client_may_be_known_by_its_metadata_document() {
    let client = document_server(|url| ok(&document(url)));
    let authority =
        TestAuthority::builder().metadata_document_port(port_of(&client)).start().unwrap();
    let url = authorize_url(&authority, &client, &[]);
    assert!(get(&url).body.contains("Documented Agent"));

    let code = parameters(&walk(&url, "user_ada", "approve"))["code"].clone();
    let tokens = redeem(&authority, &client, &code, &[]).json();
    let claims = claims(tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["client_id"], client);
}

#[test]
fn metadata_documents_are_not_redirected_and_bounded_in_size() {
    let good = document_server(|url| ok(&document(url)));

    let redirecting = document_server(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {good}\r\nContent-Length: 0\r\n\r\n")
    });
    let huge = document_server(|url| {
        let mut document = document(url);
        document["padding"] = json!("x".repeat(6000));
        ok(&document)
    });
    let slow = document_server(|url| {
        std::thread::sleep(Duration::from_secs(2));
        ok(&document(url))
    });
    let stalled = document_server(|_| {
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{".into()
    });
    let foreign = document_server(|_| ok(&document("https://app.example.com/client.json")));
    let missing = document_server(|_| "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into());
    let nonsense = document_server(|_| ok(&json!("nonsense")));

    let cases = [
        (redirecting, "redirects"),
        (huge, "larger than"),
        (slow, "did not arrive"),
        (stalled, ""),
        (foreign, "not its own URL"),
        (missing, "404"),
        (nonsense, "not its own URL"),
    ];
    let builder = TestAuthority::builder().document_timeout(Duration::from_millis(300));
    let allow = |builder: TestAuthorityBuilder, (client, _): &(String, &str)| {
        builder.metadata_document_port(port_of(client))
    };
    let authority = cases.iter().fold(builder, allow).start().unwrap();
    for (client, why) in cases {
        let answer = get(&authorize_url(&authority, &client, &[]));
        assert_eq!(answer.status, 400, "{why}");
        assert!(answer.body.contains(why), "{why}: {}", answer.body);
    }
}
