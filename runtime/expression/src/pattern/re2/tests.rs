use super::translate;

#[test]
fn patterns_are_rewritten_where_the_dialects_differ() {
    for (pattern, expected) in [
        ("", ""),
        ("^a.*[b-d]{2,3}$", "^a.*[b-d]{2,3}$"),
        (r"^\d+\D$", "^[0-9]+[^0-9]$"),
        (r"\w\W\s\S", r"[0-9A-Za-z_][^0-9A-Za-z_][\t\n\f\r ][^\t\n\f\r ]"),
        (r"\bx\B\\d\pL\.", r"(?-u:\b)x(?-u:\B)\\d[\p{L}]\."),
        (r"[\w.-]+@[^\s]", r"[0-9A-Za-z_\.\-]+@[^\t\n\f\r ]"),
        (r"[\Wx]", r"[[^0-9A-Za-z_]x]"),
        (r"[]a][^]b]", r"[\]a][^\]b]"),
        (r"[]-a][--a][+--][a-]", r"[\]-a][\--a][\+-\-][a\-]"),
        (r"[[a][a&&b~]", r"[\[a][a\&\&b\~]"),
        (r"[a--][\d--a]", r"[a-\-][0-9\--a]"),
        (r"[[:alpha:][:^digit:]_]x", r"[[:alpha:][:^digit:]\_]x"),
        (r"[[:alpha]x]", r"[\[\:alpha]x]"),
        (r"\Qa.b[\E.", r"a\.b\[."),
        (r"\Qa\b", r"a\\b"),
        (r"\Q<a>_ \E\<\>\ \_", r"<a>\_ <> \_"),
        (r"[a\]]b", r"[a\]]b"),
        (r"\Qa-b{1}\E{2}", r"a\-b\{1\}{2}"),
        ("{}", r"\{}"),
        ("^{\"a", r#"^\{"a"#),
        ("a{,2}b", r"a\{,2}b"),
        ("a{", r"a\{"),
        ("a{2", r"a\{2"),
        ("a{x}{2}", r"a\{x}{2}"),
        ("a{2}b{3,}c{4,5}", "a{2}b{3,}c{4,5}"),
        ("a{1,2,3}", r"a\{1,2,3}"),
        ("{2}", "{2}"),
        ("a{01}b{0}", r"a\{01}b{0}"),
        ("a{1234567890}", r"a\{1234567890}"),
        ("a{éééééééééééé}b{2}", r"a\{éééééééééééé}b{2}"),
        ("a{2}?b*?c+?d??", "a{2}?b*?c+?d??"),
        ("(?:a*)*(b+)?", "(?:a*)*(b+)?"),
        ("(?:a{10}){100}", "(?:a{10}){100}"),
        ("(?i)a(?s-m:.)(?P<n>b)(?<m>c)(?U)", "(?i)a(?s-m:.)(?P<n>b)(?<m>c)(?U)"),
        (
            r"\p{Greek}\P{L}{2}\x{1F600}\pL{1,3}\x41{2}",
            r"[\p{Script=Greek}][^\p{L}]{2}\x{1F600}[\p{L}]{1,3}\x41{2}",
        ),
        (r"[\p{L}{]", r"[[\p{L}]\{]"),
        (r"\p{^Lu}\P{^Old_Italic}", r"[^\p{Lu}][\p{Script=Old_Italic}]"),
        (r"\p{Any}\PC", r"[\x{0}-\x{10FFFF}][^\p{Cc}\p{Cf}\p{Co}]"),
        (r"\{2}", r"\{2}"),
        (r"\0\012\1013[\60-\71]", r"\x{0}\x{A}\x{41}3[\x{30}-\x{39}]"),
        (r"[\x41-\x{5A}\n-\r]", r"[\x41-\x{5A}\n-\r]"),
        ("[{]{", r"[\{]\{"),
    ] {
        let translated = translate(pattern).map(|translated| translated.pattern);
        assert_eq!(translated.as_deref(), Ok(expected), "{pattern}");
    }
}

#[test]
fn what_re2_refuses_is_refused_by_name() {
    let hint = "put what is repeated first into `(?:…)`";
    let closed = "a `[` is never closed";
    for (pattern, reason) in [
        ("a{2}{3}", format!("`{{2}}` is repeated by `{{3}}`; {hint}").as_str()),
        ("a**", &format!("`*` is repeated by `*`; {hint}")),
        ("a+?+", &format!("`+` is repeated by `+`; {hint}")),
        ("a???", &format!("`?` is repeated by `?`; {hint}")),
        ("(a)?{2,}", &format!("`?` is repeated by `{{2,}}`; {hint}")),
        ("a{1001}", "`{1001}` repeats more than 1000 times"),
        ("a{0,1001}", "`{0,1001}` repeats more than 1000 times"),
        ("a{999999999,}", "`{999999999,}` repeats more than 1000 times"),
        (
            "(?:(a{10}){10}b){11}",
            "`{11}` repeats what is repeated inside, more than 1000 times in all",
        ),
        (r"\u0041", r"`\u` means nothing"),
        (r"[\U]", r"`\U` means nothing"),
        (r"\é", r"`\é` means nothing"),
        (r"\p{greek}", r"there is no group of characters `\p{greek}`"),
        (r"\p{GREEK}", r"there is no group of characters `\p{GREEK}`"),
        (r"\P{gc=L}", r"there is no group of characters `\P{gc=L}`"),
        (r"\p{Greek", r"there is no group of characters `\p{Greek`"),
        (r"[\p]", r"there is no group of characters `\p]`"),
        (r"\p", r"there is no group of characters `\p`"),
        (r"[a-\d]", r"`\d` means nothing"),
        (r"[\b]", r"`\b` means nothing"),
        (r"(a)\1", r"`\1` would be a reference to a group, which there is none"),
        ("(?x)a b", "there is no flag `x`; there are i, m, s and U"),
        ("(?i-u:a)", "there is no flag `u`; there are i, m, s and U"),
        ("[[:letter:]]", "there is no class `[:letter:]`"),
        ("[a", closed),
        ("[]", closed),
        ("[[:alpha", closed),
        (r"[\", r"a `\` stands alone at the end"),
        (r"a\", r"a `\` stands alone at the end"),
    ] {
        assert_eq!(translate(pattern), Err(reason.to_owned()), "{pattern}");
    }
}

#[test]
fn classes_cost_what_reading_them_takes() {
    let steps = |pattern: &str| translate(pattern).map(|translated| translated.steps);
    for (pattern, expected) in [
        (r"[a-z]\d\p{Greek}", 100),
        ("[\x00-\u{10ffff}]", 0),
        ("(?i)[\x00-\u{10ffff}]", 5570),
        ("(?i)[\x00-\u{10ffff}\x00-\u{10ffff}]", 5570),
        (r"[\0-\x{10FFFF}](?s-i:.)", 5570),
        (r"(?i)[^a]\W", 0),
        (r"(?i)[a\W]", 5570),
        (r"(?i)[[:^alpha:]]", 5570),
        (r"(?i)\pL+", 850),
        (r"(?i)\p{Any}", 5670),
        (r"(?i)[\pL]", 6420),
    ] {
        assert_eq!(steps(pattern), Ok(expected), "{pattern}");
    }
}
