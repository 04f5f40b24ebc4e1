//! Temporal queries (ETSI GS CIM 009 clause 4.11): which instants of an attribute's history are meant.

use belfry_kernel::{Error, Time};
use std::fmt;

/// A condition on one of the system's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporalQuery {
    /// Before, after or between; none when only `last_n` narrows.
    pub relation: Option<TimeRelation>,
    /// Which time.
    pub property: TimeProperty,
    /// Only the last so many instances of each attribute.
    pub last_n: Option<usize>,
}

/// The relation with its instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeRelation {
    /// Before this instant, which is not included.
    Before(Time),
    /// From this instant on.
    After(Time),
    /// From the first (included) to the second (not included).
    Between(Time, Time),
}

/// The time that is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::enum_variant_names, reason = "these are the names that the standard gives them")]
pub enum TimeProperty {
    /// When the value was true.
    #[default]
    ObservedAt,
    /// When it was created here.
    CreatedAt,
    /// When it was last modified here.
    ModifiedAt,
    /// When it was deleted here.
    DeletedAt,
}

impl TimeProperty {
    /// The property of this text.
    ///
    /// # Errors
    /// `BadRequestData` for any other than the four.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(match text {
            "observedAt" => Self::ObservedAt,
            "createdAt" => Self::CreatedAt,
            "modifiedAt" => Self::ModifiedAt,
            "deletedAt" => Self::DeletedAt,
            _ => {
                return Err(Error::bad_data("timeproperty is observedAt, createdAt, modifiedAt or deletedAt"));
            }
        })
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ObservedAt => "observedAt",
            Self::CreatedAt => "createdAt",
            Self::ModifiedAt => "modifiedAt",
            Self::DeletedAt => "deletedAt",
        }
    }
}

/// The parameters as texts; absent ones are `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TemporalTexts<'a> {
    /// `timerel`
    pub timerel: Option<&'a str>,
    /// `timeAt`
    pub time_at: Option<&'a str>,
    /// `endTimeAt`
    pub end_time_at: Option<&'a str>,
    /// `timeproperty`
    pub timeproperty: Option<&'a str>,
    /// `lastN`
    pub last_n: Option<&'a str>,
}

impl TemporalQuery {
    /// Parses the parameters; `None` when none of them is there.
    ///
    /// # Errors
    /// `BadRequestData` when one is malformed, a time that the relation needs is missing, or one that it does not
    /// take is there.
    pub fn parse(texts: TemporalTexts<'_>) -> Result<Option<Self>, Error> {
        let at = |name: &str, text: &str| Time::parse(text).map_err(|e| Error::bad_data(format!("{name}: {e}")));
        let relation = match (texts.timerel, texts.time_at, texts.end_time_at) {
            (None, None, None) => None,
            (None, _, _) => {
                return Err(Error::bad_data("timeAt and endTimeAt need timerel: before, after or between"));
            }
            (Some("before"), Some(t), None) => Some(TimeRelation::Before(at("timeAt", t)?)),
            (Some("after"), Some(t), None) => Some(TimeRelation::After(at("timeAt", t)?)),
            (Some("between"), Some(from), Some(to)) => {
                let (from, to) = (at("timeAt", from)?, at("endTimeAt", to)?);
                if to < from {
                    return Err(Error::bad_data("endTimeAt is before timeAt"));
                }
                Some(TimeRelation::Between(from, to))
            }
            (Some("between"), _, _) => return Err(Error::bad_data("timerel between needs timeAt and endTimeAt")),
            (Some("before" | "after"), None, _) => return Err(Error::bad_data("timerel needs timeAt")),
            (Some("before" | "after"), _, Some(_)) => {
                return Err(Error::bad_data("endTimeAt belongs to timerel between alone"));
            }
            (Some(_), _, _) => return Err(Error::bad_data("timerel is before, after or between")),
        };
        let last_n = texts
            .last_n
            .map(|n| {
                n.parse().ok().filter(|n| *n > 0).ok_or_else(|| Error::bad_data("lastN is a whole number above 0"))
            })
            .transpose()?;
        let property = texts.timeproperty.map(TimeProperty::parse).transpose()?;
        if relation.is_none() && property.is_none() && last_n.is_none() {
            return Ok(None);
        }
        Ok(Some(Self { relation, property: property.unwrap_or_default(), last_n }))
    }

    /// The instants meant: the first included, the second not.
    pub fn range(&self) -> (Time, Time) {
        match self.relation {
            None => (Time::MIN, Time::MAX),
            Some(TimeRelation::Before(to)) => (Time::MIN, to),
            Some(TimeRelation::After(from)) => (from, Time::MAX),
            Some(TimeRelation::Between(from, to)) => (from, to),
        }
    }

    /// Whether this instant is meant.
    pub fn contains(&self, at: Time) -> bool {
        match self.relation {
            None => true,
            Some(TimeRelation::Before(to)) => at < to,
            Some(TimeRelation::After(from)) => at >= from,
            Some(TimeRelation::Between(from, to)) => at >= from && at < to,
        }
    }
}

impl fmt::Display for TemporalQuery {
    /// As the query part of a URL, not percent-encoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.relation {
            None => {}
            Some(TimeRelation::Before(at)) => write!(f, "timerel=before&timeAt={at}&")?,
            Some(TimeRelation::After(at)) => write!(f, "timerel=after&timeAt={at}&")?,
            Some(TimeRelation::Between(from, to)) => write!(f, "timerel=between&timeAt={from}&endTimeAt={to}&")?,
        }
        write!(f, "timeproperty={}", self.property.as_str())?;
        if let Some(n) = self.last_n { write!(f, "&lastN={n}") } else { Ok(()) }
    }
}
