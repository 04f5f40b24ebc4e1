//! One message in, readings out: the compiled rules found through the trie, and what births and discovery have taught.
//! Holds that learned state behind a lock that plain formats never take; does no I/O.

mod convert;
mod learned;

pub use learned::Lesson;

use crate::error::PayloadError;
use crate::format::{Document, MAX_VALUES, Sample, homeassistant, lorawan, senml, sparkplug};
use crate::instant;
use crate::json;
use crate::mapping::{Attribute, Format, Mapping, Rule, Source, Types};
use crate::reading::{EntityRef, Reading, Value};
use crate::template::{Scope, Template, attribute_name};
use crate::trie::TopicTrie;
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;
use hashbrown::HashMap;
use learned::Learned;
use parking_lot::Mutex;
use sonic_rs::{JsonContainerTrait, JsonValueTrait};
use std::sync::Arc;

/// The most readings that one rule may make of a message; beyond, it makes none.
pub const MAX_READINGS: usize = 16_384;
/// The most failures that are listed for one message.
const MAX_FAILURES: usize = 16;

/// Maps messages by one mapping. Shared by every connection that feeds it.
#[derive(Debug)]
pub struct Mapper {
    mapping: Mapping,
    trie: TopicTrie<usize>,
    /// By tenant.
    learned: Mutex<HashMap<CompactString, Learned>>,
    discovers: bool,
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
    /// What the mapper wants to be told again after a restart.
    pub lessons: Vec<Lesson>,
    /// What the rules could not use, the first of it.
    pub failures: Vec<Failure>,
    /// Whether any rule is for this topic.
    pub matched: bool,
}

impl Mapped {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.readings.clear();
        self.effects.clear();
        self.lessons.clear();
        self.failures.clear();
        self.matched = false;
    }

    fn fail(&mut self, rule: usize, why: PayloadError) {
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(Failure { rule, why });
        }
    }
}

/// What a rule is applied to.
struct Message<'a> {
    index: usize,
    rule: &'a Rule,
    tenant: &'a str,
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

    /// Maps one message of the default tenant: see [`Mapper::map_of`].
    pub fn map(&self, topic: &str, payload: &[u8], now: Time, out: &mut Mapped) {
        self.map_of("", topic, payload, now, out);
    }

    /// Maps one message that a tenant sent (the empty text for the default one): what births and discovery teach is that
    /// tenant's alone. `now` is the instant of arrival, for relative times. Appends to `out`. Never fails as a whole: each
    /// rule that cannot use the message, or a value of it, says why, and what else was made of it stands.
    pub fn map_of(&self, tenant: &str, topic: &str, payload: &[u8], now: Time, out: &mut Mapped) {
        self.trie.each_match(topic, |&index| {
            let rule = &self.mapping.rules[index];
            out.matched = true;
            let before = out.readings.len();
            if let Err(why) = self.apply(&Message { index, rule, tenant, topic, now }, payload, out) {
                out.fail(index, why);
            }
            if out.readings.len() - before > MAX_READINGS {
                // A part of them would look like all of them.
                out.readings.truncate(before);
                out.fail(index, PayloadError::TooMany { limit: MAX_READINGS });
            }
        });
        if self.discovers && !topic.ends_with("/config") {
            self.states(tenant, topic, payload, now, out);
        }
    }

    /// Takes back the lessons of a tenant, in any order: what [`Mapped::lessons`] gave and was kept.
    pub fn recall(&self, tenant: &str, mut lessons: Vec<Lesson>) {
        lessons.sort_by_key(|l| sparkplug::recall_order(&l.topic));
        let mut all = self.learned.lock();
        let learned = all.entry(tenant.into()).or_default();
        for Lesson { topic, payload } in lessons {
            let Some(payload) = payload else { continue };
            for (index, rule) in self.mapping.rules.iter().enumerate() {
                match rule.format {
                    Format::Sparkplug => learned.births.entry(index).or_default().recall(&topic, &payload),
                    Format::HomeAssistant if rule.filter.matches(&topic) => {
                        // What cannot be read any more is taught again by its sender.
                        let _ = learned.discovered.entry(index).or_default().learn(&topic, &payload);
                    }
                    _ => {}
                }
            }
            let _ = learned.lesson(topic, Some(payload));
        }
    }

    /// The topics that discovery has named so far, to listen to.
    pub fn discovered_topics(&self, tenant: &str) -> Vec<CompactString> {
        let all = self.learned.lock();
        let discovered = all.get(tenant).into_iter().flat_map(|l| l.discovered.values());
        discovered.flat_map(|d| d.topics().cloned()).collect()
    }

    /// Reads a topic that discovery named.
    fn states(&self, tenant: &str, topic: &str, payload: &[u8], now: Time, out: &mut Mapped) {
        let all = self.learned.lock();
        let Some(learned) = all.get(tenant) else { return };
        for (&index, discovered) in learned.discovered.iter().filter(|(_, d)| d.knows(topic)) {
            out.matched = true;
            let rule = &self.mapping.rules[index];
            match discovered.read(topic, payload) {
                Ok(samples) => from_samples(&Message { index, rule, tenant, topic, now }, samples, out),
                Err(why) => out.fail(index, why),
            }
        }
    }

    fn apply(&self, m: &Message<'_>, payload: &[u8], out: &mut Mapped) -> Result<(), PayloadError> {
        match m.rule.format {
            Format::Json => {
                let doc = json::parse(payload)?;
                from_document(m, "", None, &doc, &doc, out)
            }
            Format::Value => {
                let scope = Scope { topic: m.topic, device: "", name: "", document: None };
                let head = head(m, &scope)?;
                let Some([attribute]) = m.rule.attributes.as_deref() else {
                    return Ok(());
                };
                let name = convert::name(attribute, &scope)?;
                if let Some(value) = convert::plain_value(attribute, &name, payload)? {
                    out.readings.push(head.reading(name, value, attribute.unit.clone(), None));
                }
                Ok(())
            }
            Format::SenMl => {
                from_samples(m, senml::decode(payload, m.now)?, out);
                Ok(())
            }
            Format::Tts => from_uplink(m, &lorawan::tts(payload)?, out),
            Format::ChirpStack => from_uplink(m, &lorawan::chirpstack(payload)?, out),
            Format::Sparkplug => {
                let outcome = {
                    let mut all = self.learned.lock();
                    let learned = all.entry(m.tenant.into()).or_default();
                    let mut outcome = learned.births.entry(m.index).or_default().take(m.topic, payload, m.now)?;
                    let keep = std::mem::take(&mut outcome.keep);
                    out.lessons.extend(keep.into_iter().filter_map(|(topic, kept)| learned.lesson(topic, kept)));
                    outcome
                };
                if let Some((group, node)) = outcome.rebirth {
                    let topic = compact_str::format_compact!("spBv1.0/{group}/NCMD/{node}");
                    out.effects.push(Effect::Publish { topic, payload: sparkplug::rebirth_command(m.now) });
                }
                from_samples(m, outcome.samples, out);
                Ok(())
            }
            Format::HomeAssistant => {
                if m.topic.ends_with("/config") {
                    let mut all = self.learned.lock();
                    let learned = all.entry(m.tenant.into()).or_default();
                    let topics = learned.discovered.entry(m.index).or_default().learn(m.topic, payload)?;
                    let kept = if topics.is_empty() { None } else { Some(homeassistant::essence(payload)?) };
                    out.lessons.extend(learned.lesson(m.topic.into(), kept));
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
    for item in items.iter() {
        if let Err(why) = from_object(m, device, at, item, message, out) {
            out.fail(m.index, why);
        }
    }
    Ok(())
}

/// The readings of one object. A value that is wrong is left out and said; one that is required takes the object with it.
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
    let before = out.readings.len();
    for attribute in attributes {
        let made =
            convert::name(attribute, &scope).and_then(|name| Ok((value_in(attribute, &name, payload, message)?, name)));
        let failed = match made {
            Ok((Some(value), name)) => {
                out.readings.push(head.reading(name, value, attribute.unit.clone(), at));
                continue;
            }
            Ok((None, _)) if !attribute.required => continue,
            Ok((None, name)) => missing(attribute, name),
            Err(why) => why,
        };
        if attribute.required {
            out.readings.truncate(before);
            return Err(failed);
        }
        out.fail(m.index, failed);
    }
    Ok(())
}

fn value_in(
    attribute: &Attribute,
    name: &CompactString,
    payload: &sonic_rs::Value,
    message: &sonic_rs::Value,
) -> Result<Option<Value>, PayloadError> {
    match &attribute.source {
        Source::Path(path) => match path.find(payload, message) {
            Some(found) => convert::json_value(attribute, name, found),
            None => Ok(None),
        },
        Source::LatLon(lat, lon) => {
            let number = |p: &crate::path::Path| p.find(payload, message).and_then(|v| v.as_f64());
            let (Some(lat), Some(lon)) = (number(lat), number(lon)) else { return Ok(None) };
            let wrong = PayloadError::WrongKind { attribute: name.clone(), wanted: "a place in WGS 84 degrees" };
            json::position(lon, lat, None).map(|p| Some(Value::Point(p))).ok_or(wrong)
        }
        Source::Whole | Source::Name(_) => Ok(None),
    }
}

fn missing(attribute: &Attribute, name: CompactString) -> PayloadError {
    let path = match &attribute.source {
        Source::Path(p) | Source::LatLon(p, _) => p.to_string().into(),
        Source::Name(n) => n.clone(),
        Source::Whole => "the payload".into(),
    };
    PayloadError::Missing { attribute: name, path }
}

/// The readings of samples; what is wrong with one does not touch the others.
fn from_samples(m: &Message<'_>, samples: Vec<Sample>, out: &mut Mapped) {
    for sample in samples {
        if let Err(why) = from_sample(m, sample, out) {
            out.fail(m.index, why);
        }
    }
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
