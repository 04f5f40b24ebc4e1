//! How large what a client sends may be, once it is parsed. Holds the numbers; the reader enforces them.

use super::Deny;
use std::sync::Arc;

/// The limits of one entity or fragment. Every number is inclusive.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Levels of JSON of a whole body.
    pub json_depth: usize,
    /// Attribute instances of one entity, at its first level.
    pub attributes: usize,
    /// Instances of one attribute (they differ by `datasetId`).
    pub instances: usize,
    /// Levels of attributes: 1 allows no sub-attribute, 2 allows sub-attributes, and so on.
    pub levels: usize,
    /// Sub-attributes of one attribute instance.
    pub sub_attributes: usize,
    /// Bytes of one attribute's value: texts and member names count their bytes, everything else eight.
    pub value_bytes: usize,
    /// Bytes of one entity, counted in the same way, an attribute instance 64 beside.
    pub entity_bytes: usize,
    /// Types of one entity, and terms of one VocabProperty, and types of a Relationship's targets.
    pub types: usize,
    /// Languages of one LanguageProperty.
    pub languages: usize,
    /// Scopes of one entity.
    pub scopes: usize,
    /// Targets of one Relationship or ListRelationship.
    pub targets: usize,
    /// Entities in one batch.
    pub batch: usize,
    /// Terms that are refused wherever they stand.
    pub deny: Arc<Deny>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_depth: 64,
            attributes: 1_000,
            instances: 100,
            levels: 8,
            sub_attributes: 100,
            value_bytes: 1 << 20,
            entity_bytes: 16 << 20,
            types: 32,
            languages: 256,
            scopes: 64,
            targets: 10_000,
            batch: 10_000,
            deny: Arc::new(Deny::default()),
        }
    }
}
