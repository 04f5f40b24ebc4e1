//! What an archive says of its layers, as JSON (PMTiles 3, 5; TileJSON 3.0, 3.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::theme::Theme;

/// The metadata that is written and understood; other members are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// What the map is called.
    #[serde(default)]
    pub name: String,
    /// What must be shown with the map, such as "© OpenStreetMap contributors".
    #[serde(default)]
    pub attribution: String,
    /// Its layers.
    #[serde(default)]
    pub vector_layers: Vec<VectorLayer>,
}

/// A layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorLayer {
    /// Its name in the tiles.
    pub id: String,
    /// Its fields and their types: `String`, `Number`, `Boolean`.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

impl Metadata {
    /// The metadata of a map of this crate's schema.
    pub fn basemap(name: &str, attribution: &str) -> Self {
        let layers = Theme::ALL.iter().filter(|theme| **theme != Theme::Live);
        let vector_layers = layers
            .map(|theme| {
                let fields: &[(&str, &str)] = match theme {
                    Theme::Road => &[
                        ("class", "String"),
                        ("link", "Boolean"),
                        ("tunnel", "Boolean"),
                        ("bridge", "Boolean"),
                        ("oneway", "Boolean"),
                        ("ref", "String"),
                        ("name", "String"),
                    ],
                    Theme::Water => &[("class", "String"), ("tunnel", "Boolean"), ("name", "String")],
                    Theme::Building => &[("height", "Number")],
                    Theme::Place => {
                        &[("class", "String"), ("capital", "Boolean"), ("rank", "Number"), ("name", "String")]
                    }
                    Theme::Poi => &[("class", "String"), ("rank", "Number"), ("name", "String")],
                    Theme::Address => &[("number", "String")],
                    Theme::Landuse | Theme::Boundary | Theme::Live => &[("class", "String"), ("name", "String")],
                };
                let fields = fields.iter().map(|(key, kind)| ((*key).to_owned(), (*kind).to_owned())).collect();
                VectorLayer { id: theme.name().to_owned(), fields }
            })
            .collect();
        Self { name: name.to_owned(), attribution: attribution.to_owned(), vector_layers }
    }
}
