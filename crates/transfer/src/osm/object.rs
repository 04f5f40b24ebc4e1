//! Objects of OpenStreetMap by kind and number, and the ids of the entities that they become. Holds no tags and no places.

use belfry_connect_osm::Kind;
use std::fmt;

/// An object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// Node, way or relation.
    pub kind: Kind,
    /// Its number among its kind.
    pub id: i64,
}

/// What an object can be drawn as, as far as that is known before its places are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Point,
    OpenWay,
    ClosedWay,
    /// A relation of type multipolygon or boundary.
    Relation,
}

impl Object {
    fn word(self) -> &'static str {
        match self.kind {
            Kind::Node => "node",
            Kind::Way => "way",
            Kind::Relation => "relation",
        }
    }

    /// The id of the entity of this type that the object becomes.
    pub(super) fn entity_id(self, entity: &str) -> String {
        format!("urn:ngsi-ld:{entity}:osm-{}-{}", self.word(), self.id)
    }

    /// The type and the object of such an id.
    pub(super) fn of_entity(id: &str) -> Option<(&str, Self)> {
        let (entity, rest) = id.strip_prefix("urn:ngsi-ld:")?.split_once(":osm-")?;
        let (word, number) = rest.split_once('-')?;
        let kind = match word {
            "node" => Kind::Node,
            "way" => Kind::Way,
            "relation" => Kind::Relation,
            _ => return None,
        };
        Some((entity, Self { kind, id: number.parse().ok()? }))
    }

    /// Where the object is shown.
    pub(super) fn address(self) -> String {
        format!("https://www.openstreetmap.org/{self}")
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.word(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_of_which_object_it_is() {
        for kind in [Kind::Node, Kind::Way, Kind::Relation] {
            let object = Object { kind, id: -7 };
            let id = object.entity_id("Building");
            assert_eq!(Object::of_entity(&id), Some(("Building", object)), "{id}");
        }
        for id in
            ["urn:ngsi-ld:Building:osm-way-", "urn:ngsi-ld:Building:7", "urn:x:osm-way-7", "urn:ngsi-ld:B:osm-road-7"]
        {
            assert_eq!(Object::of_entity(id), None, "{id}");
        }
    }
}
