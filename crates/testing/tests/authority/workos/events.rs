//! `GET /events`.

use std::time::Duration;

use mcp_auth_testing::{TestAuthority, WorkOsEvent};
use serde_json::json;

use super::{column, get, refusal, start};

/// Emits `count` events `user.updated`, and returns their ids.
fn emit(authority: &TestAuthority, count: usize) -> Vec<String> {
    let event = |n| authority.emit("user.updated", json!({ "id": format!("user_{n}") }));
    (0..count).map(|n| event(n).id().to_owned()).collect()
}

#[test]
fn an_event_is_listed_as_it_was_emitted() {
    let authority = start();
    let emitted = authority.emit("user.deleted", json!({ "id": "user_ada" }));
    let answer = get(&authority, "/events?events=user.deleted").json();
    assert_eq!(answer["data"], json!([emitted.to_json()]));
    assert_eq!(answer["list_metadata"], json!({ "after": null }), "no before");
    assert_eq!(answer["data"][0]["data"]["id"], "user_ada");
    assert_eq!(answer["data"][0]["object"], "event");
    assert_eq!(authority.events(), [emitted]);
}

#[test]
fn only_the_named_kinds_are_listed() {
    let authority = start();
    for event in [
        WorkOsEvent::user_deleted("user_ada"),
        WorkOsEvent::session_revoked("session_1", "user_ada"),
        WorkOsEvent::organization_deleted("org_bletchley"),
    ] {
        authority.emit_event(event);
    }
    let answer = get(&authority, "/events?order=asc&events=user.deleted,organization.deleted");
    assert_eq!(column(&answer, "event"), ["user.deleted", "organization.deleted"]);
    assert_eq!(refusal(&get(&authority, "/events")), (422, "events is required.".into()));
}

#[test]
fn the_cursor_goes_forward_ascending_and_back_by_default() {
    let authority = start();
    let ids = emit(&authority, 12);

    let first = get(&authority, "/events?events=user.updated&order=asc");
    assert_eq!(column(&first, "id"), ids[..10]);
    assert_eq!(first.json()["list_metadata"]["after"], *ids[9]);
    let follow = format!("/events?events=user.updated&order=asc&after={}", ids[9]);
    assert_eq!(column(&get(&authority, &follow), "id"), ids[10..]);
    let end = format!("/events?events=user.updated&order=asc&after={}", ids[11]);
    assert!(column(&get(&authority, &end), "id").is_empty());

    let newest = get(&authority, "/events?events=user.updated&limit=1");
    assert_eq!(column(&newest, "id"), ids[11..]);
    let back = format!("/events?events=user.updated&limit=2&after={}", ids[5]);
    assert_eq!(column(&get(&authority, &back), "id"), [ids[4].as_str(), ids[3].as_str()]);
}

#[test]
fn a_cursor_may_name_an_event_of_another_kind() {
    let authority = start();
    let cursor = authority.emit("user.deleted", json!({}));
    let ids = emit(&authority, 1);
    let follow = format!("/events?events=user.updated&order=asc&after={}", cursor.id());
    assert_eq!(column(&get(&authority, &follow), "id"), ids);
}

#[test]
fn a_lost_cursor_is_refused_and_a_range_replaces_it() {
    let authority = start();
    let ids = emit(&authority, 1);
    let follow = format!("/events?events=user.updated&order=asc&after={}", ids[0]);
    assert_eq!(get(&authority, &follow).status, 200);
    authority.forget_events();
    let (status, message) = refusal(&get(&authority, &follow));
    assert_eq!(status, 400);
    assert!(message.contains(&ids[0]), "{message}");

    let now = authority.now();
    let at = |ago| {
        let event = WorkOsEvent::user_updated("user_ada").at(now - Duration::from_secs(ago));
        authority.emit_event(event).to_json()["created_at"].as_str().unwrap().to_owned()
    };
    let times = [at(300), at(200), at(100)];
    let created = |query: &str| {
        let target = format!("/events?events=user.updated&order=asc&{query}");
        column(&get(&authority, &target), "created_at")
    };
    assert_eq!(created(&format!("range_start={}", times[1])), times[1..]);
    assert_eq!(created(&format!("range_end={}", times[1])), times[..2]);
    let bad = get(&authority, "/events?events=user.updated&range_start=yesterday");
    assert_eq!(bad.status, 422);
}

#[test]
fn an_event_bears_the_time_of_the_authoritys_clock() {
    let authority = start();
    authority.advance_clock(Duration::from_secs(3600));
    let before = authority.now() - Duration::from_millis(1);
    let event = authority.emit_event(WorkOsEvent::user_deleted("user_ada"));
    assert!(event.created_at() >= before && event.created_at() <= authority.now());
}
