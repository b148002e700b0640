//! Schedules that are declared by `#[task(cron = "..")]` and `#[task(every = "..")]`, which are checked here.

use std::time::Duration;

use proc_macro2::TokenStream;
use punctual_cron_syntax::{Expressions, Field, FieldTerm};
use quote::quote;
use syn::{Error, LitStr, Result};

/// A valid schedule.
pub(crate) enum Schedule {
    /// A line of a crontab.
    Cron(LitStr),
    /// An interval.
    Every(Duration),
}

/// Whether one of the months has one of the days. Every day of the year is every weekday in some year.
fn has_day(fields: &Expressions) -> bool {
    const LENGTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let values = |field: Field| {
        let terms = fields[field as usize].terms.iter();
        terms.flat_map(|term| match *term {
            FieldTerm::Range { first, last, step } => (first..=last).step_by(step as usize),
            // Not in crontabs.
            _ => (1..=1).step_by(1),
        })
    };
    let first_day = values(Field::Day).min().unwrap_or(1);
    values(Field::Month).any(|month| LENGTHS.get(month as usize - 1) >= Some(&first_day))
}

impl Schedule {
    /// Checks a line of a crontab, with the parser of the triggers.
    pub(crate) fn cron(line: LitStr) -> Result<Self> {
        let (fields, day_fields_or) = punctual_cron_syntax::parse_crontab(&mut line.value())
            .map_err(|error| Error::new(line.span(), error))?;
        if !day_fields_or && !has_day(&fields) {
            let reason = "it never fires: none of its months has one of its days";
            return Err(Error::new(line.span(), reason));
        }
        Ok(Self::Cron(line))
    }

    /// Checks an interval.
    pub(crate) fn every(text: &LitStr) -> Result<Self> {
        let interval = humantime::parse_duration(&text.value()).map_err(|error| {
            let text_with_reason =
                format!("{error}; an interval is written as \"10s\" or \"1h 30m\"");
            Error::new(text.span(), text_with_reason)
        })?;
        if interval.as_micros() == 0 || i64::try_from(interval.as_micros()).is_err() {
            let reason = "an interval must be at least 1us, and shorter than 292,000 years";
            return Err(Error::new(text.span(), reason));
        }
        Ok(Self::Every(interval))
    }

    /// The option that declares it.
    pub(crate) fn option(&self) -> &'static str {
        match self {
            Self::Cron(_) => "cron",
            Self::Every(_) => "every",
        }
    }

    /// Generates the constant of the task.
    pub(crate) fn constant(&self, id: Option<&LitStr>, private: &TokenStream) -> TokenStream {
        let schedule = match self {
            Self::Cron(line) => quote!(#private::TaskSchedule::cron(#line)),
            Self::Every(interval) => {
                let (seconds, nanos) = (interval.as_secs(), interval.subsec_nanos());
                quote! {
                    #private::TaskSchedule::every(::core::time::Duration::new(#seconds, #nanos))
                }
            }
        };
        let id = id.map(|id| quote!(.id(#id)));
        quote! {
            const SCHEDULE: ::core::option::Option<#private::TaskSchedule> =
                ::core::option::Option::Some(#schedule #id);
        }
    }
}
