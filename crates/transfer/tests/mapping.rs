//! Mapping files: what is refused, where, and with which suggestion; what is taken.

use belfry_transfer::mapping::{Mapping, Mode};
use belfry_transfer::{Problem, TransferError};
use std::path::Path;

const GOOD: &str = "[time]\ncolumn = \"t\"\n\n[[entity]]\nid = \"urn:x:{n}\"\ntype = \"T\"\n[[entity.attribute]]\nname = \"a\"\ncolumn = \"a\"\n";

fn problems(text: &str) -> Vec<Problem> {
    match Mapping::parse(text, Path::new("m.toml")) {
        Err(TransferError::Mapping(problems)) => problems,
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

/// An entity with one attribute of these lines; the attribute's first line is line 5.
fn attribute(lines: &str) -> String {
    format!("[[entity]]\nid = \"urn:x:1\"\ntype = \"T\"\n[[entity.attribute]]\n{lines}\n")
}

#[test]
fn a_good_mapping_is_read() {
    let mapping = Mapping::parse(GOOD, Path::new("m.toml")).unwrap();
    assert_eq!(mapping.default_mode(), Mode::Both);
    assert_eq!(mapping.columns.names(), ["t", "n", "a"]);
    let stateless = Mapping::parse(&GOOD[GOOD.find("[[entity]]").unwrap()..], Path::new("m.toml")).unwrap();
    assert_eq!(stateless.default_mode(), Mode::State);
}

#[test]
fn the_examples_of_the_guide_are_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            Mapping::load(&path).unwrap_or_else(|why| panic!("{why}"));
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen} examples");
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let cases: Vec<(String, usize, usize, &str, Option<&str>)> = vec![
        ("[[entity]\n".into(), 1, 10, "unclosed array table", None),
        ("mode = \"state\"\n".into(), 1, 1, "there is no [[entity]]", None),
        (format!("modus = \"state\"\n{GOOD}"), 1, 1, "unknown key \"modus\"", Some("mode")),
        (format!("mode = \"statr\"\n{GOOD}"), 1, 8, "mode is one of \"state\", \"history\", \"both\", not \"statr\"", Some("state")),
        (format!("mode = 3\n{GOOD}"), 1, 8, "mode must be a text, not integer", None),
        ("mode = \"history\"\n[[entity]]\nid = \"urn:x:1\"\ntype = \"T\"\n[[entity.attribute]]\nname = \"a\"\ncolumn = \"a\"\n".into(), 1, 1, "a mode of history needs a [time] table", None),
        (GOOD.replace("[time]\ncolumn", "[time]\ncolum"), 2, 1, "unknown key \"time.colum\"", Some("column")),
        (GOOD.replace("column = \"t\"", "column = \"t\"\nzone = \"Europe/Vadus\""), 3, 8, "time.zone: \"Europe/Vadus\" is no time zone", None),
        (GOOD.replace("column = \"t\"", "column = \"t\"\nformat = \"%H:%M\""), 3, 10, "time.format: \"%H:%M\" holds no whole date", None),
        (GOOD.replace("column = \"t\"", "column = \"t\"\nformat = \"%Q!\""), 3, 10, "time.format:", None),
        (GOOD.replace("column = \"t\"", "column = \"t\"\nambiguous = \"first\""), 3, 13, "time.ambiguous is one of", None),
        (GOOD.replace("column = \"t\"", "format = \"iso\""), 1, 1, "time: say where it comes from", None),
        (GOOD.replace("column = \"t\"", "year = \"y\"\nmonth = \"m\"\nday_of_year = \"d\""), 1, 1, "time: day_of_year goes with year alone", None),
        (GOOD.replace("id = \"urn:x:{n}\"\n", ""), 4, 1, "an entity needs an id", None),
        (GOOD.replace("urn:x:{n}", "well 1"), 5, 6, "entity.id: \"well 1\" is no URI", None),
        (GOOD.replace("urn:x:{n}", "urn:x:{n"), 5, 6, "a { without }", None),
        (GOOD.replace("urn:x:{n}", "urn:x:n}"), 5, 6, "a } without {", None),
        (GOOD.replace("urn:x:{n}", "urn:x:{n|lower}"), 5, 6, "unknown filter \"lower\"", None),
        (GOOD.replace("type = \"T\"\n", ""), 4, 1, "an entity needs a type", None),
        (GOOD.replace("type = \"T\"", "typ = \"T\""), 6, 1, "unknown key \"entity.typ\"", Some("type")),
        ("[[entity]]\nid = \"urn:x:1\"\ntype = \"T\"\n".into(), 1, 1, "an entity needs at least one [[entity.attribute]]", None),
        (format!("[source]\ndelimiter = \"::\"\n{GOOD}"), 2, 13, "source.delimiter must be one ASCII character", None),
        (format!("[source]\ndelimeter = \";\"\n{GOOD}"), 2, 1, "unknown key \"source.delimeter\"", Some("delimiter")),
        (format!("[source]\ndecimal = \"5\"\n{GOOD}"), 2, 11, "source.decimal must be one character, no digit", None),
        (format!("[source]\ndecimal = \",\"\nthousands = \",\"\n{GOOD}"), 1, 1, "source: decimal and thousands cannot be the same", None),
        (format!("[source]\nwhitespace = true\ndelimiter = \",\"\n{GOOD}"), 1, 1, "source: either a delimiter or whitespace", None),
        (format!("[source]\nskip_lines = -1\n{GOOD}"), 2, 14, "source.skip_lines must be a whole number", None),
        (format!("[source]\nencoding = \"utf8\"\n{GOOD}"), 2, 12, "source.encoding is one of", Some("utf-8")),
        (format!("[source]\nmissing = [\"NaN\", 9]\n{GOOD}"), 2, 19, "source.missing must be a text or a list of texts", None),
        (format!("[source]\nragged = \"yes\"\n{GOOD}"), 2, 10, "source.ragged must be true or false", None),
        (attribute("column = \"a\""), 4, 1, "an attribute needs a name", None),
        (attribute("name = \"a\""), 4, 1, "an attribute takes its value from exactly one of", None),
        (attribute("name = \"a\"\ncolumn = \"a\"\nvalue = 1"), 4, 1, "an attribute takes its value from exactly one of", None),
        (attribute("name = \"a\"\ncolumn = \"a\"\ntype = \"nummer\""), 7, 8, "entity.attribute.type is one of", Some("number")),
        (attribute("name = \"a\"\ncolumn = \"a\"\nunits = \"CEL\""), 7, 1, "unknown key \"entity.attribute.units\"", Some("unit")),
        (attribute("name = \"a\"\ncolumn = \"a\"\ntype = \"text\"\nscale = 2"), 4, 1, "scale, offset, decimals, min and max are for type", None),
        (attribute("name = \"a\"\ncolumn = \"a\"\nscale = \"2\""), 7, 9, "entity.attribute.scale must be a number", None),
        (attribute("name = \"a\"\ncolumn = \"a\"\nscale = inf"), 7, 9, "entity.attribute.scale must be a number", None),
        (attribute("name = \"a\"\ncolumn = \"a\"\ndecimals = 99"), 7, 12, "entity.attribute.decimals must be a whole number", None),
        (attribute("name = \"a\"\nlongitude = \"x\""), 4, 1, "an attribute takes its value from exactly one of", None),
        (attribute("name = \"a\"\nvalue = nan"), 6, 9, "value: this cannot be said in JSON", None),
        (attribute("name = \"a\"\nvalue = 1\n[[entity.attribute]]\nname = \"a\"\nvalue = 2"), 7, 1, "attribute \"a\" is mapped twice", None),
    ];
    for (text, line, column, message, suggestion) in &cases {
        let found = problems(text);
        let Some(first) = found.iter().find(|p| p.message.starts_with(message)) else {
            panic!("{text}\nfound {found:?}\nwanted {message}");
        };
        assert_eq!((first.line, first.column), (*line, *column), "{text}\n{first}");
        assert_eq!(first.suggestion.as_deref(), *suggestion, "{text}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = problems("[time]\ncolum = \"t\"\n[[entity]]\nid = \"well\"\ntyp = \"T\"\n");
    assert!(found.len() >= 5, "{found:#?}");
    assert!(found.is_sorted_by_key(|p| (p.line, p.column)));
    assert_eq!(found[1].to_string(), "m.toml:2:1: unknown key \"time.colum\"; did you mean \"column\"?");
}
