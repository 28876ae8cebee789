use super::*;
use crate::scopes;

scopes! {
    Read = "read";
    Write = "write" implies Read;
}

fn demanded(rules: &ToolRules, method: &str, name: Option<&str>) -> String {
    let demands = rules.demands(method, &Target::of(method, name)).unwrap();
    match demands.needs() {
        _ if demands.is_refused() => "refused".to_owned(),
        [] => "nothing".to_owned(),
        needs => needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "),
    }
}

#[test]
fn r30_the_most_specific_rule_counts() {
    let rules = ToolRules::new()
        .tool("add")
        .requires::<Write>()
        .tool("list")
        .requires::<Read>()
        .tool("whoami")
        .open()
        .other_tools()
        .refused()
        .prompt("add")
        .requires::<(Read, Write)>()
        .resource("file:///a")
        .requires::<Write>()
        .method("resources/read")
        .requires::<Read>();
    for (method, name, demand) in [
        ("tools/call", Some("add"), "write"),
        ("tools/call", Some("list"), "read"),
        ("tools/call", Some("whoami"), "nothing"),
        ("tools/call", Some("Add"), "refused"),
        ("tools/call", Some("add "), "refused"),
        ("tools/call", None, "refused"),
        ("prompts/get", Some("add"), "read and write"),
        ("prompts/get", Some("other"), "nothing"),
        ("resources/read", Some("file:///a"), "write"),
        ("resources/subscribe", Some("file:///a"), "write"),
        ("resources/read", Some("file:///b"), "read"),
        ("resources/subscribe", Some("file:///b"), "nothing"),
        ("tools/list", None, "nothing"),
        ("add", None, "nothing"),
    ] {
        assert_eq!(demanded(&rules, method, name), demand, "{method} {name:?}");
    }
    assert_eq!(rules.needs().count(), 5);
    assert!(!rules.is_empty() && ToolRules::new().is_empty());
}

#[test]
fn r30_every_method_that_names_a_thing_goes_by_its_rule() {
    let rules = ToolRules::new()
        .prompt("daily")
        .requires::<Write>()
        .resource("file:///a")
        .requires::<Write>()
        .other_prompts()
        .requires::<Read>()
        .other_resources()
        .requires::<Read>();
    let demanded = |method: &str, target: Target<'_>| {
        let demands = rules.demands(method, &target).unwrap();
        let needs: Vec<_> = demands.needs().iter().map(ToString::to_string).collect();
        needs.join(" + ")
    };
    for method in ["prompts/get", "completion/complete"] {
        assert_eq!(demanded(method, Target::Prompt("daily".into())), "write", "{method}");
        assert_eq!(demanded(method, Target::Prompt("weekly".into())), "read", "{method}");
    }
    for method in [
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "subscriptions/listen",
        "completion/complete",
    ] {
        let resource = |uri: &'static str| Target::Resource(uri.into());
        assert_eq!(demanded(method, resource("file:///a")), "write", "{method}");
        assert_eq!(demanded(method, resource("file:///b")), "read", "{method}");
        assert_eq!(demanded(method, Target::Unnamed), "", "{method}");
    }
}

#[test]
fn r30_a_listener_to_other_resources_goes_by_both_methods() {
    let rules = ToolRules::new()
        .resource("file:///a")
        .open()
        .method("resources/read")
        .requires::<Read>()
        .method("subscriptions/listen")
        .requires::<Write>();
    let listen = |target: &Target<'_>| {
        let demands = rules.demands("subscriptions/listen", target).unwrap();
        demands.needs().iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
    };
    assert_eq!(listen(&Target::Resource("file:///a".into())), "", "its own rule");
    assert_eq!(listen(&Target::Resource("file:///b".into())), "write + read");
    assert_eq!(listen(&Target::Unnamed), "write");
}

fn vault() -> ToolRules {
    ToolRules::new()
        .resources_under("secret://vault/")
        .requires::<Write>()
        .resources_under("secret://vault/shared/")
        .requires::<Read>()
        .resource("secret://vault/shared/menu")
        .open()
        .resource("notes://Ada/1")
        .requires::<Write>()
        .other_resources()
        .refused()
}

#[test]
fn r30_the_longest_prefix_counts_and_a_uri_before_it() {
    for (uri, demand) in [
        ("secret://vault/keys", "write"),
        ("secret://vault/shared", "write"),
        ("secret://vault/shared/", "read"),
        ("secret://vault/shared/a/b", "read"),
        ("secret://vault/shared/menu", "nothing"),
        ("secret://vault/shared/menu/", "read"),
        ("secret://vaulted/keys", "refused"),
        ("secret://vault", "refused"),
        ("other:a", "refused"),
    ] {
        assert_eq!(demanded(&vault(), "resources/read", Some(uri)), demand, "{uri}");
    }
}

#[test]
fn r30_spellings_that_servers_take_for_one_another_go_by_both() {
    for (uri, demand) in [
        ("notes://Ada/1", "write"),
        // Another resource for some servers, and the same for others.
        ("notes://ada/1", "refused"),
        ("notes://ADA/1", "refused"),
        ("notes://x@Ada/1", "refused"),
        ("notes://Ada/1#x", "refused"),
        ("notes://Ada//1", "refused"),
        // Both readings are below the prefix.
        ("secret://vault/keys#x", "write"),
        ("secret://vault/shared/menu#x", "read"),
        ("secret://vault/shared/..%2Fkeys", "read + write"),
        ("secret://vault/shared/x%2F..%2F..%2Fkeys", "read + write"),
    ] {
        assert_eq!(demanded(&vault(), "resources/read", Some(uri)), demand, "{uri}");
    }
    let rules = ToolRules::new()
        .resource("notes://Ada/1")
        .requires::<Write>()
        .resource("notes://ada/1")
        .requires::<Read>();
    for (uri, demand) in [
        ("notes://Ada/1", "write + read"),
        ("notes://ada/1", "read + write"),
        ("notes://ADA/1", "write + read"),
        ("notes://Ada/2", "nothing"),
    ] {
        assert_eq!(demanded(&rules, "resources/read", Some(uri)), demand, "{uri}");
    }
}

#[test]
fn r30_uris_must_be_in_normal_form_where_resources_have_rules() {
    for (uri, ruled) in [
        ("SECRET://vault/keys", Err(MessageError::UriNotNormal)),
        ("secret://vault/x/../keys", Err(MessageError::UriNotNormal)),
        ("secret://vault/%6Beys", Err(MessageError::UriNotNormal)),
        ("keys", Err(MessageError::UriNotNormal)),
        ("secret://vault/keys", Ok(())),
    ] {
        let target = Target::Resource(uri.into());
        for method in ["resources/read", "subscriptions/listen", "completion/complete"] {
            let demands = vault().demands(method, &target);
            assert_eq!(demands.map(drop), ruled, "{method} {uri}");
            let without = ToolRules::new().method(method).refused().tool("a").open();
            assert!(without.demands(method, &target).unwrap().is_refused(), "{method} {uri}");
        }
        assert_eq!(vault().shows("resources/read", Some(uri), None), ruled.is_ok(), "{uri}");
    }
}

#[test]
fn r30_a_template_goes_by_every_rule_that_it_may_reach() {
    let demanded = |template: &str| {
        let target = Target::ResourceTemplate(template.into());
        let demands = vault().demands("completion/complete", &target)?;
        let mut needs: Vec<_> = demands.needs().iter().map(ToString::to_string).collect();
        needs.sort();
        needs.extend(demands.is_refused().then(|| "refused".to_owned()));
        Ok(needs.join(" + "))
    };
    for (template, demand) in [
        ("secret://vault/shared/{name}", "read"),
        ("secret://vault/shared/m{name}", "read"),
        ("secret://vault/{name}", "read + write"),
        ("secret://vault/s{name}", "read + write"),
        ("secret://vault/x{name}", "write"),
        ("secret://vault/x/{+path}{?q,r}", "write"),
        ("secret://vault{x}", "read + write + refused"),
        ("secret://{+all}", "read + write + refused"),
        ("secret:{+all}", "read + write + refused"),
        ("{+all}", "read + write + refused"),
        ("notes://A{x}", "write + refused"),
        ("notes://a{x}", "write + refused"),
        ("https://{host}/", "refused"),
        ("https://example.com:{port}/a", "refused"),
    ] {
        assert_eq!(demanded(template), Ok(demand.to_owned()), "{template}");
    }
    for template in ["SECRET://vault/{x}", "secret://vault/x/../{y}", "secret://vault/%6B{x}"] {
        assert_eq!(demanded(template), Err(MessageError::UriNotNormal), "{template}");
    }
}

#[test]
fn r30_rules_that_no_message_can_meet_are_mistakes() {
    let check = |rules: ToolRules| rules.check().map_err(|mistake| mistake.to_string());
    assert_eq!(check(vault()), Ok(()));
    let resource = |uri: &str| check(ToolRules::new().resource(uri).refused()).unwrap_err();
    assert_eq!(
        resource("SECRET://vault/keys"),
        "rules.resource is \"SECRET://vault/keys\", but it must be a URI in normal form \
         (RFC 3986, section 6.2.2), since every other spelling is refused in messages, for \
         example \"secret://vault/keys\""
    );
    assert!(resource("notes://{user}/1").ends_with("for example \"notes://\""));
    assert!(resource("keys").starts_with("rules.resource is \"keys\", but it must be a URI"));
    let under = |prefix: &str| check(ToolRules::new().resources_under(prefix).refused());
    for good in ["secret://vault/", "secret://", "secret:", "urn:isbn:", "notes://Ada/"] {
        assert_eq!(under(good), Ok(()), "{good}");
    }
    for (prefix, example) in [
        ("secret://vault", "secret://vault/"),
        ("SECRET://vault/", "secret://vault/"),
        ("secret://vault/{x}", "secret://vault/"),
        ("vault/", "secret://vault/"),
        ("", "secret://vault/"),
    ] {
        let mistake = under(prefix).unwrap_err();
        assert!(mistake.starts_with("rules.resources_under is "), "{mistake}");
        assert!(mistake.ends_with(&format!("for example {example:?}")), "{mistake}");
    }
    for rules in [
        ToolRules::new().tool("delete ").refused().tool("a").open(),
        ToolRules::new().prompt("a\nb").refused(),
        ToolRules::new().method("\u{a0}tools/call").refused(),
    ] {
        assert!(check(rules).unwrap_err().contains("neither control characters nor white"));
    }
}

#[test]
fn r30_a_rule_in_another_spelling_still_counts() {
    // Built without a check, it does not protect less than the normal form would.
    let rules = ToolRules::new().resource("https://example.com").refused();
    assert_eq!(rules.check(), Ok(()));
    for uri in ["https://example.com", "https://example.com/"] {
        assert_eq!(demanded(&rules, "resources/read", Some(uri)), "refused", "{uri}");
    }
}

#[test]
fn r30_a_rule_counts_once_however_often_it_applies() {
    let rules = vault();
    let mut demands = Demands::default();
    for n in 0..1_000 {
        let target = Target::Resource(format!("secret://vault/{n}").into());
        rules.add_demands("subscriptions/listen", &target, &mut demands).unwrap();
    }
    assert_eq!(demands.needs().len(), 1);
}

#[test]
fn r30_rules_name_their_tools_and_whether_others_are_judged() {
    let rules = ToolRules::new().tool("a").open().prompt("p").open().tool("b").refused();
    let mut tools: Vec<_> = rules.tools().collect();
    tools.sort_unstable();
    assert_eq!(tools, ["a", "b"]);
    assert!(!rules.judges_other_tools());
    assert!(rules.other_tools().open().judges_other_tools());
}

#[test]
fn the_last_rule_about_the_same_counts() {
    let rules = ToolRules::new().tool("a").open().tool("a").requires::<Read>();
    assert_eq!(demanded(&rules, "tools/call", Some("a")), "read");
}
