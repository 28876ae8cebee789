//! What shared caches may store (RFC 9111 §3): nothing of the sign-in, and no answer to a session.
//! `Application::judged` checks every answer of the suite; here are the kinds of answers that caches
//! store unasked.

use hostile::Class;

use crate::{
    application::{Application, DUE},
    browser::Sent,
};

#[test]
fn r39_no_shared_cache_may_store_an_answer_to_a_session() {
    let mut class = Class::new("sign-in: out of shared caches");
    let application = Application::start();
    let signed_in = application.signed_in();
    let paths = [
        "/login",
        "/login?return_to=/x",
        "/login/organization",
        "/callback",
        "/callback?code=x&state=y",
        "/callback?error=x",
        "/logout",
        "/site/home",
        "/site/missing",
        "/site/moved",
        "/site/gone",
        "/site/inner-error",
        "/site/not-modified",
        "/site",
    ];
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        for path in paths {
            for (n, browser) in [application.browser(), signed_in.clone()].into_iter().enumerate() {
                let sent = browser.with_cookies(Sent::new(method, path));
                let answer = application.send(&sent);
                class.same(format!("{method} {path} {n}"), answer.status < 500, true);
            }
        }
    }
    // What a middleware within fails with carries the session's new cookie as well.
    let mut renewed = signed_in.clone();
    application.pass(DUE);
    class.same("an inner error", renewed.go("/site/inner-error").status, 410);
    class.same("has a new cookie", renewed.session() == signed_in.session(), false);
    let long = "x".repeat(300 << 10);
    let sent = Sent::form("/login/organization", &[("organization_id", &long)]);
    class.same("a long form", application.send(&sent).status, 413);
    class.done();
}
