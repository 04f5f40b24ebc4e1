//! belfry-history.
