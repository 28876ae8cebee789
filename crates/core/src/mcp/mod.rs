//! MCP messages: what a request asks for, who may ask for it, and whose session it belongs to.
//!
//! | question | module |
//! |---|---|
//! | which methods does the body call? | [`message`] |
//! | which tools, prompts and resources do they name? | [`target`] |
//! | do the headers that repeat it tell the truth? | [`headers`] |
//! | what does the application demand for them? | [`tool_rules`] |
//! | which of them need nobody signed in? | [`anonymous`] |
//! | may this caller go on? | [`policy`] |
//! | whose session is it? | [`sessions`] |
//!
//! The body alone grants: headers that repeat it are there for proxies, older revisions of
//! the specification ignore them, and a caller writes them as they please. They may refuse early,
//! before a body is read, and nothing else.

pub mod anonymous;
pub mod headers;
pub mod message;
pub mod policy;
mod resource_uri;
pub mod sessions;
pub mod target;
pub mod tool_rules;

pub use anonymous::AnonymousMethods;
pub use headers::MirroredHeaders;
pub use message::{Message, Messages};
pub use policy::McpPolicy;
pub use sessions::{SessionBindings, SessionOwner, SessionSettings};
pub use target::Target;
pub use tool_rules::{Demand, Demands, Rule, ToolRules};

pub use crate::rejection::MessageError;
