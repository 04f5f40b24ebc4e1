//! The temporal representations of an entity: every instance in full (clauses 4.5.6 to 4.5.8), values with their times
//! (4.5.9), aggregates over periods (4.5.19). Holds no query and no aggregation.

use super::{View, Writer, write_list, write_time};
use crate::json::write_str;
use crate::query::temporal::TimeProperty;
use crate::{Attribute, AttributeKind, Context, Json, Name, Value};
use belfry_kernel::{Iri, Time};
use compact_str::CompactString;
use smallvec::SmallVec;

/// The evolution of an entity, or the part of it that a query found.
#[derive(Clone, Debug)]
pub struct TemporalEntity {
    /// Its identifier.
    pub id: Iri,
    /// Its types.
    pub types: SmallVec<[Name; 1]>,
    /// Its scopes, as they are now.
    pub scopes: Vec<CompactString>,
    /// When it was created and last modified.
    pub times: Option<(Time, Time)>,
    /// When it was deleted.
    pub deleted_at: Option<Time>,
    /// Its attributes, each name once.
    pub attributes: Vec<TemporalAttribute>,
}

/// The evolution of one attribute.
#[derive(Clone, Debug)]
pub struct TemporalAttribute {
    /// Its name.
    pub name: Name,
    /// Its instances in the order to be shown; of one kind and dataset next to each other for the simplified form.
    pub instances: Vec<TemporalInstance>,
    /// Its aggregates by dataset, for the aggregated form; then there are no `instances`.
    pub aggregates: Vec<AggregatedSeries>,
}

/// The aggregates of the instances of one dataset.
#[derive(Clone, Debug)]
pub struct AggregatedSeries {
    /// The kind of attribute.
    pub kind: AttributeKind,
    /// The dataset; none for the default one.
    pub dataset_id: Option<Iri>,
    /// One for each method.
    pub methods: Vec<Aggregate>,
}

/// One recorded instance.
#[derive(Clone, Debug)]
pub struct TemporalInstance {
    /// The instance. What its value is when it is a deletion does not matter beyond the kind.
    pub attribute: Attribute,
    /// Its own identifier (clause 4.5.7).
    pub instance_id: Option<Iri>,
    /// When the attribute was deleted: then this instance records the deletion.
    pub deleted_at: Option<Time>,
}

/// The result of one aggregation method over each period.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// The method's name: `avg`, `distinctCount`, `max`, `min`, `stddev`, `sum`, `sumsq`, `totalCount`.
    pub method: &'static str,
    /// Value, start and end of each period.
    pub periods: Vec<(Json, Time, Time)>,
}

/// Which of the three forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TemporalForm {
    /// Every instance in full.
    #[default]
    Normalized,
    /// `temporalValues`
    Values,
    /// `aggregatedValues`
    Aggregated,
}

/// What a client wants to see of an evolution.
#[derive(Clone, Debug, Default)]
pub struct TemporalView {
    /// Selection, languages, system times; its representation is not looked at.
    pub view: View,
    /// The form.
    pub form: TemporalForm,
    /// The time that stands next to each value in the simplified form.
    pub time_property: TimeProperty,
}

/// Appends the evolution of one entity.
pub fn write_temporal(
    entity: &TemporalEntity,
    context: &Context,
    view: &TemporalView,
    context_member: Option<&str>,
    out: &mut Vec<u8>,
) {
    let mut writer = Writer { context, view: &view.view, out };
    writer.out.push(b'{');
    if view.view.id {
        writer.out.extend_from_slice(b"\"id\":");
        write_str(entity.id.as_str(), writer.out);
    }
    writer.kinds(&entity.types, &entity.scopes);
    if view.view.sys_attrs {
        if let Some((created_at, modified_at)) = entity.times {
            writer.time(b"\"createdAt\":", created_at);
            writer.time(b"\"modifiedAt\":", modified_at);
        }
        if let Some(at) = entity.deleted_at {
            writer.time(b"\"deletedAt\":", at);
        }
    }
    for attribute in &entity.attributes {
        if !view.view.select.shows(attribute.name) {
            continue;
        }
        writer.comma();
        write_str(context.compact(attribute.name), writer.out);
        writer.out.push(b':');
        match view.form {
            TemporalForm::Normalized => writer.evolution(&attribute.instances),
            TemporalForm::Values => writer.values(&attribute.instances, view.time_property),
            TemporalForm::Aggregated => writer.aggregates(&attribute.aggregates),
        }
    }
    writer.context_member(context_member);
    writer.out.push(b'}');
}

impl TemporalInstance {
    /// The time of the wanted property, or the next best that it has.
    fn time(&self, property: TimeProperty) -> Time {
        let attribute = &self.attribute;
        match property {
            TimeProperty::ObservedAt => attribute.observed_at.unwrap_or(attribute.modified_at),
            TimeProperty::CreatedAt => attribute.created_at,
            TimeProperty::ModifiedAt => attribute.modified_at,
            TimeProperty::DeletedAt => self.deleted_at.unwrap_or(attribute.modified_at),
        }
    }
}

impl Writer<'_> {
    fn evolution(&mut self, instances: &[TemporalInstance]) {
        self.out.push(b'[');
        for (at, instance) in instances.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            let attribute = &instance.attribute;
            if instance.deleted_at.is_some() {
                let kind = attribute.value.kind();
                self.out.extend_from_slice(b"{\"type\":\"");
                self.out.extend_from_slice(kind.as_str().as_bytes());
                self.out.extend_from_slice(b"\",\"");
                self.out.extend_from_slice(kind.value_member().as_bytes());
                self.out.extend_from_slice(b"\":");
                self.deleted(kind);
            } else {
                let Ok(()) = self.open_normalized(&attribute.value);
            }
            if let Some(id) = &instance.instance_id {
                self.out.extend_from_slice(b",\"instanceId\":");
                write_str(id.as_str(), self.out);
            }
            if let Some(at) = instance.deleted_at {
                self.time(b"\"deletedAt\":", at);
            }
            let Ok(()) = self.members(&attribute.into());
            self.out.push(b'}');
        }
        self.out.push(b']');
    }

    /// One object for each kind and dataset; an array of them when there are several.
    fn values(&mut self, instances: &[TemporalInstance], property: TimeProperty) {
        let same = |a: &TemporalInstance, b: &TemporalInstance| {
            a.attribute.dataset_id == b.attribute.dataset_id && a.attribute.value.kind() == b.attribute.value.kind()
        };
        let several = instances.chunk_by(same).count() > 1;
        if several {
            self.out.push(b'[');
        }
        for (at, run) in instances.chunk_by(same).enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            self.series(run, property);
        }
        if instances.is_empty() {
            self.out.extend_from_slice(b"{\"type\":\"Property\",\"values\":[]}");
        }
        if several {
            self.out.push(b']');
        }
    }

    fn series(&mut self, run: &[TemporalInstance], property: TimeProperty) {
        let Some(first) = run.first() else { return };
        let collapsed = self.view.languages.is_some() && matches!(first.attribute.value, Value::Language(_));
        let kind = if collapsed { AttributeKind::Property } else { first.attribute.value.kind() };
        self.out.extend_from_slice(b"{\"type\":\"");
        self.out.extend_from_slice(kind.as_str().as_bytes());
        self.out.push(b'"');
        if let Some(id) = &first.attribute.dataset_id {
            self.out.extend_from_slice(b",\"datasetId\":");
            write_str(id.as_str(), self.out);
        }
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(kind.value_member().as_bytes());
        self.out.extend_from_slice(b"s\":[");
        for (at, instance) in run.iter().enumerate() {
            self.out.extend_from_slice(if at > 0 { b",[" } else { b"[" });
            if instance.deleted_at.is_some() {
                self.deleted(kind);
            } else {
                let Ok(()) = self.simplified(&instance.attribute.value);
            }
            self.out.push(b',');
            write_time(instance.time(property), self.out);
            self.out.push(b']');
        }
        self.out.extend_from_slice(b"]}");
    }

    /// One object for each dataset; an array of them when there are several.
    fn aggregates(&mut self, all: &[AggregatedSeries]) {
        match all {
            [one] => self.aggregated(one),
            _ => {
                self.out.push(b'[');
                for (at, series) in all.iter().enumerate() {
                    if at > 0 {
                        self.out.push(b',');
                    }
                    self.aggregated(series);
                }
                self.out.push(b']');
            }
        }
    }

    fn aggregated(&mut self, series: &AggregatedSeries) {
        self.out.extend_from_slice(b"{\"type\":\"");
        self.out.extend_from_slice(series.kind.as_str().as_bytes());
        self.out.push(b'"');
        if let Some(id) = &series.dataset_id {
            self.out.extend_from_slice(b",\"datasetId\":");
            write_str(id.as_str(), self.out);
        }
        for aggregate in &series.methods {
            self.out.extend_from_slice(b",\"");
            self.out.extend_from_slice(aggregate.method.as_bytes());
            self.out.extend_from_slice(b"\":");
            // Mostly a period begins where the one before it ended: its text is there already.
            let mut before = (None, 0..0);
            write_list(self.out, aggregate.periods.iter(), |out, (value, start, end)| {
                out.push(b'[');
                value.write(out);
                out.push(b',');
                match &before {
                    (Some(at), text) if *at == *start => out.extend_from_within(text.clone()),
                    _ => write_time(*start, out),
                }
                out.push(b',');
                let from = out.len();
                write_time(*end, out);
                before = (Some(*end), from..out.len());
                out.push(b']');
            });
        }
        self.out.push(b'}');
    }
}
