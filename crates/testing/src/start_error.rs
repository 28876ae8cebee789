//! Why an authority does not start.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Why an authority did not start or restart.
#[non_exhaustive]
pub enum StartError {
    /// The address is not loopback. Everybody who can reach this authority can sign in as anybody.
    NotLoopback(IpAddr),
    /// No person has the id that should be approved automatically.
    UnknownPerson(String),
    /// The address could not be listened on.
    Io(SocketAddr, io::Error),
    /// The file of [`persist`](crate::TestAuthorityBuilder::persist) cannot be read.
    StateUnreadable(PathBuf, io::Error),
    /// The file of [`persist`](crate::TestAuthorityBuilder::persist) is not what an authority of this
    /// version has written.
    StateUnusable(PathBuf, String),
    /// The file of [`persist`](crate::TestAuthorityBuilder::persist) cannot be replaced.
    StateUnwritable(PathBuf, io::Error),
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
            Self::StateUnreadable(path, error) => write!(
                f,
                "the TestAuthority cannot read its state in {}: {error}; make it readable for this \
                 process, or delete it to start with new keys and without clients",
                path.display()
            ),
            Self::StateUnusable(path, why) => write!(
                f,
                "{} is not a state that this version of TestAuthority has written: {why}; delete it \
                 to start with new keys and without clients, or name another file in .persist(…)",
                path.display()
            ),
            Self::StateUnwritable(path, error) => write!(
                f,
                "the TestAuthority cannot write its state to {}: {error}; the directory must exist \
                 and be writable, since the file is replaced as a whole",
                path.display()
            ),
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
            Self::Io(_, error)
            | Self::StateUnreadable(_, error)
            | Self::StateUnwritable(_, error) => Some(error),
            _ => None,
        }
    }
}
