//! belfry-ports.
