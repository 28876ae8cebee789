//! Finds duplicate members by scanning the text, without a parser of core.

use std::collections::HashSet;

/// Whether an object in this valid JSON text has two members with one name.
pub(crate) fn has_duplicates(json: &str) -> bool {
    let mut open: Vec<HashSet<String>> = Vec::new();
    let mut rest = json.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'{' | b'[' => open.push(HashSet::new()),
            b'}' | b']' => drop(open.pop()),
            b'"' => {
                let (text, after) = rest_of_string(rest);
                rest = after;
                // A string before a colon is a member's name.
                if after.trim_ascii_start().first() == Some(&b':') {
                    let is_new = open.last_mut().is_none_or(|names| names.insert(text));
                    if !is_new {
                        return true;
                    }
                }
            }
            _ => {}
        }
    }
    false
}

/// The string whose opening quote has just been read, without its escapes, and what follows it.
fn rest_of_string(bytes: &[u8]) -> (String, &[u8]) {
    let mut end = 0;
    while bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let quoted = [b"\"", &bytes[..end], b"\""].concat();
    (serde_json::from_slice(&quoted).expect("part of a valid text"), &bytes[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_them_at_every_depth_and_under_escapes() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061" : 1}"#,
            r#"{"x":[{"b":"\"b\":","b":2}]}"#,
            r#"{"x":{"y":{}},"z":{"\\":1,"\\":2}}"#,
        ] {
            assert!(has_duplicates(json), "{json}");
        }
        for json in [
            r#"{"a":"a","b":"a"}"#,
            r#"[{"a":1},{"a":1}]"#,
            r#"{"a":{"a":1}}"#,
            r#"["a:","a:"]"#,
            "{}",
        ] {
            assert!(!has_duplicates(json), "{json}");
        }
    }
}
