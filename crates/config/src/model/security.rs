//! `[security]` and `[deny]`: who may do what, and what nobody may. Holds no tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who may do what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// `"open"`: whoever reaches the port may do everything, allowed on loopback addresses only. `"tokens"`: every request carries a token made with `belfry token`.
    pub mode: Mode,
}

/// Who may do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Whoever reaches the port may do everything; loopback addresses only.
    #[default]
    Open,
    /// Every request carries a token.
    Tokens,
}

/// The vocabulary that is refused at the door because it would identify or track a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deny {
    /// Further names of entity types and attributes to refuse, beside the built-in list, which cannot be switched off. Compared without regard to case, `-` and `_`.
    #[schemars(example = super::words("badgeNumber"))]
    pub extra_names: Vec<String>,
}
