//! The query languages: text to one AST.
