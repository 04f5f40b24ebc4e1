//! belfry-http.
