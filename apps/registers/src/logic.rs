//! What is computed for the registers: titles here, and in modules of their own the basemap and the live layers.

pub(crate) mod basemap;
pub(crate) mod live;

/// A type's name for people: its last part, in words.
pub(crate) fn title(name: &str) -> String {
    let last = name.rsplit(['/', '#', ':']).find(|part| !part.is_empty()).unwrap_or(name);
    let mut title = String::with_capacity(last.len() + 4);
    let mut before: Option<char> = None;
    let mut following = last.chars().peekable();
    while let Some(c) = following.next() {
        let begins = c.is_uppercase()
            && before.is_some_and(|b| b.is_lowercase() || following.peek().is_some_and(|next| next.is_lowercase()));
        match c {
            '_' | '-' => title.push(' '),
            _ if begins => {
                title.push(' ');
                let alone = following.peek().is_none_or(|next| next.is_lowercase());
                if alone { title.extend(c.to_lowercase()) } else { title.push(c) }
            }
            _ if before.is_none() => title.extend(c.to_uppercase()),
            _ => title.push(c),
        }
        before = Some(c);
    }
    title
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_name_becomes_words() {
        for (name, words) in [
            ("WeatherObserved", "Weather observed"),
            ("https://smartdatamodels.org/dataModel.Transportation/RoadSegment", "Road segment"),
            ("GtfsStop", "Gtfs stop"),
            ("EVChargingStation", "EV charging station"),
            ("waste_container", "Waste container"),
            ("urn:ngsi-ld:X", "X"),
            ("", ""),
        ] {
            assert_eq!(title(name), words, "{name}");
        }
    }
}
