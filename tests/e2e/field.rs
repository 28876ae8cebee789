//! docs/field.md names, for each report of other libraries' users, the tests that prove what is right.

use std::{collections::BTreeSet, path::Path};

use crate::obligations::{SOURCES, functions};

#[test]
fn each_report_of_the_field_is_proved_by_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests: BTreeSet<String> = functions(root, &SOURCES).into_iter().collect();
    let (_, table) = include_str!("../../docs/field.md").split_once("|---|---|---|---|\n").unwrap();
    let mut last = "00";
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, reported, right, proofs] = cells[..] else { panic!("not four cells: {row}") };
        assert!(number.len() == 2 && number.bytes().all(|digit| digit.is_ascii_digit()), "{row}");
        assert!(last < number, "each number once and in order: {number} comes after {last}");
        last = number;
        assert!(!reported.is_empty() && !right.is_empty(), "{row}");
        let names: Vec<&str> = proofs.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "nothing proves case {number}");
        for name in names {
            assert!(tests.contains(name), "case {number} names {name}, which is no test");
        }
    }
    assert!(last > "00", "docs/field.md has no rows");
}
