//! How a response answers messages, read from a copy while it passes.

use serde::de::MapAccess;
use serde_json::Value;

use super::{
    one_or_many::{self, read_flag, skip},
    record::Outcome,
};
use crate::strict_json::{ObjectReader, Simple, read_simple, read_value};

/// The most of a JSON response, or of one event of a stream, that is copied, in bytes.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// Reads the answers in a response's body: JSON, or a stream of events (`text/event-stream`).
#[derive(Debug)]
pub struct AnswerReader {
    form: Form,
    /// A JSON body, or the data of the event that is being read.
    copy: Vec<u8>,
    is_too_long: bool,
}

#[derive(Debug)]
enum Form {
    Json,
    Events(Lines),
    Other,
}

/// Where a stream of events stands (HTML, "Server-sent events", §9.2.5).
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    /// Whether the line has characters, those included that were too many to be copied.
    has_content: bool,
    is_after_cr: bool,
}

/// An answer: to which id, and how it ended.
pub type Answer = (Option<Value>, Outcome);

impl AnswerReader {
    /// For a body of this `Content-Type`.
    pub fn new(content_type: Option<&[u8]>) -> Self {
        let essence = content_type.and_then(|value| value.split(|byte| *byte == b';').next());
        let essence = essence.unwrap_or_default().trim_ascii();
        let form = match essence {
            _ if essence.eq_ignore_ascii_case(b"application/json") => Form::Json,
            _ if essence.eq_ignore_ascii_case(b"text/event-stream") => {
                Form::Events(Lines::default())
            }
            _ => Form::Other,
        };
        Self { form, copy: Vec::new(), is_too_long: false }
    }

    /// Takes the next piece of the body. `found` gets the answers of events that it completes.
    pub fn push(&mut self, piece: &[u8], found: &mut impl FnMut(Answer)) {
        match &mut self.form {
            Form::Json => add(&mut self.copy, piece, MAX_ANSWER, &mut self.is_too_long),
            Form::Events(lines) => lines.push(piece, &mut self.copy, &mut self.is_too_long, found),
            Form::Other => {}
        }
    }

    /// The body has ended. `found` gets the answers of a JSON body.
    pub fn end(&mut self, found: &mut impl FnMut(Answer)) {
        if matches!(self.form, Form::Json) && !self.is_too_long {
            read_answers(&self.copy, found);
        }
        self.copy = Vec::new();
    }
}

impl Lines {
    fn push(
        &mut self,
        mut piece: &[u8],
        data: &mut Vec<u8>,
        is_too_long: &mut bool,
        found: &mut impl FnMut(Answer),
    ) {
        while !piece.is_empty() {
            if std::mem::take(&mut self.is_after_cr) && piece[0] == b'\n' {
                piece = &piece[1..];
                continue;
            }
            let end = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &piece[..end.unwrap_or(piece.len())];
            self.has_content |= !part.is_empty();
            add(&mut self.line, part, MAX_ANSWER.saturating_sub(data.len()), is_too_long);
            let Some(end) = end else { return };
            self.is_after_cr = piece[end] == b'\r';
            piece = &piece[end + 1..];
            self.end_line(data, is_too_long, found);
        }
    }

    fn end_line(
        &mut self,
        data: &mut Vec<u8>,
        is_too_long: &mut bool,
        found: &mut impl FnMut(Answer),
    ) {
        if !std::mem::take(&mut self.has_content) {
            if !data.is_empty() && !*is_too_long {
                read_answers(data, found);
            }
            // The next event is read, whatever this one was.
            data.clear();
            *is_too_long = false;
        } else if let Some(value) = self.line.strip_prefix(b"data:") {
            let value = value.strip_prefix(b" ").unwrap_or(value);
            if !data.is_empty() {
                data.push(b'\n');
            }
            data.extend_from_slice(value);
        }
        self.line.clear();
    }
}

/// Adds a piece to a copy, unless the copy or one of its pieces was too long.
fn add(copy: &mut Vec<u8>, piece: &[u8], max: usize, is_too_long: &mut bool) {
    *is_too_long |= copy.len() + piece.len() > max;
    match *is_too_long {
        true => copy.clear(),
        false => copy.extend_from_slice(piece),
    }
}

/// The answers in a text; none where it is not JSON-RPC.
fn read_answers(text: &[u8], found: &mut impl FnMut(Answer)) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let read = one_or_many::read(text, AnswerMembers::default);
    for answer in read.unwrap_or_default() {
        let outcome = match (answer.is_message, answer.error, answer.result) {
            (false, Some(code), _) => Outcome::JsonRpcError { code },
            (false, None, Some(true)) => Outcome::ToolError,
            (false, None, Some(false)) => Outcome::Ok,
            // A request or notification of the server.
            _ => continue,
        };
        found((answer.id, outcome));
    }
}

#[derive(Default)]
struct AnswerMembers {
    id: Option<Value>,
    is_message: bool,
    /// Whether it says `isError`.
    result: Option<bool>,
    /// The code.
    error: Option<i64>,
}

impl<'de> ObjectReader<'de> for AnswerMembers {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "id" => {
                self.id = match read_simple(values)? {
                    Simple::Text(text) => Some(Value::String(text.into_owned())),
                    Simple::Number(number) => Some(Value::Number(number)),
                    Simple::Object | Simple::Other => None,
                };
            }
            "method" => {
                self.is_message = true;
                skip(values)?;
            }
            "result" => {
                let mut result = ResultMembers(false);
                read_value(values, &mut result)?;
                self.result = Some(result.0);
            }
            "error" => {
                let mut error = ErrorMembers(0);
                read_value(values, &mut error)?;
                self.error = Some(error.0);
            }
            _ => skip(values)?,
        }
        Ok(())
    }
}

struct ResultMembers(bool);

impl<'de> ObjectReader<'de> for ResultMembers {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "isError" => self.0 = read_flag(values)?,
            _ => skip(values)?,
        }
        Ok(())
    }
}

struct ErrorMembers(i64);

impl<'de> ObjectReader<'de> for ErrorMembers {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "code" => {
                if let Simple::Number(code) = read_simple(values)? {
                    self.0 = code.as_i64().unwrap_or_default();
                }
            }
            _ => skip(values)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, pieces: &[&[u8]]) -> Vec<(String, Outcome)> {
        let mut found = Vec::new();
        let mut note = |(id, outcome): Answer| {
            found.push((id.map(|id| id.to_string()).unwrap_or_default(), outcome));
        };
        let mut reader = AnswerReader::new(Some(content_type.as_bytes()));
        pieces.iter().for_each(|piece| reader.push(piece, &mut note));
        reader.end(&mut note);
        found
    }

    const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

    #[test]
    fn r40_json_answers_tell_results_tool_errors_and_errors() {
        let batch = br#"[{"id":1,"result":{}},{"id":"a","result":{"isError":true}},
            {"id":2,"error":{"code":-32601,"message":"no"}},{"id":3,"method":"ping"},
            {"result":{"isError":"true"}},{"id":null,"error":7}]"#;
        let expected = [
            ("1".to_owned(), Outcome::Ok),
            ("\"a\"".to_owned(), Outcome::ToolError),
            ("2".to_owned(), Outcome::JsonRpcError { code: -32601 }),
            (String::new(), Outcome::Ok),
            (String::new(), Outcome::JsonRpcError { code: 0 }),
        ];
        assert_eq!(read("Application/JSON; charset=utf-8", &[batch]), expected);
        for other in [&b"not json"[..], b"", b"\xff", b"[1]", b"{}", b"\"x\""] {
            assert_eq!(read("application/json", &[other]), []);
        }
        assert_eq!(read("text/plain", &[RESULT.as_bytes()]), []);
    }

    #[test]
    fn r40_event_streams_are_read_however_they_are_cut() {
        let one = [("1".to_owned(), Outcome::Ok)];
        for end in ["\n", "\r\n", "\r"] {
            let stream = ": hello\nevent: message\nid: 7\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\n\
                          data:\"result\":{}}\n\ndata: {\"method\":\"x\"}\n\n";
            let stream = stream.replace('\n', end);
            let whole = read("text/event-stream", &[stream.as_bytes()]);
            assert_eq!(whole, one, "{end:?}");
            let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
            assert_eq!(read("text/event-stream", &bytes), one, "{end:?}");
        }
    }

    #[test]
    fn r40_what_is_beyond_a_mebibyte_is_not_read() {
        let long = format!(r#"{{"id":1,"result":{{"x":"{}"}}}}"#, "x".repeat(MAX_ANSWER));
        assert_eq!(read("application/json", &[long.as_bytes()]), []);
        let pieces: Vec<&[u8]> = long.as_bytes().chunks(1_000).collect();
        assert_eq!(read("application/json", &pieces), []);
        // No line of an event that is too long is taken for an event.
        let lines = format!("data: {long}\ndata: {RESULT}\n\n");
        assert_eq!(read("text/event-stream", &[lines.as_bytes()]), []);
        // The event after one that is too long is read again.
        let stream = format!("data: {long}\n\ndata: {RESULT}\n\n");
        let pieces: Vec<&[u8]> = stream.as_bytes().chunks(1_000).collect();
        let one = [("1".to_owned(), Outcome::Ok)];
        assert_eq!(read("text/event-stream", &pieces), one);
        assert_eq!(read("text/event-stream", &[stream.as_bytes()]), one);
    }
}
