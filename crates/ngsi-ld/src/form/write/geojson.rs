//! Entities as GeoJSON features (clauses 4.5.16, 4.5.17). Holds no geometry syntax.

use super::{View, Writer};
use crate::geojson::write_geometry;
use crate::json::write_str;
use crate::{Context, Entity, Name, Value};

/// Appends the entity as a Feature: its geometry is the value of `geometry_property` (`location` unless the client said
/// otherwise), null when there is none or no property is named. The geometry is that of the instance in a shown dataset, the default one first.
pub fn write_feature(
    entity: &Entity,
    context: &Context,
    view: &View,
    geometry_property: impl Into<Option<Name>>,
    context_member: Option<&str>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"id\":");
    write_str(entity.id.as_str(), out);
    out.extend_from_slice(b",\"type\":\"Feature\",\"geometry\":");
    let named = geometry_property.into();
    let geometry = named.and_then(|name| {
        entity.instances(name).find_map(|instance| match &instance.value {
            Value::Geo(geometry) => match &view.datasets {
                Some(_) => view.shows_dataset(instance.dataset_id.as_ref()).then_some(geometry),
                None => instance.dataset_id.is_none().then_some(geometry),
            },
            _ => None,
        })
    });
    match geometry {
        Some(geometry) => write_geometry(geometry, out),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"properties\":{");
    let mut writer = Writer { context, view, out };
    writer.described(entity);
    writer.attributes(&entity.attributes, true);
    writer.out.push(b'}');
    writer.context_member(context_member);
    writer.out.push(b'}');
}

/// Appends the entities as a FeatureCollection; the `@context` stands once, at its top.
pub fn write_feature_collection<'e>(
    entities: impl IntoIterator<Item = &'e Entity>,
    context: &Context,
    view: &View,
    geometry_property: impl Into<Option<Name>>,
    context_member: Option<&str>,
    out: &mut Vec<u8>,
) {
    let geometry_property = geometry_property.into();
    out.extend_from_slice(b"{\"type\":\"FeatureCollection\",\"features\":[");
    for (at, entity) in entities.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_feature(entity, context, view, geometry_property, None, out);
    }
    out.push(b']');
    Writer { context, view, out }.context_member(context_member);
    out.push(b'}');
}
