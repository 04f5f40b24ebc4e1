//! What the operations on temporal evolutions share (ETSI GS CIM 009 clauses 4.5.6 to 4.5.9, 4.5.19, 4.11, 5.7.3, 5.7.4):
//! what is asked, how it is gathered, cut into pages of time, and shown. Holds no operation.

pub(super) mod aggregate;
pub(super) mod evolution;
pub(super) mod instance;

use crate::operation::{Parameter, Schema};
use crate::request::Exchange;
use crate::request::media::Media;
use crate::request::parameters::parameter;
use crate::request::query::Parameters;
use crate::request::representation::Wishes;
use aggregate::Aggregates;
use belfry_kernel::Error;
use belfry_ngsi_ld::form::Select;
use belfry_ngsi_ld::form::write::{TemporalForm, TemporalView};
use belfry_ngsi_ld::query::temporal::TemporalTexts;
use belfry_ngsi_ld::query::{TemporalQuery, TimeProperty};
use belfry_ngsi_ld::{Context, Json, Name};
use belfry_ports::temporal::TemporalRange;

/// The parameters.
pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter(
        "timerel",
        Schema::OneOf(&["before", "after", "between"]),
        "How instances stand to timeAt (clause 4.11).",
    ),
    parameter("timeAt", Schema::Text, "The instant, or the first of between."),
    parameter("endTimeAt", Schema::Text, "The end of between, not included."),
    parameter("timeproperty", Schema::Text, "observedAt, createdAt, modifiedAt or deletedAt."),
    parameter("lastN", Schema::Text, "Only the last so many instances of each attribute."),
    parameter("aggrMethods", Schema::Text, "Methods of aggregation, between commas (clause 4.5.19)."),
    parameter(
        "aggrPeriodDuration",
        Schema::Text,
        "The length of each period, ISO 8601; the whole range when absent or 0.",
    ),
    parameter("attrs", Schema::Text, "Attributes to show; in a query also to have at least one of."),
    parameter("pick", Schema::Text, "Members to show, and no others (clause 4.21)."),
    parameter("omit", Schema::Text, "Members to leave out (clause 4.21)."),
    parameter("datasetId", Schema::Text, "Instances to show, by dataset; @none is the default one."),
    parameter("lang", Schema::Text, "Languages in which LanguageProperties are shown as plain texts."),
    parameter(
        "format",
        Schema::OneOf(&["normalized", "temporalValues", "aggregatedValues"]),
        "The form of the evolution.",
    ),
    parameter(
        "options",
        Schema::SomeOf(&["normalized", "temporalValues", "aggregatedValues", "sysAttrs"]),
        "The form of the evolution; sysAttrs for the system's times.",
    ),
];

/// What a client asks about the past, besides which entities.
pub(super) struct Asked {
    pub(super) query: Option<TemporalQuery>,
    pub(super) view: TemporalView,
    pub(super) aggregates: Option<Aggregates>,
    /// Whether `timeproperty` was named.
    named: bool,
    /// Instances of one attribute in one answer; a longer evolution comes in pages of time (clause 6.3.10).
    pub(super) instances: usize,
    /// Bytes of instances in one answer.
    pub(super) bytes: usize,
}

/// The texts of `temporalQ` (clause 5.2.21) or of the query string.
#[derive(Default)]
pub(super) struct Texts {
    timerel: Option<String>,
    time_at: Option<String>,
    end_time_at: Option<String>,
    timeproperty: Option<String>,
    last_n: Option<String>,
    methods: Option<String>,
    period: Option<String>,
}

impl Texts {
    pub(super) fn of(parameters: &Parameters) -> Self {
        let get = |name| parameters.get(name).map(str::to_owned);
        Self {
            timerel: get("timerel"),
            time_at: get("timeAt"),
            end_time_at: get("endTimeAt"),
            timeproperty: get("timeproperty"),
            last_n: get("lastN"),
            methods: get("aggrMethods"),
            period: get("aggrPeriodDuration"),
        }
    }

    /// Those of a body; what it does not say, the query string may.
    pub(super) fn or_body(mut self, json: &Json) -> Result<Self, Error> {
        let Json::Object(members) = json else {
            return Err(Error::bad_data(format!("temporalQ: it is an object, not {}", json.kind())));
        };
        for (key, value) in members {
            let text = match value {
                Json::Str(text) => text.to_string(),
                Json::Int(n) if key == "lastN" => n.to_string(),
                Json::Array(items) if key == "aggrMethods" && items.iter().all(|i| i.as_str().is_some()) => {
                    items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(",")
                }
                other => return Err(Error::bad_data(format!("temporalQ.{key} cannot be {}", other.kind()))),
            };
            let slot = match key.as_str() {
                "timerel" => &mut self.timerel,
                "timeAt" => &mut self.time_at,
                "endTimeAt" => &mut self.end_time_at,
                "timeproperty" => &mut self.timeproperty,
                "lastN" => &mut self.last_n,
                "aggrMethods" => &mut self.methods,
                "aggrPeriodDuration" => &mut self.period,
                other => {
                    let other: String = other.chars().take(60).collect();
                    return Err(Error::bad_data(format!("temporalQ has no member {other:?}")));
                }
            };
            *slot = Some(text);
        }
        Ok(self)
    }
}

impl Asked {
    /// Reads what is asked.
    ///
    /// # Errors
    /// `BadRequestData` naming the parameter.
    pub(super) fn read(
        texts: &Texts,
        wishes: &Wishes<'_>,
        exchange: &Exchange,
        context: &Context,
    ) -> Result<Self, Error> {
        let (format, options) = (exchange.parameters.get("format"), exchange.parameters.get("options"));
        let query = TemporalQuery::parse(TemporalTexts {
            timerel: texts.timerel.as_deref(),
            time_at: texts.time_at.as_deref(),
            end_time_at: texts.end_time_at.as_deref(),
            timeproperty: texts.timeproperty.as_deref(),
            last_n: texts.last_n.as_deref(),
        })?;
        // The form is not one of those that the current state has.
        let wishes = Wishes {
            format: None,
            geometry: None,
            options: options.filter(|o| o.split(',').any(|one| one == "sysAttrs")).map(|_| "sysAttrs"),
            ..*wishes
        };
        let view = wishes.shape(context, Media::Json)?.view;
        let form = form(format, options)?;
        let aggregates = match form {
            TemporalForm::Aggregated => Some(Aggregates::parse(texts.methods.as_deref(), texts.period.as_deref())?),
            _ => None,
        };
        let time_property = query.map(|q| q.property).unwrap_or_default();
        let view = TemporalView { view, form, time_property };
        let limits = &exchange.app.limits;
        let (instances, bytes) = (limits.temporal_instances, limits.temporal_max_bytes);
        Ok(Self { query, view, aggregates, named: texts.timeproperty.is_some(), instances, bytes })
    }

    /// The range of time that the store is asked for, at most `limit` instances of each series.
    pub(super) fn range(&self, limit: usize) -> TemporalRange {
        let (from, to) = self.query.map_or((belfry_kernel::Time::MIN, belfry_kernel::Time::MAX), |q| q.range());
        let last_n = self.query.and_then(|q| q.last_n);
        TemporalRange { by: self.by(), from, to, last_n, limit, every: self.is_unrestricted() }
    }

    /// The range of time without `lastN`: what conditions are checked against (clause 5.7.4.4).
    pub(super) fn whole_range(&self, limit: usize) -> TemporalRange {
        TemporalRange { last_n: None, ..self.range(limit) }
    }

    /// Whether there is no temporal query that an instance could fail to match (clauses 4.11, 5.7.3.4): then none is left
    /// out for want of an `observedAt`.
    fn is_unrestricted(&self) -> bool {
        self.query.is_none_or(|q| q.relation.is_none() && !self.named)
    }

    pub(super) fn by(&self) -> TimeProperty {
        self.query.map(|q| q.property).unwrap_or_default()
    }

    /// The attributes that are shown, when they are listed.
    pub(super) fn names(&self) -> Option<Vec<Name>> {
        match &self.view.view.select {
            Select::Only(branches) => Some(branches.iter().map(|b| b.name).collect()),
            _ => None,
        }
    }
}

fn form(format: Option<&str>, options: Option<&str>) -> Result<TemporalForm, Error> {
    let one = |text: &str| match text {
        "temporalValues" => Some(TemporalForm::Values),
        "aggregatedValues" => Some(TemporalForm::Aggregated),
        "normalized" => Some(TemporalForm::Normalized),
        _ => None,
    };
    if let Some(form) = format.and_then(one) {
        return Ok(form);
    }
    let mut found = None;
    for form in options.unwrap_or_default().split(',').filter_map(one) {
        if found.is_some_and(|before| before != form) {
            return Err(Error::invalid("options: two forms of the evolution contradict each other"));
        }
        found = Some(form);
    }
    Ok(found.unwrap_or_default())
}
