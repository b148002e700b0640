//! What a cron trigger was told: its stored form.

use std::collections::BTreeMap;
use std::fmt;

use punctual_core::{TriggerError, Zone};
use serde::{Deserialize, Serialize};

use super::expression::Expression;
use super::field::Field;
use super::pattern::{Expressions, Pattern};
use super::{crontab, quartz};
use crate::builder::Limits;
use crate::civil::{Fold, Gap};

/// The description from which a [`CronTrigger`](super::CronTrigger) is made, and made again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Schedule {
    #[serde(flatten)]
    pub(super) times: Times,
    pub(super) timezone: Zone,
    /// None: by [`Understood::follows_clock`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gap: Option<Gap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fold: Option<Fold>,
    #[serde(flatten)]
    pub(super) limits: Limits,
}

/// The wall times, in one of the languages for them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Times {
    /// The given fields with APScheduler's expressions.
    Fields(BTreeMap<Field, String>),
    /// A line of a standard crontab.
    Crontab(String),
    /// An expression of the Quartz scheduler.
    Quartz(String),
}

/// The wall times, understood.
pub(super) struct Understood {
    pub(super) pattern: Pattern,
    /// Whether hour, minute or second is a star: then fires follow the clock through its changes, else each
    /// wall time runs exactly once. That is the tradition of cron.
    pub(super) follows_clock: bool,
}

impl Times {
    /// Parses every expression, and brings it into normal form.
    pub(super) fn understand(&mut self) -> Result<Understood, TriggerError> {
        let (expressions, either) = match self {
            Self::Fields(fields) => (expressions_of(fields)?, false),
            Self::Crontab(line) => crontab::parse(line)?,
            Self::Quartz(text) => (quartz::parse(text)?, false),
        };
        let star = |field: Field| expressions[field as usize].star;
        Ok(Understood {
            pattern: Pattern::new(&expressions, either),
            follows_clock: star(Field::Hour) || star(Field::Minute) || star(Field::Second),
        })
    }
}

/// The expressions of all fields. Those that are not given are stars if they are more significant than a given
/// one, or if none is given at all, and else have their least value.
fn expressions_of(given: &mut BTreeMap<Field, String>) -> Result<Expressions, TriggerError> {
    let least = given.keys().next_back().copied();
    let mut normal = String::new();
    let mut understand = |field: Field| match given.get_mut(&field) {
        Some(text) => {
            normal.clear();
            let expression = Expression::parse(field, text, &mut normal)?;
            if *text != normal {
                text.clone_from(&normal);
            }
            Ok::<_, TriggerError>(expression)
        }
        None if least.is_none_or(|least| field < least) => Ok(Expression::star(field)),
        None => Ok(Expression::least(field)),
    };
    Ok([
        understand(Field::Year)?,
        understand(Field::Month)?,
        understand(Field::Day)?,
        understand(Field::Week)?,
        understand(Field::DayOfWeek)?,
        understand(Field::Hour)?,
        understand(Field::Minute)?,
        understand(Field::Second)?,
    ])
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields(fields) => {
                f.write_str("cron[")?;
                for (index, (field, text)) in fields.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{}='{text}'", field.name())?;
                }
                f.write_str("]")
            }
            Self::Crontab(line) => write!(f, "crontab[{line}]"),
            Self::Quartz(text) => write!(f, "quartz[{text}]"),
        }
    }
}
