//! `bookmarket audit`: prints what a person and their agents did, for an operator.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    path::PathBuf,
    time::Duration,
};

use actix_mcp_auth::ConfigError;
use chrono::{SecondsFormat, Utc};
use clap::{Args, builder::NonEmptyStringValueParser};

use crate::{
    activity::first_id,
    settings::{DATABASE_URL, Settings},
    start::StartError,
    store::{self, Activity, IS_OF_THIS_PROCESS, Store},
};

/// How many rows are read at once.
const AT_ONCE: usize = 500;

/// Prints what a person and their agents did, the oldest first.
#[derive(Debug, Clone, Args)]
pub struct Audit {
    /// The person, by the `sub` of their tokens.
    #[arg(long, value_name = "SUB", value_parser = NonEmptyStringValueParser::new())]
    user: String,
    /// From how long ago: 30m, 1h, 7d.
    #[arg(long, value_name = "TIME")]
    since: String,
    /// Prints one record per line, in JSON.
    #[arg(long)]
    json: bool,
}

/// How long ago that is.
fn duration(text: &str) -> Result<Duration, ConfigError> {
    let units = [("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)];
    let found = units.iter().find_map(|(unit, seconds)| {
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(u64::from(number) * seconds))
    });
    // No row is that old, and no date that far back.
    let longest = Duration::from_secs(100 * 366 * 24 * 60 * 60);
    found.filter(|it| !it.is_zero() && *it <= longest).ok_or_else(|| {
        let expected = "must be a number of minutes, hours or days (30m, 1h, 7d)";
        ConfigError::invalid("--since", text, expected, "1h")
    })
}

/// Prints the rows of the store to `output`.
///
/// # Errors
/// An argument cannot be meant; the store cannot be read by this process, or fails; or the output
/// does.
pub async fn audit(
    settings: &Settings,
    audit: &Audit,
    output: &mut impl Write,
) -> Result<(), NotPrinted> {
    let since = Utc::now() - duration(&audit.since).map_err(StartError::from)?;
    if IS_OF_THIS_PROCESS {
        return Err(NotPrinted::InMemory);
    }
    let url = &settings.database_url;
    if let Some(file) = store::file_of(url).filter(|file| !file.exists()) {
        return Err(NotPrinted::NoFile(std::path::absolute(&file).unwrap_or(file)));
    }
    let store = Store::open_existing(url).await.map_err(NotPrinted::Store)?;
    match print(&store, audit, first_id(since), output).await {
        // Whoever reads it has read enough, such as `head`.
        Err(NotPrinted::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

async fn print(
    store: &Store,
    audit: &Audit,
    mut after: String,
    output: &mut impl Write,
) -> Result<(), NotPrinted> {
    let mut is_empty = true;
    loop {
        let rows = store.activity_of_subject(&audit.user, &after, AT_ONCE).await;
        let rows = rows.map_err(NotPrinted::Store)?;
        for row in &rows {
            match audit.json {
                true => writeln!(output, "{}", json(row)?)?,
                false => writeln!(output, "{}", line(row))?,
            }
        }
        is_empty &= rows.is_empty();
        match rows.last() {
            Some(last) if rows.len() == AT_ONCE => after.clone_from(&last.id),
            _ => break,
        }
    }
    if is_empty && !audit.json {
        writeln!(output, "{} has done nothing since then.", shown(&audit.user))?;
    }
    Ok(output.flush()?)
}

/// `TIME WHO: WHAT: DECISION, OUTCOME, DURATION`.
fn line(row: &Activity) -> String {
    let time = row.at().to_rfc3339_opts(SecondsFormat::Millis, true);
    let who = match (row.client_id.as_deref(), row.client_name.as_deref()) {
        (Some(id), Some(name)) => format!("agent {} ({})", shown(name), shown(id)),
        (Some(id), None) => format!("agent {}", shown(id)),
        (None, _) => shown(&row.credential),
    };
    let who = if row.is_by_staff() { format!("staff as the user, by {who}") } else { who };
    let mut text = format!("{time} {who}: {}", shown(&row.method));
    for part in [&row.target_kind, &row.target].into_iter().flatten() {
        text += &format!(" {}", shown(part));
    }
    text += &format!(": {}", shown(&row.decision));
    if let Some(reason) = &row.reason {
        text += &format!(" ({})", shown(reason));
    }
    text += &format!(", {}", shown(&row.outcome));
    if let Some(code) = row.code {
        text += &format!(" {code}");
    }
    text + &format!(", {:.1} ms", row.duration_us as f64 / 1_000.0)
}

/// A text that changes nothing on a terminal, and cannot be taken for two: in quotes and escaped
/// unless it is a plain word.
fn shown(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("{text:?}"),
    }
}

/// A row in ASCII: everything else is escaped, as JSON allows.
fn json(row: &Activity) -> io::Result<String> {
    let mut ascii = String::new();
    for c in serde_json::to_string(row)?.chars() {
        match c {
            ' '..='~' => ascii.push(c),
            c => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }),
        }
    }
    Ok(ascii)
}

/// Why nothing, or not all, was printed.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotPrinted {
    /// Only the server itself can read its memory.
    InMemory,
    /// There is no such database.
    NoFile(PathBuf),
    /// The store cannot be read.
    Store(store::Error),
    /// An argument or a setting cannot be used.
    Start(StartError),
    /// The output failed.
    Output(io::Error),
}

impl fmt::Display for NotPrinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InMemory => write!(
                f,
                "this build keeps activity in the memory of the server; build it with `--features \
                 diesel` or `--features sea-orm` instead of `memory`, and set {DATABASE_URL}, for \
                 example \"sqlite://bookmarket.sqlite?mode=rwc\""
            ),
            Self::NoFile(path) => write!(
                f,
                "there is no database {path:?}; {DATABASE_URL} must be the server's, for example \
                 \"sqlite:///srv/bookmarket/bookmarket.sqlite\""
            ),
            Self::Store(error) => write!(
                f,
                "the activity cannot be read ({error}); {DATABASE_URL} must be the server's, for \
                 example \"sqlite:///srv/bookmarket/bookmarket.sqlite\""
            ),
            Self::Start(error) => error.fmt(f),
            Self::Output(error) => write!(f, "the output failed: {error}"),
        }
    }
}

impl std::error::Error for NotPrinted {}

impl From<StartError> for NotPrinted {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<io::Error> for NotPrinted {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
