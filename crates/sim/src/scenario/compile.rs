//! From what is written to what is meant: kinds with the keys that belong to them, times, bounds. One error at a time, the
//! first in the file.

use super::expectation::{Expectation, Wanted};
use super::file::{self, Event, Expect, File, SpotText, line, meant};
use super::{Happening, MAX_BYTES, MAX_ITEMS, Planned, Scenario, ScenarioError, Spot, When};
use crate::device::Kind;
use crate::fault::Broken;
use belfry_kernel::Time;
use toml::Spanned;

const KINDS: [&str; 11] = [
    "cloudburst",
    "front",
    "dust_storm",
    "spell",
    "leak",
    "crash",
    "closure",
    "fire",
    "room_heat",
    "devices",
    "nothing",
];

struct Place<'a>(&'a str);

impl Place<'_> {
    fn wrong(&self, at: usize, why: impl Into<String>) -> ScenarioError {
        ScenarioError { line: line(self.0, at), why: why.into() }
    }

    fn bounded(&self, value: &Spanned<f64>, key: &str, low: f64, high: f64) -> Result<f64, ScenarioError> {
        let number = *value.get_ref();
        if (low..=high).contains(&number) {
            return Ok(number);
        }
        Err(self.wrong(value.span().start, format!("{key} is a number from {low} to {high}, not {number}")))
    }

    fn spot(&self, spot: &Spanned<SpotText>) -> Result<Spot, ScenarioError> {
        match spot.get_ref() {
            SpotText::Named(name) => Ok(Spot::Named(name.clone(), line(self.0, spot.span().start))),
            SpotText::Degrees([lon, lat]) if lon.abs() <= 180.0 && lat.abs() <= 90.0 => Ok(Spot::Degrees(*lon, *lat)),
            SpotText::Degrees(_) => Err(self.wrong(spot.span().start, "a place is [longitude, latitude] in degrees")),
        }
    }
}

/// `HH:MM` or `HH:MM:SS` as seconds.
fn clock(text: &str) -> Option<u32> {
    let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts[..] {
        [h, m] if h < 24 && m < 60 => Some(h * 3_600 + m * 60),
        [h, m, s] if h < 24 && m < 60 && s < 60 => Some(h * 3_600 + m * 60 + s),
        _ => None,
    }
}

pub fn compile(text: &str) -> Result<Scenario, ScenarioError> {
    if text.len() > MAX_BYTES {
        return Err(ScenarioError { line: 0, why: format!("a scenario has at most {MAX_BYTES} bytes") });
    }
    let file = file::parse(text)?;
    let place = Place(text);
    for (items, what) in [(file.event.len(), "events"), (file.expect.len(), "expectations")] {
        if items > MAX_ITEMS {
            return Err(ScenarioError { line: 0, why: format!("a scenario has at most {MAX_ITEMS} {what}") });
        }
    }
    let start = match &file.start {
        None => 7 * 3_600,
        Some(start) => clock(start.get_ref())
            .ok_or_else(|| place.wrong(start.span().start, "start is a time of day such as \"14:00\""))?,
    };
    let date = match &file.date {
        None => None,
        Some(date) => Some(
            Time::parse(&format!("{}T00:00:00Z", date.get_ref()))
                .map_err(|_| place.wrong(date.span().start, "date is a day such as \"2026-06-18\""))?,
        ),
    };
    let length = (place.bounded(&file.minutes, "minutes", 1.0, 43_200.0)? * 60.0) as u32;
    if let Some(devices) = &file.devices
        && !(1..=5_000_000).contains(devices.get_ref())
    {
        return Err(place.wrong(devices.span().start, "devices is a number from 1 to 5000000"));
    }
    let mut scenario = Scenario {
        title: file.title.clone(),
        description: file.description.clone(),
        start,
        date,
        length,
        seed: file.seed,
        devices: file.devices.as_ref().map(|devices| *devices.get_ref()),
        chance: file.chance,
        events: Vec::new(),
        expect: Vec::new(),
    };
    events(&place, &file, &mut scenario)?;
    for written in &file.expect {
        let expectation = expectation(&place, written, &scenario)?;
        scenario.expect.push(expectation);
    }
    Ok(scenario)
}

fn events(place: &Place<'_>, file: &File, scenario: &mut Scenario) -> Result<(), ScenarioError> {
    for (number, written) in file.event.iter().enumerate() {
        let event = written.get_ref();
        let at = event.at.get_ref();
        let when = match at.strip_prefix('+') {
            Some(after) => clock(after).map(When::After),
            None => clock(at).map(When::Clock),
        };
        let start = event.at.span().start;
        let at = when.ok_or_else(|| {
            place.wrong(start, "at is a time of day such as \"14:10\", or \"+00:10\" after the start")
        })?;
        let what = happening(place, event, written.span().start)?;
        let spot = event.place.as_ref().map(|spot| place.spot(spot)).transpose()?;
        let name = event.name.clone().unwrap_or_else(|| format!("{} {}", event.kind.get_ref(), number + 1));
        if scenario.events.iter().any(|known| known.name == name) {
            return Err(place.wrong(written.span().start, format!("there are two events {name:?}")));
        }
        if let Some(what) = what {
            scenario.events.push(Planned { name, at, what, place: spot });
            let last = scenario.events.len() - 1;
            if scenario.second(last) > scenario.length {
                return Err(place.wrong(start, "this is after the scenario has ended; minutes says how long it lasts"));
            }
        }
    }
    Ok(())
}

/// Reads keys of an event and notes which were read, so that those without meaning can be refused.
struct Keys<'a> {
    place: &'a Place<'a>,
    start: usize,
    kind: &'a str,
    read: Vec<&'static str>,
}

impl Keys<'_> {
    fn number(
        &mut self,
        key: &'static str,
        value: &Option<Spanned<f64>>,
        default: Option<f64>,
        low: f64,
        high: f64,
    ) -> Result<f64, ScenarioError> {
        self.read.push(key);
        match (value, default) {
            (Some(value), _) => self.place.bounded(value, key, low, high),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(self.place.wrong(self.start, format!("a {} needs {key}", self.kind))),
        }
    }

    fn somewhere(&mut self, event: &Event, needed: bool) -> Result<(), ScenarioError> {
        self.read.push("place");
        if needed && event.place.is_none() {
            return Err(self.place.wrong(self.start, format!("a {} needs a place", self.kind)));
        }
        Ok(())
    }
}

fn happening(place: &Place<'_>, event: &Event, start: usize) -> Result<Option<Happening>, ScenarioError> {
    let kind = event.kind.get_ref().as_str();
    let mut keys = Keys { place, start, kind, read: Vec::new() };
    let k = &mut keys;
    let e = event;
    let what = match kind {
        "cloudburst" => {
            k.somewhere(e, true)?;
            Happening::Cloudburst {
                radius_m: k.number("radius_m", &e.radius_m, Some(3_000.0), 200.0, 50_000.0)?,
                mm_h: k.number("mm_h", &e.mm_h, Some(80.0), 1.0, 400.0)?,
                minutes: k.number("minutes", &e.minutes, Some(45.0), 1.0, 1_440.0)?,
            }
        }
        "front" => Happening::Front {
            mm_h: k.number("mm_h", &e.mm_h, Some(4.0), 0.1, 100.0)?,
            speed: k.number("speed_m_s", &e.speed_m_s, Some(8.0), 0.5, 40.0)?,
        },
        "dust_storm" => Happening::DustStorm {
            minutes: k.number("minutes", &e.minutes, Some(120.0), 1.0, 2_880.0)?,
            wind: k.number("wind_m_s", &e.wind_m_s, Some(17.0), 1.0, 50.0)?,
            dust: k.number("dust_ug_m3", &e.dust_ug_m3, Some(1_500.0), 100.0, 9_000.0)?,
        },
        "spell" => Happening::Spell {
            kelvin: k.number("kelvin", &e.kelvin, None, -40.0, 40.0)?,
            minutes: k.number("minutes", &e.minutes, Some(720.0), 1.0, 20_160.0)?,
        },
        "leak" => {
            k.somewhere(e, false)?;
            Happening::Leak {
                litres_s: k.number("litres_s", &e.litres_s, Some(25.0), 0.1, 500.0)?,
                minutes: k.number("minutes", &e.minutes, Some(240.0), 1.0, 20_160.0)?,
            }
        }
        "crash" => {
            k.somewhere(e, true)?;
            k.read.push("closes");
            Happening::Crash {
                minutes: k.number("minutes", &e.minutes, Some(50.0), 1.0, 1_440.0)?,
                closes: e.closes.as_ref().is_some_and(|closes| *closes.get_ref()),
            }
        }
        "closure" => {
            k.somewhere(e, true)?;
            Happening::Closure { minutes: k.number("minutes", &e.minutes, Some(120.0), 1.0, 20_160.0)? }
        }
        "fire" => {
            k.somewhere(e, true)?;
            Happening::Fire {
                minutes: k.number("minutes", &e.minutes, Some(90.0), 1.0, 1_440.0)?,
                smoke: k.number("smoke_g_s", &e.smoke_g_s, Some(60.0), 0.1, 5_000.0)?,
            }
        }
        "room_heat" => {
            k.somewhere(e, false)?;
            Happening::RoomHeat {
                kelvin: k.number("kelvin", &e.kelvin, Some(9.0), 0.5, 30.0)?,
                minutes: k.number("minutes", &e.minutes, Some(240.0), 1.0, 2_880.0)?,
            }
        }
        "devices" => {
            k.somewhere(e, false)?;
            k.read.extend(["mode", "devices"]);
            Happening::Devices {
                mode: mode(place, e, start)?,
                kind: kind_of(place, e)?,
                share: k.number("share", &e.share, Some(1.0), 0.000_1, 1.0)?,
                radius_m: k.number("radius_m", &e.radius_m, Some(2_000.0), 1.0, 100_000.0)?,
                minutes: k.number("minutes", &e.minutes, Some(120.0), 1.0, 20_160.0)?,
            }
        }
        "nothing" => return unread(&keys, event).map(|()| None),
        _ => {
            let start = event.kind.span().start;
            return Err(place.wrong(start, format!("unknown kind {kind:?}{}", meant(kind, &KINDS))));
        }
    };
    unread(&keys, event).map(|()| Some(what))
}

fn mode(place: &Place<'_>, event: &Event, start: usize) -> Result<Broken, ScenarioError> {
    let Some(written) = &event.mode else {
        return Err(place.wrong(start, "a failure of devices needs a mode"));
    };
    let mode = Broken::WORDS.iter().find(|(word, _)| word == written.get_ref());
    mode.map(|(_, mode)| *mode).ok_or_else(|| {
        let words: Vec<&str> = Broken::WORDS.iter().map(|(word, _)| *word).collect();
        place.wrong(
            written.span().start,
            format!("unknown mode {:?}{}", written.get_ref(), meant(written.get_ref(), &words)),
        )
    })
}

fn kind_of(place: &Place<'_>, event: &Event) -> Result<Option<Kind>, ScenarioError> {
    let Some(written) = &event.devices else { return Ok(None) };
    let kind = Kind::of_word(written.get_ref());
    kind.map(Some).ok_or_else(|| {
        let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.spec().word).collect();
        let why = format!("unknown devices {:?}{}", written.get_ref(), meant(written.get_ref(), &words));
        place.wrong(written.span().start, why)
    })
}

/// Refuses keys that are written and have no meaning for this kind.
fn unread(keys: &Keys<'_>, e: &Event) -> Result<(), ScenarioError> {
    let at = |value: &Option<Spanned<f64>>| value.as_ref().map(|value| value.span().start);
    let written = [
        ("place", e.place.as_ref().map(|value| value.span().start)),
        ("minutes", at(&e.minutes)),
        ("radius_m", at(&e.radius_m)),
        ("mm_h", at(&e.mm_h)),
        ("speed_m_s", at(&e.speed_m_s)),
        ("wind_m_s", at(&e.wind_m_s)),
        ("dust_ug_m3", at(&e.dust_ug_m3)),
        ("kelvin", at(&e.kelvin)),
        ("litres_s", at(&e.litres_s)),
        ("smoke_g_s", at(&e.smoke_g_s)),
        ("closes", e.closes.as_ref().map(|value| value.span().start)),
        ("mode", e.mode.as_ref().map(|value| value.span().start)),
        ("devices", e.devices.as_ref().map(|value| value.span().start)),
        ("share", at(&e.share)),
    ];
    for (key, at) in written {
        if let Some(at) = at
            && !keys.read.contains(&key)
        {
            return Err(keys.place.wrong(at, format!("{key} has no meaning for a {}", keys.kind)));
        }
    }
    Ok(())
}

fn expectation(
    place: &Place<'_>,
    written: &Spanned<Expect>,
    scenario: &Scenario,
) -> Result<Expectation, ScenarioError> {
    let e = written.get_ref();
    let start = written.span().start;
    let from_s = match &e.after {
        None => 0,
        Some(after) => {
            let found = scenario.events.iter().position(|event| event.name == *after.get_ref());
            let names: Vec<&str> = scenario.events.iter().map(|event| event.name.as_str()).collect();
            let found = found.ok_or_else(|| {
                place.wrong(
                    after.span().start,
                    format!("there is no event {:?}{}", after.get_ref(), meant(after.get_ref(), &names)),
                )
            })?;
            scenario.second(found)
        }
    };
    if e.of_type.is_none() && e.id.is_none() {
        return Err(place.wrong(start, "an expectation needs a type or an id: what is to be read back"));
    }
    let within_s = (place.bounded(&e.within_min, "within_min", 0.1, 43_200.0)? * 60.0) as u32;
    let metres = match &e.metres {
        None => 1_000.0,
        Some(metres) => place.bounded(metres, "metres", 1.0, 200_000.0)?,
    };
    let spot = |spot: &Option<Spanned<SpotText>>| -> Result<Option<(Spot, f64)>, ScenarioError> {
        Ok(spot.as_ref().map(|spot| place.spot(spot)).transpose()?.map(|spot| (spot, metres)))
    };
    let (near, avoid) = (spot(&e.near)?, spot(&e.avoid)?);
    if let (Some(metres), None, None) = (&e.metres, &near, &avoid) {
        return Err(place.wrong(metres.span().start, "metres has no meaning without near or avoid"));
    }
    let at_least = e.at_least.as_ref().map_or(1, |n| *n.get_ref());
    if let (0, Some(n)) = (at_least, &e.at_least) {
        return Err(place.wrong(n.span().start, "at_least is 1 or more; `never = true` says that there must be none"));
    }
    if let (true, Some(n)) = (e.never, &e.at_least) {
        return Err(place.wrong(n.span().start, "at_least has no meaning beside `never = true`"));
    }
    Ok(Expectation {
        name: e.name.clone(),
        from_s,
        within_s,
        of_type: e.of_type.as_ref().map(|t| t.get_ref().clone()),
        id: e.id.clone(),
        q: e.q.clone(),
        near,
        avoid,
        wanted: if e.never { Wanted::Never } else { Wanted::AtLeast(at_least) },
    })
}
