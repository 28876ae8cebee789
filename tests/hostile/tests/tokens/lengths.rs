//! R23: how long a token may be, and the answers to longer requests.

use actix_mcp_auth::testing::TokenBuilder;
use hostile::{
    Class,
    Expected::{self, BadToken, Passed},
    Wire,
};

use crate::malformed::World;

#[test]
fn r23_the_bound_on_a_tokens_length_is_exact() {
    let world = World::new();
    let mut class = Class::new("length");
    let most = 16 * 1024;
    // Padding in the header makes up for the lengths that base64url of the payload cannot have.
    let sized = |len: usize| {
        for pad in 0..4 {
            let header = |t: TokenBuilder| t.header("p", "x".repeat(pad));
            let empty = header(world.token().claim("pad", "")).sign().len();
            let guess = (len - empty) * 3 / 4;
            for more in guess.saturating_sub(4)..guess + 5 {
                let token = header(world.token().claim("pad", "x".repeat(more))).sign();
                if token.len() == len {
                    return token;
                }
            }
        }
        panic!("no token of {len} bytes");
    };
    for len in [most - 2, most - 1, most, most + 1, most + 2, 2 * most] {
        let expected = if len <= most { Passed } else { BadToken };
        let answer = world.usual.wire().call(format!("Bearer {}", sized(len)).as_bytes());
        class.answer(format!("{len} bytes"), &answer, expected);
        let answer = world.wide.wire().call(format!("Bearer {}", sized(len)).as_bytes());
        class.answer(format!("{len} bytes, wide bound"), &answer, Passed);
    }
    // Rejected for its length before it is parsed: it has neither three parts nor base64url.
    for len in [most + 1, 60_000, 120_000] {
        let answer = world.usual.wire().call(format!("Bearer {}", "=".repeat(len)).as_bytes());
        class.answer(format!("{len} bytes of nothing"), &answer, BadToken);
        let said = answer.challenge().and_then(|c| c.get("error_description").map(str::to_owned));
        class.same(
            "the reason is the length",
            said.as_deref(),
            Some("The access token is too long"),
        );
    }
    for members in [100, 1_000, 5_000] {
        let mut payload = world.claims();
        for n in 0..members {
            payload.push_str(&format!(",\"m{n}\":{n}"));
        }
        let good = world.token().payload_bytes(format!("{payload}}}")).sign();
        world.ask(&mut class, &format!("{members} claims"), &good, Passed);
        let twice = world.token().payload_bytes(format!("{payload},\"m0\":0}}")).sign();
        world.ask(&mut class, &format!("{members} claims and one again"), &twice, BadToken);
    }
    class.done();
}

/// What actix answers before the middleware is called: some answer that is no 5xx.
#[test]
fn r11_requests_with_heads_of_a_megabyte_are_answered() {
    let world = World::new();
    let mut class = Class::new("heads of a megabyte");
    let mega = 1024 * 1024;
    let head = |middle: &str| {
        format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n{middle}Content-Length: 0\r\n\r\n")
    };
    for (what, request) in [
        ("one token", head(&format!("Authorization: Bearer {}\r\n", "a".repeat(mega)))),
        ("a token of dots", head(&format!("Authorization: Bearer {}\r\n", ".".repeat(mega)))),
        ("another scheme", head(&format!("Authorization: {}\r\n", "x".repeat(mega)))),
        ("a name", head(&format!("{}: x\r\n", "n".repeat(mega)))),
        ("many headers", head(&"X: y\r\n".repeat(mega / 6))),
        ("many tokens", head(&"Authorization: Bearer a.b.c\r\n".repeat(mega / 29))),
        ("a path", format!("POST /{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "p".repeat(mega))),
        ("a method", format!("{} /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "M".repeat(mega))),
        ("no end", format!("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}", "x".repeat(mega))),
        ("no line", "x".repeat(mega)),
    ] {
        let answer = Wire::to(world.usual.address()).send(request.as_bytes());
        class.answer(what, &answer, Expected::Refused);
    }
    let good = format!("Bearer {}", world.token().sign());
    let answer = world.usual.wire().call(good.as_bytes());
    class.answer("a good token afterwards", &answer, Passed);
    class.done();
}
