//! Who may do what: roles, permissions, access tokens and the check of a request. Holds no HTTP and no passwords.

mod guard;
mod role;
mod token;

pub use guard::{Guard, Mode, Principal};
pub use role::{Permission, Role};
pub use token::{Issued, NewToken, Token, create, list, revoke};
