//! The fields that several triggers have in common.

use std::time::Duration;

use punctual_core::Jitter;
use punctual_triggers::{Fold, Gap};

use crate::error::ConfigError;
use crate::section::Section;

/// The values of the fields, as far as they are set.
#[derive(Clone, Debug, Default)]
pub(super) struct CommonFields {
    pub(super) timezone: Option<String>,
    pub(super) start_date: Option<String>,
    pub(super) end_date: Option<String>,
    pub(super) jitter: Option<Jitter>,
    pub(super) max_runs: Option<u64>,
    pub(super) gap: Option<Gap>,
    pub(super) fold: Option<Fold>,
}

impl CommonFields {
    /// Reads the zone and the jitter, which every trigger has.
    pub(super) fn read(section: &mut Section) -> Result<Self, ConfigError> {
        let one_sided: Option<Duration> = section.take("jitter")?;
        let symmetric: Option<Duration> = section.take("symmetric_jitter")?;
        let jitter = match (one_sided, symmetric) {
            (Some(_), Some(_)) => {
                return Err(section.conflict("jitter", "symmetric_jitter"));
            }
            (one_sided, symmetric) => {
                one_sided.map(Jitter::OneSided).or(symmetric.map(Jitter::Symmetric))
            }
        };
        Ok(Self { timezone: section.take("timezone")?, jitter, ..Self::default() })
    }

    /// Reads the limits of a trigger that fires more than once.
    pub(super) fn with_limits(mut self, section: &mut Section) -> Result<Self, ConfigError> {
        self.start_date = section.take("start_date")?;
        self.end_date = section.take("end_date")?;
        self.max_runs = section.take("max_runs")?;
        Ok(self)
    }

    /// Reads the policies for changes of daylight saving time.
    pub(super) fn with_dst(mut self, section: &mut Section) -> Result<Self, ConfigError> {
        self.gap = section.take_word(
            "gap",
            &[("skip", Gap::Skip), ("shift", Gap::Shift), ("next_valid", Gap::NextValid)],
        )?;
        self.fold = section.take_word(
            "fold",
            &[("first", Fold::First), ("second", Fold::Second), ("both", Fold::Both)],
        )?;
        Ok(self)
    }
}

/// Sets fields on a builder, as far as they are set.
macro_rules! apply {
    ($builder:expr, $fields:expr => $($field:ident)*) => {{
        let mut builder = $builder;
        $(if let Some(value) = $fields.$field.clone() {
            builder = builder.$field(value);
        })*
        builder
    }};
}
pub(super) use apply;
