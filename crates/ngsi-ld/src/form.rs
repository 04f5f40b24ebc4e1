//! JSON forms of entities: reading and rendering.
