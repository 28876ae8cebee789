//! Changes a JSON text by its structure. The result is mostly valid JSON, so it reaches deeper
//! checks than flipped bytes.

use serde_json::Value;

/// Pseudo-random numbers from a seed, so that libFuzzer can repeat a change.
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed) | 1 << 40)
    }

    /// One of `0..bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Changes something in `json`. `values` are JSON texts to insert; strings among them are also used
/// as members' names. `bytes` is libFuzzer's own function to change bytes.
pub fn mutate(
    json: &[u8],
    values: &[impl AsRef<str>],
    random: &mut Random,
    bytes: &mut dyn FnMut(&mut Vec<u8>),
) -> Vec<u8> {
    let parsed: Option<Value> = serde_json::from_slice(json).ok();
    let (Some(mut root), true) = (parsed, random.below(5) > 0) else {
        let mut text = json.to_vec();
        bytes(&mut text);
        return text;
    };
    let chosen = random.below(count(&root));
    let new: Value = match values.is_empty() {
        true => Value::Null,
        false => {
            let text = values[random.below(values.len())].as_ref();
            match serde_json::from_str(text) {
                Ok(value) => value,
                // It is invalid JSON on purpose, so it replaces the value in the text.
                Err(_) => return in_place_of_a_value(&root, chosen, text),
            }
        }
    };
    let Some(node) = nth(&mut root, &mut { chosen }) else { return json.to_vec() };
    match random.below(6) {
        0 | 1 => *node = new,
        2 => add(node, new, random),
        3 => remove(node, random),
        4 => change_bytes(node, bytes),
        _ => return twice(&root, new, random),
    }
    root.to_string().into_bytes()
}

fn in_place_of_a_value(root: &Value, chosen: usize, text: &str) -> Vec<u8> {
    const MARK: &str = "\u{1}here\u{1}";
    let mut marked = root.clone();
    if let Some(node) = nth(&mut marked, &mut { chosen }) {
        *node = MARK.into();
    }
    let mark = Value::from(MARK).to_string();
    marked.to_string().replace(&mark, text).into_bytes()
}

fn add(node: &mut Value, new: Value, random: &mut Random) {
    match node {
        Value::Object(members) => {
            let name = match &new {
                Value::String(text) => text.clone(),
                _ => format!("m{}", random.below(9)),
            };
            // A value from elsewhere in the text probably has a useful type.
            let nth = random.below(members.len());
            let value = members.values().nth(nth).cloned().unwrap_or(new);
            members.insert(name, value);
        }
        Value::Array(items) => items.push(new),
        other => *other = Value::Array(vec![other.take(), new]),
    }
}

fn remove(node: &mut Value, random: &mut Random) {
    match node {
        Value::Object(members) => {
            let nth = random.below(members.len());
            if let Some(name) = members.keys().nth(nth).cloned() {
                members.remove(&name);
            }
        }
        Value::Array(items) if !items.is_empty() => drop(items.remove(random.below(items.len()))),
        other => *other = Value::Null,
    }
}

fn change_bytes(node: &mut Value, bytes: &mut dyn FnMut(&mut Vec<u8>)) {
    let mut text = match &*node {
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    };
    bytes(&mut text);
    *node = match (&*node, String::from_utf8_lossy(&text)) {
        (Value::String(_), text) => text.into_owned().into(),
        (_, text) => serde_json::from_str(&text).unwrap_or(Value::Null),
    };
}

/// The outermost object with one of its members duplicated, which no `Value` can represent.
fn twice(root: &Value, new: Value, random: &mut Random) -> Vec<u8> {
    let text = root.to_string();
    let Value::Object(members) = root else { return text.into_bytes() };
    let nth = random.below(members.len());
    match (members.keys().nth(nth), text.strip_prefix('{')) {
        (Some(name), Some(rest)) => {
            format!("{{{}:{new},{rest}", Value::from(name.as_str())).into_bytes()
        }
        _ => text.into_bytes(),
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// The value that comes `left` others after this one, in the order of the text.
fn nth<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Object(members) => members.values_mut().find_map(|value| nth(value, left)),
        Value::Array(items) => items.iter_mut().find_map(|value| nth(value, left)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_what_comes_out_is_json_again_and_most_of_it_is_new() {
        let json = br#"{"a":1,"b":["x",{"c":null}],"d":"text"}"#;
        let values = [r#""e""#, "1e400", "[1,2]"];
        let (mut valid, mut changed) = (0, 0);
        for seed in 0..1_000 {
            let flip = &mut |bytes: &mut Vec<u8>| bytes.push(b'!');
            let made = mutate(json, &values, &mut Random::new(seed * 7919), flip);
            valid += usize::from(serde_json::from_slice::<Value>(&made).is_ok());
            changed += usize::from(made != json);
        }
        assert!(valid > 500 && changed > 800, "{valid} valid, {changed} changed");
    }
}
