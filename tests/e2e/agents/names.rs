//! The names of the clients that call, as a handler gets them.

use std::net::TcpListener;

use actix_mcp_auth::agents::AgentNames;

use super::*;

/// A server whose handler answers with the name of the client that calls.
fn naming(auth: &McpAuth, names: &AgentNames) -> Server {
    let (auth, names) = (auth.clone(), names.clone());
    Server::start(move |config| {
        let names = names.clone();
        let name = web::to(move |me: AuthedUser| {
            let names = names.clone();
            async move { names.of(me.principal()).await.map_or("-".into(), |name| name.html()) }
        });
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(name));
    })
}

async fn name(server: &Server, token: &str) -> String {
    let answer = server.call(token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

#[actix_web::test]
async fn a_client_is_called_what_the_issuer_or_the_application_says() {
    let app = Application::new();
    let names = AgentNames::new(&app.mcp.handle()).directory(app.directory.clone()).application(
        |_issuer, client_id| async move {
            Ok::<_, std::io::Error>((&*client_id == "client_two").then(|| "<Our own>".to_owned()))
        },
    );
    let server = naming(&app.mcp, &names);
    let one = consent(&app.authority, "client_one", "user_ada").await;
    let two = consent(&app.authority, "client_two", "user_ada").await;
    let path = "/user_management/users/user_ada/authorized_applications";
    for _ in 0..3 {
        assert_eq!(name(&server, &one.access).await, "Agent One");
        assert_eq!(name(&server, &two.access).await, "&lt;Our own&gt;");
    }
    assert_eq!(app.authority.requests(path), 1, "it is asked once");
    let unknown = app.authority.token().subject("user_ada").audience(RESOURCE);
    assert_eq!(name(&server, &unknown.client_id("client_other").sign()).await, "-");
    // A request that is rejected has no name, and causes no question.
    let forged = app.authority.token().subject("user_ada").audience(RESOURCE);
    let forged = forged.client_id("client_forged").signed_by_stranger().sign();
    assert_eq!(server.call(&forged).await.status, 401);
    assert_eq!(app.authority.requests(path), 2);
}

#[actix_web::test]
async fn r27_a_clients_document_on_this_machine_is_not_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Application::new();
    let errors = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = errors.clone();
    let names = AgentNames::new(&app.mcp.handle())
        .on_error(move |client, error| told.lock().unwrap().push(format!("{client}: {error}")));
    let server = naming(&app.mcp, &names);
    let hosts = ["127.0.0.1", "localhost", "[::1]", "[::ffff:7f00:1]"];
    for host in hosts {
        let token = app.authority.token().subject("user_ada").audience(RESOURCE);
        let token = token.client_id(format!("https://{host}:{port}/client.json"));
        assert_eq!(name(&server, &token.sign()).await, "-", "{host}");
    }
    let errors = errors.lock().unwrap().clone();
    assert_eq!(errors.len(), hosts.len(), "{errors:?}");
    assert!(errors.iter().all(|error| error.contains("private address")), "{errors:?}");
    assert!(listener.accept().is_err(), "no connection was opened");
    for id in [format!("http://127.0.0.1:{port}/client.json"), format!("https://127.1:{port}/c")] {
        let token = app.authority.token().subject("user_ada").audience(RESOURCE).client_id(id);
        assert_eq!(name(&server, &token.sign()).await, "-");
    }
    assert!(listener.accept().is_err());
}
