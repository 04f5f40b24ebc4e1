//! belfry-ui.
