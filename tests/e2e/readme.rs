//! Every command that README.md and the guides tell is run by CI, or is another program's own.

const DOCUMENTS: [&str; 4] = [
    include_str!("../../README.md"),
    include_str!("../../docs/clients.md"),
    include_str!("../../docs/workos.md"),
    include_str!("../../docs/troubleshooting.md"),
];
/// The stages that CI runs for every change.
const CI: &str = concat!(include_str!("../../.ci/check"), include_str!("../../.ci/always"));
const RUN_BY_CI: &str = include_str!("../../.ci/run");

/// Commands that CI runs, each with the stage that does.
const RUN: [(&str, &str); 6] = [
    ("cargo run --example mcp_server", "stage guides 600 tests/interop/guides"),
    ("cargo run -p bookmarket", "stage walk 600 tests/interop/walk"),
    (
        "BOOKMARKET_DEMO_APPROVE=user_ada cargo run -p bookmarket",
        "stage headless 600 tests/interop/headless",
    ),
    (
        "TOKEN=$(examples/bookmarket/headless-token http://127.0.0.1:8787/mcp/bookmarket)",
        "stage headless 600 tests/interop/headless",
    ),
    ("cargo run -p bookmarket -- check", "cargo test --workspace"),
    ("cargo test --workspace", "cargo test --workspace"),
];
/// Commands of programs that a developer has installed and CI has not, and settings.
const OTHERS: [&str; 6] = [
    "claude mcp add bookmarket --transport http http://127.0.0.1:8787/mcp/bookmarket",
    "code --add-mcp ",
    "npx @modelcontextprotocol/inspector",
    "--transport http --method tools/list",
    "export MCP_AUTH_RESOURCE=",
    "export WORKOS_AUTHKIT_DOMAIN=",
];

#[test]
fn every_command_of_the_documents_is_run_by_ci_or_is_anothers() {
    let commands: Vec<&str> = DOCUMENTS.into_iter().flat_map(commands).collect();
    for (command, stage) in RUN {
        assert!(commands.contains(&command), "README does not tell {command}");
        assert!(CI.contains(stage), "CI does not run {command}");
    }
    for list in [".ci/check", ".ci/always"] {
        assert!(RUN_BY_CI.contains(&format!("\n. {list}\n")), ".ci/run leaves out {list}");
    }
    for command in commands {
        let run = RUN.iter().any(|(known, _)| *known == command);
        let others = OTHERS.iter().any(|known| command.starts_with(known));
        assert!(run || others, "nobody runs {command:?}");
    }
}

/// The lines of the document's shell blocks.
fn commands(document: &str) -> impl Iterator<Item = &str> {
    let blocks = document.split("```").skip(1).step_by(2);
    let shell = blocks.filter_map(|block| block.strip_prefix("sh\n"));
    shell.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty())
}
