//! One message in, readings out: the compiled rules found through the trie, and what births and discovery have taught.
//! Holds that learned state behind a lock that plain formats never take; does no I/O.

mod convert;

use crate::error::PayloadError;
use crate::format::homeassistant::Discovered;
use crate::format::sparkplug::{self, Births};
use crate::format::{Document, MAX_VALUES, Sample, lorawan, plain, senml};
use crate::instant;
use crate::json;
use crate::mapping::{Attribute, Format, Mapping, Rule, Source, Types};
use crate::reading::{EntityRef, Reading, Value};
use crate::template::{Scope, Template, attribute_name};
use crate::trie::TopicTrie;
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;
use hashbrown::HashMap;
use parking_lot::Mutex;
use sonic_rs::{JsonContainerTrait, JsonValueTrait};
use std::sync::Arc;

/// Maps messages by one mapping. Shared by every connection that feeds it.
#[derive(Debug)]
pub struct Mapper {
    mapping: Mapping,
    trie: TopicTrie<usize>,
    learned: Mutex<Learned>,
    discovers: bool,
}

#[derive(Debug, Default)]
struct Learned {
    births: HashMap<usize, Births>,
    discovered: HashMap<usize, Discovered>,
}

/// What a message asks the connector to do besides.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Listen to a topic that discovery named.
    Subscribe(CompactString),
    /// Publish a command (a Sparkplug rebirth request), QoS 0.
    Publish {
        /// The topic.
        topic: CompactString,
        /// The payload.
        payload: Vec<u8>,
    },
}

/// A rule that could not use a message, wholly or in part.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The rule, an index for [`Mapping::rule_name`].
    pub rule: usize,
    /// Why.
    pub why: PayloadError,
}

/// What one message gave. Reused between messages by [`Mapped::clear`].
#[derive(Debug, Default)]
pub struct Mapped {
    /// The readings.
    pub readings: Vec<Reading>,
    /// What else is to be done.
    pub effects: Vec<Effect>,
    /// The rules that failed.
    pub failures: Vec<Failure>,
    /// Whether any rule is for this topic.
    pub matched: bool,
}

impl Mapped {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.readings.clear();
        self.effects.clear();
        self.failures.clear();
        self.matched = false;
    }
}

/// What a rule is applied to.
struct Message<'a> {
    rule: &'a Rule,
    topic: &'a str,
    now: Time,
}

impl Mapper {
    /// Compiles the topics of a mapping into a trie.
    pub fn new(mapping: Mapping) -> Self {
        let mut trie = TopicTrie::default();
        for (i, rule) in mapping.rules.iter().enumerate() {
            trie.insert(&rule.filter, i);
        }
        let discovers = mapping.rules.iter().any(|r| r.format == Format::HomeAssistant);
        Self { mapping, trie, learned: Mutex::default(), discovers }
    }

    /// The mapping.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Maps one message; `now` is the instant of arrival, for relative times. Appends to `out`. Never fails as a whole:
    /// each rule that cannot use the message says why, and what the others made of it stands.
    pub fn map(&self, topic: &str, payload: &[u8], now: Time, out: &mut Mapped) {
        self.trie.each_match(topic, |&index| {
            let rule = &self.mapping.rules[index];
            out.matched = true;
            let before = out.readings.len();
            if let Err(why) = self.apply(index, &Message { rule, topic, now }, payload, out) {
                out.failures.push(Failure { rule: index, why });
            }
            out.readings.truncate(before + MAX_VALUES);
        });
        if self.discovers && !topic.ends_with("/config") {
            self.states(topic, payload, now, out);
        }
    }

    /// Reads a topic that discovery named.
    fn states(&self, topic: &str, payload: &[u8], now: Time, out: &mut Mapped) {
        let learned = self.learned.lock();
        for (&index, discovered) in learned.discovered.iter().filter(|(_, d)| d.knows(topic)) {
            out.matched = true;
            let rule = &self.mapping.rules[index];
            let result = discovered.read(topic, payload).and_then(|samples| {
                samples.into_iter().try_for_each(|s| from_sample(&Message { rule, topic, now }, s, out))
            });
            if let Err(why) = result {
                out.failures.push(Failure { rule: index, why });
            }
        }
    }

    fn apply(&self, index: usize, m: &Message<'_>, payload: &[u8], out: &mut Mapped) -> Result<(), PayloadError> {
        match m.rule.format {
            Format::Json => {
                let doc = json::parse(payload)?;
                from_document(m, "", None, &doc, &doc, out)
            }
            Format::Value => {
                let value = plain::decode(payload)?;
                let scope = Scope { topic: m.topic, device: "", name: "", document: None };
                let head = head(m, &scope)?;
                let Some([attribute]) = m.rule.attributes.as_deref() else {
                    return Ok(());
                };
                let name = convert::name(attribute, &scope)?;
                if let Some(value) = convert::value(attribute, &name, value)? {
                    out.readings.push(head.reading(name, value, attribute.unit.clone(), None));
                }
                Ok(())
            }
            Format::SenMl => senml::decode(payload, m.now)?.into_iter().try_for_each(|s| from_sample(m, s, out)),
            Format::Tts => from_uplink(m, &lorawan::tts(payload)?, out),
            Format::ChirpStack => from_uplink(m, &lorawan::chirpstack(payload)?, out),
            Format::Sparkplug => {
                let outcome = self.learned.lock().births.entry(index).or_default().take(m.topic, payload)?;
                if let Some((group, node)) = outcome.rebirth {
                    let topic = compact_str::format_compact!("spBv1.0/{group}/NCMD/{node}");
                    out.effects.push(Effect::Publish { topic, payload: sparkplug::rebirth_command(m.now) });
                }
                outcome.samples.into_iter().try_for_each(|s| from_sample(m, s, out))
            }
            Format::HomeAssistant => {
                if m.topic.ends_with("/config") {
                    let topics = self.learned.lock().discovered.entry(index).or_default().learn(m.topic, payload)?;
                    out.effects.extend(topics.into_iter().map(Effect::Subscribe));
                }
                Ok(())
            }
        }
    }
}

/// What the readings of one device in one message have in common.
struct Head {
    device: CompactString,
    entity: Option<Arc<EntityRef>>,
}

impl Head {
    fn reading(
        &self,
        attribute: CompactString,
        value: Value,
        unit_code: Option<CompactString>,
        at: Option<Time>,
    ) -> Reading {
        Reading {
            device: self.device.clone(),
            entity: self.entity.clone(),
            attribute,
            value,
            unit_code,
            observed_at: at,
        }
    }
}

fn head(m: &Message<'_>, scope: &Scope<'_>) -> Result<Head, PayloadError> {
    let mut device = CompactString::const_new("");
    match &m.rule.device {
        Some(template) => template.fill(scope, false, &mut device)?,
        None => device.push_str(if scope.device.is_empty() { m.topic } else { scope.device }),
    }
    let Some(template) = &m.rule.entity else {
        return Ok(Head { device, entity: None });
    };
    let mut id = CompactString::const_new("");
    template.fill(&Scope { device: &device, ..*scope }, true, &mut id)?;
    let id = Iri::parse(&id).map_err(|why| PayloadError::BadEntity { id: id.to_string(), why })?;
    let types = match &m.rule.types {
        Types::Same(types) => types.clone(),
        Types::Filled(templates) => {
            let fill = |t: &Template| {
                let mut text = CompactString::const_new("");
                t.fill(&Scope { device: &device, ..*scope }, false, &mut text)?;
                Ok(text)
            };
            templates.iter().map(fill).collect::<Result<Vec<CompactString>, PayloadError>>()?.into()
        }
    };
    Ok(Head { device, entity: Some(Arc::new(EntityRef { id, types })) })
}

fn from_uplink(m: &Message<'_>, uplink: &Document, out: &mut Mapped) -> Result<(), PayloadError> {
    let nothing = sonic_rs::Value::new_null();
    let payload = match (&uplink.payload, &m.rule.attributes) {
        (Some(p), _) => p,
        (None, Some(_)) => &nothing,
        (None, None) => {
            return Err(PayloadError::NotUplink("it has no decoded payload: set a codec in the network server"));
        }
    };
    from_document(m, &uplink.device, uplink.at, payload, &uplink.message, out)
}

fn from_document(
    m: &Message<'_>,
    device: &str,
    at: Option<Time>,
    payload: &sonic_rs::Value,
    message: &sonic_rs::Value,
    out: &mut Mapped,
) -> Result<(), PayloadError> {
    let Some(each) = &m.rule.each else {
        return from_object(m, device, at, payload, message, out);
    };
    let missing = || PayloadError::Missing { attribute: "each".into(), path: each.to_string().into() };
    let items = each.find(payload, message).and_then(|v| v.as_array()).ok_or_else(missing)?;
    if items.len() > MAX_VALUES {
        return Err(PayloadError::TooMany { limit: MAX_VALUES });
    }
    items.iter().try_for_each(|item| from_object(m, device, at, item, message, out))
}

fn from_object(
    m: &Message<'_>,
    device: &str,
    mut at: Option<Time>,
    payload: &sonic_rs::Value,
    message: &sonic_rs::Value,
    out: &mut Mapped,
) -> Result<(), PayloadError> {
    let scope = Scope { topic: m.topic, device, name: "", document: Some((payload, message)) };
    let head = head(m, &scope)?;
    if let Some(path) = &m.rule.observed_at
        && let Some(found) = path.find(payload, message).filter(|v| !v.is_null())
    {
        let read = match found.as_str() {
            Some(text) => instant::observed_at(text),
            None => found.as_f64().and_then(instant::from_number),
        };
        at = Some(read.ok_or_else(|| PayloadError::BadTime(format!("at {path}")))?);
    }
    let Some(attributes) = &m.rule.attributes else {
        let object = payload.as_object().ok_or(PayloadError::NotJson("an object is expected".to_owned()))?;
        for (key, value) in object.iter() {
            if m.rule.observed_at.as_ref().is_some_and(|p| p.last_name() == Some(key)) {
                continue;
            }
            if let Some(value) = json::value(value) {
                out.readings.push(head.reading(attribute_name(key), value, None, at));
            }
        }
        return Ok(());
    };
    for attribute in attributes {
        let name = convert::name(attribute, &scope)?;
        let value = match &attribute.source {
            Source::Path(path) => match path.find(payload, message) {
                Some(found) => convert::json_value(attribute, &name, found)?,
                None => None,
            },
            Source::LatLon(lat, lon) => {
                let number = |p: &crate::path::Path| p.find(payload, message).and_then(|v| v.as_f64());
                match (number(lat), number(lon)) {
                    (Some(lat), Some(lon)) => {
                        let wrong =
                            PayloadError::WrongKind { attribute: name.clone(), wanted: "a place in WGS 84 degrees" };
                        Some(Value::Point(json::position(lon, lat, None).ok_or(wrong)?))
                    }
                    _ => None,
                }
            }
            Source::Whole | Source::Name(_) => None,
        };
        match value {
            Some(value) => out.readings.push(head.reading(name, value, attribute.unit.clone(), at)),
            None if attribute.required => return Err(missing(attribute, name)),
            None => {}
        }
    }
    Ok(())
}

fn missing(attribute: &Attribute, name: CompactString) -> PayloadError {
    let path = match &attribute.source {
        Source::Path(p) | Source::LatLon(p, _) => p.to_string().into(),
        Source::Name(n) => n.clone(),
        Source::Whole => "the payload".into(),
    };
    PayloadError::Missing { attribute: name, path }
}

fn from_sample(m: &Message<'_>, sample: Sample, out: &mut Mapped) -> Result<(), PayloadError> {
    let scope = Scope { topic: m.topic, device: &sample.device, name: &sample.name, document: None };
    let is_status = m.rule.format == Format::Sparkplug && sample.name == sparkplug::STATUS;
    let Some(attributes) = m.rule.attributes.as_ref().filter(|_| !is_status) else {
        let name = if is_status { m.rule.status.clone() } else { attribute_name(&sample.name) };
        out.readings.push(head(m, &scope)?.reading(name, sample.value, sample.unit_code, sample.at));
        return Ok(());
    };
    for attribute in attributes.iter().filter(|a| matches!(&a.source, Source::Name(n) if *n == sample.name)) {
        let name = convert::name(attribute, &scope)?;
        if let Some(value) = convert::value(attribute, &name, sample.value.clone())? {
            let unit = attribute.unit.clone().or_else(|| sample.unit_code.clone());
            out.readings.push(head(m, &scope)?.reading(name, value, unit, sample.at));
        }
    }
    Ok(())
}
