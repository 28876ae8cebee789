//! Pages: people with the session of a browser, beside agents with bearer tokens.
//!
//! | file | subject |
//! |---|---|
//! | `sessions` | where sessions come from, and which resources take them |
//! | `cross_site` | the check that a request comes from the own origin |
//! | `navigation` | what is a navigation, and where a person comes back to |
//! | `answer` | responses for a browser: the way to sign in, pages, cookies |

mod answer;
mod cross_site;
mod navigation;
mod sessions;

pub(crate) use answer::{Cookies, protect_from_caches, reject_page};
pub(crate) use cross_site::check_same_site;
pub(crate) use sessions::{BrowserSessions, Found};
