//! belfry-identity.
