//! Warnings of the weather service as CAP 1.2 messages (OASIS Common Alerting Protocol). Their status is `Exercise`: nobody must
//! take what is simulated for real.

use super::json::put;
use crate::county::County;
use crate::truth::{Truth, TruthKind};
use belfry_kernel::Time;
use std::fmt::Write as _;

/// What a warning says of a kind of hazard: category, event, urgency, severity, headline.
fn words(kind: TruthKind) -> Option<[&'static str; 5]> {
    match kind {
        TruthKind::HeavyRain => {
            Some(["Met", "Heavy rain", "Immediate", "Severe", "Heavy rain: keep away from streams"])
        }
        TruthKind::DustStorm => Some(["Met", "Dust storm", "Immediate", "Severe", "Dust storm: stay inside"]),
        TruthKind::Frost => Some(["Met", "Frost", "Expected", "Moderate", "Frost: protect plants and pipes"]),
        TruthKind::Flood => Some(["Met", "Flood", "Immediate", "Severe", "The river is above its banks"]),
        _ => None,
    }
}

/// The message for a hazard that began or ended, and the name of its file; none for what no weather service warns of.
pub fn warning(county: &County, truth: &Truth, clock: &dyn Fn(Time) -> Time) -> Option<(String, String)> {
    let [category, event, urgency, severity, headline] = words(truth.kind)?;
    let begin = clock(truth.begin);
    let number = truth.id + 1;
    let (sent, message) = match truth.end {
        Some(end) => (clock(end), "Cancel"),
        None => (begin, "Alert"),
    };
    let mut out = String::with_capacity(900);
    put!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n\
         <identifier>county-{number}-{}</identifier>\n<sender>weather.example.org</sender>\n<sent>{}</sent>\n\
         <status>Exercise</status>\n<msgType>{message}</msgType>\n<scope>Public</scope>\n",
        message.to_lowercase(),
        zoned(sent)
    );
    if message == "Cancel" {
        put!(out, "<references>weather.example.org,county-{number}-alert,{}</references>\n", zoned(begin));
    }
    put!(
        out,
        "<info>\n<language>en</language>\n<category>{category}</category>\n<event>{event}</event>\n\
         <urgency>{urgency}</urgency>\n<severity>{severity}</severity>\n<certainty>Observed</certainty>\n\
         <onset>{}</onset>\n<headline>{headline}</headline>\n",
        zoned(begin)
    );
    let [lon, lat] = county.plane.degrees(truth.at.unwrap_or_default());
    let kilometres = county.reach_m / 1_000.0;
    put!(
        out,
        "<area>\n<areaDesc>The county</areaDesc>\n<circle>{lat:.5},{lon:.5} {kilometres:.1}</circle>\n</area>\n</info>\n</alert>\n"
    );
    Some((format!("county-{number}-{}.xml", message.to_lowercase()), out))
}

/// An instant as CAP writes it: whole seconds, and `-00:00` for UTC (section 3.3.2).
fn zoned(at: Time) -> String {
    let text = Time::from_micros(at.micros().div_euclid(1_000_000) * 1_000_000).to_string();
    text.replace('Z', "-00:00")
}
