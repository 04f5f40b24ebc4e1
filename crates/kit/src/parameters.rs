//! Parameters of a query string, decoded: names and values in order, each name once. Knows no parameter's meaning and
//! parses no URL.

/// Parameters of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// These names with their values; each name once.
    pub fn new(all: Vec<(String, String)>) -> Self {
        Self(all)
    }

    /// The value of this parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether this parameter is `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// Whether this parameter, a list between commas, has this value.
    pub fn lists(&self, name: &str, value: &str) -> bool {
        self.get(name).is_some_and(|list| list.split(',').any(|one| one == value))
    }

    /// The whole number that this parameter is, when it is there. (Its form was checked.)
    pub fn number(&self, name: &str) -> Option<usize> {
        self.get(name).and_then(|text| text.parse().ok())
    }

    /// The number that this parameter is, when it is there. (Its form was checked.)
    pub fn decimal(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(|text| text.parse().ok())
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
