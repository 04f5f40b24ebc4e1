//! belfry-testkit.
