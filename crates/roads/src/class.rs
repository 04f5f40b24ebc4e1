//! Classes of vehicles, sets of them, and the families that share a network. Holds no speeds and no rules.

/// Who drives, rides or walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A fire engine: large, and let through where law alone would stop it.
    FireEngine,
    /// An ambulance: fast, and let through where law alone would stop it.
    Ambulance,
    /// A private car.
    Car,
    /// A goods vehicle (`hgv`).
    Truck,
    /// A bicycle.
    Bicycle,
    /// On foot.
    Foot,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 6] = [Self::FireEngine, Self::Ambulance, Self::Car, Self::Truck, Self::Bicycle, Self::Foot];

    /// The network that it moves on.
    pub fn family(self) -> Family {
        match self {
            Self::FireEngine | Self::Ambulance | Self::Car | Self::Truck => Family::Drive,
            Self::Bicycle => Family::Cycle,
            Self::Foot => Family::Walk,
        }
    }

    /// Whether it is on call: rules of law do not bind it, what is physically closed does.
    pub fn is_emergency(self) -> bool {
        matches!(self, Self::FireEngine | Self::Ambulance)
    }
}

/// Classes that share one network and its hierarchy; each class has a metric of its own on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Motor vehicles.
    Drive,
    /// Bicycles.
    Cycle,
    /// People on foot.
    Walk,
}

impl Family {
    /// Its classes.
    pub fn classes(self) -> Classes {
        Class::ALL.into_iter().filter(|class| class.family() == self).collect()
    }
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Classes(u8);

impl Classes {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody.
    pub const ALL: Self = Self(0b11_1111);
    /// Fire engine and ambulance.
    pub const EMERGENCY: Self = Self(0b00_0011);
    /// All motor vehicles.
    pub const MOTOR: Self = Self(0b00_1111);
    /// Bicycle and foot.
    pub const SOFT: Self = Self(0b11_0000);

    /// Whether the class is in it.
    pub fn has(self, class: Class) -> bool {
        self.0 & 1 << class as u8 != 0
    }

    /// With the class.
    #[must_use]
    pub fn with(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u8)
    }

    /// Without the class.
    #[must_use]
    pub fn without(self, class: Class) -> Self {
        Self(self.0 & !(1 << class as u8))
    }

    /// Those of either set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of this set that are not in the other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nobody is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Class> for Classes {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        classes.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<Class> for Classes {
    fn from(class: Class) -> Self {
        Self::NONE.with(class)
    }
}
