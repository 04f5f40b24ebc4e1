//! Tables: rows that are taken, with what they become, and rows that are refused, with the line, the column and the
//! reason.

#![expect(clippy::unwrap_used, reason = "a test ends where what it stands on does not hold")]

use belfry_ngsi_ld::Json;
use belfry_transfer::TransferError;
use belfry_transfer::mapping::Mapping;
use belfry_transfer::source::{Item, Refusal, table::Table};
use proptest::prelude::*;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

fn items(map: &str, text: impl Into<Vec<u8>>) -> Result<Vec<Item>, TransferError> {
    let mapping = Arc::new(Mapping::parse(map, Path::new("m.toml"))?);
    let file: Arc<Path> = Path::new("t.csv").into();
    Table::open(Cursor::new(text.into()), &mapping.conventions, &file)?.items(mapping)?.collect()
}

/// A mapping of one attribute `v`, with these lines of its own and these before the entity.
fn map(attribute: &str, before: &str) -> String {
    format!("{before}\n[[entity]]\nid = \"urn:x:1\"\ntype = \"T\"\n[[entity.attribute]]\nname = \"v\"\n{attribute}\n")
}

fn one(map: &str, text: impl Into<Vec<u8>>) -> Result<Json, Refusal> {
    let mut items = items(map, text).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(items.len(), 1);
    items.remove(0).outcome.map(|mut entities| entities.remove(0))
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), 16).unwrap()
}

/// attribute lines, cell, the attribute's instance
#[test]
fn cells_become_values() {
    let cases = [
        ("column = \"v\"", "7.34", r#"{"type":"Property","value":7.34}"#),
        ("column = \"v\"", "0071", r#"{"type":"Property","value":"0071"}"#),
        ("column = \"v\"", "+43 1", r#"{"type":"Property","value":"+43 1"}"#),
        ("column = \"v\"", " oak ", r#"{"type":"Property","value":"oak"}"#),
        ("column = \"v\"\ntype = \"number\"", "20", r#"{"type":"Property","value":20}"#),
        ("column = \"v\"\ntype = \"number\"", "-1.5e3", r#"{"type":"Property","value":-1500}"#),
        ("column = \"v\"\ntype = \"number\"", "\u{2212}4", r#"{"type":"Property","value":-4}"#),
        ("column = \"v\"\nscale = 0.1\ndecimals = 2", "733", r#"{"type":"Property","value":73.3}"#),
        (
            "column = \"v\"\nscale = 0.5555555555555556\noffset = -17.77777777777778\ndecimals = 1",
            "212",
            r#"{"type":"Property","value":100}"#,
        ),
        ("column = \"v\"\ntype = \"number\"\nunit = \"CEL\"", "1", r#"{"type":"Property","value":1,"unitCode":"CEL"}"#),
        ("column = \"v\"\ntype = \"text\"", "7.340", r#"{"type":"Property","value":"7.340"}"#),
        ("text = \"No. {v}\"", "7", r#"{"type":"Property","value":"No. 7"}"#),
        ("text = \"{{{v}}}\"", "7", r#"{"type":"Property","value":"{7}"}"#),
        ("column = \"v\"\ntype = \"boolean\"", "YES", r#"{"type":"Property","value":true}"#),
        ("column = \"v\"\ntrue = [\"ja\"]\nfalse = [\"nein\"]", "nein", r#"{"type":"Property","value":false}"#),
        ("column = \"v\"\ntype = \"relationship\"", "urn:x:2", r#"{"type":"Relationship","object":"urn:x:2"}"#),
        (
            "text = \"urn:r:{v|slug}\"\ntype = \"relationship\"",
            "Haus Nr. 7",
            r#"{"type":"Relationship","object":"urn:r:haus-nr-7"}"#,
        ),
        ("column = \"v\"\ntype = \"vocab\"", "open", r#"{"type":"VocabProperty","vocab":"open"}"#),
        (
            "longitude = \"v\"\nlatitude = \"v\"",
            "9.5",
            r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[9.5,9.5]}}"#,
        ),
        (
            "longitude = \"v\"\nlatitude = \"v\"\naltitude = \"v\"",
            "9",
            r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[9,9,9]}}"#,
        ),
        (
            "column = \"v\"\ntype = \"geometry\"",
            r#""{""type"":""Point"",""coordinates"":[1,2]}""#,
            r#"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#,
        ),
        ("value = [1, \"a\", true]", "x", r#"{"type":"Property","value":[1,"a",true]}"#),
        ("column = \"v\"\ndataset = \"urn:d:{v}\"", "3", r#"{"type":"Property","value":3,"datasetId":"urn:d:3"}"#),
    ];
    for (lines, cell, expected) in cases {
        let entity = one(&map(lines, ""), format!("v\n{cell}\n")).unwrap_or_else(|why| panic!("{lines}: {why:?}"));
        assert_eq!(entity.get("v"), Some(&json(expected)), "{lines} {cell}");
    }
}

/// attribute lines, before the entity, cell, column to blame, part of the reason
#[test]
fn cells_are_refused() {
    let time = "[time]\ncolumn = \"v\"";
    let cases = [
        ("column = \"v\"\ntype = \"number\"", "", "7.34x", "v", "is not a number"),
        ("column = \"v\"\ntype = \"number\"", "", "\"7,34\"", "v", "say source.decimal"),
        ("column = \"v\"\ntype = \"number\"", "", "inf", "v", "is not a number"),
        ("column = \"v\"\ntype = \"number\"", "", "1e999", "v", "is not a number"),
        ("column = \"v\"\ntype = \"number\"", "", "--1", "v", "is not a number"),
        ("column = \"v\"\nscale = 1e300", "", "1e300", "v", "out of range"),
        ("column = \"v\"\nmin = 0\nmax = 100", "", "101", "v", "not plausible"),
        ("column = \"v\"\nrequired = true\ntype = \"number\"", "[source]\nmissing = \"-\"", "-", "v", "required"),
        ("column = \"v\"\ntype = \"boolean\"", "", "maybe", "v", "neither true (true, yes, 1) nor false"),
        ("column = \"v\"\ntype = \"relationship\"", "", "house 7", "v", "is no URI"),
        ("longitude = \"v\"\nlatitude = \"v\"", "", "181", "v", "longitude 181"),
        ("longitude = \"v\"\nlatitude = \"v\"", "", "91", "v", "latitude 91"),
        ("column = \"v\"\ntype = \"geometry\"", "", "POINT(1 2)", "v", "not a GeoJSON geometry"),
        ("column = \"v\"\ntype = \"geometry\"", "", "{}", "v", ""),
        ("column = \"v\"\ntype = \"json\"", "", "closed", "v", "it is not JSON"),
        ("column = \"v\"\ntype = \"json\"", "", "[1", "v", "it is not JSON"),
        ("column = \"v\"\ndataset = \"d {v}\"", "", "1", "v", "dataset: \"d 1\" is no URI"),
        ("value = 1", time, "tomorrow", "v", "is not a time"),
        ("value = 1", time, "2024-02-30T00:00:00Z", "v", "is not a time"),
        ("value = 1", time, "2024-01-01 00:00:00", "v", "has no time zone"),
        (
            "value = 1",
            "[time]\ncolumn = \"v\"\nformat = \"%d.%m.%Y\"\nzone = \"UTC\"",
            "31.02.2024",
            "v",
            "is no date and time",
        ),
        (
            "value = 1",
            "[time]\ncolumn = \"v\"\nformat = \"%d.%m.%Y\"\nzone = \"UTC\"",
            "1.2.24 x",
            "v",
            "is not a time of the form",
        ),
        ("value = 1", "[time]\ncolumn = \"v\"\nformat = \"unix\"", "now", "v", "not a number of seconds"),
        ("value = 1", "[time]\ncolumn = \"v\"\nformat = \"unix\"", "99999999999999", "v", ""),
        ("value = 1", "[time]\ncolumn = \"v\"\nformat = \"%Y-%j\"\nzone = \"UTC\"", "2023-366", "v", ""),
        ("value = 1", "[time]\nyear = \"v\"\nday_of_year = \"v\"\nzone = \"UTC\"", "2023", "v", "no day 2023"),
        (
            "value = 1",
            "[time]\ncolumn = \"v\"\nzone = \"Europe/Vaduz\"\nambiguous = \"reject\"",
            "2024-03-31 02:30",
            "v",
            "twice or not at all",
        ),
        (
            "value = 1",
            "[time]\ncolumn = \"v\"\nzone = \"Europe/Vaduz\"\nambiguous = \"reject\"",
            "2024-10-27 02:30",
            "v",
            "twice or not at all",
        ),
    ];
    for (lines, before, cell, column, reason) in cases {
        let refusal = one(&map(lines, before), format!("v\n{cell}\n")).expect_err(&format!("{lines} {before} {cell}"));
        assert_eq!(refusal.field.as_deref(), Some(column), "{lines} {before} {cell}: {refusal:?}");
        assert!(refusal.reason.contains(reason), "{lines} {before} {cell}: {}", refusal.reason);
    }
}

#[test]
fn times_are_read_in_their_zone() {
    let cases = [
        ("", "2024-02-29T12:00:00+02:00", "2024-02-29T10:00:00Z"),
        ("", "2024-02-29 12:00:00.5Z", "2024-02-29T12:00:00.500Z"),
        ("zone = \"UTC\"", "2024-02-29 12:00", "2024-02-29T12:00:00Z"),
        ("zone = \"UTC\"", "2024-02-29", "2024-02-29T00:00:00Z"),
        ("zone = \"+05:45\"", "2024-02-29 12:00:00", "2024-02-29T06:15:00Z"),
        ("zone = \"America/Phoenix\"\nformat = \"%Y-%j\"", "2020-366", "2020-12-31T07:00:00Z"),
        ("zone = \"Europe/Vaduz\"\nformat = \"%d.%m.%Y %H:%M\"", "01.07.2024 12:30", "2024-07-01T10:30:00Z"),
        // The clocks go from 2 to 3: what is between counts an hour on. Later from 3 to 2: the first of the two.
        ("zone = \"Europe/Vaduz\"", "2024-03-31 02:30", "2024-03-31T01:30:00Z"),
        ("zone = \"Europe/Vaduz\"", "2024-10-27 02:30", "2024-10-27T00:30:00Z"),
        ("zone = \"Europe/Vaduz\"\nambiguous = \"later\"", "2024-10-27 02:30", "2024-10-27T01:30:00Z"),
        ("format = \"unix\"", "1704067200", "2024-01-01T00:00:00Z"),
        ("format = \"unix\"", "1704067200.25", "2024-01-01T00:00:00.250Z"),
        ("format = \"unix_ms\"", "1704067200123", "2024-01-01T00:00:00.123Z"),
        ("format = \"%Y-%m-%dT%H:%M:%S%z\"\nzone = \"UTC\"", "2024-01-01T00:00:00+0100", "2023-12-31T23:00:00Z"),
    ];
    for (lines, cell, expected) in cases {
        let entity = one(&map("value = 1", &format!("[time]\ncolumn = \"v\"\n{lines}")), format!("v\n{cell}\n"));
        let entity = entity.unwrap_or_else(|why| panic!("{lines} {cell}: {why:?}"));
        let at = entity.get("v").and_then(|v| v.get("observedAt")).and_then(Json::as_str);
        assert_eq!(at, Some(expected), "{lines} {cell}");
    }
}

#[test]
fn calendars_come_from_columns() {
    let table =
        "Day\tMonth\tYear\tHour\tx\n1\t1\t1991\t24\t5\n31\t12\t1990\t6\t5\n31\t2\t1990\t6\t5\n1\t1\t1991\t25\t5\n";
    let map = "[time]\nyear=\"Year\"\nmonth=\"Month\"\nday=\"Day\"\nhour=\"Hour\"\nzone=\"UTC\"\n[[entity]]\nid=\"urn:x:1\"\ntype=\"T\"\n[[entity.attribute]]\nname=\"v\"\ncolumn=\"x\"\n";
    let items = items(map, table).unwrap();
    let at = |item: &Item| {
        item.outcome
            .as_ref()
            .map_err(|r| r.reason.clone())
            .map(|e| e[0].get("v").unwrap().get("observedAt").unwrap().as_str().unwrap().to_owned())
    };
    assert_eq!(at(&items[0]), Ok("1991-01-02T00:00:00Z".into()));
    assert_eq!(at(&items[1]), Ok("1990-12-31T06:00:00Z".into()));
    assert_eq!(at(&items[2]), Err("there is no day 1990-02-31".into()));
    assert_eq!(at(&items[3]), Err("there is no such time of day".into()));
}

/// source lines, the file, the texts of column v (or a part of the reason), by line
#[test]
fn tables_of_many_kinds_are_cut() {
    type Rows = &'static [(u64, Result<&'static str, &'static str>)];
    let cases: &[(&str, &[u8], Rows)] = &[
        ("", b"a,v\n1,x\n", &[(2, Ok("x"))]),
        ("", b"\xef\xbb\xbfv,a\nx,1\n", &[(2, Ok("x"))]),
        ("", b"a;v\r\n1;x\r\n", &[(2, Ok("x"))]),
        ("", b"a\tv\n1\tx", &[(2, Ok("x"))]),
        ("", b"a|v\n1|x", &[(2, Ok("x"))]),
        ("", b" a , v \n1,x\n", &[(2, Ok("x"))]),
        ("", b"a,v\n\n1,x\n   \n2,y\n", &[(3, Ok("x")), (5, Ok("y"))]),
        ("", b"a,v\n1,\"x,y\"\n", &[(2, Ok("x,y"))]),
        ("", b"a,v\n1,\"x\"\"y\"\n", &[(2, Ok("x\"y"))]),
        ("", b"a,v\n1, \"x\" \n", &[(2, Ok("x"))]),
        ("", b"a,v\n1,\"x\ny\"\n2,z\n", &[(2, Ok("x\ny")), (4, Ok("z"))]),
        ("", b"a,v\n1,\"x\n2,y\n3,z\n", &[(2, Err("never closed")), (3, Ok("y")), (4, Ok("z"))]),
        ("", b"a,v\n1,\"x\"y\n2,z\n", &[(2, Err("between a closing quote")), (3, Ok("z"))]),
        ("", b"a,v\n1,x,,\n", &[(2, Ok("x"))]),
        ("", b"a,v\n1,x,9\n", &[(2, Err("the row has 3 cells, the header 2"))]),
        ("", b"v,a\nx\n", &[(2, Err("the row has 1 cells, the header 2"))]),
        ("ragged = true", b"v,a\nx\n", &[(2, Ok("x"))]),
        ("", b"a,v\n1,na\xdf\n2,y\n", &[(2, Err("not UTF-8")), (3, Ok("y"))]),
        ("encoding = \"latin1\"", b"a,v\n1,na\xdf\n", &[(2, Ok("na\u{df}"))]),
        ("quote = \"'\"", b"a,v\n1,'x,y'\n", &[(2, Ok("x,y"))]),
        ("comment = \"#\"", b"# made by hand\na,v\n1,x\n# the end\n", &[(3, Ok("x"))]),
        ("skip_lines = 2", b"title\nunits,of,all\na,v\n1,x\n", &[(4, Ok("x"))]),
        ("header_begins = \"Day\"\nwhitespace = true", b"preamble v\n\n Day   v  z\n1   x 2\n", &[(4, Ok("x"))]),
        ("columns = [\"a\", \"v\"]", b"1,x\n", &[(1, Ok("x"))]),
        ("columns = [\"a\", \"v\"]\nskip_lines = 1", b"p,q\n1,x\n", &[(2, Ok("x"))]),
        ("delimiter = \";\"", b"a,b;v\n1;x\n", &[(2, Ok("x"))]),
        ("missing = [\"NaN\"]", b"a,v\n1,NaN\n", &[(2, Err("none of its attributes has a value"))]),
        ("", b"a,v\n1,\n", &[(2, Err("none of its attributes has a value"))]),
    ];
    for (source, file, expected) in cases {
        let text = String::from_utf8_lossy(file);
        let items = items(&map("column = \"v\"\ntype = \"text\"", &format!("[source]\n{source}")), *file);
        let items = items.unwrap_or_else(|why| panic!("{source} {text:?}: {why}"));
        assert_eq!(
            items.iter().map(|i| i.line).collect::<Vec<_>>(),
            expected.iter().map(|e| e.0).collect::<Vec<_>>(),
            "{text:?}"
        );
        for (item, (_, expected)) in items.iter().zip(*expected) {
            match (&item.outcome, expected) {
                (Ok(entities), Ok(value)) => {
                    let found = entities[0].get("v").and_then(|v| v.get("value")).and_then(Json::as_str);
                    assert_eq!(found, Some(*value), "{source} {text:?}");
                }
                (Err(refusal), Err(reason)) => {
                    assert!(refusal.reason.contains(reason), "{source} {text:?}: {}", refusal.reason);
                }
                (found, _) => panic!("{source} {text:?}: {found:?}"),
            }
        }
    }
}

#[test]
fn decimal_commas_and_thousands() {
    let source = "[source]\ndelimiter = \";\"\ndecimal = \",\"\nthousands = \".\"";
    for (cell, number) in [("7,34", 7.34), ("1.234.567,5", 1_234_567.5), ("-0,5", -0.5)] {
        let entity = one(&map("column = \"v\"\ntype = \"number\"", source), format!("v;\n{cell};\n")).unwrap();
        assert_eq!(entity.get("v").unwrap().get("value").unwrap().as_f64(), Some(number), "{cell}");
    }
}

#[test]
fn whole_tables_are_refused_with_the_reason() {
    let good = map("column = \"v\"", "");
    let cases: [(&str, &[u8], &str); 9] = [
        (&good, b"", "it is empty"),
        (&good, b"\n\n", "it is empty"),
        (&good, b"\xff\xfev\x00", "UTF-16"),
        (&good, b"a,b\n1,2\n", "there is no column \"v\"; the columns are \"a\", \"b\""),
        (&good, b"v,v\n1,2\n", "two columns are called \"v\""),
        (&map("column = \"#3\"", ""), b"a,b\n1,2\n", "there is no column 3; the table has 2"),
        (&map("column = \"v\"", "[source]\nheader_begins = \"Day\""), b"a,v\n", "no line begins with \"Day\""),
        (&map("column = \"Sol Moisture\"", ""), b"Soil  Moisture ,b\n1,2\n", "did you mean \"Soil Moisture\"?"),
        (&good, b"\"v\n", "line 1: the header: a quote that begins here is never closed"),
    ];
    for (map, file, reason) in cases {
        let error = items(map, file).err().unwrap_or_else(|| panic!("{reason}")).to_string();
        assert!(error.contains(reason), "{error}");
    }
    let numbered = items(&map("column = \"#2\"\ntype = \"text\"", ""), "v,v\n1,2\n").unwrap();
    assert_eq!(numbered[0].outcome.as_ref().unwrap()[0].get("v").unwrap().get("value").unwrap().as_str(), Some("2"));
}

#[test]
fn a_row_makes_several_entities_or_none() {
    let map = "[[entity]]\nid=\"urn:x:{a|slug}\"\ntype=[\"T\",\"U\"]\nscope=\"/{b}\"\n[[entity.attribute]]\nname=\"v\"\ncolumn=\"b\"\ndataset=\"urn:d:1\"\n[[entity.attribute]]\nname=\"v\"\ncolumn=\"b\"\n\
               [[entity]]\nid=\"urn:y:{b}\"\ntype=\"W\"\n[[entity.attribute]]\nname=\"w\"\ncolumn=\"c\"\ntype=\"number\"\n";
    let items = items(map, "a,b,c\nA B,7,1\nA B,7,x\nA B,7,\n,7,1\nA,7 8,1\n").unwrap();
    let made = items[0].outcome.as_ref().unwrap();
    assert_eq!(
        made[0],
        json(
            r#"{"id":"urn:x:a-b","type":["T","U"],"scope":"/7","v":[{"type":"Property","value":7,"datasetId":"urn:d:1"},{"type":"Property","value":7}]}"#
        )
    );
    assert_eq!(made[1], json(r#"{"id":"urn:y:7","type":"W","w":{"type":"Property","value":1}}"#));
    assert_eq!(items[1].outcome.as_ref().unwrap_err().field.as_deref(), Some("c"));
    assert_eq!(items[2].outcome.as_ref().unwrap().len(), 1, "an entity without a value is left out");
    assert_eq!(items[3].outcome.as_ref().unwrap_err().field.as_deref(), Some("a"));
    assert_eq!(items[4].outcome.as_ref().unwrap_err().field.as_deref(), Some("b"));
}

proptest! {
    /// Whatever the bytes, there is no panic, and every row is taken or refused at a line of its own.
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(prop_oneof![Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..400)) {
        let mut file = b"a,v\n".to_vec();
        file.extend(bytes);
        let items = items(&map("column = \"v\"", ""), file).unwrap();
        prop_assert!(items.windows(2).all(|pair| pair[0].line < pair[1].line));
    }

    /// Cells that are written as RFC 4180 says come back as they were.
    #[test]
    fn quoted_cells_come_back(cells in proptest::collection::vec("[ -~\n]{0,12}", 1..6)) {
        let mut file = "v,w\n".to_owned();
        for cell in &cells {
            file.push_str(&format!("\"{}\",1\n", cell.replace('"', "\"\"")));
        }
        let mapping = Mapping::parse(&map("column = \"v\"", ""), Path::new("m.toml")).unwrap();
        let file_name: Arc<Path> = Path::new("t.csv").into();
        let mut table = Table::open(Cursor::new(file.into_bytes()), &mapping.conventions, &file_name).unwrap();
        for cell in &cells {
            let (_, row) = table.cells().unwrap().unwrap();
            prop_assert_eq!(&row.unwrap()[0], cell);
        }
        prop_assert!(table.cells().unwrap().is_none());
    }
}
