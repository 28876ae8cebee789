//! Newcomers: provisioning, userinfo and linking.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_mcp_auth::{
    AuthedUser, Found, Issuer, McpAuth, Newcomer, StoreError,
    stores::{IdentityStoreExt, MemoryIdentityStore, Profile},
    testing::{Endpoint, Fault, TestAuthority},
};
use actix_web::web;
use serde_json::json;

use crate::support::{RESOURCE, Server, authority, builder, good_token};

/// A store without users, which makes one of the person's e-mail address.
fn by_email(builder: actix_mcp_auth::McpAuthBuilder) -> actix_mcp_auth::McpAuthBuilder {
    builder.users(MemoryIdentityStore::<String>::new().provision_with(
        |newcomer: Newcomer| async move {
            let profile = newcomer.profile().await?;
            Ok(profile.email.into())
        },
    ))
}

fn serve(auth: McpAuth) -> Server {
    Server::start(move |config| {
        let name = web::post().to(async |me: AuthedUser<String>| me.to_string());
        config.service(web::resource("/mcp").wrap(auth.middleware()).route(name));
    })
}

#[actix_web::test]
async fn the_issuers_userinfo_endpoint_tells_the_address_that_no_token_carries() {
    let authority = authority();
    let server = serve(by_email(builder(&authority)).build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.body, "ada@example.com");
    assert_eq!(authority.requests("/oauth2/userinfo"), 1);
}

#[actix_web::test]
async fn the_warm_path_asks_nobody() {
    let authority = authority();
    let known = MemoryIdentityStore::from_iter([("user_ada", "Ada".to_owned())]);
    let ask = |newcomer: Newcomer| async move { Ok(newcomer.profile().await?.name.into()) };
    let auth = builder(&authority).users(known.provision_with(ask)).build().unwrap();
    assert_eq!(serve(auth).call(&good_token(&authority)).await.body, "Ada");
    assert_eq!(authority.requests("/oauth2/userinfo"), 0);
}

#[actix_web::test]
async fn r11_an_issuer_that_cannot_be_asked_is_503_and_lets_the_person_in_later() {
    let authority = authority();
    let server = serve(by_email(builder(&authority)).build().unwrap());
    let good = json!({"sub": "user_ada", "email": "ada@example.com"}).to_string();
    let elsewhere = {
        let good = good.clone();
        Server::start(move |config| {
            let good = good.clone();
            config.default_service(web::to(move || std::future::ready(good.clone())));
        })
    };
    let json = |body: String| Fault::Custom {
        status: 200,
        content_type: "application/json".into(),
        body: body.into(),
    };
    for fault in [
        Fault::Unavailable,
        Fault::Html,
        Fault::Redirect(format!("{}/userinfo", elsewhere.origin())),
        json(format!("{good}{}", " ".repeat(64 * 1024))),
        json(good.replace("user_ada", "user_eve")),
    ] {
        authority.inject(userinfo(), fault.clone());
        assert_eq!(server.call(&good_token(&authority)).await.status, 503, "{fault:?}");
    }
    authority.inject(userinfo(), json(good));
    assert_eq!(server.call(&good_token(&authority)).await.status, 200);
}

#[actix_web::test]
async fn r11_what_the_issuer_says_of_the_person_is_no_outage() {
    let authority = authority();
    let server = serve(by_email(builder(&authority)).build().unwrap());
    let status = |status| Fault::Custom { status, content_type: "text/plain".into(), body: vec![] };
    // A person each: what is said of one is remembered.
    for (person, nothing) in [("user_grace", 403), ("user_alan", 404)] {
        authority.inject(userinfo(), status(nothing));
        let answer = server.call(&authority.person_token(person, RESOURCE)).await;
        assert_eq!(answer.status, 403, "{nothing}");
    }
    authority.inject(userinfo(), status(401));
    server.call(&good_token(&authority)).await.assert_invalid_token("revoked at the issuer");
}

/// What a newcomer gets whose issuer's userinfo endpoint answers this: status, and the user.
async fn newcomer_of(answer: serde_json::Value) -> (u16, String) {
    let authority = authority();
    let fault = Fault::Custom {
        status: 200,
        content_type: "application/json".into(),
        body: answer.to_string().into(),
    };
    authority.inject(userinfo(), fault);
    let auth = builder(&authority).users(MemoryIdentityStore::<String>::new().provision_with(
        |newcomer: Newcomer| async move {
            let Profile { email, email_verified, name, .. } = newcomer.profile().await?;
            Ok(Some(format!("{email:?} {email_verified} {name:?}")).into())
        },
    ));
    let answer = serve(auth.build().unwrap()).call(&good_token(&authority)).await;
    (answer.status.as_u16(), answer.body)
}

#[actix_web::test]
async fn email_verified_as_text_is_read_like_a_boolean() {
    let (sub, email) = ("user_ada", "ada@example.com");
    for (said, verified) in [
        (json!("true"), true),
        (json!(true), true),
        (json!("false"), false),
        (json!(false), false),
        (json!("TRUE"), false),
        (json!(1), false),
        (json!(null), false),
    ] {
        let answer = json!({ "sub": sub, "email": email, "email_verified": said, "name": "Ada" });
        let expected = format!("Some({email:?}) {verified} Some(\"Ada\")");
        assert_eq!(newcomer_of(answer).await, (200, expected), "{said}");
    }
}

#[actix_web::test]
async fn a_profile_s_member_of_another_type_counts_as_absent() {
    let answer = json!({"sub": "user_ada", "email": 7, "name": {"given": "Ada"}});
    assert_eq!(newcomer_of(answer).await, (200, "None false None".to_owned()));
    // Whom it is about must be said.
    assert_eq!(newcomer_of(json!({"sub": 7, "email": "ada@example.com"})).await.0, 503);
}

#[actix_web::test]
async fn a_workos_user_s_email_verified_may_be_text() {
    let api = Server::start(|config| {
        let user = json!({"id": "user_ada", "email": "ada@example.com", "email_verified": "true"});
        config.default_service(web::to(move || std::future::ready(user.to_string())));
    });
    let authority = authority();
    let issuer = Issuer::authkit(authority.issuer()).unwrap();
    let issuer = issuer.workos_api_at(api.origin(), "sk_test");
    let auth = McpAuth::builder(RESOURCE).issuer(issuer);
    let auth = auth.users(MemoryIdentityStore::<String>::new().provision_with(
        |newcomer: Newcomer| async move {
            Ok(newcomer.profile().await?.verified_email().map(str::to_owned).into())
        },
    ));
    let server = serve(auth.build().unwrap());
    assert_eq!(server.call(&good_token(&authority)).await.body, "ada@example.com");
}

fn userinfo() -> Endpoint {
    Endpoint::Path("/oauth2/userinfo".into())
}

#[actix_web::test]
async fn r09_with_an_api_key_workos_is_asked_and_never_sees_the_token() {
    // With another authorization than exactly this key, the API answers 401.
    let authority = TestAuthority::builder().workos_api_key("sk_test").start().unwrap();
    let issuer = Issuer::authkit(authority.issuer()).unwrap();
    let issuer = issuer.workos_api_at(authority.issuer(), "sk_test");
    let auth = by_email(McpAuth::builder(RESOURCE).issuer(issuer)).build().unwrap();
    assert_eq!(serve(auth).call(&good_token(&authority)).await.body, "ada@example.com");
    assert_eq!(authority.requests("/user_management/users/user_ada"), 1);
    assert_eq!(authority.requests("/oauth2/userinfo"), 0);
}

#[actix_web::test]
async fn r11_a_store_that_never_answers_is_503_after_the_time_limit() {
    let authority = authority();
    let never = MemoryIdentityStore::<String>::new()
        .provision_with(|_| std::future::pending::<Result<Found<String>, StoreError>>());
    let limit = Duration::from_millis(300);
    let auth = builder(&authority).users(never).time_limit(limit).build().unwrap();
    let answer = serve(auth).call(&good_token(&authority)).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
}

/// The application's users: address and, once linked, subject.
type Table = Arc<Mutex<Vec<(&'static str, Option<String>)>>>;

/// Links by address over `table`.
fn linking(authority: &TestAuthority, table: &Table) -> McpAuth {
    let (look, known, link) = (table.clone(), table.clone(), table.clone());
    let users = MemoryIdentityStore::<String>::new();
    let linked = users.clone();
    let users = users.link_by_verified_email(
        authority.issuer(),
        move |profile: Profile| {
            let email = profile.verified_email().unwrap_or_default().to_owned();
            let rows = look.lock().unwrap();
            let found = rows.iter().filter(|row| row.0 == email).map(|row| row.0.to_owned());
            std::future::ready(Ok(found.collect()))
        },
        move |user: &String| {
            known.lock().unwrap().iter().any(|row| row.0 == user && row.1.is_some())
        },
        move |user: String, newcomer: Newcomer| {
            let mut rows = link.lock().unwrap();
            let row = rows.iter_mut().find(|row| row.0 == user).unwrap();
            row.1 = Some(newcomer.subject().id().to_owned());
            linked.insert(newcomer.subject().id(), user.clone());
            std::future::ready(Ok(Some(user)))
        },
    );
    builder(authority).users(users).build().unwrap()
}

#[actix_web::test]
async fn a_verified_address_links_the_one_user_who_has_it() {
    let authority = authority();
    let table: Table = Arc::new(Mutex::new(vec![("ada@example.com", None)]));
    let server = serve(linking(&authority, &table));
    assert_eq!(server.call(&good_token(&authority)).await.body, "ada@example.com");
    assert_eq!(table.lock().unwrap()[0].1.as_deref(), Some("user_ada"));
}

#[actix_web::test]
async fn an_unverified_or_ambiguous_address_links_nobody() {
    let authority = authority();
    let twice = vec![("ada@example.com", None), ("ada@example.com", None)];
    let table: Table = Arc::new(Mutex::new([twice, vec![("grace@example.com", None)]].concat()));
    let server = serve(linking(&authority, &table));
    for person in ["user_ada", "user_grace", "user_alan"] {
        let answer = server.call(&authority.person_token(person, RESOURCE)).await;
        assert_eq!(answer.status, 403, "{person}");
    }
    assert!(table.lock().unwrap().iter().all(|row| row.1.is_none()));
}
