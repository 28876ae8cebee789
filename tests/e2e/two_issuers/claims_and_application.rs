//! Claims grant in the tokens of the issuers that were named for them; what the application grants
//! it decides by the issuer.

use actix_mcp_auth::{
    ApiKey, Authorized, McpAuth, McpAuthBuilder, Principal, permission::Permission,
    testing::TestAuthority,
};
use actix_web::{HttpResponse, http::Method, web};
use serde_json::json;

use super::{Admin, Read, Two, Write};
use crate::support::{RESOURCE, Server};

fn serve(auth: McpAuth) -> Server {
    Server::start(move |config| {
        async fn write(_: Authorized<Write>) -> &'static str {
            "written"
        }
        let reading = web::resource("/read").wrap(auth.require::<Read>()).to(HttpResponse::Ok);
        let all = web::scope("").wrap(auth.middleware()).service(reading);
        config.service(all.route("/write", web::post().to(write)));
    })
}

/// The statuses of both demands.
async fn statuses(server: &Server, token: &str) -> [u16; 2] {
    let mut statuses = [0; 2];
    for (status, path) in statuses.iter_mut().zip(["/write", "/read"]) {
        *status = server.request(Method::POST, path).bearer(token).send().await.status.as_u16();
    }
    statuses
}

fn claiming(of: &TestAuthority, subject: &str) -> String {
    let token = of.token().subject(subject).audience(RESOURCE).scope("openid");
    let token = token.claim("permissions", json!(["bookmarks:write"]));
    token.claim("realm_access", json!({"roles": ["admin"]})).sign()
}

#[actix_web::test]
async fn r33_a_claim_grants_by_the_issuers_that_it_is_limited_to() {
    let two = Two::start();
    let (staff, guests) = (two.staff.issuer(), two.guests.issuer());
    type Change<'c> = &'c dyn Fn(McpAuthBuilder) -> McpAuthBuilder;
    let cases: [(Change<'_>, [u16; 2]); 5] = [
        (&|b| b.grants_from_claim_of(staff, "permissions"), [200, 403]),
        (&|b| b.grants_from_claim_of([staff], ["realm_access", "roles"]), [200, 403]),
        (&|b| b.grants_from_claim_of(guests, "permissions"), [403, 200]),
        (&|b| b.grants_from_claim_of(vec![staff, guests], "permissions"), [200, 200]),
        (
            &|b| b.grants_from_claim_of(staff, "permissions").grants_from_claim_of(guests, "role"),
            [200, 403],
        ),
    ];
    for (change, expected) in cases {
        for builder in two.limited() {
            let server = serve(change(builder).build().unwrap());
            for (of, status) in [&two.staff, &two.guests].into_iter().zip(expected) {
                for _ in 0..2 {
                    assert_eq!(statuses(&server, &claiming(of, "user_ada")).await, [status; 2]);
                }
            }
        }
    }
}

#[actix_web::test]
async fn r33_the_applications_grants_see_the_issuer() {
    let two = Two::start();
    for builder in two.limited() {
        let staff = two.staff.issuer().to_owned();
        // The same `sub` of both issuers: one of them is the administrator.
        let builder = builder.grants(move |caller: &Principal, _: &Principal| {
            assert_eq!(caller.issuer(), caller.subject().issuer());
            (caller.issuer() == staff && caller.subject().id() == "user_ada").then_some(Admin::NAME)
        });
        let server = serve(builder.build().unwrap());
        assert_eq!(statuses(&server, &claiming(&two.staff, "user_ada")).await, [200; 2]);
        assert_eq!(statuses(&server, &claiming(&two.staff, "user_grace")).await, [403; 2]);
        assert_eq!(statuses(&server, &claiming(&two.guests, "user_ada")).await, [403; 2]);
    }
}

#[actix_web::test]
async fn r33_a_limit_on_scopes_limits_no_other_rule() {
    let two = Two::start();
    let guests = two.guests.issuer();
    for builder in two.limited() {
        // The guests' tokens grant no permission by scope, and one by a claim.
        let auth = builder.grants_from_claim_of(guests, "permissions").build().unwrap();
        assert_eq!(statuses(&serve(auth), &claiming(&two.guests, "user_ada")).await, [200; 2]);
    }
    for builder in two.limited() {
        let auth = builder.grants(|_, _: &Principal| [Read::NAME]).build().unwrap();
        assert_eq!(statuses(&serve(auth), &claiming(&two.guests, "user_ada")).await, [403, 200]);
    }
}

#[actix_web::test]
async fn r33_a_static_key_is_of_no_issuer() {
    let two = Two::start();
    let key = "sk_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5";
    for builder in two.limited() {
        let staff = two.staff.issuer().to_owned();
        let write = "bookmarks:write".parse().unwrap();
        let plain = ApiKey::new("plain", format!("{key}p")).unwrap();
        let writing = ApiKey::new("writing", format!("{key}w")).unwrap().scopes([&write]);
        let builder =
            builder.api_keys([plain, writing]).grants(move |c: &Principal, _: &Principal| {
                assert!(c.token().is_some() || c.issuer() == ApiKey::ISSUER);
                (c.issuer() == staff).then_some(Admin::NAME)
            });
        let server = serve(builder.build().unwrap());
        assert_eq!(statuses(&server, &format!("{key}p")).await, [403; 2]);
        // Its scopes are the application's word, and no issuer's limit is theirs.
        assert_eq!(statuses(&server, &format!("{key}w")).await, [200; 2]);
    }
}
