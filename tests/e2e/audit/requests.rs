//! Requests that are no messages of MCP: `auth.middleware().audit(…)`.

use actix_mcp_auth::{AuthedUser, Authorized, Principal, scopes};
use actix_web::{HttpResponse, http::Method, web};

use super::{Audited, Records, ending};
use crate::support::{Server, authority, builder, good_token};

scopes! {
    Admin = "admin";
}

#[actix_web::test]
async fn r40_each_request_of_a_known_caller_has_a_record() {
    let authority = authority();
    let auth = builder(&authority).permissions::<Admin>();
    let auth = auth.grants(|_, _: &Principal| [""; 0]).build().unwrap();
    let records = Records::default();
    let log = records.log().start().unwrap();
    let middleware = auth.middleware().optional().audit(&log);
    let within = auth.clone();
    let server = Server::start(move |config| {
        let inner = web::resource("/inner").wrap(within.require::<Admin>());
        config.service(
            web::scope("")
                .wrap(middleware.clone())
                .route("/hello", web::get().to(async |_: AuthedUser| "hello"))
                .route("/admin", web::get().to(async |_: Authorized<Admin>| "hello"))
                .service(inner.get(HttpResponse::Ok))
                .route("/gone", web::to(HttpResponse::Gone)),
        );
    });
    let token = good_token(&authority);
    for (path, status, expected) in [
        ("/hello?code=secret", 200, "allowed - ok 200"),
        ("/admin", 403, "refused missing_permission http_error 403"),
        ("/inner", 403, "refused missing_permission http_error 403"),
        ("/gone", 410, "allowed - http_error 410"),
        ("/missing", 404, "allowed - http_error 404"),
    ] {
        let request = server.request(Method::GET, path).bearer(&token);
        assert_eq!(request.send().await.status, status, "{path}");
        assert!(log.flush().await);
        let record = Audited::only(records.take());
        assert_eq!(ending(&record), expected, "{path}");
        let target = &record["targets"][0];
        assert_eq!(
            (&target["kind"], &target["name"]),
            (&"path".into(), &path.split('?').next().unwrap().into())
        );
        assert_eq!(
            server.request(Method::GET, path).send().await.status,
            match path {
                "/gone" => 410,
                "/missing" => 404,
                _ => 401,
            }
        );
    }
    assert!(log.flush().await && records.take().is_empty(), "nobody was known");
}

#[actix_web::test]
async fn r40_a_request_that_the_middleware_refuses_has_a_record() {
    let authority = authority();
    let auth = builder(&authority).permissions::<Admin>();
    let auth = auth.grants(|_, _: &Principal| [""; 0]).build().unwrap();
    let records = Records::default();
    let log = records.log().start().unwrap();
    let middleware = auth.middleware().require::<Admin>().audit(&log);
    let server = Server::start(move |config| {
        config.service(web::resource("/page").wrap(middleware.clone()).get(HttpResponse::Ok));
    });
    let token = good_token(&authority);
    for _ in ["first", "again with a cached token"] {
        let request = server.request(Method::GET, "/page").bearer(&token);
        assert_eq!(request.send().await.status, 403);
        assert!(log.flush().await);
        let record = Audited::only(records.take());
        assert_eq!(ending(&record), "refused missing_permission http_error 403");
        assert_eq!(record["required"][0], "admin");
    }
}
