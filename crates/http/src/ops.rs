//! What is not NGSI-LD: health, metrics, the API description, the event stream, tokens. One operation a file.

pub(crate) mod health;
