//! Whom a token is for: foreign audiences beside one's own, tokens without `aud`, and RFC 9068 in
//! full.

use actix_mcp_auth::{
    AuthedUser, Issuer, McpAuth, McpAuthBuilder, issuer::AudiencePolicy, testing::TestAuthority,
};
use actix_web::{http::Method, web};
use serde_json::json;

use crate::support::{RESOURCE, Server, authority, builder};

const ACCOUNT: &str = "http://127.0.0.1:8787/account";

#[actix_web::test]
async fn r19_a_foreign_audience_beside_ones_own_is_refused_where_that_is_asked_for() {
    let authority = authority();
    let token = |audiences: &[&str]| {
        let token = authority.token().subject("user_ada").scope("openid");
        token.audiences(audiences.iter().copied()).sign()
    };
    let lenient = Server::of(&builder(&authority).build().unwrap());
    let strict = builder(&authority).audience_policy(AudiencePolicy::ThisResourceOnly);
    let strict = Server::of(&strict.audience("api://known").build().unwrap());
    let with_another = token(&[RESOURCE, "https://other.example.com"]);
    assert_eq!(lenient.call(&with_another).await.status, 200);
    strict.call(&with_another).await.assert_invalid_token("a further audience");
    strict
        .call(&token(&["api://known", "https://other.example.com"]))
        .await
        .assert_invalid_token("a further audience beside a configured one");
    for own in [&[RESOURCE][..], &[RESOURCE, "api://known"], &["api://known"]] {
        assert_eq!(strict.call(&token(own)).await.status, 200, "{own:?}");
    }
}

fn sessions(authority: &TestAuthority) -> Issuer {
    Issuer::workos_sessions_at(authority.issuer(), authority.client_id()).unwrap()
}

/// MCP clients on one route, with Connect tokens; the web application on another, with the
/// sessions of the same people.
fn side_by_side(authority: &TestAuthority) -> Server {
    let mcp = builder(authority).build().unwrap();
    let web_routes = McpAuth::api(ACCOUNT).issuer(sessions(authority)).build().unwrap();
    Server::start(move |config| {
        config.configure(McpAuth::discovery_of(&[&mcp, &web_routes]));
        for (path, auth) in [("/mcp", &mcp), ("/account", &web_routes)] {
            let whoami = async |me: AuthedUser| me.subject().id().to_owned();
            config
                .service(web::resource(path).wrap(auth.middleware()).route(web::post().to(whoami)));
        }
    })
}

#[actix_web::test]
async fn r19_the_two_families_of_workos_stand_side_by_side_and_neither_passes_for_the_other() {
    let authority = authority();
    let server = side_by_side(&authority);
    let call = async |path: &str, token: &str| {
        server.request(Method::POST, path).bearer(token).send().await
    };
    let connect = authority.person_token("user_ada", RESOURCE);
    assert_eq!(call("/mcp", &connect).await.body, "user_ada");
    let issuer = authority.issuer();
    let spellings = [
        issuer.to_owned(),
        format!("{issuer}/"),
        format!("{issuer}/user_management/{}", authority.client_id()),
    ];
    for iss in &spellings {
        let session = authority.session_token().subject("user_ada").issuer(iss).sign();
        assert_eq!(call("/account", &session).await.body, "user_ada", "{iss}");
        call("/mcp", &session).await.assert_invalid_token(iss);
    }
    let refused = async |what: &str, token: String| {
        assert_eq!(call("/account", &token).await.status, 401, "{what}");
    };
    refused("a Connect token at the web routes", connect).await;
    let session = || authority.session_token().subject("user_ada").issuer(issuer);
    refused("a session with a foreign aud", session().audience(RESOURCE).sign()).await;
    refused("an expired session", session().expired_for(super_soon()).sign()).await;
    refused("a forged session", session().signed_by_stranger().sign()).await;
    let other = session().issuer(format!("{issuer}/user_management/client_other"));
    refused("a session of another client", other.sign()).await;
    let id_token = authority.id_token(authority.client_id()).sign();
    refused("an ID token", id_token).await;
}

fn super_soon() -> std::time::Duration {
    std::time::Duration::from_secs(60)
}

#[actix_web::test]
async fn r01_what_gives_no_tokens_to_clients_is_not_named_to_them() {
    let authority = authority();
    let server = side_by_side(&authority);
    let document = async |path: &str| {
        let path = format!("/.well-known/oauth-protected-resource{path}");
        server.get(&path).send().await.json()
    };
    assert_eq!(document("/mcp").await["authorization_servers"], json!([authority.issuer()]));
    let web_routes = document("/account").await;
    assert_eq!(web_routes.get("authorization_servers"), None);
    assert_eq!(web_routes["resource"], ACCOUNT);
}

#[test]
fn r19_tokens_without_aud_are_refused_at_start_up_for_an_mcp_resource() {
    let refused = |builder: McpAuthBuilder| {
        let error = builder.build().map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("for example"), "{error}");
        error
    };
    let sessions = || Issuer::workos_sessions("client_01ABC").unwrap();
    let mcp = || McpAuth::builder("https://app.example.com/mcp");
    assert!(refused(mcp().issuer(sessions())).contains("McpAuth::api"));
    assert!(refused(mcp().authkit("x.authkit.app").issuer(sessions())).contains("McpAuth::api"));
    let by_policy = mcp().authkit("x.authkit.app").audience_policy(AudiencePolicy::BoundByKeySet);
    assert!(refused(by_policy).contains("McpAuth::api"));
    let api = || McpAuth::api("https://app.example.com/account");
    assert!(api().issuer(sessions()).build().is_ok());
    let discovered = Issuer::new("https://login.example.com").unwrap();
    let discovered = discovered.audience_policy(AudiencePolicy::BoundByKeySet);
    assert!(refused(api().issuer(discovered)).contains("jwks_uri"), "whose key set is it?");
}

#[actix_web::test]
async fn r21_strict_mode_is_rfc_9068_in_full() {
    let authority = authority();
    let server = Server::of(&builder(&authority).strict_rfc9068().build().unwrap());
    let full = || authority.token().subject("user_ada").audience(RESOURCE).typ("at+jwt");
    assert_eq!(server.call(&full().sign()).await.status, 200);
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let answer = server.call(&full().without(claim).sign()).await;
        answer.assert_invalid_token(claim);
    }
    let azp = full().without("client_id").claim("azp", "client_01TESTS").sign();
    server.call(&azp).await.assert_invalid_token("azp is no client_id");
    server.call(&full().typ("JWT").sign()).await.assert_invalid_token("typ");
    server.call(&full().without_header("typ").sign()).await.assert_invalid_token("no typ");
    // The type alone, for issuers that leave something else out.
    let typed = Server::of(&builder(&authority).strict_token_type().build().unwrap());
    assert_eq!(typed.call(&full().without("jti").sign()).await.status, 200);
}

#[actix_web::test]
async fn r21_the_issuer_says_which_tokens_are_access_tokens() {
    let authority = authority();
    let trusting =
        |issuer: Issuer| Server::of(&McpAuth::builder(RESOURCE).issuer(issuer).build().unwrap());
    let issuer = || Issuer::new(authority.issuer()).unwrap().audience("app-1");
    // The tokens of programs of Entra ID, and of Dex, which have `at_hash`.
    let of_entra = |idtyp: &str| {
        authority
            .token()
            .subject("p")
            .without("scope")
            .without("client_id")
            .audience("app-1")
            .claim("idtyp", idtyp)
    };
    let of_dex = |name: &str| {
        authority
            .token()
            .subject("p")
            .without("scope")
            .without("client_id")
            .audience("app-1")
            .claim("at_hash", "h")
            .claim("name", name)
    };
    let unsaid = trusting(issuer());
    for token in [of_entra("app"), of_dex("access")] {
        unsaid.call(&token.sign()).await.assert_invalid_token("nothing says what it is");
    }
    let has = |claim: &'static str, value: &'static str| {
        issuer().access_token_if(move |token| token.claim(claim) == Ok(Some(value.to_owned())))
    };
    let entra = trusting(has("idtyp", "app"));
    assert_eq!(entra.call(&of_entra("app").sign()).await.status, 200);
    entra.call(&of_entra("user").sign()).await.assert_invalid_token("another value");
    let dex = trusting(has("name", "access"));
    assert_eq!(dex.call(&of_dex("access").sign()).await.status, 200);
    let says_id = of_dex("access").claim("typ", "ID").sign();
    dex.call(&says_id).await.assert_invalid_token("it says itself that it is an ID token");
    let forged = of_dex("access").sign() + "A";
    dex.call(&forged).await.assert_invalid_token("the rule is asked after the signature");
}

#[actix_web::test]
async fn r21_an_id_token_with_the_resource_in_aud_is_refused() {
    let authority = authority();
    let server = Server::of(&builder(&authority).build().unwrap());
    let with = |claims: &[(&str, serde_json::Value)]| {
        let token = authority.token().subject("user_ada").without("scope").without("client_id");
        let token = token.audiences(["client-1", RESOURCE]);
        let token =
            claims.iter().fold(token, |token, (name, value)| token.claim(*name, value.clone()));
        token.claim("azp", "client-1").sign()
    };
    let keycloak = [("typ", json!("ID")), ("nonce", json!("n")), ("auth_time", json!(1))];
    let cognito = [("token_use", json!("id"))];
    let logout = [("events", json!({ "http://schemas.openid.net/event/backchannel-logout": {} }))];
    for claims in [&keycloak[..], &keycloak[1..], &cognito, &logout] {
        server.call(&with(claims)).await.assert_invalid_token(&format!("{claims:?}"));
    }
    let access = [("typ", json!("Bearer")), ("nonce", json!("n")), ("auth_time", json!(1))];
    assert_eq!(server.call(&with(&access)).await.status, 200);
}
