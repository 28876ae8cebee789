//! Bookmarks, and the checks of new ones.

use std::fmt;

use chrono::{DateTime, Utc};
use url::Url;

/// The most bookmarks that one person keeps.
pub const MAX_BOOKMARKS: u64 = 1_000;
/// The longest address, in bytes.
pub const MAX_URL: usize = 2_048;
/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// The most tags on one bookmark.
pub const MAX_TAGS: usize = 10;
/// The longest tag, in characters.
pub const MAX_TAG: usize = 40;

/// A page that somebody wants to find again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// Its number, unique among everybody's.
    pub id: i64,
    /// Where it leads: http or https.
    pub url: String,
    /// What it is called.
    pub title: String,
    /// What it is about: lower case, each at most once.
    pub tags: Vec<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Bookmark {
    /// Whether address, title and tags together contain every word of `query`, in any case.
    pub fn matches(&self, query: &str) -> bool {
        let text = format!("{}\n{}\n{}", self.url, self.title, self.tags.join("\n")).to_lowercase();
        query.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    }

    /// The address, where it is one that a page may link to. A row that was not written by
    /// Bookmarket may hold another, such as `javascript:`.
    pub fn link(&self) -> Option<&str> {
        let url = Url::parse(&self.url).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(&*self.url)
    }
}

/// A bookmark that was checked and is not stored yet. The type is the proof of the check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBookmark {
    url: String,
    title: String,
    tags: Vec<String>,
}

impl NewBookmark {
    /// Checks what a person, or their agent, wants to store.
    ///
    /// ```
    /// use bookmarket::bookmark::NewBookmark;
    ///
    /// let tags = ["Rust".to_owned(), "rust".to_owned()];
    /// let new = NewBookmark::parse("https://doc.rust-lang.org", "Rust", &tags).expect("fine");
    /// assert_eq!(new.url(), "https://doc.rust-lang.org/");
    /// assert_eq!(new.tags(), ["rust"]);
    ///
    /// assert!(NewBookmark::parse("javascript:alert(1)", "Not a page", &[]).is_err());
    /// ```
    ///
    /// # Errors
    /// Names the part that is wrong, and what is expected.
    pub fn parse(url: &str, title: &str, tags: &[String]) -> Result<Self, InvalidBookmark> {
        Ok(Self { url: parse_url(url)?, title: parse_title(title)?, tags: parse_tags(tags)? })
    }

    /// Where it leads, in the normal form of a URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What it is about.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }
}

fn parse_url(text: &str) -> Result<String, InvalidBookmark> {
    if text.len() > MAX_URL {
        return Err(InvalidBookmark::UrlTooLong);
    }
    let url = Url::parse(text).map_err(|_| InvalidBookmark::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(InvalidBookmark::NotHttp);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidBookmark::UrlWithCredentials);
    }
    // The normal form escapes what is not ASCII and may be longer than what was typed.
    if url.as_str().len() > MAX_URL {
        return Err(InvalidBookmark::UrlTooLong);
    }
    Ok(url.into())
}

fn parse_title(text: &str) -> Result<String, InvalidBookmark> {
    let title = text.trim();
    if title.is_empty() || title.chars().count() > MAX_TITLE || title.contains(char::is_control) {
        return Err(InvalidBookmark::Title);
    }
    Ok(title.to_owned())
}

fn parse_tags(texts: &[String]) -> Result<Vec<String>, InvalidBookmark> {
    let mut tags = Vec::new();
    for text in texts {
        let tag = text.trim().to_lowercase();
        if tag.is_empty() || tag.chars().count() > MAX_TAG {
            return Err(InvalidBookmark::Tag);
        }
        if tag.contains(|c: char| c == ',' || c.is_control()) {
            return Err(InvalidBookmark::Tag);
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        if tags.len() > MAX_TAGS {
            return Err(InvalidBookmark::TooManyTags);
        }
    }
    Ok(tags)
}

/// Why something cannot become a bookmark. Its text is for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidBookmark {
    /// The address cannot be parsed.
    NotAUrl,
    /// The address has another scheme.
    NotHttp,
    /// The address has a user name or a password in it.
    UrlWithCredentials,
    /// The address is longer than [`MAX_URL`].
    UrlTooLong,
    /// The title is empty, too long, or has control characters.
    Title,
    /// A tag is empty, too long, or has a comma or control characters.
    Tag,
    /// There are more than [`MAX_TAGS`] tags.
    TooManyTags,
}

/// A part of a bookmark, by the name that it has in forms and as an argument of tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Where it leads.
    Url,
    /// What it is called.
    Title,
    /// What it is about.
    Tags,
}

impl Field {
    /// `url`, `title` or `tags`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Title => "title",
            Self::Tags => "tags",
        }
    }
}

impl InvalidBookmark {
    /// The part that is wrong.
    pub fn field(self) -> Field {
        match self {
            Self::NotAUrl | Self::NotHttp | Self::UrlWithCredentials | Self::UrlTooLong => {
                Field::Url
            }
            Self::Title => Field::Title,
            Self::Tag | Self::TooManyTags => Field::Tags,
        }
    }

    /// What is expected of that part, to complete a sentence that begins with its name.
    pub fn rule(self) -> String {
        match self {
            Self::NotAUrl => {
                "is not a full address; it looks like https://example.com/page.".to_owned()
            }
            Self::NotHttp => "must begin with https:// or http://.".to_owned(),
            Self::UrlWithCredentials => "must not hold a user name or a password.".to_owned(),
            Self::UrlTooLong => format!("must be at most {MAX_URL} bytes long."),
            Self::Title => format!("must be one line of 1 to {MAX_TITLE} characters."),
            Self::Tag => format!("must be one line of 1 to {MAX_TAG} characters without a comma."),
            Self::TooManyTags => format!("must be at most {MAX_TAGS}."),
        }
    }
}

impl fmt::Display for InvalidBookmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = if *self == Self::Tag { "Each of " } else { "" };
        write!(f, "{each}`{}` {}", self.field().name(), self.rule())
    }
}

impl std::error::Error for InvalidBookmark {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_linked() {
        let of = |url: &str| Bookmark {
            id: 1,
            url: url.to_owned(),
            title: "Title".to_owned(),
            tags: Vec::new(),
            created_at: Utc::now(),
        };
        for url in ["https://example.com/", "http://example.com/?a=b"] {
            assert_eq!(of(url).link(), Some(url));
        }
        let others = ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "/a", ""];
        for url in others {
            assert_eq!(of(url).link(), None, "{url}");
        }
    }
}
