//! Broken bodies, and limits of depth, size and number.

use super::*;

#[test]
fn r30_every_truncation_is_refused() {
    for end in 0..CALL.len() {
        assert_eq!(read(&CALL[..end]), Err(MessageError::NotJson), "{end}");
    }
}

#[test]
fn r30_every_broken_byte_is_refused_or_read_as_what_it_says() {
    for at in 0..CALL.len() {
        for byte in [0x00, 0x1f, 0x80, 0xc0, 0xed, 0xff] {
            let mut body = CALL.as_bytes().to_vec();
            body[at] = byte;
            assert_eq!(Messages::read(&body), Err(MessageError::NotJson), "{at} {byte:x}");
        }
    }
    // A surrogate in UTF-8, an overlong slash, a character cut short.
    for bytes in [&b"\xed\xa0\x80"[..], b"\xc0\xaf", b"\xe2\x82"] {
        let mut body = br#"{"method":""#.to_vec();
        body.extend_from_slice(bytes);
        body.extend_from_slice(br#""}"#);
        assert_eq!(Messages::read(&body), Err(MessageError::NotJson));
    }
    assert_eq!(read(r#"{"method":"\ud800"}"#), Err(MessageError::NotJson));
}

#[test]
fn r30_depth_and_numbers_are_bounded() {
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert!(read(&deep).is_err());
        assert_eq!(read(&call(&format!(r#","arguments":{deep}"#))), Err(MessageError::NotJson));
    }
    let nested = |n: usize| call(&format!(r#","arguments":{}{}"#, "[".repeat(n), "]".repeat(n)));
    assert!(read(&nested(100)).is_ok());
    assert_eq!(read(&nested(128)), Err(MessageError::NotJson));
    let digits = "9".repeat(100_000);
    for (number, good) in [("1e400", false), ("-1e400", false), ("1e-400", true), ("1e308", true)] {
        assert_eq!(read(&call(&format!(r#","arguments":{number}"#))).is_ok(), good, "{number}");
    }
    assert_eq!(read(&call(&format!(r#","arguments":{digits}"#))), Err(MessageError::NotJson));
    let huge_id = r#"{"method":"ping","id":123456789012345678901234567890}"#;
    assert!(read(huge_id).unwrap().only().unwrap().is_request());
}

#[test]
fn r30_many_members_cost_no_square() {
    let mut members = String::new();
    for n in 0..200_000 {
        members.push_str(&format!(",\"m{n}\":{n}"));
    }
    let body = call(&format!(r#","arguments":{{"a":0{members}}}"#));
    let started = std::time::Instant::now();
    assert!(read(&body).is_ok());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn r30_a_body_names_a_bounded_number_of_things() {
    let listen =
        |uris: usize| LISTEN.replace("\"file:///a\"", &vec!["\"a:b\""; uris - 1].join(","));
    let batch = |calls: usize| format!("[{}]", vec![CALL; calls].join(","));
    for (names, good) in [(10_000, true), (10_001, false)] {
        for body in [listen(names), batch(names)] {
            let expected = if good { Ok(()) } else { Err(MessageError::TooManyNames) };
            assert_eq!(read(&body).map(drop), expected, "{names}");
        }
    }
    let pings = format!("[{}]", vec![r#"{"method":"ping"}"#; 20_000].join(","));
    assert!(read(&pings).is_ok(), "they name nothing");
}
