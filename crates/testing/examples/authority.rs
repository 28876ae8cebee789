//! The authority as a program of its own, for clients in other languages:
//!
//! ```text
//! cargo run -p mcp-auth-testing --example authority -- \
//!     [--port 8788] [--auto-approve user_ada] [--always-refresh]
//! ```
//!
//! With `--auto-approve` no page is shown, and every request is approved as that person's. Ctrl-C
//! ends it.
#![allow(clippy::print_stdout)]

use std::error::Error;

use mcp_auth_testing::{Client, TestAuthority};

fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = TestAuthority::builder()
        .port(8788)
        .client(
            Client::public("client_public")
                .name("A public client")
                .redirect_uri("http://127.0.0.1/callback"),
        )
        .client(
            Client::confidential("client_confidential", "not-a-secret")
                .name("A confidential client")
                .redirect_uri("http://127.0.0.1/callback"),
        )
        .client(Client::machine("client_machine", "not-a-secret").name("A machine"));

    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        builder = match argument.as_str() {
            "--port" => builder.port(value()?.parse()?),
            "--auto-approve" => builder.auto_approve(value()?),
            "--always-refresh" => builder.always_refresh(),
            other => return Err(format!("unknown argument {other}").into()),
        };
    }

    let authority = builder.start()?;
    println!("Issuer  {}", authority.issuer());
    println!("Keys    {}", authority.jwks_uri());
    for person in authority.people() {
        println!("Person  {} ({})", person.id, person.name);
    }
    loop {
        std::thread::park();
    }
}
