//! belfry-store-embedded.
