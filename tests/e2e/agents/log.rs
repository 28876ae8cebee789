//! What the log says of disconnected agents.

use super::{
    failures::{FailingLog, following},
    *,
};
use crate::logs::process_log;

#[actix_web::test]
async fn r09_disconnecting_leaves_events_and_no_secret_in_the_log() {
    let before = process_log().text().len();
    let log = FailingLog::default();
    let app = following(&log).await;
    let marked = "client_of_the_log_test\n\u{202e}";
    let line = |event: &str, piece: &str| {
        let text = process_log().text().split_off(before);
        let event = format!(" event=\"{event}\"");
        let is_it = |line: &&str| {
            line.contains(&event) && line.contains("client_of_the_log") && line.contains(piece)
        };
        text.lines().any(|line| is_it(&line))
    };
    app.disconnect("user_ada", marked.trim_end()).await;
    assert_eq!(app.disconnect("user_ada", "client_of_the_log_test").await.status, 204);
    assert!(line("agent_disconnected", "was_there=false"));
    assert_eq!(app.disconnect("user_ada", marked).await.status, 503, "control characters");
    assert!(line("agent_not_disconnected", "step=\"revocation\""));
    app.authority.limit_api(1);
    assert_eq!(app.disconnect("user_ada", "client_of_the_log_test").await.status, 503);
    assert!(line("agent_not_disconnected", "step=\"WorkOS\""));
    let text = process_log().text().split_off(before);
    let lines = text.lines().filter(|line| line.contains("client_of_the_log_test"));
    for line in lines.filter(|line| line.contains("mcp_auth: ")) {
        assert!(!line.contains('\u{202e}') && !line.contains("user_ada"), "{line}");
        assert!(!line.contains(API_KEY), "{line}");
    }
}

#[actix_web::test]
async fn a_function_that_fails_is_in_the_log() {
    let before = process_log().text().len();
    let revocations = SharedRevocations::in_memory(RevocationSettings::default());
    let app = Application::changed(authority(), revocations, |agents| {
        agents.uses(|_| async { Err("the audit table of this test is down") })
    });
    assert_eq!(app.list("user_ada").await.status, 200);
    let text = process_log().text().split_off(before);
    let is_it = |line: &str| {
        line.contains(" event=\"agents_uses_not_read\"") && line.contains("of this test is down")
    };
    assert!(text.lines().any(is_it), "{text}");
}
