//! Conditions, groups, report-only actions, failure policies and factor policies, at their edges.

use super::support::*;
use postlude_model::action::{ActionSpec, FailureKind};
use serde_json::json;
use std::time::Duration;

/// The example with a line more in its action.
fn action(lines: &str) -> String {
    with("on_failure = \"deny\"\n", &format!("on_failure = \"deny\"\n{lines}\n"))
}

/// The example with a line more in its factor's policy.
fn factor(lines: &str) -> String {
    with("amr = [\"mfa\", \"face\"]\n", &format!("amr = [\"mfa\", \"face\"]\n{lines}\n"))
}

/// A text whose plugin declares no factor, and the manifest.
fn without_factor(text: &str) -> (String, serde_json::Value) {
    let mut none = manifest();
    none["factors"] = json!([]);
    let start = text.find("[[tenants.acme.pipeline.factors]]").unwrap();
    let end = text.find("[tenants.acme.pipeline.limits]").unwrap();
    (format!("{}{}", &text[..start], &text[end..]), none)
}

fn bound_spec(text: &str) -> ActionSpec {
    Folder::new().check(text, &manifest()).unwrap().tenants[0].actions[0].spec.clone()
}

#[test]
fn a_factors_policy_has_its_limits() {
    let plain = bound_spec(&documented());
    let policy = &plain.factors[0];
    assert_eq!((policy.max_idle, policy.max_uses, policy.per_client), (None, None, false));
    let full = bound_spec(&factor("max_idle = \"30m\"\nmax_uses = 5\nper_client = true"));
    let policy = &full.factors[0];
    assert_eq!((policy.max_idle, policy.max_uses), (Some(Duration::from_secs(1800)), Some(5)));
    assert!(policy.per_client);
    for (line, says) in [
        ("max_idle = \"59s\"", "`max_idle`: `59s` is out of range"),
        ("max_idle = 30", "`max_idle` must be a string, not an integer"),
        ("max_uses = 0", "`max_uses`: `0` is out of range"),
        ("max_uses = 1000001", "it must be from 1 to 1000000"),
        ("max_uses = \"5\"", "`max_uses` must be an integer"),
        ("per_client = \"yes\"", "`per_client` must be a boolean"),
        ("max_iddle = \"30m\"", "did you mean `max_idle`?"),
    ] {
        assert_says(&problems(&factor(line)), &[says]);
    }
    for line in ["max_idle = \"1m\"", "max_uses = 1", "max_uses = 1000000"] {
        assert_eq!(problems(&factor(line)), "", "{line}");
    }
    let idle = problems(&factor("max_idle = \"24h\""));
    assert_says(&idle, &["warning: action `face`: `max_idle` 1d is not shorter than `max_age` 1d"]);
    let every = problems(&factor("max_uses = 5").replace("max_age = \"24h\"", "max_age = \"0s\""));
    assert_says(&every, &["warning: action `face`: `max_uses` beside `max_age = \"0s\"`"]);
}

#[test]
fn conditions_are_read_with_their_types() {
    let text = action(
        r#"when = [
  { pointer = "/client/client_id", in = ["payroll", "hr"] },
  { pointer = "/user/app_metadata/tier", not_equals = "gold" },
  { pointer = "/organization/id", exists = true },
  { any = [{ pointer = "/user/roles", contains = "admin" }, { pointer = "/user/level", equals = 3 }] },
]"#,
    );
    let (text, manifest) = without_factor(&text);
    let checked = Folder::new().check(&text, &manifest).unwrap();
    let shown: Vec<String> = checked.tenants[0].actions[0].spec.rules.when.iter().map(ToString::to_string).collect();
    let wanted = [
        "`/client/client_id` is in [\"payroll\", \"hr\"]",
        "`/user/app_metadata/tier` does not equal \"gold\"",
        "`/organization/id` exists",
        "`/user/roles` contains \"admin\" or `/user/level` equals 3",
    ];
    assert_eq!(shown, wanted);
    // It survives being stored.
    let revision = serde_json::to_string(&checked.tenants[0].revision).unwrap();
    let read: crate::Revision = serde_json::from_str(&revision).unwrap();
    assert_eq!(read, checked.tenants[0].revision);
}

#[test]
fn each_mistake_in_a_condition_has_its_line() {
    let line = |text: &str| text.lines().position(|line| line.starts_with("when = [")).unwrap() + 1;
    for (condition, says) in [
        ("{ pointer = \"user\", exists = true }", "`pointer`: `user` is not a pointer"),
        ("{ exists = true }", "`pointer` is missing"),
        ("{ pointer = \"/a\" }", "has no test"),
        ("{ pointer = \"/a\", equals = 1, in = [1] }", "has more than one test"),
        ("{ pointer = \"/a\", exists = \"yes\" }", "`exists` must be a boolean, not a string"),
        ("{ pointer = \"/a\", equals = 1.5 }", "`equals` must be a string, an integer or a boolean, not a float"),
        ("{ pointer = \"/a\", equals = [1] }", "`equals` must be a string, an integer or a boolean, not an array"),
        ("{ pointer = \"/a\", in = \"x\" }", "`in` must be an array, not a string"),
        ("{ pointer = \"/a\", in = [] }", "`in`: 0 values"),
        ("{ pointer = \"/a\", in = [{}] }", "`in` must be a string, an integer or a boolean, not a table"),
        ("{ pointer = \"/a\", equal = 1 }", "did you mean `equals`?"),
        ("{ any = [] }", "`any` is empty: it would never hold"),
        ("{ any = [{ pointer = \"/a\" }] }", "has no test"),
        ("{ any = [{ any = [] }] }", "`any` is not known here"),
        ("\"/a\"", "a condition of `when`: is a string, not a table"),
    ] {
        let text = action(&format!("when = [{condition}]"));
        let found = problems(&text);
        assert_says(
            &found,
            &[says, &format!("postlude.toml:{}: tenant `acme`, action `face`, a condition of `when`", line(&text))],
        );
    }
    assert_says(&problems(&action("when = 1")), &["`when` must be an array"]);
    let many = |n: usize| action(&format!("when = [{}]", "{ pointer = \"/a\", exists = true },".repeat(n)));
    assert_says(&problems(&many(17)), &["`when`: 17 conditions are more than 16"]);
    assert_eq!(problems(&many(16)), "");
    let values = |n: usize| action(&format!("when = [{{ pointer = \"/a\", in = [{}] }}]", "1,".repeat(n)));
    assert_eq!(problems(&values(256)), "");
    assert_says(&problems(&values(257)), &["`in`: 257 values"]);
}

#[test]
fn narrowing_a_factor_by_a_condition_is_a_warning() {
    let narrow = bound(&action("when = [{ pointer = \"/a\", equals = 1 }]"), &manifest());
    assert_says(
        &narrow,
        &[
            "warning: action `face`: `when` narrows it: where it does not hold, `https://acme.example/face` is not asked for",
            "an event without the value passes it over",
        ],
    );
    let exception = bound(&action("when = [{ pointer = \"/a\", not_equals = 1 }]"), &manifest());
    assert_says(&exception, &["make sure that those logins need no factor"]);
    for pointer in ["/request", "/request/ip", "/user/user_metadata/x"] {
        let found = bound(&action(&format!("when = [{{ pointer = \"{pointer}\", not_equals = 1 }}]")), &manifest());
        assert_says(&found, &[&format!("`when` looks at `{pointer}`, which the user writes")]);
    }
    let near = bound(&action("when = [{ pointer = \"/requests\", not_equals = 1 }]"), &manifest());
    assert!(!near.contains("which the user writes"), "{near}");
    let (text, none) = without_factor(&action("when = [{ pointer = \"/request/ip\", equals = \"x\" }]"));
    assert_eq!(bound(&text, &none), "", "where there is no factor, it is the operator's own affair");
}

#[test]
fn a_group_has_factors_and_more_than_one_action() {
    let alone = bound(&action("any_of = \"second\""), &manifest());
    assert_says(&alone, &["warning: tenant `acme`: one action alone is in group `second`"]);
    let (text, none) = without_factor(&action("any_of = \"second\""));
    assert_says(&bound(&text, &none), &["is in group `second`, and its plugin declares no factor"]);
    assert_says(&problems(&action("any_of = \"Second\"")), &["`any_of`: `Second` is not a group name"]);
    let pipeline = action("any_of = \"second\"");
    let (_, again) = pipeline.split_once("[[tenants.acme.pipeline]]").unwrap();
    let again = again.replace("name = \"face\"", "name = \"voice\"");
    let two = format!("{pipeline}\n[[tenants.acme.pipeline]]\n{again}");
    assert_eq!(bound(&two, &manifest()), "");
    let at = two.rfind("\"second\"").unwrap();
    let typo = format!("{}\"secnd\"{}", &two[..at], &two[at + 8..]);
    assert_says(&bound(&typo, &manifest()), &["did you mean `second`?"]);
}

#[test]
fn a_report_only_action_asks_for_no_factor() {
    let found = bound(&action("report_only = true"), &manifest());
    assert_says(
        &found,
        &["warning: action `face`: `report_only` with a factor: `https://acme.example/face` is not asked for"],
    );
    assert_says(&problems(&action("report_only = 1")), &["`report_only` must be a boolean"]);
    let (text, none) = without_factor(&action("report_only = true"));
    let folder = Folder::new();
    let checked = folder.check(&text, &none).unwrap();
    assert!(checked.tenants[0].actions[0].spec.rules.report_only && checked.warnings.is_empty());
    assert!(!bound_spec(&documented()).rules.report_only);
}

#[test]
fn a_failure_policy_may_be_one_for_each_kind() {
    let text = with("on_failure = \"deny\"", "on_failure = { unavailable = \"continue\", trap = \"deny\" }");
    let (text, none) = without_factor(&text);
    let checked = Folder::new().check(&text, &none).unwrap();
    let policy = checked.tenants[0].actions[0].spec.on_failure;
    let opens: Vec<_> = FailureKind::ALL.into_iter().filter(|kind| policy.opens(*kind)).collect();
    assert_eq!(opens, [FailureKind::Unavailable]);
    let factor = with("on_failure = \"deny\"", "on_failure = { fuel = \"continue\", other = \"continue\" }");
    assert_says(
        &bound(&factor, &manifest()),
        &["postlude.toml:", "`on_failure` has `continue` for other, fuel with a factor, `https://acme.example/face`"],
    );
    assert_eq!(bound(&with("on_failure = \"deny\"", "on_failure = { fuel = \"deny\" }"), &manifest()), "");
    for (policy, says) in [
        ("{ traps = \"deny\" }", "did you mean `trap`?"),
        ("{ trap = \"maybe\" }", "`on_failure.trap`: `maybe` is not a failure policy"),
        ("\"maybe\"", "`on_failure`: `maybe` is not a failure policy"),
        ("1", "`on_failure` must be a string"),
    ] {
        assert_says(&problems(&with("on_failure = \"deny\"", &format!("on_failure = {policy}"))), &[says]);
    }
}
