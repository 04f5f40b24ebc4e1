//! belfry-config.
