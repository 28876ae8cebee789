//! A session is switched to another organization.

use actix_mcp_auth::testing::Person;

use super::{Application, authority};

fn application() -> Application {
    let ada = Person::new("user_ada", "Ada Lovelace").org("org_engines");
    let ada = ada.also_in("org_poets", "reader", ["poems:read"]);
    Application::with(authority().person(ada).start().unwrap(), |settings| settings)
}

#[actix_web::test]
async fn a_session_is_switched_to_another_organization() {
    let application = application();
    let mut browser = application.signed_in().await;
    assert_eq!(browser.home().await.body, "Ada org_engines");
    let form = [("organization_id", "org_poets"), ("return_to", "/site/poems")];
    let answer = browser.post("/login/organization", &form).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/site/poems")));
    assert_eq!(browser.home().await.body, "Ada org_poets");
    assert_eq!(application.authority.refreshes(), 1);
}

#[actix_web::test]
async fn an_organization_that_refuses_is_signed_in_to() {
    let application = application();
    let mut browser = application.signed_in().await;
    let form = [("organization_id", "org_other"), ("return_to", "/site/x")];
    let answer = browser.post("/login/organization", &form).await;
    let login = "/login?organization_id=org_other&return_to=%2Fsite%2Fx";
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some(login)));
    assert_eq!(browser.home().await.body, "Ada org_engines", "the session goes on");
    let mut nobody = application.browser();
    let answer = nobody.post("/login/organization", &form).await;
    assert_eq!(answer.header("location"), Some(login));
}
