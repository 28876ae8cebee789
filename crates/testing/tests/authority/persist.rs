//! An authority whose state is in a file: restarts, mistakes in the file, and who may read it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use mcp_auth_testing::{Algorithm, Client, Person, StartError, TestAuthority};
use serde_json::{Value, json};

use crate::browser::*;
use crate::http::{get, get_with, post_json, send};

/// A directory that is removed with its content.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("authority-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("authority.json")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn start(file: &Path) -> TestAuthority {
    TestAuthority::builder().persist(file).start().unwrap()
}

/// Ends the authority as a crash does: what it would write at its end is undone.
fn crash(authority: TestAuthority, file: &Path) {
    let content = fs::read(file).unwrap();
    drop(authority);
    fs::write(file, content).unwrap();
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

#[test]
fn a_client_that_registered_goes_on_after_a_restart() {
    let directory = Directory::new("restart");
    let file = directory.file();
    let authority = start(&file);
    let issuer = authority.issuer().to_owned();
    let client = register(&authority, "Agent");
    let method = "client_secret_post";
    let confidential = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": method });
    let other = post_json(&format!("{issuer}/oauth2/register"), &confidential).json();
    let code = code(&authority, &client);
    let tokens = redeem(&authority, &client, &code, &[]).json();
    crash(authority, &file);

    let authority = start(&file);
    assert_eq!(authority.issuer(), issuer, "on the same port");
    let jwks = get(&authority.jwks_uri()).json();
    let access = text(&tokens, "access_token");
    assert_eq!(jwks["keys"][0]["kid"], header(&access)["kid"], "what was signed stays good");
    let userinfo = format!("{issuer}/oauth2/userinfo");
    let bearer = format!("Bearer {access}");
    assert_eq!(get_with(&userinfo, &[("Authorization", &bearer)]).status, 200);

    let answer = refresh(&authority, &client, &text(&tokens, "refresh_token"), &[]);
    assert_eq!(answer.status, 200, "{answer:?}");
    let second = answer.json();
    assert_eq!(claims(&text(&second, "access_token"))["sid"], claims(&access)["sid"]);
    // Clients sign in again without registering.
    let again = get(&authorize_url(&authority, &client, &[]));
    assert!(again.status == 200 && !again.body.contains("error"), "{again:?}");
    let id = text(&other, "client_id");
    let secret = text(&other, "client_secret");
    for (secret, error) in [(&*secret, "invalid_grant"), ("wrong", "invalid_client")] {
        let answer = redeem(&authority, &id, "no code", &[("client_secret", secret)]);
        assert_eq!(answer.error(), error, "the secret is known");
    }
    crash(authority, &file);

    // What was used before a restart stays used.
    let authority = start(&file);
    let reused = refresh(&authority, &client, &text(&tokens, "refresh_token"), &[]);
    assert_eq!(reused.error(), "invalid_grant");
    crash(authority, &file);
    let authority = start(&file);
    let ended = refresh(&authority, &client, &text(&second, "refresh_token"), &[]);
    assert_eq!(ended.error(), "invalid_grant", "the whole family");
}

#[test]
fn people_keys_and_the_environment_s_client_outlive_a_restart() {
    let directory = Directory::new("people");
    let file = directory.file();
    let authority = start(&file);
    authority.add_person(
        Person::new("user_katherine", "Katherine Johnson").email("katherine@example.com").also_in(
            "org_two",
            "reader",
            ["read"],
        ),
    );
    let (id, secret) = (authority.client_id().to_owned(), authority.client_secret().to_owned());
    let people = authority.people();
    assert_eq!(people.len(), 4);
    crash(authority, &file);

    let authority = start(&file);
    assert_eq!(authority.people(), people);
    assert_eq!((authority.client_id(), authority.client_secret()), (&*id, &*secret));
    let old = authority.keys().current();
    let new = authority.keys().add(Algorithm::Es256);
    authority.keys().withdraw(&old);
    let session = authority.session_keys().current();
    drop(authority);

    let authority = start(&file);
    assert_eq!(authority.keys().published(), std::slice::from_ref(&new));
    assert_eq!(authority.session_keys().current(), session);
    drop(authority);

    // A key of another algorithm is configured: it signs, and the old one stays published.
    let changed = TestAuthority::builder().algorithm(Algorithm::EdDsa).persist(&file).start();
    let changed = changed.unwrap();
    assert_eq!(changed.keys().current().algorithm(), Algorithm::EdDsa);
    assert_eq!(changed.keys().published()[0], new);
}

#[test]
fn a_browser_s_session_outlives_a_restart() {
    let directory = Directory::new("session");
    let file = directory.file();
    let builder = || TestAuthority::builder().workos_api_key("sk_test_1").persist(&file);
    let authority = builder().start().unwrap();
    let session = authority.sign_in_session("user_ada");
    drop(authority);

    let authority = builder().start().unwrap();
    assert_eq!(authority.active_sessions("user_ada"), [session.id.as_str()]);
    let refreshed = post_json(
        &format!("{}/user_management/authenticate", authority.issuer()),
        &json!({
            "client_id": authority.client_id(),
            "client_secret": "sk_test_1",
            "grant_type": "refresh_token",
            "refresh_token": session.refresh_token,
        }),
    );
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
}

#[test]
fn what_the_builder_names_counts_before_the_file() {
    let directory = Directory::new("builder");
    let file = directory.file();
    let authority = start(&file);
    authority.add_person(Person::new("user_ada", "Ada of the first run"));
    let registered = register(&authority, "Agent");
    drop(authority);

    let authority = TestAuthority::builder()
        .persist(&file)
        .client_id("client_mine")
        .client(Client::public(&registered).name("Mine").redirect_uri("https://app.example.com"))
        .person(Person::new("user_alan", "Alan Turing"))
        .start()
        .unwrap();
    assert_eq!(authority.client_id(), "client_mine");
    let names: Vec<String> = authority.people().into_iter().map(|person| person.name).collect();
    assert_eq!(names, ["Alan Turing", "Ada of the first run"]);
    let answer = get(&authorize_url(&authority, &registered, &[]));
    assert_eq!(answer.status, 400, "another redirect URI is configured by now: {answer:?}");
}

#[test]
fn people_whom_the_builder_names_are_not_those_of_the_file() {
    let directory = Directory::new("named");
    let file = directory.file();
    let builder = |name: &str| {
        let alan = Person::new("user_alan", "Alan Turing");
        let builder = TestAuthority::builder().workos_api_key("sk_test_1").persist(&file);
        builder.person(Person::new("user_ada", name)).person(alan)
    };
    let authority = builder("Ada of the builder").start().unwrap();
    authority.add_person(Person::new("user_ada", "Ada of the first run"));
    authority.add_person(Person::new("user_grace", "Grace of the first run"));
    let alan = format!("{}/user_management/users/user_alan", authority.issuer());
    let key = [("Authorization", "Bearer sk_test_1")];
    assert!([200, 204].contains(&send("DELETE", &alan, &key, "").unwrap().status));
    drop(authority);

    let authority = builder("Ada, again").start().unwrap();
    let mut names: Vec<_> = authority.people().into_iter().map(|person| person.name).collect();
    names.sort();
    assert_eq!(names, ["Ada, again", "Grace of the first run"]);
}

#[test]
fn what_a_killed_process_left_is_removed_at_the_next_start() {
    let directory = Directory::new("leftovers");
    let file = directory.file();
    let id = "01ABCDEFGHJKMNPQRSTVWXYZ01";
    for name in [&*format!("authority.tmp-{id}.json"), &*format!("authority2.tmp-{id}.json")] {
        fs::write(directory.0.join(name), "secret").unwrap();
    }
    let authority = start(&file);
    let entries = fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.collect();
    names.sort();
    let of_another = format!("authority2.tmp-{id}.json");
    assert_eq!(names, ["authority.json", &*of_another]);
    drop(authority);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_and_its_target_is_replaced() {
    let directory = Directory::new("link");
    let kept = directory.0.join("kept");
    fs::create_dir(&kept).unwrap();
    let (target, link) = (kept.join("state.json"), directory.file());
    // Relative, and to a file that does not exist yet.
    std::os::unix::fs::symlink("kept/state.json", &link).unwrap();
    for _ in 0..2 {
        let authority = start(&link);
        register(&authority, "Agent");
        drop(authority);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&target).unwrap().is_file());
    }
    let state: Value = serde_json::from_slice(&fs::read(&target).unwrap()).unwrap();
    assert_eq!(state["clients"].as_array().unwrap().len(), 2, "the second start has read it");
}

fn refused(file: &Path) -> String {
    let error = TestAuthority::builder().persist(file).start().unwrap_err();
    assert!(
        matches!(
            error,
            StartError::StateUnreadable(..)
                | StartError::StateUnusable(..)
                | StartError::StateUnwritable(..)
        ),
        "{error:?}"
    );
    let told = error.to_string();
    assert!(told.contains(&*file.to_string_lossy()), "it names the file: {told}");
    told
}

#[test]
fn a_file_that_is_no_state_is_an_error_that_names_it() {
    let directory = Directory::new("corrupt");
    let file = directory.file();
    drop(start(&file));
    let good: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let text = good.to_string();
    let changed = |change: fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        value.to_string()
    };
    for content in [
        String::new(),
        "not JSON, hunter2".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        text[..text.len() / 2].to_owned(),
        changed(|state| state["version"] = json!(2)),
        changed(|state| state["keys"] = json!("hunter2")),
        changed(|state| state["keys"]["published"][0]["pem"] = json!("hunter2")),
        changed(|state| state["keys"]["published"][0]["algorithm"] = json!("ES256")),
        changed(|state| state["clients"] = json!({ "secret": "hunter2" })),
    ] {
        fs::write(&file, &content).unwrap();
        let told = refused(&file);
        assert!(told.contains("delete it"), "it says what to do: {told}");
        assert!(!told.contains("hunter2"), "it shows nothing of the file: {told}");
        assert_eq!(fs::read_to_string(&file).unwrap(), content, "the file is left alone");
    }
    fs::remove_file(&file).unwrap();
    drop(start(&file));
    assert!(refused(&directory.0).contains("cannot read"), "a directory");
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_that_names_the_file() {
    let directory = Directory::new("unwritable");
    let missing = directory.0.join("missing").join("authority.json");
    assert!(refused(&missing).contains("the directory must exist and be writable"));

    let read_only = directory.0.join("read-only");
    fs::create_dir(&read_only).unwrap();
    let mut permissions = fs::metadata(&read_only).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).unwrap();
    let file = read_only.join("authority.json");
    // Root may write everywhere.
    match File::create(read_only.join("probe")) {
        Err(_) => assert!(refused(&file).contains("cannot write")),
        Ok(_) => drop(start(&file)),
    }
    // Nobody may write here.
    assert!(refused(Path::new("/proc/self/authority.json")).contains("cannot write"));
}

#[cfg(unix)]
#[test]
fn the_state_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = Directory::new("mode");
    let file = directory.file();
    let authority = start(&file);
    let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    register(&authority, "Agent");
    assert_eq!(mode(), 0o600);
    drop(authority);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let authority = start(&file);
    assert_eq!(mode(), 0o600, "a start replaces the file");
    let names: Vec<_> =
        fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["authority.json"], "nothing is left beside it");
    drop(authority);
}

#[test]
fn an_authority_that_can_no_longer_write_goes_on() {
    let directory = Directory::new("vanished");
    let authority = start(&directory.file());
    fs::remove_dir_all(&directory.0).unwrap();
    let client = register(&authority, "Agent");
    let code = code(&authority, &client);
    assert_eq!(redeem(&authority, &client, &code, &[]).status, 200);
}
