//! Home Assistant MQTT discovery: config messages teach where a device's state is and how to read it. Holds what they
//! taught and the part of the value templates that sensors use; everything about control is left out.

use crate::error::PayloadError;
use crate::format::{Sample, plain};
use crate::json;
use crate::path::Path;
use crate::reading::Value;
use crate::template::attribute_name;
use crate::unit::unit_code;
use compact_str::CompactString;
use hashbrown::HashMap;
use sonic_rs::{JsonContainerTrait, JsonValueTrait};

/// The most entities that are remembered.
pub const MAX_ENTITIES: usize = 16_384;

/// One value that a discovery message taught to read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// The device: its first identifier, else the unique id, else the object id.
    pub device: CompactString,
    /// The attribute: the name in the template, else the device class, else the object id.
    pub name: CompactString,
    /// The unique id, else the object id: other names by which a mapping may pick it.
    pub id: CompactString,
    unit: Option<&'static str>,
    template: Template,
    on_off: Option<(CompactString, CompactString)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Template {
    path: Option<Path>,
    round: Option<i32>,
    number: bool,
}

/// What discovery taught, by state topic.
#[derive(Debug, Default)]
pub struct Discovered {
    by_topic: HashMap<CompactString, Vec<(CompactString, Entity)>>,
    by_config: HashMap<CompactString, Vec<CompactString>>,
    count: usize,
}

impl Discovered {
    /// Takes a config message and returns the state topics that are now to be listened to. An empty one takes the entity away.
    pub fn learn(&mut self, topic: &str, payload: &[u8]) -> Result<Vec<CompactString>, PayloadError> {
        let entities = if payload.is_empty() { Vec::new() } else { decode(topic, payload)? };
        for state in self.by_config.remove(topic).unwrap_or_default() {
            if let Some(at) = self.by_topic.get_mut(&state) {
                let before = at.len();
                at.retain(|(config, _)| config != topic);
                self.count -= before - at.len();
                if at.is_empty() {
                    self.by_topic.remove(&state);
                }
            }
        }
        if self.count + entities.len() > MAX_ENTITIES {
            return Err(PayloadError::TooMany { limit: MAX_ENTITIES });
        }
        let mut topics: Vec<CompactString> = Vec::new();
        for (state, mut entity) in entities {
            let at = self.by_topic.entry(state.clone()).or_default();
            if at.iter().any(|(_, e)| e.device == entity.device && e.name == entity.name && e.id != entity.id) {
                entity.name = attribute_name(&entity.id);
            }
            at.push((topic.into(), entity));
            self.count += 1;
            if !topics.contains(&state) {
                topics.push(state);
            }
        }
        if !topics.is_empty() {
            self.by_config.insert(topic.into(), topics.clone());
        }
        Ok(topics)
    }

    /// Whether a topic is a state topic that discovery taught.
    pub fn knows(&self, topic: &str) -> bool {
        self.by_topic.contains_key(topic)
    }

    /// Reads a state message: one sample for each entity that listens to the topic and has a value in it.
    pub fn read(&self, topic: &str, payload: &[u8]) -> Result<Vec<Sample>, PayloadError> {
        let Some(entities) = self.by_topic.get(topic) else {
            return Ok(Vec::new());
        };
        let mut document = None;
        if entities.iter().any(|(_, e)| e.template.path.is_some()) {
            document = Some(json::parse(payload)?);
        }
        let mut samples = Vec::with_capacity(entities.len());
        for (_, e) in entities {
            let value = match (&e.template.path, &document) {
                (Some(path), Some(doc)) => path.find(doc, doc).and_then(json::value),
                _ => Some(plain::decode(payload)?),
            };
            if let Some(value) = value.and_then(|v| e.finish(v)) {
                let unit_code = e.unit.map(Into::into);
                samples.push(Sample { device: e.device.clone(), name: e.name.clone(), value, unit_code, at: None });
            }
        }
        Ok(samples)
    }

    /// How many entities are known.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Entity {
    fn finish(&self, value: Value) -> Option<Value> {
        if let Some((on, off)) = &self.on_off {
            let text = match &value {
                Value::Bool(b) => return Some(Value::Bool(*b)),
                Value::Text(t) => t.clone(),
                Value::Number(n) => compact_str::format_compact!("{n}"),
                _ => return None,
            };
            return if text.eq_ignore_ascii_case(on) {
                Some(Value::Bool(true))
            } else if text.eq_ignore_ascii_case(off) {
                Some(Value::Bool(false))
            } else {
                plain::yes_or_no(&text).map(Value::Bool)
            };
        }
        // These words are how Home Assistant devices say that they have no value.
        if let Value::Text(t) = &value
            && ["unknown", "unavailable", "none", "null"].iter().any(|w| t.eq_ignore_ascii_case(w))
        {
            return None;
        }
        let numeric = self.template.number || self.unit.is_some();
        let value = match value {
            Value::Text(t) if numeric => plain::number(&t).map_or(Value::Text(t), Value::Number),
            other => other,
        };
        Some(match (value, self.template.round) {
            (Value::Number(n), Some(digits)) => {
                let p = 10_f64.powi(digits);
                Value::Number((n * p).round() / p)
            }
            (value, _) => value,
        })
    }
}

/// Decodes one config message into pairs of a state topic and an entity. Components without a state give none.
pub fn decode(topic: &str, payload: &[u8]) -> Result<Vec<(CompactString, Entity)>, PayloadError> {
    let wrong = |why: &str| PayloadError::Discovery(why.to_owned());
    let levels: Vec<&str> = topic.split('/').collect();
    if !matches!(levels.len(), 4 | 5) || levels[levels.len() - 1] != "config" {
        return Err(wrong("the topic is not <prefix>/<component>/[<node>/]<object>/config"));
    }
    let (component, object) = (levels[1], levels[levels.len() - 2]);
    let doc = json::parse(payload)?;
    if !doc.is_object() {
        return Err(wrong("the payload is not an object"));
    }
    if component != "device" {
        return Ok(entity(component, object, &doc, &doc)?.into_iter().collect());
    }
    let parts = field(&doc, "components", "cmps").and_then(|c| c.as_object());
    let parts = parts.ok_or(wrong("a device has components"))?;
    let mut out = Vec::new();
    for (key, part) in parts.iter().take(256) {
        let component = field(part, "platform", "p").and_then(|p| p.as_str()).unwrap_or_default();
        out.extend(entity(component, key, part, &doc)?);
    }
    Ok(out)
}

fn field<'v>(doc: &'v sonic_rs::Value, long: &str, short: &str) -> Option<&'v sonic_rs::Value> {
    doc.get(long).or_else(|| doc.get(short))
}

fn entity(
    component: &str,
    object: &str,
    doc: &sonic_rs::Value,
    whole: &sonic_rs::Value,
) -> Result<Option<(CompactString, Entity)>, PayloadError> {
    if !matches!(component, "sensor" | "binary_sensor" | "number" | "switch" | "select" | "text" | "valve" | "cover") {
        return Ok(None);
    }
    let text = |long: &str, short: &str| field(doc, long, short).and_then(|v| v.as_str());
    let state =
        text("state_topic", "stat_t").or_else(|| field(whole, "state_topic", "stat_t").and_then(|v| v.as_str()));
    let Some(state) = state else { return Ok(None) };
    let base = doc.get("~").or_else(|| whole.get("~")).and_then(|v| v.as_str()).unwrap_or_default();
    let state = if let Some(rest) = state.strip_prefix('~') {
        format!("{base}{rest}")
    } else if let Some(rest) = state.strip_suffix('~') {
        format!("{rest}{base}")
    } else {
        state.to_owned()
    };
    crate::topic::check_name(&state).map_err(|e| PayloadError::Discovery(format!("state_topic: {e}")))?;
    let template = match text("value_template", "val_tpl") {
        Some(t) => value_template(t)?,
        None => Template { path: None, round: None, number: false },
    };
    let unique = text("unique_id", "uniq_id").unwrap_or(object);
    let identifiers = field(whole, "device", "dev").and_then(|d| field(d, "identifiers", "ids"));
    let identifier =
        identifiers.and_then(|i| i.as_str().or_else(|| i.as_array().and_then(|a| a.first()).and_then(|v| v.as_str())));
    let device = identifier.filter(|d| !d.is_empty()).unwrap_or(unique);
    let named = template.path.as_ref().and_then(Path::last_name);
    let name = attribute_name(named.or(text("device_class", "dev_cla")).unwrap_or(object));
    let on_off = matches!(component, "binary_sensor" | "switch").then(|| {
        let on = text("state_on", "stat_on").or(text("payload_on", "pl_on")).unwrap_or("ON");
        let off = text("state_off", "stat_off").or(text("payload_off", "pl_off")).unwrap_or("OFF");
        (on.into(), off.into())
    });
    let unit = text("unit_of_measurement", "unit_of_meas").and_then(unit_code);
    Ok(Some((state.into(), Entity { device: device.into(), name, id: unique.into(), unit, template, on_off })))
}

/// Reads `{{ value }}` and `{{ value_json.path }}` with the filters `float`, `int`, `round(n)` and `is_defined`.
fn value_template(text: &str) -> Result<Template, PayloadError> {
    let wrong =
        || PayloadError::Discovery(format!("the value template {text:?} is more than a path with float, int or round"));
    let inner = text.trim().strip_prefix("{{").and_then(|t| t.strip_suffix("}}")).ok_or_else(wrong)?;
    let mut pipes = inner.trim_matches('-').split('|').map(str::trim);
    let path = match pipes.next().ok_or_else(wrong)? {
        "value" => None,
        other => match other.strip_prefix("value_json").ok_or_else(wrong)? {
            rest if rest.starts_with(['.', '[']) => Some(Path::parse(&format!("${rest}")).map_err(|_| wrong())?),
            _ => return Err(wrong()),
        },
    };
    let (mut round, mut number) = (None, false);
    for filter in pipes {
        let (name, argument) = match filter.split_once('(') {
            Some((name, a)) => (name.trim(), a.strip_suffix(')').ok_or_else(wrong)?.trim()),
            None => (filter, ""),
        };
        match name {
            "float" => number = true,
            "int" => (number, round) = (true, Some(0)),
            "round" if argument.is_empty() => (number, round) = (true, Some(0)),
            "round" => {
                (number, round) =
                    (true, Some(argument.parse().ok().filter(|d| (0..=9).contains(d)).ok_or_else(wrong)?));
            }
            "is_defined" => {}
            _ => return Err(wrong()),
        }
    }
    Ok(Template { path, round, number })
}
