//! The JSON forms of entities and attributes: reading them into types, rendering types as JSON text.
//! ETSI GS CIM 009 clauses 4.5.0 to 4.5.24, 5.2.4 to 5.2.7, 5.4, 5.5.4. Holds no rule of an operation and no @context.

pub mod deny;
pub mod fragment;
pub mod limits;
pub mod read;
pub mod write;

pub use deny::Deny;
pub use fragment::{AttributeFragment, EntityFragment, Field};
pub use limits::Limits;
pub use read::{
    BatchFault, Mode, Reader, read_attribute, read_batch, read_entity, read_fragment, read_ids, take_context,
};
pub use write::{Languages, Rendering, Representation, Select, View, write_entity, write_feature, write_temporal};

use crate::Name;

/// The text that stands for "nothing" where JSON would say null (clause 4.5.0, NGSI-LD Null).
pub const NULL: &str = "urn:ngsi-ld:null";

/// The namespace of the core @context.
pub(crate) const CORE: &str = "https://uri.etsi.org/ngsi-ld/";

/// Expanded names of the members that stand in an attribute without being attributes themselves and have no field of
/// their own in [`crate::Attribute`]: they are held as sub-attributes of these names and written back as plain members.
pub(crate) const PLAIN: [(&str, &str); 3] = [
    ("valueType", "https://uri.etsi.org/ngsi-ld/hasValueType"),
    ("entityIdSealed", "https://uri.etsi.org/ngsi-ld/entityIdSealed"),
    ("entityTypeSealed", "https://uri.etsi.org/ngsi-ld/entityTypeSealed"),
];

/// The plain member that a sub-attribute of this name stands for, if it is one of [`PLAIN`].
fn plain_member(name: Name) -> Option<&'static str> {
    let text = name.as_str();
    if !text.starts_with(CORE) {
        return None;
    }
    PLAIN.iter().find(|(_, iri)| *iri == text).map(|(member, _)| *member)
}
