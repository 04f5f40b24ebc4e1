//! belfry-ngsi-ld.
