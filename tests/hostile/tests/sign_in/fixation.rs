//! Session fixation: what was in a browser before a sign-in is not what goes on after it.

use hostile::Class;

use crate::{
    application::{Application, PASSWORD, SESSION, authority},
    browser::Browser,
    store::InMemory,
};

#[test]
fn r38_a_cookie_set_before_signing_in_is_not_taken_over() {
    let mut class = Class::new("sign-in: session fixation");
    let store = InMemory::default();
    for in_store in [false, true] {
        let kept = store.clone();
        let application = Application::with(authority().start().unwrap(), PASSWORD, |settings| {
            if in_store { settings.store(kept) } else { settings }
        });
        application.authority.auto_approve("user_alan");
        let attacker = application.signed_in();
        let ended = {
            let mut other = application.signed_in();
            let before = other.clone();
            other.send(crate::browser::Sent::form("/logout", &[]));
            before.session().unwrap().to_owned()
        };
        application.authority.auto_approve("user_ada");
        let chosen = [
            "chosen-by-somebody-else".to_owned(),
            "0".repeat(64),
            ended,
            attacker.session().unwrap().to_owned(),
        ];
        for (n, chosen) in chosen.into_iter().enumerate() {
            let case = |what: &str| format!("{in_store}, {n}: {what}");
            let before = store.keys();
            // Before, and in the middle: the attacker's cookie is the one that is sent first.
            for in_the_middle in [false, true] {
                let mut victim = application.browser();
                let cookie = (SESSION.to_owned(), chosen.clone());
                if !in_the_middle {
                    victim.jar.push(cookie.clone());
                }
                let callback = victim.begin("/login");
                if in_the_middle {
                    victim.jar.insert(0, cookie);
                }
                class.same(case("signs in"), victim.go(&callback).status, 303);
                class.same(case("another value"), victim.session() == Some(&chosen), false);
                class.same(case("who"), victim.who(), "Ada".into());
                let mut with_chosen = Browser { jar: vec![], ..victim.clone() };
                with_chosen.jar.push((SESSION.to_owned(), chosen.clone()));
                class.same(case("the chosen one"), with_chosen.who() == "Ada", false);
            }
            if in_store {
                let new = store.keys().into_iter().filter(|key| !before.contains(key)).count();
                class.same(case("new keys"), new, 2);
            }
        }
    }
    class.done();
}
