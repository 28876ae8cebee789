use super::*;

#[test]
fn r09_debug_of_request_and_response_shows_no_secrets() {
    let request = HttpRequest::post("https://api.example.com/token?code=s3cret")
        .bearer(&Secret::new("s3cret"))
        .header("cookie", "s3cret")
        .body("text/plain", "s3cret");
    let response = HttpResponse::new(200).with_header("set-cookie", "s3cret").with_body("s3cret");
    let shown = format!("{request:?} {response:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("https://api.example.com/token"), "{shown}");
    assert!(shown.contains("authorization") && shown.contains("set-cookie"), "{shown}");
    assert!(request.headers()[0].is_secret());
}

#[test]
fn last_value_of_a_request_header_counts() {
    let request = HttpRequest::get("https://h").header("accept", "a").header("accept", "b");
    let values: Vec<&[u8]> = request.headers().iter().map(HttpHeader::value).collect();
    assert_eq!(values, [b"b"]);
}

#[test]
fn error_bodies_are_read_on_demand_only() {
    let request = HttpRequest::get("https://h");
    assert!(request.reads_body_of(200) && !request.reads_body_of(400));
    assert!(request.reading_error_bodies().reads_body_of(400));
}
