//! The days on which a service runs: weekdays within a range (calendar.txt) and single days added or removed
//! (calendar_dates.txt).

use crate::value::Date;
use compact_str::CompactString;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its `service_id`.
    pub id: CompactString,
    /// Weekdays, bit 0 Monday to bit 6 Sunday.
    pub weekdays: u8,
    /// First and last day of the weekdays, both within; none when there are single days only.
    pub range: Option<(Date, Date)>,
    /// Days added, sorted.
    pub added: Vec<Date>,
    /// Days removed, sorted.
    pub removed: Vec<Date>,
}

impl Service {
    pub(crate) fn new(id: CompactString) -> Self {
        Self { id, weekdays: 0, range: None, added: Vec::new(), removed: Vec::new() }
    }

    /// Whether it runs on a day.
    pub fn runs(&self, date: Date) -> bool {
        if self.added.binary_search(&date).is_ok() {
            return true;
        }
        let regular = self.range.is_some_and(|(start, end)| start <= date && date <= end)
            && self.weekdays >> date.weekday() & 1 == 1;
        regular && self.removed.binary_search(&date).is_err()
    }

    /// The last day on which it may run.
    pub fn last(&self) -> Option<Date> {
        self.range.map(|(_, end)| end).max(self.added.last().copied())
    }
}
