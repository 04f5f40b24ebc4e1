//! agency.txt and routes.txt.

use super::{Ids, Reader, fresh, optional};
use crate::model::{Agency, Route};
use crate::notice::Rule;
use crate::table::{Spec, cut};

const AGENCY: Spec = Spec {
    file: "agency.txt",
    columns: &[("agency_id", false), ("agency_name", true), ("agency_url", true), ("agency_timezone", true)],
    ignored: &["agency_lang", "agency_phone", "agency_fare_url", "agency_email", "cemv_support"],
};

const ROUTES: Spec = Spec {
    file: "routes.txt",
    columns: &[
        ("route_id", true),
        ("agency_id", false),
        ("route_short_name", false),
        ("route_long_name", false),
        ("route_type", true),
        ("route_color", false),
    ],
    ignored: &[
        "route_desc",
        "route_url",
        "route_text_color",
        "route_sort_order",
        "continuous_pickup",
        "continuous_drop_off",
        "network_id",
        "cemv_support",
    ],
};

/// Reads the agencies. The first one's time zone is that of the feed.
pub fn agencies(reader: &mut Reader<'_>) {
    let mut ids = Ids::new();
    reader.table(&AGENCY, true, |feed, row| {
        let id = row.text(0);
        fresh(row, &mut ids, id, 0, feed.agencies.len())?;
        for column in [1, 2, 3] {
            if row.text(column).is_empty() {
                row.note(Rule::MissingRequiredField, column, || "a value that must be there is not".into());
            }
        }
        let (url, timezone) = (row.text(2), row.text(3));
        if !url.is_empty() && !url.starts_with("http://") && !url.starts_with("https://") {
            row.note(Rule::InvalidUrl, 2, || format!("{:?} is not a web address", cut(url)));
        }
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        if !timezone.is_empty() && !timezone.bytes().all(letter) {
            row.note(Rule::InvalidTimezone, 3, || format!("{:?} is not the name of a time zone", cut(timezone)));
        }
        if feed.agencies.first().is_some_and(|first| first.timezone != timezone) {
            row.note(Rule::InconsistentTimezone, 3, || {
                "it is not the time zone of the first agency, which counts".into()
            });
        }
        feed.agencies.push(Agency { id: id.into(), name: row.text(1).into(), timezone: timezone.into() });
        Some(())
    });
}

/// Reads the routes.
pub fn routes(reader: &mut Reader<'_>) -> Ids {
    let mut ids = Ids::new();
    let agencies: Ids =
        reader.feed.agencies.iter().zip(0..).map(|(agency, index)| (agency.id.clone(), index)).collect();
    reader.table(&ROUTES, true, |feed, row| {
        let id = row.required(0)?;
        let Some(kind) = row.integer::<u16>(4) else {
            return row
                .drop(Rule::MissingRequiredField, 4, || "the kind of vehicle is not told; the row is dropped".into());
        };
        if !matches!(kind, 0..=7 | 11 | 12 | 100..=1702) {
            row.note(Rule::UnexpectedEnumValue, 4, || format!("{kind} is no kind of vehicle"));
        }
        if row.text(2).is_empty() && row.text(3).is_empty() {
            row.note(Rule::RouteWithoutName, 2, || "the route has neither a short nor a long name".into());
        }
        let color = row.text(5);
        let parsed = Some(color).filter(|color| color.len() == 6 && color.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let parsed = parsed.and_then(|color| u32::from_str_radix(color, 16).ok());
        if parsed.is_none() && !color.is_empty() {
            row.note(Rule::InvalidColor, 5, || format!("{:?} is not six hexadecimal digits", cut(color)));
        }
        let agency = match optional(row, &agencies, 1, "agency.txt") {
            None if row.text(1).is_empty() && feed.agencies.len() > 1 => {
                row.note(Rule::MissingRequiredField, 1, || {
                    "there are several agencies, and the route names none".into()
                });
                None
            }
            None if row.text(1).is_empty() && feed.agencies.len() == 1 => Some(0),
            found => found,
        };
        fresh(row, &mut ids, id, 0, feed.routes.len())?;
        let (short_name, long_name) = (row.text(2).into(), row.text(3).into());
        feed.routes.push(Route { id: id.into(), agency, short_name, long_name, kind, color: parsed });
        Some(())
    });
    ids
}
