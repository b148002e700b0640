//! The values that the setters of cron fields accept.

use std::ops::RangeInclusive;

/// The value of a field of a [`CronTrigger`](super::CronTrigger): a number, an inclusive range, or an
/// expression such as `"*/5"` or `"1-5,10"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronValue(pub(super) String);

impl From<&str> for CronValue {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<String> for CronValue {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<chrono::Weekday> for CronValue {
    fn from(value: chrono::Weekday) -> Self {
        Self(value.num_days_from_monday().to_string())
    }
}

macro_rules! integers_are_values {
    ($($integer:ty),*) => {
        $(
            impl From<$integer> for CronValue {
                fn from(value: $integer) -> Self {
                    Self(value.to_string())
                }
            }

            impl From<RangeInclusive<$integer>> for CronValue {
                fn from(value: RangeInclusive<$integer>) -> Self {
                    Self(format!("{}-{}", value.start(), value.end()))
                }
            }
        )*
    };
}
integers_are_values!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize);
