//! belfry-lake.
