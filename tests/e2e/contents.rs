//! Pages that list other things: the guides, the versions, and a script that a guide tells.

use std::{collections::BTreeMap, fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The targets of a page's links to other files.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let local = targets.map(|(target, _)| target).filter(|target| !target.starts_with("http"));
    local.map(|target| target.split('#').next().unwrap_or_default()).collect()
}

#[test]
fn the_table_of_contents_lists_each_guide() {
    let contents = read("docs/README.md");
    let links = links(&contents);
    for link in &links {
        assert!(root().join("docs").join(link).exists(), "docs/README.md links to {link}");
    }
    let mut guides = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && name != "README.md" {
            assert!(links.contains(&&*name), "docs/README.md does not list {name}");
            guides += 1;
        }
    }
    assert!(guides > 20, "{guides}");
    assert!(read("README.md").contains("](docs/README.md)"), "README leads to the contents");
}

fn cells(row: &str) -> impl Iterator<Item = &str> {
    row.trim_matches('|').split('|').map(str::trim)
}

/// The rows of docs/versions.md by the headings of their columns.
fn versions(guide: &str) -> Vec<BTreeMap<&str, &str>> {
    let table = guide.lines().skip_while(|line| !line.starts_with("| actix-mcp-auth |"));
    let rows: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
    rows[2..].iter().map(|row| cells(rows[0]).zip(cells(row)).collect()).collect()
}

/// The version that a manifest requires of a dependency of the workspace.
fn required<'m>(manifest: &'m str, package: &str) -> &'m str {
    let line = manifest.lines().find(|line| line.starts_with(&format!("{package} = "))).unwrap();
    let version = line.split_once("version = ").map_or(line, |(_, rest)| rest);
    version.split('"').nth(1).unwrap()
}

#[test]
fn the_table_of_versions_is_that_of_the_manifest_and_the_lock() {
    let (guide, manifest, lock) =
        (read("docs/versions.md"), read("Cargo.toml"), read("Cargo.lock"));
    let locked = |package: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let rows = versions(&guide);
    let [requires, tested] = &rows[..] else { panic!("{rows:?}") };
    let columns = [
        ("actix-web", "actix-web"),
        ("rmcp", "rmcp"),
        ("SeaORM", "sea-orm"),
        ("Diesel", "diesel"),
        ("diesel-async", "diesel-async"),
        ("sqlx", "sqlx"),
        ("openssl (crate)", "openssl"),
    ];
    assert_eq!(requires.len(), columns.len() + 2, "{requires:?}");
    for (column, package) in columns {
        assert_eq!(requires[column], required(&manifest, package), "required: {package}");
        assert_eq!(tested[column], locked(package), "tested: {package}");
    }
    assert_eq!(requires["actix-mcp-auth"], env!("CARGO_PKG_VERSION"));
    assert_eq!(requires["Rust"], env!("CARGO_PKG_RUST_VERSION"));
    let repository = env!("CARGO_PKG_REPOSITORY");
    assert!(guide.contains(&format!("git = \"{repository}\"")), "{repository}");
}
