use super::*;

struct Count(usize);

impl<'de> ObjectReader<'de> for Count {
    fn member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.0 += 1;
        skip_value(map)
    }
}

fn members(text: &str) -> Result<usize, NotAnObject> {
    let mut count = Count(0);
    read_object(text.as_bytes(), &mut count).map(|()| count.0)
}

#[test]
fn reads_each_member_once() {
    assert_eq!(members(r#"{"a":1,"b":[{"a":null}],"c":{"a":true}}"#), Ok(3));
}

#[test]
fn r23_duplicate_members_are_rejected_at_every_depth() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":[0,{"b":1,"b":2}]}"#,
    ] {
        assert_eq!(members(text), Err(NotAnObject), "{text}");
    }
}

#[test]
fn r23_duplicates_are_found_among_many_members() {
    let mut text = String::from("{");
    for n in 0..3_000 {
        text.push_str(&format!("\"m{n}\":{n},"));
    }
    assert_eq!(members(&format!("{text}\"last\":0}}")), Ok(3_001));
    assert_eq!(members(&format!("{text}\"m2999\":0}}")), Err(NotAnObject));
}

#[test]
fn anything_but_one_object_is_an_error() {
    for text in ["", "[]", "1", "null", "{} {}", "{}x", "{\"a\":1e400}", "\u{feff}{}"] {
        assert_eq!(members(text), Err(NotAnObject), "{text:?}");
    }
    assert_eq!(read_object(b"{\"a\":\"\xff\"}", &mut Count(0)), Err(NotAnObject));
    assert_eq!(members(&format!("{{\"a\":{}", "[".repeat(100_000))), Err(NotAnObject));
}

/// The members' values.
fn simple(text: &str) -> Result<Vec<Simple<'_>>, NotAnObject> {
    struct Kept<'de>(Vec<Simple<'de>>);

    impl<'de> ObjectReader<'de> for Kept<'de> {
        fn member<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
            self.0.push(read_simple(map)?);
            Ok(())
        }
    }

    let mut kept = Kept(Vec::new());
    read_object(text.as_bytes(), &mut kept).map(|()| kept.0)
}

#[test]
fn strings_and_numbers_are_kept() {
    let text = r#"{"a":"x","b":"\n","c":1,"d":-1,"e":1.5,"f":true,"g":null,"h":[1],"i":{"j":1}}"#;
    let number = |text: &str| Simple::Number(text.parse().unwrap());
    assert_eq!(
        simple(text).unwrap(),
        [
            Simple::Text("x".into()),
            Simple::Text("\n".into()),
            number("1"),
            number("-1"),
            number("1.5"),
            Simple::Other,
            Simple::Other,
            Simple::Other,
            Simple::Object,
        ]
    );
    for text in [r#"{"a":[{"b":1,"b":2}]}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":1e400}"#] {
        assert_eq!(simple(text), Err(NotAnObject), "{text}");
    }
}

#[test]
fn errors_of_other_formats_say_what_was_expected() {
    use serde::de::{IntoDeserializer, value::Error};

    let number = || IntoDeserializer::<Error>::into_deserializer(7_u64);
    let error = Text::deserialize(number()).err().unwrap();
    assert!(error.to_string().contains("a string"), "{error}");
    let bytes: serde::de::value::BytesDeserializer<'_, Error> = b"x".as_slice().into_deserializer();
    let error = Skipped::deserialize(bytes).err().unwrap();
    assert!(error.to_string().contains("any JSON value"), "{error}");
    let bytes: serde::de::value::BytesDeserializer<'_, Error> = b"x".as_slice().into_deserializer();
    let error = SimpleVisitor(&mut SkipAll, PhantomData).deserialize(bytes).unwrap_err();
    assert!(error.to_string().contains("any JSON value"), "{error}");
    let error = deserialize_object(number(), &mut SkipAll).unwrap_err();
    assert!(error.to_string().contains("a JSON object"), "{error}");
}
