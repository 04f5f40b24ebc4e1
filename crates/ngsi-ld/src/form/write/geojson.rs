//! An entity as a GeoJSON feature (clauses 4.5.16, 4.5.17). Holds no geometry syntax.

use super::{Rendering, View};
use crate::geojson::write_geometry;
use crate::json::write_str;
use crate::lent::{EntityRef, Source, ValueSource};
use crate::{AttributeKind, Name, Value};

impl Rendering<'_> {
    /// The geometry is that of the instance in a shown dataset, the default one first; null when there is none.
    pub(super) fn write_feature<'e, S: Source<'e>>(
        &self,
        entity: &EntityRef<'e, S>,
        geometry_property: Option<Name>,
        out: &mut Vec<u8>,
    ) -> Result<(), S::Fault> {
        out.extend_from_slice(b"{\"id\":");
        write_str(entity.id, out);
        out.extend_from_slice(b",\"type\":\"Feature\",\"geometry\":");
        let value = match geometry_property {
            Some(name) => geometry(entity, name, self.view)?,
            None => None,
        };
        match value.map(ValueSource::get).transpose()?.as_deref() {
            Some(Value::Geo(geometry)) => write_geometry(geometry, out),
            _ => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"properties\":{");
        let mut writer = self.writer(out);
        writer.described(entity);
        writer.attributes(entity.attributes, true)?;
        writer.out.push(b'}');
        writer.context_member(self.context_member);
        writer.out.push(b'}');
        Ok(())
    }
}

fn geometry<'e, S: Source<'e>>(
    entity: &EntityRef<'e, S>,
    name: Name,
    view: &View,
) -> Result<Option<S::Value>, S::Fault> {
    for instance in entity.attributes.attributes() {
        let instance = instance?;
        let shown = match &view.datasets {
            Some(_) => view.shows_dataset(instance.dataset_id),
            None => instance.dataset_id.is_none(),
        };
        if instance.name == name && shown && instance.value.kind() == AttributeKind::GeoProperty {
            return Ok(Some(instance.value));
        }
    }
    Ok(None)
}
