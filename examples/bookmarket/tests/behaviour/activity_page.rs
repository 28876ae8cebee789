//! The page of what a person and their agents did.

use bookmarket::store::Activity;
use serde_json::json;

use crate::{
    activity::{account, row, rows},
    agent::{Agent, Answer, call},
    browser::Browser,
    oauth::{sign_in, sign_in_as},
    pages::{add, browser_of, server},
};

/// The cells of each row on the page, without markup.
fn shown(page: &Answer) -> Vec<[String; 4]> {
    assert_eq!(page.status, 200, "{page:?}");
    let rows = page.text.split("<tr role=\"row\"><td").skip(1);
    let cells = |row: &str| {
        let cells = row.split("role=\"cell\">").skip(1).map(|cell| {
            let html = cell.split("</td>").next().unwrap_or_default().replace("<br>", " ");
            let text = html.split('<').map(|part| part.split_once('>').map_or(part, |it| it.1));
            text.collect::<String>()
        });
        cells.collect::<Vec<_>>().try_into().expect("four cells")
    };
    rows.map(cells).collect()
}

/// Where the link of this name leads.
fn link(page: &Answer, name: &str) -> Option<String> {
    let before = page.text.split(&format!("\">{name}</a>")).next()?;
    let link = before.rsplit("href=\"").next()?.split('"').next()?;
    page.text.contains(&format!("\">{name}</a>")).then(|| link.replace("&amp;", "&"))
}

/// No character that a browser or a terminal takes for more than a letter.
pub(crate) fn assert_harmless(text: &str) {
    let is_hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert!(!text.contains(is_hidden), "{text:?}");
}

#[actix_web::test]
async fn r40_activity_shows_agent_tool_and_outcome() {
    let server = server(&[]).await;
    server.wait_for_keys().await;
    let ada = browser_of(&server, "user_ada").await;
    let empty = ada.open("/activity").await;
    assert!(empty.text.contains("There is nothing yet."), "{empty:?}");
    assert!(empty.text.contains("<a href=\"/activity\">Your activity</a>"), "{empty:?}");
    assert!(empty.text.contains("Activity is kept for 90 days."), "{empty:?}");

    let agent = Agent::new(&server.resource, Some(sign_in(&server.resource).await));
    // The name is looked up during the first calls.
    let mut count = 0;
    loop {
        agent.call("whoami", json!({})).await;
        count += 1;
        if rows(&server, "user_ada", count).await[0].client_name.is_some() {
            break;
        }
    }
    agent.call("delete_bookmark", json!({ "id": 1 })).await;
    agent.post(&call("format_disk", json!({}))).await;
    add(&ada, "https://example.com/", "Engines", "").await;
    rows(&server, "user_ada", count + 3).await;

    let page = ada.open("/activity").await;
    let all = shown(&page);
    assert_eq!(all.len(), count + 3, "{page:?}");
    let [time, by, what, outcome] = &all[0];
    assert!(time.len() == 19 && time.starts_with("20"), "{time}");
    assert_eq!([by.as_str(), what, outcome], ["Browser", "POST /bookmarks", "Done"]);
    let client_id = rows(&server, "user_ada", count + 3).await[1].client_id.clone();
    let by = format!("Test agent {}", client_id.expect("an id"));
    for (row, what, outcome) in [
        (1, "tool format_disk", "Refused: nobody may use it"),
        (2, "tool delete_bookmark", "The tool reported an error"),
        (3, "tool whoami", "Done"),
        // From before the name was known.
        (count + 2, "tool whoami", "Done"),
    ] {
        assert_eq!(all[row][1..], [by.as_str(), what, outcome], "{page:?}");
    }
}

#[actix_web::test]
async fn r40_what_staff_did_is_not_shown_as_the_persons_own() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    server.authority.impersonate(Some("staff@example.com"));
    let staff = browser_of(&server, "user_ada").await;
    add(&staff, "https://example.com/", "By staff", "").await;
    rows(&server, "user_ada", 1).await;
    add(&ada, "https://example.com/", "By Ada", "").await;
    rows(&server, "user_ada", 2).await;

    let page = ada.open("/activity").await;
    let by: Vec<_> = shown(&page).into_iter().map(|[_, by, ..]| by).collect();
    assert_eq!(by, ["Browser", "Staff, as you"], "{page:?}");
    assert!(!page.text.contains("staff@example.com"), "{page:?}");
}

#[actix_web::test]
async fn activity_can_be_filtered_by_agent_without_scripts() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let (person, other) = (account(&server, "user_ada").await, account(&server, "user_alan").await);
    for n in 1..=6 {
        let client = [Some("one & only"), Some("two"), None][n as usize % 3];
        server.store.add_activity(row(&person, n, client)).await.expect("a store");
        let others = Activity { target: Some("secret".into()), ..row(&other, 50 + n, Some("two")) };
        server.store.add_activity(others).await.expect("a store");
    }
    let page = ada.open("/activity").await;
    assert_eq!(shown(&page).len(), 6, "nobody else's");
    assert!(page.text.contains("<form class=\"search\" action=\"/activity\">"), "{page:?}");
    assert!(page.text.contains("<option value=\"agent:one &#38; only\">"), "{page:?}");
    for (chosen, heading, expected) in [
        ("", "What you and your agents did", 6),
        ("browser", "What was done in a browser", 2),
        ("agent:one+%26+only", "What one &amp; only did", 2),
        ("agent:two", "What two did", 2),
        ("agent:nobody", "What nobody did", 0),
    ] {
        let page = ada.open(&format!("/activity?agent={chosen}")).await;
        assert_eq!(shown(&page).len(), expected, "{chosen}");
        assert!(page.text.contains(&format!("<title>{heading} · ")), "{page:?}");
        assert_eq!(page.text.matches(" selected").count(), usize::from(!chosen.is_empty()));
        assert!(!page.text.contains("secret"), "{page:?}");
    }
    for bad in ["agent=someone", "agent=agent:%00", "before=%00", "after=%27", "agent=%ff"] {
        assert_eq!(ada.open(&format!("/activity?{bad}")).await.status, 400, "{bad}");
    }
    assert_eq!(ada.open("/activity/1").await.status, 404);
    let nobody = Browser::new(&server.resource);
    assert_eq!(nobody.get("/activity").await.status, 303, "they have to sign in");
}

#[actix_web::test]
async fn long_activity_is_shown_in_pages_of_fifty() {
    let server = server(&[]).await;
    let ada = browser_of(&server, "user_ada").await;
    let person = account(&server, "user_ada").await;
    for n in 1..=240 {
        let client = if n % 2 == 0 { Some("one") } else { Some("two") };
        server.store.add_activity(row(&person, n, client)).await.expect("a store");
    }
    let numbers = |page: &Answer| {
        let all = shown(page);
        let number = |row: &[String; 4]| row[2].replace("tool tool_", "").parse::<u32>();
        let ends = [all.first(), all.last()].map(|row| row.and_then(|row| number(row).ok()));
        (ends[0].expect("a row"), ends[1].expect("a row"), all.len())
    };
    let mut page = ada.open("/activity?agent=agent:one").await;
    assert_eq!(numbers(&page), (240, 142, 50));
    assert_eq!(link(&page, "Newer"), None);
    for expected in [(140, 42, 50), (40, 2, 20)] {
        page = ada.open(&link(&page, "Older").expect("a link")).await;
        assert_eq!(numbers(&page), expected);
    }
    assert_eq!(link(&page, "Older"), None);
    // A row that comes meanwhile moves nothing.
    server.store.add_activity(row(&person, 242, Some("one"))).await.expect("a store");
    page = ada.open(&link(&page, "Newer").expect("a link")).await;
    assert_eq!(numbers(&page), (140, 42, 50));
    page = ada.open(&link(&page, "Newer").expect("a link")).await;
    assert_eq!(numbers(&page), (240, 142, 50));
    page = ada.open(&link(&page, "Newer").expect("a link")).await;
    assert_eq!(numbers(&page), (242, 144, 50), "the newest page is full");
    assert_eq!(link(&page, "Newer"), None);
}

#[actix_web::test]
async fn r40_hostile_names_are_harmless_on_the_page() {
    let server = server(&[]).await;
    server.wait_for_keys().await;
    let ada = browser_of(&server, "user_ada").await;
    let long = "n".repeat(10 * 1024);
    let evil = "<script>alert(1)</script>\u{202e}\u{1b}[31m\"'>";
    let mut count = 0;
    for name in [evil, &long] {
        let agent = Agent::new(&server.resource, Some(sign_in_as(name, &server.resource).await));
        loop {
            agent.call("whoami", json!({})).await;
            count += 1;
            if rows(&server, "user_ada", count).await[0].client_name.is_some() {
                break;
            }
        }
        let image = "<img src=x onerror=alert(1)>";
        for tool in [image, "x\u{2066}y\u{200b}", &long, "a\u{1b}[2Jb\n"] {
            let answer = agent.post(&call(tool, json!({}))).await;
            assert!([400, 403].contains(&answer.status), "{answer:?}");
            count += 1;
        }
    }
    let token = server.authority.token().subject("user_ada").audience(&server.resource);
    let token = |client_id: &str| token.clone().client_id(client_id).sign();
    for client_id in ["id\u{7}", "<b>id</b>\u{202e}\u{200b}"] {
        let agent = Agent::new(&server.resource, Some(token(client_id)));
        agent.call("whoami", json!({})).await;
    }
    let all = rows(&server, "user_ada", count + 2).await;
    assert_eq!(all[1].client_id, None, "an id cannot have control characters");

    let by_agent = all[0].client_id.as_deref().expect("an id").replace('<', "%3C");
    for path in ["/activity".to_owned(), format!("/activity?agent=agent:{by_agent}")] {
        let page = ada.open(&path).await;
        assert!(page.text.contains("&lt;b&gt;id&lt;/b&gt;"), "{page:?}");
        for markup in ["<script", "<img", "<b>", "\"'>"] {
            assert!(!page.text.contains(markup), "{markup} {page:?}");
        }
        assert!(page.text.len() < 64 * 1024, "{}", page.text.len());
        assert_harmless(&page.text);
    }
    let page = ada.open("/activity").await;
    assert!(page.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page:?}");
    assert!(page.text.contains("&lt;img src=x"), "{page:?}");
    assert!(page.text.contains("Refused: message name not plain"), "{page:?}");
}
