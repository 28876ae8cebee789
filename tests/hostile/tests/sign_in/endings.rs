//! Sessions that were ended stay out, whatever refreshes follow.

use std::{thread, time::Duration};

use actix_mcp_auth::{revocation::Revoked, testing::Endpoint};
use hostile::{Class, full};

use crate::{
    application::{AUTHENTICATE, Application, DUE, PASSWORD, authority, sessions_name},
    browser::{Browser, Sent},
    store::InMemory,
};

const DAY: u64 = 24 * 60 * 60;

/// How a session is ended.
#[derive(Debug, Clone, Copy)]
enum End {
    SignOut,
    Sid,
    Subject,
    Everything,
}

async fn end(application: &Application, browser: &mut Browser<'_>, how: End) {
    let revoked = match how {
        End::SignOut => {
            assert_eq!(browser.send(Sent::form("/logout", &[])).status, 303);
            return;
        }
        End::Sid => {
            Revoked::session(application.authority.active_sessions("user_ada").pop().unwrap())
        }
        End::Subject => Revoked::subject("user_ada"),
        End::Everything => Revoked::everything(),
    };
    let revoked = revoked.of_issuer(sessions_name(&application.authority));
    application.site.revoke(revoked).await.unwrap();
}

/// The times at which a copy of the cookie is used, for as long as a session can last, and after.
fn steps() -> Vec<u64> {
    let (short, often) = if full() { (30, 1) } else { (3, 6) };
    let days = std::iter::repeat_n(often * DAY, 36 / often as usize);
    std::iter::repeat_n(DUE, short).chain(days).collect()
}

#[actix_web::test]
async fn r34_an_ended_session_stays_out_whatever_is_refreshed() {
    let mut class = Class::new("sign-in: an ended session is refreshed");
    for how in [End::SignOut, End::Sid, End::Subject, End::Everything] {
        for in_store in [false, true] {
            let authority = authority().start().unwrap();
            let application = Application::with(authority, PASSWORD, |settings| match in_store {
                true => settings.store(InMemory::default()),
                false => settings,
            });
            let mut browser = application.signed_in();
            class.same("before", browser.who(), "Ada".into());
            // One that is used again and again, and one that tries to switch the organization.
            let (mut used, mut switches) = (browser.clone(), browser.clone());
            end(&application, &mut browser, how).await;
            let case = |what: &str, n| format!("{how:?}, {in_store}, {what}, {n}");
            let form = [("organization_id", "org_poets"), ("return_to", "/site/home")];
            for (n, seconds) in steps().into_iter().enumerate() {
                class.same(case("used", n), used.who().starts_with("nobody"), true);
                let switched = switches.send(Sent::form("/login/organization", &form));
                class.same(case("switches", n), switched.status < 500, true);
                class.same(case("switched", n), switches.who().starts_with("nobody"), true);
                application.pass(seconds);
            }
            let refreshed = application.authority.refreshes();
            let is_out = in_store && matches!(how, End::SignOut);
            class.same(case("it was refreshed", refreshed as usize), refreshed > 3, !is_out);
            class.same(case("a new one", 0), application.signed_in().who(), "Ada".into());
        }
    }
    class.done();
}

/// The refresh begins before the session ends, and comes back after it.
#[actix_web::test]
async fn r34_a_refresh_under_way_does_not_revive_a_session() {
    let mut class = Class::new("sign-in: a session ends during its refresh");
    for how in [End::SignOut, End::Sid, End::Subject] {
        for in_store in [false, true] {
            let authority = authority().start().unwrap();
            let application = Application::with(authority, PASSWORD, |settings| match in_store {
                true => settings.store(InMemory::default()),
                false => settings,
            });
            let mut browser = application.signed_in();
            let mut copy = browser.clone();
            application.pass(DUE);
            let authenticate = Endpoint::Path(AUTHENTICATE.into());
            application.authority.slow_down(authenticate, Duration::from_millis(600));
            let (mut wire, home) = (application.wire(), copy.with_cookies(Sent::get("/site/home")));
            let bytes = home.bytes();
            let under_way = thread::spawn(move || wire.send(&bytes));
            thread::sleep(Duration::from_millis(200));
            end(&application, &mut browser, how).await;
            let answer = application.judged(&home, under_way.join().unwrap());
            copy.keep(&answer);
            let case = |what: &str| format!("{how:?}, {in_store}: {what}");
            class.same(case("refreshed"), application.authority.refreshes(), 1);
            for n in 0..3 {
                class.same(case("after it"), copy.who().starts_with("nobody"), true);
                class.same(case("ended"), browser.who().starts_with("nobody"), true);
                application.pass(DUE * n);
            }
        }
    }
    class.done();
}
