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
    /// To purge what is within the tenant.
    Administer,
    /// To see how the whole server fares: its metrics, which name every tenant.
    Observe,
    /// To take away what all tenants share: contexts.
    Curate,
    /// To run the whole server: tokens, backups.
    Operate,
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
    /// Everything, within the token's tenant when it is bound to one.
    Admin,
}

impl Permission {
    /// Every permission with its name.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Public, "public"),
        (Self::Read, "read"),
        (Self::Ingest, "ingest"),
        (Self::Write, "write"),
        (Self::Administer, "administer"),
        (Self::Observe, "observe"),
        (Self::Curate, "curate"),
        (Self::Operate, "operate"),
    ];

    /// Its name, as the API description gives it.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Whether it reaches beyond one tenant: a token that is bound to one never has it, whatever its role.
    pub fn is_server_wide(self) -> bool {
        matches!(self, Self::Observe | Self::Curate | Self::Operate)
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

    /// Whether the role is enough for the permission. (A token must also not be bound to a tenant for a server-wide one.)
    pub fn allows(self, permission: Permission) -> bool {
        match permission {
            Permission::Public => true,
            Permission::Read | Permission::Observe => matches!(self, Self::Reader | Self::Writer | Self::Admin),
            Permission::Ingest => matches!(self, Self::Ingest | Self::Writer | Self::Admin),
            Permission::Write | Permission::Curate => matches!(self, Self::Writer | Self::Admin),
            Permission::Administer | Permission::Operate => matches!(self, Self::Admin),
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
            (Role::Reader, [true, true, false, false, false, true, false, false]),
            (Role::Writer, [true, true, true, true, false, true, true, false]),
            (Role::Ingest, [true, false, true, false, false, false, false, false]),
            (Role::Admin, [true; 8]),
        ];
        for (role, allowed) in table {
            for ((permission, name), expected) in Permission::ALL.into_iter().zip(allowed) {
                assert_eq!(role.allows(permission), expected, "{role:?} {name}");
            }
        }
    }
}
