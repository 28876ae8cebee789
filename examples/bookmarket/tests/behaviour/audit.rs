//! `bookmarket audit`.

use std::process::Output;

use bookmarket::store::DEFAULT_URL;

use crate::{place::Folder, process::bookmarket};

/// Runs it over a store: its exit code, and what it wrote to both outputs.
fn audit(url: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = Folder::new();
    let settings = [("DATABASE_URL", url)];
    let ran = bookmarket(&folder, &settings).arg("audit").args(arguments).output();
    let Output { status, stdout, stderr } = ran.expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn arguments_that_cannot_be_meant_are_refused_with_an_example() {
    for since in ["", "1", "h", "1.5h", "-1h", "0h", "1w", "1 h", "1h\u{1b}[2J", "4000000000d"] {
        let since = format!("--since={since}");
        let (code, stdout, stderr) = audit(DEFAULT_URL, &["--user", "user_ada", &since]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{since}: {stderr}");
        assert!(stderr.contains("--since is ") && stderr.contains("30m, 1h, 7d"), "{stderr}");
        assert!(stderr.contains("for example \"1h\"") && stderr.lines().count() == 1, "{stderr}");
        assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
    }
    for arguments in
        [&["--since", "1h"][..], &["--user", "user_ada"], &["--user=", "--since", "1h"]]
    {
        let (code, stdout, stderr) = audit(DEFAULT_URL, arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains("--help"), "{arguments:?}: {stderr}");
    }
}

#[cfg(all(feature = "memory", not(feature = "diesel")))]
#[test]
fn what_is_in_a_servers_memory_cannot_be_printed() {
    let (code, stdout, stderr) = audit(DEFAULT_URL, &["--user", "user_ada", "--since", "1h"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("`--features sea-orm`") && stderr.lines().count() == 1, "{stderr}");
}

#[cfg(any(feature = "diesel", all(feature = "sea-orm", not(feature = "memory"))))]
mod with_a_database {
    use std::time::Duration;

    use bookmarket::{activity::first_id, store::Activity};
    use chrono::Utc;
    use serde_json::{Value, json};

    use super::{Folder, audit, bookmarket};
    use crate::{
        activity::{account, row, rows},
        activity_page::assert_harmless,
        agent::{Agent, call},
        server::Server,
    };

    async fn printed(server: &Server, arguments: &[&str]) -> String {
        let url = server.place.url().to_owned();
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let ran = actix_web::rt::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            audit(&url, &arguments)
        });
        let (code, stdout, stderr) = ran.await.expect("no panic");
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        stdout
    }

    #[actix_web::test]
    async fn r40_an_operator_sees_what_a_person_did_since_a_time() {
        let server = Server::start().await;
        server.wait_for_keys().await;
        let token = server.authority.token().subject("user_ada").audience(&server.resource);
        let agent = Agent::new(&server.resource, Some(token.client_id("client_of_ada").sign()));
        agent.call("whoami", json!({})).await;
        agent.post(&call("format_disk", json!({}))).await;
        server.agent_of("user_alan").call("whoami", json!({})).await;
        rows(&server, "user_ada", 2).await;
        let ada = account(&server, "user_ada").await;
        let old = Activity {
            id: first_id(Utc::now() - Duration::from_secs(2 * 86_400)),
            subject: "user_ada".into(),
            ..row(&ada, 1, Some("older"))
        };
        server.store.add_activity(old).await.expect("a store");

        let text = printed(&server, &["--user", "user_ada", "--since", "1h"]).await;
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        let whoami = "Z agent client_of_ada: tools/call tool whoami: allowed, ok, ";
        assert!(lines[0].contains(whoami) && lines[0].ends_with(" ms"), "{text}");
        let refused = "tools/call tool format_disk: refused (refused_by_rule), http_error 403, ";
        assert!(lines[1].contains(refused), "{text}");

        let text = printed(&server, &["--user", "user_ada", "--since=7d", "--json"]).await;
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        let records: Vec<_> = records.collect();
        assert_eq!(records.len(), 3, "{text}");
        assert_eq!(records[0]["client_id"], "older");
        assert_eq!(records[1]["target"], "whoami");
        assert_eq!(records[2]["reason"], "refused_by_rule");
        for record in &records {
            assert_eq!(record["subject"], "user_ada", "{text}");
        }
        let nobody = printed(&server, &["--user", "user_nobody", "--since", "30m"]).await;
        assert_eq!(nobody, "user_nobody has done nothing since then.\n");
        assert_eq!(printed(&server, &["--user=user_nobody", "--since=1h", "--json"]).await, "");
    }

    #[actix_web::test]
    async fn r40_an_operator_finds_a_person_by_the_exact_sub() {
        let server = Server::start().await;
        server.wait_for_keys().await;
        let long = format!("ada|{}", "x".repeat(246));
        for sub in ["ada@example.com", &long] {
            server.agent_of(sub).call("whoami", json!({})).await;
            rows(&server, sub, 1).await;
            let text = printed(&server, &["--user", sub, "--since", "1h"]).await;
            assert!(text.contains("tools/call tool whoami: allowed, ok"), "{text}");
        }
    }

    #[actix_web::test]
    async fn r40_an_operator_sees_what_staff_did() {
        let server = Server::start().await;
        let ada = account(&server, "user_ada").await;
        for (n, client) in [None, Some("one")].into_iter().enumerate() {
            let row = Activity {
                id: first_id(Utc::now() - Duration::from_secs(60 - n as u64)),
                subject: "user_ada".into(),
                kind: "impersonated".into(),
                ..row(&ada, 1, client)
            };
            server.store.add_activity(row).await.expect("a store");
        }
        let text = printed(&server, &["--user", "user_ada", "--since", "1h"]).await;
        for who in ["Z staff as the user, by session: ", "Z staff as the user, by agent one: "] {
            assert!(text.contains(who), "{text}");
        }
        let json = printed(&server, &["--user", "user_ada", "--since", "1h", "--json"]).await;
        assert_eq!(json.matches(r#""kind":"impersonated""#).count(), 2, "{json}");
    }

    #[test]
    fn a_database_that_does_not_exist_is_not_created() {
        let folder = Folder::new();
        let arguments = ["audit", "--user", "user_ada", "--since", "1h"];
        let ran = bookmarket(&folder, &[]).args(arguments).output();
        let ran = ran.expect("the program runs");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert_eq!((ran.status.code(), ran.stdout.as_slice()), (Some(2), &b""[..]), "{said}");
        let file = folder.path().join("bookmarket.sqlite");
        assert!(said.contains(&format!("there is no database {file:?}")), "{said}");
        assert!(said.contains("DATABASE_URL") && said.lines().count() == 1, "{said}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "{said}");
    }

    #[test]
    fn a_database_without_activity_is_not_changed() {
        let folder = Folder::new();
        let file = folder.path().join("other.sqlite");
        std::fs::write(&file, "").expect("a file");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let (code, stdout, said) = audit(&url, &["--user", "user_ada", "--since", "1h"]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{said}");
        assert!(said.contains("the activity cannot be read"), "{said}");
        assert_eq!(std::fs::metadata(&file).expect("a file").len(), 0, "{said}");
    }

    #[actix_web::test]
    async fn r40_hostile_rows_are_harmless_on_a_terminal() {
        let server = Server::start().await;
        let ada = account(&server, "user_ada").await;
        let evil = "<b>\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\r\nx: allowed, ok\u{200b}\u{e0041}\u{1f980}";
        let long = "n".repeat(10 * 1024);
        for (n, text) in [evil, &long[..256]].into_iter().enumerate() {
            let time = Utc::now() - Duration::from_secs(60 - n as u64);
            let row = Activity {
                id: first_id(time),
                time_ms: time.timestamp_millis(),
                subject: "user_ada".into(),
                client_name: Some(text.to_owned()),
                target: Some(text.repeat(4)),
                ..row(&ada, 1, Some(text))
            };
            server.store.add_activity(row).await.expect("a store");
        }
        let text = printed(&server, &["--user", "user_ada", "--since", "1h"]).await;
        assert_eq!(text.lines().count(), 2, "{text:?}");
        assert_harmless(&text);
        assert!(text.contains(r"\u{1b}]0;x\u{7}"), "{text}");
        let json = printed(&server, &["--user", "user_ada", "--since", "1h", "--json"]).await;
        assert!(
            json.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)),
            "{json:?}"
        );
        let first = json.lines().next().expect("a line");
        let first: Value = serde_json::from_str(first).expect("JSON");
        assert_eq!(first["client_name"], evil, "as it is, for a program");
    }

    #[actix_web::test]
    async fn r40_more_rows_than_are_read_at_once_are_printed() {
        let server = Server::start().await;
        let ada = account(&server, "user_ada").await;
        let start = Utc::now() - Duration::from_secs(1_800);
        for n in 0..1_001 {
            let id = first_id(start + Duration::from_millis(n));
            let row = Activity { id, subject: "user_ada".into(), ..row(&ada, n as u32, None) };
            server.store.add_activity(row).await.expect("a store");
        }
        let text = printed(&server, &["--user", "user_ada", "--since", "1h", "--json"]).await;
        let targets = text.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        let targets: Vec<_> = targets.map(|it| it["target"].clone()).collect();
        let expected: Vec<_> = (0..1_001).map(|n| Value::from(format!("tool_{n}"))).collect();
        assert_eq!(targets, expected);
    }
}
