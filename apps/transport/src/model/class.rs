//! Classes of vehicles by their names in paths and bodies, and the rules of the day that each drives under. Holds no costs.

use belfry_kit::Error;
use belfry_roads::{Class, Family, Rules};

/// Every class with its name; further names are those that other routers have for it.
pub(crate) const NAMES: [(Class, &str, &[&str]); 6] = [
    (Class::Car, "car", &["driving", "auto"]),
    (Class::FireEngine, "fire_engine", &[]),
    (Class::Ambulance, "ambulance", &[]),
    (Class::Truck, "truck", &[]),
    (Class::Bicycle, "bicycle", &["cycling", "bike"]),
    (Class::Foot, "foot", &["walking", "pedestrian"]),
];

/// The class of this name.
///
/// # Errors
/// `BadRequestData`, listing them.
pub(crate) fn parse(name: &str) -> Result<Class, Error> {
    let found = NAMES.iter().find(|(_, own, others)| *own == name || others.contains(&name));
    found.map(|(class, ..)| *class).ok_or_else(|| {
        let all: Vec<&str> = NAMES.iter().map(|(_, own, _)| *own).collect();
        let name: String = name.chars().take(40).collect();
        Error::bad_data(format!("{name:?} is no class of vehicle; it is one of {}", all.join(", ")))
            .coded("InvalidValue")
    })
}

/// The name of a class.
pub(crate) fn name(class: Class) -> &'static str {
    NAMES[place(class)].1
}

/// The place of a class in lists of one thing each.
pub(crate) fn place(class: Class) -> usize {
    NAMES.iter().position(|(own, ..)| *own == class).unwrap_or_default()
}

/// The rules that a class drives under: emergency vehicles are on call.
pub(crate) fn rules(class: Class) -> Rules {
    if class.is_emergency() { Rules::on_call() } else { Rules::default() }
}

/// Families, each with a network of its own.
pub(crate) const FAMILIES: [(Family, &str); 3] =
    [(Family::Drive, "drive"), (Family::Cycle, "cycle"), (Family::Walk, "walk")];

/// The place of a class' family in lists of one thing each.
pub(crate) fn family(class: Class) -> usize {
    match class.family() {
        Family::Drive => 0,
        Family::Cycle => 1,
        Family::Walk => 2,
    }
}

/// What OSRM calls the way in which a class moves.
pub(crate) fn mode(class: Class) -> &'static str {
    match class.family() {
        Family::Drive => "driving",
        Family::Cycle => "cycling",
        Family::Walk => "walking",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_name_and_place() {
        for class in Class::ALL {
            assert_eq!(parse(name(class)).unwrap(), class);
            assert_eq!(NAMES[place(class)].0, class);
            assert_eq!(FAMILIES[family(class)].0, class.family());
        }
        assert_eq!(parse("driving").unwrap(), Class::Car);
        assert_eq!(parse("tank").unwrap_err().code(), Some("InvalidValue"));
    }
}
