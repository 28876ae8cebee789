//! The table in docs/stores.md: what was proved of which store on which database.
//!
//! `UPDATE_DOCS=1` runs every other test of this binary and writes down those that passed. Without
//! it, the table must name the tests that there are: it can neither claim nor omit one.

use std::{
    collections::BTreeSet,
    env, fs,
    path::PathBuf,
    process::{Command, Output},
};

/// The columns, by the paths of their tests.
const COLUMNS: [(&str, &str); 13] = [
    ("memory::process", "memory"),
    ("diesel::sqlite", "Diesel, SQLite"),
    ("diesel::postgres", "Diesel, PostgreSQL"),
    ("diesel::mariadb", "Diesel, MariaDB"),
    ("diesel_async::sqlite", "diesel-async, SQLite"),
    ("diesel_async::postgres", "diesel-async, PostgreSQL"),
    ("diesel_async::mariadb", "diesel-async, MariaDB"),
    ("sea_orm::sqlite", "SeaORM, SQLite"),
    ("sea_orm::postgres", "SeaORM, PostgreSQL"),
    ("sea_orm::mariadb", "SeaORM, MariaDB"),
    ("sqlx::sqlite", "sqlx, SQLite"),
    ("sqlx::postgres", "sqlx, PostgreSQL"),
    ("sqlx::mariadb", "sqlx, MariaDB"),
];

const BEGIN: &str = "<!-- written by the tests: begin -->\n";
const END: &str = "<!-- written by the tests: end -->";

/// A test: its column's path and its name.
type Proof = (String, String);

#[test]
fn the_table_in_the_guide_says_what_is_tested() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/stores.md");
    let guide = fs::read_to_string(&path).unwrap();
    let (before, rest) = guide.split_once(BEGIN).expect("the table's beginning");
    let (table, after) = rest.split_once(END).expect("the table's end");
    if env::var_os("UPDATE_DOCS").is_some() {
        assert!(all_databases(), "the table needs --features test-postgres,test-mysql");
        let table = write(&proved());
        fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    let there_are = listed();
    let mut claimed = read(table);
    if !all_databases() {
        let columns: BTreeSet<_> = there_are.iter().map(|(column, _)| column).collect();
        claimed.retain(|(column, _)| columns.contains(column));
    }
    assert_eq!(claimed, there_are, "UPDATE_DOCS=1 with all databases brings docs/stores.md up");
}

fn all_databases() -> bool {
    cfg!(all(feature = "test-postgres", feature = "test-mysql"))
}

/// The tests that are there.
fn listed() -> BTreeSet<Proof> {
    let output = this_binary(&["--list"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.strip_suffix(": test")).filter_map(proof).collect()
}

/// The tests that pass; all of them have to.
fn proved() -> BTreeSet<Proof> {
    let output = this_binary(&["--skip", "table::"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{lines}");
    let passed =
        lines.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
    passed.filter_map(proof).collect()
}

fn this_binary(arguments: &[&str]) -> Output {
    let binary = env::current_exe().unwrap();
    Command::new(binary).args(arguments).env_remove("UPDATE_DOCS").output().unwrap()
}

fn proof(test: &str) -> Option<Proof> {
    let (column, name) = test.rsplit_once("::")?;
    let known = COLUMNS.iter().any(|(path, _)| *path == column);
    known.then(|| (column.to_owned(), without_obligation(name).replace('_', " ")))
}

/// The name of a test without the number of the obligation that it proves.
fn without_obligation(name: &str) -> &str {
    match name.split_once('_') {
        Some((id, rest)) if id.starts_with('r') && id[1..].parse::<u8>().is_ok() => rest,
        _ => name,
    }
}

fn write(proofs: &BTreeSet<Proof>) -> String {
    let titles: Vec<&str> = COLUMNS.iter().map(|(_, title)| *title).collect();
    let mut table = format!("| What was proved | {} |\n|---|", titles.join(" | "));
    table.push_str(&":-:|".repeat(COLUMNS.len()));
    table.push('\n');
    let names: BTreeSet<&str> = proofs.iter().map(|(_, name)| name.as_str()).collect();
    for name in names {
        let cell = |(path, _): &(&str, &str)| match proofs
            .contains(&((*path).to_owned(), name.to_owned()))
        {
            true => "✓",
            false => "–",
        };
        let cells: Vec<&str> = COLUMNS.iter().map(cell).collect();
        table.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    table
}

fn read(table: &str) -> BTreeSet<Proof> {
    let mut proofs = BTreeSet::new();
    for row in table.lines().skip(2) {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let name = cells.next().unwrap_or_default();
        for ((path, _), cell) in COLUMNS.iter().zip(cells) {
            if cell == "✓" {
                proofs.insert(((*path).to_owned(), name.to_owned()));
            }
        }
    }
    proofs
}
