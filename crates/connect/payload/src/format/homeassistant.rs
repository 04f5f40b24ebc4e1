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
    /// The ids of the entities that would have a name, by device and name.
    names: HashMap<(CompactString, CompactString), Vec<CompactString>>,
    count: usize,
}

impl Discovered {
    /// Takes a config message and returns the state topics that are now to be listened to. An empty one takes the entity away.
    pub fn learn(&mut self, topic: &str, payload: &[u8]) -> Result<Vec<CompactString>, PayloadError> {
        let entities = if payload.is_empty() { Vec::new() } else { decode(topic, payload)? };
        for state in self.by_config.remove(topic).unwrap_or_default() {
            if let Some(at) = self.by_topic.get_mut(&state) {
                let (gone, left) = std::mem::take(at).into_iter().partition(|(config, _)| config == topic);
                *at = left;
                let gone: Vec<(CompactString, Entity)> = gone;
                self.count -= gone.len();
                for (_, entity) in gone {
                    let key = (entity.device, entity.name);
                    if let Some(ids) = self.names.get_mut(&key) {
                        ids.iter().position(|id| *id == entity.id).map(|i| ids.swap_remove(i));
                        if ids.is_empty() {
                            self.names.remove(&key);
                        }
                    }
                }
                if at.is_empty() {
                    self.by_topic.remove(&state);
                }
            }
        }
        if self.count + entities.len() > MAX_ENTITIES {
            return Err(PayloadError::TooMany { limit: MAX_ENTITIES });
        }
        let mut topics: Vec<CompactString> = Vec::new();
        for (state, entity) in entities {
            self.names.entry((entity.device.clone(), entity.name.clone())).or_default().push(entity.id.clone());
            self.by_topic.entry(state.clone()).or_default().push((topic.into(), entity));
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

    /// The attribute of an entity: its name, or its unique id when another entity of the device has that name too, whichever
    /// came first.
    fn name(&self, e: &Entity) -> CompactString {
        let ids = self.names.get(&(e.device.clone(), e.name.clone()));
        let shared = ids.is_some_and(|ids| ids.iter().any(|id| *id != e.id));
        if shared { attribute_name(&e.id) } else { e.name.clone() }
    }

    /// The state topics.
    pub fn topics(&self) -> impl Iterator<Item = &CompactString> {
        self.by_topic.keys()
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
                (Some(path), Some(doc)) => path.find(doc, doc).and_then(json::value).and_then(|v| e.finish(v)),
                // The words for on and off are compared as they were sent: a door may say OFF when it is open.
                _ => match plain::raw(payload).and_then(|raw| e.said(raw)) {
                    Some(on) => Some(Value::Bool(on)),
                    None => Some(plain::decode(payload)?).and_then(|v| e.finish(v)),
                },
            };
            if let Some(value) = value {
                let unit_code = e.unit.map(Into::into);
                samples.push(Sample { device: e.device.clone(), name: self.name(e), value, unit_code, at: None });
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
    /// Whether a text is the word for on or for off.
    fn said(&self, text: &str) -> Option<bool> {
        let (on, off) = self.on_off.as_ref()?;
        if text.eq_ignore_ascii_case(on) {
            Some(true)
        } else if text.eq_ignore_ascii_case(off) {
            Some(false)
        } else {
            None
        }
    }

    fn finish(&self, value: Value) -> Option<Value> {
        if self.on_off.is_some() {
            let text = match &value {
                Value::Bool(b) => return Some(Value::Bool(*b)),
                Value::Text(t) => t.clone(),
                Value::Number(n) => compact_str::format_compact!("{n}"),
                _ => return None,
            };
            return self.said(&text).or_else(|| plain::yes_or_no(&text)).map(Value::Bool);
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

/// The members of a config message that [`decode`] reads.
const READ: [&str; 21] = [
    "~",
    "state_topic",
    "stat_t",
    "value_template",
    "val_tpl",
    "unique_id",
    "uniq_id",
    "device_class",
    "dev_cla",
    "state_on",
    "stat_on",
    "state_off",
    "stat_off",
    "payload_on",
    "pl_on",
    "payload_off",
    "pl_off",
    "unit_of_measurement",
    "unit_of_meas",
    "platform",
    "p",
];

/// A config message without what is not read here (names, makers, pictures): what is kept of it.
pub fn essence(payload: &[u8]) -> Result<Vec<u8>, PayloadError> {
    fn object(
        from: &sonic_rs::Value,
        into: &mut Vec<u8>,
        members: &dyn Fn(&str, &sonic_rs::Value, &mut Vec<u8>) -> bool,
    ) {
        into.push(b'{');
        for (key, value) in from.as_object().into_iter().flat_map(|o| o.iter()) {
            let before = into.len();
            if into.last() != Some(&b'{') {
                into.push(b',');
            }
            into.extend_from_slice(sonic_rs::to_string(key).unwrap_or_default().as_bytes());
            into.push(b':');
            if !members(key, value, into) {
                into.truncate(before);
            }
        }
        into.push(b'}');
    }
    fn whole(value: &sonic_rs::Value, into: &mut Vec<u8>) -> bool {
        sonic_rs::to_string(value).map(|text| into.extend_from_slice(text.as_bytes())).is_ok()
    }
    fn entity(key: &str, value: &sonic_rs::Value, into: &mut Vec<u8>) -> bool {
        READ.contains(&key) && whole(value, into)
    }
    let mut out = Vec::new();
    object(&json::parse(payload)?, &mut out, &|key, value, into| match key {
        "device" | "dev" => {
            object(value, into, &|key, value, into| matches!(key, "identifiers" | "ids") && whole(value, into));
            true
        }
        "components" | "cmps" => {
            object(value, into, &|_, part, into| {
                object(part, into, &entity);
                true
            });
            true
        }
        _ => entity(key, value, into),
    });
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
