//! Why an authority does not start.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Why an authority did not start or restart.
#[non_exhaustive]
pub enum StartError {
    /// The address is not loopback. Everybody who can reach this authority can sign in as anybody.
    NotLoopback(IpAddr),
    /// No person has the id that should be approved automatically.
    UnknownPerson(String),
    /// The address could not be listened on.
    Io(SocketAddr, io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => write!(
                f,
                "a TestAuthority listens on loopback only, because whoever reaches it can sign in \
                 as anybody: {address} is not loopback; use 127.0.0.1 or ::1"
            ),
            Self::UnknownPerson(id) => write!(
                f,
                "auto_approve names {id:?}, but no person has that id; add \
                 .person(Person::new({id:?}, \"…\")) or name one of those there are"
            ),
            Self::Io(address, error) => {
                write!(f, "the TestAuthority cannot listen on {address}: {error}")
            }
        }
    }
}

/// As `Display`: it is what a `main` that returns this error prints.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}
