//! Each mistake is named as what it is, at its own line, once; the rest of the file is still read.

use super::check;
use crate::inventory::Inventory;

/// A list of a good job and the given lines.
fn after_a_good_job(lines: &str) -> String {
    format!("version: 1\njobs:\n  - name: good\n    length: 4h\n    source: ecs-task\n{lines}")
}

#[test]
fn a_tab_is_named_at_the_line_that_it_indents() {
    check(
        "version: 1\njobs:\n  - name: a\n«\tlength: 4h\n    source: ecs-task\n",
        &[("a tab indents this line", "blanks")],
    );
    check(&after_a_good_job("  - name: b\n  «\tlength: 4h\n    source: codebuild\n"), &[("tab", "blanks")]);
    check("version: 1\n«\tjobs:\n  - name: a\n", &[("tab", "blanks")]);
}

#[test]
fn tabs_between_the_brackets_of_json_are_no_mistake() {
    let job = "{\"name\": \"a\", \"length\": \"1h\", \"source\": \"ecs-task\"}";
    let json = format!("{{\n\t\"version\": 1,\n\t\"jobs\": [{job}]\n}}\n");
    assert!(Inventory::parse("team.json", &json).is_ok());
}

#[test]
fn a_no_break_space_is_named() {
    for (written, name) in [('\u{a0}', "U+00A0"), ('\u{202f}', "U+202F"), ('\u{200b}', "U+200B")] {
        let job = |line: &str| format!("version: 1\njobs:\n  - name: a\n{line}\n    source: ecs-task\n");
        check(&job(&format!("    length:«{written}4h")), &[(name, "replace it by a blank")]);
        check(&job(&format!("    length: «{written}4h")), &[(name, "replace it by a blank")]);
        check(&job(&format!("  «{written} length: 4h")), &[(name, "replace it by a blank")]);
    }
    check("version: 1\njobs:\n  -«\u{a0}name: a\n    length: 4h\n", &[("no-break space", "blank")]);
}

#[test]
fn a_no_break_space_inside_a_text_is_no_mistake() {
    let job = "{name: \"a\u{a0}b\", length: 4h, owner: c\u{a0}d, source: lambda}";
    let text = &format!("version: 1\n# a\u{a0}comment\njobs:\n  - {job}\n");
    let problems = Inventory::parse("team.yaml", text).unwrap_err().to_string();
    assert!(!problems.contains("U+00A0") && problems.contains("Lambda function cannot run"), "{problems}");
}

#[test]
fn a_byte_order_mark_may_begin_a_file() {
    let text = "\u{feff}version: 1\njobs: [{name: a, length: 1h, source: ecs-task}]\n";
    assert!(Inventory::parse("team.yaml", text).is_ok());
}

#[test]
fn a_wrong_indentation_is_named_at_its_line() {
    check(
        "version: 1\njobs:\n  - name: a\n   «length: 4h\n    source: ecs-task\n",
        &[("indented by 3 blanks", "by 4 blanks")],
    );
    check(
        "version: 1\njobs:\n  - name: a\n    length: 4h\n      «source: ecs-task\n",
        &[("indented by 6 blanks", "by 4 blanks")],
    );
    check(
        &after_a_good_job(" «- name: b\n   length: 4h\n   source: ecs-task\n"),
        &[("indented by 1 blank", "by 2 blanks")],
    );
}

#[test]
fn a_hyphen_without_a_blank_is_named() {
    let job = after_a_good_job("  «-name: a\n    length: 4h\n    source: ecs-task\n");
    check(&job, &[("blank is missing", "- name: a")]);
    check("version: 1\njobs:\n  «-name: a\n", &[("blank is missing", "- name: …")]);
}

#[test]
fn a_colon_without_a_blank_is_named() {
    check(
        "version: 1\njobs:\n  - name: a\n    length«:4h\n    source: ecs-task\n",
        &[("blank is missing behind the colon", "`length: 4h`")],
    );
}

#[test]
fn an_item_whose_hyphen_is_missing_is_one_mistake() {
    check(
        &after_a_good_job("    «name: b\n    length: 4h\n    source: ecs-task\n"),
        &[("the `- ` of a new item is missing", "- name: …")],
    );
    check(
        "version: 1\njobs: [{name: a, length: 1h, source: ecs-task}]\nwaivers:\n  \
         - finding: thin-margin\n    job: a\n    until: 2027-01-31\n    reason: r\n    \
         «finding: thin-margin\n    job: b\n    until: 2027-01-31\n    reason: r\n",
        &[("the `- ` of a new item is missing", "- finding: …")],
    );
}

#[test]
fn an_open_quote_is_named_where_it_begins() {
    check(
        "version: 1\njobs:\n  - name: «\"a\n    length: 4h\n    source: ecs-task\n",
        &[("the quote \" that begins here is not closed", "close it")],
    );
    check(
        "version: 1\njobs:\n  - name: a\n    owner: «\"us\n    length: 4h\n    source: ecs-task\n  - name: \"b\"\n    \
         length: 4h\n    source: ecs-task\n",
        &[("the quote \"", "close it")],
    );
    check(
        "version: 1\njobs:\n  - name: it's\n    owner: «'us\n    length: 4h\n    source: ecs-task\n",
        &[("the quote '", "close it")],
    );
}

#[test]
fn a_carriage_return_alone_ends_a_line() {
    let text = "version: 1\rjobs:\r\n  - name: \"a\r    length: 4h\r";
    let problems = Inventory::parse("team.yaml", text).unwrap_err();
    let places: Vec<_> = problems.iter().map(|problem| &problem.location).map(|at| (at.line, at.column)).collect();
    assert_eq!(places, [(3, 11)], "{problems}");
}

#[test]
fn a_template_that_was_not_rendered_is_named() {
    check(
        "version: 1\njobs:\n  - name: a\n    length: «{{ length }}\n    source: ecs-task\n",
        &[("`{{` is a mark of a template: this file was not rendered", "render")],
    );
    check(
        "version: 1\njobs:\n«{% for job in jobs %}\n  - name: a\n    length: 4h\n    source: ecs-task\n{% endfor %}\n",
        &[("`{%` is a mark of a template", "render")],
    );
    check(
        "version: 1\njobs:\n  - name: a\n    length: «\"{{ length }}\"\n    source: ecs-task\n",
        &[("`{{ length }}` is not a duration", "render")],
    );
}

#[test]
fn a_glob_or_a_text_that_needs_quotes_is_named() {
    let waiver = |line: &str| {
        format!(
            "version: 1\njobs: [{{name: a, length: 1h, source: ecs-task}}]\nwaivers:\n  - finding: thin-margin\n    \
             {line}\n    until: 2027-01-31\n    reason: r\n"
        )
    };
    check(&waiver("job: «*"), &[("begins with `*` needs quotes", "\"*\"")]);
    check(&waiver("job: «@all"), &[("begins with `@` needs quotes", "\"@all\"")]);
    check(&waiver("job: «see: this"), &[("holds `: ` needs quotes", "\"see: this\"")]);
}

#[test]
fn a_date_without_hyphens_is_shown_with_them() {
    let waiver = |until: &str| {
        format!(
            "version: 1\njobs: [{{name: a, length: 1h, source: ecs-task}}]\n\
             waivers: [{{finding: thin-margin, job: a, until: {until}, reason: r}}]\n"
        )
    };
    check(&waiver("«20991231"), &[("`20991231` is not a date", "YYYY-MM-DD: 2099-12-31")]);
    check(&waiver("«20991331"), &[("`20991331` is not a date", "YYYY-MM-DD")]);
    check(&waiver("«2099"), &[("`2099` is not a date", "YYYY-MM-DD")]);
}

#[test]
fn a_required_key_that_is_misspelt_is_one_mistake() {
    check(
        "version: 1\njobs:\n  - name: a\n    «lenght: 4h\n    source: ecs-task\n",
        &[("`lenght` is not a key", "did you mean `length`")],
    );
    check(
        "version: 1\njobs:\n  - «nmae: a\n    «lenght: 4h\n    «souce: ecs-task\n",
        &[("`nmae`", "`name`"), ("`lenght`", "`length`"), ("`souce`", "`source`")],
    );
    // An unknown key that is near to no missing one hides none.
    let far = "version: 1\njobs:\n  - «name: a\n    «zzz: 4h\n    source: ecs-task\n";
    check(far, &[("no `length`", ""), ("`zzz`", "")]);
}

#[test]
fn a_word_that_people_use_for_a_kind_of_source_names_the_kind() {
    for (word, kind) in [
        ("oidc", "web-identity"),
        ("irsa", "web-identity"),
        ("github-actions", "web-identity"),
        ("GitHub Actions", "web-identity"),
        ("gitlab", "web-identity"),
        ("sso", "identity-center"),
        ("aws-sso", "identity-center"),
        ("permission_set", "identity-center"),
        ("fargate", "ecs-task"),
        ("ecs", "ecs-task"),
        ("batch", "ecs-task"),
        ("user", "iam-user"),
        ("access_key", "iam-user"),
        ("ec2", "ec2-instance"),
        ("instance-profile", "ec2-instance"),
        ("eks", "eks-pod-identity"),
        ("pod_identity", "eks-pod-identity"),
        ("mfa", "session-token"),
        ("aws-login", "console-login"),
        ("vault", "issued"),
        ("glue", "service-role"),
        ("ECS_Task", "ecs-task"),
        ("lamda", "lambda"),
    ] {
        let help = format!("did you mean `{kind}`?");
        check(&format!("version: 1\njobs: [{{name: a, length: 1h, source: «{word}}}]\n"), &[(word, &help)]);
    }
}

#[test]
fn the_rest_of_the_file_is_read_after_a_syntax_error() {
    check(
        "version: 1\njobs:\n  - name: a\n«\tlength: 4h\n    source: ecs-task\n  \
         - name: b\n    length: «4\n    source: ecs-task\n  \
         - name: c\n    owner: «\"us\n    length: 4h\n\
         waivers:\n  - «{finding: thin-margin, until: 2027-01-31, reason: r}\n",
        &[("tab", ""), ("`4` is a bare number", ""), ("the quote", ""), ("neither a job nor a role", "")],
    );
}

#[test]
fn jobs_are_not_blamed_for_a_role_that_a_syntax_error_hides() {
    check(
        "version: 1\nroles:\n  hub:\n«\tarn: arn:aws:iam::111111111111:role/hub\n\
         jobs:\n  - {name: a, length: 1h, source: iam-user, path: [hub]}\n",
        &[("tab", "")],
    );
}

#[test]
fn a_file_full_of_mistakes_is_given_up_after_fifty() {
    let text = after_a_good_job(&"  - name: a\n\tlength: 4h\n".repeat(200));
    let problems = Inventory::parse("team.yaml", &text).unwrap_err();
    assert_eq!(problems.iter().count(), 50);
}

#[test]
fn at_most_a_thousand_problems_of_a_file_are_kept_and_the_rest_is_counted() {
    let text = format!("version: 1\njobs:\n{}", "  - {}\n".repeat(1500));
    let problems = Inventory::parse("team.yaml", &text).unwrap_err();
    assert_eq!(problems.iter().count(), 1000);
    let shown = problems.render(false);
    assert_eq!(shown.matches("error: ").count(), 1000);
    assert!(shown.ends_with("4500 problems in the inventory, the first 1000 shown; nothing was checked."));
}

#[test]
fn the_marks_of_a_conflict_are_named_once() {
    check(
        "version: 1\njobs:\n«<<<<<<< HEAD\n  - name: a\n=======\n  - name: b\n>>>>>>> other\n    length: 4h\n",
        &[("git left the marks", "keep one of the two versions")],
    );
}
