//! belfry-connect-mqtt.
