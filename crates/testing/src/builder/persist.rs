//! State that outlives the process.

use std::path::PathBuf;

use super::TestAuthorityBuilder;

impl TestAuthorityBuilder {
    /// Keeps the authority's state in this file, so that a development server that is restarted goes
    /// on where it was: clients that registered themselves need not register again, and their
    /// refresh tokens and consents stay good.
    ///
    /// Kept are the signing keys, the port, the environment's client id and secret, registered
    /// clients, people who were added or deleted at run time, consents, refresh tokens, and sessions
    /// of browsers. Codes, open sign-ins, opaque access tokens, faults and events are not. What the
    /// builder names itself counts before the file: the port, the client id, clients and people. Who
    /// was deleted at run time stays deleted.
    ///
    /// **The file holds private keys and tokens.** It is readable by its owner only (mode 0600). Add
    /// it to `.gitignore` as `authority*.json`: while it is written, there is a file
    /// `authority.tmp-….json` beside it, which the next start removes if the process is killed. It is
    /// replaced as a whole whenever something has changed, before the answer is sent; where the path
    /// is a symbolic link, the file that it leads to. Delete it to start anew. Two authorities need
    /// two files.
    ///
    /// Default: nothing is kept.
    ///
    /// ```
    /// use mcp_auth_testing::TestAuthority;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = std::env::temp_dir().join(format!("authority-{}", std::process::id()));
    /// # std::fs::create_dir_all(&directory)?;
    /// # let file = directory.join("authority.json");
    /// let authority = TestAuthority::builder().persist(&file).start()?;
    /// let (issuer, key) = (authority.issuer().to_owned(), authority.keys().current());
    /// drop(authority); // the development server is restarted
    ///
    /// let authority = TestAuthority::builder().persist(&file).start()?;
    /// assert_eq!(authority.issuer(), issuer);
    /// assert_eq!(authority.keys().current(), key);
    /// # drop(authority);
    /// # std::fs::remove_dir_all(directory)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`start`](Self::start) fails where the file cannot be read, is not what an authority has
    /// written, or cannot be replaced. The error names the file and says what to do.
    pub fn persist(mut self, path: impl Into<PathBuf>) -> Self {
        self.persist = Some(path.into());
        self
    }
}
