//! The twelve expressions, in the syntax of each crate.

use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds};
use punctual_triggers::{CronTrigger, CronTriggerBuilder};

/// A schedule, with its expression in each crate.
#[derive(Clone, Copy, Debug)]
pub struct Expression {
    /// The name of the schedule in the tables.
    pub name: &'static str,
    /// The builder, from a crontab line or from fields.
    pub punctual: fn() -> CronTriggerBuilder,
    /// The expression for `croner`; `None` if it is not supported.
    pub croner: Option<&'static str>,
    /// The expression for `cron`; `None` if it is not supported.
    pub cron: Option<&'static str>,
}

impl Expression {
    /// Returns Punctual's trigger in that zone.
    #[must_use]
    pub fn trigger(&self, zone: Tz) -> CronTrigger {
        (self.punctual)().timezone(zone).build().expect("the expressions are valid")
    }

    /// Returns the schedule of the crate `croner`.
    #[must_use]
    pub fn croner(&self, parser: &CronParser) -> Option<croner::Cron> {
        self.croner.map(|text| parser.parse(text).expect("a valid expression for croner"))
    }

    /// Returns the schedule of the crate `cron`.
    #[must_use]
    pub fn cron(&self) -> Option<cron::Schedule> {
        self.cron.map(|text| text.parse().expect("a valid expression for cron"))
    }
}

/// Returns a parser of `croner` for which both day fields must match, as in Punctual.
#[must_use]
pub fn croner_parser() -> CronParser {
    let builder = CronParser::builder().seconds(Seconds::Optional);
    builder.dom_and_dow(true).build()
}

/// The expressions, from common ones to the worst cases.
pub const EXPRESSIONS: [Expression; 12] = [
    Expression {
        name: "every second",
        punctual: CronTrigger::builder,
        croner: Some("* * * * * *"),
        cron: Some("* * * * * *"),
    },
    Expression {
        name: "every 5 minutes",
        punctual: || CronTrigger::from_crontab("*/5 * * * *"),
        croner: Some("*/5 * * * *"),
        cron: Some("0 */5 * * * *"),
    },
    Expression {
        name: "daily at 03:30",
        punctual: || CronTrigger::from_crontab("30 3 * * *"),
        croner: Some("30 3 * * *"),
        cron: Some("0 30 3 * * *"),
    },
    Expression {
        name: "office hours",
        punctual: || CronTrigger::from_crontab("0,30 9-17 * * mon-fri"),
        croner: Some("0,30 9-17 * * MON-FRI"),
        cron: Some("0 0,30 9-17 * * Mon-Fri"),
    },
    Expression {
        name: "first of the month",
        punctual: || CronTrigger::from_crontab("0 0 1 * *"),
        croner: Some("0 0 1 * *"),
        cron: Some("0 0 0 1 * *"),
    },
    Expression {
        name: "last day of the month",
        punctual: || CronTrigger::builder().day("last"),
        croner: Some("0 0 L * *"),
        cron: None,
    },
    Expression {
        name: "last Friday of the quarter",
        punctual: || CronTrigger::builder().month("3,6,9,12").day("last fri").hour(17),
        croner: Some("0 17 * 3,6,9,12 FRI#L"),
        cron: None,
    },
    Expression {
        name: "third Friday, ranges",
        punctual: || CronTrigger::builder().month("6-8,11-12").day("3rd fri").hour("0-3"),
        croner: Some("0 0-3 * 6-8,11-12 FRI#3"),
        cron: Some("0 0 0-3 15-21 6-8,11-12 Fri"),
    },
    Expression {
        name: "29 February",
        punctual: || CronTrigger::from_crontab("0 0 29 2 *"),
        croner: Some("0 0 29 2 *"),
        cron: Some("0 0 0 29 2 *"),
    },
    Expression {
        name: "Friday the 13th",
        punctual: || CronTrigger::builder().day(13).day_of_week("fri"),
        croner: Some("0 0 13 * FRI"),
        cron: Some("0 0 0 13 * Fri"),
    },
    Expression {
        name: "Monday 29 February",
        punctual: || CronTrigger::builder().month(2).day(29).day_of_week("mon"),
        croner: Some("0 0 29 2 MON"),
        cron: Some("0 0 0 29 2 Mon"),
    },
    Expression {
        name: "never (30 February)",
        punctual: || CronTrigger::from_crontab("0 0 30 2 *"),
        croner: Some("0 0 30 2 *"),
        cron: Some("0 0 0 30 2 *"),
    },
];
