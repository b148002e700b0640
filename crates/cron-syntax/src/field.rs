//! The fields of a cron expression.

/// A field. The variants are ordered from the most to the least significant field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Field {
    /// 1970 to 9999.
    Year,
    /// 1 to 12.
    Month,
    /// The day of the month, 1 to 31.
    Day,
    /// The ISO week, 1 to 53.
    Week,
    /// The weekday, 0 (Monday) to 6.
    DayOfWeek,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// 0 to 59.
    Second,
}

/// Month names; January is 1.
pub(crate) const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Weekday names; Monday is 0, as in APScheduler.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Field {
    /// The name, such as `day_of_week`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Week => "week",
            Self::DayOfWeek => "day_of_week",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }

    /// The smallest value.
    #[must_use]
    pub const fn min(self) -> u32 {
        match self {
            Self::Year => 1970,
            Self::Month | Self::Day | Self::Week => 1,
            Self::DayOfWeek | Self::Hour | Self::Minute | Self::Second => 0,
        }
    }

    /// The largest value.
    #[must_use]
    pub const fn max(self) -> u32 {
        match self {
            Self::Year => 9999,
            Self::Month => 12,
            Self::Day => 31,
            Self::Week => 53,
            Self::DayOfWeek => 6,
            Self::Hour => 23,
            Self::Minute | Self::Second => 59,
        }
    }

    /// The names of the values; the first name stands for [`min`](Self::min).
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::DayOfWeek => &WEEKDAYS,
            _ => &[],
        }
    }

    /// The allowed values, for error messages.
    pub(crate) const fn allowed(self) -> &'static str {
        match self {
            Self::Year => "1970-9999",
            Self::Month => "1-12 or jan-dec",
            Self::Day => "1-31, \"last\", or \"1st\" to \"5th\" or \"last\" with a weekday",
            Self::Week => "1-53",
            Self::DayOfWeek => "0-6 or mon-sun",
            Self::Hour => "0-23",
            Self::Minute | Self::Second => "0-59",
        }
    }
}
