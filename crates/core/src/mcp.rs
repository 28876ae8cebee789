//! MCP messages: what a request asks for, who may ask for it, and whose session it belongs to.
//!
//! | question | module |
//! |---|---|
//! | which methods and tools does the body call? | [`message`] |
//! | do the headers that repeat it tell the truth? | [`headers`] |
//! | what does the application demand for them? | [`tool_rules`] |
//! | which of them need nobody signed in? | [`anonymous`] |
//! | may this caller go on? | [`policy`] |
//! | whose session is it? | [`sessions`] |
//!
//! The body alone grants (R30): headers that repeat it are there for proxies, older revisions of
//! the specification ignore them, and a caller writes them as they please. They may refuse early,
//! before a body is read, and nothing else.

pub mod anonymous;
pub mod error;
pub mod headers;
pub mod message;
pub mod policy;
pub mod sessions;
pub mod tool_rules;

pub use anonymous::AnonymousMethods;
pub use error::MessageError;
pub use headers::MirroredHeaders;
pub use message::{Message, Messages};
pub use policy::McpPolicy;
pub use sessions::{SessionBindings, SessionOwner, SessionSettings};
pub use tool_rules::{Demand, Rule, ToolRules};
