//! One request, again and again, for counting its instructions: `.ci/instructions` runs this under
//! callgrind, which counts what happens within [`measured`] on its thread and nothing else.
//!
//! `instructions sign FILE` writes a key set and three tokens; `instructions count FILE WHAT CALLS`
//! makes so many calls. Signing is a step of its own because making an RSA key under callgrind
//! takes a minute, and so that two revisions are measured with the same tokens.

mod fixture;
mod in_core;
mod over_actix;

use std::path::Path;

use fixture::Fixture;

/// What can be counted: without a cache (cold), with one that has not seen the token (new) or has
/// (remembered), and with a worker's memo of it; the last two are `auth.mcp()` with such a memo.
const WHATS: [&str; 10] = [
    "authenticate, cold",
    "authenticate, new",
    "authenticate, remembered",
    "authenticate, memo",
    "service, none",
    "service, cold",
    "service, remembered",
    "service, memo",
    "service, mcp",
    "service, mcp with rules",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["list"] => WHATS.iter().for_each(|what| println!("{what}")),
        ["sign", file] => Fixture::sign().write(Path::new(file)),
        ["count", file, what, calls] => {
            let fixture = Fixture::read(Path::new(file));
            let calls = calls.parse().expect("a number");
            match what.split_once(", ") {
                Some(("authenticate", how)) => in_core::count(&fixture, how, calls),
                Some(("service", how)) => over_actix::count(&fixture, how, calls),
                _ => panic!("{what} is not among {WHATS:?}"),
            }
        }
        _ => panic!("instructions list | sign FILE | count FILE WHAT CALLS"),
    }
}

/// Everything that is counted happens in here. The name is what callgrind is told.
#[unsafe(no_mangle)]
#[inline(never)]
fn measured(calls: usize, call: &mut dyn FnMut()) {
    for _ in 0..calls {
        call();
    }
}

/// Makes everything ready by some calls that are not counted, and then those that are.
fn warm_then_measured(calls: usize, mut call: impl FnMut()) {
    for _ in 0..20 {
        call();
    }
    measured(calls, &mut call);
}
