//! Roles and what they are allowed. Holds the table and no one's name.

/// What an operation asks of the one who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing: anyone who reaches the server.
    Public,
    /// To see entities, their history, contexts and subscriptions.
    Read,
    /// To bring in readings: create and update entities and attributes, and see nothing.
    Ingest,
    /// To change anything within the tenant.
    Write,
    /// To run the server: tokens, purges, metrics.
    Administer,
}

/// What a token's holder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sees.
    Reader,
    /// Sees and changes.
    Writer,
    /// Brings in readings, and sees nothing.
    Ingest,
    /// Everything.
    Admin,
}

impl Permission {
    /// Every permission with its name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Public, "public"),
        (Self::Read, "read"),
        (Self::Ingest, "ingest"),
        (Self::Write, "write"),
        (Self::Administer, "administer"),
    ];

    /// Its name, as the API description gives it.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl Role {
    /// Every role with its name.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Reader, "reader"), (Self::Writer, "writer"), (Self::Ingest, "ingest"), (Self::Admin, "admin")];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(role, _)| *role)
    }

    /// Whether the role is enough for the permission.
    pub fn allows(self, permission: Permission) -> bool {
        match permission {
            Permission::Public => true,
            Permission::Read => matches!(self, Self::Reader | Self::Writer | Self::Admin),
            Permission::Ingest => matches!(self, Self::Ingest | Self::Writer | Self::Admin),
            Permission::Write => matches!(self, Self::Writer | Self::Admin),
            Permission::Administer => matches!(self, Self::Admin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for (role, name) in Role::ALL {
            assert_eq!(role.as_str(), name);
            assert_eq!(Role::parse(name), Some(role));
        }
        for (permission, name) in Permission::ALL {
            assert_eq!(permission.as_str(), name);
        }
        assert_eq!(Role::parse("Admin"), None);
    }

    #[test]
    fn nobody_but_an_admin_administers_and_ingest_sees_nothing() {
        let table = [
            (Role::Reader, [true, true, false, false, false]),
            (Role::Writer, [true, true, true, true, false]),
            (Role::Ingest, [true, false, true, false, false]),
            (Role::Admin, [true, true, true, true, true]),
        ];
        for (role, allowed) in table {
            for ((permission, name), expected) in Permission::ALL.into_iter().zip(allowed) {
                assert_eq!(role.allows(permission), expected, "{role:?} {name}");
            }
        }
    }
}
