//! What is computed: the roads of a map, what is true of them now, and the service that joins both. Answers no request.

pub(crate) mod fact;
pub(crate) mod follow;
pub(crate) mod live;
pub(crate) mod map;
pub(crate) mod town;
