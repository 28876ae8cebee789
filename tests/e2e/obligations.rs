//! docs/obligations.md says of each obligation by which tests it is proved, or that it is not built
//! yet; this keeps it true.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Where tests are.
pub(crate) const SOURCES: [&str; 4] = ["crates", "tests/e2e", "tests/log_facade", "tests/hostile"];

/// The last column of an obligation that no test proves.
const NOT_BUILT: &str = "not built yet";

#[test]
fn the_list_of_obligations_names_the_tests_that_prove_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = root.join("docs/obligations.md");
    let written = fs::read_to_string(&list).unwrap();
    let proofs = proofs(root);
    let wrong = unproved_or_contradicted(&written, &proofs);
    assert!(wrong.is_empty(), "docs/obligations.md: {}", wrong.join("; "));
    let true_list = with_proofs(&written, &proofs);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&list, &true_list).unwrap();
    }
    assert!(
        fs::read_to_string(&list).unwrap() == true_list,
        "docs/obligations.md is out of date: run \
         UPDATE_DOCS=1 cargo test -p actix-mcp-auth --test e2e obligations"
    );
}

/// The tests' names by the obligation's number.
fn proofs(root: &Path) -> BTreeMap<u32, Vec<String>> {
    let mut proofs: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for name in functions(root, &SOURCES) {
        for obligation in name.split('_').map_while(number) {
            proofs.entry(obligation).or_default().push(name.clone());
        }
    }
    proofs.values_mut().for_each(|names| names.sort());
    proofs
}

/// The names of all functions in these folders, of which tests are some.
pub(crate) fn functions(root: &Path, folders: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for folder in folders {
        rust_files(&root.join(folder), &mut files);
    }
    let mut names = Vec::new();
    for file in files {
        for line in fs::read_to_string(file).unwrap().lines() {
            let line = line.trim_start();
            let line = line.strip_prefix("pub ").unwrap_or(line);
            let declared = line.strip_prefix("async fn ").or(line.strip_prefix("fn "));
            names.extend(declared.and_then(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
    names
}

/// `r13` is obligation 13.
fn number(word: &str) -> Option<u32> {
    let digits = word.strip_prefix('r')?;
    (digits.len() == 2).then(|| digits.parse().ok()).flatten()
}

/// What is wrong with rows and tests: a row without a test must say so, a row with one must not, and
/// a test's obligation must have a row.
fn unproved_or_contradicted(list: &str, proofs: &BTreeMap<u32, Vec<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rows = Vec::new();
    for (line, (number, rest)) in list.lines().filter_map(|line| Some((line, obligation(line)?))) {
        rows.push(number);
        let says_not_built = line[rest.len()..].trim_matches([' ', '|']) == NOT_BUILT;
        match (says_not_built, proofs.get(&number)) {
            (false, None) => wrong.push(format!("no test proves R{number}")),
            (true, Some(names)) => {
                wrong.push(format!("R{number} is \"{NOT_BUILT}\", but {} proves it", names[0]));
            }
            _ => {}
        }
    }
    let without_row = proofs.keys().filter(|number| !rows.contains(number));
    wrong.extend(without_row.map(|number| format!("a test names R{number}, which has no row")));
    wrong
}

#[test]
fn a_row_is_proved_or_not_built_and_never_both() {
    let proofs = BTreeMap::from([(1, vec!["r01_works".to_owned()])]);
    let rows = |row: &str| unproved_or_contradicted(row, &proofs);

    assert!(rows("| **R1** | text | |\n| **R2** | text | not built yet |").is_empty());
    let contradicted = rows("| **R1** | text | not built yet |");
    assert_eq!(contradicted, ["R1 is \"not built yet\", but r01_works proves it"]);
    assert_eq!(rows("| **R1** | text | |\n| **R2** | text | |"), ["no test proves R2"]);
    assert_eq!(rows(""), ["a test names R1, which has no row"]);
}

fn with_proofs(list: &str, proofs: &BTreeMap<u32, Vec<String>>) -> String {
    let mut lines = String::new();
    for line in list.lines() {
        match obligation(line) {
            Some((number, rest)) => {
                let quoted = |name: &String| format!("`{name}`");
                let proved = match proofs.get(&number) {
                    Some(names) => names.iter().map(quoted).collect::<Vec<_>>().join(" "),
                    None => NOT_BUILT.to_owned(),
                };
                lines.push_str(&format!("{rest} {proved} |"));
            }
            None => lines.push_str(line),
        }
        lines.push('\n');
    }
    lines
}

/// The number of a row's obligation, and the row up to its last column.
fn obligation(line: &str) -> Option<(u32, &str)> {
    let number = line.strip_prefix("| **R")?.split_once("**")?.0.parse().ok()?;
    let row = line.strip_suffix('|')?;
    Some((number, &row[..row.rfind('|')? + 1]))
}

pub(crate) fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
