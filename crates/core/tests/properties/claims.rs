//! The rules for claims, over times and texts of every size.

use std::{collections::BTreeSet, time::Duration};

use mcp_auth_core::{Claims, Rejection, UnixTime, rejection::TokenError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{ISSUER, OTHER_AUDIENCE, RESOURCE, authenticator, call, header, keys, policy};

/// The longest lifetime of a token: the default, 31 days.
const LIFETIME: u64 = 31 * 86_400;

proptest! {
    #![proptest_config(crate::cases(1_000))]

    /// Accepted exactly where no rule is broken, and refused for one that is.
    #[test]
    fn r18_r19_r20_a_token_is_accepted_where_no_rule_is_broken((now, leeway, token) in world()) {
        let mut policy = policy();
        policy.leeway = Duration::from_secs(leeway);
        let time = UnixTime::since_epoch(now);
        let authenticator = authenticator(policy, keys(time));
        let outcome = call(&authenticator, &header(&token.to_json()), time);
        // Where rounding decides, either answer is right.
        let Some(broken) = token.broken(now, leeway) else { return Ok(()) };
        match outcome {
            Ok(caller) => {
                prop_assert!(broken.is_empty(), "{broken:?} of {}", token.to_json());
                prop_assert_eq!(Some(caller.principal().subject().id()), token.sub.as_deref());
            }
            Err(Rejection::InvalidToken(error)) => {
                let rule = rule_of(&error);
                prop_assert!(broken.contains(rule), "{error}: {}", token.to_json());
            }
            Err(other) => prop_assert!(false, "{other}: {}", token.to_json()),
        }
    }

    #[test]
    fn r22_scopes_are_the_words_of_one_claim(
        scope in scope_claim(),
        scp in scope_claim(),
    ) {
        let mut claims = json!({
            "iss": ISSUER, "sub": "u", "aud": RESOURCE, "exp": 1_800_000_300,
        });
        for (name, value) in [("scope", &scope), ("scp", &scp)] {
            if let Some(value) = value {
                claims[name] = value.clone();
            }
        }
        let now = UnixTime::from_secs(1_800_000_000);
        let authenticator = authenticator(policy(), keys(now));
        let caller = call(&authenticator, &header(&claims.to_string()), now).unwrap();
        let granted: Vec<&str> = caller.principal().scopes().iter().collect();
        let there = |claim: Option<Value>| claim.filter(|value| !value.is_null());
        prop_assert_eq!(granted, expected_scopes(there(scope).or(there(scp))));
    }

    #[test]
    fn r20_a_claim_of_another_type_spoils_the_token(
        (name, value) in of_another_type(),
        also in "[a-z]{0,8}",
    ) {
        let claims = json!({ name: value, format!("x{also}"): also });
        let expected = TokenError::MalformedPayload { claim: Some(name) };
        prop_assert_eq!(Claims::parse(claims.to_string().as_bytes()).unwrap_err(), expected);
    }

    /// Whatever it is, wherever it stands, however it is spelled.
    #[test]
    fn r23_a_member_that_occurs_twice_spoils_the_token(
        name in any::<String>(),
        path in prop::collection::vec(prop::option::of("[a-z]{1,3}"), 0..20),
        (first, second) in (json_value(), json_value()),
    ) {
        let plain = Value::from(&*name).to_string();
        let escaped: String = name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for again in [plain.clone(), format!("\"{escaped}\"")] {
            let twice = format!("{{{plain}:{first},\"another\":0,{again}:{second}}}");
            let once = format!("{{{plain}:{first},\"another\":0}}");
            prop_assert!(Claims::parse(nested(&twice, &path).as_bytes()).is_err());
            // Were it not for the second one, the text would do.
            if name != "another" && !path.is_empty() {
                prop_assert!(Claims::parse(nested(&once, &path).as_bytes()).is_ok());
            }
        }
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let read = Claims::parse(payload.as_slice()).is_ok();
        let object = serde_json::from_slice::<Value>(&payload).is_ok_and(|value| value.is_object());
        prop_assert!(!read || object);
    }
}

#[derive(Debug, Clone)]
struct Token {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Value>,
    exp: Option<Number>,
    nbf: Option<Number>,
    iat: Option<Number>,
}

/// A JSON number as it is spelled.
#[derive(Debug, Clone)]
struct Number(String);

impl Token {
    fn to_json(&self) -> String {
        let mut members = vec![r#""scope":"openid""#.to_owned()];
        let texts = [("iss", self.iss.clone()), ("sub", self.sub.clone())];
        for (name, value) in texts {
            members.extend(value.map(|value| format!("\"{name}\":{}", Value::from(value))));
        }
        members.extend(self.aud.as_ref().map(|aud| format!("\"aud\":{aud}")));
        for (name, number) in [("exp", &self.exp), ("nbf", &self.nbf), ("iat", &self.iat)] {
            members.extend(number.as_ref().map(|Number(text)| format!("\"{name}\":{text}")));
        }
        format!("{{{}}}", members.join(","))
    }

    /// The claims whose rules are broken; `None` where the limits of floating point decide.
    fn broken(&self, now: Duration, leeway: u64) -> Option<BTreeSet<&'static str>> {
        let mut broken = BTreeSet::new();
        if self.iss.as_deref() != Some(ISSUER) {
            broken.insert("iss");
        }
        let len = self.sub.as_deref().unwrap_or_default().chars().count();
        let has_controls = self
            .sub
            .iter()
            .flat_map(|sub| sub.chars())
            .any(|c| matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}'));
        if len == 0 || len > 255 || has_controls {
            broken.insert("sub");
        }
        let audiences: Vec<&str> = match &self.aud {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !audiences.iter().any(|audience| [RESOURCE, OTHER_AUDIENCE].contains(audience)) {
            broken.insert("aud");
        }
        // A token is good before `exp`, and from `nbf` and `iat` on.
        let later = |number: &Number| number.is_later_than(now, leeway);
        match &self.exp {
            None => drop(broken.insert("exp")),
            Some(exp) => {
                let ends_after =
                    exp.is_later_than(now.checked_sub(Duration::from_secs(leeway))?, 0);
                if ends_after? != Order::Later {
                    broken.insert("exp");
                }
                let longest = LIFETIME + leeway;
                let of_issue = self.iat.as_ref().map(|iat| exp.is_further_after(iat, longest));
                if exp.is_later_than(now, longest)? == Order::Later
                    || of_issue.unwrap_or(Some(false))?
                {
                    broken.insert("lifetime");
                }
            }
        }
        for (name, number) in [("nbf", &self.nbf), ("iat", &self.iat)] {
            if let Some(number) = number
                && later(number)? == Order::Later
            {
                broken.insert(name);
            }
        }
        Some(broken)
    }
}

#[derive(PartialEq)]
enum Order {
    Later,
    NotLater,
}

impl Number {
    /// Compares with `time + leeway`: exactly where both are whole and small enough for an `f64`,
    /// and elsewhere only what differs by more than rounding can.
    fn is_later_than(&self, time: Duration, leeway: u64) -> Option<Order> {
        const EXACT: u128 = 1 << 52;
        let order = |later| Some(if later { Order::Later } else { Order::NotLater });
        let limit = u128::from(time.as_secs()) + u128::from(leeway);
        if let Ok(whole) = self.0.parse::<u128>()
            && time.subsec_nanos() == 0
            && whole < EXACT
            && limit < EXACT
        {
            return order(whole > limit);
        }
        let (number, limit) = (self.0.parse::<f64>().unwrap(), time.as_secs_f64() + leeway as f64);
        let difference = number - limit;
        let rounding = number.abs().max(limit).max(1e9) * 1e-14;
        if difference.abs() < rounding { None } else { order(difference > 0.0) }
    }

    /// Whether it is more than `seconds` after `earlier`, where rounding does not decide.
    fn is_further_after(&self, earlier: &Self, seconds: u64) -> Option<bool> {
        let (later, earlier) = (self.0.parse::<f64>().unwrap(), earlier.0.parse::<f64>().unwrap());
        let difference = later - earlier - seconds as f64;
        let rounding = later.abs().max(earlier.abs()).max(1e9) * 1e-14;
        if difference.abs() < rounding { None } else { Some(difference > 0.0) }
    }
}

fn rule_of(error: &TokenError) -> &'static str {
    match error {
        TokenError::MissingClaim(claim) => claim,
        TokenError::UntrustedIssuer { .. } => "iss",
        TokenError::UnacceptableSubject => "sub",
        TokenError::ForeignAudience { .. } => "aud",
        TokenError::Expired { .. } => "exp",
        TokenError::LifetimeTooLong => "lifetime",
        TokenError::NotYetValid => "nbf",
        TokenError::IssuedInTheFuture => "iat",
        other => panic!("no rule of these: {other:?}"),
    }
}

/// A time, a leeway, and a token whose dates are mostly about as far off as decides.
fn world() -> impl Strategy<Value = (Duration, u64, Token)> {
    (times(), prop_oneof![Just(0), Just(30), Just(300), 0..=300_u64])
        .prop_flat_map(|(now, leeway)| (Just(now), Just(leeway), token(now, leeway)))
}

fn times() -> impl Strategy<Value = Duration> {
    // Keys fetched at the very end of time are never good: leave them a few days.
    const LATEST: u64 = u64::MAX - 10_000_000;
    let seconds = prop_oneof![
        6 => Just(1_800_000_000),
        2 => 1_700_000_000..2_000_000_000_u64,
        1 => 0..1_000_u64,
        1 => 0..LATEST,
        1 => Just(LATEST),
    ];
    (seconds, prop_oneof![3 => Just(0), 1 => 0..1_000_000_000_u32])
        .prop_map(|(seconds, nanos)| Duration::new(seconds, nanos))
}

fn token(now: Duration, leeway: u64) -> impl Strategy<Value = Token> {
    let or_absent = |number: BoxedStrategy<Number>| prop::option::weighted(0.8, number);
    let good = |offset: i64| near(now, offset).prop_map(Some);
    (
        prop_oneof![6 => Just(Some(ISSUER.to_owned())), 1 => prop::option::of(issuers())],
        prop_oneof![4 => Just(Some("user_ada".to_owned())), 1 => prop::option::of(subjects())],
        prop_oneof![6 => Just(Some(json!(RESOURCE))), 3 => prop::option::of(audiences())],
        prop_oneof![
            1 => good(1_000),
            2 => or_absent(dates(now, leeway)),
            1 => near_the_longest_lifetime(now, leeway).prop_map(Some),
        ],
        prop_oneof![1 => Just(None), 1 => or_absent(dates(now, leeway))],
        prop_oneof![1 => Just(None), 1 => or_absent(dates(now, leeway))],
    )
        .prop_map(|(iss, sub, aud, exp, nbf, iat)| Token { iss, sub, aud, exp, nbf, iat })
}

fn issuers() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("{ISSUER}/")),
        Just(ISSUER.to_uppercase()),
        Just(ISSUER.replace("https", "http")),
        any::<String>(),
    ]
}

fn subjects() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(any::<char>(), 0..4).prop_map(String::from_iter),
        (250..260_usize, prop_oneof![Just('x'), Just('ü'), Just('𐍈')])
            .prop_map(|(len, c)| c.to_string().repeat(len)),
        (0..256_u32).prop_map(|c| format!("a{}b", char::from_u32(c).unwrap())),
    ]
}

fn audiences() -> impl Strategy<Value = Value> {
    let one = || {
        prop_oneof![
            Just(RESOURCE.to_owned()),
            Just(OTHER_AUDIENCE.to_owned()),
            Just(format!("{RESOURCE}/")),
            Just("https://app.example.com".to_owned()),
            any::<String>(),
        ]
    };
    prop_oneof![
        one().prop_map(Value::from),
        prop::collection::vec(one(), 0..4).prop_map(Value::from),
    ]
}

/// Any number that JSON can spell and an `f64` can hold, most of them where a rule is decided.
fn dates(now: Duration, leeway: u64) -> BoxedStrategy<Number> {
    let leeway = leeway as i64;
    prop_oneof![
        6 => (prop_oneof![Just(leeway), Just(0), Just(-leeway)], -1..=1_i64)
            .prop_flat_map(move |(edge, offset)| near(now, edge + offset)),
        2 => (-700..700_i64).prop_flat_map(move |offset| near(now, offset)),
        2 => (-700.0..700.0_f64).prop_map(move |offset| {
            Number(Value::from(now.as_secs_f64() + offset).to_string())
        }),
        1 => any::<u64>().prop_map(|number| Number(number.to_string())),
        1 => any::<i64>().prop_map(|number| Number(number.to_string())),
        1 => any::<f64>().prop_filter("JSON has no other numbers", |number| number.is_finite())
            .prop_map(|number| Number(Value::from(number).to_string())),
        1 => prop_oneof![
            Just("-0"), Just("0.0"), Just("1e-400"), Just("18446744073709551616"), Just("1e308"),
            Just("-1.7976931348623157e308"), Just("9007199254740993"), Just("5e-324"),
        ].prop_map(|text| Number(text.to_owned())),
    ]
    .boxed()
}

fn near_the_longest_lifetime(now: Duration, leeway: u64) -> impl Strategy<Value = Number> {
    let longest = (LIFETIME + leeway) as i64;
    (-700..700_i64, -1..=1_i64).prop_flat_map(move |(offset, edge)| {
        prop_oneof![near(now, longest + offset), near(now, longest + edge)]
    })
}

/// So many whole seconds from `now`.
fn near(now: Duration, offset: i64) -> BoxedStrategy<Number> {
    let number = i128::from(now.as_secs()) + i128::from(offset);
    Just(Number(number.to_string())).boxed()
}

fn scope_claim() -> impl Strategy<Value = Option<Value>> {
    let text = || prop_oneof![2 => "[ a-c]{0,8}", 1 => "[ a-c\t\n]{0,8}", 1 => "[ -~]{0,8}", 1 => any::<String>()];
    prop::option::of(prop_oneof![
        text().prop_map(Value::from),
        prop::collection::vec(text(), 0..4).prop_map(Value::from),
        Just(Value::Null),
    ])
}

/// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`, separated by spaces.
fn expected_scopes(claim: Option<Value>) -> Vec<String> {
    let words: Vec<String> = match claim {
        Some(Value::String(list)) => list.split(' ').map(str::to_owned).collect(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
        }
        _ => Vec::new(),
    };
    let is_scope = |word: &String| {
        let allowed = |c: char| ('!'..='~').contains(&c) && c != '"' && c != '\\';
        !word.is_empty() && word.chars().all(allowed)
    };
    words.into_iter().filter(is_scope).collect()
}

fn of_another_type() -> impl Strategy<Value = (&'static str, Value)> {
    let texts = prop::sample::select(vec!["iss", "sub", "jti"]);
    let dates = prop::sample::select(vec!["exp", "nbf", "iat"]);
    let lists = prop::sample::select(vec!["aud", "scope", "scp"]);
    let is_list = |value: &Value| {
        value.as_array().is_some_and(|items| items.iter().all(|item| item.is_string()))
    };
    prop_oneof![
        (texts, json_value().prop_filter("another type", |value| !value.is_string())),
        (dates, json_value().prop_filter("another type", |value| !value.is_number())),
        (
            lists,
            json_value().prop_filter("another type", move |value| {
                !value.is_string() && !is_list(value) && !value.is_null()
            })
        ),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// `json` within objects, under the names of `path`, and within arrays, where there is none. The
/// outermost is an object under a name that no claim has.
fn nested(json: &str, path: &[Option<String>]) -> String {
    let mut text = json.to_owned();
    for (depth, name) in path.iter().enumerate() {
        text = match name {
            _ if depth + 1 == path.len() => format!("{{\"x_outermost\":{text}}}"),
            Some(name) => format!("{{\"{name}\":{text}}}"),
            None => format!("[{text}]"),
        };
    }
    text
}
