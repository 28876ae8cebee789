//! What each event does, by webhook.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use actix_mcp_auth::{
    Found, IdentityStore, Lookup, StoreError, async_trait,
    revocation::Revoked,
    stores::IdentityStoreExt,
    testing::WorkOsEvent,
    workos::{Event, WorkOs},
};
use actix_web::web;

use super::{Application, PATH, SECRET, agent, authority, settings};
use crate::support::{Server, builder, session_token};

#[actix_web::test]
async fn r36_a_deleted_user_is_out_and_stays_out_after_a_refresh() {
    let authority = authority();
    let application = Application::new(&authority, settings(&authority));
    let session = || session_token(&authority).subject("user_ada").sign();
    let (token, page) = (agent(&authority, &[]), session());
    assert_eq!((application.call(&token).await, application.visit(&page).await), (200, 200));
    let event = authority.emit_event(WorkOsEvent::user_deleted("user_ada"));
    assert_eq!(application.receive_event(&event).await.status, 200);
    assert_eq!((application.call(&token).await, application.visit(&page).await), (401, 401));
    let later = SystemTime::now() + Duration::from_secs(20);
    let refreshed = authority.token().subject("user_ada").audience(super::RESOURCE);
    assert_eq!(application.call(&refreshed.issued_at(later).sign()).await, 401, "refreshed");
    let other = authority.token().subject("user_alan").audience(super::RESOURCE).sign();
    assert_eq!(application.call(&other).await, 200, "somebody else");
    // Staff lifts it; the same event comes again, and is older than the lift.
    application.mcp.lift(Revoked::subject("user_ada")).await.unwrap();
    assert_eq!(application.receive_event(&event).await.status, 200);
    let after_lift = SystemTime::now() + Duration::from_secs(2);
    let again = authority.token().subject("user_ada").audience(super::RESOURCE);
    assert_eq!(application.call(&again.issued_at(after_lift).sign()).await, 200, "lifted");
}

#[actix_web::test]
async fn r36_a_sign_out_in_the_browser_leaves_the_agents_alone() {
    let authority = authority();
    let application = Application::new(&authority, settings(&authority));
    let session =
        |sid: &str| session_token(&authority).subject("user_ada").claim("sid", sid).sign();
    let (token, ended, other) =
        (agent(&authority, &[]), session("session_1"), session("session_2"));
    for page in [&ended, &other] {
        assert_eq!(application.visit(page).await, 200);
    }
    let event = WorkOsEvent::session_revoked("session_1", "user_ada");
    let event = authority.emit_event(event.at(SystemTime::now() + Duration::from_secs(1)));
    assert_eq!(application.receive_event(&event).await.status, 200);
    assert_eq!(application.visit(&ended).await, 401, "that session");
    assert_eq!(application.visit(&other).await, 200, "another session");
    assert_eq!(application.call(&token).await, 200, "the agent");
}

#[actix_web::test]
async fn r36_organizations_and_memberships_end() {
    let authority = authority();
    let soon = SystemTime::now() + Duration::from_secs(1);
    for (event, in_first, in_second, without) in [
        (WorkOsEvent::organization_membership_deleted("user_ada", "org_1"), 401, 200, 200),
        (
            WorkOsEvent::organization_membership_updated("user_ada", "org_1", "inactive"),
            401,
            200,
            200,
        ),
        (
            WorkOsEvent::organization_membership_updated("user_ada", "org_1", "active"),
            200,
            200,
            200,
        ),
        (WorkOsEvent::organization_membership_deleted("user_alan", "org_1"), 200, 200, 200),
        (WorkOsEvent::organization_deleted("org_1"), 401, 200, 200),
        (WorkOsEvent::organization_deleted("org_2"), 200, 401, 200),
    ] {
        let application = Application::new(&authority, settings(&authority));
        let tokens = [
            agent(&authority, &[("org_id", "org_1")]),
            agent(&authority, &[("org_id", "org_2")]),
            agent(&authority, &[]),
        ];
        let event = authority.emit_event(event.at(soon));
        assert_eq!(application.receive_event(&event).await.status, 200);
        for (token, status) in tokens.iter().zip([in_first, in_second, without]) {
            assert_eq!(
                application.call(token).await,
                status,
                "{} {:?}",
                event.event(),
                event.data()
            );
        }
    }
}

#[actix_web::test]
async fn r36_an_api_key_of_workos_ends_the_static_key_that_it_names() {
    let authority = authority();
    let mcp = builder(&authority)
        .api_key("nightly-export", "a-static-key-of-at-least-32-characters")
        .build()
        .unwrap();
    let settings = settings(&authority).static_key("api_key_1", "nightly-export");
    let workos = WorkOs::new(settings, mcp.handle()).unwrap();
    let webhooks = workos.webhooks([SECRET]).unwrap();
    let server = {
        let mcp = mcp.clone();
        Server::start(move |config| {
            let ok = web::to(actix_web::HttpResponse::Ok);
            config.service(web::resource("/mcp").wrap(mcp.middleware()).route(ok));
            config.service(webhooks.at(PATH));
        })
    };
    let key = "a-static-key-of-at-least-32-characters";
    for (id, before, after) in [("api_key_2", 200, 200), ("api_key_1", 200, 401)] {
        assert_eq!(server.call(key).await.status, before);
        let webhook =
            authority.emit_event(WorkOsEvent::api_key_revoked(id, "export")).webhook(SECRET);
        let request = server.request(actix_web::http::Method::POST, PATH);
        let request = request.header("workos-signature", &webhook.signature);
        assert_eq!(request.send_body(webhook.body).await.status, 200);
        assert_eq!(server.call(key).await.status, after, "{id}");
    }
}

/// Counts how often it is asked.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU32>);

#[async_trait]
impl IdentityStore for Counting {
    type User = String;

    async fn find(&self, who: &Lookup<'_>) -> Result<Found<String>, StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Found::User(Arc::new(who.subject().id().to_owned())))
    }
}

#[actix_web::test]
async fn r35_a_changed_user_is_read_again() {
    let authority = authority();
    let asked = Counting::default();
    let users = asked.clone().cached(Duration::from_secs(60), 100);
    let mcp = builder(&authority).users(users).build().unwrap();
    let workos = WorkOs::new(settings(&authority), mcp.handle()).unwrap();
    let webhooks = workos.webhooks([SECRET]).unwrap();
    let server = Server::start(move |config| {
        let ok = web::to(actix_web::HttpResponse::Ok);
        config.service(web::resource("/mcp").wrap(mcp.middleware()).route(ok));
        config.service(webhooks.at(PATH));
    });
    let token = agent(&authority, &[]);
    for (event, questions) in [
        (None, 1),
        (Some(WorkOsEvent::user_updated("user_alan")), 1),
        (Some(WorkOsEvent::user_updated("user_ada")), 2),
        (Some(WorkOsEvent::role_updated("admin")), 3),
        (Some(WorkOsEvent::organization_role_updated("org_1", "admin")), 4),
        (Some(WorkOsEvent::permission_updated("write")), 5),
        (Some(WorkOsEvent::organization_membership_updated("user_ada", "org_1", "active")), 6),
    ] {
        let name = event.as_ref().map(|event| event.event().to_owned());
        if let Some(event) = event {
            let webhook = authority.emit_event(event).webhook(SECRET);
            let request = server.request(actix_web::http::Method::POST, PATH);
            let request = request.header("workos-signature", &webhook.signature);
            assert_eq!(request.send_body(webhook.body).await.status, 200);
        }
        for _ in 0..2 {
            assert_eq!(server.call(&token).await.status, 200);
        }
        assert_eq!(asked.0.load(Ordering::Relaxed), questions, "{name:?}");
    }
}

#[actix_web::test]
async fn the_hook_sees_each_event_and_its_failure_is_503() {
    let authority = authority();
    let (seen, fails) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::new(AtomicU32::new(1)));
    let (seen_by_hook, failures) = (seen.clone(), fails.clone());
    let hooked = settings(&authority).on_event(move |event: Event| {
        let fails = failures.load(Ordering::Relaxed) > 0;
        seen_by_hook.lock().unwrap().push(event.name.clone());
        async move { if fails { Err("the table is locked") } else { Ok(()) } }
    });
    let application = Application::new(&authority, hooked);
    let event =
        authority.emit("dsync.user.created", serde_json::json!({ "id": "directory_user_1" }));
    let answer = application.receive_event(&event).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    let deleted = authority.emit_event(WorkOsEvent::user_deleted("user_ada"));
    assert_eq!(application.receive_event(&deleted).await.status, 503);
    assert_eq!(application.call(&agent(&authority, &[])).await, 401, "the revocation came first");
    fails.store(0, Ordering::Relaxed);
    assert_eq!(application.receive_event(&event).await.status, 200);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, ["dsync.user.created", "user.deleted", "dsync.user.created"]);
}

/// The records in force, without what differs from run to run.
fn in_force(application: &Application) -> BTreeSet<String> {
    let text = |record: Arc<actix_mcp_auth::revocation::Revocation>| {
        format!("{:?} {:?} {:?}", record.issuer, record.what, record.effect)
    };
    application.mcp.revocations().map(text).collect()
}

#[actix_web::test]
async fn r36_a_thousand_events_in_any_order_give_one_state() {
    let authority = authority();
    let start = SystemTime::now() - Duration::from_secs(100);
    let events: Vec<WorkOsEvent> = (0..1000_u32)
        .map(|n| {
            let (user, organization) = (format!("user_{}", n % 37), format!("org_{}", n % 11));
            let event = match n % 5 {
                0 => WorkOsEvent::user_deleted(&user),
                1 => WorkOsEvent::organization_membership_deleted(&user, &organization),
                2 => WorkOsEvent::session_revoked(&format!("session_{}", n % 50), &user),
                3 => WorkOsEvent::organization_deleted(&organization),
                _ => WorkOsEvent::organization_membership_updated(&user, &organization, "inactive"),
            };
            authority.emit_event(event.at(start + Duration::from_millis(u64::from(n) * 50)))
        })
        .collect();
    let ordered = Application::new(&authority, settings(&authority));
    for event in &events {
        assert_eq!(ordered.receive_event(event).await.status, 200);
    }
    let shuffled = Application::new(&authority, settings(&authority));
    // 7 and 1000 have no common factor, so each comes once in each of the two passes.
    for n in (0..2000_usize).map(|n| n * 7 % 1000) {
        assert_eq!(shuffled.receive_event(&events[n]).await.status, 200);
    }
    let (expected, found) = (in_force(&ordered), in_force(&shuffled));
    assert!(expected.len() > 100 && expected.iter().any(|it| it.contains("localhost")));
    assert_eq!(found, expected);
}
