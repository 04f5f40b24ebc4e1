//! The application's types: classes by name, coordinates as they stand in paths, lines as texts, JSON that is written. Reads no
//! state.

pub(crate) mod class;
pub(crate) mod coordinates;
pub(crate) mod line;
pub(crate) mod written;
