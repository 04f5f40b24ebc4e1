//! Which types and attributes are in use: read off the indexes, without looking at entities, but for the kinds of an
//! attribute, which a few of its entities tell.

use crate::shared::Shared;
use belfry_kernel::Error;
use belfry_ports::{AttributeInfo, TypeInfo};

/// How many entities are looked at to learn the kinds of an attribute.
const LOOKED_AT: usize = 8;

/// Every type in use.
pub(crate) fn types(shared: &Shared) -> Result<Vec<TypeInfo>, Error> {
    let state = shared.state.read();
    let mut found = Vec::new();
    for (number, of_type) in state.indexes.types() {
        let mut attributes = Vec::new();
        for (attribute, having) in state.indexes.attributes() {
            let entities = of_type.intersection_len(having);
            if entities == 0 {
                continue;
            }
            let name = shared.names.name(u64::from(attribute))?;
            let mut kinds = Vec::new();
            for slot in (of_type & having).iter().take(LOOKED_AT) {
                let Some(blob) = state.slots.get(slot) else { continue };
                for a in crate::blob::decode(blob, &shared.names)?.instances(name) {
                    let kind = a.value.kind().as_str();
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
            }
            let types = state
                .indexes
                .types()
                .filter(|(_, slots)| slots.intersection_len(having) > 0)
                .map(|(number, _)| shared.names.name(u64::from(number)))
                .collect::<Result<_, _>>()?;
            attributes.push(AttributeInfo { name, entities, types, kinds });
        }
        attributes.sort_by_key(|a| a.name);
        found.push(TypeInfo { name: shared.names.name(u64::from(number))?, entities: of_type.len(), attributes });
    }
    found.sort_by_key(|t| t.name);
    Ok(found)
}
