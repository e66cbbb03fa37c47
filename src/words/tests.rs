use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeZone as _;

use super::*;

/// Message by name, with the values that stand in it.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in language.messages().lines().filter(|line| !line.starts_with('#')) {
        if !line.starts_with(char::is_whitespace)
            && let Some((name, _)) = line.split_once(" = ")
        {
            current = name.to_owned();
            assert!(!found.contains_key(&current), "{}: {current} twice", language.code());
            found.entry(current.clone()).or_default();
        }
        let values = line.split("{ $").skip(1);
        let values = values.filter_map(|rest| rest.split([' ', '}']).next()).map(str::to_owned);
        found.entry(current.clone()).or_default().extend(values);
    }
    found.remove("");
    found
}

#[test]
fn every_language_has_every_message_with_the_same_values() {
    let english = messages(Language::English);
    assert!(english.len() > 150);
    for language in Language::ALL {
        let own = messages(language);
        for (name, values) in &english {
            let there = own.get(name);
            // A language without plurals may leave the number to its only form, and says it there.
            assert_eq!(there, Some(values), "{} {name}", language.code());
        }
        assert_eq!(own.len(), english.len(), "{} has more than English", language.code());
        FluentResource::try_new(language.messages().to_owned())
            .unwrap_or_else(|(_, mistakes)| panic!("{}: {mistakes:?}", language.code()));
    }
}

#[test]
fn every_message_can_be_said_and_none_is_left_in_english() {
    let values = ["app", "company", "blueprint", "tenant", "apps", "label", "example", "email"];
    let more = ["link", "date", "day", "month", "year", "time", "number", "total", "most"];
    let mut args = FluentArgs::new();
    for name in values.into_iter().chain(more).chain(["first", "second"]) {
        args.set(name, "X");
    }
    args.set("count", 3);
    // Where two languages happen to have the same word for it.
    let alike = ["list-more", "no", "error-prefix", "day", "colon"];
    for (name, _) in messages(Language::English) {
        let english = try_format(Language::English, &name, &args);
        assert!(english.is_some(), "en {name}");
        for language in Language::ALL.into_iter().skip(1) {
            let said = try_format(language, &name, &args);
            assert!(said.is_some(), "{} {name}", language.code());
            let said_in_english = said == english && !alike.contains(&&*name);
            assert!(!said_in_english, "{} {name}: {said:?}", language.code());
        }
    }
}

#[test]
fn lists_dates_counts_and_sentences_follow_the_language() {
    let items = ["A", "B", "C"].map(str::to_owned);
    let at = Utc.with_ymd_and_hms(2026, 3, 9, 14, 5, 0).unwrap();
    let said: Vec<_> = Language::ALL
        .map(Words::new)
        .map(|words| {
            format!("{} | {} | {}", words.list(&items), words.list(&items[..1]), words.date(at))
        })
        .into();
    assert_eq!(
        said,
        [
            "A, B and C | A | 9 March 2026, 14:05 UTC",
            "A, B und C | A | 9. März 2026, 14:05 Uhr UTC",
            "A, B et C | A | 9 mars 2026 à 14:05 UTC",
            "A, B y C | A | 9 de marzo de 2026, 14:05 UTC",
            "A、BとC | A | 2026年3月9日 14:05(UTC)",
        ]
    );
    let english = Words::default();
    assert_eq!(english.count("question-found", 1), "1 entry");
    assert_eq!(english.count("question-found", 2), "2 entries");
    assert_eq!(english.around("help-email", "email"), ("Need help? Write to ".into(), ".".into()));
    assert_eq!(english.say("no-such-message"), "no-such-message");
    let typed = english.fill("connect", "app", "{ $x } <b>");
    assert_eq!(typed, "Connect { $x } <b>");
}

#[test]
fn whoever_asks_gets_the_language_that_fits() {
    use Language as L;
    for (header, expected) in [
        ("de", Some(L::German)),
        ("de-AT, en;q=0.9", Some(L::German)),
        ("pt, fr-CA;q=0.5, es;q=0.8", Some(L::Spanish)),
        ("en;q=0.5, ja;q=0.5", Some(L::English)),
        ("ja;q=0, fr;q=0.1", Some(L::French)),
        ("pt", None),
        ("de;q=7", None),
        ("de;q=NaN, ja", Some(L::Japanese)),
        ("*", None),
        ("", None),
    ] {
        assert_eq!(Language::of_wishes(header), expected, "{header}");
    }
    let late = format!("{}de", "pt,".repeat(Language::MOST_WISHES));
    assert_eq!(Language::of_wishes(&late), None);
    for (tag, expected) in
        [("fr_CA.UTF-8", Some(L::French)), ("JA", Some(L::Japanese)), ("d", None)]
    {
        assert_eq!(Language::of_tag(tag), expected, "{tag}");
    }
}

#[test]
fn numbers_are_read_and_written_as_people_do() {
    for (language, typed, read) in [
        (Language::English, "3.5", "3.5"),
        (Language::English, "3,5", "3,5"),
        (Language::German, " 3,5 ", "3.5"),
        (Language::German, "3.5", "3.5"),
        (Language::French, "1.234,5", "1.234,5"),
        (Language::Spanish, "doce, y", "doce. y"),
        (Language::Japanese, "12", "12"),
    ] {
        assert_eq!(language.read_number(typed), read, "{language:?} {typed}");
    }
    assert_eq!(Language::German.write_number("3.5"), "3,5");
    assert_eq!(Language::German.write_number("a.b"), "a.b");
}
