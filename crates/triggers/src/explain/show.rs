//! Explanations as text.

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
    /// Such as `Sun 2026-03-29 04:30:00 +03:00  03:30:00 is skipped by the clock`; in brackets if it does not
    /// fire.
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
                "{separator}runs from {} to {}",
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
            Self::Shifted(wall) => write!(f, "{} is skipped by the clock", wall.time()),
            Self::Skipped(first, last) if first == last => {
                write!(f, "{} is skipped by the clock", first.time())
            }
            Self::Skipped(first, last) => {
                write!(f, "{} to {} are skipped by the clock", first.time(), last.time())
            }
            Self::FirstPass => f.write_str("first time of two"),
            Self::SecondPass => f.write_str("second time of two"),
            Self::Excluded => f.write_str("excluded"),
            Self::Moved(from) => write!(f, "moved from {}", from.format("%a %F")),
            Self::WallTimeMoved => f.write_str("the clock has changed, elapsed time has not"),
        }
    }
}

/// A day and, after it, a time.
struct At<'w>(&'w NaiveDateTime);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "on {}, {}", self.0.date(), self.0.time())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverFires => f.write_str("it never fires"),
            Self::Ends => f.write_str("it does not fire again after that"),
            Self::MaxRuns(runs) => write!(f, "a job is finished after {runs} runs"),
            Self::Twice { wall } => {
                write!(f, "{} comes twice, and it fires twice", At(wall))
            }
            Self::Shifted { wall, fire } => write!(
                f,
                "{} is skipped by the clock, and it fires at {}",
                At(wall),
                fire.format("%T")
            ),
            Self::Skipped { first, last } if first == last => {
                write!(f, "{} is skipped by the clock, and it does not fire", At(first))
            }
            Self::Skipped { first, last } => write!(
                f,
                "{} to {} are skipped by the clock, and it does not fire",
                At(first),
                last.time()
            ),
            Self::WallTimeMoves { date } => write!(
                f,
                "it counts days of 24 hours, so that the time on the wall moves on {date}; to keep it, use \
                 CalendarIntervalTrigger"
            ),
        }
    }
}
