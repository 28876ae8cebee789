//! What the guides say of names, held against the code: reasons, events, metrics, tests.

use std::{collections::BTreeSet, fs, path::Path};

use actix_mcp_auth::Rejection;

use crate::obligations::{SOURCES, functions, rust_files};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// What the first column of a guide's tables has in backticks.
fn first_column(guide: &str) -> BTreeSet<String> {
    let cells = guide.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    cells.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_reason_is_explained_and_none_that_does_not_exist() {
    let guide = read("docs/troubleshooting.md");
    let (_, table) = guide.split_once("## Every reason").unwrap();
    let reasons: BTreeSet<String> = Rejection::REASONS.iter().map(|&r| r.to_owned()).collect();
    assert_eq!(first_column(table), reasons);
}

#[test]
fn every_event_and_every_metric_is_documented_and_none_that_does_not_exist() {
    let mut files = Vec::new();
    for sources in
        ["crates/actix/src", "crates/rmcp/src", "crates/sign-in/src", "crates/workos/src"]
    {
        rust_files(&root().join(sources), &mut files);
    }
    let (mut events, mut metrics) = (BTreeSet::new(), BTreeSet::new());
    for file in files {
        let source = fs::read_to_string(file).unwrap();
        for line in source.lines().map(str::trim) {
            let quoted = || line.split('"').nth(1).unwrap_or_default().to_owned();
            if line.starts_with("event = \"") {
                events.insert(quoted());
            } else if line.starts_with("const ") && line.contains("= \"mcp_auth_") {
                metrics.insert(quoted());
            }
        }
        let named = source.matches("        name: \"").count();
        let with_field = source.matches("        event = \"").count();
        assert_eq!(named, with_field, "each event has its name as a field");
    }
    assert!(events.len() > 10 && metrics.len() >= 7, "{events:?} {metrics:?}");
    let guide = read("docs/operations.md");
    let (about_events, rest) = guide.split_once("## Health").unwrap();
    let (_, about_metrics) = rest.split_once("## Metrics").unwrap();
    let documented = |text| -> BTreeSet<String> {
        first_column(text).into_iter().filter(|name| name != "event").collect()
    };
    assert_eq!(documented(about_events), events);
    assert_eq!(documented(about_metrics), metrics);
}

#[test]
fn security_md_names_tests_that_exist() {
    let tests: BTreeSet<String> = functions(root(), &SOURCES).into_iter().collect();
    let page = read("SECURITY.md");
    let (_, table) = page.split_once("| proved by |").unwrap();
    let mut named = 0;
    for row in
        table.lines().filter(|line| line.starts_with("| ") && line.matches(" | ").count() == 2)
    {
        let proofs = row.rsplit(" | ").next().unwrap();
        let names: Vec<&str> = proofs.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "nothing proves {row}");
        for name in names {
            named += 1;
            let exists = match name.strip_suffix('…') {
                Some(start) => tests.iter().any(|test| test.starts_with(start)),
                None => tests.contains(name),
            };
            assert!(exists, "SECURITY.md names {name}, which is no test");
        }
    }
    assert!(named > 25, "{named} tests are named");
}

#[test]
fn the_nginx_configuration_of_the_guide_is_the_one_that_is_tested() {
    let guide = read("docs/deployment.md");
    for file in ["prefix-taken-away.conf", "path-kept.conf"] {
        let tested = read(&format!("tests/nginx/{file}"));
        assert!(guide.contains(&format!("```nginx\n{tested}```\n")), "{file} is not shown");
    }
}

#[test]
fn the_mcp_servers_of_the_guides_are_the_examples_that_ci_runs() {
    let run = read("tests/interop/guides");
    for (guide, example) in [("README.md", "mcp_server"), ("docs/mcp.md", "mcp_tool_rules")] {
        let source = read(&format!("examples/{example}.rs"));
        let (_, shown) = source.split_once("\n\n").unwrap();
        let text = read(guide);
        let first = text.split("```rust").nth(1).unwrap_or_default();
        assert!(text.contains(&format!("```rust,no_run\n{shown}```\n")), "{guide} shows another");
        assert!(guide != "README.md" || first.contains(shown), "it is the first that README shows");
        assert!(run.contains(&format!("\"{example}\": ")), "CI does not run {example}");
    }
}

#[test]
fn the_tests_of_the_testing_guide_are_those_that_ci_runs() {
    let source = read("examples/unit_tests.rs");
    let (_, shown) = source.split_once("\n\n").unwrap();
    let guide = read("docs/testing.md");
    assert!(guide.contains(&format!("```rust,no_run\n{shown}```\n")), "the guide shows another");
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("name = \"unit_tests\"\ntest = true\n"), "nobody runs its tests");
}

#[test]
fn the_guides_name_examples_and_guides_that_exist() {
    for guide in ["deployment.md", "issuers.md"] {
        let text = read(&format!("docs/{guide}"));
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let mut local = 0;
        for (link, _) in links.filter(|(link, _)| !link.starts_with("http")) {
            let path = link.split('#').next().unwrap_or_default();
            assert!(root().join("docs").join(path).exists(), "{guide} links to {link}");
            local += 1;
        }
        assert!(local > 3, "{guide}");
    }
}
