//! R20: `exp`, `nbf` and `iat` in every notation of a number.

use hostile::{
    Class,
    Expected::{BadToken, Passed},
};

use crate::claims::World;

/// The longest lifetime of a token, in seconds: 31 days.
const LONGEST: i64 = 31 * 24 * 60 * 60;

/// Whole tokens are tested on both sides of each bound; `exp` and the others as text in the
/// payload.
#[test]
fn r20_a_date_is_any_finite_number_and_nothing_else() {
    let world = World::new();
    let mut class = Class::new("dates");
    let now = world.authority.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (past, future) = (now - 100, now + 100);
    let huge = "9".repeat(400);
    // Finite, in many digits: now + 100 with a fraction, and 10^300.
    let precise = format!("{future}.{}", "1".repeat(3_000));
    let big = format!("1{}", "0".repeat(300));
    let scaled = format!("{future}{}e-300", "0".repeat(300));
    // A token that is good for longer than 31 days, from now or from its `iat`, is bad.
    for (number, exp, nbf, iat) in [
        (format!("{future}"), Passed, BadToken, BadToken),
        (format!("{future}.5"), Passed, BadToken, BadToken),
        (format!("{future}0e-1"), Passed, BadToken, BadToken),
        (format!("{past}"), BadToken, Passed, Passed),
        (format!("{past}.999"), BadToken, Passed, Passed),
        (format!("-{future}"), BadToken, Passed, BadToken),
        ("0".into(), BadToken, Passed, BadToken),
        ("-0".into(), BadToken, Passed, BadToken),
        ("-0.0".into(), BadToken, Passed, BadToken),
        ("1e-400".into(), BadToken, Passed, BadToken),
        ("1e-400000000000000000000".into(), BadToken, Passed, BadToken),
        ("-1e300".into(), BadToken, Passed, BadToken),
        ("1e300".into(), BadToken, BadToken, BadToken),
        ("1E+300".into(), BadToken, BadToken, BadToken),
        ("9007199254740993".into(), BadToken, BadToken, BadToken),
        ("9223372036854775808".into(), BadToken, BadToken, BadToken),
        ("18446744073709551615".into(), BadToken, BadToken, BadToken),
        ("18446744073709551616".into(), BadToken, BadToken, BadToken),
        ("-9223372036854775809".into(), BadToken, Passed, BadToken),
        (precise, Passed, BadToken, BadToken),
        (big, BadToken, BadToken, BadToken),
        (scaled, Passed, BadToken, BadToken),
    ] {
        world.ask_raw(&mut class, "exp", &number, exp);
        world.ask_raw(&mut class, "nbf", &number, nbf);
        world.ask_raw(&mut class, "iat", &number, iat);
    }
    for claim in ["exp", "nbf", "iat"] {
        for other in [
            "1e400",
            "-1e400",
            "1e400000000000000000000",
            &huge,
            "NaN",
            "Infinity",
            "-Infinity",
            "null",
            "true",
            "\"\"",
            "\"1900000000\"",
            "\"tomorrow\"",
            "[1900000000]",
            "{}",
            "01",
            "+1900000000",
            ".5",
            "1.",
            "1.e3",
            "1e",
            "0x7fffffff",
            "1_900_000_000",
            "1900000000n",
            "--1",
            "-",
            "１９",
            "",
        ] {
            world.ask_raw(&mut class, claim, other, BadToken);
        }
    }
    world.ask(&mut class, "exp", None, BadToken);
    for claim in ["nbf", "iat"] {
        world.ask(&mut class, claim, None, Passed);
    }
    // Far enough from the leeway, on both sides, for a slow machine.
    for (claim, offset, expected) in [
        ("exp", -10, Passed),
        ("exp", -31, BadToken),
        ("nbf", 25, Passed),
        ("nbf", 60, BadToken),
        ("iat", 25, Passed),
        ("iat", 60, BadToken),
        ("exp", LONGEST - 60, Passed),
        ("exp", LONGEST + 60, BadToken),
    ] {
        let time = i64::try_from(now).unwrap() + offset;
        world.ask_raw(&mut class, claim, &time.to_string(), expected);
    }
    class.done();
}
