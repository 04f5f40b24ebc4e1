//! belfry-log.
