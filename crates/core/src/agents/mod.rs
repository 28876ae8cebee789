//! The agents that act for a person: which there are, what they are called, and how the person
//! disconnects one.
//!
//! | file | subject |
//! |---|---|
//! | `agent` | an agent of a person |
//! | `name` | its name, fit to be shown |
//! | `directory` | listing and disconnecting, as a trait |
//! | `standing` | the trait by standing revocations |
//! | `names` | the names of agents by client id, from several sources |
//! | `name_cache` | which names are known, and which may be asked for |
//! | `client_metadata` | the document at a client id that is a URL |

mod agent;
mod client_metadata;
mod directory;
mod name;
mod name_cache;
mod names;
mod standing;

pub use agent::Agent;
pub use client_metadata::DocumentError;
pub use directory::{AgentDirectory, AgentError, ListAgents, list_agents};
pub use name::{AgentName, NameSource};
pub use names::{AgentNames, NameError};
pub use standing::StandingAgents;
