//! Reading the history of one entity through the temporal API, page by page in time (ETSI GS CIM 009 clauses 5.7.3,
//! 6.3.10, 6.19). Writes nothing.

use crate::TransferError;
use crate::client::{Answer, Client};
use crate::history_body::is_attribute;
use crate::query::{Target, entities, get};
use belfry_kernel::Time;
use belfry_ngsi_ld::Json;
use http::{StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Where histories are.
pub(crate) const PATH: &str = "/ngsi-ld/v1/temporal/entities";

/// A page of an entity's history.
pub(crate) struct Part<'p> {
    pub(crate) id: &'p str,
    /// Attributes, by commas.
    pub(crate) attrs: Option<&'p str>,
    /// Not before.
    pub(crate) from: Time,
    /// Before.
    pub(crate) to: Option<Time>,
    /// Address of the @context of the names.
    pub(crate) link: Option<&'p str>,
}

impl Part<'_> {
    /// Asks for it: the temporal entity, and where the next page begins. None: there is no such history.
    pub(crate) async fn get(&self, client: &Client) -> Result<Option<(Json, Option<Time>)>, TransferError> {
        let path = format!("{PATH}/{}", utf8_percent_encode(self.id, NON_ALPHANUMERIC));
        let mut target = range(Target::new(&path), self.from, self.to);
        target.add("options", "sysAttrs");
        if let Some(attrs) = self.attrs {
            target.add("attrs", attrs);
        }
        let Some(answer) = get(client, &target, self.link, "application/json").await? else { return Ok(None) };
        let Some(entity) = entities(client, &answer)?.into_iter().next() else { return Ok(None) };
        let entity = self.within(entity);
        let partial = answer.status == StatusCode::PARTIAL_CONTENT;
        let next =
            if partial { end(&answer, &entity).map(|t| t.plus_micros(1)).filter(|t| *t > self.from) } else { None };
        Ok(Some((entity, next)))
    }
}

impl Part<'_> {
    /// Without what is outside the range, however the server takes its borders: pages must not overlap.
    fn within(&self, entity: Json) -> Json {
        let Json::Object(members) = entity else { return entity };
        let inside = |instance: &Json| {
            observed_at(instance).is_none_or(|at| at >= self.from && self.to.is_none_or(|to| at < to))
        };
        let kept = members.into_iter().map(|(name, value)| match value {
            Json::Array(instances) if is_attribute(&name) => {
                (name, Json::Array(instances.into_iter().filter(inside).collect()))
            }
            other => (name, other),
        });
        Json::Object(kept.collect())
    }
}

/// A range of observation as parameters: not before `from`, before `to`.
pub(crate) fn range(mut target: Target, from: Time, to: Option<Time>) -> Target {
    // Both `after` and `between` leave out the first instant (clause 4.11).
    target.add("timerel", if to.is_some() { "between" } else { "after" });
    target.add("timeAt", &from.plus_micros(-1).to_string());
    if let Some(to) = to {
        target.add("endTimeAt", &to.to_string());
    }
    target
}

/// The instances of a temporal entity in the normalized representation (clause 4.5.6), with their attributes' names.
pub(crate) fn instances(entity: &Json) -> impl Iterator<Item = (&str, &Json)> {
    let members = match entity {
        Json::Object(members) => members.as_slice(),
        _ => &[],
    };
    members.iter().filter(|(name, _)| is_attribute(name)).flat_map(|(name, value)| {
        let instances = match value {
            Json::Array(instances) => instances.as_slice(),
            one => std::slice::from_ref(one),
        };
        instances.iter().map(move |instance| (name.as_str(), instance))
    })
}

/// When an instance was observed.
pub(crate) fn observed_at(instance: &Json) -> Option<Time> {
    instance.get("observedAt").and_then(Json::as_str).and_then(|text| Time::parse(text).ok())
}

/// The last instant of a page: as its Content-Range says (clause 6.3.10), or of the latest instance.
fn end(answer: &Answer, entity: &Json) -> Option<Time> {
    let told = answer.headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok()).and_then(range_end);
    told.or_else(|| instances(entity).filter_map(|(_, instance)| observed_at(instance)).max())
}

/// `date-time 2026-01-01T00:00:00Z-2026-01-02T00:00:00Z/*`
fn range_end(text: &str) -> Option<Time> {
    let (_, rest) = text.split_once(' ')?;
    let (range, _) = rest.rsplit_once('/')?;
    let at = range.match_indices('-').map(|(at, _)| at).find(|at| *at >= 19)?;
    let end = &range[at + 1..];
    Time::parse(end).ok().or_else(|| Time::parse(&format!("{end}Z")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_ranges() {
        let end = Time::parse("2026-01-02T00:00:00Z").ok();
        for text in [
            "date-time 2026-01-01T00:00:00Z-2026-01-02T00:00:00Z/*",
            "date-time 2026-01-01T00:00:00-2026-01-02T00:00:00/20",
            "DateTime 2026-01-01T00:00:00.5Z-2026-01-02T00:00:00Z/20",
        ] {
            assert_eq!(range_end(text), end, "{text}");
        }
        for text in ["", "items 0-9/*", "date-time x/*", "date-time 2026-01-01T00:00:00Z/*"] {
            assert_eq!(range_end(text), None, "{text}");
        }
    }
}
