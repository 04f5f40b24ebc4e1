//! How the notifications of a subscription fare (ETSI GS CIM 009 table 5.2.14.2-1): counters and last times, as shown to
//! clients. Counts nothing itself.

use crate::Json;
use belfry_kernel::Time;
use compact_str::CompactString;

/// Counters and last times of one subscription.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeliveryStatus {
    /// Attempts to deliver.
    pub times_sent: u64,
    /// Attempts that failed.
    pub times_failed: u64,
    /// Notifications that were given up or had to make room.
    pub dropped: u64,
    /// Periods whose notifications left entities out, as there were too many.
    pub cut: u64,
    /// The last attempt.
    pub last_notification: Option<Time>,
    /// The last attempt that succeeded.
    pub last_success: Option<Time>,
    /// The last attempt that failed.
    pub last_failure: Option<Time>,
    /// Why it failed.
    pub last_failure_reason: Option<Box<str>>,
    /// Whether the last attempt failed.
    pub failing: bool,
}

impl DeliveryStatus {
    /// The members as they stand in `notification`.
    pub fn members(&self) -> Vec<(CompactString, Json)> {
        let mut members: Vec<(CompactString, Json)> = Vec::new();
        let mut add = |key: &str, value: Json| members.push((key.into(), value));
        if self.times_sent > 0 {
            add("status", Json::from(if self.failing { "failed" } else { "ok" }));
            add("timesSent", count(self.times_sent));
        }
        if self.times_failed > 0 {
            add("timesFailed", count(self.times_failed));
        }
        if self.dropped > 0 {
            add("timesDropped", count(self.dropped));
        }
        if self.cut > 0 {
            add("timesCut", count(self.cut));
        }
        for (key, time) in [
            ("lastNotification", self.last_notification),
            ("lastSuccess", self.last_success),
            ("lastFailure", self.last_failure),
        ] {
            if let Some(time) = time {
                add(key, time.with_text(|t| Json::from(t)));
            }
        }
        if let Some(reason) = &self.last_failure_reason {
            add("lastFailureReason", Json::from(&**reason));
        }
        members
    }

    /// What [`Self::members`] wrote, read again; anything else counts as never.
    pub fn from_members(json: &Json) -> Self {
        let number = |key| match json.get(key) {
            Some(Json::Int(n)) => u64::try_from(*n).unwrap_or_default(),
            _ => 0,
        };
        let time = |key| json.get(key).and_then(Json::as_str).and_then(|text| Time::parse(text).ok());
        Self {
            times_sent: number("timesSent"),
            times_failed: number("timesFailed"),
            dropped: number("timesDropped"),
            cut: number("timesCut"),
            last_notification: time("lastNotification"),
            last_success: time("lastSuccess"),
            last_failure: time("lastFailure"),
            last_failure_reason: json.get("lastFailureReason").and_then(Json::as_str).map(Box::from),
            failing: json.get("status").and_then(Json::as_str) == Some("failed"),
        }
    }
}

fn count(n: u64) -> Json {
    Json::Int(i64::try_from(n).unwrap_or(i64::MAX))
}
