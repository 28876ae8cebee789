//! A flood of bad tokens: the log is bounded, and the counts add up.

use std::time::Duration;

use actix_mcp_auth::{
    AuthedUser, McpAuth, McpAuthBuilder,
    operation::LogSampling,
    testing::{Endpoint, Fault, TestAuthority},
};
use actix_web::{App, http::StatusCode, test, web};
use tracing::subscriber::DefaultGuard;

use crate::{
    logs::{Lines, process_log},
    support::{RESOURCE, authority, builder, good_token},
};

/// Captures what this thread logs from now on: the application under test runs on it.
fn listen() -> (Lines, DefaultGuard) {
    // No thread is without a subscriber from here on: see `logged`.
    process_log();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    (lines, tracing::subscriber::set_default(subscriber))
}

/// Calls with these tokens in turn, so many times, and drops the protection.
async fn call(builder: McpAuthBuilder, tokens: &[&str], times: usize) -> Vec<StatusCode> {
    let auth = builder.build().unwrap();
    ready(&auth).await;
    let app = test::init_service(
        App::new().service(
            web::resource("/mcp")
                .wrap(auth.middleware())
                .route(web::post().to(async |_: AuthedUser| "")),
        ),
    );
    let (app, mut statuses) = (app.await, Vec::new());
    for token in tokens.iter().cycle().take(times) {
        let request = test::TestRequest::post().uri("/mcp");
        let request = request.insert_header(("Authorization", format!("Bearer {token}")));
        statuses.push(test::call_service(&app, request.to_request()).await.status());
    }
    statuses
}

async fn ready(auth: &McpAuth) {
    for _ in 0..500 {
        if auth.health().issuers.iter().any(|issuer| issuer.ready || issuer.failures > 0) {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no fetch has ended: {:?}", auth.health());
}

/// The lines of one reason: how many tell of a request, and how many left out they tell of.
fn count(log: &str, reason: &str) -> (usize, usize) {
    let of_reason = |line: &&str| line.contains(&format!("reason=\"{reason}\""));
    let (mut written, mut suppressed) = (0, 0);
    for line in log.lines().filter(of_reason) {
        written += usize::from(!line.contains("event=\"events_suppressed\""));
        if let Some((_, rest)) = line.split_once(" suppressed=") {
            suppressed += rest.split(' ').next().unwrap().parse::<usize>().unwrap();
        }
    }
    (written, suppressed)
}

fn bad_tokens(authority: &TestAuthority) -> [String; 4] {
    let token = || authority.token().subject("user_ada").audience(RESOURCE);
    [
        "no.token.at-all".into(),
        token().expired_for(Duration::from_secs(3600)).sign(),
        token().signed_by_stranger().sign(),
        token().issuer("https://elsewhere.example").sign(),
    ]
}

const REASONS: [&str; 4] = ["malformed", "expired", "bad_signature", "untrusted_issuer"];

#[actix_web::test]
async fn a_flood_of_bad_tokens_writes_few_lines_and_every_refusal_is_counted() {
    let authority = authority();
    let tokens = bad_tokens(&authority);
    let (lines, _guard) = listen();
    let tokens = tokens.each_ref().map(String::as_str);
    let statuses = call(builder(&authority), &tokens, 10_000).await;
    assert!(statuses.iter().all(|status| *status == 401));
    let log = lines.text();
    for reason in REASONS {
        let (written, suppressed) = count(&log, reason);
        assert_eq!(written + suppressed, 2_500, "{reason}: {written} and {suppressed}");
    }
    let lines = log.lines().count();
    assert!(lines < 300, "{lines} lines");
    assert!(log.len() < 200_000, "{} bytes", log.len());
}

#[actix_web::test]
async fn r24_a_flood_of_made_up_kids_is_503_sampled_and_counted() {
    let authority = authority();
    let made_up: Vec<String> = (0..200)
        .map(|n| authority.token().subject("user_ada").audience(RESOURCE).kid(n.to_string()).sign())
        .collect();
    let tokens: Vec<&str> = made_up.iter().map(String::as_str).collect();
    let (lines, _guard) = listen();
    let statuses = call(builder(&authority), &tokens, 2_000).await;
    let with = |status| statuses.iter().filter(|found| **found == status).count();
    let (refused, unavailable) =
        (with(StatusCode::UNAUTHORIZED), with(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(refused + unavailable, 2_000);
    let log = lines.text();
    for (reason, expected) in [("unknown_key", refused), ("key_cool_down", unavailable)] {
        let (written, suppressed) = count(&log, reason);
        assert_eq!(written + suppressed, expected, "{reason}: {written} and {suppressed}");
        assert!(written < 100, "{written} lines for {reason}");
    }
    assert!(refused >= 3 && unavailable > 1_000, "{refused} and {unavailable}");
}

#[actix_web::test]
async fn off_writes_every_refusal() {
    let authority = authority();
    let (lines, _guard) = listen();
    let builder = builder(&authority).log_sampling(LogSampling::off());
    call(builder, &["no.token.at-all"], 500).await;
    assert_eq!(count(&lines.text(), "malformed"), (500, 0));
}

#[actix_web::test]
async fn outages_are_sampled_as_well() {
    let authority = authority();
    authority.inject(Endpoint::Jwks, Fault::Unavailable);
    let token = good_token(&authority);
    let (lines, _guard) = listen();
    let statuses = call(builder(&authority), &[&token], 300).await;
    assert!(statuses.iter().all(|status| *status == 503));
    let (written, suppressed) = count(&lines.text(), "keys_unavailable");
    assert_eq!(written + suppressed, 300);
    assert!((10..40).contains(&written), "{written}");
    assert!(lines.text().contains(" WARN "));
}

#[actix_web::test]
async fn what_was_left_out_is_told_on_the_next_request_even_a_good_one() {
    let authority = authority();
    let good = good_token(&authority);
    let (lines, _guard) = listen();
    let short = LogSampling::new(1, Duration::from_millis(200));
    let auth = builder(&authority).log_sampling(short).build().unwrap();
    ready(&auth).await;
    let app = test::init_service(
        App::new().service(
            web::resource("/mcp")
                .wrap(auth.middleware())
                .route(web::post().to(async |_: AuthedUser| "")),
        ),
    )
    .await;
    let call = async |token: &str| {
        let request = test::TestRequest::post().uri("/mcp");
        let request = request.insert_header(("Authorization", format!("Bearer {token}")));
        test::call_service(&app, request.to_request()).await.status()
    };
    for _ in 0..3 {
        assert_eq!(call("no.token.at-all").await, 401);
    }
    assert_eq!(count(&lines.text(), "malformed"), (2, 0), "the first two, and the third is owed");
    actix_web::rt::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(call(&good).await, 200);
    assert_eq!(count(&lines.text(), "malformed"), (2, 1));
    assert!(lines.text().contains("event=\"events_suppressed\""), "{}", lines.text());
}
