//! Lists in pages: `limit`, `before`, `after` and `order`.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::parameters::Parameters;

const DEFAULT_LIMIT: usize = 10;
const LARGEST_LIMIT: usize = 100;

/// The page that a caller asks for.
pub(super) struct Page {
    limit: usize,
    descending: bool,
    before: Option<String>,
    after: Option<String>,
}

/// A thing on a list. Ids of one kind sort by the time at which they were made.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) json: Value,
}

/// One page, and the cursors to the pages beside it where there are any.
#[derive(Debug, PartialEq)]
pub(super) struct Listing {
    data: Vec<Value>,
    before: Option<String>,
    after: Option<String>,
}

impl Page {
    pub(super) fn from_query(query: &Parameters) -> Result<Self, ApiError> {
        let limit = match query.get("limit") {
            None => DEFAULT_LIMIT,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=LARGEST_LIMIT).contains(limit));
                limit.ok_or_else(|| ApiError::invalid("limit", "limit must be from 1 to 100."))?
            }
        };
        let descending = match query.get("order") {
            None | Some("desc") => true,
            Some("asc") => false,
            Some(_) => return Err(ApiError::invalid("order", "order must be asc or desc.")),
        };
        let (before, after) = (query.owned("before"), query.owned("after"));
        Ok(Self { limit, descending, before, after })
    }

    /// The page of a list whose cursors are the ids of its own items.
    pub(super) fn of(self, items: Vec<Item>) -> Result<Listing, ApiError> {
        let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
        self.of_filtered(items, |id| ids.iter().any(|known| known == id))
    }

    /// The page of a list that shows only some of what its cursors may name.
    pub(super) fn of_filtered(
        self,
        mut items: Vec<Item>,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Listing, ApiError> {
        for cursor in self.before.iter().chain(&self.after) {
            if !is_known(cursor) {
                return Err(ApiError::bad_request(format!("Unknown cursor: '{cursor}'.")));
            }
        }
        items.sort_by(|one, other| one.id.cmp(&other.id));
        if self.descending {
            items.reverse();
        }
        let follows =
            |id: &str, cursor: &str| if self.descending { id < cursor } else { id > cursor };
        let start = self.after.as_ref().map_or(0, |cursor| {
            items.iter().position(|item| follows(&item.id, cursor)).unwrap_or(items.len())
        });
        let end = self.before.as_ref().map_or(items.len(), |cursor| {
            items
                .iter()
                .position(|item| item.id == *cursor || follows(&item.id, cursor))
                .unwrap_or(items.len())
        });
        let (start, end) = if self.after.is_none() && self.before.is_some() {
            // The page that ends where the later one begins.
            (end.saturating_sub(self.limit), end)
        } else {
            (start, end.max(start).min(start + self.limit))
        };
        let page = &items[start..end];
        let id = |item: Option<&Item>| item.map(|item| item.id.clone());
        Ok(Listing {
            before: id(page.first().filter(|_| start > 0)),
            after: id(page.last().filter(|_| end < items.len())),
            data: page.iter().map(|item| item.json.clone()).collect(),
        })
    }
}

impl Listing {
    pub(super) fn response(self) -> HttpResponse {
        HttpResponse::Ok().json(json!({
            "object": "list",
            "data": self.data,
            "list_metadata": { "before": self.before, "after": self.after },
        }))
    }

    /// Lists of events go one way only.
    pub(super) fn response_without_before(self) -> HttpResponse {
        HttpResponse::Ok().json(json!({
            "object": "list",
            "data": self.data,
            "list_metadata": { "after": self.after },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Data, `before` and `after` of a page of a, b, c, d, e; or `None` where it is refused.
    fn page(query: &str) -> Option<(String, String, String)> {
        let items = ["c", "a", "e", "b", "d"].map(|id| Item { id: id.into(), json: json!(id) });
        let page = Page::from_query(&Parameters::parse(query.as_bytes())).ok()?;
        let listing = page.of(items.into()).ok()?;
        let data = listing.data.iter().filter_map(Value::as_str).collect();
        Some((data, listing.before.unwrap_or_default(), listing.after.unwrap_or_default()))
    }

    #[test]
    fn pages_follow_one_another_in_both_orders() {
        for (query, data, before, after) in [
            ("", "edcba", "", ""),
            ("order=asc", "abcde", "", ""),
            ("limit=2", "ed", "", "d"),
            ("limit=2&after=d", "cb", "c", "b"),
            ("limit=2&after=b", "a", "a", ""),
            ("limit=2&after=a", "", "", ""),
            ("limit=2&order=asc&after=b", "cd", "c", "d"),
            ("limit=2&order=asc&before=d", "bc", "b", "c"),
            ("limit=2&order=asc&before=b", "a", "", "a"),
            ("order=asc&after=a&before=d", "bc", "b", "c"),
            ("order=asc&after=d&before=b", "", "", ""),
        ] {
            let expected = (data.into(), before.into(), after.into());
            assert_eq!(page(query), Some(expected), "{query}");
        }
    }

    #[test]
    fn unusable_parameters_are_refused() {
        for query in ["limit=0", "limit=101", "limit=x", "order=up", "after=z", "before=z"] {
            assert_eq!(page(query), None, "{query}");
        }
        assert!(page("limit=1").is_some() && page("limit=100").is_some());
    }
}
