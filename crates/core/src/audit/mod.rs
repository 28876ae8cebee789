//! The audit record: who did what through which agent, what was decided, and how it ended.
//!
//! | question | module |
//! |---|---|
//! | what does a record contain? | `record` |
//! | who is calling? | `principal` |
//! | what do the messages of a body ask for? | `message` |
//! | how does a response answer them? | `answer` |
//! | what may stand in a record's texts? | `text` |
//! | how are records named? | `id` |
//! | where do records go? | `sink` |
//!
//! A record is written when the outcome of its message is known. It contains no token, no cookie
//! and no code.

mod answer;
mod details;
mod id;
mod message;
mod one_or_many;
mod principal;
mod record;
mod sink;
mod text;

pub use answer::{Answer, AnswerReader, MAX_ANSWER};
pub use details::{ClientInfo, traceparent};
pub use id::{AuditId, AuditIds};
pub use message::{AuditTarget, AuditedMessage, TargetKind, read_messages};
pub use principal::{AuditPrincipal, Credential};
pub use record::{AuditRecord, Decision, Outcome};
pub use sink::{AuditError, AuditSink};
pub use text::Privacy;
