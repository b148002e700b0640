//! The parsers of cron expressions of the Punctual job scheduler: the text of a field, a line of a crontab, or an
//! expression of Quartz, becomes a list of terms for each field.
//!
//! They are a crate of their own, with almost no dependencies, because `#[task]` checks schedules when a program is
//! compiled. `punctual-triggers` computes the fire times. Programs use the crate `punctual`.
//!
//! ```
//! let mut line = "0 5  * * mon-fri".to_owned();
//! let (fields, _) = punctual_cron_syntax::parse_crontab(&mut line)?;
//! assert_eq!((line.as_str(), fields.len()), ("0 5 * * mon-fri", 8));
//!
//! let error = punctual_cron_syntax::parse_crontab(&mut "0 25 * * *".to_owned()).unwrap_err();
//! assert_eq!(error.to_string(), r#"hour "25" (column 1): a value is missing or out of range; allowed: 0-23"#);
//! # Ok::<(), punctual_cron_syntax::SyntaxError>(())
//! ```

mod crontab;
mod error;
mod expression;
mod field;
mod hint;
mod quartz;
mod scan;

pub use crontab::{parse as parse_crontab, split_apscheduler};
pub use error::SyntaxError;
pub use expression::{Expression, Expressions, FieldTerm, FieldTerms};
pub use field::{Field, WEEKDAYS};
pub use quartz::parse as parse_quartz;
