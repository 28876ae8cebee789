//! What a payload says, and what spoils it.

use super::*;

fn parse(json: &str) -> Result<Claims, TokenError> {
    Claims::parse(json.as_bytes())
}

fn scopes(json: &str) -> Vec<String> {
    parse(json).unwrap().scopes().iter().map(|scope| scope.to_string()).collect()
}

#[test]
fn r20_any_finite_number_is_a_date_and_nothing_else_is() {
    for (number, seconds) in [
        ("1", 1.0),
        ("1.5", 1.5),
        ("-0", 0.0),
        ("1e3", 1e3),
        ("18446744073709551616", 2_f64.powi(64)),
    ] {
        let claims = parse(&format!(r#"{{"exp":{number}}}"#)).unwrap();
        assert_eq!(claims.exp.unwrap().as_secs_f64(), seconds);
    }
    for other in ["\"1\"", "null", "true", "[]", "{}", "1e400", "NaN"] {
        for claim in ["exp", "nbf", "iat"] {
            assert_eq!(
                parse(&format!(r#"{{"{claim}":{other}}}"#)).unwrap_err(),
                TokenError::MalformedPayload { claim: Some(claim) },
                "{claim} {other}"
            );
        }
    }
}

#[test]
fn registered_claims_of_the_wrong_type_are_named() {
    for (json, claim) in [
        (r#"{"iss":7}"#, "iss"),
        (r#"{"sub":null}"#, "sub"),
        (r#"{"aud":[7]}"#, "aud"),
        (r#"{"aud":{}}"#, "aud"),
        (r#"{"jti":7}"#, "jti"),
        (r#"{"scope":7}"#, "scope"),
        (r#"{"scp":["a",7]}"#, "scp"),
        (r#"{"act":"admin"}"#, "act"),
        (r#"{"act":["admin"]}"#, "act"),
        (r#"{"act":{"sub":"a","x":1,"x":2}}"#, "act"),
    ] {
        let error = parse(json).unwrap_err();
        assert_eq!(error, TokenError::MalformedPayload { claim: Some(claim) }, "{json}");
    }
}

#[test]
fn r22_scopes_come_from_either_claim_in_either_form() {
    assert_eq!(scopes(r#"{"scope":"a b"}"#), ["a", "b"]);
    assert_eq!(scopes(r#"{"scp":"a b"}"#), ["a", "b"]);
    assert_eq!(scopes(r#"{"scope":["a","b"]}"#), ["a", "b"]);
    assert_eq!(scopes(r#"{"scp":["a","b"]}"#), ["a", "b"]);
    assert_eq!(scopes("{}"), [""; 0]);
}

#[test]
fn r22_never_the_union_of_both() {
    assert_eq!(scopes(r#"{"scope":"a","scp":"b"}"#), ["a"]);
    assert_eq!(scopes(r#"{"scp":"b","scope":""}"#), [""; 0]);
}

#[test]
fn r22_an_element_with_a_space_is_no_scope() {
    assert_eq!(scopes(r#"{"scope":["a admin","b"]}"#), ["b"]);
}

#[test]
fn every_claim_is_told_as_it_stands() {
    let claims = parse(
        r#"{"azp":"p","jti":"j1","aud":["api","\u0062c",""],"sub":"user_\u0061da","iss":"https://i",
            "client_id":"client"}"#,
    )
    .unwrap();
    assert_eq!((claims.issuer(), claims.subject()), (Some("https://i"), Some("user_ada")));
    assert_eq!((claims.token_id(), claims.client_id()), (Some("j1"), Some("client")));
    assert_eq!(claims.audiences().unwrap().collect::<Vec<_>>(), ["api", "bc", ""]);
    let one = parse(r#"{"iss":"https://i","aud":"api"}"#).unwrap();
    assert_eq!(one.audiences().unwrap().collect::<Vec<_>>(), ["api"]);
    let none = parse("{}").unwrap();
    let names = [none.issuer(), none.subject(), none.token_id(), none.client_id()];
    assert_eq!(names, [None; 4]);
    assert!(none.audiences().is_none());
}

#[test]
fn the_weight_counts_the_payload_and_every_text() {
    let weight = |json: &str| parse(json).unwrap().weight() - json.len();
    let plain = weight("{}");
    assert_eq!(weight(r#"{"x":"not kept apart"}"#), plain);
    let texts = weight(r#"{"iss":"https://i","sub":"ada","aud":["a","b"],"jti":"j"}"#);
    assert_eq!(texts - plain, 9 + 3 + 1 + 1 + 1 + 5 * ALLOCATION);
    assert_eq!(weight(r#"{"act":{"sub":"staff"}}"#) - plain, 5);
}

#[test]
fn r09_debug_shows_who_and_not_what_else_is_in_a_payload() {
    let shown = format!("{:?}", parse(r#"{"sub":"ada","email":"ada@example.com"}"#).unwrap());
    assert!(shown.contains("ada") && !shown.contains("example.com"), "{shown}");
}

#[test]
fn r09_debug_of_an_actor_hides_the_address_of_staff() {
    let claims = parse(r#"{"sub":"ada","act":{"sub":"staff@example.com"}}"#).unwrap();
    let actor = claims.actor.as_ref().unwrap();
    assert_eq!(actor.subject.as_deref(), Some("staff@example.com"));
    assert_eq!(format!("{actor:?}"), "Actor { subject: Some(…) }");
}

#[test]
fn r21_r31_what_marks_a_token_marks_it_whatever_is_in_it() {
    for value in ["null", "{}", r#""x""#, "[1]"] {
        for (claim, marks) in
            [("cnf", (true, false)), ("at_hash", (false, true)), ("c_hash", (false, true))]
        {
            let claims = parse(&format!(r#"{{"{claim}":{value}}}"#)).unwrap();
            assert_eq!((claims.has_cnf, claims.marks.token_hash), marks, "{claim} {value}");
        }
    }
    for (claim, marked, named) in [
        ("client_id", true, true),
        ("azp", false, false),
        ("scope", true, false),
        ("scp", true, false),
    ] {
        let claims = parse(&format!(r#"{{"{claim}":"a"}}"#)).unwrap();
        let found = (claims.has_access_token_mark(), claims.names_its_client());
        assert_eq!(found, (marked, named), "{claim}");
    }
}

#[test]
fn one_claim_is_read_into_any_type() {
    // What stands behind the payload is not read as a part of it.
    let claims = parse(r#"{"a":1,"roles":["admin","staff"],"sub":"\u0061da"}"#).unwrap();
    assert_eq!(claims.read::<Vec<String>>("roles").unwrap().unwrap().len(), 2);
    assert_eq!(claims.read::<String>("sub").unwrap().as_deref(), Some("ada"));
    assert_eq!(claims.read::<String>("org").unwrap(), None);
    assert!(claims.read::<String>("roles").is_err());
}

#[test]
fn claims_that_name_clients_and_actors_are_read_or_named_as_malformed() {
    let claims = parse(r#"{"client_id":"c","azp":"p","act":{"sub":"staff","x":{}}}"#).unwrap();
    assert_eq!(claims.client_id(), Some("c"));
    assert_eq!(claims.actor.unwrap().subject.as_deref(), Some("staff"));
    assert_eq!(parse(r#"{"azp":"p","client_id":null}"#).unwrap().client_id(), Some("p"));
    for (json, claim) in [
        (r#"{"client_id":7}"#, "client_id"),
        (r#"{"azp":[]}"#, "azp"),
        (r#"{"act":{"sub":7}}"#, "act"),
        (r#"{"act":{"x":1e400}}"#, "act"),
    ] {
        let error = parse(json).unwrap_err();
        assert_eq!(error, TokenError::MalformedPayload { claim: Some(claim) }, "{json}");
    }
    // What is no claim of ours is nobody's fault by name.
    for json in
        [r#"{"cnf":1e400}"#, r#"{"at_hash":[1e400]}"#, r#"{"x":"}"#, r#"{"a":{"b":1,"b":1}}"#]
    {
        let error = parse(json).unwrap_err();
        assert_eq!(error, TokenError::MalformedPayload { claim: None }, "{json}");
    }
}

#[test]
fn a_claim_of_another_type_is_named() {
    let error = parse(r#"{"roles":[]}"#).unwrap().read::<u64>("roles").unwrap_err();
    assert_eq!(error.to_string(), "the claim \"roles\" is not of the type asked for");
}
