//! A small browser: cookies, redirects and forms, and the headers by which browsers tell where a
//! request comes from.

use std::{cell::RefCell, collections::BTreeMap};

use awc::{Client, ClientRequest};
use url::{Url, form_urlencoded::Serializer};

use crate::agent::{Answer, TIMEOUT};

/// One person's browser.
pub(crate) struct Browser {
    http: Client,
    origin: String,
    /// By name, for all servers of this machine: cookies know no ports.
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Browser {
    /// A browser that knows the address of a Bookmarket.
    pub(crate) fn new(resource: &str) -> Self {
        Self {
            http: Client::builder().timeout(TIMEOUT).disable_redirects().finish(),
            origin: resource.trim_end_matches("/mcp/bookmarket").to_owned(),
            cookies: RefCell::default(),
        }
    }

    /// Signs in from the first page, at an authorization server that approves at once.
    pub(crate) async fn sign_in(&self) -> Answer {
        let home = self.open("/").await;
        assert!(home.text.contains("href=\"/login?return_to=/bookmarks\""), "{home:?}");
        self.open("/login?return_to=/bookmarks").await
    }

    /// Opens a page, by a link or by its address, and follows redirects.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        self.follow(self.get(path).await).await
    }

    /// Opens a page without following redirects.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let url = self.url(path);
        self.send(self.http.get(url.as_str()), "none", None).await
    }

    /// Sends a form from a page of Bookmarket, and follows the redirect.
    pub(crate) async fn submit(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.follow(self.post(path, form, "same-origin").await).await
    }

    /// Sends a form, from a page of `site` as `Sec-Fetch-Site` has it.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)], site: &str) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(self.http.post(self.url(path).as_str()), site, Some(body)).await
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&self.origin).and_then(|origin| origin.join(path)).expect(path)
    }

    async fn follow(&self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            if !matches!(answer.status, 302 | 303) {
                return answer;
            }
            answer = self.get(answer.header("Location")).await;
        }
        unreachable!("too many redirects: {answer:?}")
    }

    async fn send(&self, request: ClientRequest, site: &str, form: Option<String>) -> Answer {
        let mut request = request
            .insert_header(("Accept", "text/html"))
            .insert_header(("Sec-Fetch-Mode", "navigate"))
            .insert_header(("Sec-Fetch-Site", site));
        let cookies =
            self.cookies.borrow().iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
        if !cookies.is_empty() {
            request = request.insert_header(("Cookie", cookies.join("; ")));
        }
        let sent = match form {
            Some(form) => request
                .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
                .send_body(form),
            None => request.send(),
        };
        let answer = Answer::read(sent.await.expect("an answer")).await;
        for cookie in answer.headers.get_all("Set-Cookie") {
            self.keep(cookie.to_str().expect("a cookie"));
        }
        answer
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').expect("a name and a value");
        let mut cookies = self.cookies.borrow_mut();
        match attributes.to_lowercase().contains("max-age=0") {
            true => cookies.remove(name),
            false => cookies.insert(name.to_owned(), value.to_owned()),
        };
    }
}

/// The titles on a page of bookmarks, as they stand in its links.
pub(crate) fn titles(page: &Answer) -> Vec<&str> {
    assert_eq!(page.status, 200, "{page:?}");
    let links = page.text.split("rel=\"noopener noreferrer nofollow\">").skip(1);
    links.filter_map(|rest| rest.split("</a>").next()).collect()
}

/// The id of the first bookmark on a page that can be deleted.
pub(crate) fn first_id(page: &Answer) -> i64 {
    let form = page.text.split("action=\"/bookmarks/").nth(1).expect("a form to delete");
    form.split("/delete").next().and_then(|id| id.parse().ok()).expect("an id")
}
