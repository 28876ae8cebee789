//! docs/issuers.md, held against the samples and the configuration that the tests run.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Sample, more_samples, samples};

const GUIDE: &str = include_str!("../../../docs/issuers.md");
const CONFIGURATION: &str = include_str!("configuration.rs");

/// The columns of the table, after the provider's name.
const METADATA: usize = 1;
const AUDIENCE: usize = 2;
/// Scopes, client, roles: what stands in backticks is a claim.
const CLAIMS: std::ops::Range<usize> = 3..6;

fn rows() -> Vec<Vec<&'static str>> {
    let (_, table) = GUIDE.split_once("| provider | metadata |").expect("the table of providers");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| "));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn all() -> Vec<Vec<Sample>> {
    vec![
        vec![samples::authkit()],
        vec![samples::auth0()],
        vec![samples::entra_v2(), samples::entra_programs()],
        vec![samples::entra_v1()],
        vec![samples::okta()],
        vec![samples::keycloak()],
        vec![samples::cognito()],
        vec![more_samples::google()],
        vec![more_samples::zitadel(), more_samples::zitadel_jwt()],
        vec![more_samples::supabase()],
        vec![more_samples::clerk()],
        vec![more_samples::dex()],
        vec![more_samples::fusionauth()],
        vec![more_samples::cloudflare_access()],
        vec![more_samples::logto()],
    ]
}

fn in_backticks(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Everything that the tokens of a row and its issuer's answers say.
fn objects(samples: &[Sample]) -> Vec<&Value> {
    let tokens = samples.iter().flat_map(|sample| sample.tokens.iter().map(|(token, _)| token));
    let answers = samples.iter().flat_map(|sample| sample.answers.iter().map(|(_, answer)| answer));
    tokens.chain(answers).filter(|value| value.is_object()).collect()
}

#[test]
fn each_row_of_the_table_of_providers_is_a_sample() {
    let (rows, samples) = (rows(), all());
    let named: Vec<&str> = rows.iter().map(|row| row[0].trim_matches(['[', ']'])).collect();
    let named: Vec<&str> =
        named.iter().map(|name| name.split_once("](").map_or(*name, |(name, _)| name)).collect();
    let tried: Vec<&str> = samples.iter().map(|samples| samples[0].row).collect();
    assert_eq!(named, tried);
    for (row, samples) in rows.iter().zip(&samples) {
        assert_eq!(row.len(), 8, "{row:?}");
        for place in in_backticks(row[METADATA]) {
            let metadata = samples[0].metadata;
            let path = metadata.splitn(4, '/').nth(3).unwrap();
            assert!(place.trim_start_matches('/') == path, "{place} is not {metadata}");
        }
        let objects = objects(samples);
        for audience in in_backticks(row[AUDIENCE]) {
            let has = |object: &&Value| match &object["aud"] {
                Value::Array(all) => all.iter().any(|one| one == audience),
                one => one == audience,
            };
            assert!(objects.iter().any(has), "{}: no token is for {audience}", samples[0].row);
        }
        for claim in CLAIMS.flat_map(|column| in_backticks(row[column])) {
            let (outer, inner) = claim.split_once('.').unwrap_or((claim, ""));
            let has = |object: &&Value| {
                let claim = object.get(claim).or_else(|| object.get(outer)?.get(inner));
                claim.is_some()
            };
            assert!(objects.iter().any(has), "{}: no token has {claim}", samples[0].row);
        }
        let roles = samples[0].roles.as_ref().map(|roles| roles.claim.join("."));
        let told = in_backticks(row[5]).next().map(str::to_owned);
        assert_eq!(told, roles, "{}: the claim that the test grants by", samples[0].row);
    }
}

/// The lines of a function of the configuration, as a reader of the document sees them.
fn lines_of(function: &str) -> (String, String) {
    let (head, body) = function.split_once('\n').unwrap();
    let body: Vec<&str> = body.lines().take_while(|line| *line != "}").collect();
    let shown = match body.last() {
        Some(&"    Ok(issuer)") => {
            let body = &body[..body.len() - 1];
            body.iter()
                .map(|line| line.strip_prefix("    ").unwrap_or(line))
                .collect::<Vec<_>>()
                .join("\n")
        }
        _ => format!("fn {head}\n{}\n}}", body.join("\n")),
    };
    (head.split('(').next().unwrap().to_owned(), shown)
}

/// What readers see of each Rust block of the document, without the imports.
fn blocks(text: &str) -> Vec<String> {
    let blocks = text.split("```rust").skip(1).filter_map(|rest| rest.split_once("\n```"));
    let seen = |block: &str| {
        let lines = block
            .lines()
            .skip(1)
            .filter(|line| !line.starts_with("# ") && !line.starts_with("use "));
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    blocks.map(|(block, _)| seen(block)).collect()
}

#[test]
fn the_lines_for_each_provider_are_those_that_the_tests_run() {
    let (_, rest) = GUIDE.split_once("## The providers, one by one").unwrap();
    let (sections, _) = rest.split_once("\n## ").unwrap();
    let shown: BTreeSet<String> = blocks(sections).into_iter().collect();
    let functions = CONFIGURATION.split("pub(super) fn ").skip(1).map(lines_of);
    let mut run = BTreeSet::new();
    for (name, lines) in functions {
        assert!(shown.contains(&lines), "docs/issuers.md does not show {name}:\n{lines}");
        run.insert(lines);
    }
    assert_eq!(shown, run, "docs/issuers.md shows lines that no test runs");
}

#[test]
fn each_provider_has_its_source_and_the_date_of_it() {
    let (_, rest) = GUIDE.split_once("## The providers, one by one").unwrap();
    let (sections, _) = rest.split_once("\n## ").unwrap();
    let mut sections = sections.split("\n### ").skip(1);
    let mut count = 0;
    for samples in all() {
        // Both versions of Entra ID share a section.
        if samples[0].row.ends_with("v1.0") {
            continue;
        }
        let section = sections.next().expect("a section for each provider");
        let name = samples[0].row.split(',').next().unwrap();
        assert!(section.starts_with(name), "{name} has no section at its place: {section}");
        let source = section.split("Source: <https://").nth(1);
        let source = source.unwrap_or_else(|| panic!("{name} names no source"));
        let dated = ["read 2026-", "of 202"].iter().any(|date| source.contains(date));
        assert!(dated, "{name}: when was its source read?");
        count += 1;
    }
    assert!(count > 12 && sections.next().is_none(), "a section without a row");
}
