//! The members of a subscription, names already expanded, into types: every restriction of clauses 5.2.12 to 5.2.15,
//! each refusal naming its member.

use super::names::{TERMS, kept_q};
use super::{Accept, Binding, Endpoint, NotificationParams, Subscription, Triggers};
use crate::form::write::{Branch, Languages, Representation, Select};
use crate::query::{GeoQuery, Naming, Pattern, Projection, ScopeQuery, Selector, TypeSelection};
use crate::{Context, Json, Name};
use belfry_kernel::{Error, Iri, Kind, Time};
use compact_str::CompactString;

/// The most items in a list of a subscription.
const MAX_ITEMS: usize = 500;
/// The longest text, bytes.
const MAX_TEXT: usize = 4096;
/// A hundred years, in seconds: no interval is longer.
const MAX_SECONDS: f64 = 3.2e9;

impl Subscription {
    /// Reads kept members (see [`super::expanded`]). With `now`, they come from a client: an expiry in the past is
    /// refused, and read-only members are left out; without, they were kept here.
    ///
    /// # Errors
    /// `BadRequestData` naming the member that breaks a rule; `OperationNotSupported` for what needs other sources.
    pub fn read(mut body: Json, now: Option<Time>) -> Result<Self, Error> {
        drop_read_only(&mut body);
        let Json::Object(members) = &body else {
            return Err(bad("a subscription", &format!("is an object, not {}", body.kind())));
        };
        for (key, value) in members {
            known_member(key, value)?;
        }
        let member = |key: &str| body.get(key);
        let id = match member("id").or_else(|| member("@id")) {
            Some(value) => iri("id", value)?,
            None => return Err(bad("id", "is missing")),
        };
        match member("type").or_else(|| member("@type")).map(|t| t.as_str()) {
            Some(Some("Subscription" | "https://uri.etsi.org/ngsi-ld/Subscription")) => {}
            Some(_) => return Err(bad("type", "is \"Subscription\"")),
            None => return Err(bad("type", "is missing; it is \"Subscription\"")),
        }
        let entities = match member("entities") {
            Some(value) => list("entities", value)?.iter().map(selector).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let watched = match member("watchedAttributes") {
            Some(value) => names("watchedAttributes", value)?,
            None => Vec::new(),
        };
        let local = flag("localOnly", member("localOnly"))?.unwrap_or(false);
        if entities.is_empty() && watched.is_empty() && !local {
            return Err(bad("entities", "or watchedAttributes must be there"));
        }
        let time_interval = seconds("timeInterval", member("timeInterval"))?;
        let throttling = seconds("throttling", member("throttling"))?;
        if time_interval.is_some() {
            if !watched.is_empty() {
                return Err(bad("timeInterval", "cannot stand beside watchedAttributes"));
            }
            if throttling.is_some() {
                return Err(bad("timeInterval", "cannot stand beside throttling"));
            }
        }
        let expires_at = match member("expiresAt") {
            Some(value) => Some(time("expiresAt", value)?),
            None => None,
        };
        if let (Some(now), Some(at)) = (now, expires_at)
            && at <= now
        {
            return Err(bad("expiresAt", "is in the past"));
        }
        let languages = match member("lang") {
            Some(value) => Some(Languages::parse(text("lang", value)?)?),
            None => None,
        };
        let notification = member("notification").ok_or_else(|| bad("notification", "is missing"))?;
        let subscription = Self {
            id,
            entities,
            watched,
            triggers: triggers(member("notificationTrigger"))?,
            q: if member("q").is_some() { Some(kept_q(&body)?) } else { None },
            geo: member("geoQ").map(geo).transpose()?,
            scope: match member("scopeQ") {
                Some(value) => Some(ScopeQuery::parse(text("scopeQ", value)?, &Naming::kept(Context::core()))?),
                None => None,
            },
            time_interval,
            throttling,
            active: flag("isActive", member("isActive"))?.unwrap_or(true),
            expires_at,
            notification: params(notification)?,
            languages,
            datasets: member("datasetId").map(datasets).transpose()?,
            jsonld_context: match member("jsonldContext") {
                Some(value) => {
                    let url = text("jsonldContext", value)?;
                    if !url.starts_with("http://") && !url.starts_with("https://") {
                        return Err(bad("jsonldContext", "is an http or https URL"));
                    }
                    Some(url.into())
                }
                None => None,
            },
            created_at: now.unwrap_or_default(),
            modified_at: now.unwrap_or_default(),
            body: Json::Null,
        };
        if subscription.notification.show_changes && subscription.notification.format == Representation::Simplified {
            return Err(bad("notification.showChanges", "cannot be true with the simplified format"));
        }
        Ok(Self { body, ..subscription })
    }

    /// Reads what [`Subscription::encode`] wrote.
    ///
    /// # Errors
    /// `Internal` when it is damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let json = Json::parse(bytes, crate::json::KEPT_DEPTH).map_err(Error::internal)?;
        let time = |key| match json.get(key) {
            Some(Json::Int(micros)) => Ok(Time::from_micros(*micros)),
            _ => Err(Error::internal("a kept subscription is damaged")),
        };
        let (created_at, modified_at) = (time("createdAt")?, time("modifiedAt")?);
        let body =
            json.get("subscription").cloned().ok_or_else(|| Error::internal("a kept subscription is damaged"))?;
        let read = Self::read(body, None).map_err(Error::internal)?;
        Ok(Self { created_at, modified_at, ..read })
    }
}

/// What only the platform writes (clauses 5.2.12 and 5.2.14.2): left out when a client gives it.
fn drop_read_only(body: &mut Json) {
    let Json::Object(members) = body else { return };
    members.retain(|(key, _)| !matches!(key.as_str(), "status" | "createdAt" | "modifiedAt" | "@context"));
    for (key, value) in members {
        if key == "notification"
            && let Json::Object(inner) = value
        {
            inner.retain(|(key, _)| {
                !matches!(
                    key.as_str(),
                    "status"
                        | "timesSent"
                        | "timesFailed"
                        | "timesDropped"
                        | "timesCut"
                        | "lastNotification"
                        | "lastSuccess"
                        | "lastFailure"
                        | "lastFailureReason"
                )
            });
        }
    }
}

fn known_member(key: &str, value: &Json) -> Result<(), Error> {
    match key {
        "id"
        | "@id"
        | "type"
        | "@type"
        | "entities"
        | "notification"
        | "notificationTrigger"
        | "watchedAttributes"
        | "q"
        | "geoQ"
        | "scopeQ"
        | "datasetId"
        | "expiresAt"
        | "isActive"
        | "jsonldContext"
        | "lang"
        | "localOnly"
        | "throttling"
        | "timeInterval"
        | TERMS => {
            if matches!(value, Json::Null) {
                return Err(bad(key, "is null"));
            }
            if key == "q" {
                text("q", value)?;
            }
        }
        "description" | "subscriptionName" | "jsonKeys" | "expandValues" | "ngsildConformance" => {
            text(key, value)?;
        }
        "splitEntities" => {
            if flag(key, Some(value))? == Some(true) {
                return Err(unsupported(key, "entities are never split here: there are no other sources"));
            }
        }
        "csf" => return Err(unsupported(key, "there are no other context sources to filter")),
        "temporalQ" => return Err(bad(key, "belongs to subscriptions to registrations alone")),
        _ => return Err(bad(&shown(key), "is not a member of a subscription")),
    }
    Ok(())
}

fn selector(value: &Json) -> Result<Selector, Error> {
    let Json::Object(members) = value else {
        return Err(bad("entities", &format!("has {} where each one is an object", value.kind())));
    };
    let mut found = Selector::default();
    let mut typed = false;
    for (key, value) in members {
        match key.as_str() {
            "id" | "@id" => match value {
                Json::Array(_) => {
                    found.ids =
                        list("entities.id", value)?.iter().map(|v| iri("entities.id", v)).collect::<Result<_, _>>()?;
                }
                one => found.ids = vec![iri("entities.id", one)?],
            },
            "idPattern" => {
                let pattern = Pattern::parse(text("entities.idPattern", value)?);
                found.id_pattern = Some(pattern.map_err(|e| bad("entities.idPattern", e.public()))?);
            }
            "type" | "@type" => {
                typed = true;
                let types = TypeSelection::parse(text("entities.type", value)?, &Naming::kept(Context::core()));
                found.types = types.map_err(|e| bad("entities.type", e.public()))?;
            }
            other => return Err(bad(&format!("entities.{}", shown(other)), "is not a member of an entity selector")),
        }
    }
    if !typed {
        return Err(bad("entities.type", "is missing"));
    }
    if !found.ids.is_empty() {
        // Identifiers take precedence over a pattern (clause 5.2.33).
        found.id_pattern = None;
    }
    Ok(found)
}

fn triggers(value: Option<&Json>) -> Result<Triggers, Error> {
    let Some(value) = value else { return Ok(Triggers::default()) };
    let mut all = Triggers::none();
    for item in list("notificationTrigger", value)? {
        let one = Triggers::parse(text("notificationTrigger", item)?);
        all = all.with(one.ok_or_else(|| {
            bad("notificationTrigger", "has entityCreated, entityUpdated, entityDeleted, attributeCreated, attributeUpdated or attributeDeleted")
        })?);
    }
    Ok(all)
}

fn geo(value: &Json) -> Result<GeoQuery, Error> {
    let Json::Object(members) = value else {
        return Err(bad("geoQ", &format!("is an object, not {}", value.kind())));
    };
    if let Some((key, _)) = members
        .iter()
        .find(|(k, _)| !matches!(k.as_str(), "type" | "georel" | "geometry" | "coordinates" | "geoproperty"))
    {
        return Err(bad(&format!("geoQ.{}", shown(key)), "is not a member of a geo-query"));
    }
    let need = |key: &'static str| value.get(key).ok_or_else(|| bad(&format!("geoQ.{key}"), "is missing"));
    let property = value.get("geoproperty").map(|p| text("geoQ.geoproperty", p)).transpose()?;
    GeoQuery::from_json(
        text("geoQ.georel", need("georel")?)?,
        text("geoQ.geometry", need("geometry")?)?,
        need("coordinates")?,
        property,
        &Naming::kept(Context::core()),
    )
    .map_err(|e| bad("geoQ", e.public()))
}

fn params(value: &Json) -> Result<NotificationParams, Error> {
    let Json::Object(members) = value else {
        return Err(bad("notification", &format!("is an object, not {}", value.kind())));
    };
    let mut found = NotificationParams {
        format: Representation::Normalized,
        show_changes: false,
        sys_attrs: false,
        select: Select::All,
        shows_id: true,
        shows_type: true,
        shows_scope: true,
        endpoint: endpoint(value.get("endpoint").ok_or_else(|| bad("notification.endpoint", "is missing"))?)?,
    };
    let (mut attributes, mut pick, mut omit) = (None, None, None);
    for (key, value) in members {
        match key.as_str() {
            "endpoint" => {}
            "type" => drop(text("notification.type", value)?),
            "format" => {
                found.format = match text("notification.format", value)? {
                    "normalized" => Representation::Normalized,
                    "concise" => Representation::Concise,
                    "simplified" | "keyValues" => Representation::Simplified,
                    _ => return Err(bad("notification.format", "is normalized, concise, simplified or keyValues")),
                }
            }
            "showChanges" => found.show_changes = flag("notification.showChanges", Some(value))?.unwrap_or(false),
            "sysAttrs" => found.sys_attrs = flag("notification.sysAttrs", Some(value))?.unwrap_or(false),
            "attributes" => attributes = Some(projections("notification.attributes", "attributes", value)?),
            "pick" => pick = Some(projections("notification.pick", "pick", value)?),
            "omit" => omit = Some(projections("notification.omit", "omit", value)?),
            "join" => {
                if text("notification.join", value)? != "@none" {
                    return Err(unsupported("notification.join", "notifications do not join linked entities"));
                }
            }
            "joinLevel" => {
                if !matches!(value, Json::Int(1..)) {
                    return Err(bad("notification.joinLevel", "is a whole number above 0"));
                }
            }
            other => return Err(bad(&format!("notification.{}", shown(other)), "is not a member of notification")),
        }
    }
    if attributes.is_some() && (pick.is_some() || omit.is_some()) {
        return Err(bad("notification.attributes", "cannot stand beside pick or omit"));
    }
    if let Some(projection) = &attributes {
        if projection.terms.iter().any(|t| t.term.name.is_none()) {
            return Err(bad("notification.attributes", "has attributes; id, type and scope belong to pick"));
        }
        found.select = Select::Only(branches(projection));
    }
    if let Some(projection) = &pick {
        if let Some(omit) = &omit
            && omit.terms.iter().any(|t| projection.get(&t.term.text).is_some())
        {
            return Err(bad("notification.omit", "names what pick names too"));
        }
        found.select = Select::Only(branches(projection));
        found.shows_id = projection.get("id").is_some();
        found.shows_type = projection.get("type").is_some();
        found.shows_scope = projection.terms.iter().any(|t| is_scope(&t.term));
    }
    if let Some(projection) = &omit {
        if pick.is_none() {
            found.select = Select::Except(branches(projection));
        }
        found.shows_id &= projection.get("id").is_none();
        found.shows_type &= projection.get("type").is_none();
        found.shows_scope &= !projection.terms.iter().any(|t| is_scope(&t.term));
    }
    Ok(found)
}

fn is_scope(term: &crate::query::Term) -> bool {
    term.text == "scope" || term.name.is_some_and(|n| n.as_str() == "https://uri.etsi.org/ngsi-ld/scope")
}

fn projections(member: &str, what: &'static str, value: &Json) -> Result<Projection, Error> {
    let mut all = Projection::default();
    for item in list(member, value)? {
        let one = Projection::parse(what, text(member, item)?, &Naming::kept(Context::core()));
        for term in one.map_err(|e| bad(member, e.public()))?.terms {
            if term.linked.is_some() {
                return Err(unsupported(member, "notifications do not join linked entities"));
            }
            if all.get(&term.term.text).is_some() {
                return Err(bad(member, "names something twice"));
            }
            all.terms.push(term);
        }
    }
    Ok(all)
}

fn branches(projection: &Projection) -> Vec<Branch> {
    projection.terms.iter().filter_map(|t| t.term.name).map(|name| Branch { name, below: Select::All }).collect()
}

fn endpoint(value: &Json) -> Result<Endpoint, Error> {
    const AT: &str = "notification.endpoint";
    let Json::Object(members) = value else {
        return Err(bad(AT, &format!("is an object, not {}", value.kind())));
    };
    let uri = value.get("uri").ok_or_else(|| bad("notification.endpoint.uri", "is missing"))?;
    let uri = text("notification.endpoint.uri", uri)?;
    Iri::check(uri).map_err(|e| bad("notification.endpoint.uri", &format!("is a URI: {e}")))?;
    let http = uri.starts_with("http://") || uri.starts_with("https://");
    let mqtt = uri.starts_with("mqtt://") || uri.starts_with("mqtts://");
    if !http && !mqtt {
        return Err(unsupported("notification.endpoint.uri", "its scheme is http, https, mqtt or mqtts"));
    }
    let after = uri.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, topic) = after.split_once('/').unwrap_or((after, ""));
    if authority.is_empty() {
        return Err(bad("notification.endpoint.uri", "has no host"));
    }
    if mqtt && (topic.is_empty() || topic.contains(['+', '#'])) {
        return Err(bad("notification.endpoint.uri", "names a topic without wildcards after the host"));
    }
    let mut found = Endpoint {
        uri: uri.into(),
        binding: if http { Binding::Http } else { Binding::Mqtt { qos: 0, v5: true } },
        accept: Accept::Json,
        timeout: None,
        cooldown: None,
        receiver_info: Vec::new(),
    };
    for (key, value) in members {
        let member = format!("{AT}.{}", shown(key));
        match key.as_str() {
            "uri" => {}
            "type" => drop(text(&member, value)?),
            "accept" => {
                found.accept = match text(&member, value)? {
                    "application/json" => Accept::Json,
                    "application/ld+json" => Accept::JsonLd,
                    "application/geo+json" if http => Accept::GeoJson,
                    _ => {
                        return Err(bad(
                            &member,
                            "is application/json, application/ld+json or (by HTTP) application/geo+json",
                        ));
                    }
                }
            }
            "timeout" => found.timeout = Some(millis(&member, value)?),
            "cooldown" => found.cooldown = Some(millis(&member, value)?),
            "receiverInfo" => {
                found.receiver_info = pairs(&member, value)?;
                if http {
                    for (key, value) in &found.receiver_info {
                        check_header(&member, key, value)?;
                    }
                }
            }
            "notifierInfo" => {
                for (key, value) in pairs(&member, value)? {
                    let Binding::Mqtt { qos, v5 } = &mut found.binding else { continue };
                    match (&*key, &*value) {
                        ("MQTT-QoS", "0" | "1" | "2") => *qos = value.as_bytes()[0] - b'0',
                        ("MQTT-QoS", _) => return Err(bad(&member, "has MQTT-QoS 0, 1 or 2")),
                        ("MQTT-Version", "mqtt5.0") => *v5 = true,
                        ("MQTT-Version", "mqtt3.1.1") => *v5 = false,
                        ("MQTT-Version", _) => return Err(bad(&member, "has MQTT-Version mqtt3.1.1 or mqtt5.0")),
                        _ => {}
                    }
                }
            }
            _ => return Err(bad(&member, "is not a member of an endpoint")),
        }
    }
    Ok(found)
}

/// A header that a client may set: a token (RFC 9110 section 5.6.2) that does not change how the message is framed.
fn check_header(member: &str, key: &str, value: &str) -> Result<(), Error> {
    let token = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !token {
        return Err(bad(member, "has a key that is no name of a header"));
    }
    if value.bytes().any(|b| (b < 0x20 && b != b'\t') || b == 0x7f) {
        return Err(bad(member, "has a value with a control character"));
    }
    const FRAMING: [&str; 10] = [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "keep-alive",
        "expect",
    ];
    if FRAMING.iter().any(|f| key.eq_ignore_ascii_case(f)) {
        return Err(bad(member, &format!("cannot set the header {key}")));
    }
    Ok(())
}

/// Keys and values of a KeyValuePair array (clause 5.2.22).
type Pairs = Vec<(Box<str>, Box<str>)>;

fn pairs(member: &str, value: &Json) -> Result<Pairs, Error> {
    let wrong = || bad(member, "has objects with the texts key and value");
    let mut found = Vec::new();
    let Json::Array(items) = value else { return Err(wrong()) };
    if items.len() > MAX_ITEMS {
        return Err(bad(member, &format!("has more than {MAX_ITEMS} pairs")));
    }
    for item in items {
        let of = |key| item.get(key).and_then(Json::as_str).filter(|t| t.len() <= MAX_TEXT).ok_or_else(wrong);
        found.push((Box::from(of("key")?), Box::from(of("value")?)));
    }
    Ok(found)
}

fn datasets(value: &Json) -> Result<Vec<Option<Iri>>, Error> {
    let one = |value: &Json| match value.as_str() {
        Some("@none") => Ok(None),
        _ => iri("datasetId", value).map(Some),
    };
    match value {
        Json::Str(_) => Ok(vec![one(value)?]),
        _ => list("datasetId", value)?.iter().map(one).collect(),
    }
}

fn names(member: &str, value: &Json) -> Result<Vec<Name>, Error> {
    let mut found = Vec::new();
    for item in list(member, value)? {
        let name = Context::core().expand(text(member, item)?).map_err(|e| bad(member, e.public()))?;
        if !found.contains(&name) {
            found.push(name);
        }
    }
    Ok(found)
}

fn list<'j>(member: &str, value: &'j Json) -> Result<&'j [Json], Error> {
    match value {
        Json::Array(items) if items.is_empty() => Err(bad(member, "is empty")),
        Json::Array(items) if items.len() > MAX_ITEMS => Err(bad(member, &format!("has more than {MAX_ITEMS} items"))),
        Json::Array(items) => Ok(items),
        other => Err(bad(member, &format!("is an array, not {}", other.kind()))),
    }
}

fn text<'j>(member: &str, value: &'j Json) -> Result<&'j str, Error> {
    match value {
        Json::Str(text) if text.is_empty() => Err(bad(member, "is empty")),
        // A condition has a limit of its own.
        Json::Str(text) if text.len() > MAX_TEXT && member != "q" => Err(bad(member, "is longer than 4096 bytes")),
        Json::Str(text) => Ok(text),
        other => Err(bad(member, &format!("is a text, not {}", other.kind()))),
    }
}

fn iri(member: &str, value: &Json) -> Result<Iri, Error> {
    Iri::parse(text(member, value)?).map_err(|e| bad(member, &format!("is a URI: {e}")))
}

fn time(member: &str, value: &Json) -> Result<Time, Error> {
    Time::parse(text(member, value)?).map_err(|e| bad(member, &format!("is a UTC date and time: {e}")))
}

fn flag(member: &str, value: Option<&Json>) -> Result<Option<bool>, Error> {
    match value {
        None => Ok(None),
        Some(Json::Bool(b)) => Ok(Some(*b)),
        Some(other) => Err(bad(member, &format!("is true or false, not {}", other.kind()))),
    }
}

fn seconds(member: &str, value: Option<&Json>) -> Result<Option<i64>, Error> {
    value.map(|v| micros(member, v, 1e6)).transpose()
}

fn millis(member: &str, value: &Json) -> Result<i64, Error> {
    micros(member, value, 1e3)
}

fn micros(member: &str, value: &Json, unit: f64) -> Result<i64, Error> {
    let number = value.as_f64().ok_or_else(|| bad(member, &format!("is a number, not {}", value.kind())))?;
    let micros = number * unit;
    if number > 0.0 && (1.0..=MAX_SECONDS * 1e6).contains(&micros) {
        Ok(micros as i64)
    } else {
        Err(bad(member, "is a number above 0 and below a hundred years"))
    }
}

fn bad(member: &str, what: &str) -> Error {
    Error::bad_data(format!("{member} {what}"))
}

fn unsupported(member: &str, what: &str) -> Error {
    Error::new(Kind::OperationNotSupported, format!("{member}: {what}"))
}

fn shown(key: &str) -> CompactString {
    key.chars().take(60).collect()
}
