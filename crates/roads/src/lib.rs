//! Road routing, a placeholder for a moment.
