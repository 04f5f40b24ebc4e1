//! The rules of the write operations.
