//! The pages, as a browser sees them.

use actix_mcp_auth::testing::TestAuthority;
use bookmarket::settings;
use serde_json::json;

use crate::{
    agent::Answer,
    browser::{Browser, first_id, titles},
    place::Place,
    server::Server,
};

const KEY: &str = "sk_test_of_the_environment";
const PASSWORD: &str = "a secret of the tests, long enough for cookies";
const CLIENT_ID: &str = "client_01TESTS";

/// Bookmarket with everything that its pages need.
pub(crate) async fn server(more: &[(&'static str, &str)]) -> Server {
    let authority = TestAuthority::builder().workos_api_key(KEY).client_id(CLIENT_ID);
    let authority = authority.local_session_issuer().start().expect("an authority starts");
    let api_url = authority.session_issuer().to_owned();
    let mut settings = vec![
        (settings::CLIENT_ID, CLIENT_ID),
        (settings::API_KEY, KEY),
        (settings::COOKIE_PASSWORD, PASSWORD),
        (settings::API_URL, &api_url),
    ];
    settings.extend(more);
    Server::start_in(Place::new(), authority, &settings).await
}

/// The browser of a person who has signed in.
pub(crate) async fn browser_of(server: &Server, person: &str) -> Browser {
    server.authority.auto_approve(person);
    let browser = Browser::new(&server.resource);
    let page = browser.sign_in().await;
    assert!(page.text.contains(&format!(">{person}</strong>")), "{page:?}");
    browser
}

pub(crate) async fn add(browser: &Browser, url: &str, title: &str, tags: &str) -> Answer {
    let form = [("url", url), ("title", title), ("tags", tags)];
    browser.submit("/bookmarks", &form).await
}

#[actix_web::test]
async fn what_is_added_is_listed_found_and_deleted() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let empty = ada.open("/bookmarks").await;
    assert!(empty.text.contains("There is none yet"), "{empty:?}");

    let first = add(&ada, "https://example.com/engines", "Engines", "maths, Steam").await;
    assert!(first.text.contains("The bookmark was added."), "{first:?}");
    let second = add(&ada, "https://example.com/looms", "Looms", "").await;
    assert_eq!(titles(&second), ["Looms", "Engines"]);
    assert!(second.text.contains("href=\"https://example.com/looms\""), "{second:?}");
    assert!(second.text.contains("<h2 id=\"list\">2 bookmarks</h2>"), "{second:?}");

    let found = ada.open("/bookmarks?q=STEAM+maths").await;
    assert_eq!(titles(&found), ["Engines"]);
    assert!(found.text.contains("value=\"STEAM maths\""), "{found:?}");
    let delete = format!("/bookmarks/{}/delete", first_id(&found));
    assert!(found.text.contains("Delete<span class=\"hidden\"> “Engines”</span>"), "{found:?}");
    let deleted = ada.submit(&delete, &[("q", "maths")]).await;
    assert!(deleted.text.contains("The bookmark was deleted."), "{deleted:?}");
    assert!(deleted.text.contains("0 bookmarks found"), "the same search: {deleted:?}");
    assert_eq!(titles(&ada.open("/bookmarks").await), ["Looms"]);
    assert_eq!(ada.submit(&delete, &[]).await.status, 404);
}

#[actix_web::test]
async fn long_lists_are_shown_in_pages() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    for n in 1..=51 {
        let form = [("url", "https://example.com/"), ("title", &*format!("Page {n}"))];
        assert_eq!(ada.post("/bookmarks", &form, "same-origin").await.status, 303);
    }
    let first = ada.open("/bookmarks?q=page").await;
    assert_eq!(titles(&first).len(), 50);
    assert!(first.text.contains("href=\"/bookmarks?q=page&amp;page=2\""), "{first:?}");
    assert_eq!(titles(&ada.open("/bookmarks?q=page&page=2").await), ["Page 1"]);
    assert_eq!(titles(&ada.open("/bookmarks?page=99").await), ["Page 1"]);
    assert_eq!(ada.open("/bookmarks?page=x").await.status, 400);
}

#[actix_web::test]
async fn a_rejected_form_comes_back_with_what_was_typed() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let long = "x".repeat(3_000);
    let many = "1,2,3,4,5,6,7,8,9,10,11";
    for (url, title, tags, field, reason) in [
        ("example.com", "T", "", "url", "The address is not a full address"),
        ("javascript:alert(1)", "T", "", "url", "The address must begin with https://"),
        ("https://a:b@h.example", "T", "", "url", "must not hold a user name or a password"),
        (&*format!("https://h.example/{long}"), "T", "", "url", "at most 2048 bytes"),
        ("https://h.example", " ", "", "title", "The title must be one line"),
        ("https://h.example", &long, "", "title", "The title must be one line"),
        ("https://h.example", "T", &long, "tags", "Each tag must be one line"),
        ("https://h.example", "T", many, "tags", "The number of tags must be at most 10"),
    ] {
        let page = add(&ada, url, title, tags).await;
        assert_eq!(page.status, 422, "{page:?}");
        assert!(page.text.contains("<title>Not added · Bookmarket</title>"), "{page:?}");
        let problem = page.text.split("id=\"add-problem\"").nth(1).expect("a reason");
        assert!(problem.split("</p>").next().is_some_and(|it| it.contains(reason)), "{page:?}");
        let input = page.text.split("<input").find(|it| it.contains(&format!("name=\"{field}\"")));
        let input = input.and_then(|it| it.split('>').next()).expect("the field");
        assert!(input.contains("aria-invalid=\"true\""), "{input}");
        assert!(input.contains("aria-describedby=\"add-problem"), "{input}");
        for typed in [url, title, tags] {
            assert!(page.text.contains(&format!("value=\"{typed}\"")), "{page:?}");
        }
    }
    assert!(ada.open("/bookmarks").await.text.contains("There is none yet"));

    let too_long = ada.open(&format!("/bookmarks?q={}", "x".repeat(201))).await;
    assert_eq!(too_long.status, 422);
    assert!(too_long.text.contains("A search must be at most 200 characters"), "{too_long:?}");
    assert_eq!(ada.submit("/bookmarks", &[("url", "https://h.example")]).await.status, 400);
    assert_eq!(add(&ada, "https://h.example", &"x".repeat(100_000), "").await.status, 413);
}

#[actix_web::test]
async fn what_people_and_agents_type_is_never_markup() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let evil = "\"'><script>alert(1)</script>";
    let agent = server.agent_of("user_ada");
    agent.add("https://example.com/?\"'><script>", evil, &[evil]).await;

    let list = ada.open(&format!("/bookmarks?q={}", "%22%27%3E%3Cscript%3E")).await;
    let rejected = add(&ada, evil, evil, evil).await;
    for page in [&list, &rejected] {
        assert!(page.text.contains("&lt;script&gt;"), "{page:?}");
        assert!(!page.text.contains("<script") && !page.text.contains("\"'>"), "{page:?}");
    }
    assert_eq!(titles(&list), ["&quot;'&gt;&lt;script&gt;alert(1)&lt;/script&gt;"]);
}

#[actix_web::test]
async fn agents_and_pages_show_the_same_bookmarks() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let agent = server.agent_of("user_ada");
    add(&ada, "https://example.com/", "From the page", "").await;
    assert_eq!(agent.titles().await, ["From the page"]);

    let id = agent.add("https://example.com/", "From the agent", &["mcp"]).await;
    assert_eq!(titles(&ada.open("/bookmarks").await), ["From the agent", "From the page"]);
    ada.submit(&format!("/bookmarks/{id}/delete"), &[]).await;
    assert_eq!(agent.titles().await, ["From the page"]);
    assert_eq!(agent.call("whoami", json!({})).await.data["bookmarks"], 1);
}

#[actix_web::test]
async fn two_people_see_and_delete_only_their_own() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let grace = browser_of(&server, "user_grace").await;
    let own = first_id(&add(&ada, "https://example.com/", "Engines", "").await);

    let others = grace.open("/bookmarks?q=engines").await;
    assert!(!others.text.contains("https://example.com/") && titles(&others).is_empty());
    let anothers = grace.submit(&format!("/bookmarks/{own}/delete"), &[]).await;
    let nobodys = grace.submit(&format!("/bookmarks/{}/delete", own + 1), &[]).await;
    assert_eq!((anothers.status, nobodys.status), (404, 404));
    assert_eq!(anothers.text, nobodys.text, "another's looks like what is not there");
    assert_eq!(titles(&ada.open("/bookmarks").await), ["Engines"]);
}

#[actix_web::test]
async fn r15_who_may_only_read_gets_no_forms_to_write() {
    let server = server(&[(settings::READ_ONLY, "user_ada")]).await;
    let ada = browser_of(&server, "user_ada").await;
    let page = ada.open("/bookmarks").await;
    assert!(page.text.contains("neither add nor delete"), "{page:?}");
    assert!(!page.text.contains("action=\"/bookmarks\" method"), "{page:?}");
    assert_eq!(add(&ada, "https://example.com/", "T", "").await.status, 403);
    assert_eq!(ada.submit("/bookmarks/1/delete", &[]).await.status, 403);
}

#[actix_web::test]
async fn every_page_has_its_headers_and_a_title_of_its_own() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let nobody = Browser::new(&server.resource);
    let pages = [
        nobody.open("/").await,
        ada.open("/bookmarks").await,
        ada.open("/bookmarks?q=x").await,
        ada.open("/activity").await,
        ada.open("/agents").await,
        add(&ada, "x", "x", "").await,
        ada.open("/bookmarks/nothing").await,
        ada.submit("/bookmarks/1/delete", &[]).await,
        ada.open("/style.css").await,
    ];
    for page in &pages {
        let policy = page.header("Content-Security-Policy");
        assert!(policy.contains("default-src 'none'"), "{page:?}");
        assert!(policy.contains("frame-ancestors 'none'"), "{page:?}");
        assert!(!policy.contains("unsafe"), "{page:?}");
        assert_eq!(page.header("X-Content-Type-Options"), "nosniff", "{page:?}");
        assert_eq!(page.header("Referrer-Policy"), "same-origin", "{page:?}");
        assert!(!page.text.contains("<script") && !page.text.contains(" style="), "{page:?}");
    }
    for page in &pages[..8] {
        assert_eq!(page.header("Cache-Control"), "private, no-store", "{page:?}");
    }
    let title = |page: &Answer| {
        let title = page.text.split("<title>").nth(1).and_then(|it| it.split("</title>").next());
        title.expect("a title").to_owned()
    };
    let mut titles: Vec<_> = pages[..7].iter().map(title).collect();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), 7, "{titles:?}");
}

#[actix_web::test]
async fn without_keys_the_pages_say_which_and_agents_go_on() {
    let server = Server::start_with(&[(settings::CLIENT_ID, CLIENT_ID)]).await;
    let nobody = Browser::new(&server.resource);
    for (path, status) in [("/", 200), ("/bookmarks", 503), ("/activity", 503), ("/agents", 503)] {
        let page = nobody.open(path).await;
        assert_eq!(page.status, status, "{page:?}");
        assert!(page.text.contains("Set WORKOS_API_KEY, WORKOS_COOKIE_PASSWORD."), "{page:?}");
        assert!(!page.text.contains("Sign in"), "{page:?}");
    }
    assert!(server.agent_of("user_ada").titles().await.is_empty());
}
