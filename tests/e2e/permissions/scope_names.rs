//! Issuers that are asked for a scope by a longer name than the one in their tokens, as Microsoft
//! Entra ID is.

use super::*;

scopes! {
    struct Access;
    AccessAsUser = "access_as_user";
    Manage = "manage" implies AccessAsUser;
}

/// The same permission by the long name.
mod long {
    actix_mcp_auth::scopes! { pub(super) AccessAsUser = "api://6666/access_as_user"; }
}

const PREFIX: &str = "api://6666/";
const LONG: &str = "api://6666/access_as_user";
const SHORT: &str = "access_as_user";

/// The authority as an issuer that puts scopes into `scp`.
fn entra(authority: &TestAuthority) -> Issuer {
    Issuer::new(authority.issuer()).unwrap()
}

/// A token whose `scp` is this.
fn scp(authority: &TestAuthority, scopes: &str) -> String {
    let token = authority.token().subject("user_ada").audience(RESOURCE);
    token.without("scope").claim("scp", scopes).sign()
}

/// `/p` demands the short permission, and `/long` the long one; `/any` demands nothing.
fn pages(auth: &McpAuth) -> Server {
    let auth = auth.clone();
    Server::start(move |config| {
        let scopes =
            async |me: actix_mcp_auth::AuthedUser| me.scopes().iter().collect::<Vec<_>>().join(" ");
        config.configure(auth.discovery()).service(
            web::scope("")
                .wrap(auth.middleware())
                .route("/p", web::post().to(async |_: Authorized<AccessAsUser>| "p"))
                .route("/long", web::post().to(async |_: Authorized<long::AccessAsUser>| "long"))
                .route("/manage", web::post().to(async |_: Authorized<Manage>| "manage"))
                .route("/any", web::post().to(scopes)),
        );
    })
}

async fn supported(server: &Server) -> Value {
    let path = "/.well-known/oauth-protected-resource";
    server.get(path).send().await.json()["scopes_supported"].clone()
}

#[actix_web::test]
async fn r15_required_scopes_are_told_by_the_issuer_s_name() {
    let authority = authority();
    // Whichever name is written in the configuration.
    for required in [SHORT, LONG] {
        let issuer = entra(&authority).scope_prefix(PREFIX).unwrap();
        let builder = McpAuth::builder(RESOURCE).issuer(issuer);
        let server = pages(&builder.require_scopes(["openid", required]).build().unwrap());
        assert_eq!(supported(&server).await, json!(["openid", LONG]));
        let both = format!("openid {LONG}");
        let first = server.request(Method::POST, "/any").send().await;
        assert!(first.challenge().contains(&format!("scope=\"{both}\"")), "{first:?}");
        assert_asks_for(&server.post("/any", &scp(&authority, "openid")).await, &both);
        for granted in [SHORT, LONG] {
            let token = scp(&authority, &format!("openid {granted}"));
            assert_eq!(server.post("/any", &token).await.body, format!("openid {SHORT}"));
        }
    }
}

#[actix_web::test]
async fn r15_step_up_names_a_permission_by_the_issuer_s_name() {
    let authority = authority();
    for listed in [SHORT, LONG] {
        let issuer = entra(&authority).scope_prefix(PREFIX).unwrap();
        let issuer = issuer.scopes(["openid", listed, "manage"]).unwrap();
        let builder = McpAuth::builder(RESOURCE).issuer(issuer).permissions::<Access>();
        let server = pages(&builder.build().unwrap());
        assert_eq!(supported(&server).await, json!([LONG, "api://6666/manage"]));
        assert_asks_for(&server.post("/p", &scp(&authority, "openid")).await, LONG);
        assert_asks_for(
            &server.post("/manage", &scp(&authority, SHORT)).await,
            "api://6666/manage",
        );
        // The limit counts for both names.
        for granted in [SHORT, LONG, "manage", "api://6666/manage"] {
            assert_eq!(server.post("/p", &scp(&authority, granted)).await.body, "p", "{granted}");
        }
        let beyond = scp(&authority, "other api://6666/other api://7777/access_as_user");
        assert_eq!(server.post("/any", &beyond).await.body, "");
    }
}

#[actix_web::test]
async fn a_permission_may_have_the_issuer_s_long_name() {
    let authority = authority();
    let issuer = entra(&authority).scope_prefix(PREFIX).unwrap();
    let builder = McpAuth::builder(RESOURCE).issuer(issuer).require_scopes([SHORT]);
    let server = pages(&builder.permissions::<long::AccessAsUser>().build().unwrap());
    assert_eq!(supported(&server).await, json!([LONG]), "each once");
    assert_eq!(server.post("/long", &scp(&authority, SHORT)).await.body, "long");
    assert_eq!(server.post("/long", &scp(&authority, LONG)).await.body, "long");
    assert_asks_for(&server.post("/long", &scp(&authority, "openid")).await, LONG);
}

/// As configurations for Entra were written before there was a prefix.
#[actix_web::test]
async fn entra_s_long_names_in_issuer_scopes_are_enough() {
    let authority = authority();
    let issuer = entra(&authority).scopes([LONG]).unwrap();
    let builder = McpAuth::builder(RESOURCE).issuer(issuer).scopes_supported([LONG]);
    let server = pages(&builder.permissions::<(AccessAsUser,)>().build().unwrap());
    assert_eq!(supported(&server).await, json!([LONG]));
    let token = scp(&authority, SHORT);
    assert_eq!(server.post("/any", &token).await.status, 200);
    assert_eq!(server.post("/p", &token).await.body, "p");
    assert_asks_for(&server.post("/p", &scp(&authority, "openid")).await, LONG);

    let issuer = entra(&authority).scopes([LONG]).unwrap();
    let required = McpAuth::builder(RESOURCE).issuer(issuer).require_scopes([SHORT]);
    let server = pages(&required.build().unwrap());
    assert_eq!(server.post("/any", &token).await.status, 200);
}

#[test]
fn a_prefixed_permission_is_not_said_to_be_out_of_reach() {
    let told_for = |issuer: Issuer| {
        let builder = McpAuth::builder("https://app.example.com/mcp").issuer(issuer);
        let builder = builder.permissions::<(AccessAsUser,)>();
        crate::logs::logged(|| drop(builder.build().unwrap()))
    };
    let entra = || Issuer::new("https://login.microsoftonline.com/1111/v2.0").unwrap();
    let long = "https://app.example.com/mcp/access_as_user";
    let prefixed = entra().scope_prefix("https://app.example.com/mcp/").unwrap();
    for issuer in [entra().scopes([LONG]).unwrap(), prefixed.scopes([long]).unwrap()] {
        let told = told_for(issuer);
        assert!(!told.contains("permissions_not_in_scopes"), "{told}");
    }
    let told = told_for(entra().scopes([long]).unwrap());
    assert!(told.contains("permissions_not_in_scopes") && told.contains("scope_prefix"), "{told}");
}

#[actix_web::test]
async fn r26_each_issuer_is_asked_by_its_own_name_for_a_scope() {
    let (one, two) = (authority(), authority());
    let entra = entra(&one).scope_prefix(PREFIX).unwrap().scopes([SHORT, "manage"]).unwrap();
    let other = Issuer::new(two.issuer()).unwrap().scopes([SHORT, "manage"]).unwrap();
    let builder = McpAuth::builder(RESOURCE).issuer(entra).issuer(other).permissions::<Access>();
    let server = pages(&builder.build().unwrap());
    assert_asks_for(&server.post("/manage", &scp(&one, SHORT)).await, "api://6666/manage");
    assert_asks_for(&server.post("/manage", &scp(&two, SHORT)).await, "manage");
    // The prefix is of one issuer.
    assert_eq!(server.post("/p", &scp(&one, LONG)).await.body, "p");
    assert_asks_for(&server.post("/p", &scp(&two, LONG)).await, SHORT);
    // Who has not signed in yet is told the first issuer's name.
    assert_eq!(supported(&server).await, json!([LONG, "api://6666/manage"]));
}
