//! belfry-runtime.
