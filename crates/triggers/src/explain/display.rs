//! The `Display` implementations of explanations.

use std::fmt;

use chrono::NaiveDateTime;

use super::{Explanation, Reason, Step, Warning};

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} in {}", self.trigger, self.zone)?;
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    /// For example `Sun 2026-03-29 04:30:00 +03:00  03:30:00 does not exist (clock set forward)`. The time is in
    /// parentheses if the trigger does not fire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.format("%a %F %T%.f %:z");
        match self.fires {
            true => write!(f, "{time}")?,
            false => write!(f, "({time})")?,
        }
        for (index, reason) in self.reasons.iter().enumerate() {
            let separator = if index == 0 { "  " } else { "; " };
            write!(f, "{separator}{reason}")?;
        }
        if let Some((first, last)) = &self.window {
            let separator = if self.reasons.is_empty() { "  " } else { "; " };
            write!(
                f,
                "{separator}the run starts between {} and {}",
                first.format("%T%.f"),
                last.format("%T%.f")
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shifted(wall) => write!(f, "{} does not exist (clock set forward)", wall.time()),
            Self::Skipped(first, last) if first == last => {
                write!(f, "{} does not exist (clock set forward)", first.time())
            }
            Self::Skipped(first, last) => {
                write!(f, "{} to {} do not exist (clock set forward)", first.time(), last.time())
            }
            Self::FirstPass => f.write_str("first occurrence of an ambiguous time"),
            Self::SecondPass => f.write_str("second occurrence of an ambiguous time"),
            Self::Excluded => f.write_str("excluded"),
            Self::Moved(from) => write!(f, "postponed from {}", from.format("%a %F")),
            Self::WallTimeMoved => f.write_str("UTC offset changed; the interval is elapsed time"),
        }
    }
}

/// Displays a local time as `on 2026-03-29, 03:30:00`.
struct OnDate<'w>(&'w NaiveDateTime);

impl fmt::Display for OnDate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on {}, {}", self.0.date(), self.0.time())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverFires => f.write_str("the trigger never fires"),
            Self::Ends => f.write_str("there are no further fire times"),
            Self::MaxRuns(runs) => write!(f, "the job is finished after {runs} runs (max_runs)"),
            Self::Twice { wall } => {
                write!(
                    f,
                    "{} is ambiguous (clock set back); the trigger fires at both occurrences",
                    OnDate(wall)
                )
            }
            Self::Shifted { wall, fire } => write!(
                f,
                "{} does not exist (clock set forward); the trigger fires at {}",
                OnDate(wall),
                fire.format("%T")
            ),
            Self::Skipped { first, last } if first == last => {
                write!(
                    f,
                    "{} does not exist (clock set forward); the trigger does not fire",
                    OnDate(first)
                )
            }
            Self::Skipped { first, last } => write!(
                f,
                "{} to {} do not exist (clock set forward); the trigger does not fire",
                OnDate(first),
                last.time()
            ),
            Self::WallTimeMoves { date } => write!(
                f,
                "the interval counts days of 24 hours; the local time of day changes on {date}. Use \
                 CalendarIntervalTrigger for a constant local time"
            ),
        }
    }
}
