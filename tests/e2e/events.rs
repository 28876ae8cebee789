//! docs/operations.md lists the events, and a test provokes each of them.

use std::{collections::BTreeSet, fs, path::Path};

use crate::obligations::{SOURCES, rust_files};

/// The test that provokes most of them.
const LOGS: &str = "r09_neither_log_nor_answer_shows_a_token_and_the_log_tells_the_remedy";

/// The test that provokes those of a sign-in.
const SIGN_IN: &str = "r09_a_sign_in_leaves_events_and_no_secret_in_the_log";

/// Each event, with a test that provokes it and reads it in the log.
const PROVOKED: &[(&str, &str)] = &[
    ("request_refused", LOGS),
    ("request_unavailable", LOGS),
    ("events_suppressed", "what_was_left_out_is_told_on_the_next_request_even_a_good_one"),
    ("keys_fetched", LOGS),
    ("keys_unchanged", LOGS),
    ("keys_fetch_failed", "r27_metadata_of_another_issuer_is_503_and_its_keys_unused"),
    ("no_keys_published", LOGS),
    ("jwks_uri_changed", "r27_a_changed_jwks_uri_is_followed_and_logged"),
    ("metadata_fetch_failed", LOGS),
    ("keys_over_plain_http", "r27_keys_over_plain_http_are_told_at_start_up"),
    ("outbound_proxy", "a_proxy_is_told_at_start_up_and_a_wrong_one_is_an_error"),
    ("userinfo_endpoint_not_used", LOGS),
    ("userinfo_endpoint_elsewhere", "r27_the_log_names_a_configured_foreign_userinfo_endpoint"),
    ("refresher_restarts", "r28_a_refresher_that_panics_is_restarted_and_logged"),
    ("refresher_has_no_runtime", "r28_a_missing_runtime_ends_the_loops_with_an_event"),
    (
        "public_url_doubtful",
        "r03_a_public_url_that_looks_wrong_is_told_at_start_up_once_and_no_other",
    ),
    ("wrong_user_type", LOGS),
    ("no_identity_store", LOGS),
    ("unknown_subject", LOGS),
    ("no_middleware", LOGS),
    ("undeclared_permission", LOGS),
    ("issuer_scopes_unlimited", "r33_each_of_several_issuers_without_a_limit_is_named"),
    ("issuers_share_subjects", "r33_issuers_that_share_their_subjects_are_named"),
    ("permissions_not_in_scopes", "what_clients_cannot_ask_for_is_named_at_start_up"),
    ("discovery_not_registered", "r02_discovery_that_is_not_at_the_root_is_told_at_the_first_401"),
    ("offline_access_not_listed", "r04_offline_access_that_is_left_out_is_told_at_start_up"),
    ("grant_claim_unreadable", "the_members_of_a_claim_s_object_are_names_of_permissions"),
    ("permission_without_rule", "without_a_rule_the_tool_does_not_run_and_the_log_says_so"),
    ("caller_not_carried", "a_caller_that_was_not_handed_over_is_an_error_and_logged"),
    ("revocation_log_read", "r35_a_log_that_is_lost_and_found_is_reported_once_each"),
    ("revocation_log_lost", "r35_a_log_that_is_lost_and_found_is_reported_once_each"),
    ("revocation_log_found", "r35_a_log_that_is_lost_and_found_is_reported_once_each"),
    ("revocation_records_unread", "r35_records_of_a_newer_version_are_reported"),
    ("revocations_merged", "r34_too_many_cut_offs_are_merged_and_reported"),
    ("revocations_written_back", "r35_records_that_the_log_lost_are_written_back_and_reported"),
    ("revocation_thread_restarts", "r35_a_thread_of_the_log_that_panics_is_restarted_and_logged"),
    ("audit_record", "r40_tracing_events_have_the_names_of_opentelemetry"),
    ("audit_records_dropped", "r40_a_sink_that_hangs_delays_no_request_and_drops_are_told"),
    ("audit_sink_failed", "r40_a_sink_that_panics_or_fails_goes_on_with_the_next_record"),
    ("webhook_refused", "r36_webhooks_leave_events_and_no_personal_data_in_the_log"),
    ("webhook_not_done", "r36_webhooks_leave_events_and_no_personal_data_in_the_log"),
    ("workos_event", "r36_webhooks_leave_events_and_no_personal_data_in_the_log"),
    ("workos_event_without_effect", "r36_webhooks_leave_events_and_no_personal_data_in_the_log"),
    ("workos_event_skipped", "r36_an_event_whose_hook_fails_five_times_is_skipped_and_logged"),
    ("workos_events_not_read", "r36_reading_events_and_its_failures_are_in_the_log"),
    ("workos_events_from_look_back", "r36_reading_events_and_its_failures_are_in_the_log"),
    ("workos_events_not_followed", "r36_webhooks_leave_events_and_no_personal_data_in_the_log"),
    ("workos_setup", "the_set_up_is_checked_at_the_start_and_logged"),
    ("workos_setup_wrong", "the_set_up_is_checked_at_the_start_and_logged"),
    ("agent_disconnected", "r09_disconnecting_leaves_events_and_no_secret_in_the_log"),
    ("agent_not_disconnected", "r09_disconnecting_leaves_events_and_no_secret_in_the_log"),
    ("agents_uses_not_read", "a_function_that_fails_is_in_the_log"),
    ("signed_in", SIGN_IN),
    ("signed_out", SIGN_IN),
    ("sign_in_refused", SIGN_IN),
    ("sign_in_unavailable", SIGN_IN),
    ("sign_out_failed", SIGN_IN),
    ("session_refreshed", SIGN_IN),
    ("session_refresh_refused", SIGN_IN),
    ("session_refresh_failed", SIGN_IN),
    ("refresh_lock_failed", SIGN_IN),
    ("session_not_stored", SIGN_IN),
    ("session_not_deleted", SIGN_IN),
];

#[test]
fn every_documented_event_is_provoked_by_a_test() {
    let documented = documented(include_str!("../../docs/operations.md"));
    assert!(documented.contains("request_refused"), "{documented:?}");
    let provoked: BTreeSet<&str> = PROVOKED.iter().map(|(event, _)| *event).collect();
    assert_eq!(documented, provoked, "docs/operations.md, and the list of this file");
    let sources = sources();
    for (event, test) in PROVOKED {
        let is_there = |source: &&String| source.contains(&format!("fn {test}("));
        let source = sources.iter().find(is_there).unwrap_or_else(|| panic!("no test {test}"));
        assert!(source.contains(event), "{test} does not look for {event}");
    }
}

/// The names in the first column of the table of events.
fn documented(document: &str) -> BTreeSet<&str> {
    let table = document.lines().skip_while(|line| !line.starts_with("| `event` |")).skip(2);
    let rows = table.map_while(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0)).collect()
}

/// The text of every file with tests, except this one.
fn sources() -> Vec<String> {
    let mut files = Vec::new();
    for folder in SOURCES {
        rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    files.retain(|file| !file.ends_with("e2e/events.rs"));
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}
